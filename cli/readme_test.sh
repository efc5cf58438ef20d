#!/bin/bash
# SPDX-License-Identifier: MIT
# What README.md shows is what the programs print, but for times and rates: a search, a replay, and a diagram.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
# Plain accesses are not as many in every build; the README shows the one that people have.
[ "$PFNSTORM_PRESET" = release ] || exit 77

"$pfnstorm" explore --bound 2 "$PFNSTORM_SOURCE_DIR/corpus/race/compaction-remove.pfn" >printed 2>err
folder=$(echo crashes/found/*-*/)
{
	"$pfnstorm" replay --times 1000 "$folder"
	"$pfnstorm" minimize "$folder" -o small.pfn
	"$pfnstorm" explain small.pfn
} >>printed 2>>err

without_times() {
	sed -E 's|in [0-9.]+ s \([0-9]+/s\)|in N s (N/s)|' "$1"
}

# Blocks of the README that begin with one of these lines.
awk '/^```/ { inside = !inside; first = inside; next }
	inside && first { shown = /^\$ pfnstorm explore/ || /^walker \(CPU 0\)/; first = 0 }
	inside && shown && $0 != "" && !/^\$/' "$PFNSTORM_SOURCE_DIR/README.md" >shown
[ "$(wc -l <shown)" -gt 30 ] || failed=1
without_times printed >printed.masked
while IFS= read -r line; do
	case $line in
	*'[...]') grep -qF -- "${line%'[...]'}" printed.masked ;;
	*) grep -qxF -- "$line" printed.masked ;;
	esac || {
		echo "README.md shows what is not printed: $line"
		failed=1
	}
done < <(without_times shown)
exit $failed
