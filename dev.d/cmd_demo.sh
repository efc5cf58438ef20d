# SPDX-License-Identifier: MIT
# ./dev demo: the main job, end to end, on the scenario of the mail of November 2022 (compaction against hot removal).

DEMO=build/demo
# What else a fuzzer may find under pfn_walk=unsynchronised is not what this is about.
DEMO_TOLERATE="race,invariant,leak,lock-order,deadlock,livelock,context,bug,mismatch,warning"
DEMO_TOLERATE+=",oops uninitialised,oops null-pointer,oops wild-pointer,oops walk.,oops isolation."
DEMO_SCENARIO=corpus/race/compaction-remove.pfn
DEMO_FUZZ_SECONDS=60
DEMO_STRESS_TIME=60s
DEMO_EXPLORE_TIME=60s

# step N TEXT COMMAND...: says what is going to be done, and the command, so that a reader can do it again.
demo_step() {
	printf '\n== %s/6  %s\n' "$1" "$2" >&2
	shift 2
	printf '$ %s\n' "$*" >&2
}

# expect_status WANTED COMMAND...: the exit status is part of what the tools say.
expect_status() {
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	[ "$status" -eq "$wanted" ] || die "$1 $2 ended with status $status, expected $wanted"
}

# Keeps libFuzzer's signs of life (one line each time the count of runs doubles) and what the target says itself.
show_fuzzing() {
	awk '/^#[0-9]+.*(pulse|INITED|RELOAD)/ { sub(/corp:/, "inputs:"); print "   " $0; fflush(); next }
		/^(race|verdict|signature|detail|token|kept):?/ { print; fflush() }' >&2
}

demo_find() {
	local token
	mkdir -p "$DEMO/corpus" "$DEMO/found"
	demo_step 1 "fuzz: operations and interleavings together, what Linux does (pfn_walk=unsynchronised)" \
		PFNSTORM_SET=pfn_walk=unsynchronised "$bin/fuzz_race" "$DEMO/corpus" corpus/race
	# libFuzzer ends with a status of its own at a finding; the token kept by the target is what counts.
	PFNSTORM_SET=pfn_walk=unsynchronised PFNSTORM_CRASH_DIR=$DEMO/found PFNSTORM_TOLERATE=$DEMO_TOLERATE \
		"$bin/fuzz_race" -max_total_time=$DEMO_FUZZ_SECONDS -artifact_prefix="$DEMO/found/" \
		"$DEMO/corpus" corpus/race 2>&1 | show_fuzzing || true
	for token in "$DEMO"/found/oops-*.token; do
		[ -f "$token" ] || die "the fuzzer found no oops in $DEMO_FUZZ_SECONDS s"
		echo "$token"
		return
	done
}

dev_demo() {
	local bin=build/release/bin token folder started=$SECONDS
	[ $# -eq 0 ] || bad_usage "demo: unexpected argument '$1'"
	dev_setup --quiet
	configure_and_build release
	rm -rf "$DEMO"
	mkdir -p "$DEMO"
	started=$SECONDS

	token=$(demo_find)

	demo_step 2 "minimise it: fewer operations, fewer preemptions, the same signature" \
		"$bin/pfnstorm" minimize --crash-dir "$DEMO/crashes" "$token"
	"$bin/pfnstorm" minimize --crash-dir "$DEMO/crashes" "$token"
	folder=$(find "$DEMO/crashes" -mindepth 1 -maxdepth 1 -name '*-*' | head -n 1)
	[ -n "$folder" ] || die "minimize left no folder in $DEMO/crashes"

	demo_step 3 "replay it 1,000 times" "$bin/pfnstorm" replay --times 1000 "$folder"
	expect_status 1 "$bin/pfnstorm" replay --times 1000 "$folder"

	demo_step 4 "explain it" "$bin/pfnstorm" explain "$folder"
	expect_status 0 "$bin/pfnstorm" explain "$folder"

	# The scenario says which oops it expects: status 0 means that it came.
	demo_step 5 "the mail's scenario on real threads, until they hit the same oops" \
		"$bin/pfnstorm" stress --time $DEMO_STRESS_TIME --crash-dir "$DEMO/crashes" $DEMO_SCENARIO
	expect_status 0 "$bin/pfnstorm" stress --time $DEMO_STRESS_TIME --crash-dir "$DEMO/crashes" $DEMO_SCENARIO

	# The default design is the correct one, and nothing is expected of it.
	sed '/^design/d; /^expect/d' $DEMO_SCENARIO >"$DEMO/correct.pfn"
	demo_step 6 "the same scenario under the correct design: every schedule of at most two preemptions" \
		"$bin/pfnstorm" explore --bound 2 --time $DEMO_EXPLORE_TIME "$DEMO/correct.pfn"
	expect_status 0 "$bin/pfnstorm" explore --bound 2 --time $DEMO_EXPLORE_TIME "$DEMO/correct.pfn"

	printf '\n== done in %s s after the build. The crash, with diagram, trace and token:\n' $((SECONDS - started)) >&2
	echo "$PWD/$folder"
}
