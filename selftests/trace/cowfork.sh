#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cowfork.bt: each fork and each end has its line, with the counters' numbers, and what
# was lost on the way to it is said. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/bpftrace.sh
. "$(dirname "$0")/lib/bpftrace.sh"

# fork_lines: those of the current workload's processes
fork_lines() {
	grep -E "^ *[0-9]+ ms  ($(xargs <"$dir/$current/pids" | tr ' ' '|')) .* forks [0-9]+: " "$TRACED"
}

# forks NAME: the sum of a number in these lines
forks() {
	fork_lines | sed -n "s/.* \([0-9]*\) $1.*/\1/p" | awk '{ sum += $1 } END { print sum + 0 }'
}

totals_agree() {
	unique 'shared|broken|taken_over' || return
	agree "lines of forks" "$(fork_lines | wc -l)" forks || return
	agree "shared" "$(forks 'pages shared')" shared || return
	agree "in swap" "$(forks 'in swap')" shared_swap || return
	agree "copied at once" "$(forks 'copied at once')" eager || return
	agree "shared in all" "$(total shared)" shared || return
	agree "broken as child" "$(total broken ', as child$')" broken_child || return
	agree "broken as parent" "$(total broken ', as parent$')" broken_parent || return
	agree "taken over" "$(total taken_over)" reused || return
	(($(gain forks))) || complain "nobody forked"
}

# ends: pid, inherited, broken_child, broken_parent and reused of each line
ends() {
	sed -n 's/^ *[0-9]* ms  \([0-9]*\) .* ends: of \([0-9]*\) .* broke \([0-9]*\), of its own \([0-9]*\), took over \([0-9]*\)$/\1 \2 \3 \4 \5/p' \
		"$TRACED" | grep -v "^${root[$1]} " | sort -n
}

# ends_agree WORKLOAD: of all that it forks
ends_agree() {
	start_workload "$1" || return
	start_script cowfork "${root[$1]}" || return
	work "$1" || return
	end_workload "$1" || return
	end_script || return
	jq -r '.processes[1:][] | .self as $self | [.pid, $self.inherited, $self.broken_child,
		$self.broken_parent, $self.reused] | join(" ")' "$dir/$1/report" |
		sort -n >"$dir/gone"
	(($(wc -l <"$dir/gone") == 8)) || complain "not 8 processes: $(cat "$dir/gone")" || return
	equal "the ends" "$(ends "$1")" "$(cat "$dir/gone")"
}

# bpftrace stands still while the workload goes on, on one processor, whose buffer of one
# page has room for less than half of the lines. The kernel tells of the loss with the
# next line from there: bpftrace's last one, if that is where it runs.
loss_is_said() {
	local pid

	current=fork-repeat
	start_workload fork-repeat --workers 64 --pages 10 || return
	taskset -cp 0 "${root[fork-repeat]}" || return
	export BPFTRACE_PERF_RB_PAGES=1
	start_script cowfork "${root[fork-repeat]}" || return
	unset BPFTRACE_PERF_RB_PAGES
	pid=$(pgrep -x bpftrace)
	taskset -acp 0 "$pid" || return
	kill -STOP "$pid" || return
	work fork-repeat
	kill -CONT "$pid"
	end_script
	end_workload fork-repeat || return
	grep -qE 'Lost [1-9][0-9]* events' "$TRACED" ||
		complain "no loss is said: $(tail -n 20 "$TRACED")" || return
	agree "summed in the kernel" "$(total shared)" shared
}

WORKLOADS=(both-write grandchildren pin-fork swap-child)

load
echo "TAP version 13"
echo "1..$((${#WORKLOADS[@]} + 3))"
check "it watches" watch cowfork "${WORKLOADS[@]}"
check_workloads totals_agree "${WORKLOADS[@]}"
check "the ends of prefork" ends_agree prefork
check "lost lines are said" loss_is_said
finish
