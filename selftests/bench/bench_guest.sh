#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench_guest.sh processors|times|peers|scale: bench.sh's part in the virtual machine.
# The first round of all only warms the kernel's caches.

set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)

# phase NAME CMD…: the results in $COWSTAT_OUT/NAME, progress on the way
phase() {
	local name=$1
	shift

	"$@" | tee "$COWSTAT_OUT/$name" | sed -u "s/^\([^ ]*\) \([^ ]*\).*/  $name: \1 \2 ns/"
}

# The same addresses, hence page tables, in every run; one page a fault in file
# mappings; no throttling of SCHED_FIFO.
steady() {
	echo 0 >/proc/sys/kernel/randomize_va_space
	echo 4096 >/sys/kernel/debug/fault_around_bytes
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
}

# With several processors, and a clock that counts time: what the module keeps for a
# process, and faults of two of them in one address space
processors() {
	steady
	phase threads-warm-up "$HERE/faultcost" threads
	phase threads-bare "$HERE/faultcost" threads
	insmod cowstat.ko
	"$HERE/faultcost" process-bytes >"$COWSTAT_OUT/memory"
	phase threads-loaded "$HERE/faultcost" threads
	rmmod cowstat
}

# without the module, with it and without it again
times() {
	steady
	phase warm-up "$HERE/faultcost"
	phase bare "$HERE/faultcost"
	insmod cowstat.ko
	phase loaded "$HERE/faultcost"
	cat /proc/cowstat >"$COWSTAT_OUT/proc"
	rmmod cowstat
	phase unloaded "$HERE/faultcost"
	! has_peers || peers
}

# They know the names of 6.1 alone.
has_peers() {
	[[ $(uname -r) == 6.1.* ]]
}

# What was written for BPF, to count the same
peers() {
	phase libbpf "$HERE/peer" "$HERE/faultcost" faults
	phase bpftrace bpftrace -q -o "$COWSTAT_OUT/bpftrace.log" \
		-c "$HERE/faultcost faults" "$HERE/peer.bt"
}

scale() {
	local n

	steady
	echo 100000 >/proc/sys/kernel/pid_max
	echo 100000 >/proc/sys/kernel/threads-max
	for n in 10 1000 30000; do
		phase "scale-$n" "$HERE/scalecost" "$n" cowstat.ko
	done
}

"$1"
