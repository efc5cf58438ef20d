# SPDX-License-Identifier: MIT
# ./dev oss-fuzz: fuzz/oss-fuzz/build.sh in the environment that OSS-Fuzz documents, for each engine and sanitizer, and
# OSS-Fuzz's checks of what it made. The test of CI does so for one pair and looks at objects of the others.

OSS_FUZZ=build/oss-fuzz

# dev_oss_fuzz_pair SANITIZER ENGINE
dev_oss_fuzz_pair() {
	local folder=$OSS_FUZZ/$2-$1 started=$SECONDS
	say "oss-fuzz: $2, $1"
	(
		PFNSTORM_SOURCE_DIR=$PWD
		# shellcheck source=fuzz/oss-fuzz/emulate.sh
		. fuzz/oss-fuzz/emulate.sh
		emulate_build "$folder" "$1" "$2"
		emulate_move "$folder"
		check_out "$folder/moved" "$1" "$2"
	) || return 1
	say "oss-fuzz: $2, $1: $(find "$folder/moved" -name '*_seed_corpus.zip' | wc -l) targets keep the contract" \
		"($((SECONDS - started)) s, $(du -sm "$folder/moved" | cut -f 1) MiB)"
}

dev_oss_fuzz() {
	local pair pairs="address-libfuzzer undefined-libfuzzer memory-libfuzzer coverage-libfuzzer address-afl undefined-afl
		memory-afl" status=0
	[ $# -eq 0 ] || pairs=$*
	for pair in $pairs; do
		[[ $pair =~ ^(address|undefined|memory)-(libfuzzer|afl)$|^coverage-libfuzzer$ ]] ||
			bad_usage "oss-fuzz: '$pair': expected SANITIZER-ENGINE, such as memory-afl"
	done
	dev_setup --quiet
	mkdir -p $OSS_FUZZ
	for pair in $pairs; do
		dev_oss_fuzz_pair "${pair%-*}" "${pair#*-}" || status=1
	done
	[ $status -ne 0 ] || say "oss-fuzz: every check passed; the programs are in $OSS_FUZZ/*/moved"
	return $status
}
