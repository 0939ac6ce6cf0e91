// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"

#define ACTORS_MAX	128
#define SLOT_SIZE	(4096 + ACTOR_STACK_SIZE)
#define RSEQ_FIRST_SIZE	32U

/* Mailboxes, stacks and spare pages: shared, so that no fork touches them. */
static char *arena;
static size_t arena_used;

static struct actor *actors[ACTORS_MAX];
static int actors_used;

static char *arena_take(size_t size)
{
	char *slot = arena + arena_used;

	arena_used += size;
	if (arena_used > ACTORS_MAX * SLOT_SIZE)
		cow_die("more than %d actors", ACTORS_MAX);
	return slot;
}

/*
 * glibc registers an rseq area in its thread-local memory, and the kernel
 * writes to it when it migrates a thread: fatal for an actor, which does not
 * have that memory. It is as large as what the kernel knows, but no less than the
 * first was.
 */
static void rseq_unregister(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
	unsigned int size = __rseq_size < RSEQ_FIRST_SIZE ? RSEQ_FIRST_SIZE : __rseq_size;

	if (__rseq_size &&
	    syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
		cow_die("cannot unregister rseq: %s", strerror(errno));
}

void actors_init(void)
{
	arena = mmap(NULL, ACTORS_MAX * SLOT_SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (arena == MAP_FAILED)
		cow_die("no memory for the actors");
	rseq_unregister();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* Without the zeros it fails: khugepaged then fills pages by itself. */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		cow_die("cannot do without huge pages: %s", strerror(errno));
}

static void advise(unsigned long start, unsigned long end, int advice)
{
	if (madvise((void *)start, end - start, advice) && errno != EINVAL)
		cow_die("madvise(%lx): %s", start, strerror(errno));
}

/* MADV_DONTFORK, or not, for all that is private, and writable or written. */
static void advise_private(int advice)
{
	unsigned long start = 0, end = 0, from, to, anonymous;
	FILE *smaps = fopen("/proc/self/smaps", "re");
	bool private = false;
	char line[512], perms[5];

	if (!smaps)
		cow_die("cannot read /proc/self/smaps");
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, perms) == 3) {
			start = from;
			end = to;
			private = perms[3] == 'p';
			if (private && perms[1] == 'w')
				advise(start, end, advice);
		} else if (sscanf(line, "Anonymous: %lu", &anonymous) == 1 &&
			   private && anonymous) {
			advise(start, end, advice);
		}
	}
	fclose(smaps);
}

static struct actor *actor_new(struct actor *parent, unsigned long flags)
{
	struct actor *actor = (struct actor *)arena_take(SLOT_SIZE);

	actors[actors_used++] = actor;
	actor->parent = flags & CLONE_PARENT ? parent->parent : parent;
	actor->thread = flags & CLONE_THREAD;
	actor->driver = getpid();
	actor->stack_end = (char *)actor + SLOT_SIZE;
	actor->alive = true;
	return actor;
}

/* A page that all actors see, for what a system call wants in memory. */
void *actor_shared_page(void)
{
	return arena_take(4096);
}

struct actor *actor_start(void)
{
	struct actor *actor = actor_new(NULL, 0);

	/* The first pass may itself make the heap grow: a new mapping. */
	advise_private(MADV_DONTFORK);
	advise_private(MADV_DONTFORK);
	actor->pid = actor_raw_clone(SIGCHLD, actor);
	advise_private(MADV_DOFORK);
	if (actor->pid < 0)
		cow_die("cannot fork an actor: %s", strerror(-actor->pid));
	actor_syscall(actor, SYS_getpid);
	return actor;
}

struct actor *actor_post_clone(struct actor *parent, unsigned long flags)
{
	struct actor *actor = actor_new(parent, flags);

	actor_post(parent, ACTOR_CLONE, flags, (long)actor, 0);
	return actor;
}

struct actor *actor_clone(struct actor *parent, unsigned long flags)
{
	struct actor *actor = actor_post_clone(parent, flags);

	actor->pid = actor_wait(parent);
	if (actor->pid < 0)
		cow_die("an actor cannot clone: %s", strerror(-actor->pid));
	/* Once it answers, it has run: all that its birth costs is over. */
	actor_syscall(actor, SYS_getpid);
	return actor;
}

struct actor *actor_fork(struct actor *parent)
{
	return actor_clone(parent, SIGCHLD);
}

static void post(struct actor *actor, enum actor_command command)
{
	actor->command = command;
	__atomic_add_fetch(&actor->posted, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &actor->posted, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void actor_post(struct actor *actor, enum actor_command command,
		long a0, long a1, long a2)
{
	actor->arg[0] = a0;
	actor->arg[1] = a1;
	actor->arg[2] = a2;
	actor->progress = 0;
	post(actor, command);
}

void actor_post_syscall(struct actor *actor, long nr, const long *args)
{
	actor->arg[0] = nr;
	memcpy(&actor->arg[1], args, 6 * sizeof(*args));
	post(actor, ACTOR_SYSCALL);
}

long actor_wait(struct actor *actor)
{
	unsigned int done;

	while ((done = __atomic_load_n(&actor->done, __ATOMIC_ACQUIRE)) !=
	       actor->posted)
		syscall(SYS_futex, &actor->done, FUTEX_WAIT, done, NULL, NULL,
			0);
	return actor->result;
}

char *actor_map(struct actor *actor, size_t pages, int flags, int fd)
{
	long at = actor_syscall(actor, SYS_mmap, 0, pages * 4096,
				PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at < 0 && at > -4096)
		cow_die("an actor cannot map memory: %s", strerror(-at));
	return (char *)at;
}

void actor_write(struct actor *actor, char *at, size_t stride, size_t count)
{
	actor_post(actor, ACTOR_WRITE, (long)at, stride, count);
	actor_wait(actor);
}

void actor_read(struct actor *actor, char *at, size_t stride, size_t count)
{
	actor_post(actor, ACTOR_READ, (long)at, stride, count);
	actor_wait(actor);
}

long actor_read_by_kernel(struct actor *actor, char *at, size_t size)
{
	long name = (long)strcpy(actor_shared_page(), "sink");
	long sink = actor_syscall(actor, SYS_memfd_create, name, 0);

	return actor_syscall(actor, SYS_write, sink, (long)at, (long)size);
}

/* Others than the test's own, which it was born with. */
void actor_allow_all_cpus(struct actor *actor)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	if (sched_setaffinity(actor->pid, sizeof(set), &set))
		cow_die("cannot allow all CPUs: %s", strerror(errno));
}

static struct actor *living_parent(struct actor *actor)
{
	return actor->parent && actor->parent->alive ? actor->parent : NULL;
}

/* Its parent reaps it; if that is gone, the test does (as the subreaper). */
static void reap(struct actor *actor)
{
	struct actor *parent = living_parent(actor);
	long pid;

	actor->alive = false;
	if (parent)
		pid = actor_syscall(parent, SYS_wait4, actor->pid, 0, __WALL);
	else
		pid = waitpid(actor->pid, NULL, __WALL);
	if (pid != actor->pid)
		cow_die("cannot wait for actor %d: %ld", actor->pid, pid);
}

/* A thread is gone when its stack is free again: nothing waits for that. */
void actor_exit(struct actor *actor)
{
	if (actor->thread) {
		actor->alive = false;
		actor_post_syscall(actor, SYS_exit, (long [6]){ 0 });
		return;
	}
	actor_post_syscall(actor, SYS_exit_group, (long [6]){ 0 });
	reap(actor);
}

void actor_kill(struct actor *actor)
{
	kill(actor->pid, SIGKILL);
	reap(actor);
}

static void gone(pid_t pid)
{
	while (waitpid(pid, NULL, __WALL) != pid && !kill(pid, 0))
		sched_yield();
}

/* An actor holds all descriptors of its test: none may stay behind. */
void actors_end(void)
{
	int i;

	for (i = 0; i < actors_used; i++)
		if (actors[i]->alive && !actors[i]->thread)
			kill(actors[i]->pid, SIGKILL);
	for (i = 0; i < actors_used; i++)
		if (actors[i]->alive && !actors[i]->thread)
			gone(actors[i]->pid);
}
