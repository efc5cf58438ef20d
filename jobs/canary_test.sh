#!/bin/bash
# SPDX-License-Identifier: MIT
# Every detector that a scenario is planted against has a canary, and each of them fires, with whatever seed; also the example
# of a job file, which takes seconds.
set -u
[ "$PFNSTORM_PRESET" = release ] || exit 77
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
planted=$PFNSTORM_SOURCE_DIR/corpus/planted

# What has no time of its own gets the rest of the night: of one that has nothing else to do, three seconds.
for part in "verify" "explore" "hunt" "stress --time 3s" "canary"; do
	# shellcheck disable=SC2086 # options
	run 0 "$pfnstorm" nightly "$PFNSTORM_SOURCE_DIR/docs/night.ini" --dir D --only $part
done
# Kinds of verdicts, and laws, that a scenario expects and that it can be seen by alone.
grep -L '^# or:' "$planted"/*.pfn | xargs sed -n 's/^expect  *//p' | awk '
	$1 != "invariant" { print $1; next }
	{ sub(/^invariant (law )?/, ""); sub(/^law$/, "") }
	$0 != "" { gsub(/[^A-Za-z0-9_]/, "-"); print "invariant-" $0 }
' | sort -u >wanted
sed -n 's/^held  *canary-\([^ ]*\).*/\1/p' out | sort >have
diff wanted have || { echo "detectors without a canary that fires, or canaries without a detector"; failed=1; }
for kind in $(sed -n 's/^VERDICT([a-z_]*, "\([^"]*\)".*/\1/p' "$PFNSTORM_SOURCE_DIR/core/verdicts.def" | grep -vxE 'ok|crash'); do
	grep -qE "^$kind(-|\$)" have || { echo "nothing proves that $kind is seen"; failed=1; }
done
exit $failed
