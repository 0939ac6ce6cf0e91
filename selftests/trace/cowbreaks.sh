#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cowbreaks.bt: its totals are the counters', by kind and by role, and for each
# process. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/bpftrace.sh
. "$(dirname "$0")/lib/bpftrace.sh"

totals_agree() {
	local kind

	unique broken || return
	agree "all" "$(total broken)" broken || return
	for kind in anon file ksm hugetlb; do
		agree "$kind" "$(total broken ", $kind, ")" broken_$kind || return
	done
	agree "by child" "$(total broken ', child$')" broken_child || return
	agree "by parent" "$(total broken ', parent$')" broken_parent || return
	(($(gain broken))) || complain "nothing was broken"
}

# Of the children, whose births were watched as well
processes_agree() {
	local pid broken

	jq -r '.processes[1:][] | [.pid, .self.broken] | @tsv' "$dir/prefork/report" >"$dir/children"
	(($(wc -l <"$dir/children") == 8)) || complain "$(cat "$dir/children")" || return
	while read -r pid broken; do
		current=prefork
		equal "process $pid" "$(total broken "^$pid, ")" "$broken" || return
	done <"$dir/children"
}

# What is printed each second comes to the total, but for the last second.
seconds_are_parts() {
	local second all

	second=$(total second) all=$(total broken)
	((second && second <= all)) || complain "$second each second, but $all in all"
}

# Nothing of others
alone() {
	watch cowbreaks both-write || return
	totals_agree || return
	! grep '^@' "$TRACED" | grep -vE "^@(broken|second)\[($(xargs <"$dir/both-write/pids" | tr ' ' '|')), "
}

WORKLOADS=(both-write prefork file-private huge-child-write ksm-child hugetlb-child remote-writev)

load
echo "TAP version 13"
echo "1..$((${#WORKLOADS[@]} + 4))"
check "it watches" watch cowbreaks "${WORKLOADS[@]}"
check_workloads totals_agree "${WORKLOADS[@]}"
check "each process of prefork" processes_agree
check "what is printed each second" seconds_are_parts
check "a tree alone" alone
finish
