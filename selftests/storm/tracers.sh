#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Others that trace the same functions, or switch tracing off: before the module
# is loaded, while it counts, and after it.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

FUNCTIONS='handle_mm_fault do_wp_page copy_process exit_mmap page_add_new_anon_rmap folio_add_new_anon_rmap'

# trace WITH: in the kernel's ring buffer
trace() {
	local function

	echo >"$TRACING/set_ftrace_filter"
	for function in $FUNCTIONS; do
		echo "$function" >>"$TRACING/set_ftrace_filter"
	done 2>/dev/null
	echo "$1" >"$TRACING/current_tracer" || wrong "no tracer $1"
}

# What the module says after a storm it must say with a tracer beside it too.
counts() {
	local before

	before=$(value forks)
	until_end "$share" "$KERNEL/storm"
	(($(value forks) > before)) || wrong "$1: no forks were counted"
	[[ $(value zero_filled) != 0 ]] || wrong "$1: no pages were counted"
	no_loss hook site
}

tracing_off_before() {
	echo 0 >/proc/sys/kernel/ftrace_enabled
	! insmod "$KO" 2>/dev/null || wrong "it was loaded with function tracing off"
	echo 1 >/proc/sys/kernel/ftrace_enabled
}

tracing_off_after() {
	load || return
	if echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
		/bin/true
		[[ $(state) == *hook* ]] || wrong "tracing was switched off, but $(state)"
		echo 1 >/proc/sys/kernel/ftrace_enabled
	fi
	counts "tracing could not be switched off"
	unload
}

# tracer WITH: before, during and after
tracer() {
	grep -qw "$1" "$TRACING/available_tracers" || { echo "no tracer $1 here"; return; }
	trace "$1"
	load || return
	counts "$1 before"
	echo nop >"$TRACING/current_tracer"
	counts "$1 has gone"
	trace "$1"
	counts "$1 came"
	unload
	echo nop >"$TRACING/current_tracer"
	nothing_left
}

kprobes() {
	local enabled=/sys/kernel/debug/kprobes/enabled events=$TRACING/kprobe_events

	[[ -e $events ]] || { echo "no kprobes here"; return; }
	echo 'p:cowstat_test handle_mm_fault' >>"$events" || wrong "no kprobe"
	echo 1 >"$TRACING/events/kprobes/cowstat_test/enable"
	load || return
	counts "with a kprobe"
	echo 0 >"$enabled"
	counts "kprobes off"
	echo 1 >"$enabled"
	echo 0 >"$TRACING/events/kprobes/cowstat_test/enable"
	counts "kprobe disabled"
	unload
	echo '-:cowstat_test' >>"$events"
}

bpf() {
	command -v bpftrace >/dev/null || { echo "no bpftrace here: not tried"; return; }
	load || return
	timeout "$share" bpftrace -e 'kprobe:handle_mm_fault { @ = count(); }' >/dev/null 2>&1 &
	counts "with bpftrace"
	wait
	unload
}

share=$((LENGTH / 12 + 1))
tracing_off_before
tracing_off_after
tracer function
tracer function_graph
kprobes
bpf
nothing_left
exit $failed
