#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cowzero.bt: its totals are the counters', by place, and of huge pages and those that
# had been read. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/bpftrace.sh
. "$(dirname "$0")/lib/bpftrace.sh"

# totals_agree COUNTER: it must have gained something
totals_agree() {
	unique 'zero_filled|came_as_huge_page|had_been_read' || return
	agree "all" "$(total zero_filled)" zero_filled || return
	agree "heap" "$(total zero_filled ', heap$')" zero_heap || return
	agree "stack" "$(total zero_filled ', stack$')" zero_stack || return
	agree "huge" "$(total came_as_huge_page)" zero_huge || return
	agree "read before" "$(total had_been_read)" zero_upgraded || return
	(($(gain "$1"))) || complain "no $1"
}

alone() {
	watch cowzero heap || return
	totals_agree zero_heap || return
	! grep '^@' "$TRACED" | grep -v "^@zero_filled\[${root[heap]}, "
}

load
echo "TAP version 13"
echo "1..7"
check "it watches" watch cowzero zero-write heap stack huge-fill zero-read-write
check_workload zero-write totals_agree zero_filled
check_workload heap totals_agree zero_heap
check_workload stack totals_agree zero_stack
check_workload huge-fill totals_agree zero_huge
check_workload zero-read-write totals_agree zero_upgraded
check "a tree alone" alone
finish
