# SPDX-License-Identifier: MIT
# Shared by the commands of ./dev. Sourced with the repository as working directory.

PRESETS="release asan tsan msan fuzz afl coverage asan-clang14"
# Two compilers at once need about 1 GB; more than the processors only gets in its own way.
JOBS=${JOBS:-$(nproc)}

say() {
	printf '== %s\n' "$*" >&2
}

die() {
	printf 'dev: %s\n' "$*" >&2
	exit "${2:-1}"
}

bad_usage() {
	printf 'dev: %s\n' "$*" >&2
	exit 2
}

# Options of cmake for every preset that is configured, one a word.
CONFIGURE_OPTIONS=()

# configure_and_build PRESET [NINJA TARGET...]. On a terminal the build is shown, elsewhere its log only if it fails.
configure_and_build() {
	local preset=$1 log=build/$1.log
	shift
	mkdir -p build
	say "building $preset"
	# Presets set all their variables again at each configuration, so what an earlier one was told does not stay.
	cmake --preset "$preset" "${CONFIGURE_OPTIONS[@]}" >"$log" 2>&1 || { cat "$log" >&2; die "configuring $preset failed"; }
	if [ -t 1 ]; then
		ninja -C "build/$preset" -j "$JOBS" "$@"
	else
		ninja -C "build/$preset" -j "$JOBS" "$@" >"$log" 2>&1 || { cat "$log" >&2; die "building $preset failed"; }
	fi
}
