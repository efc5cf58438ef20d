# SPDX-License-Identifier: MIT
# ./dev test: two tiers. The quick one is for people: ASan runs all tests, and of the other presets those in which
# something new can be seen. The wide one, of CI=true or --full, has all presets, both clangs, the slow tests, and all
# tests in all presets but those of the fuzzing engines, whose instrumentation changes nothing of what a unit test sees
# under ASan, and the old clang's, which compiles the same sources. Of the build that counts lines (./dev coverage) it
# runs the core's tests. What runs where by default: PFNSTORM_TESTS in CMakePresets.json.

QUICK_PRESETS="asan release tsan fuzz"
WIDE_PRESETS="asan release tsan msan fuzz afl asan-clang14 coverage"

# Where a tier differs from the preset's own choice of tests. Release: processes, threads and what is found or known;
# TSan: threads, and fibers where they are told to it.
tests_of() {
	case $1 in
	quick-release) echo '^(cli_|house_|jobs_|stress_|crashes_|fuzz_|thread_|rt_thread_|core_check_)' ;;
	quick-tsan) echo '^(thread_|rt_thread_|stress_|core_check_|fiber_tsan|fuzz_corpus)' ;;
	wide-coverage) echo '^(rt_|fiber_|thread_|core_)' ;;
	wide-fuzz | wide-afl | wide-asan-clang14 | quick-*) ;;
	*) echo . ;;
	esac
}

dev_test() {
	local tier=quick preset presets=$QUICK_PRESETS tests started=$SECONDS
	local select=(-LE slow)
	[ "${CI:-}" != true ] || tier=wide
	while [ $# -gt 0 ]; do
		case $1 in
		--full) tier=wide ;;
		*) bad_usage "test: unexpected argument '$1'" ;;
		esac
		shift
	done
	if [ $tier = wide ]; then
		presets=$WIDE_PRESETS
		select=()
		dev_setup --quiet --full
	else
		dev_setup --quiet
	fi
	for preset in $presets; do
		tests=$(tests_of $tier-"$preset")
		CONFIGURE_OPTIONS=(${tests:+"-DPFNSTORM_TESTS=$tests"})
		configure_and_build "$preset"
	done
	say "built $presets in $((SECONDS - started)) s; testing"
	for preset in $presets; do
		printf 'subdirs("%s")\n' "$preset"
	done >build/CTestTestfile.cmake
	export PFNSTORM_ENGINES_COMPARED_MIN=2
	[ $tier = quick ] || PFNSTORM_ENGINES_COMPARED_MIN=6
	# What random schedules find is the same everywhere; it is searched for in four presets, and replayed in all. What is
	# filed under one bug is counted in two.
	local searched='(msan|fuzz|afl)[.]fuzz_planted_test'
	local counted='(tsan|msan)[.]crashes_dedup_slow_test'
	# The tool has one thread, and so has a recording; replays of known bugs are what TSan may see something in.
	local tool='tsan[.](cli_.*|crashes_[^k].*|crashes_kill_test|oracle_.*|jobs_.*)'
	select+=(-E "^($searched|$counted|$tool)\$")
	ctest --test-dir build --output-on-failure --no-tests=error --timeout 1800 -j "$JOBS" "${select[@]}"
}
