// SPDX-License-Identifier: GPL-2.0
/*
 * For load.sh, where the module's numbers have limits: beyond them the totals
 * must be right too, and what may be wrong must be said.
 *
 *	limits processes	with max_processes=16
 *	limits kept		with max_kept=4
 *	limits origin		whose a page was, when its maker is dead: it is known
 *	limits threads		more threads with faults than the module can follow
 *
 * Says what is wrong, and ends with status 1 then.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "huge.h"

#define PAGE		4096
#define N		23
#define CHILDREN	40
#define KEPT		4

static int failed;

static void expect(const char *what, __u64 want, __u64 got)
{
	if (want == got)
		return;
	printf("# %s is %llu, expected %llu\n", what, got, want);
	failed = 1;
}

static struct actor *parent(char **at)
{
	struct actor *p;

	pin_to_cpu(0);
	actors_init();
	p = actor_start();
	*at = actor_map(p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(p, *at, PAGE, N);
	return p;
}

static void limit_on_processes(int fd)
{
	struct cowstat_counters gained;
	struct cowstat_system before, after;
	struct actor *p, *child[CHILDREN];
	struct cowstat_info info;
	struct cow_list list;
	char *at;
	int i;

	p = parent(&at);
	before = must_system(fd);
	for (i = 0; i < CHILDREN; i++) {
		child[i] = actor_fork(p);
		actor_write(child[i], at, PAGE, N);
	}
	after = must_system(fd);
	gained = cow_delta(&before.counters, &after.counters);
	expect("forks", CHILDREN, gained.value[COW_forks]);
	expect("shared", CHILDREN * N, gained.value[COW_shared]);
	expect("inherited", CHILDREN * N, gained.value[COW_inherited]);
	expect("broken_anon", CHILDREN * N, gained.value[COW_broken_anon]);
	expect("zero_filled", 0, gained.value[COW_zero_filled]);
	expect("pool", CHILDREN * N, gained.value[COW_pool_local] +
	       gained.value[COW_pool_remote]);

	info = must_info(fd);
	expect("max_processes", 16, info.max_processes);
	expect("state", COWSTAT_STATE_DEGRADED, info.state);
	expect("processes beyond the limit", 0, info.processes > 17);
	expect("lost[limit] is there", 1, info.lost[COW_LOST_limit] > 0);
	list = must_list(fd);
	expect("rows beyond the limit", 0, list.head.count > 17);
	expect("the parent's tree has all",
	       CHILDREN * N,
	       cow_find(&list, p->pid) ?
	       cow_find(&list, p->pid)->tree.value[COW_broken_anon] : 0);
	for (i = 0; i < CHILDREN; i++)
		actor_exit(child[i]);
	expect("broken_anon after the exits", CHILDREN * N,
	       must_system(fd).counters.value[COW_broken_anon] -
	       before.counters.value[COW_broken_anon]);
}

static void limit_on_kept(int fd)
{
	struct cowstat_counters sum = { };
	struct cowstat_read read;
	struct cow_list list;
	struct actor *p, *c;
	unsigned int i;
	char *at;
	int tree;

	p = parent(&at);
	tree = must_tree(fd, p->pid, COWSTAT_TREE_KEEP);
	for (i = 0; i < 10; i++) {
		c = actor_fork(p);
		actor_write(c, at, PAGE, N);
		actor_exit(c);
	}
	list = must_list(tree);
	read = must_read(tree);
	expect("rows", 1 + KEPT, list.head.count);
	expect("folded", 10 - KEPT, list.head.folded);
	expect("folded by READ", 10 - KEPT, read.folded);
	expect("tree_procs", 11, read.tree_procs);
	expect("broken_child", 10 * N, read.counters.value[COW_broken_child]);
	for (i = 0; i < list.head.count; i++)
		cow_add(&sum, &list.row[i].self);
	expect("broken_child of those listed", KEPT * N,
	       sum.value[COW_broken_child]);
	expect("broken_child of the root's tree", 10 * N,
	       list.row[0].tree.value[COW_broken_child]);
	expect("state", COWSTAT_STATE_EXACT, read.state);
}

/*
 * The last one may get the dead C's reverse mapping: C's pages look like its own then.
 * But it has never forked, and so has inherited whatever it shares.
 */
static void limit_on_origin(int fd)
{
	struct actor *p, *c, *g;
	struct cowstat_read read;
	char *at;
	int tree;

	p = parent(&at);
	tree = must_tree(fd, p->pid, 0);
	c = actor_fork(p);
	actor_write(c, at, PAGE, N);
	g = actor_fork(c);
	actor_exit(c);
	actor_write(actor_fork(g), at, PAGE, N);
	read = must_read(tree);
	expect("broken_anon", 2 * N, read.counters.value[COW_broken_anon]);
	expect("broken_child", 2 * N, read.counters.value[COW_broken_child]);
	expect("broken_unsure", 0, read.counters.value[COW_broken_unsure]);
	expect("state", COWSTAT_STATE_EXACT, read.state);
}

/* More than there are places for faults, each with one that came to nothing */
#define THREADS		4000
#define MANY		400	/* pages */

static char *exclusive;
static atomic_int started, written;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *write_own(void *unused)
{
	int i = atomic_fetch_add(&started, 1);

	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	exclusive[i * PAGE] = 2;
	atomic_fetch_add(&written, 1);
	return (void *)(long)pause();
}

static void wait_for(atomic_int *count)
{
	while (atomic_load(count) < THREADS)
		sched_yield();
}

/* Makes all entries read-only, to see who writes: the pages stay the process's alone. */
static void clear_soft_dirty(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "4", 1) != 1)
		cow_die("cannot write to /proc/self/clear_refs");
	close(fd);
}

/* Each writes to a page that is read-only, and nobody else's: no commit follows. */
static void start_threads(void)
{
	pthread_attr_t small;
	pthread_t thread;
	int i;

	exclusive = mmap(NULL, THREADS * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (exclusive == MAP_FAILED)
		cow_die("no memory for the threads");
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN);
	pthread_mutex_lock(&gate);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread, &small, write_own, NULL))
			cow_die("cannot start thread %d", i);
	wait_for(&started);
	clear_soft_dirty();
	pthread_mutex_unlock(&gate);
	wait_for(&written);
}

/* Children that are new write side by side; one has the kernel read fresh huge memory. */
static void limit_on_threads(int fd)
{
	struct actor *p, *child[CHILDREN];
	struct cowstat_counters gained;
	struct cowstat_read read;
	char *at, *huge;
	int tree, i;

	p = parent(&at);
	at = actor_map(p, MANY, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(p, at, PAGE, MANY);
	tree = must_tree(fd, p->pid, 0);
	start_threads();
	for (i = 0; i < CHILDREN; i++) {
		child[i] = actor_fork(p);
		actor_allow_all_cpus(child[i]);
	}
	for (i = 0; i < CHILDREN; i++)
		actor_post(child[i], ACTOR_WRITE, (long)at, PAGE, MANY);
	for (i = 0; i < CHILDREN; i++)
		actor_wait(child[i]);
	huge = map_huge(child[0], 1);
	actor_read_by_kernel(child[0], huge, 1);
	read = must_read(tree);
	gained = read.counters;
	expect("broken_child", CHILDREN * MANY, gained.value[COW_broken_child]);
	if (kernel_has_huge_pages())
		expect("zero_mapped", HUGE_PAGES, gained.value[COW_zero_mapped]);
	expect("state", COWSTAT_STATE_EXACT, read.state);
}

int main(int argc, char **argv)
{
	int fd = must_open();

	if (argc == 2 && !strcmp(argv[1], "processes"))
		limit_on_processes(fd);
	else if (argc == 2 && !strcmp(argv[1], "kept"))
		limit_on_kept(fd);
	else if (argc == 2 && !strcmp(argv[1], "origin"))
		limit_on_origin(fd);
	else if (argc == 2 && !strcmp(argv[1], "threads"))
		limit_on_threads(fd);
	else
		cow_die("usage: limits processes | kept | origin | threads");
	actors_end();
	return failed;
}
