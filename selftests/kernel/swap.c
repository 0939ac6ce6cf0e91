// SPDX-License-Identifier: GPL-2.0
/*
 * Forks that share what is in swap: the entries are shared_swap, not shared,
 * until a write brings the page back and copies it.
 *
 * The swap space is compressed memory (zram) of the test's own.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "gain.h"
#include "kselftest_harness.h"
#include "pin.h"
#include "swap_space.h"

#define PAGE	4096
#define N	23
#define OUT	11	/* of them in swap */

FIXTURE(swap)
{
	int fd;
	int tree;
	struct actor *p;
	char *at;
	const char *missing;
};

FIXTURE_SETUP(swap)
{
	self->missing = make_swap();
	if (self->missing)
		return;
	pin_to_cpu(0);
	self->fd = must_open();
	actors_init();
	self->p = actor_start();
	self->at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, self->at, PAGE, N);
	actor_syscall(self->p, SYS_madvise, (long)self->at, OUT * PAGE,
		      MADV_PAGEOUT);
	if (swapped(self->p->pid, self->at, N) != OUT)
		self->missing = "the kernel did not swap the pages out";
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(swap)
{
	if (self->fd > 0)
		actors_end();
	end_swap();
}

static struct cowstat_counters counted(const FIXTURE_DATA(swap) *self)
{
	return must_read(self->tree).counters;
}

TEST_F_TIMEOUT(swap, fork_shares_swap_entries, COW_TIMEOUT)
{
	struct cowstat_counters want = { }, got;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	actor_fork(self->p);
	want.value[COW_forks] = 1;
	want.value[COW_shared] = N - OUT;
	want.value[COW_shared_swap] = OUT;
	want.value[COW_inherited] = N - OUT;
	got = counted(self);
	EXPECT_COUNTERS("the tree", &want, &got);
}

TEST_F_TIMEOUT(swap, write_copies_what_comes_back, COW_TIMEOUT)
{
	struct cowstat_counters got;
	struct actor *child;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	child = actor_fork(self->p);
	actor_write(child, self->at, PAGE, N);
	got = counted(self);
	EXPECT_EQ(N, got.value[COW_broken_child]);
	EXPECT_EQ(N, got.value[COW_broken]);
	EXPECT_EQ(0, got.value[COW_reused]);
	EXPECT_EQ(0, got.value[COW_zero_filled]);
	EXPECT_EQ(0, swapped(child->pid, self->at, N));
}

/* Coming back alone is no break: nobody else has the page. */
TEST_F_TIMEOUT(swap, without_a_fork_nothing_is_counted, COW_TIMEOUT)
{
	struct cowstat_counters none = { }, got;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	actor_write(self->p, self->at, PAGE, N);
	got = counted(self);
	EXPECT_COUNTERS("the tree", &none, &got);
}

#define SWAP_TEST(name) \
	TEST_IF(!self->missing, self->missing, swap, name)

/*
 * What is read back for the last holder is a page that nobody had before: most
 * kernels give it away at once, and others let the write take it over, as the
 * kernel's own counter tells.
 */
SWAP_TEST(the_last_holder_writes)
{
	struct actor *c = actor_fork(self->p);
	long before, reused;

	actor_exit(c);
	before = read_vmstat("pgreuse");
	actor_write(self->p, self->at, PAGE, N);
	reused = read_vmstat("pgreuse") - before < N ? N - OUT : N;
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N - OUT, .swap = OUT,
		    .reused = reused);
	EXPECT_SELF("C", c, .inherited = N - OUT);
}

/* All pages come back at once, and nobody has written. */
SWAP_TEST(swap_is_switched_off)
{
	struct actor *c = actor_fork(self->p);

	ASSERT_EQ(0, swapoff(SWAP));
	EXPECT_EQ(0, swapped(c->pid, self->at, N));
	EXPECT_SELF("C", c, .inherited = N - OUT);
	actor_write(c, self->at, PAGE, N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N - OUT, .swap = OUT,
		    .reused = N);
	EXPECT_SELF("C", c, .inherited = N - OUT, .child = N);
}

SWAP_TEST(read_back_then_written)
{
	struct actor *c = actor_fork(self->p);

	actor_read(c, self->at, PAGE, N);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N - OUT, .child = N);
}

/* C's own, when it has forked: they come back as if they were anybody's. */
SWAP_TEST(middle_writes_its_own)
{
	struct actor *c = actor_fork(self->p);

	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N - OUT, .child = N);
	actor_syscall(c, SYS_madvise, (long)self->at, N * PAGE, MADV_PAGEOUT);
	ASSERT_EQ(N, swapped(c->pid, self->at, N));
	actor_fork(c);
	actor_read(c, self->at, PAGE, N);
	actor_write(c, self->at, PAGE, N);
	EXPECT_ORIGIN("C", c, N, N);
}

SWAP_TEST(written_from_outside)
{
	struct actor *c = actor_fork(self->p);

	write_outside(c->pid, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N - OUT, .child = N, .remote = N);
}

SWAP_TEST(read_pins_unshare)
{
	struct actor *c = actor_fork(self->p);

	read_outside(c->pid, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N - OUT, .unshared = N);
}

TEST_HARNESS_MAIN
