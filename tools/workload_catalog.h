/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All workloads: for each a function that builds its plan.
 *
 * The ordinary ones can be run by everyone. The special ones follow rarer paths of
 * the kernel: most need root, or something that not every machine has, and some
 * change a setting of the system for the time that they run.
 */
#ifndef COWSTAT_WORKLOAD_CATALOG_H
#define COWSTAT_WORKLOAD_CATALOG_H

#include "workload_plan.h"

#define WORKLOAD_WORKERS_MAX	64
#define WORKLOAD_PAGES_MAX	(4U << 20)

/**
 * struct workload - one workload
 * @name: what it is called by
 * @help: one line
 * @pages: of the region, if not given
 * @unit: @pages must be a multiple of it
 * @workers: if not given; 0 if it has none to choose
 * @build: makes the plan
 * @needs: NEED_* of workload_need.h
 */
struct workload {
	const char *name;
	const char *help;
	__u64 pages;
	__u64 unit;
	__u32 workers;
	void (*build)(struct workload_plan *plan, __u64 pages, __u32 workers);
	unsigned int needs;
};

struct workload_list {
	const struct workload *first;
	unsigned int nr;
};

#define WORKLOAD_LIST(array) \
	{ .first = (array), .nr = sizeof(array) / sizeof((array)[0]) }

extern const struct workload_list workloads_ordinary;

/* workload_special_*.c */
extern const struct workload_list workloads_memory, workloads_uffd,
				  workloads_huge, workloads_hugetlb,
				  workloads_file, workloads_ksm,
				  workloads_swap, workloads_pin,
				  workloads_remote, workloads_cpu,
				  workloads_node;

/* The @index-th, @special ones behind the others; NULL after the last. */
const struct workload *workload_at(unsigned int index, bool special);

/* NULL if there is none of that name. */
const struct workload *workload_find(const char *name);

#endif
