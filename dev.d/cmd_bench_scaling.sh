# SPDX-License-Identifier: MIT
# ./dev bench scaling: operations a second of pfnstorm stress by threads, by memory, and by what the runtime does beside.
#
# Each number is one round of SCALING_SECONDS after boot, without the calm behind it. The machine has as many virtual CPUs as
# threads; with more threads than cores the table tells what sharing costs, not how the core scales.

SCALING_SECONDS=3
SCALING_MIX=churn:4,hotplug:1
SCALING_THREADS="1 2 4 8"
SCALING_MEMORY="1GiB 16GiB 64GiB"
SCALING_HUGE=auto # 1TiB: yes, no, or if 20 GiB are free
SCALING_SEED=1

# Name and options of each way to run.
scaling_ways() {
	printf '%s\t%s\n' \
		"nothing beside" "--perturb 0 --no-recorder" \
		"recorder" "--perturb 0" \
		"recorder, perturb 48" "--perturb 48" \
		"recorder, perturb 48, priorities 20ms" "--perturb 48 --priorities 20ms"
}

# One run as a row: way, threads, memory, operations a second, microseconds of processor an operation.
scaling_run() {
	local way=$1 threads=$2 memory=$3 out status=0
	shift 3
	out=$(build/release/bin/pfnstorm stress --json --quiet --calm never --seed "$SCALING_SEED" --time "${SCALING_SECONDS}s" \
		--round "${SCALING_SECONDS}s" --crash-dir build/bench/scaling --threads "$threads" --memory "$memory" \
		--mix "$SCALING_MIX" "$@") || status=$?
	[ $status -eq 0 ] || die "bench scaling: pfnstorm stress with $threads threads and $memory ended with status $status"
	awk -v way="$way" -v threads="$threads" -v memory="$memory" '
	/"attempts":/ { gsub(/[^0-9]/, ""); ops += $0 }
	/"load_seconds":/ { gsub(/[^0-9.]/, ""); seconds = $0 }
	/"cpu_seconds":/ { gsub(/[^0-9.]/, ""); cpu = $0 }
	END {
		if (!seconds || !ops) exit 1
		printf "%s\t%d\t%s\t%.0f\t%.1f\n", way, threads, memory, ops / seconds, 1e6 * cpu / ops
	}' <<<"$out"
}

scaling_sizes() {
	local free
	free=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
	echo "$SCALING_MEMORY"
	case $SCALING_HUGE in
	yes) echo 1TiB ;;
	auto) if [ "$free" -ge 20 ]; then echo 1TiB; else say "1 TiB is left out: it takes 16 GiB, $free are free"; fi ;;
	esac
}

scaling_runs() {
	local way options threads memory
	while IFS=$'\t' read -r way options; do
		for threads in $SCALING_THREADS; do
			say "$way: $threads threads"
			# shellcheck disable=SC2086 # several options
			scaling_run "$way" "$threads" 1GiB $options
		done
	done < <(scaling_ways)
	for memory in $(scaling_sizes); do
		say "$memory: ${SCALING_THREADS##* } threads"
		scaling_run memory "${SCALING_THREADS##* }" "$memory" --perturb 48
	done
}

# Rows -> tables: threads across, ways down, with the ratio to one thread and to the first way; then memory. What an
# operation costs its processor depends less on who else is on the machine.
scaling_report() {
	awk -F '\t' '
	function table(title, value, decimals,    w, c, first, plain) {
		printf "%-40s", title
		for (c = 1; c <= columns; c++) printf " %20d", column[c]
		print ""
		for (w = 1; w <= ways; w++) {
			printf "%-40s", way[w]
			for (c = 1; c <= columns; c++) {
				first = value[way[w], column[1]]; plain = value[way[1], column[c]]
				printf " %8.*f %5.2fx %4.0f%%", decimals, value[way[w], column[c]],
					first ? value[way[w], column[c]] / first : 0,
					plain ? 100 * value[way[w], column[c]] / plain : 0
			}
			print ""
		}
		print ""
	}
	$1 == "memory" { size[++sizes] = $3; rate[$3] = $4; cost[$3] = $5; threads = $2; next }
	!($1 in seen) { seen[$1] = 1; way[++ways] = $1 }
	!($2 in known) { known[$2] = 1; column[++columns] = $2 }
	{ ops[$1, $2] = $4; cpu[$1, $2] = $5 }
	END {
		table("operations/s, 1 GiB, by threads", ops, 0)
		table("us of processor an operation", cpu, 1)
		print "x: of one thread; %: of the first row\n"
		printf "%-40s %12s %10s %14s\n", "by memory, " threads " threads, perturb 48", "operations/s",
			"of " size[1], "us/operation"
		for (s = 1; s <= sizes; s++)
			printf "%-40s %12d %9.2fx %14.1f\n", size[s], rate[size[s]],
				rate[size[1]] ? rate[size[s]] / rate[size[1]] : 0, cost[size[s]]
	}' "$1"
}

# Options of ./dev bench scaling.
scaling_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--huge) SCALING_HUGE=yes && shift && continue ;;
		--no-huge) SCALING_HUGE=no && shift && continue ;;
		esac
		[ $# -ge 2 ] || bad_usage "bench scaling: expected an option with its value, found '$1'"
		case $1 in
		--time) SCALING_SECONDS=$2 ;;
		--mix) SCALING_MIX=$2 ;;
		--threads) SCALING_THREADS=$2 ;;
		--memory) SCALING_MEMORY=$2 ;;
		--seed) SCALING_SEED=$2 ;;
		*) bad_usage "bench scaling: unexpected argument '$1'" ;;
		esac
		shift 2
	done
}

bench_scaling() {
	local rows=build/bench/scaling.tsv
	scaling_options "$@"
	dev_setup --quiet
	configure_and_build release bin/pfnstorm bin/pfnstorm-stress
	mkdir -p build/bench
	scaling_runs >"$rows.new"
	mv "$rows.new" "$rows"
	scaling_report "$rows" | tee "${rows%.tsv}.txt"
	say "the same in ${rows%.tsv}.txt, its runs in $rows"
}
