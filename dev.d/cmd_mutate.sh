# SPDX-License-Identifier: MIT
# ./dev mutate: do the tests notice when a lock, a barrier, a re-check or an order is missing?
#
# One build holds all mutants (dev.d/mutants.awk writes the copy, dev.d/mutant.h chooses one at run time). Each goes
# through the tests in the order of what they find per second, until one notices it.

MUTATE=build/mutate
MUTATE_BIN=$MUTATE/src/build/release

# The files of core that have something to take away.
mutate_files() {
	local file
	for file in core/mm/*.c core/range/*.c core/hotplug/*.c; do
		case $file in
		*_test.c | */testing.c) ;;
		*) echo "$file" ;;
		esac
	done
}

# All mutants, a line each: id, file, number in the file, line, operator, function, text.
mutate_list() {
	local file
	mutate_files | while read -r file; do
		awk -f dev.d/mutants.awk "$file" | sed "s|^|$file\t|"
	done | awk '{ print NR "\t" $0 }'
}

# A tree of its own: the sources here are never touched. A file is written only if its content is another: by the times of
# files alone, what changed here while a run was building would not be built again.
mutate_copy() {
	local src=$MUTATE/src next=$MUTATE/next file base
	rm -rf "$next" && mkdir -p "$src" "$next"
	tar -cf - --exclude=./build --exclude=./.git --exclude=./crashes/found . | tar -xf - -C "$next"
	cp dev.d/mutant.h dev.d/mutant.c "$next/core/rt/"
	cut -f 2 "$MUTATE/all" | sort -u | while read -r file; do
		base=$(awk -F '\t' -v file="$file" '$2 == file { print $1 - 1; exit }' "$MUTATE/all")
		awk -v schema="$base" -f dev.d/mutants.awk "$file" >"$next/$file"
	done
	(cd "$next" && find . -type f | LC_ALL=C sort) >"$MUTATE/files"
	(cd "$src" && find . -path ./build -prune -o -type f -print | LC_ALL=C sort) | LC_ALL=C comm -13 "$MUTATE/files" - |
		while read -r file; do rm "$src/$file"; done
	while read -r file; do
		cmp -s "$next/$file" "$src/$file" || { mkdir -p "$(dirname "$src/$file")" && cp "$next/$file" "$src/$file"; }
	done <"$MUTATE/files"
}

mutate_build() {
	say "building the tree that has all mutants"
	(cd "$MUTATE/src" && cmake --preset release -DPFNSTORM_WERROR=OFF -DPFNSTORM_LIBFUZZER=OFF \
		-DPFNSTORM_BENCHMARKS=OFF -DPFNSTORM_PARTS=OFF -DPFNSTORM_TESTS='^(core_.*|fuzz_corpus)_test[.]c$' \
		-DCMAKE_C_FLAGS="-include $PWD/core/rt/mutant.h" && ninja -C build/release -j "$JOBS") \
		>"$MUTATE/build.log" 2>&1 || die "$MUTATE/src does not build: see $MUTATE/build.log"
}

# Unit tests, those of threads excepted: name, seconds it may take, which mutants it reaches in $MUTATE/reach/NAME.
mutate_baseline() {
	local test name started spent
	say "running the tests without a mutant"
	rm -rf "$MUTATE/reach" && mkdir "$MUTATE/reach"
	: >"$MUTATE/units"
	# The one of fuzz/ holds the order of failures that were mended.
	for test in "$MUTATE_BIN"/tests/core_*_test "$MUTATE_BIN/tests/fuzz_corpus_test"; do
		name=${test##*/}
		case $name in *_thread_test | core_check_clean_test) continue ;; esac
		rm -f "$MUTATE/map"
		started=$(date +%s%N)
		PFNSTORM_MUTANTS_REACHED=$MUTATE/map PFNSTORM_SOURCE_DIR=$PWD/$MUTATE/src timeout 300 "$test" >"$MUTATE/log" 2>&1 ||
			die "$name fails without a mutant: see $MUTATE/log"
		spent=$((($(date +%s%N) - started) / 1000000))
		[ ! -f "$MUTATE/map" ] || od -An -v -tu1 -w1 "$MUTATE/map" | awk '$1 { print NR - 1 }' >"$MUTATE/reach/$name"
		printf '%d\t%d\t%s\n' "$spent" $((spent / 200 + 10)) "$name" >>"$MUTATE/units"
	done
	sort -n "$MUTATE/units" -o "$MUTATE/units"
	rm -f "$MUTATE/map"
	echo 0 | PFNSTORM_MUTANTS_REACHED=$MUTATE/map mutate_drive "$1" 1 >"$MUTATE/baseline" || die "the driver does not run"
	od -An -v -tu1 -w1 "$MUTATE/map" | awk '$1 { print NR - 1 }' >"$MUTATE/reach/driver"
	grep -q silent "$MUTATE/baseline" || die "scenarios fail without a mutant: $(cat "$MUTATE/baseline")"
}

# mutate_drive SECONDS SEED: ids in; id, how it ended, runs, seconds and what was seen out.
mutate_drive() {
	mkdir -p "$MUTATE/seen"
	"$MUTATE_BIN/bin/mutant_driver" "$MUTATE/src/corpus" "$1" "$2" "$MUTATE/seen" 2>>"$MUTATE/driver.log"
}

# mutate_units ID MIN MAX: the unit tests that take MIN to MAX ms and reach it; prints the one that notices it.
mutate_units() {
	local id=$1 spent limit name
	while IFS=$'\t' read -r spent limit name; do
		if [ "$spent" -lt "$2" ] || [ "$spent" -ge "$3" ] || ! grep -qxs "$id" "$MUTATE/reach/$name"; then
			continue
		fi
		PFNSTORM_MUTANT=$id PFNSTORM_SOURCE_DIR=$PWD/$MUTATE/src timeout "$limit" "$MUTATE_BIN/tests/$name" \
			>"$MUTATE/log" 2>&1 || { echo "$name" && return; }
	done <"$MUTATE/units"
}

# The reason on record why nothing notices it: dev.d/mutants.reasons has file, operator, function, text and reason.
mutate_reason() {
	awk -F '\t' -v id="$1" 'NR == FNR { if ($1 == id) key = $2 FS $5 FS $6 FS $7; next }
		$1 FS $2 FS $3 FS $4 == key { print $5; exit }' "$MUTATE/all" dev.d/mutants.reasons
}

mutate_ended() {
	printf '%s\t%s\n' "$1" "$2" >>"$MUTATE/ended"
	awk -F '\t' -v id="$1" -v ended="$2" '$1 == id { print $2 ":" $4 " " $5 " in " $6 "(): " ended }' "$MUTATE/all"
}

# mutate_phase NAME COMMAND...: of the mutants left, those that the command prints with a reason have been noticed.
mutate_phase() {
	local name=$1 id ended started=$SECONDS left
	shift
	left=$(wc -l <"$MUTATE/left")
	say "$name: $left mutants"
	"$@" <"$MUTATE/left" | while IFS=$'\t' read -r id ended; do
		[ -n "$ended" ] || continue
		mutate_ended "$id" "noticed: $ended"
	done
	cut -f 1 "$MUTATE/ended" | sort >"$MUTATE/done"
	sort "$MUTATE/left" | comm -23 - "$MUTATE/done" | sort -n >"$MUTATE/still" && mv "$MUTATE/still" "$MUTATE/left"
	say "$name: $((left - $(wc -l <"$MUTATE/left"))) noticed in $((SECONDS - started)) s"
}

mutate_by_scenarios() {
	local id ended runs seconds seen
	mutate_drive "$1" "$2" | while IFS=$'\t' read -r id ended runs seconds seen; do
		[ "$ended" != noticed ] || printf '%s\t%s\n' "$id" "$seen after $runs runs, $seconds s"
	done
}

mutate_by_units() {
	local id
	while read -r id; do
		printf '%s\t%s\n' "$id" "$(mutate_units "$id" "$1" "$2" </dev/null)"
	done
}

# Only a data race counts: what else threads meet may be a matter of their timing.
mutate_thread_races() {
	PFNSTORM_MUTANT=$1 TSAN_OPTIONS=halt_on_error=1 timeout 120 "$MUTATE/src/build/tsan/tests/core_check_clean_thread_test" \
		>"$MUTATE/log" 2>&1 </dev/null || true
	grep -aq 'WARNING: ThreadSanitizer' "$MUTATE/log"
}

mutate_by_threads() {
	local id
	while read -r id; do
		# Twice: threads meet rare races of their own.
		! { mutate_thread_races "$id" && mutate_thread_races "$id"; } || printf '%s\t%s\n' "$id" "core_check_clean_thread_test under TSan"
	done
}

# The same mutants on real threads. A re-check that is left out is no race.
mutate_threads() {
	say "building for threads"
	(cd "$MUTATE/src" && cmake --preset tsan -DPFNSTORM_WERROR=OFF -DPFNSTORM_TESTS='^core_check_clean_thread' \
		-DCMAKE_C_FLAGS="-include $PWD/core/rt/mutant.h" &&
		ninja -C build/tsan -j "$JOBS" core_check_clean_thread_test) >"$MUTATE/build.log" 2>&1 ||
		die "$MUTATE/src does not build for threads: see $MUTATE/build.log"
	! mutate_thread_races 0 || die "threads race without a mutant: see $MUTATE/log"
	cp "$MUTATE/left" "$MUTATE/all_left"
	awk -F '\t' 'NR == FNR { left[$1] = 1; next } ($1 in left) && $5 != "recheck" { print $1 }' "$MUTATE/all_left" \
		"$MUTATE/all" >"$MUTATE/left"
	mutate_phase "threads" mutate_by_threads
	cut -f 1 "$MUTATE/ended" | grep -vxFf - "$MUTATE/all_left" >"$MUTATE/left" || true
}

# Was the mutant's code run at all, by any test without a mutant?
mutate_survived() {
	if grep -qx "$1" "$MUTATE"/reach/*; then echo survived; else echo "not reached"; fi
}

# Those with a reason on record are let go without the long tests.
mutate_with_reason() {
	local id reason
	while read -r id; do
		reason=$(mutate_reason "$id" </dev/null)
		if [ -n "$reason" ]; then
			mutate_ended "$id" "$(mutate_survived "$id"): $reason" >&3
		else
			echo "$id"
		fi
	done 3>&1 <"$MUTATE/left" >"$MUTATE/still"
	mv "$MUTATE/still" "$MUTATE/left"
}

mutate_without_reason() {
	local id
	while read -r id; do
		mutate_ended "$id" "$(mutate_survived "$id")"
	done <"$MUTATE/left"
}

mutate_usage() {
	cat <<'TEXT'
usage: ./dev mutate [--sample N] [--seed S] [--time SECONDS] [--again] [--threads] [--list] [FILE...]

Takes locks, grace periods, orderings and re-checks of core/ away, one at a time, in a copy of the tree, and runs the core's
tests. A mutant that nothing notices is a survivor: it needs a test, a law, or a reason in dev.d/mutants.reasons. One whose
code no test runs is "not reached".
  --sample N      only N mutants, drawn by seed S (default 1)
  --time SECONDS  how long scenarios are tried on each that nothing else notices (default 10)
  --again         only those that the last run did not notice; how the others ended is kept
  --threads       those that no run on fibers notices run on threads too, under TSan
  --list          only list them; awk -v apply=NUMBER -f dev.d/mutants.awk FILE shows one
Exit status: 0 if every survivor has a reason, else 1.
TEXT
}

# Of the mutants chosen, those that the last run noticed, as they ended; ids may be others by now.
mutate_noticed_before() {
	awk -F '\t' '{ key = $2 FS $5 FS $6 FS $7 } NR == FNR { ended[key] = $8; next }
		ended[key] ~ /^noticed/ { print $1 "\t" ended[key] }' "$MUTATE/result" "$MUTATE/mutants"
}

mutate_choose() {
	local sample=$1 seed=$2
	shift 2
	if [ $# -gt 0 ]; then
		printf '%s\n' "$@" | awk -F '\t' 'NR == FNR { wanted[$1] = 1; next } $2 in wanted' - "$MUTATE/all"
	else
		cat "$MUTATE/all"
	fi >"$MUTATE/mutants"
	if [ -n "$sample" ]; then
		shuf -n "$sample" --random-source=<(yes "$seed") "$MUTATE/mutants" | sort -n >"$MUTATE/sample"
		mv "$MUTATE/sample" "$MUTATE/mutants"
	fi
}

mutate_run() {
	local time=$1 again=$2 threads=$3 started=$SECONDS total
	mutate_copy
	mutate_build
	mutate_baseline "$time"
	: >"$MUTATE/ended"
	[ -z "$again" ] || mutate_noticed_before >"$MUTATE/ended"
	cut -f 1 "$MUTATE/ended" >"$MUTATE/done"
	cut -f 1 "$MUTATE/mutants" | grep -vxFf "$MUTATE/done" >"$MUTATE/left" || true
	total=$(wc -l <"$MUTATE/left")
	mutate_phase "scenarios, a moment" mutate_by_scenarios 1 1
	mutate_phase "unit tests" mutate_by_units 0 3000
	mutate_phase "scenarios" mutate_by_scenarios "$time" 2
	[ -z "$threads" ] || mutate_threads
	mutate_with_reason
	mutate_phase "long unit tests" mutate_by_units 3000 1000000
	mutate_without_reason
	awk -F '\t' 'NR == FNR { ended[$1] = $2; next } { print $0 "\t" ended[$1] }' "$MUTATE/ended" "$MUTATE/mutants" \
		>"$MUTATE/result"
	cut -f 8 "$MUTATE/result" | sed 's/\(survived\|not reached\):.*/\1, reason on record/; s/:.*//' | sort | uniq -c
	say "$total mutants in $((SECONDS - started)) s; all in $MUTATE/result"
	! grep -q "$(printf '\t')survived\$" "$MUTATE/result"
}

dev_mutate() {
	local sample='' seed=1 time=10 list='' again='' threads='' files=()
	while [ $# -gt 0 ]; do
		case $1 in
		--sample) sample=${2:-} && shift ;;
		--seed) seed=${2:-} && shift ;;
		--time) time=${2:-} && shift ;;
		--again) again=yes ;;
		--threads) threads=yes ;;
		--list) list=yes ;;
		--help) mutate_usage && return 0 ;;
		-*) bad_usage "mutate: unexpected option '$1'" ;;
		*) [ -f "$1" ] || bad_usage "mutate: $1: no such file" && files+=("$1") ;;
		esac
		shift || bad_usage "mutate: the last option needs a value"
	done
	[[ $sample =~ ^[0-9]*$ && $seed =~ ^[0-9]+$ && $time =~ ^[1-9][0-9]*$ ]] ||
		bad_usage "mutate: --sample, --seed and --time take numbers"
	mkdir -p "$MUTATE"
	# A list may be wanted while a run goes on.
	[ -z "$list" ] || MUTATE=$(mktemp -d)
	mutate_list >"$MUTATE/all"
	mutate_choose "$sample" "$seed" "${files[@]}"
	[ -z "$list" ] || { cut -f 2- "$MUTATE/mutants" && rm -r "$MUTATE" && return 0; }
	dev_setup --quiet
	[ -z "$again" ] || [ -f "$MUTATE/result" ] || bad_usage "mutate: --again needs a run before it"
	mutate_run "$time" "$again" "$threads"
}
