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

soak_fuzz() {
	local seconds=$1 target seeds
	for target in $(fuzz_targets); do
		mkdir -p "build/corpus/$target"
		seeds=()
		[ ! -d "corpus/$target" ] || seeds=("corpus/$target")
		PFNSTORM_CRASH_DIR=crashes/found soak_run "fuzz-$target" "build/fuzz/bin/fuzz_$target" \
			-max_total_time="$seconds" -artifact_prefix=crashes/found/ "build/corpus/$target" "${seeds[@]}"
	done
}

# Scenarios in random order, a slice of each on fibers and on threads, until the time is over.
soak_scenarios() {
	local end=$1 scenario name
	while [ $SECONDS -lt "$end" ]; do
		for scenario in $(find corpus -name '*.pfn' | shuf); do
			[ $SECONDS -lt "$end" ] || return 0
			name=$(basename "$scenario" .pfn)
			# Designs and expectations of a scenario tell of a bug; here it runs as the kernel should be.
			sed '/^design/d; /^bug/d; /^expect/d' "$scenario" >"$SOAK/$name.pfn"
			soak_run "explore-$name" build/release/bin/pfnstorm explore --strategy random --seed "$RANDOM" \
				--time $SOAK_SLICE "$SOAK/$name.pfn"
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
	local minutes=${1:-30} targets
	[[ $minutes =~ ^[1-9][0-9]*$ ]] || bad_usage "soak: '$minutes': expected a number of minutes"
	dev_setup --quiet
	configure_and_build fuzz
	configure_and_build release
	mkdir -p $SOAK crashes/found
	read -r -a targets <<<"$(fuzz_targets)"
	# Half of the time for the fuzzers, a quarter each for the scenarios and for the hunt.
	soak_fuzz $((minutes * 60 / 2 / ${#targets[@]}))
	soak_scenarios $((SECONDS + minutes * 60 / 4))
	soak_hunt $((minutes * 60 / 4))
	if [ $soak_found -eq 0 ]; then
		say "soak: nothing found in $minutes minutes"
	else
		say "soak: something was found, see above, $SOAK and crashes/found"
	fi
	return $soak_found
}
