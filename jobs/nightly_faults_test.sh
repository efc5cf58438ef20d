#!/bin/bash
# SPDX-License-Identifier: MIT
# What a night says when something around it fails: canaries, engines, disks, stores, units that hang; and the quarantine.
. "$PFNSTORM_SOURCE_DIR/jobs/testing.sh"

sed '/^expect/d;/^schedule/d' "$known/scenario.pfn" >oops.pfn
cp "$planted/planted_linked_early.pfn" held.pfn

# A canary that is silent: the switch is off, or something else is expected. Status 5, even beside something new.
mkdir planted
sed '/^bug/d' "$planted/planted_linked_early.pfn" >planted/one.pfn
sed 's/^expect .*/expect   race no such word/' "$planted/planted_linked_early.pfn" >planted/two.pfn
cp "$planted/planted_marks_early.pfn" planted/three.pfn
cat >job.ini <<'JOB'
[canary]
scenarios = planted
runs = 300
[explore oops]
input = oops.pfn
strategy = random
runs = 4000
JOB
nightly 5 --seed 1
has out "silent      canary-invariant-node_links"
has out "did not fire as expected in 300 runs"
has out "silent      canary-race"
has out "law node_links"
has out "found       explore-oops"
says night.json '"outcome":"canary"'
says units/canary-race.json '"outcome":"silent"'
[ "$(grep -c '^held  ' out)" -eq 1 ] || fail "the canary that fires was not held"
rm planted/*
nightly 2
has err "planted: expected scenarios of planted bugs, found none"

# What hangs is ended, and has failed; what is missing is broken; the others go on.
mkfifo slow.pfn
cat >job.ini <<'JOB'
[explore slow]
input = slow.pfn
runs = 5
strategy = random
timeout = 1
[fuzz missing]
targets = race
options = --engines nowhere
time = 5
[explore held]
input = held.pfn
strategy = random
runs = 500
JOB
nightly 1
has out "timeout     explore-slow"
has out "broken      fuzz-missing"
has out "nowhere"
has out "held        explore-held"
nightly 7 --only fuzz
says units/fuzz-missing.json '"outcome":"broken"'

# A damaged store: what cannot be read is named, and nothing of it is lost.
printf '[verify]\n' >job.ini
record=$(echo D/crashes/records/*.txt)
cp -r D/crashes before
echo garbage >D/crashes/index.sqlite
nightly 0
echo garbage >>"${record%% *}"
damaged=$(cat "${record%% *}")
nightly 7
[ "$(cat "${record%% *}")" = "$damaged" ] || fail "a record that could not be read was overwritten"
has out "broken      verify"
has out "$(basename "${record%% *}"):"
for folder in before/*-*/; do
	[ -d "D/crashes/$(basename "$folder")" ] || fail "$folder has gone"
done
rm -rf D/crashes
mv before D/crashes

# A crash of threads that nobody has lifted: filed, but not red until it was seen twice.
cat >job.ini <<'JOB'
[night]
quarantine = 2
[stress calm]
input = calm.pfn
time = 1
lift = 1
JOB
sed '/^expect/d;/^bug/d' held.pfn >calm.pfn
nightly 0
# As if the night had been killed when the threads had found it.
met() {
	rm -rf found
	"$pfnstorm" explore oops.pfn --strategy random --runs 4000 --seed 1 --crash-dir found >/dev/null 2>&1
	rm -rf found/records found/index.sqlite
	sed -i 's/^replay .*/replay    inputs only (real threads)/; /^cause/d; s/{.*}/{threads.only}/' found/*/verdict.txt
	mv found "$(night)/units/stress-calm.found"
	sed -i 's/"outcome":"held"/"outcome":"running"/' "$(night)/units/stress-calm.json"
	sed -i 's/"ended":.*/"ended":null,/' "$(night)/night.json"
}
met
nightly 0 --resume
has out "in quarantine: seen on threads only"
has out "quarantined"
says units/stress-calm.json '"quarantined":true'
says units/stress-calm.json '"news":"new"'
nightly 0
met
nightly 1 --resume
says units/stress-calm.json '"outcome":"found"'
says units/stress-calm.json '"news":"new"'
if grep -q quarantined "$(night)/units/stress-calm.json"; then
	fail "seen twice, and still in quarantine"
fi

# Not a folder; and, if we may, a disk that is read-only, one that is nearly full, and one that fills up meanwhile.
printf '[explore held]\ninput = held.pfn\nstrategy = random\nruns = 500\n' >job.ini
: >file
run 7 "$pfnstorm" nightly job.ini --dir file
has err "file: Not a directory; nights need a folder that can be written: --dir"
mkdir disk
if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=4m pfnstorm-test disk 2>/dev/null; then
	echo "not tested: full and read-only disks, which need root and mount()"
	exit $failed
fi
trap 'umount -l "$scratch/disk"; rm -rf "$scratch"' EXIT
run 7 "$pfnstorm" nightly job.ini --dir disk/D
has out "skipped     explore-held"
has out "no room in"
mount -o remount,ro disk
run 7 "$pfnstorm" nightly job.ini --dir disk/E
has err "disk/E: Read-only file system"
run 7 "$pfnstorm" nightly job.ini --dir disk/D
has err "Read-only file system"
mount -o remount,rw,size=16m disk
run 0 "$pfnstorm" nightly job.ini --dir disk/D --resume
has out "held        explore-held"

printf '[explore oops]\ninput = fifo.pfn\nstrategy = random\nruns = 4000\n' >job.ini
mkfifo fifo.pfn
"$pfnstorm" nightly job.ini --dir disk/D --seed 1 >out 2>err </dev/null &
runner=$!
night=
until [ -n "$night" ] && [ -s "$night/units/explore-oops.json" ]; do
	night=$(ls -d disk/D/nights/*-1 2>/dev/null)
	sleep 0.02
done
head -c 20M /dev/zero >disk/filler 2>/dev/null
cat oops.pfn >fifo.pfn
wait $runner
status=$?
[ $status -eq 7 ] || fail "on a full disk the night ended with $status: $(cat out err)"
has err "No space left on device"
has err "make room, then --resume"
rm disk/filler fifo.pfn
cp oops.pfn fifo.pfn
run 1 "$pfnstorm" nightly job.ini --dir disk/D --resume
has out "found       explore-oops"
has out "  new  "
exit $failed
