#!/bin/bash
# SPDX-License-Identifier: MIT
# Every known bug fires with its switches, from its scenario, its token and from scratch, and is silent without them.
set -u
pfnstorm=$PFNSTORM_BIN_DIR/pfnstorm
folder=$PFNSTORM_SOURCE_DIR/crashes/known
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0
count=0

# check NAME WANTED_STATUS WANTED_TEXT COMMAND...: status and a line of the output.
check() {
	local name=$1 status=$2 text=$3 found
	shift 3
	"$@" >"$out/log" 2>&1
	found=$?
	if [ "$found" != "$status" ] || ! grep -qF -- "$text" "$out/log"; then
		echo "$name: $*"
		echo "  expected status $status and '$text', got status $found and:"
		sed 's/^/  /' "$out/log"
		failed=1
	fi
}

for bug in "$folder"/*/; do
	bug=${bug%/}
	name=${bug##*/}
	count=$((count + 1))
	expect=$(sed -n 's/^expect *//p' "$bug/scenario.pfn")
	kind=${expect%% *}
	bound=$(sed -n 's/^# bound: //p' "$bug/scenario.pfn")
	bound=${bound:-1}

	check "$name replays" 1 "100 of 100 identical" "$pfnstorm" replay "$bug" --times 100
	check "$name replays from its token" 1 "100 of 100 identical" "$pfnstorm" replay "$(cat "$bug/token")" --times 100
	check "$name ends as expected" 0 "$kind: " "$pfnstorm" run "$bug"
	check "$name: token and scenario agree" 1 "token $(cat "$bug/token")" "$pfnstorm" replay "$bug"
	check "$name does not occur without its switches" 1 "ok" "$pfnstorm" run "$bug" --set era=none
	# What needs a minute of search is found in corpus/planted/ by random schedules.
	[ "$bound" = none ] && continue
	# A search is the same in every preset: the slow ones need not repeat it.
	case ${PFNSTORM_PRESET:-release} in
	release | asan) ;;
	*) continue ;;
	esac
	check "$name is found from scratch" 0 "$kind: " "$pfnstorm" explore "$bug" --bound "$bound" --no-crash-dir
	check "$name is not found without its switches" 1 "complete to bound $bound, no failure" \
		"$pfnstorm" explore "$bug" --set era=none --bound "$bound" --no-crash-dir
done
[ "$count" -gt 0 ] || { echo "no known bug in $folder"; failed=1; }
echo "$count known bugs"
exit $failed
