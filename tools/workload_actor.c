// SPDX-License-Identifier: GPL-2.0
/*
 * Freestanding: only system calls, and no data but constants. See the rule in
 * the Makefile for the compiler's part in it.
 */
#include "workload_actor.h"

#include <asm/siginfo.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/time_types.h>
#include <linux/wait.h>
#include <stdbool.h>

#if defined(__SSP__) || defined(__SSP_STRONG__) || defined(__SSP_ALL__)
#error "no stack protector here: see the rule in the Makefile"
#endif

#define PAGE_BYTES	4096UL
#define TICK_NS		100000000L
#define TICK_MS		100
#define SIGNAL_CHILD	17

#define THREAD_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
			 CLONE_THREAD | CLONE_SYSVSEM)

#define load(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store(p, value)	__atomic_store_n((p), (value), __ATOMIC_RELEASE)
#define add(p, value)	__atomic_add_fetch((p), (value), __ATOMIC_ACQ_REL)

__attribute__((visibility("hidden")))
long workload_clone(unsigned long flags, void *stack,
		    void (*start)(void *first, unsigned long second),
		    void *first, unsigned long second);

/* Unused arguments of a system call are harmless. */
static inline long call5(long number, long a, long b, long c, long d, long e)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	long result;

	asm volatile("syscall"
		     : "=a" (result)
		     : "a" (number), "D" (a), "S" (b), "d" (c), "r" (r10),
		       "r" (r8)
		     : "rcx", "r11", "memory");
	return result;
}

#define call(number, a, b, c, d) \
	call5(__NR_##number, (long)(a), (long)(b), (long)(c), (long)(d), 0)

static __attribute__((noreturn)) void quit(int status)
{
	for (;;)
		call(exit_group, status, 0, 0, 0);
}

static void futex_wake(__u32 *futex)
{
	call(futex, futex, FUTEX_WAKE, 0x7fffffff, 0);
}

/* For a tick at most. */
static void futex_wait(__u32 *futex, __u32 value)
{
	struct __kernel_timespec tick = { .tv_nsec = TICK_NS };

	call(futex, futex, FUTEX_WAIT, value, &tick);
}

static int stage_fail(struct stage *stage, __u32 step, long error)
{
	__u32 none = 0;

	if (__atomic_compare_exchange_n(&stage->failed, &none, 1, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		stage->failed_step = step;
		store(&stage->error, (__s32)error);
	}
	futex_wake(&stage->turn);
	return -1;
}

/* A child has been killed, or has failed. */
static bool child_died(void)
{
	siginfo_t info;

	if (call5(__NR_waitid, P_ALL, 0, (long)&info,
		  WEXITED | WNOHANG | WNOWAIT, 0))
		return false;
	return info.si_pid && info.si_status;
}

static bool parent_gone(const struct stage *stage, __u32 actor)
{
	long parent = call(getppid, 0, 0, 0, 0);

	return actor && parent != stage->pid[0] &&
	       parent != stage->pid[stage->plan->parent[actor]];
}

/* What those who wait look at. Returns -1 if there is nothing to wait for. */
static int stage_watch(struct stage *stage, __u32 actor, __u32 step)
{
	if (parent_gone(stage, actor))
		quit(1);
	if (load(&stage->failed))
		return -1;
	if (child_died())
		return stage_fail(stage, step, STAGE_CHILD_DIED);
	return 0;
}

static int turn_await(struct stage *stage, __u32 actor, __u32 step)
{
	__u32 turn;

	while ((turn = load(&stage->turn)) != step) {
		futex_wait(&stage->turn, turn);
		if (load(&stage->turn) != step &&
		    stage_watch(stage, actor, step))
			return -1;
	}
	return load(&stage->failed) ? -1 : 0;
}

static void turn_pass(struct stage *stage, __u32 step)
{
	store(&stage->turn, step + 1);
	futex_wake(&stage->turn);
}

static __u64 faults_so_far(void)
{
	struct rusage usage;

	call(getrusage, 1 /* RUSAGE_THREAD */, &usage, 0, 0);
	return usage.ru_minflt;
}

static void pages_touch(__u64 base, struct page_set set, bool write)
{
	for (__u64 i = set.first; i < set.end; i += set.stride) {
		volatile __u8 *byte = (__u8 *)(base + i * PAGE_BYTES);

		if (write)
			*byte = (__u8)(i + 1);
		else
			(void)*byte;
	}
}

/* An empty round first, lest the faults on code and stack be counted. */
static __attribute__((noinline))
void touch_counted(struct stage *stage, struct page_set set, bool write)
{
	__u64 before = faults_so_far();

	pages_touch(stage->base, set, write);
	add(&stage->faults, faults_so_far() - before);
}

static int step_touch(struct stage *stage, const struct plan_step *step,
		      bool write)
{
	struct page_set none = { .stride = 1 };

	touch_counted(stage, none, write);
	touch_counted(stage, step->set, write);
	return 0;
}

static int step_advise(struct stage *stage, const struct plan_step *step,
		       int advice)
{
	return call(madvise, stage->base + step->set.first * PAGE_BYTES,
		    (step->set.end - step->set.first) * PAGE_BYTES, advice, 0);
}

static void *stack_top(const struct stage *stage, __u32 index)
{
	return (void *)(stage->stacks + (index + 1) * STAGE_STACK_SIZE);
}

static void racer(void *first, unsigned long second)
{
	struct stage *stage = first;

	(void)second;
	call(sched_setaffinity, 0, stage->cpu_size, stage->cpus, 0);
	add(&stage->race_here, 1);
	while (load(&stage->race_here) < stage->race_threads &&
	       !load(&stage->failed))
		call(sched_yield, 0, 0, 0, 0);
	pages_touch(stage->base, stage->race_set, true);
	add(&stage->race_done, 1);
	futex_wake(&stage->race_done);
	for (;;)
		call(exit, 0, 0, 0, 0);
}

static int step_race(struct stage *stage, __u32 index,
		     const struct plan_step *step)
{
	__u32 done;

	stage->race_set = step->set;
	stage->race_threads = step->threads;
	stage->race_here = 0;
	stage->race_done = 0;
	for (__u32 i = 0; i < step->threads; i++) {
		long pid = workload_clone(THREAD_FLAGS,
					  stack_top(stage, PLAN_ACTORS_MAX + i),
					  racer, stage, 0);

		if (pid < 0)
			return pid;
	}
	while ((done = load(&stage->race_done)) < step->threads) {
		futex_wait(&stage->race_done, done);
		if (stage_watch(stage, step->actor, index))
			return -STAGE_CHILD_DIED;
	}
	return 0;
}

/* One that the plan does not end stays until all is over. */
static void child_main(void *first, unsigned long second)
{
	struct stage *stage = first;
	__u32 begin = second >> 32;
	__u32 actor = (__u32)second;

	stage->pid[actor] = call(getpid, 0, 0, 0, 0);
	if (actor_play(stage, actor, begin, stage->plan->nr_steps) ||
	    turn_await(stage, actor, stage->plan->nr_steps))
		quit(1);
	quit(0);
}

static int step_fork(struct stage *stage, __u32 index, unsigned long flags)
{
	__u32 child = stage->plan->step[index].target;
	long pid = workload_clone(flags | SIGNAL_CHILD,
				  stack_top(stage, child), child_main, stage,
				  (unsigned long)(index + 1) << 32 | child);

	if (pid < 0)
		return pid;
	stage->pid[child] = pid;
	return 0;
}

/* The caller is stopped until the child has gone on: the turn is its now. */
static int step_vfork(struct stage *stage, __u32 index)
{
	turn_pass(stage, index);
	return step_fork(stage, index, CLONE_VM | CLONE_VFORK);
}

static int step_exec(struct stage *stage, __u32 index)
{
	const char *argv[] = { "workload", 0 };
	const char *envp[] = { 0 };
	long error;

	call(dup2, stage->release[0], 0, 0, 0);
	call(dup2, stage->ready[1], 1, 0, 0);
	turn_pass(stage, index);
	error = call5(__NR_execveat, stage->program, (long)"", (long)argv,
		      (long)envp, AT_EMPTY_PATH);
	stage_fail(stage, index, -error);
	quit(1);
}

static int step_await_exec(struct stage *stage, __u32 index, __u32 actor)
{
	struct pollfd ready = { .fd = stage->ready[0], .events = POLLIN };
	char byte;

	while (call(poll, &ready, 1, TICK_MS, 0) != 1)
		if (stage_watch(stage, actor, index))
			return -STAGE_CHILD_DIED;
	return call(read, stage->ready[0], &byte, 1, 0) == 1 ? 0 : -EIO;
}

static int step_exit(struct stage *stage, __u32 index)
{
	turn_pass(stage, index);
	quit(0);
}

static int step_reap(struct stage *stage, __u32 target)
{
	long pid;

	do {
		pid = call(wait4, stage->pid[target], &stage->status[target],
			   0, 0);
	} while (pid == -EINTR);
	if (pid < 0)
		return pid;
	stage->pid[target] = 0;
	return stage->status[target] ? -STAGE_CHILD_DIED : 0;
}

/* One byte out, one byte in. */
static int sync_reader(const struct stage *stage, char out)
{
	char in;

	if (stage->sync_out < 0)
		return 0;
	if (call(write, stage->sync_out, &out, 1, 0) != 1 ||
	    call(read, stage->sync_in, &in, 1, 0) != 1)
		return -STAGE_READER_GONE;
	return 0;
}

static void line_await(void)
{
	char byte = 0;

	while (byte != '\n' && call(read, 0, &byte, 1, 0) == 1)
		;
}

static char *append(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *append_number(char *at, __u32 number)
{
	char digits[12];
	int nr = 0;

	do {
		digits[nr++] = '0' + number % 10;
		number /= 10;
	} while (number);
	while (nr)
		*at++ = digits[--nr];
	return at;
}

/* "1/4 A=711 B=712: text" */
static char *append_step(char *at, const struct stage *stage, __u32 index)
{
	const struct workload_plan *plan = stage->plan;
	__u32 nr = 0;

	for (__u32 i = 0; i <= index; i++)
		nr += plan->step[i].op == PLAN_SHOW;
	at = append_number(at, nr);
	*at++ = '/';
	at = append_number(at, plan->nr_shows);
	for (__u32 i = 0; i < plan->nr_actors && i < 26; i++) {
		if (!stage->pid[i])
			continue;
		*at++ = ' ';
		*at++ = 'A' + i;
		*at++ = '=';
		at = append_number(at, stage->pid[i]);
	}
	return append(append(at, ": "), plan->step[index].text);
}

static int step_show(struct stage *stage, __u32 index)
{
	char line[1024];
	char *end;

	if (!stage->show)
		return 0;
	end = append_step(append(line, "step "), stage, index);
	*end++ = '\n';
	call(write, 2, line, end - line, 0);
	if (stage->sync_out >= 0)
		return sync_reader(stage, 'S');
	line_await();
	return 0;
}

static int step_play(struct stage *stage, __u32 index)
{
	const struct plan_step *step = &stage->plan->step[index];

	switch (step->op) {
	case PLAN_BEGIN:
		return sync_reader(stage, 'B');
	case PLAN_END:
		return sync_reader(stage, 'E');
	case PLAN_READ:
		return step_touch(stage, step, false);
	case PLAN_WRITE:
		return step_touch(stage, step, true);
	case PLAN_RACE:
		return step_race(stage, index, step);
	case PLAN_DONTFORK:
		return step_advise(stage, step, MADV_DONTFORK);
	case PLAN_WIPEONFORK:
		return step_advise(stage, step, MADV_WIPEONFORK);
	case PLAN_FORK:
		return step_fork(stage, index, 0);
	case PLAN_VFORK:
		return step_vfork(stage, index);
	case PLAN_EXEC:
		return step_exec(stage, index);
	case PLAN_AWAIT_EXEC:
		return step_await_exec(stage, index, step->actor);
	case PLAN_EXIT:
		return step_exit(stage, index);
	case PLAN_REAP:
		return step_reap(stage, step->target);
	case PLAN_SHOW:
		return step_show(stage, index);
	}
	return -EINVAL;
}

int actor_play(struct stage *stage, __u32 actor, __u32 first, __u32 end)
{
	for (__u32 i = first; i < end; i++) {
		const struct plan_step *step = &stage->plan->step[i];
		int error;

		if (step->actor != actor)
			continue;
		if (turn_await(stage, actor, i))
			return -1;
		error = step_play(stage, i);
		if (error)
			return stage_fail(stage, i, -error);
		if (step->op != PLAN_VFORK)
			turn_pass(stage, i);
	}
	return 0;
}
