#!/bin/bash
# SPDX-License-Identifier: MIT
# Known bugs as C programs: each builds against an installed library, fails with the signature and hash of the tool's
# replay, and holds where the bug is switched off. One is built with the command in its head, the rest are linked into
# one program, which is quicker.
set -uo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
build=$PFNSTORM_BIN_DIR/..
known=$PFNSTORM_SOURCE_DIR/crashes/known
failed=0

wrong() {
	printf '%s\n' "$*"
	failed=1
}

cmake --install "$build" --prefix "$scratch/installed" >"$scratch/log" || { cat "$scratch/log"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$(find "$scratch/installed" -name pfnstorm.pc)")
export PKG_CONFIG_PATH
pfnstorm=$scratch/installed/bin/pfnstorm
compilers=("$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")")
if command -v gcc >/dev/null; then
	compilers+=(gcc)
else
	echo "gcc is not installed: clang only"
fi
cd "$scratch" || exit 1

# add NAME: NAME.c becomes a part of the program, by the compilers in turn, as C99 without a warning.
names=()
add() {
	# shellcheck disable=SC2046 # flags are words
	"${compilers[${#names[@]} % ${#compilers[@]}]}" -std=c99 -Wall -Wextra -pedantic -Werror -c "$1.c" -o "$1.o" \
		-Dmain="main_${#names[@]}" $(pkg-config --cflags pfnstorm) || wrong "$1.c does not compile"
	names+=("$1")
}

# link: all of them as `all NAME [ARGUMENT...]`.
link() {
	local i
	{
		echo '#include <string.h>'
		for i in "${!names[@]}"; do
			echo "int main_$i(int argc, char **argv);"
		done
		echo 'int main(int argc, char **argv) {'
		for i in "${!names[@]}"; do
			echo "if (!strcmp(argv[1], \"${names[i]}\")) return main_$i(argc - 1, argv + 1);"
		done
		echo 'return 99; }'
	} >all.c
	# shellcheck disable=SC2046 # flags are words
	"${compilers[-1]}" all.c "${names[@]/%/.o}" $(pkg-config --libs pfnstorm) -o all || wrong "does not link"
}

# check NAME COMMAND...: fails as the tool says it must.
check() {
	local name=$1 line
	shift
	"$@" >"$name.out"
	[ $? -eq 1 ] || wrong "$name: expected status 1"
	"$pfnstorm" replay "$name.token" >"$name.replay"
	line=$(sed -n 2p "$name.replay")
	grep -qxF -- "$line" "$name.out" || wrong "$name: '$line' is not what it says: $(tail -3 "$name.out")"
	grep -qF "hash $(sed -n 's/^hash \([0-9a-f]*\),.*/\1/p' "$name.replay")" "$name.out" || wrong "$name: another run"
	[ "$(tail -n 1 "$name.out")" = "same signature" ] || wrong "$name: $(tail -n 1 "$name.out")"
}

# expect STATUS FILE TEXT COMMAND...
expect() {
	local status=$1 file=$2 text=$3 got
	shift 3
	"$@" >out 2>err
	got=$?
	[ "$got" -eq "$status" ] || wrong "$*: expected status $status, got $got"
	grep -qF -- "$text" "$file" || wrong "$*: expected '$text', got: $(tail -n 1 "$file")"
}

for folder in "$known"/*/; do
	name=$(basename "$folder")
	head -n 1 "$folder/token" >"$name.token"
	"$pfnstorm" export --c "$name.token" -o "$name.c" 2>"$name.err" || { wrong "$name: $(cat "$name.err")"; continue; }
	add "$name"
done
bugs=("${names[@]}")
[ "${#bugs[@]}" -ge 20 ] || wrong "only ${#bugs[@]} known bugs"
# What is no longer as it was exported.
sed 's/mem_map_cleared}"/mem_map_gone}"/' compaction-oops.c >signature.c
sed 's/freepage_checked #1",/freepage_checked #1000",/' compaction-oops.c >drift.c
sed 's/"switch walker/"swich walker/' compaction-oops.c >bad.c
for name in signature drift bad; do
	add "$name"
done
link
for name in "${bugs[@]}"; do
	check "$name" ./all "$name"
done
expect 4 out "another failure: expected oops: " ./all signature
expect 3 out "not reproduced: drift: entry 1" ./all drift
expect 2 err "'schedule swich walker -> remover at compaction.freepage_checked #1': expected " ./all bad

"$pfnstorm" export --c compaction-oops.token >repro.c 2>err
command=$(sed -n 's/^ \*   \(cc .*\) && .*/\1/p' repro.c)
command -v cc >/dev/null || command=${command/cc/${compilers[0]}}
bash -c "$command" || wrong "failed: $command"
check compaction-oops ./repro
expect 1 out "remover (CPU 1) runs: offline block=4" ./repro
expect 1 out "walker (CPU 0) is preempted at compaction.freepage_checked 312 #1, in compact zone=Normal" ./repro
expect 0 out "not reproduced: every law held" ./repro pfn_walk=rcu
expect 2 err "'pfn_walk=rcx': " ./repro pfn_walk=rcx
[ "$failed" -ne 0 ] || echo "${#bugs[@]} known bugs fail as C programs, as they do in the tool (${compilers[*]})"
exit "$failed"
