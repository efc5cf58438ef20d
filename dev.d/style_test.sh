#!/bin/bash
# SPDX-License-Identifier: MIT
# The rules of the house, over a source tree: style_test.sh [ROOT]. The rules are in style.rules.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "${1:-${PFNSTORM_SOURCE_DIR:-$here/..}}")

mapfile -t files < <(find "$root" \( -path "$root/build" -o -path "$root/.git" -o -path "$root/crashes/found" \) -prune -o \
	-type f \( -name '*.[chS]' -o -name '*.def' -o -name '*.sh' -o -name '*.awk' -o -name '*.cmake' -o -name '*.md' \
	-o -name 'CMakeLists.txt' -o -path "$root/dev" -o -path "$root/.ci/run" \) -print | sort)
[ ${#files[@]} -gt 0 ] || { echo "style: no sources below $root" >&2; exit 1; }

status=0
LC_ALL=C awk -v root="$root" -v rules="$here/style.rules" -f "$here/style.awk" "$here/style.rules" "${files[@]}" || status=1

[ $status -ne 0 ] || echo "style: ${#files[@]} files keep the rules"
exit $status
