// SPDX-License-Identifier: GPL-2.0
/*
 * The family tree: who is listed under whom, and that the books balance,
 * whatever the shape of the tree and the order in which its processes go.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "kselftest_harness.h"

#define PAGE	4096
#define N	23
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)

static int index_of(const struct cow_list *list, pid_t pid)
{
	const struct cowstat_row *row = cow_find(list, pid);

	return row ? (int)(row - list->row) : -1;
}

/* A parent comes before its children, one level above them. */
static void expect_order(struct __test_metadata *_metadata,
			 const struct cow_list *list)
{
	const struct cowstat_row *row = list->row;
	unsigned int i;
	int parent;

	for (i = 0; i < list->head.count; i++) {
		if (!row[i].ppid) {
			EXPECT_EQ(0, row[i].depth);
			continue;
		}
		parent = index_of(list, row[i].ppid);
		ASSERT_LE(0, parent);
		EXPECT_LT(parent, i);
		EXPECT_EQ(row[parent].depth + 1, row[i].depth);
	}
}

/*
 * tree(P) = self(P) + the trees of its children. Where the list keeps those
 * that are gone, that is all; else a tree may also hold sums of the gone.
 */
static void expect_books(struct __test_metadata *_metadata,
			 const struct cow_list *list, bool kept)
{
	unsigned int count = list->head.count, i, j;
	struct cowstat_counters sum;
	__u64 procs, alive;

	expect_order(_metadata, list);
	for (i = 0; i < count; i++) {
		const struct cowstat_row *row = &list->row[i];

		sum = row->self;
		procs = 1;
		alive = !(row->flags & COWSTAT_ROW_EXITED);
		for (j = i + 1; j < count; j++) {
			if (list->row[j].ppid != row->pid)
				continue;
			cow_add(&sum, &list->row[j].tree);
			procs += list->row[j].tree_procs;
			alive += list->row[j].tree_alive;
		}
		EXPECT_EQ(alive, row->tree_alive);
		EXPECT_IDENTITIES(row->comm, &row->self);
		EXPECT_IDENTITIES(row->comm, &row->tree);
		if (kept) {
			EXPECT_COUNTERS("a tree", &sum, &row->tree);
			EXPECT_EQ(sum.value[COW_break_ns],
				  row->tree.value[COW_break_ns]);
			EXPECT_EQ(procs, row->tree_procs);
			continue;
		}
		EXPECT_LE(procs, row->tree_procs);
		for (j = 0; j < COW_NR; j++)
			EXPECT_LE(sum.value[j], row->tree.value[j]);
	}
}

static struct cowstat_counters sum_of_roots(const struct cow_list *list)
{
	struct cowstat_counters sum = { };
	unsigned int i;

	for (i = 0; i < list->head.count; i++)
		if (!list->row[i].ppid)
			cow_add(&sum, &list->row[i].tree);
	return sum;
}

/* system = the sum over all trees: what one gains, so does the other. */
static void expect_system(struct __test_metadata *_metadata, int fd,
			  const struct cow_list *before)
{
	struct cow_list after = must_list(fd);
	struct cowstat_counters from = sum_of_roots(before);
	struct cowstat_counters to = sum_of_roots(&after);
	struct cowstat_counters system, roots;

	expect_books(_metadata, &after, false);
	system = cow_delta(&before->head.system, &after.head.system);
	roots = cow_delta(&from, &to);
	EXPECT_COUNTERS("the system", &roots, &system);
	EXPECT_EQ(roots.value[COW_break_ns], system.value[COW_break_ns]);
	cow_list_free(&after);
}

/* The shape of a tree: node i's parent is node parent[i]; node 0 is the root. */
#define NODES_MAX	8

FIXTURE(shape)
{
	int fd;
	int tree;
	char *at;
	struct actor *node[NODES_MAX];
	struct cow_list before;
};

FIXTURE_VARIANT(shape)
{
	int nodes;
	int parent[NODES_MAX];
};

FIXTURE_VARIANT_ADD(shape, alone) { 1, { -1 } };
FIXTURE_VARIANT_ADD(shape, pair) { 2, { -1, 0 } };
FIXTURE_VARIANT_ADD(shape, chain) { 7, { -1, 0, 1, 2, 3, 4, 5 } };
FIXTURE_VARIANT_ADD(shape, star) { 7, { -1, 0, 0, 0, 0, 0, 0 } };
FIXTURE_VARIANT_ADD(shape, binary) { 7, { -1, 0, 0, 1, 1, 2, 2 } };
FIXTURE_VARIANT_ADD(shape, comb) { 8, { -1, 0, 0, 2, 2, 4, 4, 6 } };

/* Node i writes i + 1 pages of those that the root made. */
FIXTURE_SETUP(shape)
{
	int i;

	pin_to_cpu(0);
	self->fd = must_open();
	actors_init();
	self->before = must_list(self->fd);
	self->node[0] = actor_start();
	self->at = actor_map(self->node[0], N, ANON, -1);
	self->tree = must_tree(self->fd, self->node[0]->pid, COWSTAT_TREE_KEEP);
	actor_write(self->node[0], self->at, PAGE, N);
	for (i = 1; i < variant->nodes; i++)
		self->node[i] = actor_fork(self->node[variant->parent[i]]);
	for (i = variant->nodes - 1; i > 0; i--)
		actor_write(self->node[i], self->at, PAGE, i + 1);
}

FIXTURE_TEARDOWN(shape)
{
	expect_system(_metadata, self->fd, &self->before);
	actors_end();
}

static int depth_of(const FIXTURE_VARIANT(shape) *variant, int node)
{
	int depth = 0;

	while ((node = variant->parent[node]) >= 0)
		depth++;
	return depth;
}

static int nearest_alive(const FIXTURE_DATA(shape) *self,
			 const FIXTURE_VARIANT(shape) *variant, int node)
{
	do {
		node = variant->parent[node];
	} while (node >= 0 && !self->node[node]->alive);
	return node;
}

static int children_of(const FIXTURE_VARIANT(shape) *variant, int node)
{
	int i, children = 0;

	for (i = 0; i < variant->nodes; i++)
		children += variant->parent[i] == node;
	return children;
}

static void expect_nodes(struct __test_metadata *_metadata,
			 FIXTURE_DATA(shape) *self,
			 const FIXTURE_VARIANT(shape) *variant)
{
	struct cow_list list = must_list(self->tree);
	const struct cowstat_row *row;
	int i, parent;
	const __u64 *v;

	expect_books(_metadata, &list, true);
	ASSERT_EQ(variant->nodes, list.head.count);
	for (i = 0; i < variant->nodes; i++) {
		row = cow_find(&list, self->node[i]->pid);
		ASSERT_NE(NULL, row);
		v = row->self.value;
		parent = variant->parent[i];
		EXPECT_EQ(parent < 0 ? 0 : self->node[parent]->pid, row->ppid);
		EXPECT_EQ(depth_of(variant, i), row->depth);
		EXPECT_EQ(!self->node[i]->alive,
			  !!(row->flags & COWSTAT_ROW_EXITED));
		EXPECT_EQ(children_of(variant, i), v[COW_forks]);
		EXPECT_EQ(N * v[COW_forks], v[COW_shared]);
		EXPECT_EQ(i ? N : 0, v[COW_inherited]);
		EXPECT_EQ(i ? 0 : N, v[COW_zero_filled]);
		EXPECT_EQ(i ? i + 1 : 0, v[COW_broken_anon] + v[COW_reused]);
	}
	cow_list_free(&list);
}

/* On the device only the living are listed, under the nearest living. */
static void expect_living(struct __test_metadata *_metadata,
			  FIXTURE_DATA(shape) *self,
			  const FIXTURE_VARIANT(shape) *variant)
{
	struct cow_list list = must_list(self->fd);
	const struct cowstat_row *row;
	int i, above;

	expect_books(_metadata, &list, false);
	for (i = 0; i < variant->nodes; i++) {
		row = cow_find(&list, self->node[i]->pid);
		EXPECT_EQ(self->node[i]->alive, !!row);
		if (!row)
			continue;
		above = nearest_alive(self, variant, i);
		EXPECT_EQ(above < 0 ? getpid() : self->node[above]->pid,
			  row->ppid);
		EXPECT_EQ(0, row->flags);
	}
	cow_list_free(&list);
}

#define EXPECT_ALL() do { \
	expect_nodes(_metadata, self, variant); \
	expect_living(_metadata, self, variant); \
} while (0)

#define SHAPE_TEST(name) TEST_F_TIMEOUT(shape, name, COW_TIMEOUT)

SHAPE_TEST(all_alive)
{
	EXPECT_ALL();
}

SHAPE_TEST(root_goes_first)
{
	int i;

	for (i = 0; i < variant->nodes; i++) {
		actor_exit(self->node[i]);
		EXPECT_ALL();
	}
	EXPECT_EQ(COWSTAT_TREE_GONE, must_read(self->tree).tree_state);
}

SHAPE_TEST(leaves_go_first)
{
	int i;

	for (i = variant->nodes - 1; i >= 0; i--) {
		actor_exit(self->node[i]);
		EXPECT_ALL();
	}
	EXPECT_EQ(COWSTAT_TREE_GONE, must_read(self->tree).tree_state);
}

SHAPE_TEST(middle_goes_first)
{
	int i;

	for (i = 0; i < variant->nodes; i++) {
		actor_kill(self->node[(i + variant->nodes / 2) % variant->nodes]);
		EXPECT_ALL();
	}
	EXPECT_EQ(COWSTAT_TREE_GONE, must_read(self->tree).tree_state);
}

/* What the living keep in their trees when all others are gone. */
SHAPE_TEST(sums_pass_to_the_ancestor)
{
	__u64 before = must_process(self->fd, 0).tree.value[COW_shared];
	int i;

	for (i = 0; i < variant->nodes; i++)
		actor_exit(self->node[i]);
	EXPECT_EQ(before, must_process(self->fd, 0).tree.value[COW_shared]);
	EXPECT_EQ(1, must_process(self->fd, 0).tree_alive);
	EXPECT_EQ(variant->nodes + 1, must_process(self->fd, 0).tree_procs);
}

/* A chain A, B, C, whose members go in each of the six orders. */
FIXTURE(order)
{
	int fd;
	int tree;
	char *at;
	struct actor *who[3];
};

FIXTURE_VARIANT(order)
{
	int order[3];
};

FIXTURE_VARIANT_ADD(order, abc) { { 0, 1, 2 } };
FIXTURE_VARIANT_ADD(order, acb) { { 0, 2, 1 } };
FIXTURE_VARIANT_ADD(order, bac) { { 1, 0, 2 } };
FIXTURE_VARIANT_ADD(order, bca) { { 1, 2, 0 } };
FIXTURE_VARIANT_ADD(order, cab) { { 2, 0, 1 } };
FIXTURE_VARIANT_ADD(order, cba) { { 2, 1, 0 } };

FIXTURE_SETUP(order)
{
	int i;

	pin_to_cpu(0);
	self->fd = must_open();
	actors_init();
	self->who[0] = actor_start();
	self->at = actor_map(self->who[0], N, ANON, -1);
	self->tree = must_tree(self->fd, self->who[0]->pid, COWSTAT_TREE_KEEP);
	for (i = 0; i < 3; i++) {
		if (i)
			self->who[i] = actor_fork(self->who[i - 1]);
		actor_write(self->who[i], self->at + i * PAGE, PAGE, 1);
	}
}

FIXTURE_TEARDOWN(order)
{
	actors_end();
}

/* The living write on after each exit: pages 3, 4, ... are new to each. */
TEST_F_TIMEOUT(order, each_exit, COW_TIMEOUT)
{
	__u64 zero_filled = 3;
	struct cow_list list;
	int i, j, alive = 3;

	for (i = 0; i < 3; i++) {
		actor_exit(self->who[variant->order[i]]);
		alive--;
		for (j = 0; j < 3; j++) {
			if (!self->who[j]->alive)
				continue;
			actor_write(self->who[j], self->at + (3 + i) * PAGE,
				    PAGE, 1);
			zero_filled++;
		}
		list = must_list(self->tree);
		expect_books(_metadata, &list, true);
		EXPECT_EQ(zero_filled,
			  list.row[0].tree.value[COW_zero_filled]);
		EXPECT_EQ(alive, list.row[0].tree_alive);
		EXPECT_EQ(3, list.row[0].tree_procs);
		cow_list_free(&list);
	}
}

/* One process P, and what may happen to it. */
FIXTURE(life)
{
	int fd;
	int tree;
	int to[2];	/* the pipe that an exec'ed cat reads */
	int from[2];	/* ... and writes */
	char *at;
	struct actor *p;
	struct cow_list before;
};

FIXTURE_SETUP(life)
{
	self->fd = must_open();
	if (pipe(self->to) || pipe(self->from))
		cow_die("no pipe");
	actors_init();
	self->before = must_list(self->fd);
	self->p = actor_start();
	self->at = actor_map(self->p, N, ANON, -1);
	actor_write(self->p, self->at, PAGE, N);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(life)
{
	struct cow_list list = must_list(self->tree);

	expect_books(_metadata, &list, true);
	cow_list_free(&list);
	expect_system(_metadata, self->fd, &self->before);
	actors_end();
}

#define LIFE_TEST(name) TEST_F_TIMEOUT(life, name, COW_TIMEOUT)

/* The actor becomes a cat from pipe to pipe; returns when that runs. */
static void exec_cat(struct actor *actor, FIXTURE_DATA(life) *self)
{
	char *path = strcpy(actor_shared_page(), "/bin/cat");
	long *argv = actor_shared_page();
	char byte = 'c';

	argv[0] = (long)path;
	actor_syscall(actor, SYS_dup2, self->to[0], 0);
	actor_syscall(actor, SYS_dup2, self->from[1], 1);
	actor_syscall(actor, SYS_close, self->to[1]);
	actor_post_syscall(actor, SYS_execve,
			   (long [6]){ (long)path, (long)argv, (long)&argv[1] });
	if (write(self->to[1], &byte, 1) != 1 ||
	    read(self->from[0], &byte, 1) != 1)
		cow_die("the exec'ed cat does not answer");
}

LIFE_TEST(daemon_stays_with_its_maker)
{
	struct actor *middle = actor_fork(self->p);
	struct actor *daemon = actor_fork(middle);
	struct cowstat_row row;

	actor_syscall(daemon, SYS_setsid);
	actor_exit(middle);
	EXPECT_EQ(getpid(), actor_syscall(daemon, SYS_getppid));
	row = must_process(self->fd, daemon->pid);
	EXPECT_EQ(self->p->pid, row.ppid);
	EXPECT_EQ(must_process(self->fd, self->p->pid).depth + 1, row.depth);
	actor_write(daemon, self->at, PAGE, N);
	EXPECT_EQ(N, must_read(self->tree).counters.value[COW_broken_child]);
	EXPECT_EQ(3, must_read(self->tree).tree_procs);
}

LIFE_TEST(ancestry_is_by_fork_not_by_parent)
{
	struct actor *c = actor_clone(self->p, CLONE_PARENT | SIGCHLD);

	EXPECT_EQ(getpid(), actor_syscall(c, SYS_getppid));
	EXPECT_EQ(self->p->pid, must_process(self->fd, c->pid).ppid);
	EXPECT_EQ(1, must_read(self->tree).counters.value[COW_forks]);
	EXPECT_EQ(2, must_read(self->tree).tree_procs);
}

/* Of a tree it is the longest of its processes, whenever a handle was opened. */
LIFE_TEST(longest_break_since_birth)
{
	struct actor *child = actor_fork(self->p);
	__u64 first, second, longest;
	int later;

	actor_write(child, self->at, PAGE, N - 1);
	first = must_read(self->tree).counters.value[COW_break_max_ns];
	EXPECT_LT(0, first);
	later = must_tree(self->fd, self->p->pid, 0);
	EXPECT_EQ(first, must_read(later).counters.value[COW_break_max_ns]);
	EXPECT_EQ(first, must_process(self->fd, child->pid)
			 .self.value[COW_break_max_ns]);
	actor_write(child, self->at + (N - 1) * PAGE, PAGE, 1);
	second = must_read(later).counters.value[COW_break_ns];
	longest = first > second ? first : second;
	EXPECT_EQ(longest, must_read(later).counters.value[COW_break_max_ns]);
	EXPECT_EQ(longest,
		  must_read(self->tree).counters.value[COW_break_max_ns]);
	actor_exit(child);
	EXPECT_EQ(longest, must_read(later).counters.value[COW_break_max_ns]);
}

LIFE_TEST(reused_pid_starts_at_zero)
{
	struct cowstat_counters none = { };
	pid_t pid = self->p->pid;
	struct cowstat_row row;
	struct actor *second;
	char last[16];

	actor_exit(self->p);
	snprintf(last, sizeof(last), "%d", pid - 1);
	if (write_text("/proc/sys/kernel/ns_last_pid", last))
		SKIP(return, "the kernel has no ns_last_pid");
	second = actor_start();
	if (second->pid != pid)
		SKIP(return, "another process took the pid");
	row = must_process(self->fd, pid);
	EXPECT_COUNTERS("the new process", &none, &row.self);
	EXPECT_COUNTERS("the new tree", &none, &row.tree);
	EXPECT_EQ(1, row.tree_procs);
	EXPECT_EQ(COWSTAT_TREE_GONE, must_read(self->tree).tree_state);
	EXPECT_EQ(1, must_read(self->tree).tree_procs);
	EXPECT_EQ(COWSTAT_TREE_ALIVE,
		  must_read(must_tree(self->fd, pid, 0)).tree_state);
}

LIFE_TEST(threads_count_for_their_process)
{
	struct actor *thread = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	struct actor *c;
	char *at;

	at = actor_map(thread, N, ANON, -1);
	actor_write(thread, at, PAGE, N);
	EXPECT_EQ(N, must_read(self->tree).counters.value[COW_zero_filled]);
	EXPECT_EQ(1, must_read(self->tree).tree_procs);
	EXPECT_EQ(0, must_read(self->tree).counters.value[COW_forks]);
	c = actor_fork(thread);
	EXPECT_EQ(self->p->pid, must_process(self->fd, c->pid).ppid);
	EXPECT_EQ(2 * N, must_process(self->fd, c->pid).self.value[COW_inherited]);
	EXPECT_EQ(1, must_process(self->fd, self->p->pid).self.value[COW_forks]);
}

/* Until /proc says so: nothing else tells of a thread's end. */
static void wait_for_zombie(pid_t pid)
{
	char path[64], state = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (state != 'Z') {
		stat = fopen(path, "re");
		if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
			cow_die("cannot read %s", path);
		fclose(stat);
	}
}

/* The first thread ends, others go on: still the same process. */
LIFE_TEST(process_outlives_its_first_thread)
{
	struct actor *thread = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	char *at = actor_map(thread, N, ANON, -1);
	struct actor *c;

	actor_post_syscall(self->p, SYS_exit, (long [6]){ 0 });
	wait_for_zombie(self->p->pid);
	actor_write(thread, at, PAGE, N);
	EXPECT_EQ(N, must_read(self->tree).counters.value[COW_zero_filled]);
	EXPECT_EQ(COWSTAT_TREE_ALIVE, must_read(self->tree).tree_state);
	c = actor_fork(thread);
	EXPECT_EQ(self->p->pid, must_process(self->fd, c->pid).ppid);
	EXPECT_EQ(self->p->pid, must_process(self->fd, self->p->pid).pid);
}

LIFE_TEST(exec_keeps_the_counters)
{
	struct cowstat_row before, after;

	actor_fork(self->p);
	before = must_process(self->fd, self->p->pid);
	exec_cat(self->p, self);
	after = must_process(self->fd, self->p->pid);
	EXPECT_STREQ("cat", after.comm);
	EXPECT_EQ(1, after.self.value[COW_forks]);
	EXPECT_EQ(N, after.self.value[COW_shared]);
	EXPECT_LT(before.self.value[COW_zero_filled],
		  after.self.value[COW_zero_filled]);
	EXPECT_LT(0, after.self.value[COW_zero_stack]);
	EXPECT_LT(0, after.self.value[COW_broken_file]);
	EXPECT_EQ(2, must_read(self->tree).tree_procs);
	EXPECT_EQ(2, must_read(self->tree).tree_alive);
}

LIFE_TEST(exec_from_a_thread)
{
	struct actor *thread = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	struct cowstat_row row;

	exec_cat(thread, self);
	row = must_process(self->fd, self->p->pid);
	EXPECT_STREQ("cat", row.comm);
	EXPECT_LE(N, row.self.value[COW_zero_filled]);
	EXPECT_EQ(1, must_read(self->tree).tree_procs);
	EXPECT_EQ(1, must_read(self->tree).tree_alive);
	EXPECT_LT(0, must_read(self->tree).counters.value[COW_zero_stack]);
}

LIFE_TEST(exec_breaks_nothing_of_the_parent)
{
	struct actor *c = actor_fork(self->p);
	struct cowstat_row row;

	exec_cat(c, self);
	row = must_process(self->fd, c->pid);
	EXPECT_EQ(N, row.self.value[COW_inherited]);
	EXPECT_EQ(0, row.self.value[COW_broken_anon]);
	actor_write(self->p, self->at, PAGE, N);
	row = must_process(self->fd, self->p->pid);
	EXPECT_EQ(N, row.self.value[COW_reused]);
}

/* A vfork child is its parent until it execs: then a process of its own. */
LIFE_TEST(vfork_child_is_its_parent_until_exec)
{
	struct actor *v = actor_post_clone(self->p,
					   CLONE_VM | CLONE_VFORK | SIGCHLD);
	struct cowstat_read read;
	struct cowstat_row row;
	char *at;

	v->pid = actor_syscall(v, SYS_getpid);
	at = actor_map(v, N, ANON, -1);
	actor_write(v, at, PAGE, N);
	row = must_process(self->fd, v->pid);
	EXPECT_EQ(self->p->pid, row.pid);
	read = must_read(self->tree);
	EXPECT_EQ(1, read.tree_procs);
	EXPECT_EQ(N, read.counters.value[COW_zero_filled]);

	exec_cat(v, self);
	EXPECT_EQ(v->pid, actor_wait(self->p));
	row = must_process(self->fd, v->pid);
	EXPECT_EQ(v->pid, row.pid);
	EXPECT_EQ(self->p->pid, row.ppid);
	EXPECT_EQ(0, row.self.value[COW_inherited]);
	EXPECT_EQ(2, must_read(self->tree).tree_procs);
	row = must_process(self->fd, self->p->pid);
	EXPECT_EQ(0, row.self.value[COW_forks]);
	EXPECT_EQ(0, row.self.value[COW_shared]);
	actor_write(self->p, self->at, PAGE, N);
	row = must_process(self->fd, self->p->pid);
	EXPECT_EQ(0, row.self.value[COW_reused] + row.self.value[COW_broken]);
}

LIFE_TEST(vfork_child_that_only_exits_was_none)
{
	struct actor *v = actor_post_clone(self->p,
					   CLONE_VM | CLONE_VFORK | SIGCHLD);

	v->pid = actor_syscall(v, SYS_getpid);
	actor_post_syscall(v, SYS_exit_group, (long [6]){ 0 });
	EXPECT_EQ(v->pid, actor_wait(self->p));
	EXPECT_EQ(v->pid, actor_syscall(self->p, SYS_wait4, v->pid, 0, 0, 0));
	EXPECT_EQ(1, must_read(self->tree).tree_procs);
	EXPECT_EQ(1, must_read(self->tree).tree_alive);
	EXPECT_EQ(1, must_list(self->tree).head.count);
}

/*
 * A file that can be executed, but is no program: text, for which the kernel asks
 * no helper. Return: its path, to free
 */
static char *no_program(void)
{
	char *path = strdup("/tmp/cowstat-no-program-XXXXXX");
	int fd = path ? mkstemp(path) : -1;

	if (fd < 0 || write(fd, "none\n", 5) != 5 || fchmod(fd, 0700))
		cow_die("cannot make a file in /tmp");
	close(fd);
	return path;
}

/* The stack that an exec has built when it fails is paid by whose memory it is. */
LIFE_TEST(exec_of_a_vfork_child_that_fails)
{
	struct actor *v = actor_post_clone(self->p,
					   CLONE_VM | CLONE_VFORK | SIGCHLD);
	char *file = no_program();
	char *path = strcpy(actor_shared_page(), file);
	long *argv = actor_shared_page();
	struct cowstat_row row;

	argv[0] = (long)path;
	v->pid = actor_syscall(v, SYS_getpid);
	EXPECT_EQ(-ENOEXEC, actor_syscall(v, SYS_execve, (long)path, (long)argv,
					  (long)&argv[1]));
	actor_post_syscall(v, SYS_exit_group, (long [6]){ 0 });
	EXPECT_EQ(v->pid, actor_wait(self->p));
	EXPECT_EQ(v->pid, actor_syscall(self->p, SYS_wait4, v->pid, 0, 0, 0));
	row = must_process(self->fd, self->p->pid);
	EXPECT_LT(N, row.self.value[COW_zero_filled]);
	EXPECT_EQ(row.tree.value[COW_zero_filled],
		  row.self.value[COW_zero_filled]);
	EXPECT_EQ(1, must_read(self->tree).tree_procs);
	unlink(file);
	free(file);
}

LIFE_TEST(clone_vm_belongs_to_the_memory)
{
	struct actor *v = actor_clone(self->p, CLONE_VM | SIGCHLD);
	struct cowstat_read read;
	char *at;

	at = actor_map(v, N, ANON, -1);
	actor_write(v, at, PAGE, N);
	actor_exit(v);
	read = must_read(self->tree);
	EXPECT_EQ(1, read.tree_procs);
	EXPECT_EQ(0, read.counters.value[COW_forks]);
	EXPECT_EQ(N, read.counters.value[COW_zero_filled]);
}

LIFE_TEST(fork_of_a_clone_vm_child)
{
	struct actor *v = actor_clone(self->p, CLONE_VM | SIGCHLD);
	struct actor *c = actor_fork(v);
	struct cowstat_row row;

	actor_write(c, self->at, PAGE, N);
	row = must_process(self->fd, c->pid);
	EXPECT_EQ(self->p->pid, row.ppid);
	EXPECT_EQ(N, row.self.value[COW_broken_child]);
	row = must_process(self->fd, self->p->pid);
	EXPECT_EQ(1, row.self.value[COW_forks]);
	EXPECT_EQ(N, row.self.value[COW_shared]);
	EXPECT_EQ(2, must_read(self->tree).tree_procs);
}

/* The memory's first owner is gone, the borrower writes on, and stands for it. */
LIFE_TEST(clone_vm_child_outlives_its_lender)
{
	struct actor *v = actor_clone(self->p, CLONE_VM | SIGCHLD);
	char *at = actor_map(v, N, ANON, -1);
	__u64 processes = must_info(self->fd).processes;
	struct actor *c;
	struct cowstat_row row;
	struct cow_list list;

	actor_exit(self->p);
	actor_write(v, at, PAGE, N);
	EXPECT_EQ(N, must_read(self->tree).counters.value[COW_zero_filled]);
	EXPECT_EQ(COWSTAT_TREE_ALIVE, must_read(self->tree).tree_state);
	EXPECT_EQ(1, must_read(self->tree).tree_alive);
	EXPECT_EQ(processes, must_info(self->fd).processes);
	row = must_process(self->fd, v->pid);
	EXPECT_EQ(v->pid, row.pid);
	EXPECT_EQ(getpid(), row.ppid);
	EXPECT_EQ(2 * N, row.self.value[COW_zero_filled]);
	c = actor_fork(v);
	actor_write(c, at, PAGE, N);
	EXPECT_EQ(v->pid, must_process(self->fd, c->pid).ppid);
	list = must_list(self->fd);
	EXPECT_EQ(true, cow_find(&list, v->pid) != NULL);
	expect_order(_metadata, &list);
	cow_list_free(&list);

	actor_exit(v);
	EXPECT_EQ(COWSTAT_TREE_ORPHANED, must_read(self->tree).tree_state);
	EXPECT_EQ(processes, must_info(self->fd).processes);
	EXPECT_EQ(getpid(), must_process(self->fd, c->pid).ppid);
	actor_exit(c);
	EXPECT_EQ(COWSTAT_TREE_GONE, must_read(self->tree).tree_state);
	EXPECT_EQ(processes - 1, must_info(self->fd).processes);
}

/* One goes, another stands for the process; one that execs is its own. */
LIFE_TEST(clone_vm_children_outlive_their_lender)
{
	struct actor *first = actor_clone(self->p, CLONE_VM | SIGCHLD);
	struct actor *second = actor_clone(self->p, CLONE_VM | SIGCHLD);
	struct actor *third = actor_clone(self->p, CLONE_VM | SIGCHLD);
	__u64 processes = must_info(self->fd).processes;

	actor_exit(self->p);
	EXPECT_EQ(first->pid, must_process(self->fd, second->pid).pid);
	EXPECT_EQ(first->pid, must_process(self->fd, third->pid).pid);
	actor_exit(first);
	EXPECT_EQ(second->pid, must_process(self->fd, third->pid).pid);
	EXPECT_EQ(processes, must_info(self->fd).processes);

	exec_cat(second, self);
	EXPECT_EQ(second->pid, must_process(self->fd, second->pid).pid);
	EXPECT_EQ(third->pid, must_process(self->fd, third->pid).pid);
	EXPECT_EQ(third->pid, must_process(self->fd, second->pid).ppid);
	EXPECT_EQ(processes + 1, must_info(self->fd).processes);
	EXPECT_EQ(2, must_read(self->tree).tree_alive);

	actor_exit(third);
	EXPECT_EQ(COWSTAT_TREE_ORPHANED, must_read(self->tree).tree_state);
	EXPECT_EQ(getpid(), must_process(self->fd, second->pid).ppid);
	EXPECT_EQ(processes, must_info(self->fd).processes);
}

/* A fork that cannot have the pid that it is to have, when all has been copied */
static long fork_into_pid(struct actor *actor, unsigned long flags, pid_t pid)
{
	struct clone_args *args = actor_shared_page();
	pid_t *wanted = actor_shared_page();

	*wanted = pid;
	*args = (struct clone_args){
		.flags = flags,
		.exit_signal = SIGCHLD,
		.set_tid = (long)wanted,
		.set_tid_size = 1,
	};
	return actor_syscall(actor, SYS_clone3, (long)args, sizeof(*args));
}

/*
 * @failed forks of P, which leave its pages write-protected. A page that another
 * processor has not put on the kernel's lists yet is copied, though P alone has it.
 */
static void expect_failed(struct __test_metadata *_metadata,
			  FIXTURE_DATA(life) *self, unsigned int failed)
{
	struct cowstat_counters self_counters;
	const __u64 *v = self_counters.value;

	actor_write(self->p, self->at, PAGE, N);
	self_counters = must_process(self->fd, self->p->pid).self;
	EXPECT_EQ(failed, v[COW_forks_failed]);
	EXPECT_EQ(failed ? N : 0, v[COW_reused] + v[COW_broken_parent]);
	EXPECT_EQ(0, v[COW_forks]);
	EXPECT_EQ(0, v[COW_shared]);
	EXPECT_EQ(1, must_read(self->tree).tree_procs);
}

LIFE_TEST(fork_that_cannot_have_its_pid)
{
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(-EEXIST, fork_into_pid(self->p, 0, getpid()));
	expect_failed(_metadata, self, 5);
}

LIFE_TEST(fork_that_cannot_tell_of_its_child)
{
	ASSERT_EQ(-EFAULT, actor_syscall(self->p, SYS_clone,
					 CLONE_PIDFD | SIGCHLD, 0, 8, 0, 0));
	expect_failed(_metadata, self, 1);
}

/* What copies no memory cannot fail so. */
LIFE_TEST(clone_that_fails_is_no_fork)
{
	ASSERT_EQ(-EEXIST, fork_into_pid(self->p, CLONE_VM | CLONE_VFORK,
					 getpid()));
	ASSERT_EQ(-EEXIST, fork_into_pid(self->p, CLONE_VM, getpid()));
	expect_failed(_metadata, self, 0);
}

/* It drops the memory that it was building, as a failed fork does. */
LIFE_TEST(exec_that_fails_is_no_fork)
{
	char *file = no_program();
	char *path = strcpy(actor_shared_page(), file);
	long *argv = actor_shared_page();

	argv[0] = (long)path;
	ASSERT_EQ(-ENOEXEC, actor_syscall(self->p, SYS_execve, (long)path,
					  (long)argv, (long)&argv[1]));
	unlink(file);
	ASSERT_EQ(-ENOENT, actor_syscall(self->p, SYS_execve, (long)path,
					 (long)argv, (long)&argv[1]));
	expect_failed(_metadata, self, 0);
	free(file);
}

/* The kernel gives up in the middle of the copy: it owes no more memory. */
#define OVERCOMMIT	"/proc/sys/vm/overcommit_memory"
#define OVERCOMMIT_KB	"/proc/sys/vm/overcommit_kbytes"

LIFE_TEST(fork_that_runs_out_of_memory)
{
	long was = read_long(OVERCOMMIT), result;
	char text[32];

	write_text(OVERCOMMIT, "1");
	actor_map(self->p, 1UL << 20, ANON, -1);
	write_text(OVERCOMMIT_KB, "4096");
	write_text(OVERCOMMIT, "2");
	result = actor_syscall(self->p, SYS_clone, SIGCHLD, 0, 0, 0, 0);
	snprintf(text, sizeof(text), "%ld", was);
	write_text(OVERCOMMIT, text);
	write_text("/proc/sys/vm/overcommit_ratio", "50");
	ASSERT_EQ(-ENOMEM, result);
	EXPECT_EQ(1, must_process(self->fd, self->p->pid)
		     .self.value[COW_forks_failed]);
	EXPECT_EQ(0, must_process(self->fd, self->p->pid).self.value[COW_forks]);
}

/* A container that has reached its limit of processes */
#define CGROUP	"/sys/fs/cgroup/cowstat-test"

static bool make_cgroup(void)
{
	write_text("/sys/fs/cgroup/cgroup.subtree_control", "+pids");
	return !mkdir(CGROUP, 0755) && !access(CGROUP "/pids.max", W_OK);
}

LIFE_TEST(fork_at_the_limit_of_a_cgroup)
{
	char pid[16];
	int i;

	if (!make_cgroup()) {
		rmdir(CGROUP);
		SKIP(return, "no cgroup2 with pids at /sys/fs/cgroup");
	}
	snprintf(pid, sizeof(pid), "%d", self->p->pid);
	ASSERT_EQ(0, write_text(CGROUP "/cgroup.procs", pid));
	ASSERT_EQ(0, write_text(CGROUP "/pids.max", "1"));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(-EAGAIN, actor_syscall(self->p, SYS_clone, SIGCHLD,
						 0, 0, 0, 0));
	ASSERT_EQ(0, write_text("/sys/fs/cgroup/cgroup.procs", pid));
	rmdir(CGROUP);
	expect_failed(_metadata, self, 5);
}

/* Killed while many threads fault: what happened is counted, no more. */
#define KILL_PAGES	4001
#define KILL_THREADS	6

LIFE_TEST(killed_in_the_middle_of_faults)
{
	struct cowstat_info before = must_info(self->fd), after;
	struct actor *c, *thread;
	struct cowstat_read read;
	const __u64 *v;
	char *at;
	int i;

	at = actor_map(self->p, KILL_PAGES, ANON, -1);
	actor_write(self->p, at, PAGE, KILL_PAGES);
	c = actor_fork(self->p);
	for (i = 0; i < KILL_THREADS; i++) {
		thread = actor_clone(c, ACTOR_THREAD_FLAGS);
		actor_post(thread, ACTOR_WRITE_ON, (long)at, PAGE, KILL_PAGES);
	}
	do {
		read = must_read(self->tree);
	} while (read.counters.value[COW_broken_child] < 64);
	actor_kill(c);

	read = must_read(self->tree);
	v = read.counters.value;
	EXPECT_GE(KILL_PAGES, v[COW_broken_child]);
	EXPECT_IDENTITIES("the tree", &read.counters);
	EXPECT_EQ(KILL_PAGES, v[COW_zero_filled]);
	EXPECT_EQ(KILL_PAGES + N, v[COW_shared]);
	actor_write(self->p, at, PAGE, KILL_PAGES);
	read = must_read(self->tree);
	EXPECT_EQ(KILL_PAGES, v[COW_reused] + v[COW_broken_parent]);
	after = must_info(self->fd);
	for (i = 0; i < COW_NR_LOST; i++)
		EXPECT_EQ(before.lost[i], after.lost[i]);
}

/*
 * Many short lives at once, forks and exits on all CPUs: nothing is missing
 * when it is quiet again.
 */
#define STORM_WORKERS	4
#define STORM_FORKS	50

static void storm_worker(void)
{
	int i, status;

	for (i = 0; i < STORM_FORKS; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(i & 1 ? 0 : fork() < 0);
		if (waitpid(pid, &status, 0) != pid)
			_exit(1);
	}
	_exit(0);
}

LIFE_TEST(books_balance_after_a_storm)
{
	const int per_worker = 1 + STORM_FORKS + STORM_FORKS / 2;
	pid_t pid[STORM_WORKERS], storm;
	struct cowstat_read read;
	struct cow_list list;
	int tree, i, status;

	tree = must_tree(self->fd, 0, COWSTAT_TREE_NEXT_CHILD | COWSTAT_TREE_KEEP);
	storm = fork();
	if (!storm) {
		for (i = 0; i < STORM_WORKERS; i++) {
			pid[i] = fork();
			if (!pid[i])
				storm_worker();
		}
		for (i = 0; i < STORM_WORKERS; i++)
			waitpid(pid[i], &status, 0);
		_exit(0);
	}
	ASSERT_EQ(storm, waitpid(storm, &status, 0));
	/* The daemons came to us: the last of them is gone when none is left. */
	while (waitpid(-1, NULL, WNOHANG) > 0 ||
	       must_read(tree).tree_alive)
		;
	read = must_read(tree);
	EXPECT_EQ(COWSTAT_TREE_GONE, read.tree_state);
	EXPECT_EQ(1 + STORM_WORKERS * per_worker, read.tree_procs);
	EXPECT_EQ(STORM_WORKERS * per_worker, read.counters.value[COW_forks]);
	list = must_list(tree);
	/* What the storm itself inherited was shared by us. */
	EXPECT_EQ(read.counters.value[COW_shared] +
		  list.row[0].self.value[COW_inherited],
		  read.counters.value[COW_inherited]);
	EXPECT_EQ(read.tree_procs, list.head.count + list.head.folded);
	EXPECT_COUNTERS("the root's tree", &read.counters, &list.row[0].tree);
	if (!list.head.folded)
		expect_books(_metadata, &list, true);
	cow_list_free(&list);
}

#define MAYFLIES	4
#define READINGS	3000

/* Processes that end while they are read */
FIXTURE(ending)
{
	int fd;
	pid_t maker;
	pid_t reader;
	volatile pid_t *last;
};

/* Children that end at once, MAYFLIES at a time; @last is the latest. */
static void breed(volatile pid_t *last)
{
	int alive = 0;
	pid_t pid;

	for (;;) {
		if (alive++ >= MAYFLIES)
			wait(NULL);
		pid = fork();
		if (!pid)
			_exit(0);
		*last = pid;
	}
}

/* Who else reads has to be waited for, with what was found out already. */
static void read_on(int fd)
{
	struct cow_list list;

	for (;;) {
		list = must_list(fd);
		cow_list_free(&list);
	}
}

FIXTURE_SETUP(ending)
{
	self->fd = must_open();
	self->last = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->last);
	self->maker = fork();
	if (!self->maker)
		breed(self->last);
	self->reader = fork();
	if (!self->reader)
		read_on(self->fd);
	while (!*self->last)
		;
}

FIXTURE_TEARDOWN(ending)
{
	kill(self->maker, SIGKILL);
	kill(self->reader, SIGKILL);
	waitpid(self->maker, NULL, 0);
	waitpid(self->reader, NULL, 0);
}

#define ENDING_TEST(name) TEST_F_TIMEOUT(ending, name, COW_TIMEOUT)

/* Bug: the system's processes were counted after the rows. */
ENDING_TEST(rows_are_among_the_processes)
{
	int tree = must_tree(self->fd, 1, 0), i;
	struct cow_list list;

	for (i = 0; i < READINGS; i++) {
		list = must_list(tree);
		ASSERT_LE(list.head.count + list.head.hidden, list.head.processes);
		cow_list_free(&list);
	}
}

/* Bug: it could end between the search for it and the sums. */
ENDING_TEST(who_is_shown_is_alive)
{
	struct cowstat_process process;
	int i;

	for (i = 0; i < READINGS; i++) {
		if (cow_process(self->fd, *self->last, &process))
			continue;
		ASSERT_EQ(1, process.row.tree_alive);
		ASSERT_EQ(1, process.row.tree_procs);
	}
}

/* Bug: it could end between the sums and the state. */
ENDING_TEST(a_tree_without_children_is_no_orphan)
{
	struct cowstat_read read;
	int i, tree;

	for (i = 0; i < READINGS; i++) {
		tree = cow_tree(self->fd, *self->last, 0);
		if (tree < 0)
			continue;
		read = must_read(tree);
		ASSERT_EQ(read.tree_alive ? COWSTAT_TREE_ALIVE :
					    COWSTAT_TREE_GONE, read.tree_state);
		close(tree);
	}
}

TEST_HARNESS_MAIN
