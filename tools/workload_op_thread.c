// SPDX-License-Identifier: GPL-2.0
#include "workload_op.h"

#include <linux/sched.h>

#define THREAD_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
			 CLONE_THREAD | CLONE_SYSVSEM)

static __attribute__((noreturn)) void thread_end(struct stage *stage)
{
	add(&stage->race_done, 1);
	futex_wake(&stage->race_done);
	for (;;)
		call(exit, 0, 0, 0, 0);
}

static void racer(void *first, unsigned long second)
{
	struct stage *stage = first;

	(void)second;
	call(sched_setaffinity, 0, stage->cpu_size, stage->cpus, 0);
	add(&stage->race_here, 1);
	while (load(&stage->race_here) < load(&stage->race_threads) &&
	       !load(&stage->failed))
		call(sched_yield, 0, 0, 0, 0);
	pages_touch(stage->base, stage->race_set, true);
	thread_end(stage);
}

/* Stacks from @first on are free. */
static int start_racers(struct stage *stage, __u32 first, __u32 threads)
{
	for (__u32 i = first; i < first + threads; i++) {
		long pid = workload_clone(THREAD_FLAGS,
					  stack_top(stage, PLAN_ACTORS_MAX + i),
					  racer, stage, 0);

		if (pid < 0)
			return pid;
	}
	return 0;
}

static int await_done(struct stage *stage, __u32 index, __u32 actor, __u32 many)
{
	__u32 done;

	while ((done = load(&stage->race_done)) < many) {
		futex_wait(&stage->race_done, done);
		if (stage_watch(stage, actor, index))
			return -STAGE_CHILD_DIED;
	}
	return 0;
}

static void race_open(struct stage *stage, struct page_set set, __u32 threads)
{
	stage->race_set = set;
	stage->race_here = 0;
	stage->race_done = 0;
	store(&stage->race_threads, threads);
}

int op_race(struct stage *stage, __u32 index, const struct plan_step *step)
{
	int error;

	race_open(stage, step->set, step->threads);
	error = start_racers(stage, 0, step->threads);
	if (!error)
		error = await_done(stage, index, step->actor, step->threads);
	store(&stage->race_threads, 0);
	return error;
}

static int clash_join(struct stage *stage, __u32 index, __u32 actor,
		      __u32 threads)
{
	int error;

	while (!load(&stage->race_threads)) {
		call(sched_yield, 0, 0, 0, 0);
		if (load(&stage->failed))
			return -STAGE_CHILD_DIED;
	}
	error = start_racers(stage, threads, threads);
	if (!error)
		error = await_done(stage, index, actor, 2 * threads);
	add(&stage->race_done, 1);
	futex_wake(&stage->race_done);
	return error;
}

/* The one who has the turn keeps it until the other has seen the end too. */
int op_clash(struct stage *stage, __u32 index, __u32 actor)
{
	const struct plan_step *step = &stage->plan->step[index];
	int error;

	if (actor != step->actor)
		return clash_join(stage, index, actor, step->threads);
	race_open(stage, step->set, 2 * step->threads);
	error = start_racers(stage, 0, step->threads);
	if (!error)
		error = await_done(stage, index, actor, 2 * step->threads + 1);
	store(&stage->race_threads, 0);
	return error;
}

static bool cpu_is_in(const __u64 *cpus, __u32 cpu)
{
	return cpus[cpu / 64] >> cpu % 64 & 1;
}

/* The next that may be used, from the beginning again after the last. */
static __u32 cpu_next(const struct stage *stage, __u32 cpu)
{
	do {
		cpu = (cpu + 1) % (stage->cpu_size * 8);
	} while (!cpu_is_in(stage->cpus, cpu));
	return cpu;
}

/* Moves task @second from CPU to CPU. */
static void chaser(void *first, unsigned long second)
{
	struct stage *stage = first;
	__u64 one[STAGE_CPU_WORDS];
	__u32 cpu = 0;

	call(sched_setaffinity, 0, stage->cpu_size, stage->cpus, 0);
	for (__u32 i = 0; i < STAGE_CPU_WORDS; i++)
		one[i] = 0;
	while (load(&stage->race_threads)) {
		one[cpu / 64] = 0;
		cpu = cpu_next(stage, cpu);
		one[cpu / 64] = 1ULL << cpu % 64;
		call(sched_setaffinity, second, stage->cpu_size, one, 0);
		add(&stage->race_here, 1);
	}
	thread_end(stage);
}

/* Between pages it waits to be moved, now and then. */
static void roam_touch(struct stage *stage, struct page_set set)
{
	struct page_set page = set;

	for (page.first = set.first; page.first < set.end;
	     page.first += set.stride) {
		__u32 moves = load(&stage->race_here);

		page.end = page.first + 1;
		pages_touch(stage->base, page, true);
		if (page.first % 64 == 0)
			while (load(&stage->race_here) == moves)
				call(sched_yield, 0, 0, 0, 0);
	}
}

int op_roam(struct stage *stage, const struct plan_step *step)
{
	__u64 home[STAGE_CPU_WORDS];
	long pid, size;

	size = call(sched_getaffinity, 0, sizeof(home), home, 0);
	if (size < 0)
		return size;
	race_open(stage, step->set, 1);
	pid = workload_clone(THREAD_FLAGS, stack_top(stage, PLAN_ACTORS_MAX),
			     chaser, stage, call(gettid, 0, 0, 0, 0));
	if (pid < 0)
		return pid;
	roam_touch(stage, step->set);
	store(&stage->race_threads, 0);
	while (!load(&stage->race_done))
		futex_wait(&stage->race_done, 0);
	return call(sched_setaffinity, 0, size, home, 0);
}
