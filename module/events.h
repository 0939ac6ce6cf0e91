/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoints of the event group cowstat, described in linux/cowstat.h.
 *
 * An event tells of the same pages as a counter, once it has been charged with
 * them, and to the same process. It is sent where that happens: with the page table
 * locked, or cow_tree_lock held. Tracing locks and sleeps nothing, and reads the
 * user's stack without a fault.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cowstat

#if !defined(COWSTAT_EVENTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define COWSTAT_EVENTS_H

#include <linux/tracepoint.h>

#include "event.h"

#define COW_KINDS \
	{ COWSTAT_KIND_ANON,	"anon" }, \
	{ COWSTAT_KIND_FILE,	"file" }, \
	{ COWSTAT_KIND_KSM,	"ksm" }, \
	{ COWSTAT_KIND_HUGETLB,	"hugetlb" }

#define COW_WRITERS \
	{ COWSTAT_BY_ANY,	"-" }, \
	{ COWSTAT_BY_CHILD,	"child" }, \
	{ COWSTAT_BY_PARENT,	"parent" }

#define COW_PLACES \
	{ COWSTAT_IN_MAPPING,	"mapping" }, \
	{ COWSTAT_IN_HEAP,	"heap" }, \
	{ COWSTAT_IN_STACK,	"stack" }

TRACE_EVENT(cow_fork,

	TP_PROTO(const struct cow_fork *fork),

	TP_ARGS(fork),

	TP_STRUCT__entry(
		__field(pid_t, parent)
		__field(pid_t, child)
		__field(pid_t, tree)
		__field(u64, shared)
		__field(u64, shared_swap)
		__field(u64, eager)
		__field(u64, ns)
	),

	TP_fast_assign(
		__entry->parent = fork->parent;
		__entry->child = fork->child;
		__entry->tree = fork->tree;
		__entry->shared = fork->shared;
		__entry->shared_swap = fork->shared_swap;
		__entry->eager = fork->eager;
		__entry->ns = fork->ns;
	),

	TP_printk("parent=%d child=%d tree=%d shared=%llu shared_swap=%llu eager=%llu ns=%llu",
		  __entry->parent, __entry->child, __entry->tree,
		  __entry->shared, __entry->shared_swap, __entry->eager,
		  __entry->ns)
);

TRACE_EVENT(cow_break,

	TP_PROTO(const struct cow_change *change),

	TP_ARGS(change),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(pid_t, tree)
		__field(u64, address)
		__field(u32, kind)
		__field(u32, by)
		__field(u32, remote)
		__field(u32, pages)
		__field(s32, node)
		__field(u64, ns)
		__field(u32, unsure)
	),

	TP_fast_assign(
		__entry->pid = change->pid;
		__entry->tree = change->tree;
		__entry->address = change->address;
		__entry->kind = cow_event_kind(change->bits);
		__entry->by = cow_event_by(change->bits);
		__entry->remote = !!(change->bits & COW_BIT(COW_BROKEN_REMOTE));
		__entry->pages = change->pages;
		__entry->node = change->node;
		__entry->ns = change->ns;
		__entry->unsure = !!(change->bits & COW_BIT(COW_BROKEN_UNSURE));
	),

	TP_printk("pid=%d tree=%d address=0x%llx kind=%s by=%s remote=%u pages=%u node=%d ns=%llu unsure=%u",
		  __entry->pid, __entry->tree, __entry->address,
		  __print_symbolic(__entry->kind, COW_KINDS),
		  __print_symbolic(__entry->by, COW_WRITERS),
		  __entry->remote, __entry->pages, __entry->node, __entry->ns,
		  __entry->unsure)
);

TRACE_EVENT(cow_reuse,

	TP_PROTO(const struct cow_change *change),

	TP_ARGS(change),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(pid_t, tree)
		__field(u64, address)
		__field(u32, pages)
	),

	TP_fast_assign(
		__entry->pid = change->pid;
		__entry->tree = change->tree;
		__entry->address = change->address;
		__entry->pages = change->pages;
	),

	TP_printk("pid=%d tree=%d address=0x%llx pages=%u",
		  __entry->pid, __entry->tree, __entry->address,
		  __entry->pages)
);

TRACE_EVENT(cow_zero_fill,

	TP_PROTO(const struct cow_change *change),

	TP_ARGS(change),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(pid_t, tree)
		__field(u64, address)
		__field(u32, where)
		__field(u32, huge)
		__field(u32, upgraded)
		__field(u32, pages)
		__field(s32, node)
	),

	TP_fast_assign(
		__entry->pid = change->pid;
		__entry->tree = change->tree;
		__entry->address = change->address;
		__entry->where = cow_event_where(change->bits);
		__entry->huge = !!(change->bits & COW_BIT(COW_ZERO_HUGE));
		__entry->upgraded = !!(change->bits &
				       COW_BIT(COW_ZERO_UPGRADED));
		__entry->pages = change->pages;
		__entry->node = change->node;
	),

	TP_printk("pid=%d tree=%d address=0x%llx where=%s huge=%u upgraded=%u pages=%u node=%d",
		  __entry->pid, __entry->tree, __entry->address,
		  __print_symbolic(__entry->where, COW_PLACES),
		  __entry->huge, __entry->upgraded, __entry->pages,
		  __entry->node)
);

#define COW_FIELD(index, name, unit, help)	__field(u64, name)
#define COW_ASSIGN(index, name, unit, help) \
	(__entry->name = gone->counters.value[index]),
#define COW_FORMAT(index, name, unit, help)	" " #name "=%llu"
#define COW_VALUE(index, name, unit, help)	__entry->name,

TRACE_EVENT(cow_exit,

	TP_PROTO(const struct cow_gone *gone),

	TP_ARGS(gone),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(pid_t, tree)
		__field(pid_t, ppid)
		__field(u32, vfork)
		__array(char, comm, COWSTAT_COMM_LEN)
		COWSTAT_COUNTERS(COW_FIELD)
	),

	TP_fast_assign(
		__entry->pid = gone->pid;
		__entry->tree = gone->tree;
		__entry->ppid = gone->ppid;
		__entry->vfork = gone->vfork;
		memcpy(__entry->comm, gone->comm, COWSTAT_COMM_LEN);
		COWSTAT_COUNTERS(COW_ASSIGN) (void)0;
	),

	TP_printk("pid=%d tree=%d ppid=%d vfork=%u" COWSTAT_COUNTERS(COW_FORMAT) " comm=%s",
		  __entry->pid, __entry->tree, __entry->ppid, __entry->vfork,
		  COWSTAT_COUNTERS(COW_VALUE) __entry->comm)
);

#endif /* COWSTAT_EVENTS_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE events
#include <trace/define_trace.h>
