#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm fuzz with real engines: libFuzzer in the preset fuzz, AFL++ in the preset afl. A seed fails, so what is found
# does not depend on luck.
case $PFNSTORM_PRESET in
fuzz) engine=libfuzzer ;;
afl) engine=afl ;;
*) exit 0 ;;
esac
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"

mkdir seeds
cp "$known/scenario.pfn" seeds/known.pfn
cp "$PFNSTORM_SOURCE_DIR"/corpus/race/op-offline.pfn seeds/

value() {
	sed -n "s/^ *\"$1\":\([0-9.]*\),*\$/\1/p" camp/stats.json | head -n 1
}
has_found() {
	[ "$(value filed)" -ge 1 ] && [ "$(value executions)" -gt "$1" ]
} 2>/dev/null

# session MORE OPTION...: until something is filed and more than so many inputs were run; at most a minute.
session() {
	local more=$1 pid
	shift
	"$pfnstorm" fuzz --engine $engine --jobs 2 --dir camp --seeds seeds --set pfn_walk=unsynchronised "$@" >out 2>err &
	pid=$!
	for _ in $(seq 600); do
		has_found "$more" && break
		sleep 0.1
	done
	kill -"$signal" $pid
	wait $pid 2>/dev/null
	status=$?
}
signal=INT
session 10 race
[ $status = 1 ] || { echo "status $status"; cat out err; failed=1; }
has out "new: oops: oops"
has out "  record "
[ "$(value interleavings)" -gt 100 ] || { echo "interleavings: $(value interleavings)"; failed=1; }
grep -q '"offline":{' camp/stats.json || { echo "no operations are counted"; failed=1; }
inputs=$(value executions)
signal=KILL
session "$inputs" --resume
# Nothing outlives it: not the engine, not its children, which have the folder in their environment.
left_over() {
	grep -lsF "$scratch/camp" /proc/[0-9]*/environ
}
for _ in $(seq 100); do
	[ -n "$(left_over)" ] || break
	sleep 0.1
done
[ -z "$(left_over)" ] || { echo "still there: $(left_over)"; failed=1; }
inputs=$(value executions)
signal=INT
session "$inputs" --resume
[ "$(value executions)" -gt "$inputs" ] || { echo "counters begin anew: $(value executions)"; failed=1; }
run 0 "$pfnstorm" crashes list camp/crashes
# What is found beside the seed's bug depends on how far the engine came.
grep -qE '(^|[^0-9])[1-9][0-9]* bugs?, ' out || { echo "no bug is on record:"; cat out; failed=1; }
[ -z "$(ls camp/tokens camp/filing 2>/dev/null | grep token$)" ] || { echo "not filed: $(ls camp/tokens camp/filing)"; failed=1; }

# The target of this floor starts with no input, and runs its seeds clean.
: >nothing
for program in "$PFNSTORM_BIN_DIR"/*_jobfile; do
	[ -x "$program" ] || { echo "there is no $program"; failed=1; }
	run 0 "$program" nothing "$PFNSTORM_SOURCE_DIR"/corpus/jobfile/*
done
exit $failed
