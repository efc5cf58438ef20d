#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Every fuzz target into $OUT, with its seeds, dictionary and options: what OSS-Fuzz and ClusterFuzzLite run in their
# builder image, where the sources are in $SRC/pfnstorm. How far their flags are honoured: README.md beside this file.
#
# OSS_FUZZ_NINJA names other things to build (objects, for a test); then nothing is put into $OUT.
source=$SRC/pfnstorm
here=$source/fuzz/oss-fuzz

case $ARCHITECTURE in
x86_64 | aarch64) ;;
*) echo "pfnstorm: $ARCHITECTURE: expected x86_64 or aarch64 (fibers and the arena need 64 bits)" >&2; exit 1 ;;
esac
case $SANITIZER in
address | undefined | memory | coverage | none) ;;
*) echo "pfnstorm: $SANITIZER: expected address, undefined, memory, coverage or none" >&2; exit 1 ;;
esac
# AFL++'s compiler replaces the callbacks that are the scheduling points, so the clang behind it compiles; both link.
compiler=$CC
case $FUZZING_ENGINE in
libfuzzer) ;;
afl) compiler=$("$CC" -print-prog-name=clang) ;;
*) echo "pfnstorm: $FUZZING_ENGINE: expected libfuzzer or afl" >&2; exit 1 ;;
esac

bases() {
	local file
	for file in "$source"/fuzz/targets/*.c; do
		basename "$file" .c
	done
}

# Lines "NAME BASE": each target, and the one whose program it is.
targets() {
	bases | sed 's/.*/& &/'
	sed -n 's/^TARGET(\([a-z]*\), \([a-z]*\),.*/\1 \2/p' "$source/fuzz/targets.def"
}

build() {
	local wanted
	read -r -a wanted <<<"${OSS_FUZZ_NINJA:-$(bases | sed 's/^/fuzz_/' | tr '\n' ' ')}"
	cmake -S "$source" -B "$WORK/build" -G Ninja -DCMAKE_C_COMPILER="$compiler" -DPFNSTORM_PRESET=oss-fuzz \
		-DPFNSTORM_TESTS='^$' -DPFNSTORM_PARTS=OFF -DPFNSTORM_WERROR=OFF -DPFNSTORM_ENGINE="$LIB_FUZZING_ENGINE" \
		-DPFNSTORM_ENGINE_GLUE="$FUZZING_ENGINE" -DPFNSTORM_ENGINE_LINKER="$CXX $CXXFLAGS"
	ninja -C "$WORK/build" "${wanted[@]}"
}

# seed NAME FILE: into the folder of the target's seeds, named as OSS-Fuzz asks.
seed() {
	cp "$2" "$WORK/seeds/$1/$(sha1sum "$2" | cut -d ' ' -f 1)"
}

# The binary of each known bug's token: the reader is what is fuzzed.
token_seeds() {
	local file text
	for file in "$source"/crashes/known/*/token; do
		text=$(sed -n '1{s/^pfn1://;s/\..*//;p}' "$file" | tr -- '-_' '+/')
		while [ $((${#text} % 4)) -ne 0 ]; do
			text="$text="
		done
		base64 -d <<<"$text" >"$WORK/seed"
		seed token "$WORK/seed"
	done
}

seeds() {
	local name=$1 folder file
	rm -rf "$WORK/seeds/$name"
	mkdir -p "$WORK/seeds/$name"
	case $name in
	token) token_seeds ;;
	scenario) set -- bench planted sequence ;;
	esac
	for folder in "$@"; do
		for file in "$source/corpus/$folder"/*; do
			[ ! -f "$file" ] || seed "$name" "$file"
		done
	done
	rm -f "$OUT/fuzz_${name}_seed_corpus.zip"
	(cd "$WORK/seeds/$name" && zip -q -X "$OUT/fuzz_${name}_seed_corpus.zip" -- *)
}

package() {
	local name base
	while read -r name base; do
		# A copy: the program looks at its name, and not everything that carries $OUT about keeps links.
		cp "$WORK/build/bin/fuzz_$base" "$OUT/fuzz_$name"
		cp "$here/$base.options" "$OUT/fuzz_$name.options"
		if [ -f "$source/fuzz/targets/$base.dict" ]; then
			cp "$source/fuzz/targets/$base.dict" "$OUT/fuzz_$name.dict"
		else
			awk -f "$here/words.awk" "$source"/core/*.def >"$OUT/fuzz_$name.dict"
		fi
		seeds "$name"
	done < <(targets)
}

build
[ -n "${OSS_FUZZ_NINJA:-}" ] || package
