#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# trace-cmd's sessions of docs/tracing.md: what it records is what the module has
# counted. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/session.sh
. "$(dirname "$0")/lib/session.sh"

DATA=$dir/trace.dat

# record OPTION… -- CMD…
record() {
	trace-cmd record -q -b 16384 -o "$DATA" "$@" >"$dir/record" 2>&1 ||
		complain "$(cat "$dir/record")"
}

# report [FILTER]
report() {
	trace-cmd report ${1:+-F "$1"} -i "$DATA" 2>/dev/null
}

lists_events() {
	trace-cmd list -e cowstat: >"$dir/list"
	equal "events" "$(sort "$dir/list" | xargs)" \
		"cowstat:cow_break cowstat:cow_exit cowstat:cow_fork cowstat:cow_reuse cowstat:cow_zero_fill"
}

record_agrees() {
	record -e cowstat -- "${COUNTED[@]}" || return
	report | agree
}

# Those that were not let through are not there, the others are.
filter_agrees() {
	local pages

	record -e cowstat:cow_break -f 'by == 1' -- "${COUNTED[@]}" || return
	report >"$dir/report"
	! grep 'cow_break' "$dir/report" | grep -v 'by=child' || complain "others are there" || return
	pages=$(sums <"$dir/report" |
		awk '$1 == "broken" { print $2 }')
	equal "pages broken by the child" "$pages" "$(counter broken_child)"
}

# What it has recorded can be looked through as well.
report_filters() {
	record -e cowstat -- "${COUNTED[@]}" || return
	report "cowstat/cow_break: tree == $(tree) && by == 1" >"$dir/report"
	equal "events" "$(grep -c 'cow_break' "$dir/report")" "$(counter broken_child)"
}

# Unlike perf and bpftrace
does_not_hold_it() {
	record -e cowstat -- rmmod cowstat || return
	no_trace_left
}

echo "TAP version 13"
echo "1..5"
load
check "trace-cmd lists the events" lists_events
check "trace-cmd record has what was counted" record_agrees
check "a filter lets through what it names" filter_agrees
check "trace-cmd report filters as well" report_filters
check "trace-cmd does not keep the module" does_not_hold_it
finish
