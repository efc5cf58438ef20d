# SPDX-License-Identifier: MIT
# Helpers of the shell tests of this folder: a scratch directory, and checks that print what went wrong.
set -u
pfnstorm=$PFNSTORM_BIN_DIR/pfnstorm
known=$PFNSTORM_SOURCE_DIR/crashes/known/compaction-oops
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failed=0

# run STATUS COMMAND...: its output is in $scratch/out and $scratch/err.
run() {
	local wanted=$1 status
	shift
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
	if [ "$status" != "$wanted" ]; then
		echo "expected status $wanted, got $status: $*"
		sed 's/^/  out: /' "$scratch/out" | head -5
		sed 's/^/  err: /' "$scratch/err" | head -5
		failed=1
	fi
}

# has FILE TEXT: the output contains the text.
has() {
	if ! grep -qF -- "$2" "$scratch/$1"; then
		echo "expected '$2' in std$1, got:"
		sed 's/^/  /' "$scratch/$1" | head -20
		failed=1
	fi
}

lacks() {
	if grep -qF -- "$2" "$scratch/$1"; then
		echo "did not expect '$2' in std$1"
		failed=1
	fi
}

# nothing_written: the scratch directory holds nothing but the outputs and the files named.
nothing_written() {
	local file
	for file in "$scratch"/* "$scratch"/.[!.]*; do
		[ -e "$file" ] || continue
		case " out err $* " in
		*" ${file##*/} "*) ;;
		*)
			echo "unexpected file: ${file##*/}"
			failed=1
			;;
		esac
	done
}
