// SPDX-License-Identifier: GPL-2.0
/*
 * Anonymous pages of 4 KiB: what can happen to them between the fork and the
 * write, and writes that are disturbed.
 *
 * P has written N pages and then may have forked C.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "console.h"
#include "cow_lib.h"
#include "gain.h"
#include "huge.h"
#include "kselftest_harness.h"

#define PAGE	4096
#define N	23
#define K	7
#define MANY	509

FIXTURE(anon)
{
	int fd;
	struct cowstat_info before;
	int tree;
	struct actor *p;
	char *at;
};

FIXTURE_SETUP(anon)
{
	pin_to_cpu(0);
	self->fd = must_open();
	self->before = must_info(self->fd);
	actors_init();
	self->p = actor_start();
	self->at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, self->at, PAGE, N);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(anon)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
}

#define ANON_TEST(name) TEST_F_TIMEOUT(anon, name, COW_TIMEOUT)

#define FORKED .forks = 1, .shared = N

static long advise(struct actor *actor, char *at, int advice)
{
	return actor_syscall(actor, SYS_madvise, (long)at, N * PAGE, advice);
}

static void protect(struct actor *actor, char *at, int prot)
{
	actor_syscall(actor, SYS_mprotect, (long)at, N * PAGE, prot);
}

/* Write faults on pages that nobody shares. */

ANON_TEST(read_only_for_a_while)
{
	protect(self->p, self->at, PROT_READ);
	protect(self->p, self->at, PROT_READ | PROT_WRITE);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
}

ANON_TEST(out_of_reach_for_a_while)
{
	protect(self->p, self->at, PROT_NONE);
	protect(self->p, self->at, PROT_READ | PROT_WRITE);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
}

static int clear_soft_dirty(struct actor *actor)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", actor->pid);
	return write_text(path, "4");
}

ANON_TEST(soft_dirty_cleared)
{
	ASSERT_EQ(0, clear_soft_dirty(self->p));
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
}

/* The mark makes no difference where the page is shared. */
ANON_TEST(soft_dirty_cleared_after_the_fork)
{
	struct actor *c = actor_fork(self->p);

	ASSERT_EQ(0, clear_soft_dirty(c));
	actor_write(c, self->at, PAGE, N);
	ASSERT_EQ(0, clear_soft_dirty(c));
	actor_write(c, self->at, PAGE, N);
	ASSERT_EQ(0, clear_soft_dirty(self->p));
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .child = N);
	EXPECT_SELF("P", self->p, FORKED, .reused = N);
}

/* What sharing comes to without a write. */

ANON_TEST(child_discards_then_both_write)
{
	struct actor *c = actor_fork(self->p);

	advise(c, self->at, MADV_DONTNEED);
	actor_write(c, self->at, PAGE, N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .zero = N);
	EXPECT_SELF("P", self->p, FORKED, .reused = N);
}

/* Pages that are given back when memory is short are there until then. */
ANON_TEST(free_then_written)
{
	ASSERT_EQ(0, advise(self->p, self->at, MADV_FREE));
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
}

ANON_TEST(free_before_the_fork)
{
	struct actor *c;

	ASSERT_EQ(0, advise(self->p, self->at, MADV_FREE));
	/* It ends the batches of such pages too, which hold references. */
	compact_memory();
	c = actor_fork(self->p);
	actor_write(c, self->at, PAGE, N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .child = N);
	EXPECT_SELF("P", self->p, FORKED, .reused = N);
}

/* The kernel leaves alone what others have too. */
ANON_TEST(free_after_the_fork)
{
	struct actor *c = actor_fork(self->p);

	ASSERT_EQ(0, advise(c, self->at, MADV_FREE));
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .child = N);
}

ANON_TEST(moved_away_and_left_empty)
{
	struct actor *c = actor_fork(self->p);
	long to;

	to = actor_syscall(c, SYS_mremap, (long)self->at, N * PAGE, N * PAGE,
			   MREMAP_MAYMOVE | 4 /* MREMAP_DONTUNMAP */, 0);
	ASSERT_NE((long)self->at, to);
	actor_write(c, (char *)to, PAGE, N);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .child = N, .zero = N);
}

ANON_TEST(replaced_by_another_mapping)
{
	struct actor *c = actor_fork(self->p);

	actor_syscall(c, SYS_mmap, (long)self->at, N * PAGE,
		      PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	actor_write(c, self->at, PAGE, N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .zero = N);
	EXPECT_SELF("P", self->p, FORKED, .reused = N);
}

ANON_TEST(a_part_unmapped)
{
	struct actor *c = actor_fork(self->p);

	actor_syscall(c, SYS_munmap, (long)self->at, K * PAGE);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N);
	EXPECT_SELF("P", self->p, FORKED, .reused = K, .parent = N - K);
}

/* Guards stand where pages were: touching one is fatal, and counts nothing. */
#define MADV_GUARD_INSTALL	102

ANON_TEST(behind_a_guard)
{
	struct actor *c = actor_fork(self->p);

	if (advise(c, self->at, MADV_GUARD_INSTALL))
		SKIP(return, "the kernel has no guards for pages");
	actor_post(c, ACTOR_WRITE, (long)self->at, PAGE, 1);
	c->alive = false;
	ASSERT_EQ(c->pid, actor_syscall(self->p, SYS_wait4, c->pid, 0, 0));
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N);
	EXPECT_SELF("P", self->p, FORKED, .reused = N);
}

/* Writes that are disturbed. */

/* The test moves @actor from CPU to CPU until it has done what it was told. */
static void chase(struct actor *actor)
{
	cpu_set_t set;
	int cpu;

	for (cpu = 0; __atomic_load_n(&actor->done, __ATOMIC_ACQUIRE) !=
		      actor->posted; cpu ^= 1) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(actor->pid, sizeof(set), &set))
			cow_die("cannot move a process to CPU %d", cpu);
	}
}

#define CHASES	11

/* The last holder may have to copy then: see pin_to_cpu(). All others must. */
ANON_TEST(moved_from_cpu_to_cpu)
{
	struct actor *c;
	char *at;
	int i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "this machine has one CPU");
	at = actor_map(self->p, MANY, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_post(self->p, ACTOR_WRITE, (long)at, PAGE, MANY);
	chase(self->p);
	EXPECT_SELF("P", self->p, .zero = MANY);
	for (i = 0; i < CHASES; i++) {
		c = actor_fork(self->p);
		actor_post(c, ACTOR_WRITE, (long)at, PAGE, MANY);
		chase(c);
		EXPECT_SELF("C", c, .inherited = N + MANY, .child = MANY);
		actor_exit(c);
	}
	EXPECT_SELF("P", self->p, .zero = MANY, .forks = CHASES,
		    .shared = CHASES * (N + MANY));
}

/*
 * Killed at a write: it is in place and counted, though not carried out, or
 * not.
 */
ANON_TEST(killed_while_writing)
{
	struct cowstat_counters got;
	struct actor *c;
	unsigned long broken, written;
	int round;
	char *at;

	at = actor_map(self->p, MANY, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, at, PAGE, MANY);
	for (round = 0; round < K; round++) {
		c = actor_fork(self->p);
		actor_post(c, ACTOR_WRITE, (long)at, PAGE, MANY);
		while (__atomic_load_n(&c->progress, __ATOMIC_RELAXED) <
		       round * MANY / K)
			;
		actor_kill(c);
		got = must_gain(self->tree, c->pid);
		broken = got.value[COW_broken_child];
		written = c->progress;
		EXPECT_LE(written, broken);
		EXPECT_LE(broken, written + 1);
		EXPECT_SELF("C", c, .inherited = N + MANY, .child = broken);
	}
}

#define GROUP	"/sys/fs/cgroup/cowstat-paths"

/* A memory cgroup with room for @bytes, in which @actor then is. */
static bool limit_memory(struct actor *actor, const char *bytes)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", actor->pid);
	if (write_text("/sys/fs/cgroup/cgroup.subtree_control", "+memory") ||
	    (mkdir(GROUP, 0755) && errno != EEXIST))
		return false;
	return !write_text(GROUP "/memory.max", bytes) &&
	       !write_text(GROUP "/cgroup.procs", pid);
}

static void write_until_killed(struct __test_metadata *_metadata,
			       FIXTURE_DATA(anon) *self, struct actor *c,
			       char *at)
{
	int *status = actor_shared_page();
	int level = console_quiet();

	actor_post(c, ACTOR_WRITE, (long)at, PAGE, MANY);
	c->alive = false;
	EXPECT_EQ(c->pid, actor_syscall(self->p, SYS_wait4, c->pid,
					(long)status, 0));
	console_loud(level);
	rmdir(GROUP);
	EXPECT_EQ(SIGKILL, WTERMSIG(*status));
	EXPECT_LT(0, c->progress);
	EXPECT_LT(c->progress, MANY);
}

/* The write for which no memory was left is not counted, nor any after it. */
ANON_TEST(out_of_memory)
{
	struct actor *c;
	char *at;

	at = actor_map(self->p, MANY, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, at, PAGE, MANY);
	c = actor_fork(self->p);
	if (!limit_memory(c, "1M"))
		SKIP(return, "there is no memory cgroup");
	write_until_killed(_metadata, self, c, at);
	EXPECT_SELF("C", c, .inherited = N + MANY, .child = c->progress);
}

ANON_TEST(out_of_memory_for_fresh_pages)
{
	struct actor *c = actor_fork(self->p);
	char *at = actor_map(c, MANY, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!limit_memory(c, "1M"))
		SKIP(return, "there is no memory cgroup");
	write_until_killed(_metadata, self, c, at);
	EXPECT_SELF("C", c, .inherited = N, .zero = c->progress);
}

#define ROUNDS	19

/*
 * A thread writes while another forks. Whether a write comes before the fork
 * has shared its page, or after, by the end of the round each page was broken
 * once: the child, which does nothing, holds the other.
 */
ANON_TEST(forks_while_a_thread_writes)
{
	struct actor *thread, *c;
	char *at;
	int i;

	at = actor_map(self->p, MANY, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, at, PAGE, MANY);
	thread = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	actor_allow_all_cpus(thread);
	for (i = 0; i < ROUNDS; i++) {
		actor_post(thread, ACTOR_WRITE, (long)at, PAGE, MANY);
		c = actor_fork(self->p);
		actor_wait(thread);
		actor_write(self->p, at, PAGE, MANY);
		EXPECT_SELF("C", c, .inherited = N + MANY);
		EXPECT_SELF("P", self->p, .zero = MANY, .forks = i + 1,
			    .shared = (i + 1) * (N + MANY),
			    .parent = (i + 1) * MANY);
		actor_exit(c);
	}
}

/*
 * As before, and the thread fills fresh pages: what is there at a fork is shared.
 * The page that the thread was about to write then is shared too, and is broken
 * or taken over by it: at most one a fork.
 */
ANON_TEST(forks_while_a_thread_fills)
{
	unsigned long shared = 0, reused = 0, inherited;
	struct actor *thread, *c;
	struct cowstat_counters got;
	char *at;
	int i;

	thread = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	actor_allow_all_cpus(thread);
	at = actor_map(self->p, MANY, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_post(thread, ACTOR_WRITE, (long)at, PAGE, MANY);
	for (i = 0; i < K; i++) {
		c = actor_fork(self->p);
		actor_write(c, at, PAGE, MANY);
		got = must_gain(self->tree, c->pid);
		inherited = got.value[COW_inherited];
		shared += inherited;
		reused += got.value[COW_reused];
		EXPECT_LE(N, inherited);
		EXPECT_SELF("C", c, .inherited = inherited,
			    .reused = got.value[COW_reused],
			    .child = inherited - N - got.value[COW_reused],
			    .zero = MANY + N - inherited);
	}
	actor_wait(thread);
	got = must_gain(self->tree, self->p->pid);
	EXPECT_LE(got.value[COW_broken_parent] + got.value[COW_reused], K);
	EXPECT_LE(reused, got.value[COW_broken_parent]);
	EXPECT_SELF("P", self->p, .zero = MANY, .forks = K, .shared = shared,
		    .parent = got.value[COW_broken_parent],
		    .reused = got.value[COW_reused]);
}

TEST_HARNESS_MAIN
