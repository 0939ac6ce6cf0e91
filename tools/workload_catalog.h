/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All workloads: for each a function that builds its plan.
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
 */
struct workload {
	const char *name;
	const char *help;
	__u64 pages;
	__u64 unit;
	__u32 workers;
	void (*build)(struct workload_plan *plan, __u64 pages, __u32 workers);
};

extern const struct workload workloads[];
extern const unsigned int nr_workloads;

/* NULL if there is none of that name. */
const struct workload *workload_find(const char *name);

#endif
