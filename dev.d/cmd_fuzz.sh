# SPDX-License-Identifier: MIT
# ./dev fuzz

fuzz_targets() {
	local file
	{
		for file in fuzz/targets/*.c jobs/targets/*.c; do
			basename "$file" .c
		done
		sed -n 's/^TARGET(\([a-z]*\),.*/\1/p' fuzz/targets.def
	} | paste -s -d ' '
}

# The target whose program it is: its own, or that of a row of fuzz/targets.def.
fuzz_base() {
	if [ -f "fuzz/targets/$1.c" ] || [ -f "jobs/targets/$1.c" ]; then
		echo "$1"
	else
		sed -n "s/^TARGET($1, \([a-z]*\),.*/\1/p" fuzz/targets.def
	fi
}

dev_fuzz() {
	local target=${1:-} seeds=() base
	[ -n "$target" ] || bad_usage "fuzz: expected a target, one of: $(fuzz_targets)"
	shift
	case $target in *[!a-z]*) base= ;; *) base=$(fuzz_base "$target") ;; esac
	[ -n "$base" ] || bad_usage "fuzz: unknown target '$target': expected one of: $(fuzz_targets)"
	dev_setup --quiet
	configure_and_build fuzz "fuzz_$base"
	# libFuzzer adds to its first folder and only reads the others.
	mkdir -p "build/corpus/$target" crashes/found
	[ ! -d "corpus/$target" ] || seeds=("corpus/$target")
	[ ! -f "fuzz/targets/$target.dict" ] || set -- "-dict=fuzz/targets/$target.dict" "$@"
	PFNSTORM_CRASH_DIR=${PFNSTORM_CRASH_DIR-crashes/found} exec "build/fuzz/bin/fuzz_$target" \
		-artifact_prefix=crashes/found/ "$@" "build/corpus/$target" "${seeds[@]}"
}
