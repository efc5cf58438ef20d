# SPDX-License-Identifier: MIT
# ./dev coverage: what the tests and the seeds of the fuzz targets execute, line by line. A file of core below the limit
# has a reason in dev.d/coverage.reasons; a reason that is no longer needed fails too.

COVERAGE=build/coverage
COVERAGE_LIMIT=90
# Tests and what only they use.
COVERAGE_IGNORED='_test\.(c|def)$|/(testing|bench_[^/]*)\.c$|/(rt_test|test_[a-z_]*|testing)\.h$'

# Every target over the seeds that the tree has for it; the readers also over scenarios of others.
coverage_seeds() {
	local target folders
	for target in $(fuzz_targets); do
		folders=("corpus/$target")
		[ "$target" != scenario ] || folders=(corpus/bench corpus/planted corpus/race corpus/sequence)
		[ -d "${folders[0]}" ] || continue
		LLVM_PROFILE_FILE=$COVERAGE/profiles/%p-%m.profraw "$COVERAGE/bin/fuzz_$target" -runs=0 "${folders[@]}" \
			>"$COVERAGE/fuzz_$target.log" 2>&1 || { say "fuzz_$target failed: $COVERAGE/fuzz_$target.log"; return 1; }
	done
}

# coverage_files VERSION OBJECTS...: "FILE COVERED LINES" of each file of core, as llvm-cov counts.
coverage_files() {
	local version=$1
	shift
	"llvm-cov-$version" export "$@" -instr-profile "$COVERAGE/coverage.profdata" -format=lcov -summary-only \
		-ignore-filename-regex "$COVERAGE_IGNORED" |
		awk -v root="$PWD/" '/^SF:/ { file = substr($0, 4); sub("^" root, "", file) }
			/^LF:/ { lines = substr($0, 4) }
			/^LH:/ { covered = substr($0, 4) }
			/^end_of_record/ && file ~ /^core\// && lines { print file, covered, lines }'
}

# coverage_judge REASONS FILES: prints what is below the limit with its reason; 1 if something lacks one, or needs none.
coverage_judge() {
	awk -F '\t' -v limit="$COVERAGE_LIMIT" '
		table == "reasons" && (/^#/ || NF == 0) { next }
		table == "reasons" {
			if (NF != 2 || $1 in reason) {
				printf "%s: expected a file of its own, a tab, and why\n", $1
				failed = 1
			}
			reason[$1] = $2
			next
		}
		{
			split($0, field, " ")
			file = field[1]
			percent = 100 * field[2] / field[3]
			covered += field[2]
			lines += field[3]
			files++
			seen[file] = 1
			if (percent < limit) {
				below++
				printf "%-36s %5.1f %%  %4d lines not  %s\n", file, percent, field[3] - field[2],
					file in reason ? reason[file] : "NO REASON"
				failed = failed || !(file in reason)
			} else if (file in reason) {
				printf "%-36s %5.1f %%  needs no reason any more\n", file, percent
				failed = 1
			}
		}
		END {
			for (file in reason)
				if (!(file in seen)) {
					printf "%s: has a reason and is not in core\n", file
					failed = 1
				}
			if (!files)
				failed = 1
			printf "core: %.1f %% of %d lines in %d files; %d files below %d %%\n",
				lines ? 100 * covered / lines : 0, lines, files, below, limit
			exit failed
		}' table=reasons "$1" table=files "$2"
}

dev_coverage() {
	local compiler version objects=() file status=0
	[ $# -eq 0 ] || bad_usage "coverage: unexpected argument '$1'"
	dev_setup --quiet
	# The preset has no fuzz targets: in ./dev test they would be one more engine to run tests of.
	CONFIGURE_OPTIONS=(-DPFNSTORM_LIBFUZZER=ON)
	configure_and_build coverage
	rm -rf "$COVERAGE/profiles"
	ctest --test-dir "$COVERAGE" --output-on-failure -j "$JOBS" -LE "slow|style" || status=$?
	[ $status -eq 0 ] || say "some tests failed, see above"
	coverage_seeds || status=1
	compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$COVERAGE/CMakeCache.txt")
	version=$("$compiler" -dumpversion)
	version=${version%%.*}
	# A process that a test killed may have left half a profile.
	"llvm-profdata-$version" merge -sparse -failure-mode=warn "$COVERAGE"/profiles/*.profraw -o "$COVERAGE/coverage.profdata"
	for file in "$COVERAGE"/bin/* "$COVERAGE"/tests/*; do
		[ ! -f "$file" ] || [ -L "$file" ] || [ ! -x "$file" ] || objects+=(-object "$file")
	done
	"llvm-cov-$version" report "${objects[@]}" -instr-profile "$COVERAGE/coverage.profdata" \
		-ignore-filename-regex "$COVERAGE_IGNORED" >"$COVERAGE/report.txt"
	"llvm-cov-$version" show "${objects[@]}" -instr-profile "$COVERAGE/coverage.profdata" -format html \
		-output-dir "$COVERAGE/html" -ignore-filename-regex "$COVERAGE_IGNORED"
	coverage_files "$version" "${objects[@]}" >"$COVERAGE/files.txt"
	coverage_judge dev.d/coverage.reasons "$COVERAGE/files.txt" || status=1
	say "every file: $COVERAGE/report.txt; line by line: $COVERAGE/html/index.html"
	return $status
}
