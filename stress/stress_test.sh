#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm-stress as a user meets it: finds the compaction oops, is silent under the correct design, refuses bad input.
set -euo pipefail
stress=$PFNSTORM_BIN_DIR/pfnstorm-stress
scenario=$PFNSTORM_SOURCE_DIR/corpus/race/compaction-remove.pfn
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mix=compact:4,walk:2,offline-remove:2,alloc-free:4,isolate:1,migrate:1,verify:1,pin-unpin:1

fail() {
	echo "FAILED: $*"
	cat "$work/out" "$work/err"
	exit 1
}

# run STATUS ARGUMENTS...
run() {
	local wanted=$1 status=0
	shift
	"$stress" "$@" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" -eq "$wanted" ] || fail "pfnstorm-stress $* ended with $status, expected $wanted"
}

says() {
	grep -q -- "$1" "$work/$2" || fail "no '$1' in standard $2"
}

# What Linux does: the expected oops and a complete folder. TSan mostly sees the race before anything breaks.
if [ "${PFNSTORM_PRESET:-}" = tsan ]; then
	sed '/^expect/d' "$scenario" >"$work/any.pfn"
	run 1 --time 60s --crash-dir "$work/crashes" "$work/any.pfn"
	says '^race\|^oops' out
else
	run 0 --time 60s --crash-dir "$work/crashes" "$scenario"
	says 'use-after-free memmap' out
fi
folder=$(sed -n 's/^folder //p' "$work/out" | tail -n 1)
for part in scenario.pfn token verdict.txt diagram.txt trace.txt log.txt README; do
	[ -f "$folder/$part" ] || fail "$folder/$part is missing"
done
grep -q 'inputs only' "$folder/verdict.txt" || fail "the folder promises an exact replay"
grep -q 'walker' "$folder/trace.txt" || fail "the walker is not in the timeline"

# The correct design: the same load finds nothing.
run 1 --set pfn_walk=rcu --time 4s --round 2s --crash-dir "$work/none" "$scenario"
says 'did not occur' out
run 0 --time 4s --round 2s --threads 6 --crash-dir "$work/none" --mix "$mix,sysfs:1,contig:1"
says 'nothing found' out
says 'p99.9 us' out
says 'files read' out
[ ! -e "$work/none" ] || fail "a crash folder without a crash"

# An offline that no signal of the scenario ends is ended with the round, and is no livelock.
cat >"$work/pinned.pfn" <<'SCENARIO'
pfnstorm 1
name     a pinned page keeps its block online
machine  geometry=tiny cpus=2 blocks=8 online=0-5
boot     alloc movable order=0 count=64 as held
boot     pin held
task a on cpu0
         offline block=0
         offline block=1
         offline block=2
         offline block=3
         offline block=4
         offline block=5
task b on cpu1
         walk block=0 blocks=6
SCENARIO
run 0 --time 3s --round 1s --crash-dir "$work/none" "$work/pinned.pfn"
says 'EINTR' out

# Machine-readable.
run 0 --json --quiet --time 1s --faults 500 --crash-dir "$work/none" --mix alloc-free:1
says '"found":' out
says '"successes":' out
says '"p99_us":' out
says ENOMEM out
[ ! -s "$work/err" ] || fail "--quiet says something"

# Bad input: place, expectation, status 2, nothing written.
run 2 --mix compact:4,wolk:1
says 'character 11' err
run 2 --mix tiers --machine 'cpus=2 blocks=8 online=0-5'
says 'tiers needs cpus=1 nodes=2' err
run 2 --mix churn --memory 3TiB
says 'expected from 2 to 8192 blocks' err
run 0 --list-mixes
says '^hotplug' out
run 2 --time soon "$scenario"
says 'expected a time' err
run 2
run 2 "$work/missing.pfn"
printf 'pfnstorm 1\nmachine geometry=round\n' >"$work/bad.pfn"
run 2 "$work/bad.pfn"
says 'bad.pfn:2:' err
run 2 --set pfn_walk=crutches "$scenario"
run 2 --geometry vast "$scenario"
says 'x86-64' err

# An interruption ends the child as well, and still tells what was done.
"$stress" --time 60s --crash-dir "$work/none" --mix alloc-free:1 >"$work/out" 2>"$work/err" &
pid=$!
sleep 1
kill -INT $pid
wait $pid || fail "interrupted: status $?"
says 'before the interruption' out

echo "stress finds, is silent, refuses and stops as documented"
