#!/bin/bash
# SPDX-License-Identifier: MIT
# Calm in which progress is demanded, recorders that survive their processes, and readers that outlive what they found.
set -euo pipefail
# Nothing here differs between presets: the recorder's and the ages' own tests run in all of them.
[ "${PFNSTORM_PRESET:-release}" = release ] || exit 77
stress=$PFNSTORM_BIN_DIR/pfnstorm-stress
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "FAILED: $*"
	cat "$work/out" "$work/err"
	exit 1
}

# run STATUS ARGUMENTS...
run() {
	local wanted=$1 status=0
	shift
	"$stress" --quiet --crash-dir "$work/crashes" "$@" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" -eq "$wanted" ] || fail "pfnstorm-stress $* ended with $status, expected $wanted"
}

says() {
	grep -q -- "$1" "$work/$2" || fail "no '$1' in standard $2"
}

# A page that a CPU took with it keeps its block online for ever; without that, every block goes offline.
cat >"$work/held.pfn" <<'SCENARIO'
pfnstorm 1
machine  geometry=tiny cpus=2 blocks=6 online=0-3 movable=4-5
task a on cpu1
         alloc movable order=0 count=1 as kept
         cpu_down cpu=1 by kernel
SCENARIO
run 1 --time 1s --round 300ms --calm before --set planted_dead_cpu_batch=on "$work/held.pfn"
says '^invariant: progress' out
says 'block 4 with 1 movable pages in use does not go offline' out
run 0 --time 600ms --round 300ms --calm before "$work/held.pfn"
says 'in calm: 12 blocks went offline and online, in 1 attempts' out
run 2 --calm maybe "$work/held.pfn"
says 'expected after, before or never' err

# A reader that is late finds what it held freed, whether it looks at it again or not.
run 0 --time 30s --round 2s --priorities 20ms "$PFNSTORM_SOURCE_DIR/corpus/planted/usage_free_no_rcu.pfn"
says 'oops use-after-free section usage' out
says 'RCU readers held: ' out

# kill -9 of the load: a crash with a timeline. Of both processes: the file has it.
victim() {
	"$stress" --quiet --time 30s --crash-dir "$work/killed" --flight "$work/flight" --mix churn,hotplug \
		>"$work/out" 2>"$work/err" &
	pid=$!
	for _ in $(seq 100); do
		child=$(pgrep -P $pid) && [ "$(stat -c %b "$work/flight" 2>/dev/null || echo 0)" -gt 200 ] && return 0
		sleep 0.05
	done
	fail "no load within 5 s"
}
for signal in KILL SEGV; do
	victim
	kill -$signal "$child"
	status=0
	wait $pid || status=$?
	[ $status -eq 4 ] || fail "load killed by $signal: status $status"
	says "crash: crash signal $signal" out
	folder=$(sed -n 's/^folder //p' "$work/out")
	grep -q '  t[0-3] .*op.begin' "$folder/trace.txt" || fail "no timeline of a load killed by $signal"
done
victim
kill -KILL $pid
wait $pid 2>/dev/null || true
run 0 --read-flight "$work/flight"
says '  t[0-3] .*op.begin' out
says 'the process left no verdict' out
run 2 --read-flight "$0"
says 'expected the flight recorder of this version' err

echo "progress is demanded, recorders survive, readers are asked what they held"
