// SPDX-License-Identifier: GPL-2.0
#include "workload_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "say.h"
#include "workload_actor.h"
#include "workload_disk.h"
#include "workload_exec.h"
#include "workload_quiet.h"
#include "workload_region.h"
#include "workload_smaps.h"

#define PAGE_BYTES	4096UL

#ifndef MFD_EXEC
#define MFD_EXEC	0x10U
#endif

/* workload_exec.S */
#define HIDDEN __attribute__((visibility("hidden")))
extern const char workload_program[] HIDDEN;
extern const char workload_program_end[] HIDDEN;
extern const char workload_program_data[] HIDDEN;
extern const char workload_program_data_end[] HIDDEN;

void *engine_alloc(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static __u32 plan_threads(const struct workload_plan *plan)
{
	__u32 most = 0;

	for (__u32 i = 0; i < plan->nr_steps; i++) {
		__u32 threads = plan->step[i].threads;

		if (plan->step[i].op == PLAN_CLASH)
			threads *= 2;
		if (plan->step[i].op == PLAN_ROAM)
			threads = 1;
		if (threads > most)
			most = threads;
	}
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

static int program_make(const char *first, const char *end)
{
	int fd = program_open();

	if (fd >= 0 && write(fd, first, end - first) == end - first)
		return fd;
	fail("cannot make a program to run: %s", strerror(errno));
	return -1;
}

static int stage_add_programs(struct stage *stage)
{
	stage->program[PLAN_PLAIN] = program_make(workload_program,
						  workload_program_end);
	stage->program[PLAN_WITH_DATA] = program_make(workload_program_data,
						      workload_program_data_end);
	if (stage->program[PLAN_PLAIN] < 0 || stage->program[PLAN_WITH_DATA] < 0)
		return EXIT_OWN_FAILURE;
	if (pipe2(stage->ready, O_CLOEXEC) || pipe2(stage->release, O_CLOEXEC))
		return fail("cannot make a pipe: %s", strerror(errno));
	return 0;
}

static const char *step_name(enum plan_op op)
{
	static const char *const names[] = {
		[PLAN_BEGIN] = "begin", [PLAN_END] = "end",
		[PLAN_READ] = "read", [PLAN_WRITE] = "write",
		[PLAN_RACE] = "start threads", [PLAN_DONTFORK] = "madvise",
		[PLAN_WIPEONFORK] = "madvise", [PLAN_FORK] = "fork",
		[PLAN_VFORK] = "vfork", [PLAN_EXEC] = "exec",
		[PLAN_AWAIT_EXEC] = "wait for exec", [PLAN_EXIT] = "exit",
		[PLAN_REAP] = "wait for a child", [PLAN_SHOW] = "show",
		[PLAN_DONTNEED] = "madvise", [PLAN_FREE] = "madvise",
		[PLAN_POPULATE] = "populate memory",
		[PLAN_COLLAPSE] = "collapse pages",
		[PLAN_PAGE_OUT] = "swap pages out",
		[PLAN_MERGE] = "have KSM merge pages",
		[PLAN_UNMAP] = "unmap memory", [PLAN_REMAP] = "move memory",
		[PLAN_PROTECT] = "protect memory", [PLAN_LOCK] = "lock memory",
		[PLAN_SOFT_DIRTY] = "clear soft-dirty bits",
		[PLAN_DROP_CACHE] = "drop pages from the page cache",
		[PLAN_WRITE_FROM] = "write another process's memory",
		[PLAN_READ_FROM] = "read another process's memory",
		[PLAN_READ_INTO] = "read into memory",
		[PLAN_READ_DIRECT] = "read from a disk directly",
		[PLAN_PIN] = "register buffers with io_uring",
		[PLAN_SPLICE] = "vmsplice", [PLAN_UFFD_COPY] = "UFFDIO_COPY",
		[PLAN_UFFD_ZERO] = "UFFDIO_ZEROPAGE",
		[PLAN_UFFD_PROTECT] = "UFFDIO_WRITEPROTECT",
		[PLAN_UFFD_MOVE] = "UFFDIO_MOVE",
		[PLAN_ROAM] = "move between CPUs", [PLAN_CLASH] = "start threads",
		[PLAN_PLACE] = "choose NUMA nodes",
		[PLAN_MIGRATE] = "migrate pages",
	};

	return names[op];
}

static int fail_step(const struct stage *stage)
{
	const struct plan_step *step = &stage->plan->step[stage->failed_step];
	const char *name = step_name(step->op);

	if (stage->error == STAGE_READER_GONE)
		return fail("workload: the reader of --sync-out has gone");
	if (stage->error == STAGE_CHILD_DIED)
		return fail("workload: a child was killed at step %u of %u (%s): is there enough memory?",
			    stage->failed_step, stage->plan->nr_steps, name);
	return fail("workload: cannot %s at step %u of %u: %s",
		    name, stage->failed_step, stage->plan->nr_steps,
		    strerror(stage->error));
}

/* Programs that were started end when nobody can release them any more. */
static void stage_reap(struct stage *stage)
{
	if (stage->release[1] > 0)
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

static int measure_program(pid_t pid, __u64 data,
			   struct workload_expectation *expect)
{
	__u64 *value = expect->counters.value;
	struct anonymous sum = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	if (smaps_walk(path, add_area, &sum))
		return fail("cannot read %s: %s", path, strerror(errno));
	if (!sum.stack || sum.all - sum.stack != data * PAGE_BYTES)
		return fail("a program with %llu pages of data has %llu bytes of it",
			    (unsigned long long)data,
			    (unsigned long long)(sum.all - sum.stack));
	value[COUNTER_zero_filled] += sum.stack / PAGE_BYTES;
	value[COUNTER_zero_stack] += sum.stack / PAGE_BYTES;
	value[COUNTER_pool_local] += sum.stack / PAGE_BYTES;
	return 0;
}

static int stage_measure(const struct stage *stage,
			 struct workload_expectation *expect)
{
	for (__u32 i = 0; i < stage->plan->nr_steps; i++) {
		const struct plan_step *step = &stage->plan->step[i];

		if (step->op == PLAN_EXEC &&
		    measure_program(stage->pid[step->actor],
				    step->how == PLAN_WITH_DATA ?
				    EXEC_DATA_PAGES + EXEC_BSS_PAGES : 0, expect))
			return EXIT_OWN_FAILURE;
	}
	return 0;
}

/* The first node with memory that is not the processor's, if there is one. */
static void stage_add_nodes(struct stage *stage)
{
	char path[64];
	unsigned int cpu, node;

	if (getcpu(&cpu, &node))
		return;
	stage->node_here = node;
	stage->node_there = node ? 0 : 1;
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u",
		 stage->node_there);
	if (access(path, F_OK))
		stage->node_there = node;
}

static bool plan_has(const struct workload_plan *plan, enum plan_op op)
{
	for (__u32 i = 0; i < plan->nr_steps; i++)
		if (plan->step[i].op == op)
			return true;
	return false;
}

static int stage_add_files(struct stage *stage)
{
	stage->file = region_file();
	stage->direct = -1;
	stage->zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (stage->zero < 0)
		return fail("cannot open /dev/zero: %s", strerror(errno));
	if (!plan_has(stage->plan, PLAN_READ_DIRECT))
		return 0;
	stage->direct = disk_open(PAGE_BYTES, O_DIRECT);
	if (stage->direct < 0)
		return fail("workload: there is no disk that can be read");
	return 0;
}

/* All that needs memory comes before the region is the only memory to share. */
static int stage_prepare(struct stage *stage, struct quiet *quiet)
{
	const struct workload_plan *plan = stage->plan;

	if (region_choose_pages(plan->memory) || quiet_pin(quiet) ||
	    (plan_has(plan, PLAN_EXEC) && stage_add_programs(stage)) ||
	    region_map(plan, quiet, &stage->base))
		return EXIT_OWN_FAILURE;
	stage_add_nodes(stage);
	if (stage_add_files(stage))
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
	if ((!expect->split && region_check_huge(plan, stage->base)) ||
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
