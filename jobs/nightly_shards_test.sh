#!/bin/bash
# SPDX-License-Identifier: MIT
# The shards of a night do together what the night does, and find the same; a regression is bisected.
. "$PFNSTORM_SOURCE_DIR/jobs/testing.sh"

mkdir scenarios
sed '/^expect/d;/^schedule/d' "$known/scenario.pfn" >scenarios/oops.pfn
sed '/^expect/d' "$planted/planted_marks_early.pfn" >scenarios/marks.pfn
sed '/^expect/d;/^bug/d' "$planted/planted_linked_early.pfn" >scenarios/held.pfn
cat >job.ini <<'JOB'
[night]
time = 10m
[canary]
detectors = race invariant-node_links
[explore all]
input = scenarios
strategy = random
runs = 1500
seeds = 2
JOB

# work FOLDER: units with seed, executions and outcome, and the bugs of the store, as far as they do not depend on shards.
work() {
	cat "$1"/nights/*/units/*.json | python3 -c '
import json, sys
decoder, text, units = json.JSONDecoder(), sys.stdin.read(), []
while text.strip():
    unit, end = decoder.raw_decode(text.lstrip())
    text = text.lstrip()[end:]
    units.append((unit["unit"], unit["seed"], unit["executions"], unit["outcome"] if unit["kind"] == "canary" else ""))
for unit in sorted(units):
    print(*unit)'
	(cd "$1/crashes" && sed -n 's/^signature *[0-9]* //p' records/*.txt | sort && ls -d records/*.txt ./*-*/)
}

nightly 1 --seed 5
work D >whole
grep -q '^explore-all-oops-2 ' whole || fail "no second seed: $(cat whole)"
[ "$(ls D/crashes/records | wc -l)" -ge 2 ] || fail "two bugs were expected: $(cat whole)"
# Three at once on one folder, under one name.
for shard in 0 1 2; do
	"$pfnstorm" nightly job.ini --dir shared --seed 5 --night one --shard $shard/3 >said.$shard 2>&1 </dev/null &
done
wait
work shared >parts
cmp whole parts || fail "shards do other work: $(diff whole parts; cat said.*)"
grep -q '"outcome":"found"' shared/nights/one/night.json || fail "the last shard has not said how the night went"
grep -q '"ended":"' shared/nights/one/night.json || fail "the night of all shards has not ended"
# A shard that runs again, as a job that was requeued does, does nothing twice.
before=$(cat shared/nights/one/units/*.json)
"$pfnstorm" nightly job.ini --dir shared --night one --shard 2/3 >out 2>&1
[ "$before" = "$(cat shared/nights/one/units/*.json)" ] || fail "a shard that had ended did something"
run 2 "$pfnstorm" nightly job.ini --dir shared --night one --shard 9/12
has err "night one has 3 shards: expected --shard K/3"
run 2 "$pfnstorm" nightly job.ini --dir shared --night ../one --shard 0/3
has err "--night: expected letters, digits"

# What has regressed is bisected, between the last night that had it fixed and now. The tool of those revisions is a script.
export HOME=$scratch GIT_CONFIG_NOSYSTEM=1
git init --quiet -b main repo
revision() {
	echo "$1" >repo/state
	cat >repo/tool <<'TOOL'
#!/bin/sh
[ "$2" = --help ] && exit 0
[ "$(cat state)" = held ] && echo "hash 1, 2 of 2 identical" && exit 0
cat "$HOME/verdict"
exit 1
TOOL
	chmod +x repo/tool
	git -C repo add -A
	git -C repo -c user.name=A -c user.email=a@b commit --quiet --allow-empty -m "$2"
	git -C repo rev-parse HEAD
}
good=$(revision held one)
revision held two >/dev/null
bad=$(revision failed three)
revision failed four >/dev/null
folder=$(ls -d D/crashes/oops-*/ | head -n 1)
awk '/^verdict/ { v = $2 } /^signature/ { $1 = ""; print v ":" $0 }' "$folder/verdict.txt" >verdict
record=$(basename "$(grep -l "folder *$(basename "$folder")" D/crashes/records/*.txt)" .txt)
printf '[verify]\n[bisect]\nrepo = repo\nbuild = true\ntool = tool\n' >job.ini
run 0 "$pfnstorm" crashes mark --store D/crashes "$record" fixed
nightly 6
has err "$record has regressed, and no earlier night knows another revision that had it fixed"
mkdir -p D/nights/20200101T000000Z-1/units
echo "{\"fixed\":[\"$record\"]}" >D/nights/20200101T000000Z-1/units/verify.json
echo "{\"revision\":\"$good\"}" >D/nights/20200101T000000Z-1/night.json
run 0 "$pfnstorm" crashes mark --store D/crashes "$record" fixed
nightly 6
has out "held        bisect-$record"
has out "first bad: $bad three"
says units/bisect-"$record".json '"message":"first bad: '"$bad"
says night.json "\"revision\":\"$(git -C repo rev-parse HEAD)\""
exit $failed
