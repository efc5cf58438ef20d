# SPDX-License-Identifier: MIT
# Sourced: OSS-Fuzz's builder and its checks, as documented, without its images. For a test and for ./dev oss-fuzz.
#
#   emulate_build FOLDER SANITIZER ENGINE    runs build.sh as the builder does; FOLDER gets src, objects, out and build.log
#   emulate_move FOLDER                      as bots have it: another place, and no sources
#   check_out FOLDER SANITIZER ENGINE [SOME] what check_build looks at, and what the documentation demands; "some": the
#                                            slow ones only of one target
#   sample_objects [ENGINE]                  for OSS_FUZZ_NINJA: objects of each kind, and an engine's glue
#   check_sample FOLDER SANITIZER ENGINE     what flags made of them
#
# Each returns 1 after it has said on stderr what is wrong. PFNSTORM_SOURCE_DIR is the tree.

# The newest clang++ beside the clang that presets use, and AFL++ as Debian has it.
emulate_clang() {
	local version
	for version in $(seq 40 -1 14); do
		if command -v "clang++-$version" >/dev/null && compgen -G \
			"$("clang-$version" -print-resource-dir)/lib/*/libclang_rt.fuzzer*.a" >/dev/null; then
			echo "$version"
			return
		fi
	done
}

# emulate_environment SANITIZER ENGINE: what the builder exports. The lists of flags are facts of its image.
emulate_environment() {
	local undefined=array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return
	local flags coverage version
	undefined=$undefined,returns-nonnull-attribute,shift,signed-integer-overflow,unreachable,vla-bound,vptr
	version=$(emulate_clang)
	coverage=-fsanitize=fuzzer-no-link
	export CC=clang-$version CXX=clang++-$version LIB_FUZZING_ENGINE=-fsanitize=fuzzer
	export SANITIZER=$1 FUZZING_ENGINE=$2 FUZZING_LANGUAGE=c ARCHITECTURE
	ARCHITECTURE=$(uname -m)
	case $1 in
	address) flags="-fsanitize=address -fsanitize-address-use-after-scope" ;;
	undefined)
		flags="-fsanitize=$undefined,unsigned-integer-overflow -fno-sanitize-recover=$undefined"
		[ "$ARCHITECTURE" = x86_64 ] || flags=${flags//function,/}
		;;
	memory) flags="-fsanitize=memory -fsanitize-memory-track-origins" ;;
	coverage)
		flags=
		coverage="-fprofile-instr-generate -fcoverage-mapping -pthread -Wl,--no-as-needed -Wl,-ldl -Wl,-lm"
		coverage="$coverage -Wno-unused-command-line-argument"
		;;
	esac
	if [ "$2" = afl ]; then
		coverage=
		# Where the library lies is a path, and the driver's name none that the compiler knows.
		cp /usr/lib/afl/libAFLDriver.a "$WORK/libFuzzingEngine.a"
		export CC=afl-clang-fast CXX=afl-clang-fast++ LIB_FUZZING_ENGINE=$WORK/libFuzzingEngine.a AFL_QUIET=1
	fi
	CFLAGS="-O1 -fno-omit-frame-pointer -gline-tables-only -Wno-error=incompatible-pointer-types"
	CFLAGS="$CFLAGS -Wno-error=int-conversion -Wno-unknown-warning-option"
	export CFLAGS="$CFLAGS -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION $flags $coverage"
	export CXXFLAGS="$CFLAGS"
}

# Only what belongs to the sources, and no link into them.
emulate_sources() {
	mkdir -p "$1"
	(cd "$PFNSTORM_SOURCE_DIR" && tar -c --exclude=./build --exclude=./.git --exclude=./crashes/found .) | tar -x -C "$1"
}

emulate_build() {
	local folder=$1
	rm -rf "$folder"
	mkdir -p "$folder/src" "$folder/objects" "$folder/out"
	folder=$(readlink -f "$folder")
	emulate_sources "$folder/src/pfnstorm"
	# The image starts where the Dockerfile says, with the script copied to the top.
	cp "$folder/src/pfnstorm/fuzz/oss-fuzz/build.sh" "$folder/src/build.sh"
	(
		export SRC=$folder/src WORK=$folder/objects OUT=$folder/out
		unset MAKEFLAGS CMAKE_GENERATOR
		emulate_environment "$2" "$3"
		cd "$SRC/pfnstorm" && bash -eu "$SRC/build.sh"
	) >"$folder/build.log" 2>&1 || {
		tail -n 30 "$folder/build.log" >&2
		echo "oss-fuzz: $3-$2: build.sh failed" >&2
		return 1
	}
}

emulate_move() {
	rm -rf "$1/src" "$1/objects" "$1/moved"
	mv "$1/out" "$1/moved"
}

# ---- checks ------------------------------------------------------------------------------------------------------

# bad TEXT: what is wrong, and the log that shows it.
bad() {
	echo "oss-fuzz: $where: $*" >&2
	[ ! -s "$scratch/log" ] || tail -n 15 "$scratch/log" >&2
	wrong=1
}

# As a bot runs it: an environment of its own, an unrelated working directory, a limit.
bot() {
	(cd / && timeout 120 env -i PATH="$PATH" HOME=/nonexistent TMPDIR="$scratch" \
		ASAN_OPTIONS="$asan_options" MSAN_OPTIONS="$san_options" UBSAN_OPTIONS="$san_options:silence_unsigned_overflow=1" \
		"$@") >"$scratch/log" 2>&1
}

count_calls() {
	grep -cE "(call|callq|bl) +[0-9a-f]+ <__$1" "$scratch/code" || :
}

# Calls of each sanitizer, as many or as few as check_build wants. AFL++'s own runtime asks ASan whether there is memory;
# OSS-Fuzz, which runs AFL++ with ASan only, does not look at that.
check_sanitizer() {
	local asan msan ubsan engines=0
	[ "$engine" != afl ] || engines=50
	objdump -d "$1" >"$scratch/code"
	asan=$(count_calls asan)
	msan=$(count_calls msan)
	ubsan=$(count_calls ubsan)
	: >"$scratch/log"
	[ "$sanitizer" = address ] || [ "$asan" -le $engines ] || bad "$asan calls of ASan"
	[ "$sanitizer" != address ] || [ "$asan" -ge 1000 ] || bad "only $asan calls of ASan"
	[ "$sanitizer" = memory ] || [ "$msan" -le 3 ] || bad "$msan calls of MSan"
	[ "$sanitizer" != memory ] || [ "$msan" -ge 1000 ] || bad "only $msan calls of MSan"
	[ "$sanitizer" = undefined ] || [ "$ubsan" -le 200 ] || bad "$ubsan calls of UBSan"
	[ "$sanitizer" != undefined ] || [ "$ubsan" -ge 168 ] || bad "only $ubsan calls of UBSan"
}

# The C library's family only; the engine brings libstdc++ and libgcc_s where the builder has libc++ in the program.
check_libraries() {
	local library
	for library in $(ldd "$1" | sed -n 's/^[ \t]*\([^ ]*\).*/\1/p'); do
		case ${library##*/} in
		linux-vdso.so.* | ld-linux*.so.* | libc.so.6 | libm.so.6 | libdl.so.2 | librt.so.1 | libpthread.so.0) ;;
		libresolv.so.2 | libstdc++.so.6 | libgcc_s.so.1) ;;
		*) bad "needs $library" ;;
		esac
	done
	! ldd "$1" | grep -q 'not found' || bad "a library is not found"
}

check_libfuzzer() {
	local program=$1 edges
	bot "$program" -seed=1337 -runs=4 $options || bad "ends with status $? when it is started"
	grep -q 'Done 4 runs' "$scratch/log" || bad "does not run 4 inputs"
	! grep -q 'ERROR: no interesting inputs' "$scratch/log" || bad "has no coverage"
	edges=$(sed -n 's/^INFO: Loaded .*(.*counters): \([0-9]*\).*/\1/p' "$scratch/log" | head -n 1)
	[ "${edges:-0}" -ge 100 ] || bad "only ${edges:-0} edges"
	bot "$program" -rss_limit_mb=2560 -timeout=25 -runs=0 $options -dict="$program.dict" "$scratch/seeds" ||
		bad "a seed fails, or the dictionary"
	bot "$program" $options "$scratch/nothing" || bad "fails with no input"
}

check_afl() {
	local program=$1
	bot "$program" "$scratch/nothing" || bad "fails with no input"
	bot "$program" "$scratch"/seeds/* || bad "a seed fails"
	[ -n "$slow" ] || return 0
	rm -rf "$scratch/afl" "$scratch/few"
	mkdir "$scratch/few"
	find "$scratch/seeds" -type f | sort | head -n 3 | xargs cp -t "$scratch/few"
	bot env AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
		AFL_FORKSRV_INIT_TMOUT=30000 AFL_FAST_CAL=1 AFL_IGNORE_UNKNOWN_ENVS=1 \
		ASAN_OPTIONS="$asan_options:abort_on_error=1:symbolize=0" UBSAN_OPTIONS="$san_options:symbolize=0" \
		MSAN_OPTIONS="exit_code=86:symbolize=0:abort_on_error=1" \
		afl-fuzz -V 2 -t 5000+ -m none -i "$scratch/few" -o "$scratch/afl" -x "$program.dict" -- "$program" || :
	grep -q 'All set and ready to roll' "$scratch/log" || bad "afl-fuzz does not start"
	[ "$(sed -n 's/^execs_done *: *//p' "$scratch/afl/default/fuzzer_stats")" -ge 20 ] || bad "afl-fuzz does not run it"
}

# Address-space randomisation changes nothing: two starts and one without it run alike.
check_runs_alike() {
	local setarch
	for setarch in "" "" "setarch -R"; do
		# shellcheck disable=SC2086 # a command and its option
		bot env PFNSTORM_SELF_TEST=10 $setarch "$1" || bad "the self-test fails"
		grep -E '^[0-9]+ [0-9a-f]{16} ' "$scratch/log" >"$scratch/hashes"
		[ "$(wc -l <"$scratch/hashes")" -eq 10 ] || bad "fewer than 10 runs of the self-test"
		cat "$scratch/hashes" >>"$scratch/all-hashes"
	done
	[ "$(sort -u "$scratch/all-hashes" | wc -l)" -eq 10 ] || bad "two starts differ"
}

check_target() {
	local program=$1
	where="$engine-$sanitizer $(basename "$program")"
	: >"$scratch/log"
	[[ $(basename "$program") =~ ^[A-Za-z0-9_-]+$ ]] || bad "a name that bots do not run"
	grep -q LLVMFuzzerTestOneInput "$program" || bad "is not recognised as a target"
	readelf -h "$program" | grep -qE 'Type: +DYN' || bad "has a fixed address"
	readelf -h "$program" | grep -qiE "Machine:.*${ARCHITECTURE:-$(uname -m | tr _ -)}" || bad "of another processor"
	for file in .options .dict _seed_corpus.zip; do
		[ -s "$program$file" ] || bad "has no $file"
	done
	options=$(sed -n 's/^\([a-z_]*\) = \(.*\)/-\1=\2/p' "$program.options" | tr '\n' ' ')
	rm -rf "$scratch/seeds" "$scratch/all-hashes"
	unzip -q "${program}_seed_corpus.zip" -d "$scratch/seeds" || bad "its seeds cannot be unpacked"
	[ "$(find "$scratch/seeds" -type f | wc -l)" -ge 3 ] || bad "has fewer than 3 seeds"
	check_libraries "$program"
	"check_$fuzzer" "$program"
	[ -n "$slow" ] || return 0
	[ "$sanitizer" = coverage ] || check_sanitizer "$program"
	case $program in *_race | *_sequence) check_runs_alike "$program" ;; esac
}

# The targets of the tree, whose programs are "fuzz_NAME".
wanted_targets() {
	local file
	for file in "$PFNSTORM_SOURCE_DIR"/fuzz/targets/*.c; do
		echo "fuzz_$(basename "$file" .c)"
	done
	sed -n 's/^TARGET(\([a-z]*\),.*/fuzz_\1/p' "$PFNSTORM_SOURCE_DIR/fuzz/targets.def"
}

check_out() {
	local folder sanitizer=$2 engine=$3 scratch wrong=0 program where options slow=yes file fuzzer=$3
	local asan_options=alloc_dealloc_mismatch=0:allocator_may_return_null=1:detect_leaks=1:detect_odr_violation=0
	local san_options=print_stacktrace=1:print_summary=1:symbolize=0
	asan_options=$asan_options:detect_stack_use_after_return=1:handle_abort=1:handle_segv=1:handle_sigill=1
	asan_options=$asan_options:use_sigaltstack=1:max_uar_stack_size_log=16:quarantine_size_mb=10:symbolize=0
	folder=$(readlink -f "$1")
	scratch=$(mktemp -d)
	: >"$scratch/nothing"
	where="$engine-$sanitizer"
	diff <(wanted_targets | sort) <(cd "$folder" && find . -maxdepth 1 -type f -perm -u+x | sed 's/^..//' | sort) \
		>"$scratch/log" || bad "other targets than the tree has"
	while read -r program; do
		[ ! -x "$folder/$program" ] || check_target "$folder/$program"
		[ "${4:-}" != some ] || slow=
	done < <(echo fuzz_race; wanted_targets | grep -vx fuzz_race)
	rm -rf "$scratch"
	return $wrong
}

# ---- samples: instead of a whole build -----------------------------------------------------------------------------

sample_core=core/CMakeFiles/core-fiber.dir/mm/pcp.c.o
sample_reader=fuzz/CMakeFiles/pfn-fuzz.dir/text.c.o
sample_plain=fuzz/CMakeFiles/pfn-fuzz.dir/runner.c.o

sample_objects() {
	echo "$sample_core $sample_reader $sample_plain"
	[ $# -eq 0 ] || (cd "$PFNSTORM_SOURCE_DIR/fuzz" && printf 'fuzz/CMakeFiles/fuzz_blocks.dir/%s.o\n' targets/blocks.c \
		engine/engine*.c "engine/$1.c")
}

# has OBJECT NAME, lacks OBJECT NAME: calls, by the names the compiler gives them; or sections.
has() {
	grep -q "$2" "$scratch/$(basename "$1").names" || bad "$1 has no $2"
}

lacks() {
	! grep -q "$2" "$scratch/$(basename "$1").names" || bad "$1 has $2"
}

check_sample() {
	local folder=$1 sanitizer=$2 engine=$3 scratch wrong=0 object where=$3-$2 edges=__sancov_cntrs calls
	scratch=$(mktemp -d)
	case $sanitizer in
	address) calls=__asan_report ;;
	undefined) calls=__ubsan_handle ;;
	memory) calls=__msan_ ;;
	esac
	[ "$engine" != afl ] || edges=__sancov_guards
	for object in $sample_core $sample_reader $sample_plain; do
		{ nm "$folder/objects/build/$object"; readelf -SW "$folder/objects/build/$object"; } \
			>"$scratch/$(basename "$object").names"
		has $object $calls
	done
	has $sample_core __sanitizer_cov_load4
	has $sample_core __sanitizer_cov_store4
	has $sample_core $edges
	lacks $sample_core __sanitizer_cov_trace_cmp
	lacks $sample_core __sancov_lowest_stack
	lacks $sample_core __ubsan_handle_type_mismatch
	has $sample_reader $edges
	lacks $sample_reader __sanitizer_cov_load
	[ "$engine" = afl ] || has $sample_reader __sanitizer_cov_trace_c
	lacks $sample_plain __sancov
	lacks $sample_plain __sanitizer_cov
	rm -rf "$scratch"
	return $wrong
}

# The engine's library and our glue for it: neither defines what is the other's. What is in our libraries stays open.
check_glue() {
	local folder=$1 objects
	objects=$(find "$folder/objects/build/fuzz/CMakeFiles/fuzz_blocks.dir" -name '*.o')
	(
		export WORK=$folder/objects
		emulate_environment "$2" "$3"
		# shellcheck disable=SC2086 # words
		"$CXX" $CXXFLAGS -fuse-ld=lld -pie -Wl,--unresolved-symbols=ignore-all $objects "$LIB_FUZZING_ENGINE" \
			-o "$folder/objects/glue"
	) >"$folder/glue.log" 2>&1 && nm "$folder/objects/glue" | grep -q ' W main$' && return
	cat "$folder/glue.log" >&2
	echo "oss-fuzz: $3-$2: our glue does not fit the engine" >&2
	return 1
}
