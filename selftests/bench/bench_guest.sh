#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench_guest.sh processors|times|peers|scale|curious|locks NUMBERS: bench.sh's part in the virtual machine.
# The first round of all only warms the kernel's caches.

set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)

# What the results are in: see measure.h.
UNIT=instructions
# How many phases there are, and the one that goes on
phases='' number=0

# progress: of each result the name and the median, behind the part of a phase that
# it is from. With sed as little as can be runs beside what is measured.
progress() {
	sed -u -n -e '/^phase /{
		s/^phase warm-up$/warming up: /
		s/^phase bare$/without the module: /
		s/^phase loaded$/with the module: /
		s/^phase -$//
		h
		d
	}' -e "G; s/^\([^ ]*\) \([^ ]*\)[^\n]*\n\(.*\)/    \3\1 \2 $UNIT/p"
}

# phase NAME WHAT CMD…: the results in $COWSTAT_OUT/NAME, progress on the way
phase() {
	local name=$1 what=$2
	shift 2

	echo "  $((++number)) of $phases: $what"
	"$@" | tee "$COWSTAT_OUT/$name" | progress
}

# The same addresses, hence page tables, in every run; one page a fault in file
# mappings; no throttling of SCHED_FIFO, nor a server for others beside it, as newer
# kernels have: a new child would run, and end, before its fork returns.
steady() {
	local server

	for server in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do
		[[ ! -e $server ]] || echo 0 >"$server"
	done
	echo 0 >/proc/sys/kernel/randomize_va_space
	echo 4096 >/sys/kernel/debug/fault_around_bytes
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
}

# With several processors, and a clock that counts time: what the module keeps for a
# process, and faults of two of them in one address space
processors() {
	local what="faults of one thread and of two"

	UNIT=ns phases=3
	steady
	phase threads-warm-up "$what, warming up" "$HERE/faultcost" threads
	phase threads-bare "$what, without the module" "$HERE/faultcost" threads
	insmod cowstat.ko
	"$HERE/faultcost" process-bytes >"$COWSTAT_OUT/memory"
	phase threads-loaded "$what, with the module" "$HERE/faultcost" threads
	rmmod cowstat
}

events() {
	echo "$1" >/sys/kernel/tracing/events/cowstat/enable
}

# with_module SUFFIX: and with its events
with_module() {
	insmod cowstat.ko
	phase "loaded$1" "with the module" "$HERE/faultcost"
	cat /proc/cowstat >"$COWSTAT_OUT/proc"
	events 1
	phase "events$1" "with the module, its events on" "$HERE/faultcost"
	events 0
	rmmod cowstat
}

# without the module, with it, without it and with it again: a path can differ from pass
# to pass by what the page allocator has at hand
times() {
	phases=7
	! has_peers || phases=9
	steady
	phase warm-up "warming up" "$HERE/faultcost"
	phase bare "without the module" "$HERE/faultcost"
	with_module ''
	phase unloaded "after the module was taken out" "$HERE/faultcost"
	with_module -again
	! has_peers || peers
}

# They know the names of 6.1 alone.
has_peers() {
	[[ $(uname -r) == 6.1.* ]]
}

# What was written for BPF, to count the same
peers() {
	: "${phases:=2}"
	phase libbpf "with the program for libbpf in its place" \
		"$HERE/peer" "$HERE/faultcost" faults
	phase bpftrace "with the script for bpftrace in its place" \
		bpftrace -q -o "$COWSTAT_OUT/bpftrace.log" \
		-c "$HERE/faultcost faults" "$HERE/peer.bt"
}

scale() {
	local n

	phases=3
	steady
	echo 100000 >/proc/sys/kernel/pid_max
	echo 100000 >/proc/sys/kernel/threads-max
	for n in 10 1000 30000; do
		phase "scale-$n" "beside $n other processes" "$HERE/scalecost" "$n" cowstat.ko
	done
}

# With two processors, and a clock that counts time: what others notice
curious() {
	local program=$HERE/../storm/curious

	echo 100000 >/proc/sys/kernel/pid_max
	echo 100000 >/proc/sys/kernel/threads-max
	insmod cowstat.ko max_processes=100000 max_handles=2048	# of which a user has half
	{
		"$program" chain 600 400 400 100 || :
		"$program" readers 15000 2 4 40 || :
	} | tee "$COWSTAT_OUT/curious"
	# What took too long the table says; that each was measured, nobody else.
	(($(grep -c 'longest fork' "$COWSTAT_OUT/curious") == 4))
}

# locks PROCESSES CHAIN HANDLES: how long the module holds its locks (see lockcost.c)
locks() {
	echo 300000 >/proc/sys/kernel/pid_max
	echo 300000 >/proc/sys/kernel/threads-max
	echo 1000000 >/proc/sys/vm/max_map_count
	insmod "$HERE/lockhold/lockhold.ko" module=cowstat
	"$HERE/lockcost" "$@" cowstat.ko max_processes=200000 max_handles=$((8 * $3))
	tee "$COWSTAT_OUT/locks" </sys/kernel/debug/lockhold
}

"$@"
