#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# alive.sh BOOT: in a sanitizer kernel, commits the faults of that boot and looks
# whether each is reported. TAP: a checker that says nothing fails.

set -uo pipefail
cd "$(dirname "$0")" || exit

number=0 failed=0
debug=/sys/kernel/debug

# A write to a setting that this kernel may not have
set_to() {
	[[ ! -e $1 ]] || echo "$2" >"$1"
}

# Short times for the watchdogs, and no report the end of the machine.
prepare() {
	set_to /proc/sys/kernel/panic_on_oops 0
	set_to /proc/sys/kernel/softlockup_panic 0
	set_to /proc/sys/kernel/hung_task_panic 0
	set_to /proc/sys/kernel/panic_on_rcu_stall 0
	set_to /proc/sys/kernel/hung_task_timeout_secs 2
	set_to /proc/sys/kernel/hung_task_check_interval_secs 1
	set_to /proc/sys/kernel/watchdog_thresh 2
	set_to /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout 3
	set_to $debug/failslab/verbose 0
	set_to $debug/fail_page_alloc/verbose 0
	set_to $debug/fail_usercopy/verbose 0
}

# What is seen on a stack or in a register is no leak: look more than once.
scan_for_leaks() {
	local i

	for ((i = 0; i < 3; i++)); do
		sleep 6
		echo scan >$debug/kmemleak
		grep -q unreferenced $debug/kmemleak && break
	done
	cat $debug/kmemleak
}

# commit FAULT: prints what the kernel's log has to say
commit() {
	local mark="alive: $1 $RANDOM"

	[[ $1 != leak ]] || echo clear >$debug/kmemleak
	echo "$mark" >/dev/kmsg
	insmod ./alive.ko fault="$1" && rmmod alive
	dmesg | sed "1,/$mark/d"
	[[ $1 != leak ]] || scan_for_leaks
}

# Watchdogs can miss what they shall see when the host has no time for them.
ATTEMPTS=3

# must_report CHECKER FAULT WORDS
must_report() {
	local log i

	for ((i = 0; i < ATTEMPTS; i++)); do
		log=$(commit "$2" 2>&1)
		if grep -qE -- "$3" <<<"$log"; then
			echo "ok $((++number)) $1 reports $2"
			return
		fi
	done
	head -n 40 <<<"$log" | sed 's/^/# /'
	echo "not ok $((++number)) $1 says nothing of $2, expected '$3'"
	failed=1
}

main() {
	local boot checker fault words

	prepare
	echo "1..$(grep -c "^$1	" faults)"
	while IFS=$'\t' read -r boot checker fault words; do
		[[ $boot != "$1" ]] || must_report "$checker" "$fault" "$words"
	done <faults
	exit $failed
}

main "$@"
