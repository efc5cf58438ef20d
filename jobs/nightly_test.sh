#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm nightly: plan, outcomes, exit status, hooks, and what a second night knows of the first.
. "$PFNSTORM_SOURCE_DIR/jobs/testing.sh"

# Bad job files: file, line, what was expected; status 2, and nothing is written.
bad() {
	printf '%b' "$1" >job.ini
	nightly 2
	has err "job.ini:$2"
	nothing_written job.ini
}
bad '[night]\nname = a b\n' "2:1: [night] name: expected a word of letters, digits, '-' and '_', found 'a b'"
bad '[nihgt]\n' "1:2: expected a section like [night] or [explore NAME], found [nihgt], did you mean 'night'?"
bad '[night]\ntime = 5\ntmie = 6\n' "3:1: [night] has no 'tmie', did you mean 'time'?"
bad 'time = 5\n' "1:1: expected a section like [night] before 'time'"
bad '[explore x]\nruns = 5\n' "1:1: [explore x]: expected input"
bad '[night]\ntime = 5\ntime = 6\n' "3:1: expected 'time' once in a section"
bad '[verify]\n\n[verify]\n' "3:1: expected each section once, found [verify] in line 1 too"
bad '[night]\nthis is no key\n' "2:1: expected [SECTION] or KEY = VALUE"
bad '[explore x]\ninput = missing.pfn\n' "1: [explore x]: input: missing.pfn: No such file or directory"
bad '[hunt x]\nswitches = no_such_bug\n' "1: [hunt x]: switches: expected a bug, or DESIGN.ALTERNATIVE"
bad '[canary]\ndetectors = gremlin\n' "1: [canary]: "
bad '[night]\n' " expected something to do"
run 2 "$pfnstorm" nightly job.ini --dir D --shard 2/2
has err "--shard: expected K/N with K from 0 to N-1"

# A night of each kind that needs no engine. The scenario is one of a known bug: new the first time, known the second.
sed '/^expect/d;/^schedule/d' "$known/scenario.pfn" >oops.pfn
cat >job.ini <<'JOB'
[night]
name = small
time = 5m
hook.found = echo "$PFNSTORM_NIGHT_OUTCOME $PFNSTORM_NIGHT_EXIT $PFNSTORM_NIGHT_JOB" >hook.found; exit 3
hook.green = echo "$PFNSTORM_NIGHT_SUMMARY" >hook.green
hook.always = test -f "$PFNSTORM_NIGHT_FOLDER/night.json" && test -f "$PFNSTORM_NIGHT_REPORT" && echo "$PFNSTORM_NIGHT" >>hook.always
[canary]
detectors = race invariant-node_links
[verify]
[explore oops]
input = oops.pfn
strategy = random
runs = 4000
[hunt one]
switches = planted_linked_early
runs = 2000
JOB
nightly 0 --dry-run --seed 7
has out "small, 5:00, seed 0x7, 5 of 5 units"
has out "canary-invariant-node_links"
[ ! -e D ] || fail "a plan wrote something"
nightly 1 --seed 7
has out "found       explore-oops"
has out "held        canary-race"
has out "held        hunt-one-planted_linked_early"
has out "oops use-after-free memmap"
has err "hook.found ended with 3"
[ "$(cat hook.found)" = "found 1 small" ] || fail "hook.found was told '$(cat hook.found)'"
[ "$(cat hook.always)" = "$(cat D/last)" ] || fail "hook.always was not told the night"
[ ! -e hook.green ] || fail "hook.green of a night that found something"
says night.json '"outcome":"found"'
says night.json '"exit":1'
says night.json '"seed":"0x7"'
says units/explore-oops.json '"news":"new"'
says report.html "canary-race"
says report.txt "found"
says junit.xml "explore-oops"
says units/canary-race.json '"found_after":'
says units/hunt-one-planted_linked_early.json '"found_after":'
says units/verify.json '"outcome":"held"'
cmp -s job.ini "$(night)/job.ini" || fail "the job file was not kept"
[ -n "$(ls "$(night)"/units/*.found 2>/dev/null)" ] && fail "crashes were left beside the store"
nightly 1 --resume
has err "has ended: nothing to go on with"

nightly 0 --seed 7
has out "1 known"
says units/explore-oops.json '"news":"known"'
says units/verify.json '"executions":'
grep -q "^green: 5 units: 5 held" hook.green || fail "hook.green was told '$(cat hook.green)'"
nightly 0 --only canary-race --json
python3 -c 'import json, sys; n = json.load(open("out")); sys.exit(len(n["units"]) != 1 or n["exit"] != 0)' ||
	fail "--json is not what it should be"
nightly 2 --only nothing
has err "expected a unit called 'nothing'"

# Fixed, then back: status 6.
record=$(basename D/crashes/records/*.txt .txt)
run 0 "$pfnstorm" crashes mark --store D/crashes "$record" fixed
nightly 6 --only verify
says units/verify.json '"news":"regressed"'
run 0 "$pfnstorm" crashes mark --store D/crashes "$record" fixed
nightly 6 --only explore
says units/explore-oops.json '"news":"regressed"'
exit $failed
