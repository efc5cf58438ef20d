# SPDX-License-Identifier: MIT
# ./dev test: every preset that people rely on, both clangs, one ctest run over all of them. A preset has the tests that
# can tell something new there (PFNSTORM_TESTS in CMakePresets.json); the wider tier has all tests in all presets but
# those of the fuzzing engines, whose instrumentation changes nothing of what a unit test sees under ASan, and the old
# clang's, which compiles the same sources. Of the build that counts lines (./dev coverage) it runs the core's tests.

TEST_PRESETS="asan release tsan msan fuzz afl asan-clang14"

dev_test() {
	local full= preset presets=$TEST_PRESETS started=$SECONDS
	local select=(-LE slow)
	[ "${CI:-}" != true ] || full=yes
	while [ $# -gt 0 ]; do
		case $1 in
		--full) full=yes ;;
		*) bad_usage "test: unexpected argument '$1'" ;;
		esac
		shift
	done
	if [ -n "$full" ]; then
		presets="$presets coverage"
		select=()
	fi
	dev_setup --quiet ${full:+--full}
	for preset in $presets; do
		CONFIGURE_OPTIONS=()
		case $full-$preset in
		*-fuzz | *-afl | *-asan-clang14 | -*) ;;
		*-coverage) CONFIGURE_OPTIONS=('-DPFNSTORM_TESTS=^(rt_|fiber_|thread_|core_)') ;;
		*) CONFIGURE_OPTIONS=(-DPFNSTORM_TESTS=.) ;;
		esac
		configure_and_build "$preset"
	done
	say "built $presets in $((SECONDS - started)) s; testing"
	for preset in $presets; do
		printf 'subdirs("%s")\n' "$preset"
	done >build/CTestTestfile.cmake
	export PFNSTORM_ENGINES_COMPARED_MIN=6
	# What random schedules find is the same everywhere; it is searched for in four presets, and replayed in all. What is
	# filed under one bug is counted in two.
	local searched='(msan|fuzz|afl)[.]fuzz_planted_test'
	local counted='(tsan|msan)[.]crashes_dedup_slow_test'
	# The tool has one thread, and so has a recording; replays of known bugs are what TSan may see something in.
	local tool='tsan[.](cli_.*|crashes_[^k].*|crashes_kill_test|oracle_.*|jobs_.*)'
	select+=(-E "^($searched|$counted|$tool)\$")
	ctest --test-dir build --output-on-failure --no-tests=error --timeout 1800 -j "$JOBS" "${select[@]}"
}
