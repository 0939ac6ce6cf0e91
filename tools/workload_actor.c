// SPDX-License-Identifier: GPL-2.0
/*
 * Freestanding: only system calls, and no data but constants. See the rule in
 * the Makefile for the compiler's part in it.
 */
#include "workload_actor.h"

#include <asm/siginfo.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <stdbool.h>

#include "workload_op.h"

#define TICK_MS		100
#define SIGNAL_CHILD	17

static __attribute__((noreturn)) void quit(int status)
{
	for (;;)
		call(exit_group, status, 0, 0, 0);
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

int stage_watch(struct stage *stage, __u32 actor, __u32 step)
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

void *stack_top(const struct stage *stage, __u32 index)
{
	return (void *)(stage->stacks + (index + 1) * STAGE_STACK_SIZE);
}

/*
 * A signal that ends all of them, as from a terminal, is the first one's to handle:
 * only there is the memory of the handler.
 */
static void signals_default(void)
{
	static const int deadly[] = { 1, 2, 3, 15 };
	const __u64 action[4] = { 0 };	/* the kernel's struct sigaction */

	for (__u32 i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		call(rt_sigaction, deadly[i], action, 0, 8);
}

/* One that the plan does not end stays until all is over. */
static void child_main(void *first, unsigned long second)
{
	struct stage *stage = first;
	__u32 begin = second >> 32;
	__u32 actor = (__u32)second;

	signals_default();
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

static int step_exec(struct stage *stage, __u32 index, __u32 program)
{
	const char *argv[] = { "workload", 0 };
	const char *envp[] = { 0 };
	long error;

	call(dup2, stage->release[0], 0, 0, 0);
	call(dup2, stage->ready[1], 1, 0, 0);
	turn_pass(stage, index);
	error = call5(__NR_execveat, stage->program[program], (long)"", (long)argv,
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

static int step_play(struct stage *stage, __u32 index, __u32 actor)
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
		return op_race(stage, index, step);
	case PLAN_DONTFORK:
		return op_advise(stage, step, MADV_DONTFORK);
	case PLAN_WIPEONFORK:
		return op_advise(stage, step, MADV_WIPEONFORK);
	case PLAN_FORK:
		return step_fork(stage, index, 0);
	case PLAN_VFORK:
		return step_vfork(stage, index);
	case PLAN_EXEC:
		return step_exec(stage, index, step->how);
	case PLAN_AWAIT_EXEC:
		return step_await_exec(stage, index, step->actor);
	case PLAN_EXIT:
		return step_exit(stage, index);
	case PLAN_REAP:
		return step_reap(stage, step->target);
	case PLAN_SHOW:
		return step_show(stage, index);
	case PLAN_ROAM:
		return op_roam(stage, step);
	case PLAN_CLASH:
		return op_clash(stage, index, actor);
	default:
		return op_play(stage, step);
	}
}

static bool takes_part(const struct plan_step *step, __u32 actor)
{
	return step->actor == actor ||
	       (step->op == PLAN_CLASH && step->target == actor);
}

int actor_play(struct stage *stage, __u32 actor, __u32 first, __u32 end)
{
	for (__u32 i = first; i < end; i++) {
		const struct plan_step *step = &stage->plan->step[i];
		int error;

		if (!takes_part(step, actor))
			continue;
		if (turn_await(stage, actor, i))
			return -1;
		error = step_play(stage, i, actor);
		if (error)
			return stage_fail(stage, i, -error);
		if (step->op != PLAN_VFORK && step->actor == actor)
			turn_pass(stage, i);
	}
	return 0;
}
