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

# configure_and_build PRESET [NINJA TARGET...]
configure_and_build() {
	local preset=$1 log
	shift
	log=build/$preset.log
	mkdir -p build
	say "building $preset"
	if [ ! -f "build/$preset/build.ninja" ]; then
		cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; die "configuring $preset failed"; }
	fi
	if [ -t 1 ]; then
		ninja -C "build/$preset" -j "$JOBS" "$@"
	else
		ninja -C "build/$preset" -j "$JOBS" "$@" >"$log" 2>&1 || { cat "$log" >&2; die "building $preset failed"; }
	fi
}
