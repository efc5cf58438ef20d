#!/bin/bash
# SPDX-License-Identifier: MIT
# Usage, help, bad input: status 2 with place and expectation, and nothing written.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"

run 0 "$pfnstorm" --help
has out "Usage: pfnstorm COMMAND"
has out "Exit status: 0 held"
commands=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' "$scratch/out")
[ -n "$commands" ] || { echo "no commands in --help"; failed=1; }
for command in $commands; do
	[ "$command" = stress ] && continue
	run 0 "$pfnstorm" "$command" --help
	has out "Usage: pfnstorm $command"
	run 2 "$pfnstorm" "$command" --no-such-option
	has err "unrecognized option"
done
run 0 "$pfnstorm" --version
has out "pfnstorm 0."
run 2 "$pfnstorm"
run 2 "$pfnstorm" repaly
has err "unknown command 'repaly', did you mean 'replay'?"

for command in run replay explore minimize explain; do
	run 2 "$pfnstorm" "$command"
	has err "expected INPUT"
	run 2 "$pfnstorm" "$command" missing.pfn
	has err "missing.pfn: No such file"
	run 2 "$pfnstorm" "$command" pfn1:garbage
	run 2 "$pfnstorm" "$command" "$scratch"
	has err "expected a crash folder, found a directory without scenario.pfn"
	run 2 "$pfnstorm" "$command" "$known" other
	has err "unexpected argument 'other'"
	run 2 "$pfnstorm" "$command" "$known" --set nonsense
	has err "--set nonsense: "
	run 2 "$pfnstorm" "$command" "$known" --set pfn_walk=rcx
	has err "--set pfn_walk=rcx: "
	run 2 "$pfnstorm" "$command" "$known" --laws zone_counters,lru_enabled
	has err "--laws zone_counters,lru_enabled: law lru_enabled holds at rest only"
	run 2 "$pfnstorm" "$command" "$known" --laws node_spam
	has err "did you mean 'node_span'"
done
nothing_written

printf 'pfnstorm 1\nmachine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-5\ntask a on cpu0\n         offline blok=4\n' >bad.pfn
for command in run replay explore minimize explain; do
	run 2 "$pfnstorm" "$command" bad.pfn
	has err "bad.pfn:4:"
	has err "expected"
done
run 2 "$pfnstorm" minimize bad.pfn -o small.pfn
nothing_written bad.pfn

run 2 "$pfnstorm" explore "$known" --strategy best
has err "expected random, pct, pos, surw, portfolio or exhaustive, found 'best'"
run 2 "$pfnstorm" explore "$known" --strategy surw --select nowhere --runs 1
has err "select 'nowhere': expected accesses, points, or how names of points begin"
run 2 "$pfnstorm" explore "$known" --bound 7
has err "--bound: expected a number from 0 to 6, found '7'"
run 2 "$pfnstorm" explore "$known" --jobs 65
has err "--jobs: expected a number from 1 to 64, found '65'"
run 2 "$pfnstorm" explore "$known" --strategy pct --runs 5 --jobs 2
has err "--jobs: strategy pct is not shared by processes"
run 2 "$pfnstorm" explore "$known" --time soon
has err "--time: expected a time"
run 2 "$pfnstorm" explore "$known" --strategy random
has err "never ends: expected --runs or --time"
run 2 "$pfnstorm" hunt pfn_walk.rcu
has err "expected a bug, or DESIGN.ALTERNATIVE that is not the default, found 'pfn_walk.rcu'"
run 2 "$pfnstorm" hunt --families device lru_disable_leak
has err "expected families of operations, separated by commas, of blocks "
run 0 "$pfnstorm" hunt --runs 5000 lru_disable_leak
has out "1 of 1 found"
run 1 "$pfnstorm" hunt --runs 8 usage_free_no_rcu
has out "0 of 1 found"
run 2 "$pfnstorm" replay "$known" --times 0
has err "--times: expected a number from 1"
run 2 "$pfnstorm" crashes
has err "crashes: expected a command"
run 2 "$pfnstorm" crashes lits
has err "crashes: unknown command 'lits'"
run 2 "$pfnstorm" crashes list missing
has err "missing: No such file or directory: expected a directory of crash folders"
run 2 "$pfnstorm" crashes list --status odd
has err "--status: expected new, reproduced, minimised, fixed, regressed or wontfix, found 'odd'"
run 2 "$pfnstorm" crashes mark 0a1b odd
has err "mark: expected new, reproduced"
run 2 "$pfnstorm" crashes mark 0a1b
has err "mark: expected more arguments"
run 2 "$pfnstorm" crashes import missing
has err "missing: No such file or directory"
commands=$("$pfnstorm" crashes --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | sort -u | grep -v pfnstorm)
for command in $commands; do
	run 0 "$pfnstorm" crashes "$command" --help
	has out "Usage: pfnstorm crashes $command"
done
run 2 "$pfnstorm" crashes show "$scratch"
has err "verdict.txt"
run 2 "$pfnstorm" corpus show missing
has err "missing: No such file"
run 2 "$pfnstorm" designs extra
has err "expected a design, found 'extra'"
run 2 "$pfnstorm" designs --bound 9
has err "expected a number from 0 to 6"
nothing_written bad.pfn
exit $failed
