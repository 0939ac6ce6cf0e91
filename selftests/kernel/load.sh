#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loading and unloading the module: parameters, refusals, what is there right
# after it, also under load, and what is left behind. Prints TAP.

set -uo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=selftests/kernel/cow_lib.sh
. "$HERE/cow_lib.sh"
number=0 failed=0

note() {
	sed 's/^/# /' <<<"$*"
}

# check NAME CMD…: one test; what CMD prints is its diagnosis
check() {
	local name=$1 verdict=ok output
	shift

	unload_quietly
	output=$("$@" 2>&1) || verdict='not ok'
	[[ -z $output ]] || note "$output"
	echo "$verdict $((++number)) $name"
	[[ $verdict == ok ]] || failed=1
}

skip() {
	echo "ok $((++number)) $1 # SKIP $2"
}

unload_quietly() {
	! loaded || rmmod cowstat
}

# The kernel's log since the line was marked
mark_log() {
	mark="cowstat test $number $RANDOM begins"
	echo "$mark" >/dev/kmsg
}

log_since_mark() {
	dmesg | sed "1,/$mark/d"
}

# What the module itself says is one line
lines_of_module() {
	log_since_mark | grep -c 'cowstat: '
}

# refused LINE PARAMETER…: loading fails, the log says why in one line
refused() {
	local line=$1
	shift

	mark_log
	! insmod "$KO" "$@" 2>/dev/null || complain "it was loaded" || return
	log_since_mark | grep -q -- "$line" ||
		complain "no line '$line' in: $(log_since_mark)" || return
	(($(lines_of_module) == 1)) ||
		complain "not one line: $(log_since_mark)" || return
	nothing_left
}

files_appear() {
	insmod "$KO" || return
	[[ $(head -n 1 /proc/cowstat) == 'cowstat 1' ]] || complain "no /proc/cowstat" || return
	[[ -c /dev/cowstat ]] || complain "no /dev/cowstat" || return
	[[ $(stat -c %a /dev/cowstat) == 666 ]] || complain "not open to everyone" || return
	[[ $(sed -n 2p /proc/cowstat) == 'state exact' ]] || complain "$(sed -n 2p /proc/cowstat)"
}

unload_leaves_nothing() {
	insmod "$KO" || return
	rmmod cowstat || return
	no_trace_left
}

loading_is_silent() {
	mark_log
	insmod "$KO" || return
	rmmod cowstat || return
	(($(lines_of_module) == 0)) || complain "$(log_since_mark)"
}

# The addresses of functions are asked for by kprobes.
loading_leaves_no_kprobe() {
	local kprobes=/sys/kernel/debug/kprobes/list before

	[[ -e $kprobes ]] || mount -t debugfs none /sys/kernel/debug || return
	before=$(cat "$kprobes") && insmod "$KO" || return
	[[ $(cat "$kprobes") == "$before" ]] || complain "$(cat "$kprobes")"
}

second_load_fails() {
	local error

	insmod "$KO" || return
	error=$(insmod "$KO" 2>&1) && complain "it was loaded twice" && return 1
	[[ $error == *"File exists"* ]] || complain "$error" || return
	[[ -e /proc/cowstat ]] || complain "the first one is gone"
}

parameters_are_visible() {
	local name

	insmod "$KO" max_processes=1000 max_handles=7 max_kept=9 || return
	for name in max_processes:1000 max_handles:7 max_kept:9; do
		[[ $(cat "/sys/module/cowstat/parameters/${name%:*}") == "${name#*:}" ]] ||
			complain "$name is $(cat "/sys/module/cowstat/parameters/${name%:*}")" || return
	done
}

parameters_are_documented() {
	local name

	for name in max_processes max_handles max_kept; do
		modinfo -F parm "$KO" | grep -q "^$name:.\{20\}" ||
			complain "modinfo says nothing on $name" || return
	done
}

unknown_parameter() {
	mark_log
	insmod "$KO" nonsense=1 || return
	log_since_mark | grep -q "unknown parameter 'nonsense'" ||
		complain "not reported: $(log_since_mark)"
}

largest_limit() {
	insmod "$KO" max_processes=4194304 || complain "$(dmesg | tail -n 1)"
}

# As the kernel reckoned at boot, with the memory that it had then: a little less.
default_limit() {
	local threads fit

	threads=$(cat /proc/sys/kernel/threads-max)
	insmod "$KO" || return
	fit=$(cat /sys/module/cowstat/parameters/max_processes)
	if ((threads < 32000)); then
		((fit == 32768)) || complain "$fit, expected 32768: $threads threads"
	else
		((fit >= 32768 && fit >= threads && fit * 100 < threads * 105)) ||
			complain "$fit, expected a little more than $threads"
	fi
}

# Newer kernels refuse it.
tracing_can_be_off() {
	unload_quietly
	echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled || return
	echo 1 >/proc/sys/kernel/ftrace_enabled
}

tracing_off() {
	local status=0

	echo 0 >/proc/sys/kernel/ftrace_enabled || return
	refused ftrace_enabled || status=1
	echo 1 >/proc/sys/kernel/ftrace_enabled
	((!status)) && insmod "$KO" && rmmod cowstat
}

# Tracing cannot be switched off under the module, or else the state says so.
tracing_stays_on() {
	local state

	insmod "$KO" || return
	echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled
	/bin/true
	state=$(sed -n 2p /proc/cowstat)
	if [[ $(cat /proc/sys/kernel/ftrace_enabled) == 0 ]]; then
		echo 1 >/proc/sys/kernel/ftrace_enabled
		[[ $state == *hook* ]] || complain "tracing is off, but: $state"
	else
		[[ $state == 'state exact' ]] || complain "$state"
	fi
}

# line PID: of the process in /proc/cowstat
line() {
	awk -v pid="$1" 'body && $1 == pid; NF == 0 { body = 1 }' /proc/cowstat
}

# The columns shared, broken, reused and zero_filled of a process
counts() {
	line "$1" | cut -d' ' -f4-7
}

running_processes_are_listed() {
	local sleeper grandchild child pid status=0

	sleep infinity &
	sleeper=$!
	# shellcheck disable=SC2016
	setsid sh -c 'sleep infinity & wait' >/dev/null &
	child=$!
	until grandchild=$(pgrep -P "$child" sleep); do :; done
	insmod "$KO"
	for pid in $$ "$sleeper" "$child" "$grandchild" 1; do
		[[ $(line "$pid") ]] || complain "$pid is not listed" || status=1
	done
	[[ $(counts "$sleeper") == "0 0 0 0" ]] ||
		complain "$sleeper: $(line "$sleeper")" || status=1
	[[ $(line "$grandchild" | cut -d' ' -f2) == "$child" ]] ||
		complain "$grandchild: $(line "$grandchild")" || status=1
	kill "$sleeper" "$grandchild"
	wait
	return "$status"
}

# Kernel threads have no memory: all others are listed.
all_processes_are_listed() {
	local pid

	insmod "$KO" || return
	for pid in /proc/[0-9]*; do
		[[ $(readlink "$pid/exe" 2>/dev/null) ]] || continue
		[[ ! -d $pid || $(line "${pid#/proc/}") ]] ||
			complain "${pid#/proc/} is not listed: $(cat "$pid/comm")" || return
	done
}

counters_start_at_zero() {
	insmod "$KO" || return
	rmmod cowstat || return
	insmod "$KO" || return
	(($(value forks) < 10)) || complain "forks: $(value forks)"
}

open_device_keeps_it() {
	local status=0

	insmod "$KO" || return
	exec 9</dev/cowstat
	! rmmod cowstat 2>/dev/null || status=1
	exec 9<&-
	((!status)) || complain "it was unloaded under an open device" || return
	rmmod cowstat
}

# A reader of /proc/cowstat is told that it is gone.
open_procfile_does_not() {
	local byte rest

	insmod "$KO" || return
	exec 9</proc/cowstat
	read -r -N 1 -u 9 byte
	[[ $byte == c ]] || complain "read '$byte'" || return
	rmmod cowstat || return
	! rest=$(cat <&9 2>/dev/null) || complain "still reads '$rest'" || return
	exec 9<&-
	nothing_left
}

# From before the first fork on nothing may be missed or unknown.
exact_under_storm() {
	local storm status=0

	insmod "$KO" || return
	nice "$HERE/storm" >/dev/null 2>&1 &
	storm=$!
	until (($(value forks) > 300)); do :; done
	sums_hold || status=1
	kill "$storm"
	wait 2>/dev/null
	[[ $(sed -n 2p /proc/cowstat) != *hook* ]] || status=1
	[[ $(sed -n 2p /proc/cowstat) != *site* ]] || status=1
	((!status)) || complain "$(sed -n 2p /proc/cowstat)"
}

# Starts one, and waits until it is stuck; 3 if it cannot be
start_stuck() {
	local said

	coproc STUCK { exec "$HERE/stuck" 2>&1; }
	read -r said <&"${STUCK[0]}" || :
	[[ $said == stuck ]] || complain "$said" || return 3
}

# unload_in_us: prints how long that takes
unload_in_us() {
	local since=${EPOCHREALTIME/./}

	timeout 60 rmmod cowstat || complain "it does not end" || return
	echo $((${EPOCHREALTIME/./} - since))
}

calm_unload() {
	insmod "$KO" && unload_in_us
}

stuck_unload() {
	local status=0

	insmod "$KO" || return
	start_stuck || return
	unload_in_us || status=1
	kill -KILL "$STUCK_PID"
	wait "$STUCK_PID" 2>/dev/null
	return "$status"
}

# least_of_three CMD
least_of_three() {
	local took least=0

	for _ in 1 2 3; do
		took=$("$@") || complain "$took" || return
		((least && least < took)) || least=$took
	done
	echo "$least"
}

# A second is what it may take, beyond what it takes anyhow. Grace periods of a busy
# machine are longer now and then; who waits for the write waits each time.
unload_beside_a_stuck_write() {
	local calm stuck

	calm=$(least_of_three calm_unload) || complain "$calm" || return
	stuck=$(least_of_three stuck_unload) || complain "$stuck" || return
	((stuck < calm + 1000000)) || complain "it took $stuck us, beside nothing $calm"
}

limit_on_processes() {
	insmod "$KO" max_processes=16 || return
	"$HERE/limits" processes || return
	[[ $(sed -n 2p /proc/cowstat) == *degraded*limit* ]] ||
		complain "$(sed -n 2p /proc/cowstat)"
}

# Its memory is that of the threads which it still has.
process_without_first_thread() {
	local pid status=0

	coproc "$HERE/headless"
	read -r pid <&"${COPROC[0]}"
	insmod "$KO"
	[[ $(line "$pid") ]] || complain "$pid is not listed" || status=1
	eval "exec ${COPROC[1]}>&-"
	wait
	return "$status"
}

# The hook that counts forks is there before the scan has come to all that fork.
newborn_children() {
	"$HERE/newborn" "$KO" || return
	[[ $(sed -n 2p /proc/cowstat) == 'state exact' ]] || complain "$(sed -n 2p /proc/cowstat)"
}

# ask_for_helper: the kernel looks for a module of that protocol, by modprobe
ask_for_helper() {
	perl -MSocket -e 'socket(my $s, 30 + $_ % 10, SOCK_STREAM, 0) for 1 .. 10'
}

# What the kernel starts by itself has no parent that could pay for the stack of the
# program which it cannot execute: whoever adds up the events needs that, too.
failed_helper() {
	local events=/sys/kernel/tracing/events/cowstat program broken log status=0

	[[ -d ${events%/*} ]] || mount -t tracefs none /sys/kernel/tracing || return
	insmod "$KO" || return
	program=$(cat /proc/sys/kernel/modprobe)
	# Newer kernels look for the program before they make a stack for it.
	broken=$(mktemp) && echo "no program" >"$broken" && chmod +x "$broken" || return
	echo "$broken" >/proc/sys/kernel/modprobe
	echo >/sys/kernel/tracing/trace
	echo 1 >"$events/cow_exit/enable"
	ask_for_helper
	echo 0 >"$events/cow_exit/enable"
	echo "$program" >/proc/sys/kernel/modprobe
	rm -f "$broken"
	log=$(grep -o 'cow_exit: .* ppid=0 .*' /sys/kernel/tracing/trace)
	! grep -q ' vfork=1 ' <<<"$log" || complain "$log" || status=1
	(($(grep -c ' vfork=0 .* zero_filled=[1-9]' <<<"$log") == 10)) ||
		complain "$log" || status=1
	return "$status"
}

limit_on_kept() {
	insmod "$KO" max_kept=4 || return
	"$HERE/limits" kept
}

many_threads() {
	insmod "$KO" || return
	"$HERE/limits" threads
}

limit_on_origin() {
	insmod "$KO" || return
	"$HERE/limits" origin
}

limit_under_storm() {
	local storm status=0

	insmod "$KO" max_processes=16 || return
	nice "$HERE/storm" >/dev/null 2>&1 &
	storm=$!
	until (($(value forks) > 200)); do :; done
	sums_hold || status=1
	kill "$storm"
	wait 2>/dev/null
	rmmod cowstat && nothing_left && ((!status))
}

main() {
	[[ -e $KO ]] || { echo "1..0 # SKIP no module at $KO"; exit 4; }
	echo "TAP version 13"
	echo "1..35"
	check "loading makes /proc/cowstat and /dev/cowstat" files_appear
	check "unloading leaves nothing" unload_leaves_nothing
	check "neither says anything in the kernel's log" loading_is_silent
	check "loading leaves no kprobe" loading_leaves_no_kprobe
	check "a second load fails" second_load_fails
	check "parameters are visible in /sys/module" parameters_are_visible
	check "parameters are documented" parameters_are_documented
	check "an unknown parameter is reported" unknown_parameter
	check "max_processes=0 is refused" refused max_processes max_processes=0
	check "max_processes=15 is refused" refused max_processes max_processes=15
	check "max_processes=4194305 is refused" refused max_processes max_processes=4194305
	check "max_processes=nonsense is refused" refused max_processes max_processes=nonsense
	check "max_processes=-1 is refused" refused max_processes max_processes=-1
	check "max_processes=4294967296 is refused" refused max_processes max_processes=4294967296
	check "max_handles=nonsense is refused" refused max_handles max_handles=nonsense
	check "max_processes=4194304 is possible" largest_limit
	check "max_processes not given is what fits the memory" default_limit
	if tracing_can_be_off; then
		check "with function tracing off it is refused" tracing_off
	else
		skip "with function tracing off it is refused" "this kernel keeps it on"
	fi
	check "function tracing stays on under it" tracing_stays_on
	check "running processes are listed" running_processes_are_listed
	check "all processes are listed" all_processes_are_listed
	check "a process without its first thread is listed" process_without_first_thread
	check "children born during the load are under their parents" newborn_children
	check "counters start at zero" counters_start_at_zero
	check "an open device keeps it loaded" open_device_keeps_it
	check "an open /proc/cowstat does not" open_procfile_does_not
	check "limit on processes: totals are right" limit_on_processes
	check "limit on kept processes: totals are right" limit_on_kept
	check "whose a page was is known, its maker being dead" limit_on_origin
	check "a failed helper of the kernel is announced as one of its own" failed_helper
	check "beside thousands of threads nothing is lost" many_threads
	check "unloading does not wait for a write that is stuck" unload_beside_a_stuck_write
	check "exact under a storm" exact_under_storm
	check "beyond the limit under a storm" limit_under_storm
	check "and after all that: unloading leaves nothing" unload_leaves_nothing
	unload_quietly
	exit $failed
}

main "$@"
