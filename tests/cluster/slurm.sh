#!/usr/bin/env bash
# A SLURM cluster of one node on this machine, and the tiny study on it from the simulation to the figures.
#
#   tests/cluster/slurm.sh COMMAND...   start the cluster, run the command, stop the cluster
#   tests/cluster/slurm.sh              the same with the tiny study, on a copy of the project; prints log and costs
#
# For Debian, as root: installs slurm-wlm and munge. The node claims 8 CPUs, 16 GB and two GPUs that are only counted.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" = 0 ] || { echo "slurm.sh: starting SLURM's daemons needs root" >&2; exit 1; }
if ! command -v slurmctld slurmd munged >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null
fi

# Jobs of the executor plugin start without SLURM_* variables, so the configuration must be where SLURM looks for it.
CONF=/etc/slurm
[ ! -e $CONF/slurm.conf ] || { echo "slurm.sh: there is a $CONF/slurm.conf, so this machine has a cluster" >&2; exit 1; }
STATE=$(mktemp -d /var/tmp/slurm-one-node.XXXXXX)
HOST=$(hostname -s)
mkdir -p $CONF
cat >$CONF/slurm.conf <<CONF
ClusterName=one_node
SlurmctldHost=$HOST(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$STATE/munge.socket
StateSaveLocation=$STATE/ctld
SlurmdSpoolDir=$STATE/slurmd
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd.pid
SlurmctldLogFile=$STATE/slurmctld.log
SlurmdLogFile=$STATE/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
JobAcctGatherType=jobacct_gather/linux
MinJobAge=86400
GresTypes=gpu
NodeName=$HOST NodeAddr=127.0.0.1 CPUs=8 RealMemory=16000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=$HOST Default=YES MaxTime=INFINITE State=UP
CONF
touch "$STATE/gpu0" "$STATE/gpu1"  # SLURM counts them and gives them out; no CUDA device hangs on them
echo "Name=gpu File=$STATE/gpu[0-1]" >$CONF/gres.conf

daemons=()
stop() {
    trap - EXIT INT TERM
    for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait "${daemons[@]}" 2>/dev/null || true
    rm -rf "$STATE" $CONF/slurm.conf $CONF/gres.conf
}
trap stop EXIT
trap 'exit 130' INT TERM

dd if=/dev/urandom of="$STATE/munge.key" bs=1024 count=1 status=none
chmod 400 "$STATE/munge.key"
chmod 755 "$STATE"
munged --foreground --force --key-file="$STATE/munge.key" --socket="$STATE/munge.socket" --pid-file="$STATE/munge.pid" \
    --seed-file="$STATE/munge.seed" --log-file="$STATE/munge.log" >/dev/null 2>&1 & daemons+=($!)
for _ in $(seq 50); do [ -S "$STATE/munge.socket" ] && break; sleep 0.2; done
mkdir -p "$STATE/ctld" "$STATE/slurmd"
slurmctld -D >/dev/null 2>&1 & daemons+=($!)
slurmd -D -N "$HOST" >/dev/null 2>&1 & daemons+=($!)
for _ in $(seq 100); do [ "$(sinfo -h -o %T 2>/dev/null)" = idle ] && break; sleep 0.3; done
[ "$(sinfo -h -o %T)" = idle ] || { tail -n 20 "$STATE"/*.log >&2; echo "slurm.sh: the node does not come up" >&2; exit 1; }

if [ $# -gt 0 ]; then
    "$@"
    exit
fi

PLACE=$STATE/project
mkdir "$PLACE"
cp -r "$ROOT"/{workflow,decvae,visualize_R,config,tests} "$PLACE"
cd "$PLACE"
snakemake all --profile workflow/profiles/slurm --configfile tests/workflow/tiny.yaml --latency-wait 5 \
    --slurm-no-account --slurm-status-command squeue --slurm-init-seconds-before-status-checks 5 \
    --seconds-between-status-checks 5 2>&1 | tee "$STATE/snakemake.log"
echo "== what SLURM ran: jobs by state, CPUs, memory and generic resources"
squeue --states=all --noheader --Format=State:12,NumCPUs:6,MinMemory:10,tres-per-job:20 | sort | uniq -c
echo "== costs"
python -m decvae.costs results
echo "== nothing is left to do"
snakemake all --cores 1 --configfile tests/workflow/tiny.yaml --dry-run --quiet rules
