// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces and their processes, of which both are only addresses here.
 * What space.c needs of the rest of the module is played by this file.
 */
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "loss.h"
#include "process.h"
#include "reserve.h"
#include "tap.h"

#define MANY	200

DEFINE_RAW_SPINLOCK(cow_tree_lock);
unsigned int cow_max_processes = 64;

static u64 lost[COW_NR_LOSSES];
static struct cow_process process, others[MANY];

void cow_lose(struct cow_process *loser, enum cow_loss reason, u64 n)
{
	lost[reason] += n;
}

void cow_lose_in(const struct mm_struct *mm, enum cow_loss reason, u64 n)
{
	lost[reason] += n;
}

void cow_process_leave_mm(struct cow_process *user, struct mm_struct *mm)
{
}

void cow_process_put_user(struct cow_process *user)
{
	user->users--;
}

static struct mm_struct *mm(unsigned int n)
{
	return (struct mm_struct *)(0xffff888000000000UL + n * 1088);
}

static void bind(unsigned int n, struct cow_process *to)
{
	raw_spin_lock(&cow_tree_lock);
	cow_space_bind(mm(n), to);
	raw_spin_unlock(&cow_tree_lock);
}

static struct cow_process *owner(unsigned int n)
{
	struct cow_process *owner;

	rcu_read_lock();
	owner = cow_space_owner(mm(n));
	rcu_read_unlock();
	return owner;
}

static void start(void)
{
	memset(lost, 0, sizeof(lost));
	memset(&process, 0, sizeof(process));
	memset(others, 0, sizeof(others));
	ok(!cow_space_init(), "a table");
}

static void test_bind(void)
{
	start();
	ok(!owner(1), "an unknown address space is nobody's");
	bind(1, &process);
	ok(owner(1) == &process, "a bound one has its process");
	ok(!owner(2), "another one has not");
	ok(process.users == 1, "which has one user more");
	ok(cow_space_release(mm(1)), "it is released");
	ok(!owner(1) && !process.users, "and nobody's");
	ok(!cow_space_release(mm(1)), "once");
	cow_space_exit();
}

/* By exec, while the first one is still lent or held. */
static void test_two_of_one_process(void)
{
	start();
	bind(1, &process);
	bind(2, &process);
	ok(owner(1) == &process && owner(2) == &process, "both are its own");
	ok(process.users == 2 && process.space.mm == mm(1), "the first within it");
	cow_space_release(mm(1));
	ok(!owner(1) && owner(2) == &process, "the first goes, the second stays");
	bind(3, &process);
	ok(process.space.mm == mm(3), "a third takes the first one's place");
	cow_space_release(mm(2));
	cow_space_release(mm(3));
	ok(!process.users, "no user is left");
	cow_space_exit();
}

/* What is bound when the module goes is freed with the table: see kmemleak. */
static void test_exit_while_bound(void)
{
	start();
	bind(1, &process);
	bind(2, &process);
	bind(3, &process);
	cow_space_exit();
	ok(process.users == 3, "the table goes, users are not its business");
}

static void test_many(void)
{
	unsigned int n, right = 0, gone = 0;

	start();
	for (n = 0; n < MANY; n++)
		bind(n, &others[n]);
	for (n = 0; n < MANY; n++)
		right += owner(n) == &others[n];
	ok(right == MANY, "more than there are buckets: %u of %u", right, MANY);
	for (n = 0; n < MANY; n += 2)
		cow_space_release(mm(n));
	for (n = 0; n < MANY; n++)
		gone += n % 2 ? owner(n) == &others[n] : !owner(n);
	ok(gone == MANY, "every second one is gone: %u of %u", gone, MANY);
	cow_space_exit();
}

/*
 * One is within the process, the others are taken from the reserve: with
 * preemption off, so that it is not filled meanwhile.
 */
static void test_no_memory(void)
{
	unsigned int n;

	start();
	raw_spin_lock(&cow_tree_lock);
	for (n = 0; n < MANY; n++)
		cow_space_bind(mm(n), &process);
	raw_spin_unlock(&cow_tree_lock);
	ok(process.users == 1 + COW_RESERVE, "as many as there are objects: %u",
	   process.users);
	ok(lost[COW_LOSS_memory] == MANY - 1 - COW_RESERVE,
	   "what cannot be bound is lost: %llu", lost[COW_LOSS_memory]);
	ok(owner(COW_RESERVE) == &process && !owner(COW_RESERVE + 1),
	   "and bound to nobody");
	for (n = 0; n < MANY; n++)
		cow_space_release(mm(n));
	ok(!process.users, "all are released");
	cow_space_exit();
}

static void note_eager(unsigned int n, unsigned long pages)
{
	preempt_disable();
	cow_space_note_eager(mm(n), pages);
	preempt_enable();
}

static unsigned long take_eager(struct mm_struct *mm)
{
	return cow_space_take_copied(mm).eager;
}

static void test_eager(void)
{
	start();
	ok(!take_eager(mm(1)), "nothing was copied at fork");
	note_eager(1, 3);
	note_eager(2, 1);
	note_eager(1, 4);
	ok(take_eager(mm(1)) == 7, "all of one");
	ok(take_eager(mm(2)) == 1, "none of the other's");
	ok(!take_eager(mm(1)), "they are taken once");
	cow_space_exit();
}

static void test_many_eager(void)
{
	unsigned int n, right = 0;

	start();
	for (n = 0; n < 64; n++)
		note_eager(n, n + 1);
	ok(!lost[COW_LOSS_flight], "64 forks at a time");
	note_eager(64, 2);
	ok(lost[COW_LOSS_flight] == 1, "that of one more is lost");
	for (n = 0; n < 64; n++)
		right += take_eager(mm(n)) == n + 1;
	ok(right == 64, "the others' is right: %u of 64", right);
	ok(!take_eager(mm(64)), "that of the one more is not there");
	cow_space_exit();
}

#define TESTS(TEST) \
	TEST(test_bind) \
	TEST(test_two_of_one_process) \
	TEST(test_exit_while_bound) \
	TEST(test_many) \
	TEST(test_no_memory) \
	TEST(test_eager) \
	TEST(test_many_eager)

SUITE(space, TESTS)
