# SPDX-License-Identifier: MIT
# ./dev coverage: what the tests execute, line by line.

dev_coverage() {
	local dir=build/coverage compiler version objects=() file status=0
	[ $# -eq 0 ] || bad_usage "coverage: unexpected argument '$1'"
	dev_setup --quiet
	configure_and_build coverage
	rm -rf "$dir/profiles"
	ctest --test-dir "$dir" --output-on-failure -j "$JOBS" -LE "slow|style" ||
		status=$?
	compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$dir/CMakeCache.txt")
	version=$("$compiler" -dumpversion)
	version=${version%%.*}
	"llvm-profdata-$version" merge -sparse "$dir"/profiles/*.profraw -o "$dir/coverage.profdata"
	for file in "$dir"/bin/* "$dir"/tests/*; do
		[ ! -f "$file" ] || [ ! -x "$file" ] || objects+=(-object "$file")
	done
	"llvm-cov-$version" report "${objects[@]}" -instr-profile "$dir/coverage.profdata" -ignore-filename-regex '_test\.c$'
	"llvm-cov-$version" show "${objects[@]}" -instr-profile "$dir/coverage.profdata" -format html -output-dir "$dir/html" \
		-ignore-filename-regex '_test\.c$'
	say "line by line: $dir/html/index.html"
	[ $status -eq 0 ] || say "some tests failed, see above"
	return $status
}
