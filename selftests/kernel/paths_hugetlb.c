// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of hugetlbfs, which the administrator sets aside. A page of 2 MiB counts
 * as 512. Private ones are copied as a whole, and taken over as a whole.
 *
 * Each test says how many pages the pool has: the kernel acts otherwise when
 * none is left.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "gain.h"
#include "huge.h"
#include "kselftest_harness.h"
#include "pin.h"

#define POOL	"/proc/sys/vm/nr_hugepages"
#define SYSFS	"/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define H	3			/* pages that P has */
#define PAGES	(H * HUGE_PAGES)	/* as they count */

static int set_pool(long pages)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", pages);
	return write_text(POOL, text);
}

FIXTURE(hugetlb)
{
	int fd;
	struct cowstat_info before;
	int tree;
	struct actor *p;
	char *at;
	long pool;
};

FIXTURE_SETUP(hugetlb)
{
	pin_to_cpu(0);
	self->pool = read_long(POOL);
	self->fd = must_open();
	self->before = must_info(self->fd);
	actors_init();
	self->p = actor_start();
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(hugetlb)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
	if (self->pool >= 0)
		set_pool(self->pool);
}

/*
 * Until no page of the pool is in use. A process's end does not see to that:
 * io_uring lets go of what it has pinned some time later.
 */
static void wait_for_idle_pool(void)
{
	while (read_long(SYSFS "nr_hugepages") !=
	       read_long(SYSFS "free_hugepages") ||
	       read_long(SYSFS "resv_hugepages"))
		usleep(1000);
}

/* The free pages are exactly @pages more than those of P, which it maps. */
static bool map_with_spare(FIXTURE_DATA(hugetlb) *self, int pages)
{
	if (self->pool < 0)
		return false;
	wait_for_idle_pool();
	compact_memory();
	if (set_pool(H + pages) || read_long(POOL) != H + pages)
		return false;
	self->at = actor_map(self->p, PAGES,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	return true;
}

static void write_all(struct actor *actor, char *at)
{
	actor_write(actor, at, HUGE_SIZE, H);
}

#define HUGETLB_TEST(name, spare) \
	TEST_IF(map_with_spare(self, spare), \
		"the kernel has no hugetlb pages to spare", hugetlb, name)

#define ZERO_FILLED .zero = PAGES, .huge = PAGES

HUGETLB_TEST(first_write_zero_fills, 0)
{
	write_all(self->p, self->at);
	actor_write(self->p, self->at, 4096, PAGES);
	EXPECT_SELF("P", self->p, ZERO_FILLED);
}

/* There is no zero page for hugetlb: a read is given the page at once. */
HUGETLB_TEST(first_read_zero_fills, 0)
{
	actor_read(self->p, self->at, HUGE_SIZE, H);
	EXPECT_SELF("P", self->p, ZERO_FILLED);
	write_all(self->p, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED);
}

HUGETLB_TEST(fork_shares, 0)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1, .shared = PAGES);
	EXPECT_SELF("C", c, .inherited = PAGES);
}

HUGETLB_TEST(fork_shares_what_is_there, 0)
{
	struct actor *c;

	actor_write(self->p, self->at, HUGE_SIZE, 1);
	c = actor_fork(self->p);
	EXPECT_SELF("P", self->p, .zero = HUGE_PAGES, .huge = HUGE_PAGES,
		    .forks = 1, .shared = HUGE_PAGES);
	EXPECT_SELF("C", c, .inherited = HUGE_PAGES);
}

HUGETLB_TEST(dontfork_shares_nothing, 0)
{
	struct actor *c;

	write_all(self->p, self->at);
	actor_syscall(self->p, SYS_madvise, (long)self->at, H * HUGE_SIZE,
		      MADV_DONTFORK);
	c = actor_fork(self->p);
	write_all(self->p, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1);
	EXPECT_SELF("C", c, 0);
}

HUGETLB_TEST(child_copies_parent_takes_over, H)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	write_all(c, self->at);
	write_all(self->p, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1, .shared = PAGES,
		    .reused = PAGES);
	EXPECT_SELF("C", c, .inherited = PAGES, .hugetlb = PAGES);
}

HUGETLB_TEST(parent_copies_child_takes_over, H)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	write_all(self->p, self->at);
	write_all(c, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1, .shared = PAGES,
		    .hugetlb = PAGES);
	EXPECT_SELF("C", c, .inherited = PAGES, .reused = PAGES);
}

HUGETLB_TEST(child_exits_then_parent, H)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	actor_exit(c);
	write_all(self->p, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1, .shared = PAGES,
		    .reused = PAGES);
	EXPECT_SELF("C", c, .inherited = PAGES);
}

/* What @c does ends it with SIGBUS; its parent reaps it. */
static void expect_sigbus(struct __test_metadata *_metadata,
			  struct actor *parent, struct actor *c, char *at)
{
	int *status = actor_shared_page();

	actor_post(c, ACTOR_WRITE, (long)at, HUGE_SIZE, 1);
	c->alive = false;
	ASSERT_EQ(c->pid, actor_syscall(parent, SYS_wait4, c->pid,
					(long)status, 0));
	EXPECT_EQ(true, WIFSIGNALED(*status) && WTERMSIG(*status) == SIGBUS);
}

/* The parent owns the reservation: its child loses the page to it. */
HUGETLB_TEST(none_to_spare_for_the_parent, 0)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	write_all(self->p, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1, .shared = PAGES,
		    .reused = PAGES);
	expect_sigbus(_metadata, self->p, c, self->at);
	EXPECT_SELF("C", c, .inherited = PAGES);
}

HUGETLB_TEST(none_to_spare_for_the_child, 0)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	expect_sigbus(_metadata, self->p, c, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1, .shared = PAGES);
	EXPECT_SELF("C", c, .inherited = PAGES);
}

HUGETLB_TEST(discarded_by_the_child, H)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	ASSERT_EQ(0, actor_syscall(c, SYS_madvise, (long)self->at,
				   H * HUGE_SIZE, MADV_DONTNEED));
	write_all(self->p, self->at);
	write_all(c, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1, .shared = PAGES,
		    .reused = PAGES);
	EXPECT_SELF("C", c, ZERO_FILLED, .inherited = PAGES);
}

HUGETLB_TEST(written_from_outside, H)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	write_outside(c->pid, self->at, HUGE_SIZE, H);
	EXPECT_SELF("C", c, .inherited = PAGES, .hugetlb = PAGES,
		    .remote = PAGES);
}

HUGETLB_TEST(read_pins_unshare, H)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	read_outside(c->pid, self->at, HUGE_SIZE, H);
	EXPECT_SELF("C", c, .inherited = PAGES, .unshared = PAGES);
	write_all(c, self->at);
	EXPECT_SELF("C", c, .inherited = PAGES, .unshared = PAGES);
	write_all(self->p, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1, .shared = PAGES,
		    .reused = PAGES);
}

/* Nothing is copied, and nobody writes. */
HUGETLB_TEST(read_pin_of_the_last_holder, H)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	actor_exit(c);
	read_outside(self->p->pid, self->at, HUGE_SIZE, H);
	write_all(self->p, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1, .shared = PAGES);
}

HUGETLB_TEST(pinned_pages_are_copied_at_the_fork, H)
{
	struct actor *c;

	write_all(self->p, self->at);
	if (pin_buffer(self->p, self->at, H * HUGE_SIZE) < 0)
		SKIP(return, "the kernel gives no io_uring");
	c = actor_fork(self->p);
	write_all(c, self->at);
	write_all(self->p, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED, .forks = 1);
	EXPECT_SELF("C", c, .eager = PAGES);
}

/* Threads of one process write the same pages at once: once each. */
static void write_at_once(struct actor *process, char *at)
{
	struct actor *thread[4];
	int i;

	for (i = 0; i < 4; i++) {
		thread[i] = actor_clone(process, ACTOR_THREAD_FLAGS);
		actor_allow_all_cpus(thread[i]);
	}
	for (i = 0; i < 4; i++)
		actor_post(thread[i], ACTOR_WRITE, (long)at + i * 4096,
			   HUGE_SIZE, H);
	for (i = 0; i < 4; i++)
		actor_wait(thread[i]);
}

HUGETLB_TEST(threads_fill_once, 0)
{
	write_at_once(self->p, self->at);
	EXPECT_SELF("P", self->p, ZERO_FILLED);
}

HUGETLB_TEST(threads_copy_once, H)
{
	struct actor *c;

	write_all(self->p, self->at);
	c = actor_fork(self->p);
	write_at_once(c, self->at);
	EXPECT_SELF("C", c, .inherited = PAGES, .hugetlb = PAGES);
}

/* What a thread of the process puts there (userfaultfd) is no zero-fill. */
static long fill_by_userfaultfd(struct actor *actor, char *at)
{
	struct uffdio_api *api = actor_shared_page();
	struct uffdio_register *range = actor_shared_page();
	struct uffdio_copy *copy = actor_shared_page();
	long fd = actor_syscall(actor, SYS_userfaultfd, 0);

	*api = (struct uffdio_api){ .api = UFFD_API };
	*range = (struct uffdio_register){
		.range = { (long)at, H * HUGE_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	*copy = (struct uffdio_copy){
		.dst = (long)at, .src = (long)at + HUGE_SIZE, .len = HUGE_SIZE,
	};
	return actor_syscall(actor, SYS_ioctl, fd, UFFDIO_API, (long)api) ?:
	       actor_syscall(actor, SYS_ioctl, fd, UFFDIO_REGISTER,
			     (long)range) ?:
	       actor_syscall(actor, SYS_ioctl, fd, UFFDIO_COPY, (long)copy);
}

HUGETLB_TEST(filled_by_userfaultfd, 0)
{
	actor_write(self->p, self->at + HUGE_SIZE, HUGE_SIZE, 1);
	if (fill_by_userfaultfd(self->p, self->at))
		SKIP(return, "the kernel has no userfaultfd");
	actor_write(self->p, self->at, HUGE_SIZE, 1);
	EXPECT_SELF("P", self->p, .zero = HUGE_PAGES, .huge = HUGE_PAGES);
}

static char *map_file(struct actor *actor, long fd, int flags)
{
	return actor_map(actor, PAGES, flags, fd);
}

/* The pages of the file are @actor's and everyone's, by a shared mapping. */
static long hugetlb_file(struct actor *actor)
{
	char *name = actor_shared_page();
	long fd;

	name[0] = 'h';
	fd = actor_syscall(actor, SYS_memfd_create, (long)name, MFD_HUGETLB);
	actor_syscall(actor, SYS_ftruncate, fd, H * HUGE_SIZE);
	write_all(actor, map_file(actor, fd, MAP_SHARED));
	return fd;
}

HUGETLB_TEST(shared_memory_is_never_counted, H)
{
	long fd = hugetlb_file(self->p);
	struct actor *c = actor_fork(self->p);

	write_all(c, map_file(c, fd, MAP_SHARED));
	EXPECT_SELF("P", self->p, .forks = 1);
	EXPECT_SELF("C", c, 0);
}

/* Of @at, to be told of forks; fails where the kernel cannot do that. */
static long protect_by_userfaultfd(struct actor *actor, char *at)
{
	struct uffdio_api *api = actor_shared_page();
	struct uffdio_register *range = actor_shared_page();
	long fd = actor_syscall(actor, SYS_userfaultfd, 0);

	*api = (struct uffdio_api){
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP |
			    UFFD_FEATURE_WP_HUGETLBFS_SHMEM |
			    UFFD_FEATURE_EVENT_FORK,
	};
	*range = (struct uffdio_register){
		.range = { (long)at, H * HUGE_SIZE },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	return actor_syscall(actor, SYS_ioctl, fd, UFFDIO_API, (long)api) ?:
	       actor_syscall(actor, SYS_ioctl, fd, UFFDIO_REGISTER,
			     (long)range) ?: fd;
}

/*
 * Fork copies the entries of shared memory then, and counts its pages with the
 * private ones; those lie on both sides of it here.
 */
HUGETLB_TEST(shared_memory_that_userfaultfd_protects, 2 * H)
{
	char *shared = actor_map(self->p, PAGES, MAP_SHARED | MAP_ANONYMOUS |
				 MAP_HUGETLB, -1);
	char *more = actor_map(self->p, PAGES, MAP_PRIVATE | MAP_ANONYMOUS |
			       MAP_HUGETLB, -1);
	struct actor *reader, *c;
	long fd;

	write_all(self->p, self->at);
	write_all(self->p, shared);
	write_all(self->p, more);
	fd = protect_by_userfaultfd(self->p, shared);
	if (fd < 0)
		SKIP(return, "the kernel has no such userfaultfd");
	reader = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	actor_post_syscall(reader, SYS_read,
			   (long [6]){ fd, (long)actor_shared_page(),
				       sizeof(struct uffd_msg) });
	c = actor_fork(self->p);
	EXPECT_EQ(sizeof(struct uffd_msg), actor_wait(reader));
	EXPECT_SELF("P", self->p, .zero = 2 * PAGES, .huge = 2 * PAGES,
		    .forks = 1, .shared = 2 * PAGES);
	EXPECT_SELF("C", c, .inherited = 2 * PAGES);
}

HUGETLB_TEST(private_pages_of_a_file, 2 * H)
{
	char *at = map_file(self->p, hugetlb_file(self->p), MAP_PRIVATE);

	actor_read(self->p, at, HUGE_SIZE, H);
	EXPECT_SELF("P", self->p, 0);
	write_all(self->p, at);
	EXPECT_SELF("P", self->p, .hugetlb = PAGES);
}

HUGETLB_TEST(private_pages_of_a_file_written_unread, 2 * H)
{
	char *at = map_file(self->p, hugetlb_file(self->p), MAP_PRIVATE);

	write_all(self->p, at);
	EXPECT_SELF("P", self->p, .hugetlb = PAGES);
}

TEST_HARNESS_MAIN
