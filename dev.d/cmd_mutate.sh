# SPDX-License-Identifier: MIT
# ./dev mutate: do the tests notice when a lock, a barrier, a re-check or an order is missing?

MUTATE=build/mutate
MUTATE_TIME=90 # seconds that the tests of one mutant may take; one that hangs is noticed too

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

# All mutants of the files, a line each: file, number, line, operator, text.
mutate_list() {
	local file
	for file in "$@"; do
		awk -f dev.d/mutants.awk "$file" | sed "s|^|$file\t|"
	done
}

# What tells a mutant: unit tests of the core first, then random scenarios under random schedules, then known bugs' scenarios.
mutate_test() {
	local dir=$1 scenario
	timeout "$MUTATE_TIME" ctest --test-dir "$dir/build/release" --stop-on-failure -j "$JOBS" -LE slow \
		-R '[.]core_(mm|range|hotplug|boot|ops)' -E '_thread_test|[.]sh' >"$dir/log" 2>&1 || return 0
	timeout "$MUTATE_TIME" "$dir/build/release/tests/core_check_clean_test" >"$dir/log" 2>&1 || return 0
	for scenario in corpus/planted/*.pfn; do
		sed '/^design/d; /^bug/d; /^expect/d' "$scenario" >"$dir/scenario.pfn"
		timeout "$MUTATE_TIME" "$dir/build/release/bin/pfnstorm" explore --no-crash-dir --strategy pct --runs 300 \
			"$dir/scenario.pfn" >"$dir/log" 2>&1 || return 0
	done
	return 1
}

# The reason on record why nothing notices: dev.d/mutants.reasons has "file<TAB>operator<TAB>text<TAB>reason".
mutate_reason() {
	awk -F '\t' -v file="$1" -v operator="$2" -v text="$3" \
		'$1 == file && $2 == operator && $3 == text { print $4; exit }' dev.d/mutants.reasons
}

# mutate_one FILE NUMBER LINE OPERATOR TEXT: prints how it ended.
mutate_one() {
	local file=$1 number=$2 operator=$4 text=$5 reason
	awk -v apply="$number" -f dev.d/mutants.awk "$file" >"$MUTATE/src/$file"
	if ! ninja -C "$MUTATE/src/build/release" -j "$JOBS" >"$MUTATE/build.log" 2>&1; then
		echo stillborn
	elif mutate_test "$MUTATE/src"; then
		echo noticed
	else
		reason=$(mutate_reason "$file" "$operator" "$text")
		echo "survived${reason:+: $reason}"
	fi
	cp -p "$file" "$MUTATE/src/$file"
	touch "$MUTATE/src/$file"
}

# A tree of its own: the sources here are never touched.
mutate_prepare() {
	mkdir -p "$MUTATE/src"
	tar -cf - --exclude=./build --exclude=./.git --exclude=./crashes/found . | tar -xf - -C "$MUTATE/src"
	say "building the tree that is mutated"
	(cd "$MUTATE/src" && cmake --preset release >/dev/null && ninja -C build/release -j "$JOBS" >/dev/null) ||
		die "$MUTATE/src does not build"
	! mutate_test "$MUTATE/src" || die "the tests fail without a mutant: see $MUTATE/src/log"
}

mutate_usage() {
	cat <<'TEXT'
usage: ./dev mutate [--sample N] [--seed S] [--list] [FILE...]

Takes locks, grace periods, orderings and re-checks of core/ away, one at a time, in a copy of the tree, and runs the core's
tests. A mutant that nothing notices is a survivor: it needs a test, a law, or a reason in dev.d/mutants.reasons.
  --sample N   only N mutants, drawn by seed S (default 1)
  --list       only list them
Exit status: 0 if every survivor has a reason, else 1.
TEXT
}

dev_mutate() {
	local sample='' seed=1 list='' files=() total done=0 survivors=0 started=$SECONDS row ended
	while [ $# -gt 0 ]; do
		case $1 in
		--sample) sample=${2:-} && shift ;;
		--seed) seed=${2:-} && shift ;;
		--list) list=yes ;;
		--help) mutate_usage && return 0 ;;
		-*) bad_usage "mutate: unexpected option '$1'" ;;
		*) [ -f "$1" ] || bad_usage "mutate: $1: no such file" && files+=("$1") ;;
		esac
		shift || bad_usage "mutate: the last option needs a value"
	done
	[[ $sample =~ ^[0-9]*$ && $seed =~ ^[0-9]+$ ]] || bad_usage "mutate: --sample and --seed take numbers"
	[ ${#files[@]} -gt 0 ] || mapfile -t files < <(mutate_files)
	mkdir -p "$MUTATE"
	mutate_list "${files[@]}" >"$MUTATE/mutants"
	if [ -n "$sample" ]; then
		shuf -n "$sample" --random-source=<(yes "$seed") "$MUTATE/mutants" | sort -t "$(printf '\t')" -k1,1 -k2,2n \
			>"$MUTATE/sample" && mv "$MUTATE/sample" "$MUTATE/mutants"
	fi
	[ -z "$list" ] || { cat "$MUTATE/mutants" && return 0; }
	dev_setup --quiet
	mutate_prepare
	total=$(wc -l <"$MUTATE/mutants")
	: >"$MUTATE/result"
	while IFS=$'\t' read -r -a row; do
		ended=$(mutate_one "${row[@]}")
		done=$((done + 1))
		printf '%s\t%s\n' "$(IFS=$'\t' && echo "${row[*]}")" "$ended" >>"$MUTATE/result"
		[ "$ended" != survived ] || survivors=$((survivors + 1))
		printf '%d of %d, about %d s left: %s:%s %s: %s\n' "$done" "$total" \
			$(((SECONDS - started) * (total - done) / done)) "${row[0]}" "${row[2]}" "${row[3]}" "$ended"
	done <"$MUTATE/mutants"
	cut -f 6 "$MUTATE/result" | sed 's/:.*//' | sort | uniq -c
	say "mutate: $survivors survivors without a reason; all in $MUTATE/result"
	[ "$survivors" -eq 0 ]
}
