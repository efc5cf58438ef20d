# SPDX-License-Identifier: MIT
# ./dev fuzz

fuzz_targets() {
	local file
	for file in fuzz/targets/*.c; do
		basename "$file" .c
	done | paste -s -d ' '
}

dev_fuzz() {
	local target=${1:-} seeds=()
	[ -n "$target" ] || bad_usage "fuzz: expected a target, one of: $(fuzz_targets)"
	shift
	[ -f "fuzz/targets/$target.c" ] || bad_usage "fuzz: unknown target '$target': expected one of: $(fuzz_targets)"
	dev_setup --quiet
	configure_and_build fuzz "fuzz_$target"
	# libFuzzer adds to its first folder and only reads the others.
	mkdir -p "build/corpus/$target" crashes/found
	[ ! -d "corpus/$target" ] || seeds=("corpus/$target")
	PFNSTORM_CRASH_DIR=${PFNSTORM_CRASH_DIR-crashes/found} exec "build/fuzz/bin/fuzz_$target" \
		-artifact_prefix=crashes/found/ "$@" "build/corpus/$target" "${seeds[@]}"
}
