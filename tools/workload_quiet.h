/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keeps the workload's own memory out of the count.
 *
 * quiet_pin() makes the total the same in every run, wherever the kernel puts
 * stack and heap: it touches a fixed amount of both. quiet_isolate() makes a
 * fork share nothing but the region: all other private memory is left out of
 * forks. Both tell what is wrong in one line and return EXIT_OWN_FAILURE.
 */
#ifndef COWSTAT_WORKLOAD_QUIET_H
#define COWSTAT_WORKLOAD_QUIET_H

#include <linux/types.h>

/**
 * struct quiet - what quiet_pin() found
 * @stack_floor: every page of the stack from here up is in use
 * @stack_top: end of the stack
 * @cpu_size: bytes in use of @cpus
 * @cpus: the CPUs that could be used before
 */
struct quiet {
	__u64 stack_floor;
	__u64 stack_top;
	__u64 cpu_size;
	__u64 cpus[128];
};

int quiet_pin(struct quiet *quiet);

/* After it, memory of the C library must not be used in a child. */
int quiet_isolate(__u64 region, __u64 region_size);

#endif
