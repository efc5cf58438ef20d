#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm corpus: what is taken in is an input of the target, and it is known whence.
# Without parts the tool makes no corpora.
[ "$PFNSTORM_PRESET" != msan ] || exit 77
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"

token=$(head -n 1 "$known/token")
corpus=$PFNSTORM_SOURCE_DIR/corpus

# Text that bytes can say becomes bytes; the known crash names places by object, and stays text.
run 0 "$pfnstorm" corpus import race "$known" "$token" "$corpus/isolation" taken
has out "5 inputs written to taken, 0 were there, 0 of no use"
grep -q "	$corpus/isolation/undone.pfn: " taken.from.txt || { echo "no word of where it is from:"; cat taken.from.txt; failed=1; }
run 0 "$pfnstorm" corpus import race taken again
has out "5 inputs written to again"
run 0 "$pfnstorm" corpus import race taken again
has out "0 inputs written to again, 5 were there"
for file in taken/*; do
	cmp -s "$file" "again/${file#*/}" || { echo "$file changed its name or content on the way"; failed=1; }
done
run 0 "$pfnstorm" corpus import scenario taken texts
for file in texts/*; do
	"$pfnstorm" run "$file" >out 2>err
	[ $? -le 1 ] || { echo "$file is no scenario"; failed=1; }
done
run 0 "$pfnstorm" corpus import blocks "$corpus/blocks" files
has out "$(find "$corpus/blocks" -name '*.txt' | wc -l) inputs written to files"

# Migration: all of it, once.
run 0 "$pfnstorm" corpus migrate taken
has out "5 files in taken: 3 brought to format 2, 0 were in it, 2 kept"
run 0 "$pfnstorm" corpus migrate taken
has out "5 files in taken: 0 brought to format 2, 3 were in it, 2 kept"
for file in taken/*; do
	"$pfnstorm" corpus show "$file" >now
	"$pfnstorm" corpus show "again/${file#*/}" >then
	cmp -s now then || { echo "$file means something else in format 2"; failed=1; }
done

# Past crashes are seeds: most fit a machine of the byte form, and still fail there.
run 0 "$pfnstorm" corpus import race "$PFNSTORM_SOURCE_DIR/crashes/known" past
run 0 "$pfnstorm" corpus migrate past
fits=$(sed -n 's/.*: \([0-9]*\) brought to format.*/\1/p' out)
[ "$fits" -ge 10 ] || { echo "only $fits known bugs became bytes"; failed=1; }
name=$(sed -n 's/^\([0-9a-f]*\)\t.*known\/contig-undo-foreign: .*/\1/p' past.from.txt)
run 0 "$pfnstorm" corpus show "past/$name"
cp out undone.pfn
run 1 "$pfnstorm" run undone.pfn --set contig_undo_foreign=on
run 0 "$pfnstorm" run undone.pfn

# What targets take, scenarios and tokens included, is shown.
run 0 "$pfnstorm" corpus show "$PFNSTORM_SOURCE_DIR/corpus/race/op-show.pfn"
cmp -s out "$PFNSTORM_SOURCE_DIR/corpus/race/op-show.pfn" || { echo "a scenario is shown as another"; failed=1; }
run 0 "$pfnstorm" corpus show "$PFNSTORM_SOURCE_DIR/crashes/known/compaction-oops/token"
has out "design   pfn_walk=unsynchronised"
printf 'pfnstorm 1\nbad\n' >bad.pfn
run 2 "$pfnstorm" corpus show bad.pfn
has err "bad.pfn:2:1: expected name"

run 0 "$pfnstorm" corpus generate differential made
run 0 "$pfnstorm" corpus show made/pair-online-offline
has out "online block="
has out "offline block="
run 2 "$pfnstorm" corpus generate blocks made
has err "the target reads no scenarios"
run 2 "$pfnstorm" corpus generate rice made
has err "unknown target 'rice', expected one of race, sequence"
run 2 "$pfnstorm" corpus import race nowhere made
has err "nowhere: No such file"
run 2 "$pfnstorm" corpus import race "$token"
has err "expected one of 'show FILE'"
run 2 "$pfnstorm" corpus import race "$known" /proc/none
has err "/proc/none: No such file or directory: choose a folder that can be written"
exit $failed
