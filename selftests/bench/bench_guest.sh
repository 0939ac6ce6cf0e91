#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh's part in the virtual machine: measures without the module, with it
# and without it again. The first round of all only warms the kernel's caches.

set -euo pipefail
bench=selftests/bench/faultcost

# phase NAME: the results in $COWSTAT_OUT/NAME, progress on the way
phase() {
	"$bench" | tee "$COWSTAT_OUT/$1" | sed -u "s/^\([^ ]*\) \([^ ]*\).*/  $1: \1 \2 ns/"
}

# memory: what the module keeps for a process, on this number of processors
memory() {
	insmod cowstat.ko
	"$bench" process-bytes >"$COWSTAT_OUT/memory"
	rmmod cowstat
}

times() {
	# The same addresses, hence page tables, in every run; one page a fault in
	# file mappings; no throttling of SCHED_FIFO.
	echo 0 >/proc/sys/kernel/randomize_va_space
	echo 4096 >/sys/kernel/debug/fault_around_bytes
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	phase warm-up
	phase bare
	insmod cowstat.ko
	phase loaded
	cat /proc/cowstat >"$COWSTAT_OUT/proc"
	rmmod cowstat
	phase unloaded
}

"$1"
