#!/bin/bash
# SPDX-License-Identifier: MIT
# pfnstorm nightly --merge: shards that had a folder each become the night that one process would have made.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
# Nights are run here: where that is quick.
[ "$PFNSTORM_PRESET" = release ] || exit 77
bugs=$PFNSTORM_SOURCE_DIR/crashes/known
for bug in compaction-oops zonelist-no-retry; do
	sed '/^expect/d;/^schedule/d;/^switch/d' "$bugs/$bug/scenario.pfn" >"$bug.pfn"
done
cat >job.ini <<'JOB'
[night]
name = small
hook.always = "$PFNSTORM_NIGHT_TOOL" report --dir "$PFNSTORM_NIGHT_DIR" --html "$PFNSTORM_NIGHT_FOLDER/report.html"
[canary]
detectors = race
[explore oops]
input = compaction-oops.pfn
strategy = random
runs = 3000
seeds = 2
[explore retry]
input = zonelist-no-retry.pfn
strategy = portfolio
runs = 600
JOB

fail() {
	echo "$*"
	failed=1
}

# bugs_of FOLDER: id and cause of each record.
bugs_of() {
	"$pfnstorm" crashes list --store "$1/crashes" --json | grep -E '"id"|"signature"' | sort -u
}

run 1 "$pfnstorm" nightly job.ini --dir whole --seed 7 --night n1
grep -q "a failure that is new" whole/nights/n1/report.html || fail "a hook has written no report"
for shard in 0 1 2; do
	"$pfnstorm" nightly job.ini --dir "shard$shard" --seed 7 --night n1 --shard "$shard/3" >"out.$shard" 2>&1
done
mkdir -p shard0/corpus/race shard1/corpus/race
printf 'a\0b' >shard0/corpus/race/one
printf 'a\0c' >shard1/corpus/race/one
printf 'same' | tee shard0/corpus/race/two >shard1/corpus/race/two

run 1 "$pfnstorm" nightly --merge shard0 shard1 shard2 --dir D
has out "found: 1 nights; 4 units,"
[ "$(bugs_of D)" = "$(bugs_of whole)" ] || fail "not the same bugs: $(bugs_of D) and $(bugs_of whole)"
[ -n "$(bugs_of D)" ] || fail "no bugs"
[ "$(find D/corpus -type f | wc -l)" = 3 ] || fail "expected three inputs, found $(find D/corpus -type f)"
cp "D/nights/n1/night.json" out
has out '"outcome":"found"'
has out '"shards":3'
grep -hoE '"(outcome|news)":"[a-z]+"' D/nights/n1/units/*.json | sort | uniq -c >news
grep -hoE '"(outcome|news)":"[a-z]+"' whole/nights/n1/units/*.json | sort | uniq -c | diff - news || failed=1
run 0 "$pfnstorm" report --dir D
has out "found: a failure that is new"

# Twice is once; also if it was killed in between: crashes that were not counted, a unit that was not copied.
sums() {
	find D -type f ! -name 'history.sqlite*' ! -name 'index.sqlite*' ! -name 'lock*' ! -name '.*' -exec cksum {} + | sort
}
sums >before
run 1 "$pfnstorm" nightly --merge shard0 shard1 shard2 --dir D
has out "0 units, 0 crash folders and 0 inputs came in"
sums | diff before - || fail "a second merge has changed something"
rm -r D/crashes/oops-* D/nights/n1/units/explore-oops-2.*.json
run 1 "$pfnstorm" nightly --merge shard2 shard1 shard0 --dir D
[ "$(bugs_of D)" = "$(bugs_of whole)" ] || fail "not the same bugs after a kill"
[ "$(find D/nights/n1/units -name '*.json' | wc -l)" = 4 ] || fail "a unit is missing after a kill"

for delay in 0.004 0.008 0.012 0.016 0.024; do
	timeout -s KILL "$delay" "$pfnstorm" nightly --merge shard0 shard1 shard2 --dir killed >/dev/null 2>&1
done
run 1 "$pfnstorm" nightly --merge shard0 shard1 shard2 --dir killed
[ "$(bugs_of killed)" = "$(bugs_of whole)" ] || fail "not the same bugs after kills"
grep -hoE '"(outcome|news)":"[a-z]+"' killed/nights/n1/units/*.json | sort | uniq -c | diff - news || failed=1
[ "$(find killed/corpus -type f ! -name '.*' | wc -l)" = 3 ] || fail "not the same inputs after kills"

# What the store of all nights knows is no news, whatever a shard without it says.
run 0 "$pfnstorm" crashes import --store known/crashes whole/crashes
run 0 "$pfnstorm" nightly --merge shard0 shard1 shard2 --dir known
has out "green: 1 nights; 4 units, "
grep -q '"news":"new"' known/nights/n1/units/*.json && fail "what is known is new"

# A shard that has not ended, or is not there.
run 0 "$pfnstorm" nightly job.ini --dir calm --only canary --night n1 --shard 0/2
run 7 "$pfnstorm" nightly --merge calm --dir some
has out "infrastructure: 1 nights; 1 units"
run 7 "$pfnstorm" nightly --merge --dir nobody --night n9
has out "infrastructure: 1 nights; 0 units"
run 0 "$pfnstorm" report --dir nobody

# Wrong input.
run 2 "$pfnstorm" nightly --merge missing --dir D
has err "missing: No such file or directory"
run 2 "$pfnstorm" nightly --merge D --dir D
has err "D: expected the folder of a shard, found that of all nights"
mkdir empty
run 2 "$pfnstorm" nightly --merge empty --dir fresh
has err "found no night, expected folders of"
run 2 "$pfnstorm" nightly --merge --dir D
run 2 "$pfnstorm" nightly --merge shard0 --slurm --shards 2 --dir D
exec 8>D/lock
flock 8
run 7 "$pfnstorm" nightly --merge shard0 --dir D
has err "a night is under way here"
# Who is still there to see, but lets the lock go, was killed: no reason to refuse.
printf 'process %d on %s since now\n' $$ "$(uname -n)" >D/lock
{ sleep 0.5; } &
exec 8>&-
run 1 "$pfnstorm" nightly --merge shard0 --dir D

# Scripts for Slurm: words of a shell are words, whatever is in them.
cp job.ini "it's a job.ini"
run 0 "$pfnstorm" nightly "it's a job.ini" --dir "some where" --slurm --shards 3 --seed 7 --night n2 --print
has out "#SBATCH --array=0-2"
has out "--seed 0x7"
[ ! -e "some where" ] || fail "--print wrote something"
awk '/^# .*merge.sh/ { exit } NR > 1' out >shards.sh
bash -n shards.sh || failed=1
SLURM_ARRAY_TASK_ID=0 bash shards.sh >out.slurm 2>&1
ls "some where/slurm/n2/0/nights/n2/units" >out
has out "canary-race.0.json"
# Slurm starts it again: what has ended is not done again.
SLURM_ARRAY_TASK_ID=0 bash shards.sh >out.slurm 2>&1
[ $? = 1 ] || fail "started again it ended otherwise"
grep -h '"attempt"' "some where/slurm/n2/0/nights/n2/units/"*.json | sort -u >out
has out '"attempt":1'
[ "$(wc -l <out)" = 1 ] || fail "units were done again"
run 7 env PATH=/nowhere "$pfnstorm" nightly job.ini --dir D --slurm --shards 2
has err "sbatch is not installed (Debian: slurm-client)"
run 2 "$pfnstorm" nightly job.ini --dir D --slurm
has err "expected --slurm and --shards N together"
exit $failed
