/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tracepoints tell (events.h), and who has them told.
 *
 * While an event is off its place in the code is one no-op. Only the two moments
 * between which a fork copies the address space are not there at all: their hooks
 * are attached while cow_fork is on.
 */
#ifndef COWSTAT_EVENT_H
#define COWSTAT_EVENT_H

#include <linux/types.h>

#include "classify.h"

struct cow_process;
struct page;
struct task_struct;

/**
 * struct cow_change - what became of pages
 * @pid: of the process that was charged, 0 if none
 * @tree: see struct cow_process
 * @address: of the first page
 * @bits: what it was charged with, as COW_BIT()s
 * @pages: how many
 * @node: of the new page, -1 if there is none
 * @ns: how long a break took
 */
struct cow_change {
	pid_t pid;
	pid_t tree;
	u64 address;
	u32 bits;
	u32 pages;
	int node;
	u64 ns;
};

/**
 * struct cow_fork - a fork that copied the address space
 * @parent: process
 * @child: process
 * @tree: of the child
 * @shared: pages
 * @shared_swap: swap entries
 * @eager: pages
 * @ns: how long it took, 0 if that is not known
 */
struct cow_fork {
	pid_t parent;
	pid_t child;
	pid_t tree;
	u64 shared;
	u64 shared_swap;
	u64 eager;
	u64 ns;
};

/**
 * struct cow_gone - a process that is gone
 * @pid: process
 * @tree: see struct cow_process
 * @ppid: its parent in the tree
 * @vfork: it was a borrower (see process.h), and what it counted is its parent's;
 *	not if it was a helper that the kernel ran, which has none
 * @comm: its name
 * @counters: its own
 */
struct cow_gone {
	pid_t pid;
	pid_t tree;
	pid_t ppid;
	u32 vfork;
	const char *comm;
	struct cowstat_counters counters;
};

/*
 * @process was charged with @n pages for each of @bits: send the event that
 * belongs to them, if one does. @page is the first new one, or NULL.
 */
void cow_event_change(const struct cow_process *process,
		      const struct page *page, unsigned long address,
		      u32 bits, u64 n, u64 ns);

/* The current task has forked @task; all else is still to be filled in. */
void cow_event_fork(struct cow_fork *fork, const struct cow_process *parent,
		    const struct cow_process *child, struct task_struct *task);

/*
 * With cow_tree_lock held: @process has no users any more. Of borrowers only those
 * that were charged with something.
 */
void cow_event_exit(const struct cow_process *process);

#endif /* COWSTAT_EVENT_H */
