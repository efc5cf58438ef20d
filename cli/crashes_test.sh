#!/bin/bash
# SPDX-License-Identifier: MIT
# The crash store as people use it: pfnstorm crashes.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
# Without part libraries pfnstorm has run, replay and explore only.
[ "$PFNSTORM_PRESET" != msan ] || exit 77
bugs=$PFNSTORM_SOURCE_DIR/crashes/known
oops="oops use-after-free memmap {compaction.freepage_checked, sparse.mem_map_cleared}"

# import: a folder, a token, a file, a directory; twice is no news.
run 0 "$pfnstorm" crashes import "$known" "$(cat "$bugs/thp-mapcount-head-only/token")" "$bugs/node-offline-walk-span/scenario.pfn"
has out "3 filed, 0 not"
run 0 "$pfnstorm" crashes import "$known"
mkdir kept && cp "$bugs/zonelist-no-retry/token" kept/invariant-1.token && echo "# nothing" >kept/readme
run 0 "$pfnstorm" crashes import kept
has out "1 filed, 0 not"
sed '/^schedule/d' "$known/scenario.pfn" >held.pfn
run 2 "$pfnstorm" crashes import held.pfn
has err "held.pfn: the run ends ok under its schedule"
mkdir empty
run 2 "$pfnstorm" crashes import empty
has err "empty: expected crash folders, scenarios, tokens or artifacts of fuzzers, found none"

# list and show: one record per bug, with what it needs.
run 0 "$pfnstorm" crashes list
has out "4 bugs, 4 crashes, 4 crash folders in crashes/found"
has out "cause: pfn_walk=unsynchronised"
has out "cause: zonelist_no_retry=on"
id=$(grep -B1 "$oops" "$scratch/out" | sed -n '1s/ .*//p')
run 0 "$pfnstorm" crashes show "$id"
has out "$id  new        1 time"
has out "*** oops ***"
run 0 "$pfnstorm" crashes show "$oops"
run 2 "$pfnstorm" crashes show nothing
has err "crashes/found has no bug 'nothing': expected an id, a crash folder or a signature"

# mark
run 0 "$pfnstorm" crashes mark "$id" wontfix --note "as designed"
run 0 "$pfnstorm" crashes list --status wontfix
has out "note: as designed"
has out "1 bug, 1 crash,"

run 0 "$pfnstorm" crashes mark "$id" new

# replay, minimize, explain: the other command, told of the smallest reproducer.
run 1 "$pfnstorm" crashes replay "$id" --times 3
has out "3 of 3 identical"
run 0 "$pfnstorm" crashes list --status reproduced
has out "$oops"
run 0 "$pfnstorm" crashes explain "$id"
has out "*** oops ***"
run 0 "$pfnstorm" crashes minimize "$id" -o small.pfn
run 0 "$pfnstorm" crashes list --status minimised
has out "$oops"
run 2 "$pfnstorm" crashes replay nothing
has err "has no bug 'nothing'"

# export: a store of one bug.
run 0 "$pfnstorm" crashes export "$id" sent
run 0 "$pfnstorm" crashes list sent
has out "$id  minimised"
run 0 "$pfnstorm" crashes import --store other sent
has out "1 filed, 0 not"

# verify: what fires again was not fixed.
run 0 "$pfnstorm" crashes verify
has out "reproducers in"
has out "0 near their schedule, 0 do not, 0 cannot be run"
run 0 "$pfnstorm" crashes mark "$id" fixed
run 1 "$pfnstorm" crashes verify --near 0
has out "$id  regressed, was fixed"
run 2 "$pfnstorm" crashes verify --store missing
has err "missing: No such file"

# merge and split
other=$("$pfnstorm" crashes list | sed -n 's/^\([0-9a-f]\{8\}\)  .*/\1/p' | grep -v "$id" | head -1)
run 0 "$pfnstorm" crashes merge "$id" "$other"
run 0 "$pfnstorm" crashes list
has out "3 bugs, "
run 2 "$pfnstorm" crashes merge "$id" "$other"
has err "are one bug already"
run 0 "$pfnstorm" crashes split "$id" "$oops"
run 0 "$pfnstorm" crashes list
has out "4 bugs, "
run 2 "$pfnstorm" crashes split "$other" "$oops"
has err "expected one of its signatures"

# gc: never the last folder of a bug that is not fixed.
run 0 "$pfnstorm" crashes gc --older 0 --max-size 0
run 0 "$pfnstorm" crashes list
has out "4 bugs, "
has out "4 crash folders"
lacks out "no folder is left"
run 0 "$pfnstorm" crashes mark "$oops" fixed
run 0 "$pfnstorm" crashes gc --max-size 0
has out "1 folders removed"
run 0 "$pfnstorm" crashes list --status fixed
has out "no folder is left"
run 2 "$pfnstorm" crashes gc --max-size big
has err "--max-size: expected a size like 500K, 200M or 4G, found 'big'"

if "$pfnstorm" crashes list --help | grep -q -- --json; then
	run 0 "$pfnstorm" crashes list --json
	has out '"switches":['
	cp "$scratch/out" before
	rm crashes/found/index.sqlite
	run 0 "$pfnstorm" crashes list --json
	cmp -s "$scratch/out" before || { echo "the list differs without an index"; failed=1; }
	[ -s crashes/found/index.sqlite ] || { echo "no index was made"; failed=1; }
	run 0 "$pfnstorm" crashes mark "$id" wontfix
	run 0 "$pfnstorm" crashes list --sarif
	has out '"version":"2.1.0"'
	has out '"kind":"external"'
fi
exit $failed
