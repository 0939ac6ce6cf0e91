// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/trace_events.h>

#include "event.h"
#include "flight.h"
#include "hook.h"
#include "process.h"

/*
 * The class of cow_fork has a function of its own in the place of
 * trace_event_reg(), which switches the event for ftrace and perf; all others go
 * through it as well, to that effect alone.
 */
static int event_reg(struct trace_event_call *call, enum trace_reg type,
		     void *data);
#define trace_event_reg event_reg

#define CREATE_TRACE_POINTS
#include "events.h"

#undef trace_event_reg

static bool is_fork(const struct trace_event_call *call)
{
	return call->class == &event_class_cow_fork;
}

/* With event_mutex held, of which the kernel says that it comes before ftrace's. */
static int event_reg(struct trace_event_call *call, enum trace_reg type,
		     void *data)
{
	bool on = type == TRACE_REG_REGISTER;
	bool off = type == TRACE_REG_UNREGISTER;
	int ret;

#ifdef CONFIG_PERF_EVENTS
	on |= type == TRACE_REG_PERF_REGISTER;
	off |= type == TRACE_REG_PERF_UNREGISTER;
#endif
	if (on && is_fork(call))
		cow_hook_copy();
	ret = trace_event_reg(call, type, data);
	if (is_fork(call) && (off || (on && ret)))
		cow_unhook_copy();
	return ret;
}

static pid_t pid_of(const struct cow_process *process)
{
	return pid_nr(process->pid);
}

void cow_event_change(const struct cow_process *process,
		      const struct page *page, unsigned long address,
		      u32 bits, u64 n, u64 ns)
{
	const struct cow_change change = {
		.pid = pid_of(process),
		.tree = process->tree,
		.address = address & -(n << PAGE_SHIFT),
		.bits = bits,
		.pages = n,
		.node = page ? page_to_nid(page) : NUMA_NO_NODE,
		.ns = ns,
	};

	if (bits & COW_BROKEN_BITS)
		trace_cow_break(&change);
	else if (bits & COW_BIT(COW_REUSED))
		trace_cow_reuse(&change);
	else if (bits & COW_BIT(COW_ZERO_FILLED))
		trace_cow_zero_fill(&change);
}

void cow_event_fork(struct cow_fork *fork, const struct cow_process *parent,
		    const struct cow_process *child, struct task_struct *task)
{
	fork->parent = pid_of(parent);
	fork->child = task_tgid_nr(task);
	fork->tree = (child ?: parent)->tree;
	fork->ns = cow_flight_copy_ns();
	trace_cow_fork(fork);
}

void cow_event_exit(const struct cow_process *process)
{
	struct cow_gone gone = {
		.pid = pid_of(process),
		.tree = process->tree,
		.ppid = pid_of(cow_parent_of(process)),
		.vfork = cow_process_pays_back(process),
		.comm = process->comm,
	};
	struct cow_sums self = {};

	cow_process_read(process, &self);
	if (process->borrower && !memchr_inv(&self, 0, sizeof(self)))
		return;
	cow_counters_fill(&gone.counters, &self);
	trace_cow_exit(&gone);
}
