#!/bin/bash
# SPDX-License-Identifier: MIT
# Nights that are killed, interrupted, started twice or damaged: nothing found is lost, and --resume goes on. A scenario that
# is a FIFO keeps a unit waiting for as long as a test wants, without a clock.
. "$PFNSTORM_SOURCE_DIR/jobs/testing.sh"

sed '/^expect/d;/^schedule/d' "$known/scenario.pfn" >oops.pfn
cp "$planted/planted_linked_early.pfn" held.pfn
cat >job.ini <<'JOB'
[night]
time = 10m
[explore oops]
input = oops.pfn
strategy = random
runs = 4000
[explore slow]
input = slow.pfn
runs = 50
strategy = random
[explore last]
input = held.pfn
strategy = random
runs = 500
JOB

# start [OPTION...]: a night in the background, until its second unit waits.
start() {
	rm -f slow.pfn
	mkfifo slow.pfn
	rm -f "$scratch"/D/waits
	"$pfnstorm" nightly job.ini --dir D "$@" >said 2>complained </dev/null &
	runner=$!
	until [ -s D/last ] && grep -qs '"attempt":'"${attempt:-1}" "$(night)/units/explore-slow.json"; do sleep 0.02; done
	until child=$(children "$runner") && [ -n "$child" ]; do sleep 0.02; done
}

# children PID: those that it started and that have begun to be somebody else.
children() {
	local task
	for task in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		[ -z "$(tr '\0' '\n' <"/proc/$task/cmdline" 2>/dev/null | grep -x explore)" ] || echo "$task"
	done
}

gone() {
	for _ in $(seq 300); do
		[ -d "/proc/$1" ] || return 0
		sleep 0.02
	done
	fail "process $1 is still there"
}

# release: what waited gets a scenario.
release() {
	rm -f slow.pfn
	cp held.pfn slow.pfn
}

# The runner is killed: its child goes too, and the rest is done by --resume.
start --seed 1
run 7 "$pfnstorm" nightly job.ini --dir D
has err "a night is under way here: process $runner on "
kill -KILL "$runner"
wait "$runner" 2>/dev/null
# --resume, too, waits until it is gone; here for what the test looks at.
gone "$child"
says units/explore-oops.json '"outcome":"found"'
says units/explore-slow.json '"outcome":"running"'
says night.json '"outcome":"running"'
first=$(night)
release
nightly 1 --resume
[ "$(night)" = "$first" ] || fail "another night went on"
says units/explore-slow.json '"attempt":2'
says units/explore-slow.json '"outcome":"held"'
says units/explore-last.json '"outcome":"held"'
says units/explore-oops.json '"attempt":1'
says night.json '"outcome":"found"'

# Killed between the store and the unit's last word: what is in the store already is news nevertheless.
sed -i 's/"outcome":"found"/"outcome":"running"/' "$first/units/explore-oops.json"
sed -i 's/"ended":.*/"ended":null,/' "$first/night.json"
nightly 1 --resume
says units/explore-oops.json '"attempt":2'
says units/explore-oops.json '"news":"new"'

# Damaged: who began last, the head of a night, a unit. And a clock that was wrong once has left a night of the far future.
mkdir D/nights/29991231T235959Z-1
: >"$first/night.json"
echo garbage >"$first/units/explore-last.json"
nightly 1 --resume
has err "night.json cannot be read: it is made anew from the units"
has err "units/explore-last.json cannot be read: set aside, the unit runs again"
says units/explore-last.json '"outcome":"held"'
says night.json '"outcome":"found"'
[ -s "$first/units/explore-last.json.bad" ] || fail "the damaged file is gone"
rm D/last
rmdir D/nights/29991231T235959Z-1
nightly 1 --resume
has err "has ended: nothing to go on with"
# Half of a new night is none.
mkdir -p D/nights/.new-20261128T010203Z-1-99/units

# A unit is killed, twice: it is broken, and the night goes on.
start --seed 2
[ ! -e D/nights/.new-20261128T010203Z-1-99 ] || fail "half a night was left"
for attempt in 1 2; do
	until child=$(children "$runner") && [ -n "$child" ]; do sleep 0.02; done
	kill -KILL "$child"
	gone "$child"
done
unset attempt
wait "$runner"
[ $? -eq 7 ] || fail "a unit was killed twice: expected status 7"
says units/explore-slow.json '"outcome":"broken"'
says units/explore-slow.json '"message":"ended by signal 9"'
says units/explore-slow.json '"attempt":2'
says units/explore-last.json '"outcome":"held"'

# A night was killed and nobody went on with it: the next one files what it had found, as news of its own.
"$pfnstorm" explore "$planted/planted_marks_early.pfn" --strategy random --runs 500 --crash-dir D/waiting >/dev/null 2>&1
mkdir -p D/nights/20200101T000000Z-1/units
mv D/waiting D/nights/20200101T000000Z-1/units/explore-x.found
mkdir -p D/nights/20200101T000000Z-1/units/fuzz-x.campaign/tokens
cp "$PFNSTORM_SOURCE_DIR/crashes/known/contig-undo-foreign/token" D/nights/20200101T000000Z-1/units/fuzz-x.campaign/tokens/a.token
nightly 1 --seed 4 --only explore-last
has out "found       leftovers"
has out "2 new"
says units/leftovers.json '"news":"new"'
[ -z "$(ls D/nights/20200101T000000Z-1/units/fuzz-x.campaign/tokens)" ] || fail "a token is still waiting"
[ ! -e D/nights/20200101T000000Z-1/units/explore-x.found ] || fail "what was left is still there"
nightly 1 --resume
nightly 0 --seed 4 --only explore-last
if grep -q leftovers out; then
	fail "leftovers of nobody"
fi

# An interrupt ends the unit and the night; what has ended has.
start --seed 3
kill -TERM "$runner"
wait "$runner"
[ $? -eq 7 ] || fail "interrupted: expected status 7"
gone "$child"
says units/explore-slow.json '"outcome":"interrupted"'
says night.json '"outcome":"interrupted"'
[ ! -e "$(night)/units/explore-last.json" ] || fail "it went on after an interrupt"
release
nightly 0 --resume
says night.json '"outcome":"green"'
says units/explore-oops.json '"attempt":1'
exit $failed
