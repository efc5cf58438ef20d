# SPDX-License-Identifier: MIT
# ./dev bench feedback: executions of fuzz_race until it finds a seeded race, by what counts as coverage.
#
# Each campaign begins with the operations that show the race, corpus/planted/SWITCH.pfn, under the default schedule, which
# does not: what has to be found is the interleaving. Both sides have the same switches and seeds. A budget is a number of
# executions, so that a busy machine gives the same table. What is not found within the budget is known to take longer
# (censored): medians and quartiles are of all seeds, and one that lies beyond the budget prints as ">budget".

# Races of depth 2 or 3 of core/bugs.def and core/designs.def.
FEEDBACK_RACES="free_lists_reinit_unlocked isolate_type_trusted memory_failure_unlocked pageset_setup_unlocked
	pcp_isolation=none pcp_drain_before_disable planted_type_not_rechecked contig_zone_unchecked contig_undo_foreign
	free_scanner_stale_type planted_copy_before_unmap compaction_start_beyond_end"

feedback_usage() {
	bad_usage "bench feedback: $1
usage: ./dev bench feedback [--runs N] [--seeds N] [--of LIST] [--against LIST] [--into FILE] [SWITCH...]
  LIST: of edges,points,reads,phases; FILE keeps measurements: rows that it has are not measured again"
}

# One campaign: executions, and 1 if it ended in a verdict that the input does not give without the switch, else 0.
feedback_campaign() {
	local program=$1 switch=$2 kinds=$3 seed=$4 runs=$5 work found=0
	work=$(mktemp -d)
	mkdir "$work/new" "$work/seeds"
	cp "corpus/planted/${switch/=/.}.pfn" "$work/seeds"
	case $switch in *=*) ;; *) switch=$switch=on ;; esac
	PFNSTORM_SET=$switch PFNSTORM_FEEDBACK=$kinds "$program" -seed="$seed" -runs="$runs" -verbosity=0 -print_final_stats=1 \
		-artifact_prefix="$work/" "$work/new" "$work/seeds" >"$work/log" 2>&1 || true
	if grep -q '^verdict:' "$work/log"; then
		found=1
		"$program" -runs=1 -verbosity=0 -artifact_prefix="$work/" "$work"/crash-* >/dev/null 2>&1 || found=2
	fi
	awk -v found=$found '/^stat::number_of_executed_units:/ { print $2 "\t" found; ok = 1 } END { exit !ok }' "$work/log" || {
		tail -n 5 "$work/log" >&2
		die "bench feedback: fuzz_race did not end as expected"
	}
	rm -rf "$work"
}

# Rows "switch, kinds, seed, budget, executions, found" -> the table. Censored values sort after all others.
feedback_table() {
	awk -F '\t' -v of="$1" -v against="$2" -v budget="$3" '
	function name(x) { return x > budget ? ">" budget : x == int(x) ? x : sprintf("%.1f", x) }
	function quantile(side, s, q,    n, i, at, low, high, t) {
		n = count[side, s]
		for (i = 1; i <= n; i++)
			for (at = i; at > 1 && value[side, s, at] < value[side, s, at - 1]; at--) {
				t = value[side, s, at]; value[side, s, at] = value[side, s, at - 1]; value[side, s, at - 1] = t
			}
		at = 1 + (n - 1) * q
		low = value[side, s, int(at)]; high = value[side, s, int(at) < n ? int(at) + 1 : n]
		return low + (high - low) * (at - int(at))
	}
	function cell(side, s) {
		return sprintf("%8s [%s, %s] %d/%d", name(quantile(side, s, .5)), name(quantile(side, s, .25)),
			name(quantile(side, s, .75)), hits[side, s], count[side, s])
	}
	# Ranks of the campaigns of @s on both sides, the first side first; equal ones share the mean of theirs.
	function ranks(s,    n, all, i, j, x, less, same, y) {
		n = count[1, s]; all = n + count[2, s]
		for (i = 1; i <= all; i++) {
			x = i <= n ? value[1, s, i] : value[2, s, i - n]
			less = same = 0
			for (j = 1; j <= all; j++) {
				y = j <= n ? value[1, s, j] : value[2, s, j - n]
				less += y < x; same += y == x
			}
			rank[s, i] = less + (same + 1) / 2
		}
	}
	# How often a campaign of the first side needs fewer executions than one of the other, by the sum of its ranks.
	function sooner_by(s, sum,    n, m) {
		n = count[1, s]; m = count[2, s]
		return 1 - (sum - n * (n + 1) / 2) / (n * m)
	}
	# The same with campaigns dealt to the sides by chance.
	function dealt(s,    n, all, i, at, t, sum) {
		n = count[1, s]; all = n + count[2, s]
		for (i = 1; i <= n; i++) {
			at = i + int(rand() * (all - i + 1))
			t = rank[s, i]; rank[s, i] = rank[s, at]; rank[s, at] = t
			sum += rank[s, i]
		}
		return sooner_by(s, sum)
	}
	$4 != budget || ($2 != of && $2 != against) { next }
	{
		if (!($1 in seen)) { seen[$1] = 1; order[++switches] = $1 }
		side = $2 == of ? 1 : 2
		if ($6 == 2) { other++; next }
		value[side, $1, ++count[side, $1]] = $6 ? $5 : 1e12
		hits[side, $1] += $6
		spent[side] += $5; all[side]++; found[side] += $6
	}
	END {
		printf "%-28s  %-34s  %-34s  %9s  %6s\n", "switch", "of: median [quartiles] found", "against", "ratio", "sooner"
		for (k = 1; k <= switches; k++) {
			s = order[k]
			if (!count[1, s] || !count[2, s]) continue
			a = quantile(1, s, .5); b = quantile(2, s, .5)
			ratio = a <= budget && b <= budget ? sprintf("%.2f", b / a) : a <= budget ? sprintf(">%.2f", budget / a) : \
				b <= budget ? sprintf("<%.2f", b / budget) : "?"
			if (a <= budget || b <= budget) {
				logs += log((b > budget ? budget : b) / (a > budget ? budget : a)); known++
			}
			ranks(s)
			wins = 0
			for (i = 1; i <= count[1, s]; i++) wins += rank[s, i]
			sooner = sooner_by(s, wins); sum += sooner; both[++rows] = s
			printf "%-28s  %-34s  %-34s  %9s  %5.0f%%\n", s, cell(1, s), cell(2, s), ratio, 100 * sooner
		}
		if (!rows) exit 1
		printf "in all: found %d/%d against %d/%d; executions spent %d against %d (%.2f times)\n",
			found[1], all[1], found[2], all[2], spent[1], spent[2], spent[2] / spent[1]
		if (known)
			printf "geometric mean of the ratios of %d switches, budget for a median beyond it: %.2f; sooner: %.0f%%\n",
				known, exp(logs / known), 100 * sum / rows
		srand(1)
		for (i = 0; i < 2000; i++) {
			by_chance = 0
			for (k = 1; k <= rows; k++) by_chance += dealt(both[k])
			as_good += by_chance >= sum
		}
		printf "by chance: of 2,000 deals of the campaigns of each switch to both sides %.1f%% are as good\n", as_good / 20
		if (other) printf "%d campaigns ended in a failure that is none of the switch: left out\n", other
	}'
}

bench_feedback() {
	local runs=20000 seeds=8 of=edges,points,reads,phases against=edges into= races=() race kinds seed key program result
	while [ $# -gt 0 ]; do
		case $1 in
		--runs | --seeds | --of | --against | --into)
			[ $# -gt 1 ] || feedback_usage "$1: expected a value"
			case $1 in
			--runs) runs=$2 ;;
			--seeds) seeds=$2 ;;
			--of) of=$2 ;;
			--against) against=$2 ;;
			--into) into=$2 ;;
			esac
			shift 2
			;;
		-*) feedback_usage "unknown option '$1'" ;;
		*)
			races+=("$1")
			shift
			;;
		esac
	done
	case $runs$seeds in *[!0-9]* | '') feedback_usage "--runs, --seeds: expected a number" ;; esac
	# shellcheck disable=SC2206
	[ ${#races[@]} -gt 0 ] || races=($FEEDBACK_RACES)
	dev_setup --quiet
	configure_and_build release fuzz_race
	[ -n "$into" ] || into=$(mktemp)
	touch "$into"
	program=$(mktemp) # a build that goes on meanwhile must not change what is measured
	cp build/release/bin/fuzz_race "$program"
	chmod +x "$program"
	for ((seed = 1; seed <= seeds; seed++)); do
		for race in "${races[@]}"; do
			for kinds in "$of" "$against"; do
				key=$race$'\t'$kinds$'\t'$seed$'\t'$runs
				! grep -qF "$key"$'\t' "$into" || continue
				result=$(feedback_campaign "$program" "$race" "$kinds" "$seed" "$runs")
				printf '%s\t%s\n' "$key" "$result" >>"$into"
			done
		done
		say "$seed of $seeds seeds"
	done
	rm -f "$program"
	feedback_table "$of" "$against" "$runs" <"$into"
}
