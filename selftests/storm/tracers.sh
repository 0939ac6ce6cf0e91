#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Others that trace the same functions, or switch tracing off: before the module
# is loaded, while it counts, and after it. With any of them the books must be
# exact.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

FUNCTIONS='handle_mm_fault do_wp_page copy_process exit_mmap page_add_new_anon_rmap folio_add_new_anon_rmap'
FTRACE_ENABLED=/proc/sys/kernel/ftrace_enabled
KPROBES=/sys/kernel/debug/kprobes/enabled
ROUNDS=5
share=$((LENGTH / 20))

# counts [CMD…]: the books of a storm of which all forks and exits are known, a
# vfork and its exec in each round among them; run by CMD
counts() {
	for_seconds $share must "$@" "$STORMS/books" --may $ALWAYS \
		--forks $((5 * ROUNDS + 4)) --gone $((6 * ROUNDS + 4)) \
		"$KERNEL_TESTS/storm" $ROUNDS
}

load_to_count() {
	# shellcheck disable=SC2086
	load $KEEP_ALL
}

# Newer kernels refuse it.
tracing_off() {
	echo 0 2>/dev/null >$FTRACE_ENABLED || { skip "this kernel keeps function tracing on"; return 1; }
}

tracing_off_before() {
	tracing_off || return
	! insmod "$KO" 2>/dev/null || wrong "it was loaded with function tracing off"
	echo 1 >$FTRACE_ENABLED
	load_to_count && counts
}

# It stays on for the module, or the state says that something was missed.
tracing_off_after() {
	load_to_count || return
	if echo 0 2>/dev/null >$FTRACE_ENABLED; then
		/bin/true
		[[ $(state) == *hook* ]] || wrong "tracing was switched off, but $(state)"
		echo 1 >$FTRACE_ENABLED
	else
		counts
	fi
}

# trace WITH: in the kernel's ring buffer
trace() {
	local function

	echo >"$TRACING/set_ftrace_filter"
	for function in $FUNCTIONS; do
		echo "$function" >>"$TRACING/set_ftrace_filter"
	done 2>/dev/null
	echo "$1" >"$TRACING/current_tracer" || wrong "no tracer $1"
}

# The buffer has something, and is emptied.
traced() {
	grep -q -m 1 handle_mm_fault "$TRACING/trace" || wrong "$1 traced nothing"
	echo >"$TRACING/trace"
}

tracer() {
	grep -qw "$1" "$TRACING/available_tracers" ||
		{ skip "this kernel has no tracer $1"; return; }
	trace "$1"
	load_to_count
	counts
	traced "$1"
	echo nop >"$TRACING/current_tracer"
	counts
	trace "$1"
	counts
	traced "$1"
	unload
	echo nop >"$TRACING/current_tracer"
	echo >"$TRACING/set_ftrace_filter"
}

kprobe() {
	[[ -e $TRACING/kprobe_events ]] || { skip "this kernel has no kprobes"; return; }
	echo 'p:cowstat_test handle_mm_fault' >>"$TRACING/kprobe_events" || wrong "no kprobe"
	echo 1 >"$TRACING/events/kprobes/cowstat_test/enable"
	load_to_count
	counts
	traced kprobe
	echo 0 >"$KPROBES"
	echo >"$TRACING/trace"
	counts
	! grep -q handle_mm_fault "$TRACING/trace" || wrong "kprobes were not off"
	echo 1 >"$KPROBES"
	echo 0 >"$TRACING/events/kprobes/cowstat_test/enable"
	counts
	unload
	echo '-:cowstat_test' >>"$TRACING/kprobe_events"
}

# What bpftrace or perf said
OTHER=$SAID/other

# watch PROBE: until it has counted something. Fails if it cannot.
watch() {
	bpftrace -e "$1 { @ = count(); } interval:ms:100 { print(@); }" >"$OTHER" 2>&1 &
	watcher=$!
	until grep -q '@: [1-9]' "$OTHER"; do
		kill -0 $watcher 2>/dev/null || return
		sleep 0.1
	done
}

unwatch() {
	kill -INT $watcher
	wait $watcher || wrong "bpftrace ended with status $?: $(tail -n 1 "$OTHER")"
}

# bpf PROBE: there before the module, and gone and come again while it counts
bpf() {
	watch "$1" || { skip "bpftrace: $(tail -n 1 "$OTHER")"; return; }
	load_to_count
	counts
	unwatch
	counts
	watch "$1" || wrong "bpftrace: $(tail -n 1 "$OTHER")"
	counts
	unload
	unwatch
}

# The one place that __handle_mm_fault() has for a direct call is taken: all faults
# come by the hook of handle_mm_fault() then, and are counted as well.
bpf_in_place() {
	local hooked="$TRACING/enabled_functions"

	watch kfunc:__handle_mm_fault || { skip "bpftrace: $(tail -n 1 "$OTHER")"; return; }
	load_to_count
	grep -q '^handle_mm_fault .*cow_on_handle_mm_fault' "$hooked" ||
		wrong "handle_mm_fault is not hooked: $(grep handle_mm_fault "$hooked")"
	counts
	must workloads
	unwatch
	counts
	unload
}

# Where perf does not fit the kernel it says so.
can_perf() {
	perf stat -a -e "$1" true >"$OTHER" 2>&1 ||
		{ skip "perf: $(grep -v '^$' "$OTHER" | head -n 1)"; return 1; }
}

# perf_both EVENT: counted, and recorded
perf_both() {
	can_perf "$1" || return
	load_to_count
	counts perf stat -a -x , -o "$OTHER" -e "$1" --
	grep -q "^[1-9][0-9]*,.*$1" "$OTHER" || wrong "perf counted nothing: $(cat "$OTHER")"
	counts perf record -q -a -o "$OTHER" -e "$1" --
	perf script -i "$OTHER" 2>/dev/null | grep -q "${1#*:}" || wrong "perf recorded nothing"
	unload
}

perf_kprobe() {
	[[ -e $TRACING/kprobe_events ]] || { skip "this kernel has no kprobes"; return; }
	echo 'p:cowstat_test handle_mm_fault' >>"$TRACING/kprobe_events" || wrong "no kprobe"
	perf_both kprobes:cowstat_test
	echo '-:cowstat_test' >>"$TRACING/kprobe_events"
}

part "function tracing switched off before loading" tracing_off_before
part "function tracing switched off after loading" tracing_off_after
part "beside the function tracer" tracer function
part "beside the function_graph tracer" tracer function_graph
part "beside a kprobe, and kprobes switched off" kprobe
part "beside bpftrace with a kprobe" bpf kprobe:handle_mm_fault
part "beside bpftrace with a kfunc" bpf kfunc:handle_mm_fault
part "beside bpftrace in the place of the direct call" bpf_in_place
part "beside perf with a tracepoint" perf_both exceptions:page_fault_user
part "beside perf with a kprobe" perf_kprobe
finish
