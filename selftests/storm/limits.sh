#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where there is no more: processes for a user, for a cgroup, for the module,
# and memory for a cgroup, with the OOM killer at work.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

export -f until_end
share=$((LENGTH / 4 + 1))

bomb() {
	prlimit --nproc=60 bash -c ". $STORMS/lib.sh; stress $share --fork 4 --fork-max 100"
}

cgroup_bomb() {
	in_cgroup cowstat-bomb pids.max=60 -- \
		bash -c ". $STORMS/lib.sh; stress $share --fork 4 --fork-max 100 --clone 2"
}

cgroup_memory() {
	in_cgroup cowstat-memory memory.max=48M memory.swap.max=0 -- \
		bash -c ". $STORMS/lib.sh; stress $share --vm 4 --vm-bytes 40M --fork 2 --mmapfork 1"
}

# The OOM killer shows call traces, which are signs of trouble elsewhere: they
# stay out of the console, and the log is looked through for all others.
quiet_console() {
	mark="cowstat storm $$ $RANDOM"
	echo "$mark" >/dev/kmsg
	dmesg -n 2
}

loud_console() {
	local trouble

	dmesg -n 7
	trouble=$(dmesg | sed "1,/$mark/d" |
		grep -E -f "$STORMS/../vm/console.deny" | grep -v 'Call Trace')
	[[ ! $trouble ]] || wrong "the kernel's log: $trouble"
}

kills() {
	awk '$1 == "oom_kill" { print $2 }' /proc/vmstat
}

export -f bomb cgroup_bomb in_cgroup end_cgroup cgroup_memory wrong
export STORMS CGROUP share

load "${KEEP_ALL[@]}" || exit 1
echo "a user with 60 processes:"
books --may origin,flight bash -c bomb
echo "a cgroup with 60 processes:"
books --may origin,flight bash -c cgroup_bomb
before=$(kills)
echo "a cgroup with 48 MB:"
quiet_console
books --may origin,flight,memory bash -c cgroup_memory
loud_console
echo "survived: $(($(kills) - before)) kills by the OOM killer"
(($(kills) > before)) || wrong "the OOM killer had nothing to do"
unload

load max_processes=16 || exit 1
until_end "$share" "$KERNEL/storm"
[[ $(state) == degraded*limit* ]] || wrong "beyond the limit, but state $(state)"
no_loss hook site
echo "survived: $(value forks) forks with max_processes=16"
unload
nothing_left
exit $failed
