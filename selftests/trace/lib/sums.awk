# SPDX-License-Identifier: GPL-2.0
#
# Events as text (perf script, trace-cmd report, trace), of the tree -v TREE=PID alone:
# their sums, as the counters that they must agree with, "name value" a line.

function add(name, value) { sum[name] += value }

# The value of a field of the line
function field(name,    i) {
	for (i = NF; i > 0; i--)
		if (index($i, name "=") == 1)
			return substr($i, length(name) + 2)
	return ""
}

field("tree") != TREE { next }

/ cow_fork: |:cow_fork: / {
	add("forks", 1)
	add("shared", field("shared"))
	add("shared_swap", field("shared_swap"))
	add("eager", field("eager"))
}

/ cow_break: |:cow_break: / {
	pages = field("pages")
	add("broken", pages)
	add("broken_" field("kind"), pages)
	if (field("by") != "-")
		add("broken_" field("by"), pages)
	if (field("remote") + 0)
		add("broken_remote", pages)
	add("break_ns", field("ns"))
}

/ cow_reuse: |:cow_reuse: / {
	add("reused", field("pages"))
}

/ cow_zero_fill: |:cow_zero_fill: / {
	pages = field("pages")
	add("zero_filled", pages)
	if (field("where") != "mapping")
		add("zero_" field("where"), pages)
	if (field("huge") + 0)
		add("zero_huge", pages)
	if (field("upgraded") + 0)
		add("zero_upgraded", pages)
}

END {
	split("forks shared shared_swap eager broken broken_anon broken_file broken_ksm " \
	      "broken_hugetlb broken_child broken_parent broken_remote break_ns reused " \
	      "zero_filled zero_heap zero_stack zero_huge zero_upgraded", names)
	for (i = 1; i in names; i++)
		printf "%s %.0f\n", names[i], sum[names[i]]
}
