/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rules by which base pages and huge pages are replayed. Private to the
 * model (workload_model.c).
 */
#ifndef COWSTAT_WORKLOAD_REPLAY_H
#define COWSTAT_WORKLOAD_REPLAY_H

#include "counters.h"
#include "workload_model.h"

/* More than there can be alive: each actor maps at most one. */
#define REPLAY_FRAMES	(2 * PLAN_ACTORS_MAX)

struct frame {
	__u32 refs;
	__u32 origin;
	bool exclusive;		/* no fork has shared it since it was made */
	bool pinned;		/* a fork copies it */
	bool merged;		/* KSM's: @refs says nothing */
};

struct replay {
	const struct workload_plan *plan;
	const struct workload_kernel *kernel;
	struct workload_expectation *expect;
	enum plan_place place;	/* of what is allocated */
	bool remote;		/* no exception causes what is written */
	bool counting;		/* past PLAN_BEGIN */
	__u32 space[PLAN_ACTORS_MAX];	/* whose memory an actor uses */
	struct frame frame[REPLAY_FRAMES];
};

void replay_count(struct replay *replay, enum counter_index counter,
		  __u64 pages);
void replay_fault(struct replay *replay);

/* These count the @pages, that are all of one allocation, at @page. */
void replay_zero_filled(struct replay *replay, __u64 page, __u64 pages);
void replay_broken(struct replay *replay, enum counter_index kind, __u64 page,
		   __u64 pages);
void replay_copied(struct replay *replay, __u64 page, __u32 writer, __u32 origin);

void replay_doubt(struct replay *replay, const char *why);

/* A new frame, mapped by @origin alone. */
struct frame *frame_new(struct replay *replay, __u32 origin);

/* One page, or one huge page, through all the steps. */
void replay_page(struct replay *replay, __u64 page);
void replay_huge(struct replay *replay, __u64 unit);
void replay_hugetlb(struct replay *replay, __u64 unit);

/* The pages of @set that are in [@first, @end). */
struct page_set pages_within(struct page_set set, __u64 first, __u64 end);

#endif
