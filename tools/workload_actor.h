/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes of a workload: they play the steps of its plan.
 *
 * A counted page must be a planned one, so an actor touches no private memory
 * but the region. Its stack, and all that it knows, are in shared memory, which
 * is never copy-on-write; it calls no library, as there is nothing of the
 * library's memory in a child (see workload_quiet.h).
 *
 * Turns are taken with a futex; whoever waits looks now and then if those that
 * it depends on are still there, so no actor outlives a failure for long.
 */
#ifndef COWSTAT_WORKLOAD_ACTOR_H
#define COWSTAT_WORKLOAD_ACTOR_H

#include <linux/types.h>

#include "workload_plan.h"

#define STAGE_STACK_SIZE	16384
#define STAGE_CPU_WORDS		128	/* 8192 CPUs */

/* Why a step failed, besides an errno. */
#define STAGE_CHILD_DIED	10001
#define STAGE_READER_GONE	10002

/**
 * struct stage - what the actors share, in a shared mapping
 * @plan: in a shared mapping
 * @base: address of the region
 * @stacks: STAGE_STACK_SIZE each, of the actors and then of racing threads
 * @turn: the step whose turn it is; a futex
 * @failed: set once, by the first that fails
 * @failed_step: its step
 * @error: a positive errno or STAGE_*
 * @faults: page faults in the region
 * @pid: of the actors
 * @status: as returned by wait4()
 * @sync_in: descriptors of the reader's handshake, or -1
 * @sync_out: likewise
 * @show: stop at each PLAN_SHOW
 * @file: descriptor of the file that the region is of, if it is of one
 * @direct: descriptor of a disk, that reads directly
 * @zero: descriptor of /dev/zero
 * @node_here: NUMA node of the processor
 * @node_there: another one
 * @program: descriptors of the programs for PLAN_EXEC, by enum plan_program
 * @ready: pipe that the program writes to when it runs
 * @release: pipe that it reads from until it shall end
 * @race_set: pages of the race that is on
 * @race_threads: how many take part; 0 if there is none
 * @race_here: threads that are ready
 * @race_done: threads that have ended; a futex
 * @cpu_size: bytes in use of @cpus
 * @cpus: all that may be used in a race
 */
struct stage {
	const struct workload_plan *plan;
	__u64 base;
	__u64 stacks;
	__u32 turn;
	__u32 failed;
	__u32 failed_step;
	__s32 error;
	__u64 faults;
	__s32 pid[PLAN_ACTORS_MAX];
	__s32 status[PLAN_ACTORS_MAX];
	__s32 sync_in;
	__s32 sync_out;
	__u32 show;
	__s32 file;
	__s32 direct;
	__s32 zero;
	__u32 node_here;
	__u32 node_there;
	__s32 program[2];
	__s32 ready[2];
	__s32 release[2];
	struct page_set race_set;
	__u32 race_threads;
	__u32 race_here;
	__u32 race_done;
	__u64 cpu_size;
	__u64 cpus[STAGE_CPU_WORDS];
};

/* Play the steps of @actor in [@first, @end). Returns 0, or -1 if one failed. */
int actor_play(struct stage *stage, __u32 actor, __u32 first, __u32 end);

#endif
