// SPDX-License-Identifier: GPL-2.0
#include "workload_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "say.h"
#include "workload_actor.h"
#include "workload_quiet.h"
#include "workload_region.h"
#include "workload_smaps.h"

#define PAGE_BYTES	4096UL

#ifndef MFD_EXEC
#define MFD_EXEC	0x10U
#endif

/* workload_exec.S */
extern const char workload_program[] __attribute__((visibility("hidden")));
extern const char workload_program_end[] __attribute__((visibility("hidden")));

void *engine_alloc(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static __u32 plan_threads(const struct workload_plan *plan)
{
	__u32 most = 0;

	for (__u32 i = 0; i < plan->nr_steps; i++)
		if (plan->step[i].threads > most)
			most = plan->step[i].threads;
	return most;
}

static struct stage *stage_make(const struct workload_plan *plan,
				const struct engine_options *options)
{
	struct stage *stage = engine_alloc(sizeof(*stage));
	char *stacks = engine_alloc((PLAN_ACTORS_MAX + plan_threads(plan)) *
				    STAGE_STACK_SIZE);

	if (!stage || !stacks)
		return NULL;
	stage->plan = plan;
	stage->stacks = (__u64)stacks;
	stage->pid[0] = getpid();
	stage->sync_in = options->sync_in;
	stage->sync_out = options->sync_out;
	stage->show = options->show;
	return stage;
}

/* An old kernel does not know MFD_EXEC, a new one may insist on it. */
static int program_open(void)
{
	int fd = memfd_create("workload", MFD_CLOEXEC | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("workload", MFD_CLOEXEC);
	return fd;
}

static int stage_add_program(struct stage *stage)
{
	ssize_t size = workload_program_end - workload_program;

	stage->program = program_open();
	if (stage->program < 0 ||
	    write(stage->program, workload_program, size) != size)
		return fail("cannot make a program to run: %s",
			    strerror(errno));
	if (pipe2(stage->ready, O_CLOEXEC) || pipe2(stage->release, O_CLOEXEC))
		return fail("cannot make a pipe: %s", strerror(errno));
	return 0;
}

static int fail_step(const struct stage *stage)
{
	const struct plan_step *step = &stage->plan->step[stage->failed_step];
	static const char * const names[] = {
		[PLAN_BEGIN] = "begin", [PLAN_END] = "end",
		[PLAN_READ] = "read", [PLAN_WRITE] = "write",
		[PLAN_RACE] = "start threads", [PLAN_DONTFORK] = "madvise",
		[PLAN_WIPEONFORK] = "madvise", [PLAN_FORK] = "fork",
		[PLAN_VFORK] = "vfork", [PLAN_EXEC] = "exec",
		[PLAN_AWAIT_EXEC] = "wait for exec", [PLAN_EXIT] = "exit",
		[PLAN_REAP] = "wait for a child", [PLAN_SHOW] = "show",
	};

	if (stage->error == STAGE_READER_GONE)
		return fail("workload: the reader of --sync-out has gone");
	if (stage->error == STAGE_CHILD_DIED)
		return fail("workload: a child was killed at step %u of %u (%s): is there enough memory?",
			    stage->failed_step, stage->plan->nr_steps,
			    names[step->op]);
	return fail("workload: cannot %s at step %u of %u: %s",
		    names[step->op], stage->failed_step,
		    stage->plan->nr_steps, strerror(stage->error));
}

/* Programs that were started end when nobody can release them any more. */
static void stage_reap(struct stage *stage)
{
	if (stage->program > 0)
		close(stage->release[1]);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* Orphans come to this process, so it finds them all. */
static void stage_kill(struct stage *stage)
{
	for (__u32 i = 1; i < stage->plan->nr_actors; i++)
		if (stage->pid[i])
			kill(stage->pid[i], SIGKILL);
	stage_reap(stage);
}

struct anonymous {
	__u64 all;
	__u64 stack;
};

static bool add_area(const struct smaps_area *area, void *data)
{
	struct anonymous *sum = data;

	sum->all += area->anonymous + area->swap;
	if (!strcmp(area->name, "[stack]"))
		sum->stack += area->anonymous + area->swap;
	return true;
}

static int measure_program(pid_t pid, struct workload_expectation *expect)
{
	__u64 *value = expect->counters.value;
	struct anonymous sum = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	if (smaps_walk(path, add_area, &sum))
		return fail("cannot read %s: %s", path, strerror(errno));
	if (!sum.all || sum.all != sum.stack)
		return fail("a program without data has %llu bytes of it",
			    (unsigned long long)(sum.all - sum.stack));
	value[COUNTER_zero_filled] += sum.all / PAGE_BYTES;
	value[COUNTER_zero_stack] += sum.all / PAGE_BYTES;
	value[COUNTER_pool_local] += sum.all / PAGE_BYTES;
	return 0;
}

static int stage_measure(const struct stage *stage,
			 struct workload_expectation *expect)
{
	for (__u32 i = 0; i < stage->plan->nr_steps; i++) {
		const struct plan_step *step = &stage->plan->step[i];

		if (step->op == PLAN_EXEC &&
		    measure_program(stage->pid[step->actor], expect))
			return EXIT_OWN_FAILURE;
	}
	return 0;
}

static bool plan_execs(const struct workload_plan *plan)
{
	for (__u32 i = 0; i < plan->nr_steps; i++)
		if (plan->step[i].op == PLAN_EXEC)
			return true;
	return false;
}

/* All that needs memory comes before the region is the only memory to share. */
static int stage_prepare(struct stage *stage, struct quiet *quiet)
{
	const struct workload_plan *plan = stage->plan;

	if (region_choose_pages(plan->memory) || quiet_pin(quiet) ||
	    (plan_execs(plan) && stage_add_program(stage)) ||
	    region_map(plan, quiet, &stage->base))
		return EXIT_OWN_FAILURE;
	stage->cpu_size = quiet->cpu_size;
	memcpy(stage->cpus, quiet->cpus, quiet->cpu_size);
	if (actor_play(stage, 0, 0, plan->begin))
		return fail_step(stage);
	if (region_check_huge(plan, stage->base))
		return EXIT_OWN_FAILURE;
	return quiet_isolate(stage->base, plan->pages * PAGE_BYTES);
}

static int stage_play(struct stage *stage, struct workload_expectation *expect)
{
	const struct workload_plan *plan = stage->plan;

	stage->faults = 0;
	if (actor_play(stage, 0, plan->begin, plan->nr_steps)) {
		stage_kill(stage);
		return fail_step(stage);
	}
	if (region_check_huge(plan, stage->base) ||
	    stage_measure(stage, expect)) {
		stage_kill(stage);
		return EXIT_OWN_FAILURE;
	}
	stage_reap(stage);
	return 0;
}

int engine_run(const struct workload_plan *plan,
	       const struct engine_options *options,
	       struct workload_expectation *expect, __u64 *faults)
{
	struct stage *stage = stage_make(plan, options);
	struct quiet quiet;

	if (!stage)
		return fail("no memory for the workload's stacks: %s",
			    strerror(errno));
	if (stage_prepare(stage, &quiet) || stage_play(stage, expect))
		return EXIT_OWN_FAILURE;
	*faults = stage->faults;
	return 0;
}
