// SPDX-License-Identifier: GPL-2.0
/*
 * Machines with several memory nodes: from which a page comes, by the kernel's
 * own answer to move_pages(), and pages that are moved between fork and write.
 *
 * All run on CPU 0, which is of node 0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "gain.h"
#include "huge.h"
#include "kselftest_harness.h"

#define PAGE	4096
#define N	23

/* linux/mempolicy.h */
#define MPOL_DEFAULT		0
#define MPOL_BIND		2
#define MPOL_INTERLEAVE		3
#define MPOL_MF_MOVE_ALL	4

FIXTURE(node)
{
	int fd;
	struct cowstat_info before;
	int tree;
	struct actor *p;
	char *at;
};

FIXTURE_SETUP(node)
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

FIXTURE_TEARDOWN(node)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
}

#define NODE_TEST(name) \
	TEST_IF(!one_numa_node(), "this machine has one memory node", node, name)

static void set_policy(struct actor *actor, int policy, unsigned long nodes)
{
	unsigned long *mask = actor_shared_page();

	*mask = nodes;
	if (actor_syscall(actor, SYS_set_mempolicy, policy,
			  nodes ? (long)mask : 0, nodes ? 64 : 0))
		cow_die("cannot set the memory policy");
}

/* move_pages(): to @node, or, if that is NULL, only asks where they are. */
static void locate(struct actor *actor, char *at, const int *node, int *status)
{
	void *pages[N];
	int nodes[N], i;

	for (i = 0; i < N; i++) {
		pages[i] = at + i * PAGE;
		nodes[i] = node ? *node : 0;
	}
	if (syscall(SYS_move_pages, actor->pid, (long)N, pages,
		    node ? nodes : NULL, status, MPOL_MF_MOVE_ALL) < 0)
		cow_die("move_pages: %s", strerror(errno));
}

static unsigned int remote_pages(struct actor *actor, char *at)
{
	int status[N], i, sum = 0;

	locate(actor, at, NULL, status);
	for (i = 0; i < N; i++)
		sum += status[i] == 1;
	return sum;
}

#define EXPECT_POOL(actor, local, remote) do { \
	struct cowstat_counters _pool = must_gain(self->tree, (actor)->pid); \
	EXPECT_EQ(local, _pool.value[COW_pool_local]); \
	EXPECT_EQ(remote, _pool.value[COW_pool_remote]); \
} while (0)

NODE_TEST(zero_fill_bound)
{
	char *at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	set_policy(self->p, MPOL_BIND, 2);
	actor_write(self->p, at, PAGE, N);
	EXPECT_EQ(N, remote_pages(self->p, at));
	EXPECT_SELF("P", self->p, .zero = N);
	EXPECT_POOL(self->p, 0, N);
}

NODE_TEST(zero_fill_bound_to_the_own)
{
	char *at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	set_policy(self->p, MPOL_BIND, 1);
	actor_write(self->p, at, PAGE, N);
	EXPECT_EQ(0, remote_pages(self->p, at));
	EXPECT_POOL(self->p, N, 0);
}

/* Every second page, or so: page tables have their turn too. */
NODE_TEST(zero_fill_interleaved)
{
	char *at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned int remote;

	set_policy(self->p, MPOL_INTERLEAVE, 3);
	actor_write(self->p, at, PAGE, N);
	remote = remote_pages(self->p, at);
	EXPECT_LE(N / 2 - 1, remote);
	EXPECT_LE(remote, N / 2 + 2);
	EXPECT_POOL(self->p, N - remote, remote);
}

NODE_TEST(upgrade_bound)
{
	char *at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	actor_read(self->p, at, PAGE, N);
	set_policy(self->p, MPOL_BIND, 2);
	actor_write(self->p, at, PAGE, N);
	EXPECT_SELF("P", self->p, .mapped = N, .zero = N, .upgraded = N);
	EXPECT_POOL(self->p, 0, N);
}

NODE_TEST(copies_bound)
{
	struct actor *c = actor_fork(self->p);

	set_policy(c, MPOL_BIND, 2);
	actor_write(c, self->at, PAGE, N);
	EXPECT_EQ(N, remote_pages(c, self->at));
	EXPECT_SELF("C", c, .inherited = N, .child = N);
	EXPECT_POOL(c, 0, N);
}

NODE_TEST(copies_interleaved)
{
	struct actor *c = actor_fork(self->p);
	unsigned int remote;

	set_policy(c, MPOL_INTERLEAVE, 3);
	actor_write(c, self->at, PAGE, N);
	remote = remote_pages(c, self->at);
	EXPECT_LE(N / 2 - 1, remote);
	EXPECT_LE(remote, N / 2 + 2);
	EXPECT_POOL(c, N - remote, remote);
}

NODE_TEST(copies_of_a_file_bound)
{
	char *name = actor_shared_page(), *at;
	long file;

	name[0] = 'n';
	file = actor_syscall(self->p, SYS_memfd_create, (long)name, 0);
	actor_syscall(self->p, SYS_ftruncate, file, N * PAGE);
	at = actor_map(self->p, N, MAP_PRIVATE, file);
	actor_read(self->p, at, PAGE, N / 2);
	set_policy(self->p, MPOL_BIND, 2);
	actor_write(self->p, at, PAGE, N);
	EXPECT_SELF("P", self->p, .file = N);
	EXPECT_POOL(self->p, 0, N);
}

/* Of a page that is taken over none is taken from a pool. */
NODE_TEST(taken_over_from_another_node)
{
	char *at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	set_policy(self->p, MPOL_BIND, 2);
	actor_write(self->p, at, PAGE, N);
	actor_exit(actor_fork(self->p));
	actor_write(self->p, at, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = N, .forks = 1, .shared = 2 * N,
		    .reused = N);
	EXPECT_POOL(self->p, 0, N);
}

TEST_IF(!one_numa_node() && kernel_has_huge_pages(),
	"this machine has one memory node, or no huge pages", node,
	huge_page_bound)
{
	char *at = map_huge(self->p, 1);
	struct actor *c;

	compact_memory();
	set_policy(self->p, MPOL_BIND, 2);
	actor_write(self->p, at, PAGE, 1);
	if (huge_kib(self->p->pid) != HUGE_KIB)
		SKIP(return, "the kernel gave no huge page");
	EXPECT_SELF("P", self->p, .zero = HUGE_PAGES, .huge = HUGE_PAGES);
	EXPECT_POOL(self->p, 0, HUGE_PAGES);
	c = actor_fork(self->p);
	set_policy(c, MPOL_DEFAULT, 0);
	actor_write(c, at, PAGE, N);
	EXPECT_POOL(c, N, 0);
}

/* Migrated pages keep their origin, and their holders. */
static void migrate(struct __test_metadata *_metadata, struct actor *actor,
		    char *at, int node)
{
	int status[N], i;

	locate(actor, at, &node, status);
	for (i = 0; i < N; i++)
		ASSERT_EQ(node, status[i]);
}

NODE_TEST(migrated_between_fork_and_write)
{
	struct actor *c = actor_fork(self->p);

	migrate(_metadata, c, self->at, 1);
	EXPECT_EQ(N, remote_pages(self->p, self->at));
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N);
	EXPECT_SELF("C", c, .inherited = N);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .child = N);
	EXPECT_POOL(c, N, 0);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N, .reused = N);
}

NODE_TEST(migrated_then_written_by_the_parent)
{
	struct actor *c = actor_fork(self->p);

	migrate(_metadata, self->p, self->at, 1);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N, .parent = N);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .reused = N);
}

NODE_TEST(migrated_while_exclusive)
{
	migrate(_metadata, self->p, self->at, 1);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
}

#define MIGRATIONS	61

/* The child writes while its pages are on their way: once each all the same. */
NODE_TEST(migrated_during_the_writes)
{
	int status[N], node = 1, i;
	struct actor *c;

	for (i = 0; i < MIGRATIONS; i++) {
		c = actor_fork(self->p);
		actor_post(c, ACTOR_WRITE, (long)self->at, PAGE, N);
		do {
			locate(c, self->at, &node, status);
			node = !node;
		} while (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) !=
			 c->posted);
		EXPECT_SELF("C", c, .inherited = N, .child = N);
		actor_exit(c);
	}
	EXPECT_SELF("P", self->p, .forks = MIGRATIONS,
		    .shared = MIGRATIONS * N);
}

TEST_HARNESS_MAIN
