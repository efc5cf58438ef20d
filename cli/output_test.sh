#!/bin/bash
# SPDX-License-Identifier: MIT
# For machines and terminals: JSON that parses, colour only where wanted, progress that leaves plain output alone.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
escape=$(printf '\033')

run 0 "$pfnstorm" run "$known"
lacks out "$escape"
run 0 "$pfnstorm" explore "$known" --bound 1 --no-crash-dir
lacks out "$escape"
lacks err "$escape"

# A terminal gets colour, unless NO_COLOR is set.
if command -v script >/dev/null; then
	TERM=xterm script -qec "$pfnstorm run $known" /dev/null >"$scratch/out" </dev/null
	has out "$escape[1;31moops"
	NO_COLOR=1 TERM=xterm script -qec "$pfnstorm run $known" /dev/null >"$scratch/out" </dev/null
	lacks out "$escape[1;31m"
	has out "oops"
fi

if "$pfnstorm" run --help | grep -q -- --json; then
	python=$(command -v python3 || true)
	for command in "run $known" "replay $known" "explore $known --bound 1 --no-crash-dir" "designs pfn_walk" "bugs"; do
		# shellcheck disable=SC2086
		"$pfnstorm" $command --json >"$scratch/out" 2>"$scratch/err"
		if [ -n "$python" ] && ! "$python" -m json.tool <"$scratch/out" >/dev/null; then
			echo "not JSON: $command"
			failed=1
		fi
	done
	run 1 "$pfnstorm" replay "$known" --times 3 --json
	has out '"identical":3'
	has out '"verdict":"oops"'
fi
exit $failed
