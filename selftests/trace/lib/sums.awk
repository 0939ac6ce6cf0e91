# SPDX-License-Identifier: GPL-2.0
#
# awk -f events.awk -f sums.awk: of the tree -v TREE=PID alone, the sums of its events, as
# the counters that they must agree with, "name value" a line.

function add(pid, counter, n) {
	sum[counter] += n
}

{
	event = parse()
	if (f["tree"] == TREE)
		account(event)
}

END {
	split("forks shared shared_swap eager broken broken_anon broken_file broken_ksm " \
	      "broken_hugetlb broken_child broken_parent broken_remote broken_unsure " \
	      "break_ns reused zero_filled zero_heap zero_stack zero_huge zero_upgraded", names)
	for (i = 1; i in names; i++)
		printf "%s %.0f\n", names[i], sum[names[i]]
}
