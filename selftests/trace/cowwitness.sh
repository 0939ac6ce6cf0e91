#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cowwitness.bt, which does without the module, counts what the module counts. Prints
# TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/bpftrace.sh
. "$(dirname "$0")/lib/bpftrace.sh"

numbers_agree() {
	unique 'copied|zero_filled|taken_over|forks' || return
	agree "forks" "$(total forks)" forks || return
	agree "copied at a fork" "$(total copied_at_fork)" eager || return
	agree "anon" "$(total copied ', anon$')" broken_anon || return
	agree "file" "$(total copied ', file$')" broken_file || return
	agree "ksm" "$(total copied ', ksm$')" broken_ksm || return
	agree "taken over" "$(total taken_over)" reused || return
	agree "not written" "$(total unshared)" unshared || return
	agree "zero-filled" "$(total zero_filled)" zero_filled || return
	agree "huge" "$(total zero_filled ', huge')" zero_huge || return
	agree "over the zero page" "$(total zero_filled 'over the zero page$')" zero_upgraded
}

alone() {
	watch cowwitness grandchildren || return
	numbers_agree || return
	! grep '^@' "$TRACED" |
		grep -vE "^@[a-z_]+\[($(xargs <"$dir/grandchildren/pids" | tr ' ' '|'))[],]"
}

# The module is not needed, nor noticed.
without_module() {
	unload
	start_script cowwitness || return
	sh -c 'true & wait'
	end_script || return
	grep -q '^@forks\[' "$TRACED" || complain "no fork: $(cat "$TRACED")"
}

WORKLOADS=(both-write last-owner prefork vfork-write file-private zero-read-write huge-fill
	huge-takeover huge-child-write ksm-child swap-child pin-fork unshare remote-writev)

load
echo "TAP version 13"
echo "1..$((${#WORKLOADS[@]} + 3))"
check "it watches" watch cowwitness "${WORKLOADS[@]}"
check_workloads numbers_agree "${WORKLOADS[@]}"
check "a tree alone" alone
was=$(state)
check "without the module" without_module
[[ $was == exact ]] || { echo "# state $was"; failed=1; }
finish
