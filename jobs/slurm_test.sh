#!/bin/bash
# SPDX-License-Identifier: MIT
# A sharded night on a Slurm of one node, on loopback, of Debian's packages: it finds the same bugs as a night in one process.
# Everything of Slurm is in a temporary folder and gone afterwards.
. "$PFNSTORM_SOURCE_DIR/cli/testing.sh"
[ "$PFNSTORM_PRESET" = release ] || exit 77
PATH=$PATH:/usr/sbin:/sbin
for program in munged slurmctld slurmd sbatch; do
	command -v "$program" >/dev/null || { echo "$program is not installed: no night on Slurm"; exit 77; }
done
umask 022
chmod 755 "$scratch"
daemons=()
stop() {
	local pid
	# slurmd waits for its jobs: they are ended first.
	[ ! -e slurm.conf ] || timeout 5 scancel --state=RUNNING --me 2>/dev/null
	for pid in "${daemons[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${daemons[@]}"; do
		wait "$pid" 2>/dev/null
	done
	rm -rf "$scratch"
}
trap stop EXIT

# free_port: one that nobody listens on. Nothing is random: from the number of this process.
free_port() {
	local port=$((20000 + ($$ + $1 * 137) % 20000))
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		port=$((port + 1))
	done
	echo "$port"
}

# await TEXT COMMAND...: until it succeeds, 15 seconds at most.
await() {
	local what=$1 tries=0
	shift
	until "$@" >out.await 2>&1; do
		tries=$((tries + 1))
		if [ $tries = 75 ]; then
			echo "$what did not come"
			cat out.await
			tail -n 20 ./*.log
			exit 1
		fi
		sleep 0.2
	done
}

me=$(id -un)
mkdir munge state spool
chmod 711 munge
dd if=/dev/urandom of=munge/key bs=1024 count=1 2>/dev/null
chmod 400 munge/key
# Who cannot prove who he is to others proves it to himself. --force: the folder is below /tmp, which all may write.
munged --force --foreground --key-file="$scratch/munge/key" --socket="$scratch/munge/socket" \
	--pid-file="$scratch/munge/pid" --seed-file="$scratch/munge/seed" --log-file="$scratch/munge/log" 2>munged.log &
daemons+=($!)
cat >slurm.conf <<CONF
ClusterName=one
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$(free_port 1)
SlurmdPort=$(free_port 2)
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$scratch/munge/socket
CredType=cred/munge
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
KillWait=5
MinJobAge=300
NodeName=localhost NodeAddr=127.0.0.1 NodeHostname=localhost CPUs=4 State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$scratch/slurm.conf
await "the socket of munge" test -S munge/socket
slurmctld -D -f slurm.conf >slurmctld.log 2>&1 &
daemons+=($!)
slurmd -D -N localhost -f slurm.conf >slurmd.log 2>&1 &
daemons+=($!)

sed '/^expect/d;/^schedule/d;/^switch/d' "$known/scenario.pfn" >oops.pfn
cat >job.ini <<'JOB'
[night]
name = small
[canary]
detectors = race
[explore oops]
input = oops.pfn
strategy = random
runs = 3000
seeds = 2
[hunt one]
switches = planted_linked_early
runs = 2000
JOB
run 1 "$pfnstorm" nightly job.ini --dir whole --seed 7
await "an idle node" bash -c 'sinfo -h -o %T | grep -q idle'
run 0 "$pfnstorm" nightly job.ini --dir D --seed 7 --slurm --shards 3 --slurm-option=--nice=1
id=$(sed -n 's/^night //p' "$scratch/out")
merge=$(sed -n 's/^merge //p' "$scratch/out")
await "the end of the night" bash -c "scontrol show job $merge | grep -qE 'JobState=(COMPLETED|FAILED)'"
if ! scontrol show job "$merge" | grep -q 'ExitCode=1:0'; then
	scontrol show job "$merge" | grep -E 'JobState|ExitCode|Reason'
	tail -n 5 D/slurm/"$id"/*.log
	failed=1
fi
bugs_of() {
	"$pfnstorm" crashes list --store "$1/crashes" --json | grep -E '"id"|"signature"' | sort -u
}
[ -n "$(bugs_of D)" ] && [ "$(bugs_of D)" = "$(bugs_of whole)" ] || {
	echo "not the same bugs: $(bugs_of D); and $(bugs_of whole)"
	failed=1
}
grep -hoE '"(outcome|news)":"[a-z]+"' whole/nights/*/units/*.json | sort | uniq -c >news
grep -hoE '"(outcome|news)":"[a-z]+"' "D/nights/$id"/units/*.json | sort | uniq -c | diff - news || failed=1
cp "D/nights/$id/night.json" out
has out '"shards":3'
has out '"outcome":"found"'
grep -q "a failure that is new" "D/nights/$id/report.html" || { echo "no report"; failed=1; }
for shard in 0 1 2; do
	[ ! -e "D/slurm/$id/$shard" ] || { echo "the folder of shard $shard is left"; failed=1; }
done
exit $failed
