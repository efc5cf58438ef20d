#!/bin/bash
# SPDX-License-Identifier: MIT
# 100 inputs made from one seed run alike in every engine's binary of every preset built from these sources.
set -eu

inputs=100
here=$PFNSTORM_BIN_DIR/../..
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
compared=0

# A binary of another preset that is older than the sources says nothing.
is_current() {
	[ -x "$1" ] && [ -z "$(find "$PFNSTORM_SOURCE_DIR/core" "$PFNSTORM_SOURCE_DIR/fuzz" -name '*.[chS]' -newer "$1" \
		! -name '*_test.c' -print -quit)" ]
}

for target in race sequence; do
	first=
	for binary in "$here"/*/bin/fuzz_$target "$here"/*/bin/afl_$target; do
		is_current "$binary" || continue
		PFNSTORM_SELF_TEST=$inputs "$binary" >"$scratch/hashes" 2>"$scratch/errors" || {
			echo "$binary:" >&2
			cat "$scratch/errors" >&2
			exit 1
		}
		[ "$(wc -l <"$scratch/hashes")" -eq $inputs ] || {
			echo "$binary: fewer than $inputs runs" >&2
			exit 1
		}
		if [ -z "$first" ]; then
			first=$binary
			mv "$scratch/hashes" "$scratch/first"
		elif ! diff "$scratch/first" "$scratch/hashes" >"$scratch/diff"; then
			echo "$first and $binary differ:" >&2
			head -n 5 "$scratch/diff" >&2
			exit 1
		else
			compared=$((compared + 1))
		fi
	done
	[ -z "$first" ] || [ "$(cut -d ' ' -f 2 "$scratch/first" | sort -u | wc -l)" -gt $((inputs / 2)) ] || {
		echo "$target: most inputs are the same run: the inputs are too weak" >&2
		exit 1
	}
done
echo "$compared comparisons of $inputs runs"
# ./dev test has built release, fuzz, msan and afl: three comparisons for each target. By itself the test takes what is there.
[ "$compared" -ge "${PFNSTORM_ENGINES_COMPARED_MIN:-0}" ] || {
	echo "expected at least $PFNSTORM_ENGINES_COMPARED_MIN comparisons" >&2
	exit 1
}
