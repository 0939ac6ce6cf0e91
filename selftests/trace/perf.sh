#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# perf's sessions of docs/tracing.md: what it counts and records is what the module has
# counted, its report names the function that breaks the sharing, what it loses it says,
# and the module stays while it is attached. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/session.sh
. "$(dirname "$0")/lib/session.sh"

DATA=$dir/perf.data

# Every event of the group has its line, but for exits a number: see the next.
stat_counts_all() {
	perf stat -x , -o "$dir/stat" -e 'cowstat:*' -- "$TOUCH" || return
	awk -F , '/cowstat:/ { n++; if ($1 < 1 && !/cow_exit/) exit 1 } END { exit n != 5 }' \
		"$dir/stat" || complain "$(cat "$dir/stat")"
}

# An exit comes when perf has let go of the task: it is seen from outside.
stat_sees_exits() {
	perf stat -a -x , -o "$dir/stat" -e cowstat:cow_exit --filter 'comm == "touch"' -- \
		"$TOUCH" || return
	equal "exits of a process and its child" "$(awk -F , '/cow_exit/ { print $1 }' "$dir/stat")" 2
}

# stat_agrees EVENT FILTER COUNTER: each of these events is one page, or one fork
stat_agrees() {
	perf stat -x , -o "$dir/stat" -e "cowstat:$1" --filter "comm == \"touch\" && $2" -- \
		"${COUNTED[@]}" || return
	equal "$1" "$(awk -F , '/cowstat:/ { print $1 }' "$dir/stat")" "$(counter "$3")"
}

# text: the events that were recorded, a line each
text() {
	perf script -i "$DATA" -F event,trace 2>/dev/null
}

record_agrees() {
	perf record -q -a -m 16M -o "$DATA" -e 'cowstat:*' -- "${COUNTED[@]}" || return
	text | agree
}

# Percent, function and its callers, of the pages broken
breakers() {
	perf report -i "$DATA" --stdio --no-children -s comm -g folded,0.5,callee 2>/dev/null |
		grep '^[0-9.]*% .*;'
}

report_names_function() {
	perf record -q -m 16M --user-callchains -g -o "$DATA" -e cowstat:cow_break -- "$TOUCH" ||
		return
	breakers
	breakers | awk -F '[% ;]+' 'NR == 1 { exit !($1 > 95 && $2 == "touch_pages_in_child") }' ||
		complain "not the first of these with more than 95 %"
}

# perf_lines NAME: of its statistics of the event
perf_lines() {
	perf report -i "$DATA" --stats 2>/dev/null | sed -n '/cowstat:cow_break stats/,$p' |
		awk -v name="$1" '$1 == name { print $3; exit }'
}

# A reader that is stopped, and a buffer of a page
lose() {
	# shellcheck disable=SC2016 # the shell's, whose parent is perf
	perf record -a -m 1 -o "$DATA" -e cowstat:cow_break --filter "$1" -- \
		sh -c 'kill -STOP $PPID; "$@"; status=$?; kill -CONT $PPID; exit $status' \
		sh "${@:2}" >/dev/null 2>"$dir/perf"
}

# What was recorded, and what perf says was not, is what was counted.
losses_are_said() {
	local seen lost

	lose 'comm == "touch" && kind == 0' "${COUNTED[@]}" || complain "$(cat "$dir/perf")" || return
	seen=$(perf_lines SAMPLE) lost=$(perf_lines LOST_SAMPLES)
	echo "$seen events recorded, $lost lost"
	((lost > 1000)) || complain "$(perf report -i "$DATA" --stats)" || return
	equal "pages" $((seen + lost)) "$(counter broken_anon)"
}

counters_lose_nothing() {
	lose 'pages > 0' "$COWSTAT" verify "${VERIFIED[@]}" || return
	(($(perf_lines LOST_SAMPLES) > 1000)) || complain "$(perf report -i "$DATA" --stats)"
}

# stays_under CMD…: which tries to unload it
stays_under() {
	"$@" >"$dir/out" 2>&1
	grep -q 'Module cowstat is in use' "$dir/out" || complain "$(cat "$dir/out")" || return
	loaded || complain "it is gone"
}

unloads_after() {
	rmmod cowstat || return
	no_trace_left
}

echo "TAP version 13"
echo "1..12"
load
check "perf stat counts all events" stat_counts_all
check "and exits, system-wide" stat_sees_exits
check "it counts the forks" stat_agrees cow_fork 'shared > 0' forks
check "it counts the pages broken" stat_agrees cow_break 'kind == 0' broken_anon
check "it counts the pages taken over" stat_agrees cow_reuse 'pages == 1' reused
check "perf record has what was counted" record_agrees
check "perf report names the function that breaks" report_names_function
check "what perf loses it says" losses_are_said
check "and the counters lose nothing" counters_lose_nothing
check "no unloading under perf" stays_under \
	perf stat -a -e cowstat:cow_break -- rmmod cowstat
check "no unloading under bpftrace" stays_under \
	bpftrace -e 'tracepoint:cowstat:cow_break { @ = count(); }' -c '/usr/sbin/rmmod cowstat'
check "unloading after them" unloads_after
finish
