#!/bin/bash
# SPDX-License-Identifier: MIT
# Struct assignment, memset and memcpy emit no callback, so on shared memory they would be no scheduling point. What the
# compiler makes of core is the only sure place to see them: bulk operations may touch only variables of the function.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "${1:-${PFNSTORM_SOURCE_DIR:-$here/..}}")
compiler=${CC:-$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "${PFNSTORM_BIN_DIR:-$root/build/asan/bin}/../CMakeCache.txt")}
frozen=${PFNSTORM_FROZEN:--O1 -fno-builtin -fno-vectorize -fno-slp-vectorize}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints "source:line: ..." for each bulk operation with an end that is not a local variable or a constant.
cat >"$work/bulk.awk" <<'AWK'
# The argument number @n of a call's text: commas inside parentheses do not separate.
function argument(text, n, i, c, depth, out)
{
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		depth += (c == "(") - (c == ")")
		if (c == "," && depth == 0) {
			if (--n == 0)
				return out
			out = ""
		} else {
			out = out c
		}
	}
	return out
}
# Globals are constants or belong to the tool: nothing shared by tasks lies outside the arena.
function is_local(text, n, word)
{
	if (text ~ /@/)
		return 1
	n = split(text, word, " ")
	return word[n] in local
}
/^define / { split("", local) }
/ = alloca / { local[$1] = 1 }
/ = (getelementptr|bitcast) / {
	n = split($0, word, /[ ,]+/)
	for (i = 4; i <= n; i++)
		if (word[i] in local)
			local[$1] = 1
}
/call .*@(llvm[.])?mem(cpy|move|set|pcpy)[.(]/ {
	match($0, /mem(cpy|move|set|pcpy)/)
	what = substr($0, RSTART, RLENGTH)
	rest = $0
	sub(/^[^(]*@[^(]*[(]/, "", rest)
	gsub(/dereferenceable(_or_null)?[(][0-9]+[)]/, "", rest)
	if (is_local(argument(rest, 1)) && (what == "memset" || is_local(argument(rest, 2))))
		next
	match($0, /!dbg ![0-9]+/)
	bulk[++nr] = what " " substr($0, RSTART + 5, RLENGTH - 5)
}
/^![0-9]+ = !DILocation/ {
	match($0, /line: [0-9]+/)
	line[$1] = substr($0, RSTART + 6, RLENGTH - 6)
}
END {
	for (i = 1; i <= nr; i++) {
		split(bulk[i], word, " ")
		printf "%s:%s: %s or struct assignment on memory that others may see: use mem_fill() or mem_copy()\n", \
			name, line[word[2]], word[1]
	}
	exit nr > 0
}
AWK

check() {
	# shellcheck disable=SC2086 # flags are words
	"$compiler" $frozen -std=gnu11 -D_GNU_SOURCE -g -I"$root" -I"$root/core/rt/fiber" -S -emit-llvm -o "$work/out.ll" "$1" &&
		awk -v name="${1#"$root"/}" -f "$work/bulk.awk" "$work/out.ll"
}

# The test of the test: one planted struct assignment is seen, local copies and initialisers are not.
cat >"$work/planted.c" <<'SOURCE'
struct big { long a[40]; };
void shared(struct big *to, const struct big *from);
void shared(struct big *to, const struct big *from)
{
	*to = *from;
}
long use(struct big *b);
long locals(void);
long locals(void)
{
	struct big zero = { { 0 } }, copy = zero;

	return use(&zero) + use(&copy);
}
SOURCE
planted=$(check "$work/planted.c" || true)
if [[ $planted != *"planted.c:5: memcpy or struct"* || $planted == *$'\n'* ]]; then
	printf 'the planted struct assignment was not seen, or more than it:\n%s\n' "$planted"
	exit 1
fi

status=0
count=0
for file in "$root"/core/{mm,range,hotplug,check}/*.c; do
	case $file in
	*_test.c | */bench_*.c | */testing.c | *'*.c') continue ;;
	esac
	count=$((count + 1))
	check "$file" || status=1
done
echo "bulk access: $count files of core looked at"
[ "$count" -gt 0 ] || status=1
exit $status
