# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What all storms share. A storm is a script that gets how many seconds it may
# take, prints what went wrong, and ends with status 0, 1, or 4 after a call of
# skip. It loads the module itself, and leaves none behind.

STORMS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KERNEL=$STORMS/../kernel
KO=${COWSTAT_KO:-$STORMS/../../cowstat.ko}
TRACING=/sys/kernel/tracing
CGROUP=/sys/fs/cgroup
LENGTH=${1:-10}
# All that are gone stay listed, so that they can be summed up.
KEEP_ALL=(max_processes=1000000 max_kept=1000000)

failed=0

# wrong WHAT…: goes on, but the storm has failed
wrong() {
	echo "$*"
	failed=1
}

skip() {
	echo "skip: $*"
	exit 4
}

loaded() {
	[[ -e /sys/module/cowstat ]]
}

load() {
	insmod "$KO" "$@" || { wrong "cannot load the module: $(dmesg | tail -n 1)"; return 1; }
}

unload() {
	rmmod cowstat || wrong "cannot unload the module"
}

nothing_left() {
	local path

	for path in /proc/cowstat /dev/cowstat /sys/module/cowstat; do
		[[ ! -e $path ]] || wrong "$path is still there"
	done
	! grep -q cowstat "$TRACING/enabled_functions" || wrong "a function is still hooked"
}

value() {
	awk -v name="$1" 'NF == 0 { exit } $1 == name { print $2 }' /proc/cowstat
}

state() {
	sed -n 's/^state //p' /proc/cowstat
}

# no_loss REASON…: the state may be degraded, but not for these
no_loss() {
	local reason

	for reason in "$@"; do
		[[ $(state) != *$reason* ]] || wrong "state $(state)"
	done
}

# until_end SECONDS CMD…: killed then, with all that hangs on it
until_end() {
	(timeout -s KILL "$@" || :) >/dev/null 2>&1
}

# books [--may REASONS] CMD…
# Programs that the kernel itself runs, to load modules, are nobody's children:
# once they are gone they are in no list.
books() {
	local modprobe=/proc/sys/kernel/modprobe before

	before=$(cat $modprobe)
	echo >$modprobe
	"$STORMS/books" "$@" || failed=1
	echo "$before" >$modprobe
}

# The project's own storm, and those of stress-ng that touch what is hooked.
everything() {
	local seconds=$1

	until_end "$seconds" "$KERNEL/storm" &
	stress "$seconds"
	wait
}

# stress SECONDS [ARG…]
stress() {
	local seconds=$1
	shift

	(($#)) || set -- --fork 1 --vfork 1 --clone 1 --pthread 1 --exec 1 \
		--mmapfork 1 --mremap 1 --madvise 1 --ptrace 1 --zombie 1 \
		--vm 1 --vm-bytes 32M --vm-madvise hugepage --userfaultfd 1
	# As root it would inject memory failures.
	until_end "$((seconds + 60))" setpriv --reuid 65534 --regid 65534 \
		--clear-groups stress-ng --quiet --timeout "$seconds" \
		--temp-path "${TMPDIR:-/tmp}" --oomable "$@"
}

# For all: pages of the machine are merged, made huge, and swapped to zram.
memory_features() {
	echo 1 >/sys/kernel/mm/ksm/run
	echo always >/sys/kernel/mm/transparent_hugepage/enabled
	echo 1 >/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
	modprobe zram 2>/dev/null && echo 256M >/sys/block/zram0/disksize &&
		mkswap -q /dev/zram0 && swapon /dev/zram0 ||
		echo "no zram: nothing is swapped"
} 2>/dev/null

memory_features_off() {
	[[ ! -e /dev/zram0 ]] || { swapoff /dev/zram0; modprobe -r zram; }
	echo 2 >/sys/kernel/mm/ksm/run
	echo 0 >/sys/kernel/mm/ksm/run
	echo madvise >/sys/kernel/mm/transparent_hugepage/enabled
	echo 10000 >/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
} 2>/dev/null

end_cgroup() {
	while [[ -d $CGROUP/$1 ]]; do
		echo 1 >"$CGROUP/$1/cgroup.kill"
		sleep 0.1
		rmdir "$CGROUP/$1"
	done 2>/dev/null
}

# in_cgroup NAME FILE=VALUE… -- CMD…
in_cgroup() {
	local name=$1 group=$CGROUP/$1 setting
	shift

	echo +memory +pids >"$CGROUP/cgroup.subtree_control" 2>/dev/null || :
	mkdir -p "$group"
	while [[ $1 != -- ]]; do
		setting=$1
		echo "${setting#*=}" >"$group/${setting%%=*}" || wrong "no $setting"
		shift
	done
	shift
	(echo "$BASHPID" >"$group/cgroup.procs" && exec "$@")
	end_cgroup "$name"
}
