#!/bin/bash
# SPDX-License-Identifier: MIT
# PFNSTORM_LAWS: the fuzz targets have laws checked at steps; the token they keep has the one that failed, and only it.
set -eu

engine=$PFNSTORM_BIN_DIR/fuzz_race
[ -x "$engine" ] || exit 0 # this preset builds no libFuzzer targets
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/kept"
planted=$PFNSTORM_SOURCE_DIR/corpus/planted/node_span_from_zero.pfn

status=0
PFNSTORM_LAWS=node_span,lru_enabled "$engine" -runs=1 "$planted" >"$scratch/log" 2>&1 || status=$?
[ $status -eq 2 ] || { echo "a law that holds at rest only: status $status" >&2; exit 1; }
grep -q 'PFNSTORM_LAWS: law lru_enabled holds at rest only' "$scratch/log"

if PFNSTORM_SET=node_span_from_zero=on PFNSTORM_LAWS=all PFNSTORM_CRASH_DIR=$scratch/kept \
	"$engine" -runs=1 -artifact_prefix="$scratch/" "$planted" >"$scratch/log" 2>&1; then
	echo "the law did not fail" >&2
	exit 1
fi
grep -q '^signature: law node_span' "$scratch/log"

status=0
"$PFNSTORM_BIN_DIR/pfnstorm" run "$scratch"/kept/*.token >"$scratch/out" || status=$?
[ $status -eq 1 ] || [ $status -eq 0 ]
grep -q '^invariant: law node_span' "$scratch/out"
steps=$(sed -n 's/ steps,.*//p' "$scratch/out")
at_rest=$("$PFNSTORM_BIN_DIR/pfnstorm" run "$planted" | sed -n 's/ steps,.*//p')
[ "$steps" -lt "$at_rest" ] || { echo "the token ends at step $steps of $at_rest" >&2; exit 1; }
