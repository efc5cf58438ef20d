# SPDX-License-Identifier: MIT
# ./dev soak: the wide net. Every target, then scenarios in turn, under the correct design, where nothing may be found.
# Then the other way round: known bugs are switched on one by one, and random scenarios look for them.

SOAK=build/soak
SOAK_SLICE=10s
soak_found=0

# soak_run NAME COMMAND...: keeps the log; a finding does not end the soak.
soak_run() {
	local name=$1 status=0
	shift
	say "$name"
	"$@" >"$SOAK/$name.log" 2>&1 || status=$?
	[ $status -ne 0 ] || return 0
	soak_found=1
	say "$name ended with status $status: $SOAK/$name.log"
	grep -E '^(verdict|signature|token|kept|folder)' "$SOAK/$name.log" >&2 || tail -n 5 "$SOAK/$name.log" >&2
}

soak_fuzz_target() {
	local target=$1 seconds=$2 seeds=()
	mkdir -p "build/corpus/$target"
	[ ! -d "corpus/$target" ] || seeds=("corpus/$target")
	PFNSTORM_CRASH_DIR=crashes/found soak_run "fuzz-$target" "build/fuzz/bin/fuzz_$target" \
		-max_total_time="$seconds" -artifact_prefix=crashes/found/ "build/corpus/$target" "${seeds[@]}"
	return $soak_found
}

# A core to a target; as many at once as there are cores.
soak_fuzz() {
	local seconds=$1 target running=0
	for target in $(fuzz_targets); do
		soak_fuzz_target "$target" "$seconds" &
		if [ $((++running)) -ge "$JOBS" ]; then
			wait -n || soak_found=1
		fi
	done
	while [ $((running--)) -gt 0 ]; do
		wait -n || [ $? -eq 127 ] || soak_found=1
	done
	say "$(grep -hoE 'Done [0-9]+ runs' $SOAK/fuzz-*.log | awk '{ n += $2 } END { print n + 0 }') runs of fuzz targets"
}

# Every operation on real threads, where TSan sees the accesses: machines that have between them all there is to have.
soak_threads() {
	local seconds=$1 machine n=0
	local machines=(
		"cpus=3 nodes=1 blocks=8 online=0-3 normal=4 movable=5-6"
		"boot=cma,virtio_mem,memory_tiers,page_owner cpus=3 nodes=2 blocks=10 online=0-4 normal=5 movable=6-7 offline=8"
		"boot=memmap_on_memory,khugepaged cpus=3 nodes=2 blocks=8 online=0-3 normal=4 movable=5 offline=6"
	)
	for machine in "${machines[@]}"; do
		soak_run "threads-$((++n))" build/tsan/bin/pfnstorm stress --mix all,offline-remove:20,alloc-free:20 --threads 6 \
			--seed "$RANDOM" --time "$((seconds / ${#machines[@]}))s" --machine "geometry=tiny $machine"
	done
}

# soak_scenarios SECONDS PRESET...: scenarios in random order, a slice of each on fibers (and in release on threads).
soak_scenarios() {
	local end=$((SECONDS + $1)) scenario name preset
	shift
	while [ $SECONDS -lt "$end" ]; do
		for scenario in $(find corpus -name '*.pfn' | shuf); do
			[ $SECONDS -lt "$end" ] || return 0
			name=$(basename "$scenario" .pfn)
			# Designs and expectations of a scenario tell of a bug; here it runs as the kernel should be.
			sed '/^design/d; /^bug/d; /^era/d; /^expect/d; /^schedule/d' "$scenario" >"$SOAK/$name.pfn"
			for preset in "$@"; do
				soak_run "explore-$preset-$name" "build/$preset/bin/pfnstorm" explore --strategy portfolio \
					--seed "$RANDOM" --time $SOAK_SLICE "$SOAK/$name.pfn"
			done
			[ "$preset" != release ] ||
				soak_run "stress-$name" build/release/bin/pfnstorm stress --time $SOAK_SLICE "$SOAK/$name.pfn"
		done
	done
}

# A table of the known bugs that random scenarios find, and how soon. As much time for each, of which few take all; what
# is not found is no failure: the table says how often it may come.
soak_hunt() {
	local seconds=$1 switches
	switches=$(build/release/bin/pfnstorm bugs | grep -vc planted)
	say "hunt: $SOAK/hunt.log"
	build/release/bin/pfnstorm hunt --seed "$RANDOM" --time $((seconds / switches + 1)) \
		>"$SOAK/hunt.log" 2>&1 || [ $? -eq 1 ] || soak_found=1
	! grep -q '^  without' "$SOAK/hunt.log" || soak_found=1
	grep -E '^[a-z_.]+ +(yes|no) |^  without|found$' "$SOAK/hunt.log" >&2
}

dev_soak() {
	local minutes=${1:-60} targets preset
	[[ $minutes =~ ^[1-9][0-9]*$ ]] || bad_usage "soak: '$minutes': expected a number of minutes"
	dev_setup --quiet
	for preset in fuzz release tsan msan; do
		configure_and_build "$preset"
	done
	mkdir -p $SOAK crashes/found
	read -r -a targets <<<"$(fuzz_targets | tr '\n' ' ')"
	# Half of the time for the fuzzers, a sixth each for real threads, for scenarios and for the hunt.
	soak_fuzz $((minutes * 60 / 2 * JOBS / (${#targets[@]} > JOBS ? ${#targets[@]} : JOBS)))
	soak_threads $((minutes * 60 / 6))
	soak_scenarios $((minutes * 60 / 12)) tsan msan
	soak_scenarios $((minutes * 60 / 12)) release
	soak_hunt $((minutes * 60 / 6))
	if [ $soak_found -eq 0 ]; then
		say "soak: nothing found in $minutes minutes"
	else
		# Fuzz targets keep tokens, and not all of what is in the folder is new: what cannot be filed is no news here.
		build/release/bin/pfnstorm crashes import crashes/found >>$SOAK/crashes.log 2>&1 || :
		build/release/bin/pfnstorm crashes list --status new >&2 || :
		say "soak: something was found, see above, $SOAK and crashes/found"
	fi
	return $soak_found
}
