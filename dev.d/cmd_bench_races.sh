# SPDX-License-Identifier: MIT
# ./dev bench races: how many schedules a strategy needs until it finds a race that is known, over several seeds.
#
# Known races are the folders of crashes/known/ whose scenario has two tasks or more and whose minimised schedule has at
# most two deviations: what breaks them is the order of at most three steps (depth 3). A search knows the scenario and
# the signature, not the schedule. One that runs out of its budget counts as not found, never as a number.

RACE_SEEDS=20
RACE_SECONDS=60       # of a search of the portfolio
RACE_OTHER_SECONDS=10 # of one of another strategy
RACE_RUNS=1000000
RACE_DEVIATIONS=2
RACE_STRATEGIES="portfolio random pct pos surw"

# Name and file of each known race.
known_races() {
	local file tasks deviations
	for file in crashes/known/*/scenario.pfn; do
		tasks=$(grep -c '^task ' "$file")
		deviations=$(grep -c '^schedule ' "$file")
		[ "$tasks" -lt 2 ] || [ "$deviations" -gt $RACE_DEVIATIONS ] ||
			printf '%s\t%s\n' "$(basename "$(dirname "$file")")" "$file"
	done
}

# One search as a row: race, strategy, schedules, found (1) or given up (0), seed, seconds.
race_search() {
	local name=$1 file=$2 strategy=$3 seed=$4 seconds=$5 out status=0
	out=$(build/release/bin/pfnstorm explore "$file" --strategy "$strategy" --seed "$seed" --runs "$RACE_RUNS" \
		--time "$seconds" --no-crash-dir --json 2>/dev/null) || status=$?
	[ $status -le 1 ] || die "pfnstorm explore $file --strategy $strategy --seed $seed ended with status $status"
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$strategy" "$(sed -n 's/.*"runs":\([0-9]*\),.*/\1/p' <<<"$out")" \
		$((1 - status)) "$seed" "$(sed -n 's/.*"seconds":\([0-9.e-]*\),.*/\1/p' <<<"$out")"
}

race_searches() {
	local name file strategy seconds
	while IFS=$'\t' read -r name file; do
		for strategy in $RACE_STRATEGIES; do
			seconds=$RACE_OTHER_SECONDS
			[ "$strategy" != portfolio ] || seconds=$RACE_SECONDS
			say "searching for $name: $strategy, $RACE_SEEDS seeds, up to $seconds s each"
			for seed in $(seq "$RACE_SEEDS"); do
				race_search "$name" "$file" "$strategy" "$seed" "$seconds"
			done
		done
	done
}

# $1: rows of searches. The table and the picture, beside the rows.
race_report() {
	sort -t $'\t' -k1,1 -k2,2 -k3,3n "$1" | awk -v strategies="$RACE_STRATEGIES" -f dev.d/survival.awk \
		>"${1%.tsv}.md"
	sort -t $'\t' -k2,2 -k3,3n "$1" | awk -v strategies="$RACE_STRATEGIES" -v picture=1 -f dev.d/survival.awk \
		>"${1%.tsv}.svg"
	cat "${1%.tsv}.md" >&2
	say "table, picture and searches: ${1%.tsv}.md, .svg, .tsv"
}

# The rows of ./dev bench: by the portfolio, in how many seeds.
race_rows() {
	awk -F '\t' '$2 == "portfolio" { seeds[$1]++; found[$1] += $4; if ($6 > slowest[$1]) slowest[$1] = $6 }
	END {
		for (race in seeds)
			printf "%s, portfolio\t%d\tof %d seeds\t>=\t%d\tthe slowest took %.1f s\n", race, found[race],
				seeds[race], seeds[race], slowest[race]
	}' "$1" | sort
}

# Options of ./dev bench races, before anything is built.
race_options() {
	RACES=$(known_races)
	while [ $# -gt 0 ]; do
		[ $# -ge 2 ] || bad_usage "bench races: expected an option with its value, found '$1'"
		case $1 in
		--seeds) RACE_SEEDS=$2 ;;
		--time) RACE_SECONDS=$2 ;;
		--other-time) RACE_OTHER_SECONDS=$2 ;;
		--runs) RACE_RUNS=$2 ;;
		--strategies) RACE_STRATEGIES=$2 ;;
		--race) RACES=$(grep -P "^$2\t" <<<"$RACES") || bad_usage "bench races: no known race is called '$2'" ;;
		*) bad_usage "bench races: unexpected argument '$1'" ;;
		esac
		shift 2
	done
}

# Searches as race_options() said, and their rows.
bench_races() {
	local rows=build/bench/races.tsv
	mkdir -p build/bench
	race_searches <<<"$RACES" >"$rows.new"
	mv "$rows.new" "$rows"
	race_report "$rows"
	race_rows "$rows"
}
