#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cowlat.bt: as many breaks and forks as the counters have, and as many nanoseconds.
# Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/bpftrace.sh
. "$(dirname "$0")/lib/bpftrace.sh"

# stat FIELD REGEX: count or total, of the lines with the statistics
stat() {
	sed -n "s/^@$2: .*$1 \([0-9]*\).*/\1/p" "$TRACED" | awk '{ sum += $1 } END { print sum + 0 }'
}

# histogram NAME: the sum of its rows
histogram() {
	awk -v name="@$1:" '
		/^@/ { in_it = index($0, name) == 1 }
		in_it && /^[[(]/ { sub(/^[^])]*[])]/, ""); sum += $1 }
		END { print sum + 0 }' "$TRACED"
}

numbers_agree() {
	watch cowlat "$1" || return
	unique 'break_ns|breaks' || return
	agree "by child" "$(stat count 'breaks\[child\]')" broken_child || return
	agree "by parent" "$(stat count 'breaks\[parent\]')" broken_parent || return
	agree "of files" "$(stat count 'breaks\[file\]')" broken_file || return
	agree "nanoseconds" "$(stat total 'breaks\[[a-z]*\]')" break_ns || return
	agree "forks" "$(stat count forks)" forks || return
	(($(gain broken))) || complain "nothing was broken"
}

histograms_agree() {
	local what

	for what in child parent file; do
		equal "histogram of $what" "$(histogram "break_ns[$what]")" \
			"$(stat count "breaks\[$what\]")" || return
	done
	equal "histogram of forks" "$(histogram fork_ns)" "$(stat count forks)"
}

load
echo "TAP version 13"
echo "1..4"
for workload in both-write file-private; do
	check "$workload" numbers_agree "$workload"
	check "histograms of $workload" histograms_agree
done
finish
