#!/bin/bash
# SPDX-License-Identifier: MIT
# Each narrow target, and that of files: starts with no input, runs its seeds clean, finds the bug that is planted for it.
set -eu

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
targets=0

fail() {
	echo "$*" >&2
	tail -n 20 "$scratch/log" >&2
	exit 1
}

# try_target PROGRAM NAME SWITCH INPUT EXPECTED
try_target() {
	local program=$1 name=$2 switch=$3 input=$PFNSTORM_SOURCE_DIR/$4 seeds=("$PFNSTORM_SOURCE_DIR/corpus/$2"/*) how=() nothing=$scratch/nothing
	case $program in */fuzz_*) how=(-runs=1 -artifact_prefix="$scratch/") ;; esac
	: >"$nothing"
	"$program" "${how[@]}" "$nothing" >"$scratch/log" 2>&1 || fail "$name: does not start without an input"
	"$program" "${how[@]}" "${seeds[@]}" >"$scratch/log" 2>&1 || fail "$name: a seed fails"
	! grep -q '^verdict:' "$scratch/log" || fail "$name: a verdict of a seed"
	if PFNSTORM_SET=$switch "$program" "${how[@]}" "$input" >"$scratch/log" 2>&1; then
		fail "$name: $switch is not found with $4"
	fi
	grep -q "^verdict:   $5" "$scratch/log" || fail "$name: ended with $switch for another reason than a verdict"
	targets=$((targets + 1))
}

for prefix in fuzz afl; do
	[ -x "$PFNSTORM_BIN_DIR/${prefix}_race" ] || continue
	while read -r name switch input; do
		[ -x "$PFNSTORM_BIN_DIR/${prefix}_$name" ] || fail "there is no ${prefix}_$name"
		try_target "$PFNSTORM_BIN_DIR/${prefix}_$name" "$name" "$switch" "$input" ""
	done < <(sed -n 's/^TARGET(\([a-z]*\), .*\(true\|false\), "\([^ ]*\) \([^"]*\)".*/\1 \3 \4/p' "$PFNSTORM_SOURCE_DIR/fuzz/targets.def")
	try_target "$PFNSTORM_BIN_DIR/${prefix}_blocks" blocks planted_already_is_success=on corpus/blocks/refused.txt file
	[ "$targets" -ge 8 ] || fail "only $targets targets were tried"
	targets=0
done

# A program of another kind does not pass for the target.
for program in "$PFNSTORM_BIN_DIR"/fuzz_sequence; do
	[ -x "$program" ] || continue
	ln -s "$program" "$scratch/fuzz_isolation"
	if "$scratch/fuzz_isolation" -runs=1 "$scratch/nothing" >"$scratch/log" 2>&1; then
		fail "fuzz_sequence passes for fuzz_isolation"
	fi
	grep -q 'expected to be a link to fuzz_race' "$scratch/log" || fail "the message names no program"
done
