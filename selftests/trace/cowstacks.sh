#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cowstacks.bt: the stacks come to what was broken, and on top of the one that broke
# the most is the function that did. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/bpftrace.sh
. "$(dirname "$0")/lib/bpftrace.sh"

# stacks: pages and innermost function of each, of the last print
stacks() {
	awk '
		/^In all/ { n = 0 }
		/^@broken\[/ { function_name = ""; next }
		/^    / && function_name == "" { function_name = $1 }
		/^\]: [0-9]+$/ { stack[n++] = $2 " " function_name }
		END { for (i = 0; i < n; i++) print stack[i] }' "$TRACED" | sort -n
}

# stacks_agree WORKLOAD FUNCTION
stacks_agree() {
	watch cowstacks "$1" || return
	agree "all stacks" "$(stacks | awk '{ sum += $1 } END { print sum + 0 }')" broken || return
	agree "by $2" "$(stacks | awk -v name="$2" '
		$2 ~ "^" name "\\+" { sum += $1 } END { print sum + 0 }')" broken ||
		complain "$(stacks)"
}

load
echo "TAP version 13"
echo "1..1"
check "parent-write" stacks_agree parent-write touch_counted
finish
