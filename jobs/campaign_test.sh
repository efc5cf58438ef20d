#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm fuzz with engines that a test made up: what dies is started again, what is found is filed, and a kill of
# anything at any moment loses nothing.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
# It starts a dozen processes and waits for them; one preset is enough.
[ "$PFNSTORM_PRESET" = asan ] || exit 0

mkdir engines broken seeds
echo one >seeds/one
echo two >seeds/two
token=$(head -n 1 "$known/token")
# Reports, keeps a token, and then lives until it is ended.
cat >engines/fuzz_race <<EOF
#!/bin/bash
echo "\$*" >>$scratch/commands
case \$1 in -merge=1) cp "\$3/one" "\$2/"; exit 0 ;; esac
stats=\${PFNSTORM_STATS_FILE//%p/\$\$}
printf 'pfnstorm-stats 1\ninputs 100\nruns 100\ninterleavings 7\nop offline 10 4\nerrno offline EBUSY 6\nverdict ok 100\nend\n' >"\$stats.new"
mv "\$stats.new" "\$stats"
echo half >"\$stats.half"
echo "#100 NEW cov: 42 ft: 7"
exec sleep 1000
EOF
cp engines/fuzz_race engines/fuzz_token
printf '#!/bin/sh\necho "ERROR: planted death" >&2\nexit 1\n' >broken/fuzz_race
chmod +x engines/* broken/*

fuzz=("$pfnstorm" fuzz --engines engines --backoff 0.05s)

# until_true COMMAND...: waits for it, up to half a minute.
until_true() {
	for _ in $(seq 600); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.05
	done
	echo "did not happen: $*"
	failed=1
}

# value FILE KEY: the first number of that name.
value() {
	sed -n "s/^ *\"$2\":\([0-9.]*\),*\$/\1/p" "$1/stats.json" | head -n 1
}
# Of the first engine that runs; an engine that does not has 0.
engine_pid() {
	sed -n 's/^      "pid":\([1-9][0-9]*\),*$/\1/p' "$1/stats.json" | head -n 1
}
has_engine() {
	[ -n "$(engine_pid "$1")" ] && kill -0 "$(engine_pid "$1")"
}
is_gone() {
	! kill -0 "$1"
}
is_another() {
	has_engine "$1" && [ "$(engine_pid "$1")" != "$2" ]
}

# Folders and engines that cannot be used.
run 2 "${fuzz[@]}" race
has err "expected --dir DIR"
run 2 "${fuzz[@]}" --dir none
has err "expected a TARGET"
run 2 "${fuzz[@]}" rice --dir none
has err "unknown target 'rice', expected one of race,sequence"
run 2 "${fuzz[@]}" race --set pfn_walk=rcx --dir none
has err "--set pfn_walk=rcx"
run 2 "${fuzz[@]}" race --dir /proc/none
has err "/proc/none: No such file or directory: choose a folder that can be written"
run 2 "${fuzz[@]}" pcp --dir none
has err "fuzz_pcp was not found in engines; build it with './dev build fuzz', or say where with --engines DIR"
run 2 env PATH="$scratch" "$pfnstorm" fuzz race --engine afl --engines engines --dir none
has err "afl_race was not found"
run 2 "${fuzz[@]}" --resume --dir none
has err "there is no campaign to resume"

# An engine that only dies is given up, with its last words.
run 4 "$pfnstorm" fuzz race --engines broken --seeds seeds --backoff 0.01s --deaths 3 --dir dies
has err "race-libfuzzer-0 ended with status 1, given up ($scratch/dies"
has err "planted death"
has err "every engine was given up"

# No room: nothing is started, and it is said why.
"${fuzz[@]}" race --dir room --seeds seeds --reserve 4000000000 --time 30s 2>room.err >room.out &
pid=$!
until_true grep -q '"phase":"no room"' room/stats.json
kill -INT $pid
wait $pid || { echo "no room: status $?"; failed=1; }
grep -q "engines wait; make room, or choose --reserve" room.err || { echo "no word of the disk:"; cat room.err; failed=1; }
[ ! -e commands ] || { echo "an engine was started without room"; failed=1; }

# On a terminal, one screen.
TERM=xterm script -qec "$pfnstorm fuzz race --engines engines --dir screen --seeds seeds --reserve 4000000000 --time 0.1s" out </dev/null >/dev/null
has out "target"
has out "crashes: none"
has out "engines  race-libfuzzer-0 waits"

# A disk that fills: engines wait until there is room, and what they kept is filed.
cat >full.sh <<'EOF'
mount -t tmpfs -o size=8m none full || exit 77
"$pfnstorm" fuzz race --engines engines --dir full --seeds seeds --jobs 1 --reserve 2 2>full.err >full.out &
pid=$!
wait_for() {
	for _ in $(seq 600); do
		grep -q "$1" full.err && return
		sleep 0.05
	done
	echo "a full disk: no '$1'"
}
wait_for "^running"
head -c 9m /dev/zero >full/fill 2>/dev/null
wait_for "engines wait"
head -n 1 "$known/token" >full/tokens/oops-00000001.token 2>/dev/null
rm full/fill
head -n 1 "$known/token" >full/tokens/oops-00000001.token
wait_for "there is room again"
wait_for "^new: oops"
kill -INT $pid
wait $pid
[ $? = 1 ] || { echo "a full disk: status"; cat full.err; }
EOF
mkdir full
if unshare -m true 2>/dev/null; then
	pfnstorm=$pfnstorm known=$known unshare -m bash full.sh >full.said
	[ ! -s full.said ] || { cat full.said; failed=1; }
	rm -f commands
fi

# A seed that crashes the engine itself is no death: it is kept, and leaves the corpus.
mkdir crashing
cat >crashing/fuzz_race <<'EOF'
#!/bin/bash
prefix=${1#-artifact_prefix=}
[ ! -e "${prefix}crash-1" ] || exec sleep 1000
cp "${!#}/two" "${prefix}crash-1"
echo "SUMMARY: AddressSanitizer: planted"
exit 77
EOF
chmod +x crashing/fuzz_race
"$pfnstorm" fuzz race --engines crashing --backoff 0.01s --dir bad --seeds seeds --jobs 1 2>err >out &
pid=$!
until_true grep -q '"starts":2' bad/stats.json
kill -INT $pid
wait $pid || { echo "an engine that crashes: status $?"; failed=1; }
has err "race-libfuzzer-0 ended with an input it kept: SUMMARY: AddressSanitizer: planted"
has err "bad/corpus/race/two left the corpus"
has out "1 inputs crashed or stopped the engine itself: bad/artifacts/race"
[ "$(ls bad/corpus/race)" = one ] || { echo "the corpus still has it: $(ls bad/corpus/race)"; failed=1; }
cmp -s seeds/two bad/artifacts/race/crash-1 || { echo "the input is lost"; failed=1; }
[ "$(value bad deaths)" = 0 ] || { echo "a crash counts as a death"; failed=1; }

# A campaign: two targets, one job, so they take turns; its engine is killed, then the supervisor itself.
"${fuzz[@]}" race --dir camp --seeds seeds --jobs 1 --time 600s >camp.out 2>camp.err &
supervisor=$!
until_true has_engine camp
run 2 "${fuzz[@]}" race --dir camp
has err "camp has a campaign that is running (process $supervisor on"
first=$(engine_pid camp)
kill -KILL "$first"
until_true is_another camp "$first"
[ "$(value camp deaths)" = 1 ] || { echo "deaths: $(value camp deaths)"; failed=1; }
second=$(engine_pid camp)
echo "$token" >camp/tokens/oops-00000001.token.99
echo "$token" >camp/filing/oops-00000002.token
kill -KILL $supervisor
wait $supervisor 2>/dev/null
until_true is_gone "$second"
run 2 "${fuzz[@]}" race --dir camp
has err "camp has a campaign: go on with --resume"

# It goes on: counters of both processes, the token that was being filed, one that is none, and one half written.
echo "pfn1:garbage" >camp/tokens/oops-00000003.token
has_all() {
	[ "$(value camp executions)" = 300 ] && [ "$(value camp refused)" = 1 ] && [ "$(value camp filed)" = 1 ]
}
"${fuzz[@]}" --resume --dir camp --seeds seeds --jobs 1 >out 2>err &
supervisor=$!
until_true has_all
kill -INT $supervisor
wait $supervisor
[ $? = 1 ] || { echo "expected status 1"; cat out err; failed=1; }
grep -q '"outcome":"interrupted"' camp/stats.json || { echo "the end is no interrupt"; failed=1; }
has out "new: oops: oops"
has out "race: nothing else in 300 inputs"
has out "comes in fewer than 1.0e-02 of inputs like these"
has err "a token could not be filed and is kept as"
[ "$(value camp executions)" = 300 ] || { echo "executions: $(value camp executions), wanted 300"; failed=1; }
[ "$(value camp edges)" = 42 ] || { echo "edges: $(value camp edges)"; failed=1; }
grep -q '"EBUSY":18' camp/stats.json || { echo "errno are not summed"; failed=1; }
[ -e camp/tokens/oops-00000001.token.99 ] || { echo "half a token was taken"; failed=1; }
[ "$(cat camp/refused/*)" = pfn1:garbage ] || { echo "the bad token is lost"; failed=1; }
[ -z "$(ls camp/filing)" ] || { echo "still being filed: $(ls camp/filing)"; failed=1; }
run 0 "$pfnstorm" crashes list camp/crashes
has out "1 bug, 1 crash"

# The last session distills, but not what somebody else uses.
"${fuzz[@]}" race --dir other --corpus camp/corpus --seeds seeds --jobs 1 2>/dev/null >/dev/null &
other=$!
until_true has_engine other
run 1 "${fuzz[@]}" --resume --dir camp --jobs 1 --time 0.1s --distill
has err "race: another campaign uses the corpus, so it is not distilled"
kill -INT $other
wait $other
# A campaign that goes on has the corpus and the engines that it was begun with.
(cd / && exec "$pfnstorm" fuzz --resume --dir "$scratch/other" --jobs 1 --time 0.1s >/dev/null 2>"$scratch/err") || { cat err; failed=1; }
[ -z "$(ls other/corpus 2>/dev/null)" ] || { echo "another corpus was begun"; failed=1; }
run 1 "${fuzz[@]}" --resume --dir camp --jobs 1 --time 0.1s --distill
has err "race: 1 inputs have the coverage of 2"
[ "$(ls camp/corpus/race)" = one ] || { echo "corpus: $(ls camp/corpus/race)"; failed=1; }
exit $failed
