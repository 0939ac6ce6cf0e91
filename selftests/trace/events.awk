# SPDX-License-Identifier: GPL-2.0
#
# awk -f lib/events.awk -f events.awk PIDS TRACE: does what the tracepoints told of each
# process add up to what it had counted itself when it was gone (cow_exit)? PIDS are
# those that were there before, of which some is not in the trace. Prints each
# difference, then how many processes and events agreed; status 1 if there is a
# difference, or no process.

BEGIN {
	split("forks shared shared_swap inherited eager broken broken_anon " \
	      "broken_file broken_ksm broken_hugetlb broken_child broken_parent " \
	      "broken_remote broken_unsure break_ns break_max_ns reused zero_filled " \
	      "zero_heap zero_stack zero_huge zero_upgraded", counters)
}

FNR == NR {
	old[$1]
	next
}

function add(pid, counter, n) {
	sum[pid, counter] += n
	open[pid]
}

function differ(what) {
	print what
	different = 1
}

# What is no sum
function look_at_break(pid) {
	if ((f["kind"] == "anon") != (f["by"] != "-"))
		differ("pid " pid ": " f["kind"] " by " f["by"])
	if (f["ns"] + 0 > sum[pid, "break_max_ns"] + 0)
		sum[pid, "break_max_ns"] = f["ns"] + 0
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
	account(event)
}
event == "cow_fork" && f["ns"] + 0 == 0 {
	differ("fork of " f["child"] ": its time is not known")
}
event == "cow_break" { look_at_break(f["pid"]) }
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
