#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The events with nothing but the files of tracefs, as docs/tracing.md has it: filters,
# a histogram, what is lost and that it is said, and the way of events when the module
# goes. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/session.sh
. "$(dirname "$0")/lib/session.sh"

EVENTS=$TRACING/events/cowstat
HIST='hist:keys=tree,pid:vals=pages'

# begin EVENT FILTER: into an empty buffer
begin() {
	echo "$2" >"$EVENTS/$1/filter" || return
	echo >"$TRACING/trace"
	echo 1 >"$EVENTS/$1/enable"
}

end() {
	echo 0 >"$EVENTS/enable"
	echo 0 >"$EVENTS/$1/filter"
}

# buffer KILOBYTES: a processor's
buffer() {
	echo "$1" >"$TRACING/buffer_size_kb"
}

# buffer_counts NAME: over all processors
buffer_counts() {
	cat "$TRACING"/per_cpu/cpu*/stats | awk -F ': ' -v name="$1" '$1 == name { n += $2 } END { print n }'
}

# Of 'pages > 1' huge pages come, and all of them.
filter_agrees() {
	begin cow_zero_fill 'pages > 1' || return
	"$COWSTAT" run --json -o "$REPORT" -- "$COWSTAT" workload huge-fill >/dev/null || return
	end cow_zero_fill
	(($(counter zero_huge) >= 1024)) || complain "$(cat "$REPORT")" || return
	sums <"$TRACING/trace" >"$dir/sums"
	grep -qx "zero_huge $(counter zero_huge)" "$dir/sums" || complain "$(cat "$dir/sums")" || return
	grep -qx "zero_filled $(counter zero_huge)" "$dir/sums" || complain "$(cat "$dir/sums")"
}

wrong_filter() {
	local error

	! echo 'page > 1' 2>/dev/null >"$EVENTS/cow_break/filter" || complain "it was taken" || return
	error=$(cat "$EVENTS/cow_break/filter")
	[[ $error == *'Field not found'* ]] || complain "$error" || return
	echo 0 >"$EVENTS/cow_break/filter"
}

# histogram TREE: "pid pages" of its processes
histogram() {
	sed -n 's/^{ tree: *\([0-9]*\), pid: *\([0-9]*\) }.* pages: *\([0-9]*\)$/\1 \2 \3/p' \
		"$dir/hist" | awk -v tree="$1" '$1 == tree { print $2, $3 }' | sort -n
}

# A trigger goes before the module does: see docs/tracing.md.
count_by_pid() {
	echo "$HIST" >"$EVENTS/cow_break/trigger" || return
	"${COUNTED[@]}" || return
	cat "$EVENTS/cow_break/hist" >"$dir/hist"
	echo "!$HIST" >"$EVENTS/cow_break/trigger"
}

histogram_agrees() {
	count_by_pid || return
	histogram "$(tree)" >"$dir/sums"
	jq -r '.processes[] | "\(.pid) \(.self.broken)"' "$REPORT" | sort -n >"$dir/counters"
	(($(wc -l <"$dir/counters") == 2)) || complain "$(cat "$REPORT")" || return
	diff "$dir/sums" "$dir/counters" || complain "histogram (<) and counters (>) differ"
}

# What is in a buffer of a page or two, and what was overwritten, is what was counted.
losses_are_said() {
	local seen lost

	buffer 1
	begin cow_break 'comm == "touch" && kind == 0' || return
	"${COUNTED[@]}" || return
	end cow_break
	seen=$(buffer_counts entries) lost=$(buffer_counts overrun)
	echo "$seen events in the buffer, $lost lost"
	((lost > 1000)) || return
	equal "pages" $((seen + lost)) "$(counter broken_anon)"
}

counters_lose_nothing() {
	begin cow_break 'pages > 0' || return
	"$COWSTAT" verify "${VERIFIED[@]}" || return
	end cow_break
	(($(buffer_counts overrun) > 1000)) || complain "only $(buffer_counts overrun) were lost"
}

# tracefs is root's alone
others_see_nothing() {
	! setpriv --reuid 65534 --regid 65534 --clear-groups \
		cat "$EVENTS/cow_break/format" 2>"$dir/error" || complain "it was read" || return
	grep -q 'Permission denied' "$dir/error" || complain "$(cat "$dir/error")"
}

unloads_with_events_on() {
	begin cow_break 'pages > 0' || return
	echo 1 >"$EVENTS/enable"
	rmmod cowstat || return
	[[ ! -e $EVENTS ]] || complain "$EVENTS is still there" || return
	! grep cowstat "$TRACING/available_events" || complain "events are listed" || return
	no_trace_left
}

comes_back_off() {
	insmod "$KO" || return
	equal "enable" "$(cat "$EVENTS/enable")" 0 || return
	equal "filter" "$(cat "$EVENTS/cow_break/filter")" none
}

# tree_is NAME PID: in all events of that member of the family, its end included
tree_is() {
	local pid trees

	pid=$(<"$dir/$1")
	grep -q "cow_exit: pid=$pid " "$dir/trace" || complain "$1, $pid: no end" || return
	trees=$(grep -oP "cow_(break|reuse|zero_fill|exit): pid=$pid tree=\K\d+" "$dir/trace" |
		sort -u | xargs)
	equal "tree of $1" "$trees" "$2"
}

# Born before the module: the kernel still knows who has called exec.
older_than_the_module() {
	local name family

	unload
	mkfifo "$dir/born" "$dir/go"
	exec 7<>"$dir/born" 8<>"$dir/go"
	"$TRACE/lib/family.sh" "$dir" 7<&- 8<&- &
	family=$!
	for name in root child grandchild program; do
		read -r _ <&7
	done
	load
	echo >"$TRACING/trace"
	echo 1 >"$EVENTS/enable"
	exec 8<&-
	wait $family
	echo 0 >"$EVENTS/enable"
	cp "$TRACING/trace" "$dir/trace"
	exec 7<&-
	for name in root child grandchild; do
		tree_is "$name" "$family" || return
	done
	tree_is program "$(<"$dir/program")"
}

echo "TAP version 13"
echo "1..9"
load
buffer 16384
check "a filter lets through what it names" filter_agrees
check "a filter with an unknown field is refused" wrong_filter
check "a histogram by pid has what was counted" histogram_agrees
check "only root has the events" others_see_nothing
check "what the buffer loses is said" losses_are_said
check "and the counters lose nothing" counters_lose_nothing
check "unloading with events on takes them along" unloads_with_events_on
check "they come back off" comes_back_off
check "processes older than the module have the tree of their program" older_than_the_module
finish
