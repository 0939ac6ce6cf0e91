# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What a kernel does to pages when it is told to: equal ones are merged, small
# ones made huge, and all are swapped out, to compressed memory.

# What stress-ng does of what ./churn does, and more. Four words are one kind.
export STRESS="--fork 1 --fork-ops 20 --vfork 1 --vfork-ops 50 --clone 1 --clone-ops 10
	--pthread 1 --pthread-ops 20 --mremap 1 --mremap-ops 2 --madvise 1 --madvise-ops 2
	--ptrace 1 --ptrace-ops 100 --zombie 1 --zombie-ops 20 --vm 1 --vm-ops 10
	--userfaultfd 1 --userfaultfd-ops 200"

KSM=/sys/kernel/mm/ksm
THP=/sys/kernel/mm/transparent_hugepage
ZRAM=/sys/block/zram0

# set_to FILE VALUE: if this kernel has it
set_to() {
	[[ ! -e $1 ]] || echo "$2" >"$1"
}

swap_on() {
	[[ -e $ZRAM ]] || modprobe zram 2>/dev/null || return
	echo 256M >$ZRAM/disksize && mkswap -q /dev/zram0 2>/dev/null && swapon /dev/zram0
}

# event NAME: how often it happened, 0 if this kernel does not count it
event() {
	awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' /proc/vmstat
}

# The events that must come, of those that the kernel knows
EVENTS=(pswpout pswpin thp_fault_alloc thp_collapse_alloc thp_split_pmd cow_ksm)

features_on() {
	local name

	set_to $KSM/run 1
	set_to $KSM/sleep_millisecs 10
	set_to $KSM/pages_to_scan 1000
	set_to $THP/enabled always
	set_to $THP/khugepaged/scan_sleep_millisecs 10
	set_to /proc/sys/vm/unprivileged_userfaultfd 1
	swap_on || wrong "no swap"
	declare -gA events_before=()
	for name in "${EVENTS[@]}"; do
		events_before[$name]=$(event "$name")
	done
}

features_happened() {
	local name n

	for name in "${EVENTS[@]}"; do
		grep -q "^$name " /proc/vmstat || continue
		n=$(($(event "$name") - events_before[$name]))
		((n > 0)) || wrong "none of $name"
		echo "$name: $n"
	done
}

features_off() {
	swapoff /dev/zram0
	echo 1 >$ZRAM/reset
	set_to $KSM/run 2
	set_to $KSM/run 0
	set_to $THP/enabled madvise
	set_to $THP/khugepaged/scan_sleep_millisecs 10000
}
