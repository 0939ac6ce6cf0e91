/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plan of a workload: which process does what to which pages, in order.
 *
 * A plan is a list of steps over one region of private memory. Each step
 * belongs to one actor (a process), and no two steps overlap in time. The same
 * plan is played by processes (workload_actor.c) and replayed on paper
 * (workload_model.c): what was done and what is expected can not drift apart.
 *
 * Actor 0 is the workload's own process, and exists from the start. What it
 * does before PLAN_BEGIN only prepares the memory and is not counted.
 */
#ifndef COWSTAT_WORKLOAD_PLAN_H
#define COWSTAT_WORKLOAD_PLAN_H

#include <linux/types.h>

#define PLAN_ACTORS_MAX		130
#define PLAN_STEPS_MAX		4096
#define PLAN_TEXT_MAX		512
#define PLAN_HUGE		512	/* base pages in a huge page */

/* What the region is made of. */
enum plan_memory {
	PLAN_ANONYMOUS,
	PLAN_HUGE_PAGES,
	PLAN_FILE,			/* a private mapping of a file */
	PLAN_HEAP,			/* the brk heap */
	PLAN_STACK,			/* the main stack, below what is in use */
};

enum plan_op {
	PLAN_BEGIN,
	PLAN_END,
	PLAN_READ,
	PLAN_WRITE,
	PLAN_RACE,			/* write, by several threads at once */
	PLAN_DONTFORK,			/* madvise() the pages */
	PLAN_WIPEONFORK,
	PLAN_FORK,
	PLAN_VFORK,
	PLAN_EXEC,
	PLAN_AWAIT_EXEC,		/* until the target's program runs */
	PLAN_EXIT,
	PLAN_REAP,			/* wait for the target's end */
	PLAN_SHOW,			/* a step that --steps stops at */
};

/* Pages @first, @first + @stride, ... below @end. */
struct page_set {
	__u64 first;
	__u64 end;
	__u64 stride;
};

struct plan_step {
	enum plan_op op;
	__u32 actor;
	__u32 target;			/* of a fork, vfork, await or reap */
	__u32 threads;			/* of a race */
	struct page_set set;
	const char *text;		/* of a show */
};

struct workload_plan {
	enum plan_memory memory;
	__u64 pages;
	__u32 nr_actors;
	__u32 nr_steps;
	__u32 begin;			/* the step that is PLAN_BEGIN */
	__u32 nr_shows;
	__u32 parent[PLAN_ACTORS_MAX];
	struct plan_step step[PLAN_STEPS_MAX];
	char did[PLAN_TEXT_MAX];	/* one sentence */
	const char *error;		/* it could not be built */
};

struct page_set pages_all(const struct workload_plan *plan);
struct page_set pages_range(__u64 first, __u64 end);
struct page_set pages_stride(const struct workload_plan *plan, __u64 first,
			     __u64 stride);
/* The @index-th of @parts slices of almost the same size. */
struct page_set pages_slice(struct page_set set, __u64 index, __u64 parts);
__u64 pages_count(struct page_set set);

void plan_init(struct workload_plan *plan, enum plan_memory memory, __u64 pages);
void plan_begin(struct workload_plan *plan);
void plan_end(struct workload_plan *plan);

void plan_read(struct workload_plan *plan, __u32 actor, struct page_set set);
void plan_write(struct workload_plan *plan, __u32 actor, struct page_set set);
void plan_race(struct workload_plan *plan, __u32 actor, __u32 threads,
	       struct page_set set);
void plan_dontfork(struct workload_plan *plan, __u32 actor, struct page_set set);
void plan_wipeonfork(struct workload_plan *plan, __u32 actor,
		     struct page_set set);

/* Both return the number of the new actor. */
__u32 plan_fork(struct workload_plan *plan, __u32 actor);
__u32 plan_vfork(struct workload_plan *plan, __u32 actor);

/* @actor becomes another program, which runs until the workload's end. */
void plan_exec(struct workload_plan *plan, __u32 actor);

/* @actor exits; its parent, or actor 0 for an orphan, waits for its end. */
void plan_exit(struct workload_plan *plan, __u32 actor);

void plan_show(struct workload_plan *plan, const char *text);
void plan_say(struct workload_plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
