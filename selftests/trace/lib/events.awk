# SPDX-License-Identifier: GPL-2.0
#
# Events as text (trace, perf script, trace-cmd report), and what each stands for in the
# counters. For awk -f, with a program that defines add(pid, counter, n).

# The fields of a line's event, name=value, are left in f; its name is returned
function parse(	i, at, name) {
	delete f
	for (i = 1; i <= NF; i++)
		if (name == "" && match($i, /(^|:)cow_[a-z_]+:$/))
			name = substr($i, index($i, "cow_"), length($i) - index($i, "cow_"))
		else if (name != "" && (at = index($i, "=")))
			f[substr($i, 1, at - 1)] = substr($i, at + 1)
	return name
}

function account_fork() {
	add(f["parent"], "forks", 1)
	add(f["parent"], "shared", f["shared"])
	add(f["parent"], "shared_swap", f["shared_swap"])
	add(f["child"], "inherited", f["shared"])
	add(f["child"], "eager", f["eager"])
}

function account_break() {
	add(f["pid"], "broken", f["pages"])
	add(f["pid"], "broken_" f["kind"], f["pages"])
	if (f["by"] != "-")
		add(f["pid"], "broken_" f["by"], f["pages"])
	add(f["pid"], "broken_remote", f["remote"] * f["pages"])
	add(f["pid"], "broken_unsure", f["unsure"] * f["pages"])
	add(f["pid"], "break_ns", f["ns"])
}

function account_zero_fill() {
	add(f["pid"], "zero_filled", f["pages"])
	if (f["where"] != "mapping")
		add(f["pid"], "zero_" f["where"], f["pages"])
	add(f["pid"], "zero_huge", f["huge"] * f["pages"])
	add(f["pid"], "zero_upgraded", f["upgraded"] * f["pages"])
}

# account EVENT: that has been parsed
function account(event) {
	if (event == "cow_fork")
		account_fork()
	else if (event == "cow_break")
		account_break()
	else if (event == "cow_reuse")
		add(f["pid"], "reused", f["pages"])
	else if (event == "cow_zero_fill")
		account_zero_fill()
}
