// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that KSM has merged since they are equal, of one process or of two. A
 * write to one is always a copy, even the last holder's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "gain.h"
#include "kselftest_harness.h"
#include "pin.h"

#define PAGE	4096
#define N	23
#define KSM	"/sys/kernel/mm/ksm/"
#define SCANS	5000	/* it merges in the second or third, if it runs alone */

FIXTURE(ksm)
{
	int fd;
	struct cowstat_info before;
	int tree;
	struct actor *p;
	struct actor *q;
	char *at;	/* P's pages */
	char *twin;	/* equal ones, Q's or P's */
};

FIXTURE_SETUP(ksm)
{
	pin_to_cpu(0);
	self->fd = must_open();
	self->before = must_info(self->fd);
	actors_init();
	self->p = actor_start();
	self->q = actor_fork(self->p);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(ksm)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
	write_text(KSM "run", "0");
	write_text(KSM "use_zero_pages", "0");
}

static char *mergeable(struct actor *actor)
{
	char *at = actor_map(actor, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	actor_syscall(actor, SYS_madvise, (long)at, N * PAGE, MADV_MERGEABLE);
	actor_write(actor, at, PAGE, N);
	return at;
}

/* How many of @actor's pages are merged. */
static long merged(struct actor *actor)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ksm_merging_pages", actor->pid);
	return read_long(path);
}

static bool ksm_scans(void)
{
	return !write_text(KSM "sleep_millisecs", "0") &&
	       !write_text(KSM "pages_to_scan", "1000") &&
	       !write_text(KSM "run", "1");
}

/* It stops when it has merged: else it would go on with what is written. */
static bool merge(struct actor *a, struct actor *b, int pages)
{
	long end = read_long(KSM "full_scans") + SCANS;

	if (!ksm_scans())
		return false;
	while ((merged(a) < pages || merged(b) < pages) &&
	       read_long(KSM "full_scans") < end)
		sched_yield();
	write_text(KSM "run", "0");
	return merged(a) == pages && merged(b) == pages;
}

static bool merge_two(FIXTURE_DATA(ksm) *self)
{
	self->at = mergeable(self->p);
	self->twin = mergeable(self->q);
	return merge(self->p, self->q, N);
}

static bool merge_twins(FIXTURE_DATA(ksm) *self)
{
	self->at = mergeable(self->p);
	self->twin = mergeable(self->p);
	return merge(self->p, self->p, 2 * N);
}

#define KSM_TEST(how, name) \
	TEST_IF(how(self), "the kernel does not merge equal pages", ksm, name)

KSM_TEST(merge_two, merging_counts_nothing)
{
	EXPECT_SELF("P", self->p, .zero = N);
	EXPECT_SELF("Q", self->q, .zero = N);
}

KSM_TEST(merge_two, both_processes_copy)
{
	actor_write(self->p, self->at, PAGE, N);
	actor_write(self->q, self->twin, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = N, .ksm = N);
	EXPECT_SELF("Q", self->q, .zero = N, .ksm = N);
}

KSM_TEST(merge_twins, one_process_copies_both)
{
	actor_write(self->p, self->at, PAGE, N);
	actor_write(self->p, self->twin, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = 2 * N, .ksm = 2 * N);
}

KSM_TEST(merge_two, last_holder_copies)
{
	actor_exit(self->q);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = N, .ksm = N);
}

KSM_TEST(merge_two, forked)
{
	struct actor *c = actor_fork(self->p);

	actor_write(c, self->at, PAGE, N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = N, .forks = 1, .shared = N, .ksm = N);
	EXPECT_SELF("C", c, .inherited = N, .ksm = N);
}

KSM_TEST(merge_two, written_from_outside)
{
	write_outside(self->p->pid, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = N, .ksm = N, .remote = N);
}

KSM_TEST(merge_two, read_pins_unshare)
{
	read_outside(self->p->pid, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = N, .unshared = N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = N, .unshared = N);
}

/* The kernel breaks them itself: as if written, or, since 6.2, as unshared. */
KSM_TEST(merge_two, given_back)
{
	struct cowstat_counters got;

	ASSERT_EQ(0, actor_syscall(self->p, SYS_madvise, (long)self->at,
				   N * PAGE, MADV_UNMERGEABLE));
	got = must_gain(self->tree, self->p->pid);
	if (got.value[COW_unshared])
		EXPECT_SELF("P", self->p, .zero = N, .unshared = N);
	else
		EXPECT_SELF("P", self->p, .zero = N, .ksm = N, .remote = N);
}

/* Pages of zeros, which a system call has written. */
static char *zeros(struct actor *actor)
{
	long name = (long)strcpy(actor_shared_page(), "/dev/zero");
	char *at = actor_map(actor, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	long fd;

	fd = actor_syscall(actor, SYS_openat, AT_FDCWD, name, O_RDONLY, 0);
	actor_syscall(actor, SYS_read, fd, (long)at, N * PAGE);
	actor_syscall(actor, SYS_madvise, (long)at, N * PAGE, MADV_MERGEABLE);
	return at;
}

/* By the kernel's smaps: how much of its memory @actor has not to itself. */
static long anonymous_kib(struct actor *actor)
{
	long kib = -1;
	char path[64], line[256];
	FILE *rollup;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", actor->pid);
	rollup = fopen(path, "re");
	while (rollup && fgets(line, sizeof(line), rollup))
		if (sscanf(line, "Anonymous: %ld", &kib) == 1)
			break;
	if (rollup)
		fclose(rollup);
	return kib;
}

static bool merge_zeros(FIXTURE_DATA(ksm) *self)
{
	long end = read_long(KSM "full_scans") + SCANS, kib;

	if (write_text(KSM "use_zero_pages", "1"))
		return false;
	kib = anonymous_kib(self->p);
	self->at = zeros(self->p);
	if (!ksm_scans())
		return false;
	while (anonymous_kib(self->p) != kib &&
	       read_long(KSM "full_scans") < end)
		sched_yield();
	write_text(KSM "run", "0");
	return anonymous_kib(self->p) == kib;
}

/* Merged with the zero page: a write is given a zeroed page then. */
KSM_TEST(merge_zeros, zeros)
{
	EXPECT_SELF("P", self->p, .zero = N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = 2 * N, .upgraded = N);
}

TEST_HARNESS_MAIN
