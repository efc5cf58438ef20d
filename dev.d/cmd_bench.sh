# SPDX-License-Identifier: MIT
# ./dev bench: the numbers that count, each beside its limit or peer, measured in this run.
#
# A benchmark program prints a row a line: what, value, unit, <= or >=, limit, and optionally the peer the limit comes
# from, separated by tabs. Rates of the fuzz targets are measured here, from outside, over corpus/bench/.

BENCH_SECONDS=10
BENCH_RUNS=2000

bench_format() {
	awk -F '\t' 'function number(x) { return x >= 100 ? sprintf("%.0f", x) : sprintf("%.3g", x) }
	NF >= 5 && $5 > 0 {
		kept = $4 == "<=" ? $2 <= $5 : $2 >= $5
		missed += !kept
		printf "%-52s %10s %-16s %s %-8s %6.2f x  %-6s%s\n", $1, number($2), $3, $4, number($5), $2 / $5,
			kept ? "kept" : "MISSED", $6 == "" ? "" : "  (" $6 ")"
		fflush()
		next
	}
	{ printf "not a row: %s\n", $0 > "/dev/stderr"; bad = 1 }
	END { printf "%d rows, %d missed\n", NR, missed; exit bad }'
}

# Executions per second of a libFuzzer program that mutates the corpus of the bench for a fixed time.
libfuzzer_rate() {
	local work
	work=$(mktemp -d)
	"$1" -seed=1 -max_total_time=$BENCH_SECONDS -print_final_stats=1 -verbosity=0 -artifact_prefix="$work/" "$work" \
		"$BENCH_CORPUS" >"$work.log" 2>&1 || tail -n 20 "$work.log" >&2
	awk '/stat::average_exec_per_sec/ { print $2; found = 1 } END { exit !found }' "$work.log"
	rm -rf "$work" "$work.log"
}

afl_rate() {
	local work
	work=$(mktemp -d)
	AFL_CUSTOM_MUTATOR_LIBRARY=$PWD/build/afl/lib/afl_mutator.so AFL_CUSTOM_MUTATOR_ONLY=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 \
		AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_BENCH_UNTIL_CRASH=1 \
		afl-fuzz -s 1 -V $BENCH_SECONDS -i "$BENCH_CORPUS" -o "$work" -- "$1" >"$work.log" 2>&1 || tail -n 20 "$work.log" >&2
	awk '/^execs_per_sec/ { print $3; found = 1 } END { exit !found }' "$work/default/fuzzer_stats"
	rm -rf "$work" "$work.log"
}

# The target alone: each scenario of the bench again and again, without mutations, new inputs and the engine's bookkeeping.
target_rate() {
	"$1" -runs=$BENCH_RUNS -verbosity=0 "$BENCH_CORPUS"/*.pfn 2>&1 |
		awk -v runs=$BENCH_RUNS '/^Executed .* ms$/ { ms += $(NF - 1); n++ } END { if (!ms) exit 1; print 1000 * n * runs / ms }'
}

bench_rows() {
	local program preset limit empty
	for program in build/release/bin/*_bench_*; do
		say "running $program"
		"$program" || say "$program ended with status $?: its rows are incomplete"
	done
	build/fuzz/bin/fuzz_bench_schedules 10000 "ASan and UBSan"
	for preset in release fuzz; do
		limit=50000
		[ $preset = release ] || limit=20000
		say "fuzzing $BENCH_SECONDS s each, preset $preset: an empty target, fuzz_race"
		empty=$(libfuzzer_rate build/$preset/bin/fuzz_empty)
		printf 'fuzz_race alone, preset %s\t%s\texec/s a core\t>=\t%s\tno engine, one machine an input\n' $preset \
			"$(target_rate build/$preset/bin/fuzz_race)" $limit
		printf 'fuzz_race, preset %s\t%s\texec/s a core\t>=\t%s\tan empty target: %s\n' $preset \
			"$(libfuzzer_rate build/$preset/bin/fuzz_race)" $limit "$empty"
	done
	# How the other strategies fare takes longer: ./dev bench races.
	race_options --strategies portfolio
	bench_races
	say "fuzzing $BENCH_SECONDS s: afl_race"
	printf 'afl_race, persistent\t%s\texec/s a core\t>=\t15000\n' "$(afl_rate build/afl/bin/afl_race)"
}

dev_bench() {
	if [ "${1:-}" = feedback ]; then
		shift
		bench_feedback "$@"
		return
	fi
	if [ "${1:-}" = scaling ]; then
		shift
		bench_scaling "$@"
		return
	fi
	if [ "${1:-}" = races ]; then
		shift
		race_options "$@"
		dev_setup --quiet
		configure_and_build release bin/pfnstorm
		bench_races | bench_format
		return
	fi
	[ $# -eq 0 ] || bad_usage "bench: unexpected argument '$1'"
	dev_setup --quiet
	BENCH_CORPUS=$(mktemp -d)
	configure_and_build release
	configure_and_build fuzz fuzz_race fuzz_empty bin/fuzz_bench_schedules
	configure_and_build afl afl_race afl_mutator.so
	# Engines read one scenario a file, without folders in between.
	find corpus/bench -maxdepth 1 -type f -name '*.pfn' -exec cp {} "$BENCH_CORPUS" \;
	[ -n "$(ls "$BENCH_CORPUS")" ] || die "corpus/bench holds no scenario (*.pfn)"
	bench_rows | bench_format
	rm -rf "$BENCH_CORPUS"
}
