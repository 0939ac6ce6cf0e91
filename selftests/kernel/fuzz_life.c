// SPDX-License-Identifier: GPL-2.0
/*
 * Children that live a short and busy life while calls are made about them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define PAGES	16

static char *map(void)
{
	char *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		_exit(1);
	return at;
}

static void write_pages(char *at, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		at[i * PAGE]++;
}

static void exec_self(const char *how)
{
	execl("/proc/self/exe", "fuzz", how, NULL);
	_exit(127);
}

static void touch(struct rng *rng)
{
	write_pages(map(), rng_below(rng, PAGES));
}

static void read_first(struct rng *rng)
{
	volatile char *at = map();
	char sum = 0;
	int i;

	for (i = 0; i < PAGES; i++)
		sum += at[i * PAGE];
	write_pages((char *)at, rng_below(rng, PAGES) + sum);
}

static void beget(struct rng *rng)
{
	char *at = map();
	bool orphan = rng_one_in(rng, 2);
	pid_t pid;

	write_pages(at, PAGES);
	pid = fork();
	if (!pid) {
		write_pages(at, PAGES / 2);
		_exit(0);
	}
	write_pages(at, PAGES);
	if (!orphan && pid > 0)
		waitpid(pid, NULL, 0);
}

static void vfork_and_exec(struct rng *rng)
{
	bool fails = rng_one_in(rng, 4);
	pid_t pid = vfork();

	if (!pid) {
		if (fails)
			_exit(1);
		exec_self("end");
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void *thread(void *at)
{
	write_pages(at, PAGES);
	return NULL;
}

static void thread_too(struct rng *rng)
{
	pthread_t other;
	char *at = map();

	if (pthread_create(&other, NULL, thread, at))
		return;
	write_pages(at, PAGES);
	if (rng_one_in(rng, 2))
		pthread_join(other, NULL);
}

static void another_program(struct rng *rng)
{
	exec_self(rng_one_in(rng, 2) ? "end" : "stay");
}

static void live(uint64_t seed)
{
	static void (*const deeds[])(struct rng *) = {
		touch, read_first, beget, touch, beget, vfork_and_exec,
		thread_too, another_program,
	};
	struct rng rng = { seed };
	unsigned int n = 1 + rng_below(&rng, 4);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "fuzz-child");
	while (n--)
		deeds[rng_below(&rng, sizeof(deeds) / sizeof(deeds[0]))](&rng);
	if (rng_one_in(&rng, 2))
		_exit(0);
	for (;;)
		pause();
}

/* Orphans are the worker's as well. */
static void reap(void)
{
	pid_t pid;
	int i;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (i = 0; i < CHILDREN; i++)
			if (me.child[i].pid == pid)
				me.child[i].pid = 0;
}

void call_life(struct rng *rng)
{
	struct child *child = &me.child[rng_below(rng, CHILDREN)];
	uint64_t seed = rng_next(rng);
	pid_t pid;

	reap();
	if (child->pid) {
		describe("kill(%d)", child->pid);
		judge(kill(child->pid, SIGKILL) ? -errno : 0, 0, 0);
		return;
	}
	describe("fork(), life %#llx", (unsigned long long)seed);
	pid = fork();
	if (!pid)
		live(seed);
	child->pid = pid > 0 ? pid : 0;
	judge(pid < 0 ? -errno : 0, 0, E(EAGAIN));
}

void life_end(void)
{
	int i;

	for (i = 0; i < CHILDREN; i++)
		if (me.child[i].pid)
			kill(me.child[i].pid, SIGKILL);
	while (wait(NULL) > 0)
		;
}

/*
 * Where a task has an exec_state (7.3) an exec puts a new one in its place, by which
 * nobody but root may look, until it is known who may.
 */
bool execs_hide(void)
{
	return !system("grep -qa task_exec_state /sys/kernel/btf/vmlinux");
}

static pid_t pid_of_child(struct rng *rng, errnos *may)
{
	pid_t pid = me.child[rng_below(rng, CHILDREN)].pid;

	*may |= E(ESRCH) | (me.user && me.execs_hide ? E(EACCES) : 0);
	return pid ? pid : getpid();
}

/* A pid to ask for, and what it explains. */
pid_t pid_any(struct rng *rng, errnos *must, errnos *may)
{
	const pid_t nobody[] = {
		-1, -getpid(), 0x7fffffff, -0x7fffffff - 1, 0x7fffff00,
		me.thread, me.user ? getppid() + 1000 : 2,
	};

	switch (rng_below(rng, 8)) {
	case 0: case 1: case 2:
		return pid_of_child(rng, may);
	case 3:
		*must |= E(ESRCH);
		return nobody[rng_below(rng, 7)];
	case 4:
		if (me.user)
			*must |= E(EACCES);
		return me.user && rng_one_in(rng, 2) ? me.stranger : 1;
	case 5:
		*may |= E(ESRCH) | (me.user ? E(EACCES) : 0);
		return me.user ? USER_PIDS + (pid_t)rng_below(rng, 4000) :
			1 + (pid_t)rng_below(rng, 4000);
	case 6:
		return getpid();
	default:
		return 0;
	}
}
