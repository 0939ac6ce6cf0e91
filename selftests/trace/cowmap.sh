#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cowmap.bt: the letters are where the workload has written, and are as many as the
# counters say. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/bpftrace.sh
. "$(dirname "$0")/lib/bpftrace.sh"

# pages PID: all rows of a process as one line of letters
pages() {
	sed -n "/^process $1\( \|\$\)/,/^\$/s/^  [0-9a-f]\{12\}  //p" "$TRACED" | tr -d '\n'
}

# letters PID LETTER: how many
letters() {
	pages "$1" | tr -cd "$2" | wc -c
}

child() {
	jq '.processes[1].pid' "$dir/$current/report"
}

every_third() {
	equal "the child's pages" "$(pages "$(child)" | sed 's/^\.*//; s/\.*$//')" \
		"$(yes 'B..' | head -n 333 | tr -d '\n')B" || return
	agree "broken" "$(letters "$(child)" B)" broken || return
	equal "the parent's pages" "$(pages "${root[child-part]}")" ""
}

broken_and_taken_over() {
	local parent=${root[both-write]}

	agree "by the child" "$(letters "$(child)" B)" broken_child || return
	agree "by the parent" "$(letters "$parent" B)" broken_parent || return
	agree "taken over" "$(($(letters "$(child)" T) + $(letters "$parent" T)))" reused || return
	grep -q "^process $(child) .*, forked by $parent$" "$TRACED" ||
		complain "$(grep ^process "$TRACED")"
}

filled() {
	agree "zero-filled" "$(letters "${root[$current]}" z)" zero_filled
}

full_is_said() {
	current=zero-write
	start_workload zero-write || return
	export BPFTRACE_MAP_KEYS_MAX=100 BPFTRACE_MAX_MAP_KEYS=100
	start_script cowmap "${root[zero-write]}" || return
	unset BPFTRACE_MAP_KEYS_MAX BPFTRACE_MAX_MAP_KEYS
	work zero-write || return
	end_script >/dev/null
	end_workload zero-write || return
	equal "letters" "$(letters "${root[zero-write]}" z)" 100 || return
	agree "the last line" "$(sed -n 's/^broken .*zero-filled //p' "$TRACED")" zero_filled || return
	grep -qx "$(($(gain zero_filled) - 100)) pages zero-filled are not in the map: it was full" \
		"$TRACED" || complain "$(tail -n 5 "$TRACED")"
}

load
echo "TAP version 13"
echo "1..6"
check "it watches" watch cowmap child-part both-write zero-write huge-fill
check_workload child-part every_third
check_workload both-write broken_and_taken_over
check_workload zero-write filled
check_workload huge-fill filled
check "a map that is full" full_is_said
finish
