/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory that a workload works on.
 */
#ifndef COWSTAT_WORKLOAD_REGION_H
#define COWSTAT_WORKLOAD_REGION_H

#include "workload_plan.h"
#include "workload_quiet.h"

/* Before any memory is made: huge pages in the region or not at all. */
int region_choose_pages(enum plan_memory memory);

/* Both return 0, or say what is wrong and return EXIT_OWN_FAILURE. */
int region_map(const struct workload_plan *plan, const struct quiet *quiet,
	       __u64 *base);

/* Of the file that it is of; -1: of none. */
int region_file(void);

/* If it should be of huge pages, are those that are present huge? */
int region_check_huge(const struct workload_plan *plan, __u64 base);

#endif
