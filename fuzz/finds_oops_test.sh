#!/bin/bash
# SPDX-License-Identifier: MIT
# The race target finds the compaction oops from the corpus, and from a corpus without its story; its token replays.
set -eu

engine=$PFNSTORM_BIN_DIR/fuzz_race
[ -x "$engine" ] || exit 0 # this preset builds no libFuzzer targets
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# find_oops NAME SEEDS...: a campaign of at most 60 s. Without the walkers' protection their reads also race with the
# initialisation of memmaps: that is not what is looked for here.
find_oops() {
	local name=$1
	shift
	mkdir -p "$scratch/$name/kept" "$scratch/$name/new" "$scratch/$name/seeds"
	cp "$@" "$scratch/$name/seeds"
	PFNSTORM_SET=pfn_walk=unsynchronised PFNSTORM_TOLERATE=race PFNSTORM_CRASH_DIR=$scratch/$name/kept \
		"$engine" -seed=1 -max_total_time=60 -artifact_prefix="$scratch/$name/" "$scratch/$name/new" "$scratch/$name/seeds" \
		>"$scratch/$name/log" 2>&1 || true
	ls "$scratch/$name/kept"/oops-*.token >/dev/null 2>&1 || {
		echo "$name: no oops in 60 s" >&2
		tail -n 20 "$scratch/$name/log" >&2
		exit 1
	}
	grep -h '^signature:' "$scratch/$name/log"
}

corpus=$PFNSTORM_SOURCE_DIR/corpus/race
find_oops corpus "$corpus"/*.pfn
find_oops single-operations "$corpus"/op-*.pfn

# The kept token is input too, and shows the same at once; under the correct design it does not.
token=$(ls "$scratch"/corpus/kept/oops-*.token | head -n 1)
if PFNSTORM_SET=pfn_walk=unsynchronised "$engine" -runs=1 -artifact_prefix="$scratch/" "$token" >"$scratch/log" 2>&1; then
	echo "the token did not reproduce" >&2
	exit 1
fi
grep -q '^verdict:   oops' "$scratch/log"
PFNSTORM_SET=pfn_walk=rcu "$engine" -runs=1 -artifact_prefix="$scratch/" "$token" >"$scratch/log" 2>&1
