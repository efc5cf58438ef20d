#!/bin/bash
# SPDX-License-Identifier: MIT
# ./dev coverage judges: a file below the limit has a reason, and a reason a file below the limit.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
# shellcheck source=dev.d/common.sh
. dev.d/common.sh
# shellcheck source=dev.d/cmd_coverage.sh
. dev.d/cmd_coverage.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# judge STATUS TEXT REASONS FILES
judge() {
	local status=0
	printf '%b' "$3" >"$scratch/reasons"
	printf '%b' "$4" >"$scratch/files"
	coverage_judge "$scratch/reasons" "$scratch/files" >"$scratch/out" || status=$?
	[ $status -eq "$1" ] && grep -qF -- "$2" "$scratch/out" && return
	echo "expected status $1 and '$2', got $status and: $(cat "$scratch/out")" >&2
	failed=1
}

judge 0 "core: 95.0 % of 200 lines in 2 files; 0 files below 90 %" "# of none\n" "core/a.c 90 100\ncore/b.c 100 100\n"
judge 0 "89 of" "core/a.c\tone in 89 of a kernel\n" "core/a.c 89 100\n"
judge 1 "NO REASON" "" "core/a.c 89 100\n"
judge 1 "needs no reason any more" "core/a.c\twhy\n" "core/a.c 90 100\n"
judge 1 "core/b.c: has a reason and is not in core" "core/b.c\twhy\n" "core/a.c 90 100\n"
judge 1 "core/a.c: expected a file of its own" "core/a.c\twhy\ncore/a.c\twhy\n" "core/a.c 89 100\n"
judge 1 "expected a file of its own, a tab, and why" "core/a.c why\n" "core/a.c 89 100\n"
judge 1 "of 0 lines" "" ""
# Each row is of a file that is there.
while IFS=$'\t' read -r file reason; do
	case $file in '' | \#*) continue ;; esac
	[ -f "$file" ] && [ -n "$reason" ] || { echo "dev.d/coverage.reasons: '$file': no such file, or no reason" >&2; failed=1; }
done <dev.d/coverage.reasons
[ $failed -ne 0 ] || echo "coverage: reasons are asked for, and asked whether they still hold"
exit $failed
