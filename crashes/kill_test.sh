#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever moment a process is killed at, and whether or not the disk is full, a crash folder is there whole or not at
# all, and those that were there before stay as they were.
set -u
pfnstorm=$PFNSTORM_BIN_DIR/pfnstorm
known=$PFNSTORM_SOURCE_DIR/crashes/known/compaction-oops
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failed=0
killed=0
parts="scenario.pfn token verdict.txt README diagram.txt trace.txt log.txt"

fail() {
	echo "$*"
	failed=1
}

# Finds other schedules with each seed, so other folders.
search() {
	exec "$pfnstorm" explore "$known" --strategy random --runs 400 --seed "$1" --keep-going --crash-dir "$2" >out 2>err
}

# Finds the same in every build.
search_all() {
	"$pfnstorm" explore "$known" --bound 1 --crash-dir "$1" >out 2>err
}

# all_whole DIR: each folder replays with its own signature; a file that was cut off would be seen by that or by its end.
all_whole() {
	local folder part
	for folder in "$1"/*-*/; do
		[ -d "$folder" ] || continue
		for part in $parts; do
			[ -f "$folder$part" ] || fail "$folder: no $part"
			[ "$part" = log.txt ] || [ -z "$(tail -c 1 "$folder$part")" ] || fail "$folder$part is cut off"
		done
		"$pfnstorm" replay "$folder" --times 1 >out 2>err
		[ $? -eq 1 ] || fail "$folder does not replay: $(head -n 5 err)"
	done
}

# listed DIR: the store names each folder once, counts at least those, and its index tells nothing that files do not.
listed() {
	local folders named
	"$pfnstorm" crashes list "$1" >out 2>err || fail "crashes list fails: $(head -n 5 err)"
	folders=$(cd "$1" && ls -d ./*-*/ | sed 's|^./||; s|/$||')
	named=$(sed -n 's/^folder *//p' "$1"/records/*.txt | sort)
	[ "$folders" = "$named" ] || fail "records of $1 name other folders than there are: $(diff <(echo "$folders") <(echo "$named"))"
	[ "$(sed -n 's/^count *//p' "$1"/records/*.txt | awk '{ n += $1 } END { print n }')" -ge "$(wc -l <<<"$folders")" ] ||
		fail "$1 has more folders than crashes"
	rm -f "$1/index.sqlite"
	"$pfnstorm" crashes list "$1" >again 2>err || fail "crashes list without an index fails: $(head -n 5 err)"
	cmp -s out again || fail "with and without its index $1 tells different things: $(diff out again)"
}

# One that is there before all others, to be left alone.
search_all found || fail "the first search ended with $?: $(head -n 5 err)"
# The first of a bug is always kept.
first=$(cd found && find "$(sed -n 's/^folder *//p' records/*.txt | head -n 1)" -type f -exec cksum {} + | sort -k 3)
[ -n "$first" ] || fail "the first search left no folder"
start=$(date +%s%N)
(search 2 whole)
length=$(($(date +%s%N) - start))

# From before the search has found anything until after it has ended, with more kills near the end, where folders are written.
for i in $(seq 24); do
	(search $((i + 2)) found) &
	pid=$!
	sleep "$(awk -v ns=$length -v i="$i" 'BEGIN { printf "%.4f", ns / 1e9 * (i <= 6 ? i / 6 : 0.5 + i / 32) }')"
	kill -KILL $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid 2>/dev/null
done
all_whole found
listed found
[ $killed -gt 0 ] || fail "no search lived long enough to be killed"

# Several at once, two of three killed: what one of them has said is filed stays filed.
mkdir shared
bugs=$PFNSTORM_SOURCE_DIR/crashes/known
for i in 1 2 3; do
	writers=
	for of in "thp-*" "zone*" "*-o*"; do
		# shellcheck disable=SC2086 # a pattern
		"$pfnstorm" crashes import --store shared "$bugs"/$of >"said.$of" 2>/dev/null &
		writers="$! $writers"
	done
	# All but the first.
	for pid in ${writers% * }; do
		sleep "0.$((i * 3))"
		kill -KILL "$pid" 2>/dev/null && killed=$((killed + 1))
		wait "$pid" 2>/dev/null
	done
	wait
	cat said.* >>said
done
[ -s said ] || fail "nobody filed anything"
grep '^shared/' said | sort -u | while read -r folder; do
	[ -f "$folder/token" ] || echo "$folder was filed and is gone"
done >gone
[ ! -s gone ] || fail "$(cat gone)"
all_whole shared
listed shared

# A full disk, as far as a process can tell: no file may grow beyond 16 KiB.
(
	trap '' XFSZ
	ulimit -f 16
	search_all full
)
status=$?
[ $status -eq 4 ] || fail "with no room left the search ended with $status, expected 4"
grep -q 'File too large' err || fail "with no room left: $(head -n 5 err)"
[ -z "$(ls -A full)" ] || fail "with no room left there is $(ls -A full)"
while read -r sum size name; do
	[ "$(cd found && cksum "$name")" = "$sum $size $name" ] || fail "found/$name has changed"
done <<<"$first"
echo "$killed of 30 processes killed, $(find found -mindepth 1 -maxdepth 1 -name '.new-*' | wc -l) in the middle of a folder"
exit $failed
