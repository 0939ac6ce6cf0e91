/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What many plans begin with, and parts of their pages.
 */
#ifndef COWSTAT_WORKLOAD_BUILD_H
#define COWSTAT_WORKLOAD_BUILD_H

#include "workload_catalog.h"

/* For arguments of "%llu". */
typedef unsigned long long ull;

static inline struct page_set quarter(const struct workload_plan *plan, __u64 index)
{
	return pages_slice(pages_all(plan), index, 4);
}

static inline struct page_set half(const struct workload_plan *plan, __u64 index)
{
	return pages_slice(pages_all(plan), index, 2);
}

static inline void fresh(struct workload_plan *plan, enum plan_memory memory,
			 __u64 pages)
{
	plan_init(plan, memory, pages);
	plan_begin(plan);
}

static inline void filled(struct workload_plan *plan, enum plan_memory memory,
			  __u64 pages)
{
	plan_init(plan, memory, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_begin(plan);
}

static inline void half_filled(struct workload_plan *plan, enum plan_memory memory,
			       __u64 pages)
{
	plan_init(plan, memory, pages);
	plan_write(plan, 0, half(plan, 0));
	plan_begin(plan);
}

#endif
