#!/bin/bash
# SPDX-License-Identifier: MIT
# The crash store as people use it: pfnstorm crashes.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
bugs=$PFNSTORM_SOURCE_DIR/crashes/known
oops="oops use-after-free memmap {compaction.freepage_checked, sparse.mem_map_cleared}"

# import: a folder, a token, a file, a directory; twice is counted twice.
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
has out "4 bugs, 5 crashes, 4 crash folders in crashes/found"
has out "cause: pfn_walk=unsynchronised"
has out "cause: zonelist_no_retry=on"
id=$(grep -B1 "$oops" "$scratch/out" | sed -n '1s/ .*//p')
run 0 "$pfnstorm" crashes show "$id"
has out "$id  new        2 times"
has out "*** oops ***"
run 0 "$pfnstorm" crashes show "$oops"
run 2 "$pfnstorm" crashes show nothing
has err "crashes/found has no bug 'nothing': expected an id, a crash folder or a signature"

# mark
run 0 "$pfnstorm" crashes mark "$id" wontfix --note "as designed"
run 0 "$pfnstorm" crashes list --status wontfix
has out "note: as designed"
has out "1 bug, 2 crashes"

if "$pfnstorm" crashes list --help | grep -q -- --json; then
	run 0 "$pfnstorm" crashes list --json
	has out '"switches":['
	cp "$scratch/out" before
	rm crashes/found/index.sqlite
	run 0 "$pfnstorm" crashes list --json
	cmp -s "$scratch/out" before || { echo "the list differs without an index"; failed=1; }
	[ -s crashes/found/index.sqlite ] || { echo "no index was made"; failed=1; }
	run 0 "$pfnstorm" crashes list --sarif
	has out '"version":"2.1.0"'
	has out '"kind":"external"'
fi
exit $failed
