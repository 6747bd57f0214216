#!/usr/bin/env bash
# A SLURM of one host, on the loopback interface, for tests: `slurm.sh start DIR`, `slurm.sh stop DIR`.
# Needs root and Debian's slurm-wlm and munge. Afterwards: export SLURM_CONF=DIR/slurm.conf
set -euo pipefail
action=$1 dir=$(realpath -m "$2")

start() {
    local port=$((20000 + $$ % 20000))
    mkdir -p "$dir"/{state,spool,log}
    if ! munge -n >/dev/null 2>&1; then
        [ -f /etc/munge/munge.key ] || mungekey --create
        install -d -o munge -g munge /run/munge /var/log/munge /var/lib/munge
        setpriv --reuid munge --regid munge --clear-groups munged
        for _ in $(seq 50); do munge -n >/dev/null 2>&1 && break; sleep 0.1; done
    fi
    cat > "$dir/slurm.conf" <<CONF
ClusterName=loopback
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
ReturnToService=2
SchedulerParameters=sched_interval=2,batch_sched_delay=0
RebootProgram=/bin/true
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=60 State=UP
CONF
    export SLURM_CONF="$dir/slurm.conf"
    slurmctld -c -f "$SLURM_CONF"
    slurmd -c -f "$SLURM_CONF"
    for _ in $(seq 100); do
        [ "$(sinfo -h -o %T 2>/dev/null)" = idle ] && return 0
        sleep 0.2
    done
    sinfo -R || true
    tail -n 20 "$dir"/log/*.log >&2
    return 1
}

stop() {
    for daemon in slurmd slurmctld; do
        [ -f "$dir/$daemon.pid" ] && kill "$(cat "$dir/$daemon.pid")" || true
    done
}

"$action"
