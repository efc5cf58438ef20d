# SPDX-License-Identifier: MIT
# ./dev lift: how many crashes of real threads become schedules that replay. Each known bug is stressed for a while; of
# every signature the crash folder is lifted, and what came of it is a row.

LIFT=build/lift
LIFT_LIMIT=60s

lift_stress() {
	local seconds=$1 name folder
	for folder in crashes/known/*/; do
		name=$(basename "$folder")
		# What is expected is left out: the schedule of fibers names places that threads do not know.
		sed '/^expect/d; /^schedule/d' "$folder/scenario.pfn" >"$LIFT/$name.pfn"
		build/release/bin/pfnstorm stress --quiet --keep-going --round 2s --time "${seconds}s" \
			--crash-dir "$LIFT/stress/$name" "$LIFT/$name.pfn" >"$LIFT/$name.log" 2>&1 || [ $? -eq 1 ] ||
			say "stress of $name failed: $LIFT/$name.log"
	done
}

dev_lift() {
	local seconds=${1:-10} folder name line lifted=0 all=0
	[[ $seconds =~ ^[1-9][0-9]*$ ]] || bad_usage "lift: '$seconds': expected a number of seconds"
	dev_setup --quiet
	configure_and_build release
	rm -rf $LIFT
	mkdir -p $LIFT/stress
	lift_stress "$seconds"
	for folder in "$LIFT"/stress/*/*/; do
		[ -e "$folder/recent.pfn" ] || continue
		name=$(basename "$(dirname "$folder")")
		line=$(build/release/bin/pfnstorm lift --time $LIFT_LIMIT --crash-dir $LIFT/lifted "$folder" 2>&1 >/dev/null |
			grep -E '^(not )?lifted' || true)
		all=$((all + 1))
		case $line in lifted*) lifted=$((lifted + 1)) ;; esac
		printf '%-28s %-66s %s\n' "$name" "$(sed -n 's/^signature *//p' "$folder/verdict.txt")" "$line"
	done
	say "$lifted of $all crashes of threads lifted within $LIFT_LIMIT each"
}
