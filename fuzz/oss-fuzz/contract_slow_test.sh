#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh in the environment that OSS-Fuzz documents. One configuration is built whole, moved away from its sources and
# checked as OSS-Fuzz does; of the other five there are objects of each kind, and what the flags made of them. Everything of
# all of them takes a quarter of an hour: ./dev oss-fuzz.
set -eu
# shellcheck source=fuzz/oss-fuzz/emulate.sh
. "$PFNSTORM_SOURCE_DIR/fuzz/oss-fuzz/emulate.sh"

scratch_folder=$(mktemp -d)
trap 'rm -rf "$scratch_folder"' EXIT
failed=0

for pair in "undefined libfuzzer" "memory libfuzzer" "address afl" "undefined afl" "memory afl"; do
	read -r sanitizer engine <<<"$pair"
	folder=$scratch_folder/$engine-$sanitizer
	wanted=$(sample_objects)
	[ "$pair" != "address afl" ] || wanted=$(sample_objects afl)
	OSS_FUZZ_NINJA=$(echo "$wanted" | tr '\n' ' ') emulate_build "$folder" "$sanitizer" "$engine" || { failed=1; continue; }
	check_sample "$folder" "$sanitizer" "$engine" || failed=1
	[ "$pair" != "address afl" ] || check_glue "$folder" "$sanitizer" "$engine" || failed=1
	rm -rf "$folder"
done

# What cannot be built says what could be.
for variable in ARCHITECTURE=i386 SANITIZER=thread FUZZING_ENGINE=centipede; do
	if env SRC="$PFNSTORM_SOURCE_DIR/.." ARCHITECTURE=x86_64 SANITIZER=address FUZZING_ENGINE=libfuzzer CC=clang $variable \
		bash -eu "$PFNSTORM_SOURCE_DIR/fuzz/oss-fuzz/build.sh" >"$scratch_folder/log" 2>&1; then
		echo "$variable was accepted" >&2
		failed=1
	fi
	grep -q "${variable#*=}: expected " "$scratch_folder/log" || { cat "$scratch_folder/log" >&2; failed=1; }
done

folder=$scratch_folder/libfuzzer-address
if emulate_build "$folder" address libfuzzer; then
	emulate_move "$folder"
	check_out "$folder/moved" address libfuzzer some || failed=1
	# What is found there is replayed here: a run is the same run.
	for program in fuzz_race fuzz_sequence; do
		if ! diff <(PFNSTORM_SELF_TEST=20 "$PFNSTORM_BIN_DIR/$program" 2>"$scratch_folder/log") \
			<(PFNSTORM_SELF_TEST=20 "$folder/moved/$program" 2>"$scratch_folder/log"); then
			echo "$program runs otherwise than that of the preset" >&2
			failed=1
		fi
	done
else
	failed=1
fi
exit $failed
