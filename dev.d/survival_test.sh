#!/bin/bash
# SPDX-License-Identifier: MIT
# What dev.d/survival.awk makes of searches whose numbers are known: medians, and curves that end where they should.
set -u
cd "$PFNSTORM_SOURCE_DIR" || exit 1
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# race, strategy, schedules, found
printf '%s\t%s\t%s\t%s\n' a random 10 1  a random 30 1  a random 20 1  a random 40 0 \
	a pct 5 0  a pct 7 1  a pct 900 0  b random 1 1  b pct 1000 0  b pct 800 0 >"$scratch/rows"

sort -t $'\t' -k1,1 -k2,2 -k3,3n "$scratch/rows" | awk -v strategies="random pct" -f dev.d/survival.awk >"$scratch/table"
diff - "$scratch/table" <<'TABLE' || failed=1
| race | random | pct |
|---|---|---|
| `a` | 20 (3 of 4) | > 5 (1 of 3) |
| `b` | 1 | > 800 (0 of 2) |
TABLE

# Of five searches of random four find, of five of pct one: the curves fall from 340 - 300 to 340 - 300 * 1/5 and * 4/5.
sort -t $'\t' -k2,2 -k3,3n "$scratch/rows" | awk -v strategies="random pct" -v picture=1 -f dev.d/survival.awk >"$scratch/svg"
ends=$(grep 'fill="none"' "$scratch/svg" | sed 's/.*V\([0-9.]*\)"\/>/\1/' | tr '\n' ' ')
[ "$ends" = "280.0 100.0 " ] || { echo "curves end at $ends"; failed=1; }
[ "$(grep -c '<svg' "$scratch/svg")" = 1 ] && [ "$(tail -n 1 "$scratch/svg")" = "</svg>" ] || { echo "no picture"; failed=1; }
exit $failed
