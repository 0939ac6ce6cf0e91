// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages that the kernel gives to anonymous memory, beyond cases.c: parts of
 * them that go, pins, collapse, and sizes between 4 KiB and 2 MiB.
 */
#define _GNU_SOURCE
#include <fcntl.h>
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
#include "pin.h"

#define PAGE	4096
#define N	23
#define STRIDE	(11 * PAGE)	/* 23 pages in places, all in the first half */
#define HALF	(HUGE_PAGES / 2)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* P has memory for a huge page, and may have one there. */
FIXTURE(huge)
{
	int fd;
	struct cowstat_info before;
	int tree;
	struct actor *p;
	char *at;
};

FIXTURE_SETUP(huge)
{
	pin_to_cpu(0);
	compact_memory();
	self->fd = must_open();
	self->before = must_info(self->fd);
	actors_init();
	self->p = actor_start();
	self->at = map_aligned(self->p, 1);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(huge)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
}

static void allow_huge(struct actor *actor)
{
	actor_syscall(actor, SYS_prctl, 41 /* PR_SET_THP_DISABLE */, 0);
}

static bool have_huge(FIXTURE_DATA(huge) *self)
{
	allow_huge(self->p);
	actor_syscall(self->p, SYS_madvise, (long)self->at, HUGE_SIZE,
		      MADV_HUGEPAGE);
	actor_write(self->p, self->at, PAGE, 1);
	return huge_kib(self->p->pid) == HUGE_KIB;
}

#define HUGE_TEST(name) \
	TEST_IF(have_huge(self), "the kernel gave no huge page", huge, name)

#define P_HAS .zero = HUGE_PAGES, .huge = HUGE_PAGES
#define P_FORKED P_HAS, .forks = 1, .shared = HUGE_PAGES
#define C_IS_BORN .inherited = HUGE_PAGES

/* The rest of C's keeps the whole, and so P copies in both halves. */
HUGE_TEST(child_unmaps_a_half_then_parent)
{
	struct actor *c = actor_fork(self->p);

	ASSERT_EQ(0, actor_syscall(c, SYS_munmap, (long)self->at, HALF * PAGE));
	actor_write(self->p, self->at, STRIDE, N);
	EXPECT_SELF("P", self->p, P_FORKED, .parent = N);
	actor_write(self->p, self->at + HALF * PAGE, STRIDE, N);
	EXPECT_SELF("P", self->p, P_FORKED, .parent = 2 * N);
	EXPECT_SELF("C", c, C_IS_BORN);
}

HUGE_TEST(child_unmaps_all_then_parent)
{
	struct actor *c = actor_fork(self->p);

	ASSERT_EQ(0, actor_syscall(c, SYS_munmap, (long)self->at, HUGE_SIZE));
	actor_write(self->p, self->at, STRIDE, N);
	EXPECT_SELF("P", self->p, P_FORKED, .reused = HUGE_PAGES);
	EXPECT_SELF("C", c, C_IS_BORN);
}

HUGE_TEST(child_discards_a_half)
{
	struct actor *c = actor_fork(self->p);

	ASSERT_EQ(0, actor_syscall(c, SYS_madvise, (long)self->at, HALF * PAGE,
				   MADV_DONTNEED));
	actor_write(c, self->at, STRIDE, N);
	actor_write(c, self->at + HALF * PAGE, STRIDE, N);
	EXPECT_SELF("C", c, C_IS_BORN, .zero = N, .child = N);
}

HUGE_TEST(written_from_outside)
{
	struct actor *c = actor_fork(self->p);

	write_outside(c->pid, self->at, STRIDE, N);
	EXPECT_SELF("C", c, C_IS_BORN, .child = N, .remote = N);
}

/* One system call writes to K pages, before any return to user space. */
#define K	16

static void fill_by_system_call(struct __test_metadata *_metadata,
				struct actor *actor, char *at)
{
	long path = (long)strcpy(actor_shared_page(), "/dev/zero");
	long zero = actor_syscall(actor, SYS_open, path, O_RDONLY);

	ASSERT_LE(0, zero);
	ASSERT_EQ(K * PAGE, actor_syscall(actor, SYS_read, zero, (long)at,
					  K * PAGE));
}

/* The page is a whole, but has an entry for each part, which a fork then shares. */
static void map_by_parts(struct __test_metadata *_metadata,
			 FIXTURE_DATA(huge) *self)
{
	ASSERT_EQ(0, actor_syscall(self->p, SYS_mprotect, (long)self->at, PAGE,
				   PROT_READ));
	ASSERT_EQ(0, actor_syscall(self->p, SYS_mprotect, (long)self->at, PAGE,
				   PROT_READ | PROT_WRITE));
}

HUGE_TEST(one_system_call_writes_in_the_child)
{
	struct actor *c = actor_fork(self->p);

	fill_by_system_call(_metadata, c, self->at);
	EXPECT_SELF("C", c, C_IS_BORN, .child = K);
	EXPECT_SELF("P", self->p, P_FORKED);
}

/* Newer kernels take over each of the K pages, older ones copy them. */
HUGE_TEST(one_system_call_writes_in_the_last_holder)
{
	struct cowstat_counters got;

	map_by_parts(_metadata, self);
	actor_exit(actor_fork(self->p));
	fill_by_system_call(_metadata, self->p, self->at);
	got = must_gain(self->tree, self->p->pid);
	if (got.value[COW_broken_parent])
		EXPECT_SELF("P", self->p, P_FORKED, .parent = K);
	else
		EXPECT_SELF("P", self->p, P_FORKED, .reused = K);
}

/* By a task that has other memory itself: no exception, no return to user space */
HUGE_TEST(last_holder_written_from_outside)
{
	struct cowstat_counters got;

	map_by_parts(_metadata, self);
	actor_exit(actor_fork(self->p));
	write_outside(self->p->pid, self->at, STRIDE, N);
	got = must_gain(self->tree, self->p->pid);
	if (got.value[COW_broken_parent])
		EXPECT_SELF("P", self->p, P_FORKED, .parent = N, .remote = N);
	else
		EXPECT_SELF("P", self->p, P_FORKED, .reused = N);
}

HUGE_TEST(read_pins_unshare)
{
	struct actor *c = actor_fork(self->p);

	read_outside(c->pid, self->at, STRIDE, N);
	EXPECT_SELF("C", c, C_IS_BORN, .unshared = N);
	actor_write(c, self->at, STRIDE, N);
	EXPECT_SELF("C", c, C_IS_BORN, .unshared = N);
}

/* The whole is the last holder's own then, and its writes take nothing over. */
HUGE_TEST(read_pin_of_the_last_holder)
{
	struct actor *c = actor_fork(self->p);

	actor_exit(c);
	read_outside(self->p->pid, self->at, PAGE, 1);
	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, P_FORKED);
}

/* One pinned page of it will do: the fork splits it and copies all. */
HUGE_TEST(pinned_part_is_copied_at_the_fork_as_a_whole)
{
	struct actor *c;

	if (pin_buffer(self->p, self->at, PAGE) < 0)
		SKIP(return, "the kernel gives no io_uring");
	c = actor_fork(self->p);
	actor_write(c, self->at, PAGE, HUGE_PAGES);
	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, P_HAS, .forks = 1);
	EXPECT_SELF("C", c, .eager = HUGE_PAGES);
}

static long collapse(struct actor *actor, char *at)
{
	allow_huge(actor);
	return actor_syscall(actor, SYS_madvise, (long)at, HUGE_SIZE,
			     MADV_COLLAPSE);
}

#define COLLAPSE_TEST(name) \
	TEST_IF(kernel_has_huge_pages(), "the kernel has no huge pages", huge, \
		name)

/* Also of what was never written: the kernel fills it with zeros unasked. */
COLLAPSE_TEST(collapse_counts_nothing)
{
	actor_write(self->p, self->at, STRIDE, N);
	ASSERT_EQ(0, collapse(self->p, self->at));
	ASSERT_EQ(HUGE_KIB, huge_kib(self->p->pid));
	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, .zero = N);
}

COLLAPSE_TEST(collapse_of_the_zero_page)
{
	actor_read(self->p, self->at, STRIDE, N);
	actor_write(self->p, self->at + HALF * PAGE, PAGE, 1);
	ASSERT_EQ(0, collapse(self->p, self->at));
	ASSERT_EQ(HUGE_KIB, huge_kib(self->p->pid));
	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, .zero = 1, .mapped = N);
}

/*
 * It copies what is shared, and nobody writes. On some kernels a page at least
 * must be writable.
 */
COLLAPSE_TEST(collapse_ends_sharing)
{
	struct actor *c;

	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	c = actor_fork(self->p);
	actor_write(c, self->at, PAGE, 1);
	ASSERT_EQ(0, collapse(c, self->at));
	ASSERT_EQ(HUGE_KIB, huge_kib(c->pid));
	actor_write(c, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("C", c, C_IS_BORN, .child = 1, .collapsed = HUGE_PAGES - 1);
	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, .zero = HUGE_PAGES, .forks = 1,
		    .shared = HUGE_PAGES, .reused = HUGE_PAGES);
}

/* Pages that P has written after the fork, of those that it shared: not a half */
#define WRITTEN	300

static struct actor *share_and_write(FIXTURE_DATA(huge) *self)
{
	struct actor *c;

	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	c = actor_fork(self->p);
	actor_write(self->p, self->at, PAGE, WRITTEN);
	return c;
}

COLLAPSE_TEST(collapse_copies_what_is_still_shared)
{
	struct actor *c = share_and_write(self);

	ASSERT_EQ(0, collapse(self->p, self->at));
	ASSERT_EQ(HUGE_KIB, huge_kib(self->p->pid));
	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, .zero = HUGE_PAGES, .forks = 1,
		    .shared = HUGE_PAGES, .parent = WRITTEN,
		    .collapsed = HUGE_PAGES - WRITTEN);
	actor_write(c, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("C", c, C_IS_BORN, .reused = HUGE_PAGES);
}

/* Pages that are there, of the zero page, and absent ones in one collapse */
COLLAPSE_TEST(collapse_of_some_of_each)
{
	struct actor *c;

	actor_write(self->p, self->at, STRIDE, N);
	c = actor_fork(self->p);
	actor_read(c, self->at + PAGE, STRIDE, N);
	actor_write(c, self->at, STRIDE, 1);
	ASSERT_EQ(0, collapse(c, self->at));
	ASSERT_EQ(HUGE_KIB, huge_kib(c->pid));
	EXPECT_SELF("P", self->p, .zero = N, .forks = 1, .shared = N);
	EXPECT_SELF("C", c, .inherited = N, .child = 1, .mapped = N,
		    .collapsed = N - 1);
}

/* Nobody else holds the pages any more: nothing is copied out of sharing. */
COLLAPSE_TEST(collapse_by_the_last_holder)
{
	struct actor *c;

	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	c = actor_fork(self->p);
	actor_exit(c);
	actor_write(self->p, self->at, PAGE, 1);
	ASSERT_EQ(0, collapse(self->p, self->at));
	EXPECT_SELF("P", self->p, .zero = HUGE_PAGES, .forks = 1,
		    .shared = HUGE_PAGES, .reused = 1);
}

COLLAPSE_TEST(collapse_that_fails_counts_nothing)
{
	struct actor *c = share_and_write(self);

	if (pin_buffer(c, self->at, PAGE) < 0)
		SKIP(return, "the kernel gives no io_uring");
	ASSERT_GT(0, collapse(c, self->at));
	EXPECT_EQ(0, must_gain(self->tree, c->pid).value[COW_collapsed]);
}

#define KHUGEPAGED	"/sys/kernel/mm/transparent_hugepage/khugepaged/"

/* As fast as it goes, and then as it was. Return: how it was */
static long set_khugepaged(const char *name, long value)
{
	char path[128], text[32];
	long was;

	snprintf(path, sizeof(path), KHUGEPAGED "%s", name);
	snprintf(text, sizeof(text), "%ld", value);
	was = read_long(path);
	write_text(path, text);
	return was;
}

/* Until the kernel's thread has come by: what it has done is seen in smaps. */
static void wait_for_khugepaged(struct actor *actor)
{
	long scan = set_khugepaged("scan_sleep_millisecs", 1);
	long pages = set_khugepaged("pages_to_scan", 1 << 20);

	while (huge_kib(actor->pid) < HUGE_KIB)
		usleep(1000);
	set_khugepaged("pages_to_scan", pages);
	set_khugepaged("scan_sleep_millisecs", scan);
}

COLLAPSE_TEST(khugepaged_unshares)
{
	struct actor *c = share_and_write(self);

	allow_huge(self->p);
	actor_syscall(self->p, SYS_madvise, (long)self->at, HUGE_SIZE,
		      MADV_HUGEPAGE);
	wait_for_khugepaged(self->p);
	EXPECT_SELF("P", self->p, .zero = HUGE_PAGES, .forks = 1,
		    .shared = HUGE_PAGES, .parent = WRITTEN,
		    .collapsed = HUGE_PAGES - WRITTEN);
	actor_write(c, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("C", c, C_IS_BORN, .reused = HUGE_PAGES);
}

COLLAPSE_TEST(collapsed_page_is_shared_anew)
{
	struct actor *c;

	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	ASSERT_EQ(0, collapse(self->p, self->at));
	c = actor_fork(self->p);
	actor_write(c, self->at, STRIDE, N);
	EXPECT_SELF("P", self->p, .zero = HUGE_PAGES, .forks = 1,
		    .shared = HUGE_PAGES);
	EXPECT_SELF("C", c, C_IS_BORN, .child = N);
}

/* Pages of 64 KiB, of which a first write gives a whole one. */
#define MIDDLE		"/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled"
#define MIDDLE_PAGES	16
#define M		4
#define ALL		(M * MIDDLE_PAGES)

FIXTURE(middle)
{
	int fd;
	struct cowstat_info before;
	int tree;
	struct actor *p;
	char *at;
};

FIXTURE_SETUP(middle)
{
	const long size = MIDDLE_PAGES * PAGE;

	pin_to_cpu(0);
	write_text(MIDDLE, "always");
	self->fd = must_open();
	self->before = must_info(self->fd);
	actors_init();
	self->p = actor_start();
	allow_huge(self->p);
	self->at = actor_map(self->p, ALL + MIDDLE_PAGES,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);
	self->at = (char *)(((long)self->at + size - 1) & -size);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(middle)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
	write_text(MIDDLE, "never");
}

static void write_each(struct actor *actor, char *at)
{
	actor_write(actor, at, MIDDLE_PAGES * PAGE, M);
}

#define MIDDLE_TEST(name) \
	TEST_IF(!access(MIDDLE, F_OK), "the kernel has no pages of 64 KiB", \
		middle, name)

MIDDLE_TEST(first_write_zero_fills_all_of_it)
{
	write_each(self->p, self->at);
	EXPECT_SELF("P", self->p, .zero = ALL);
	actor_write(self->p, self->at, PAGE, ALL);
	EXPECT_SELF("P", self->p, .zero = ALL);
}

/* Where a part is there already it is given page by page. */
MIDDLE_TEST(write_over_the_zero_page)
{
	actor_read(self->p, self->at, MIDDLE_PAGES * PAGE, M);
	actor_write(self->p, self->at, PAGE, ALL);
	EXPECT_SELF("P", self->p, .mapped = M, .zero = ALL, .upgraded = M);
}

MIDDLE_TEST(copies_are_of_4_kib)
{
	struct actor *c;

	write_each(self->p, self->at);
	c = actor_fork(self->p);
	write_each(c, self->at);
	write_each(self->p, self->at);
	EXPECT_SELF("P", self->p, .zero = ALL, .forks = 1, .shared = ALL,
		    .parent = M);
	EXPECT_SELF("C", c, .inherited = ALL, .child = M);
}

MIDDLE_TEST(read_pins_unshare)
{
	struct actor *c;

	write_each(self->p, self->at);
	c = actor_fork(self->p);
	read_outside(c->pid, self->at, MIDDLE_PAGES * PAGE, M);
	EXPECT_SELF("C", c, .inherited = ALL, .unshared = M);
}

MIDDLE_TEST(pinned_part_is_copied_at_the_fork_as_a_whole)
{
	struct actor *c;

	write_each(self->p, self->at);
	if (pin_buffer(self->p, self->at, PAGE) < 0)
		SKIP(return, "the kernel gives no io_uring");
	c = actor_fork(self->p);
	EXPECT_SELF("P", self->p, .zero = ALL, .forks = 1,
		    .shared = ALL - MIDDLE_PAGES);
	EXPECT_SELF("C", c, .eager = MIDDLE_PAGES,
		    .inherited = ALL - MIDDLE_PAGES);
}

/* Older kernels never take over a part of a large page, newer ones do. */
MIDDLE_TEST(child_exits_then_parent)
{
	struct cowstat_counters got;
	struct actor *c;
	long before;

	write_each(self->p, self->at);
	c = actor_fork(self->p);
	actor_exit(c);
	before = read_vmstat("pgreuse");
	actor_write(self->p, self->at, PAGE, ALL);
	got = must_gain(self->tree, self->p->pid);
	if (got.value[COW_broken_parent]) {
		EXPECT_SELF("P", self->p, .zero = ALL, .forks = 1,
			    .shared = ALL, .parent = ALL);
	} else {
		EXPECT_LE(ALL, read_vmstat("pgreuse") - before);
		EXPECT_SELF("P", self->p, .zero = ALL, .forks = 1,
			    .shared = ALL, .reused = ALL);
	}
}

TEST_HARNESS_MAIN
