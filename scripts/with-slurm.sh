#!/usr/bin/env bash
# Starts a Slurm of two nodes on this machine's loopback, runs a command under it and stops it again.
#
#   scripts/with-slurm.sh ieum run experiments/quickstart.yaml --executor slurm
#
# Everything lies in a scratch folder; the ports are free ones; no root is needed. SLURM_FOLDER names the folder for the
# command: `$SLURM_FOLDER/run/n1.pid` and `n2.pid` hold the nodes' process ids, and `$SLURM_FOLDER/node n1` starts a
# node again that was killed. Ends with status 77 when Slurm is not installed (apt-get install slurmctld slurmd munge
# slurm-client).
set -euo pipefail

PATH=$PATH:/usr/sbin
for program in slurmctld slurmd munged sbatch; do
  command -v "$program" >/dev/null || {
    echo "with-slurm: '$program' is not installed; apt-get install slurmctld slurmd munge slurm-client" >&2
    exit 77
  }
done

folder=$(mktemp -d "${TMPDIR:-/tmp}/ieum-slurm-XXXXXX")
chmod 755 "$folder"
mkdir -m 755 "$folder"/{munge,state,log,run} "$folder"/spool-n1 "$folder"/spool-n2
export SLURM_FOLDER=$folder SLURM_CONF=$folder/slurm.conf
user=$(id -un)
cores=${SLURM_NODE_CPUS:-2}
memory=$(($(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo) / 2))

free_ports() { # as many free ports as asked for
  python3 - "$1" <<'P'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])
P
}
read -r controller first second < <(free_ports 3)

# A requeued task starts again when its credential is out of date; two minutes are the default.
cat > "$SLURM_CONF" <<C
ClusterName=ieum
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
CredType=cred/munge
SlurmctldPort=$controller
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/%n.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,bf_interval=1
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MinJobAge=300
KillWait=2
SlurmdTimeout=5
JobRequeue=1
ReturnToService=2
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$first CPUs=$cores RealMemory=$memory State=UNKNOWN
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$second CPUs=$cores RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
C

cat > "$folder/node" <<N
#!/bin/sh
exec slurmd -f '$SLURM_CONF' -N "\$1"
N
chmod 755 "$folder/node"

# A node that waits for lost tasks does not heed a polite signal: what is left after a while is killed.
stop() {
  status=$?
  trap - EXIT INT TERM
  local pids=() pid
  for name in n1 n2 slurmctld munged; do
    pid=$(cat "$folder/run/$name.pid" 2>/dev/null) || continue
    if [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$folder"; then pids+=("$pid"); fi
  done
  scancel --user="$user" >/dev/null 2>&1 || true
  timeout 5 scontrol shutdown >/dev/null 2>&1 || true
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for _ in $(seq 30); do
    kill -0 "${pids[@]}" 2>/dev/null || break
    sleep 0.1
  done
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  if [ -n "${SLURM_KEEP:-}" ]; then echo "with-slurm: logs in $folder/log" >&2; else rm -rf "$folder"; fi
  exit "$status"
}
trap stop EXIT INT TERM

(umask 077 && dd if=/dev/urandom of="$folder/munge/key" bs=1 count=1024 status=none)
munged --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/run/munged.pid" \
  --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed"
slurmctld -f "$SLURM_CONF"
"$folder/node" n1
"$folder/node" n2
for _ in $(seq 100); do
  [ "$(sinfo -h -N -o %t 2>/dev/null | sort -u)" = idle ] && break
  sleep 0.1
done
if [ "$(sinfo -h -N -o %t | sort -u)" != idle ]; then
  echo "with-slurm: the nodes did not come up:" >&2
  sinfo -N >&2 || true
  tail -n 5 "$folder"/log/*.log >&2
  exit 1
fi
"$@"
