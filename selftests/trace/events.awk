# SPDX-License-Identifier: GPL-2.0
#
# events.awk PIDS TRACE: does what the tracepoints told of each process add up to what
# it had counted itself when it was gone (cow_exit)? PIDS are those that were there
# before, of which some is not in the trace. Prints each difference, then how many
# processes and events agreed; status 1 if there is a difference, or no process.

BEGIN {
	split("forks shared shared_swap inherited eager broken broken_anon " \
	      "broken_file broken_ksm broken_hugetlb broken_child broken_parent " \
	      "broken_remote break_ns break_max_ns reused zero_filled zero_heap " \
	      "zero_stack zero_huge zero_upgraded", counters)
}

FNR == NR {
	old[$1]
	next
}

# The fields of an event, name=value; its name is returned
function parse(	i, at, name) {
	delete f
	for (i = 1; i <= NF; i++)
		if (name == "" && $i ~ /^cow_[a-z_]+:$/)
			name = substr($i, 1, length($i) - 1)
		else if (name != "" && (at = index($i, "=")))
			f[substr($i, 1, at - 1)] = substr($i, at + 1)
	return name
}

function add(pid, counter, n) {
	sum[pid, counter] += n
	open[pid]
}

function add_fork() {
	add(f["parent"], "forks", 1)
	add(f["parent"], "shared", f["shared"])
	add(f["parent"], "shared_swap", f["shared_swap"])
	add(f["child"], "inherited", f["shared"])
	add(f["child"], "eager", f["eager"])
	if (f["ns"] + 0 == 0)
		differ("fork of " f["child"] ": its time is not known")
}

function add_break(	pid) {
	pid = f["pid"]
	add(pid, "broken", f["pages"])
	add(pid, "broken_" f["kind"], f["pages"])
	if (f["kind"] == "anon")
		add(pid, "broken_" f["by"], f["pages"])
	else if (f["by"] != "-")
		differ("pid " pid ": " f["kind"] " by " f["by"])
	add(pid, "broken_remote", f["remote"] * f["pages"])
	add(pid, "break_ns", f["ns"])
	if (f["ns"] + 0 > sum[pid, "break_max_ns"] + 0)
		sum[pid, "break_max_ns"] = f["ns"] + 0
}

function add_zero_fill() {
	add(f["pid"], "zero_filled", f["pages"])
	if (f["where"] != "mapping")
		add(f["pid"], "zero_" f["where"], f["pages"])
	add(f["pid"], "zero_huge", f["huge"] * f["pages"])
	add(f["pid"], "zero_upgraded", f["upgraded"] * f["pages"])
}

function differ(what) {
	print what
	different = 1
}

# What a vfork child paid for that never called exec is its parent's as well.
function pass_on(pid, parent,	i, name) {
	for (i in counters) {
		name = counters[i]
		if (name != "break_max_ns")
			add(parent, name, sum[pid, name] + 0)
		else if (sum[pid, name] + 0 > sum[parent, name] + 0)
			sum[parent, name] = sum[pid, name] + 0
	}
}

function compare(pid,	i, name) {
	if (f["vfork"] + 0)
		pass_on(pid, f["ppid"] + 0)
	for (i in counters) {
		name = counters[i]
		if (sum[pid, name] + 0 != f[name] + 0 && !(pid in old))
			differ("pid " pid " " f["comm"] ": " name " " f[name] \
			       ", events " sum[pid, name] + 0)
		delete sum[pid, name]
	}
	delete open[pid]
	if (!(pid in old))
		processes++
	delete old[pid]
}

{
	event = parse()
	if (event == "")
		next
	events++
}
event == "cow_fork" { add_fork() }
event == "cow_break" { add_break() }
event == "cow_reuse" { add(f["pid"], "reused", f["pages"]) }
event == "cow_zero_fill" { add_zero_fill() }
event == "cow_exit" { compare(f["pid"]) }

END {
	for (pid in open)
		if (!(pid in old))
			differ("pid " pid ": has events, but was not seen to exit")
	if (!processes)
		differ("no process has exited")
	print processes + 0 " processes, " events + 0 " events"
	exit different
}
