/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a plan must do to the counters, found by replaying it on paper.
 *
 * A page is followed on its own through all the steps. Each process maps there
 * nothing, the zero page, a page of the file, or a frame. A frame knows how
 * many processes map it and in which of them it originated: the one that first
 * wrote it, or took it over as the last that held it.
 */
#ifndef COWSTAT_WORKLOAD_MODEL_H
#define COWSTAT_WORKLOAD_MODEL_H

#include <stdbool.h>
#include <linux/cowstat.h>

#include "workload_plan.h"

/**
 * struct workload_expectation - what the plan must come to
 * @counters: gain of the whole tree; those that can not be known are 0
 * @faults: page faults in the region
 * @faults_known: false if the kernel is free to need fewer
 * @split: base pages take the place of huge ones, in the first process
 * @unsure: whose a page was may not be known to the kernel: broken_unsure is not
 *	foreseen, and broken_child and broken_parent may be wrong by so much
 * @allocated: pages that are allocated in all, preparation included
 * @error: NULL, or why nothing is certain about this plan
 */
struct workload_expectation {
	struct cowstat_counters counters;
	__u64 faults;
	bool faults_known;
	bool split;
	bool unsure;
	__u64 allocated;
	const char *error;
};

/* What not all kernels do alike. */
struct workload_kernel {
	bool huge_zero_at_once;	/* a write over the huge zero page gets a huge page */
};

void workload_expect(const struct workload_plan *plan,
		     const struct workload_kernel *kernel,
		     struct workload_expectation *expect);

#endif
