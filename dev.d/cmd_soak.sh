# SPDX-License-Identifier: MIT
# ./dev soak: the wide net. Every target and every scenario in turn under the correct design, where nothing may be found.

soak_status=0

# soak_run NAME COMMAND...: keeps the log; a failure does not end the soak.
soak_run() {
	local name=$1 status=0
	shift
	say "$name"
	"$@" >"build/soak/$name.log" 2>&1 || status=$?
	[ $status -eq 0 ] && return
	soak_status=1
	say "$name ended with status $status: build/soak/$name.log"
	grep -E '^(verdict|signature|token|kept)' "build/soak/$name.log" >&2 || tail -n 5 "build/soak/$name.log" >&2
}

dev_soak() {
	local minutes=${1:-30} targets scenarios share file
	[[ $minutes =~ ^[1-9][0-9]*$ ]] || bad_usage "soak: '$minutes': expected a number of minutes"
	dev_setup --quiet
	configure_and_build fuzz
	configure_and_build release
	mkdir -p build/soak crashes/found
	read -r -a targets <<<"$(fuzz_targets)"
	mapfile -t scenarios < <(find corpus -name '*.pfn' | sort)
	# Half of the time for the fuzzers, a quarter each for real threads and for random schedules.
	share=$((minutes * 60 / 2 / ${#targets[@]}))
	for file in "${targets[@]}"; do
		mkdir -p "build/corpus/$file"
		PFNSTORM_CRASH_DIR=crashes/found soak_run "fuzz-$file" "build/fuzz/bin/fuzz_$file" -max_total_time=$share \
			-artifact_prefix=crashes/found/ "build/corpus/$file" $([ ! -d "corpus/$file" ] || echo "corpus/$file")
	done
	[ ${#scenarios[@]} -gt 0 ] || die "corpus holds no scenario"
	share=$((minutes * 60 / 4 / ${#scenarios[@]} + 1))
	for file in "${scenarios[@]}"; do
		soak_run "explore-$(basename "$file" .pfn)" build/release/bin/pfnstorm explore --set pfn_walk=rcu \
			--strategy random --time ${share}s "$file"
		soak_run "stress-$(basename "$file" .pfn)" build/release/bin/pfnstorm stress --set pfn_walk=rcu --time ${share}s "$file"
	done
	if [ $soak_status -eq 0 ]; then
		say "soak: nothing found in $minutes minutes"
	else
		say "soak: something was found, see above, build/soak and crashes/found"
	fi
	return $soak_status
}
