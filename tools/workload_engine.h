/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plays a plan: prepares this process, starts the actors, cleans up.
 */
#ifndef COWSTAT_WORKLOAD_ENGINE_H
#define COWSTAT_WORKLOAD_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "workload_model.h"

/**
 * struct engine_options - how to play
 * @sync_in: descriptors of the reader's handshake, or -1
 * @sync_out: likewise
 * @show: stop at the steps that are to be shown
 */
struct engine_options {
	int sync_in;
	int sync_out;
	bool show;
};

/* Shared memory, which is never counted; NULL if there is none. */
void *engine_alloc(size_t size);

/*
 * Play @plan, which is in such memory. @faults: that were taken in the region.
 * What only the programs that it started can tell is added to @expect. Returns
 * 0, or says what is wrong and returns EXIT_OWN_FAILURE.
 */
int engine_run(const struct workload_plan *plan,
	       const struct engine_options *options,
	       struct workload_expectation *expect, __u64 *faults);

#endif
