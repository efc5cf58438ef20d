#!/bin/bash
# SPDX-License-Identifier: MIT
# What the commands print, the files they write, and their exit status.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
token=$(cat "$known/token")

# run: with `expect` it is 0 when that occurred, 1 when it did not; without, 1 for a verdict.
run 0 "$pfnstorm" run "$known"
has out "token $token"
has out "oops: oops use-after-free memmap"
has out "walker: compact zone=Normal: under way"
run 0 "$pfnstorm" run "$token"
run 0 "$pfnstorm" run "$known/scenario.pfn"
run 1 "$pfnstorm" run "$known" --set pfn_walk=rcu
has err "expected oops"
# A switch that is set leaves the others as the scenario and earlier ones have them.
run 0 "$pfnstorm" run "$known" --set lru_disable_leak=on --set pcp_disable_without_force=on
sed '/^expect/d' "$known/scenario.pfn" >plain.pfn
run 1 "$pfnstorm" run plain.pfn
sed '/^schedule/d' plain.pfn >held.pfn
run 0 "$pfnstorm" run held.pfn
has out "ok"
"$pfnstorm" run - <held.pfn >/dev/null || { echo "run - failed"; failed=1; }

# replay: 1 reproduced, 0 not, 3 drift.
run 1 "$pfnstorm" replay "$known" --times 25
has out "25 of 25 identical"
run 0 "$pfnstorm" replay held.pfn
has out "2 of 2 identical"
sed 's/#1$/#100000/' plain.pfn >drift.pfn
for command in run replay minimize explain; do
	run 3 "$pfnstorm" "$command" drift.pfn
	has err "drift"
done

# replay --rebase: 0 found again or nothing to do, 1 not, 2 if nobody says what; writes what it found, and nothing else.
cp "$known/scenario.pfn" moved.pfn
run 0 "$pfnstorm" replay --rebase moved.pfn
has out "fits as it is"
cmp -s moved.pfn "$known/scenario.pfn" || { echo "a schedule that fits was rewritten"; failed=1; }
sed '/^schedule/s/#1$/#100/' -i moved.pfn
cp moved.pfn before.pfn
run 1 "$pfnstorm" replay --rebase moved.pfn --runs 1
has out "not found again near the schedule in 1 runs"
cmp -s moved.pfn before.pfn || { echo "not found, but written"; failed=1; }
run 0 "$pfnstorm" replay --rebase moved.pfn
has out "preemption 1: compaction.freepage_checked #100 -> #"
run 1 "$pfnstorm" replay moved.pfn
diff before.pfn moved.pfn | grep '^[<>]' | grep -v '^. schedule' && { echo "more than the schedule was rewritten"; failed=1; }
run 1 "$pfnstorm" replay "$(sed -n 's/^token //p' "$scratch/out")"
run 2 "$pfnstorm" replay --rebase drift.pfn
has err "no 'expect'"
run 2 "$pfnstorm" replay --rebase moved.pfn --set pfn_walk=rcu
run 2 "$pfnstorm" replay --rebase "$scratch/no-such-file"

# explore: with `expect` 0 when found; otherwise 1 for a failure, 0 for none. Crash folders.
run 0 "$pfnstorm" explore "$known" --strategy pct --runs 20000 --crash-dir found
has out "oops: oops use-after-free memmap"
folder=$(sed -n 's/^  \(found\/oops-use-after-free-memmap.*\)/\1/p' "$scratch/out" | head -1)
for part in scenario.pfn token verdict.txt diagram.txt trace.txt log.txt README; do
	[ -f "$folder/$part" ] || { echo "no $part in '$folder'"; failed=1; }
done
run 1 "$pfnstorm" replay "$folder"
run 1 "$pfnstorm" explore plain.pfn --strategy pct --runs 20000 --seed 3 --no-crash-dir
run 1 "$pfnstorm" explore plain.pfn --strategy random --runs 20000 --seed 3 --no-crash-dir
run 0 "$pfnstorm" explore plain.pfn --set pfn_walk=rcu --bound 1 --crash-dir none
has out "complete to bound 1, no failure"
[ ! -e none ] || { echo "a crash folder without a crash"; failed=1; }
run 0 "$pfnstorm" explore held.pfn --set pfn_walk=rcu --bound 2 --runs 50 --no-crash-dir
has out "stopped at about"
printf 'pfnstorm 1\nmachine  geometry=tiny cpus=1 nodes=1 blocks=4 online=0-1\ntask a on cpu0\n         walk block=0 blocks=1\n' >single.pfn
run 0 "$pfnstorm" explore single.pfn
has out "warning: there is one interleaving only"

# explain, minimize, crashes, corpus, designs, bugs.
run 0 "$pfnstorm" explain "$folder"
has out "walker (CPU 0)"
run 0 "$pfnstorm" explain "$known"
has out "~ preempted ~"
has out "*** oops ***"
has out "what was touched"
if "$pfnstorm" --help | grep -q '^  minimize'; then
	run 0 "$pfnstorm" minimize "$known" -o small.pfn
	has err "operations 3 -> 3"
	run 0 "$pfnstorm" run small.pfn
	run 0 "$pfnstorm" minimize "$known"
	cmp -s "$scratch/out" small.pfn || { echo "minimize is not deterministic"; failed=1; }
	run 0 "$pfnstorm" minimize --check small.pfn --search-runs 100
	has out "none can be left out"
	run 1 "$pfnstorm" minimize --check small.pfn --search-runs 1 --runs 3
	has out "budget used up"
	run 2 "$pfnstorm" minimize held.pfn -o nothing.pfn
	has err "nothing to minimise"
	[ ! -e nothing.pfn ] || { echo "minimize wrote a file on bad input"; failed=1; }
fi
run 0 "$pfnstorm" crashes list found
has out " in found"
has out "found/oops-use-after-free-memmap"
run 0 "$pfnstorm" crashes show "$folder"
has out "signature  oops use-after-free memmap"
run 0 "$pfnstorm" designs --list
has out "pfn_walk"
has out "unsynchronised               6.1"
lacks out "points:"
run 0 "$pfnstorm" designs pfn_walk
has out "broken by compaction-oops: oops: oops use-after-free memmap"
has out "holds: 2 scenarios, complete to bound 1"
has out "points: online "
lacks out "pcp_teardown"
run 0 "$pfnstorm" bugs
has out "planted"
mkdir seeds && sed '/^expect/d;/^design/d' "$known/scenario.pfn" >seeds/one.pfn
run 2 "$pfnstorm" corpus export seeds bytes
has err "outside of what fuzzers can express"
sed 's/blocks=5 online=0-4/blocks=8 online=0-5/' -i seeds/one.pfn
run 0 "$pfnstorm" corpus export seeds bytes
run 0 "$pfnstorm" corpus show bytes/one
has out "offline block=4"
exit $failed
