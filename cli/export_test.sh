#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm export: a program that reads well and compiles against the public header, and what it refuses. Whether it
# fails as the token does is the matter of cmake/export_test.sh.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"

run 0 "$pfnstorm" export --c "$known" -o repro.c
has err "oops: oops use-after-free memmap"
[ ! -s "$scratch/out" ] || { echo "-o FILE and something on standard output"; failed=1; }
run 0 "$pfnstorm" export --c "$(cat "$known/token")"
cmp -s "$scratch/out" repro.c || { echo "folder and token give different programs"; failed=1; }
has out " *   cc repro.c \$(pkg-config --cflags --libs pfnstorm) -o repro && ./repro"
has out "pfnstorm replay $(head -n 1 "$known/token")"
has out "walker (CPU 0)"
has out '"switch walker -> remover at compaction.freepage_checked #1",'
has out "/* walker is at compaction.freepage_checked, in isolate_freepages_block(): remover goes on */"
has out '"pfn_walk=unsynchronised",'
if grep -n ' $' "$scratch/out"; then
	echo "blanks at ends of lines"
	failed=1
fi

run 0 "$pfnstorm" export --c "$PFNSTORM_SOURCE_DIR/corpus/planted/planted_linked_early.pfn" --laws node_links
has out '"node_links",'
has out '.laws = laws,'

# A minimal scenario asks for the law that fails, and for no other.
run 0 "$pfnstorm" minimize "$PFNSTORM_SOURCE_DIR/corpus/planted/planted_linked_early.pfn" --laws all -o small.pfn
grep -qx 'laws     node_links' small.pfn || { echo "laws of the minimal scenario: $(grep '^laws' small.pfn)"; failed=1; }
rm -f small.pfn

# Names that are no identifiers, a text that would end a comment or a string, a named slot out of turn.
cat >odd.pfn <<'SCENARIO'
pfnstorm 1
name     a */ "b" \n ??/ c
machine  geometry=tiny cpus=2 nodes=1 blocks=5 online=0-4
design   pfn_walk=unsynchronised
slots    late=0 early=3
boot     alloc movable order=0 count=1 as early
task 1-walker on cpu0
         compact zone=Normal
         free late
task int on cpu1
         offline block=4
         remove block=4
schedule switch 1-walker -> int at compaction.freepage_checked #1
SCENARIO
run 0 "$pfnstorm" export --c odd.pfn -o odd.c
ln -s "$PFNSTORM_SOURCE_DIR/api/pfnstorm.h" pfnstorm.h
for compiler in gcc clang-14 clang-19 clang; do
	command -v "$compiler" >/dev/null || continue
	for file in repro.c odd.c; do
		run 0 "$compiler" -std=c99 -Wall -Wextra -pedantic -Werror -I. -fsyntax-only "$file"
	done
	checked=yes
done
[ -n "${checked:-}" ] || { echo "no compiler was found"; failed=1; }
grep -qF '.slots = "late=0 early=3",' odd.c || { echo "slots are lost"; failed=1; }

run 2 "$pfnstorm" export "$known"
has err "expected --c"
run 2 "$pfnstorm" export --c
has err "expected INPUT"
run 2 "$pfnstorm" export --c "$known" --json
run 2 "$pfnstorm" export --c missing.pfn -o none.c
sed '/^schedule/d;/^expect/d' "$known/scenario.pfn" >held.pfn
run 2 "$pfnstorm" export --c held.pfn -o none.c
has err "nothing to export: every law held"
sed 's/#1$/#100000/' "$known/scenario.pfn" >drift.pfn
run 3 "$pfnstorm" export --c drift.pfn -o none.c
has err "drift"
nothing_written repro.c odd.pfn odd.c pfnstorm.h held.pfn drift.pfn
exit $failed
