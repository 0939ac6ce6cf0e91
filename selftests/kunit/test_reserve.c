// SPDX-License-Identifier: GPL-2.0
/* Objects that lie ready: how many there are, and when they come back. */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "reserve.h"
#include "tap.h"

#define SIZE	96

static struct cow_reserve reserve;
static void *object[2 * COW_RESERVE];

static void start(void)
{
	struct kmem_cache *cache = kmem_cache_create("cowstat_kunit", SIZE, 0, 0,
						     NULL);

	memset(&reserve, 0, sizeof(reserve));
	ok(!cow_reserve_init(&reserve, cache), "a reserve");
}

static void end(void)
{
	cow_reserve_exit(&reserve);
	ok(!reserve.count, "nothing stays in it");
	kmem_cache_destroy(reserve.cache);
}

/* With preemption off nothing is put back meanwhile. Return: how many came. */
static int take(int n)
{
	int i, got = 0;

	preempt_disable();
	for (i = 0; i < n; i++) {
		object[i] = cow_reserve_alloc(&reserve, COW_LOCKED);
		got += object[i] != NULL;
	}
	preempt_enable();
	return got;
}

static void give_back(int n)
{
	while (n--)
		if (object[n])
			kmem_cache_free(reserve.cache, object[n]);
}

static void test_full(void)
{
	start();
	ok(reserve.count == COW_RESERVE, "it is full from the start");
	end();
}

static void test_zero(void)
{
	int i, zero = 0;

	start();
	ok(take(COW_RESERVE) == COW_RESERVE, "all can be taken");
	for (i = 0; i < COW_RESERVE; i++)
		zero += !memchr_inv(object[i], 0, SIZE);
	ok(zero == COW_RESERVE, "and are all zero");
	give_back(COW_RESERVE);
	end();
}

static void test_dry(void)
{
	start();
	ok(take(2 * COW_RESERVE) == COW_RESERVE, "there are no more than fit");
	flush_work(&reserve.refill);
	ok(reserve.count == COW_RESERVE, "it is filled again");
	give_back(2 * COW_RESERVE);
	end();
}

/* Who may allocate leaves the reserve to the others. */
static void test_spared(void)
{
	void *slept, *atomic;

	start();
	slept = cow_reserve_alloc(&reserve, COW_MAY_SLEEP);
	preempt_disable();
	atomic = cow_reserve_alloc(&reserve, COW_ATOMIC);
	preempt_enable();
	ok(slept && atomic, "there is memory");
	ok(reserve.count == COW_RESERVE, "none is taken from the reserve");
	kmem_cache_free(reserve.cache, slept);
	kmem_cache_free(reserve.cache, atomic);
	end();
}

#ifdef CONFIG_FAILSLAB
static void test_no_memory(void)
{
	void *atomic;

	start();
	preempt_disable();
	current->fail_nth = 1;
	atomic = cow_reserve_alloc(&reserve, COW_ATOMIC);
	current->fail_nth = 0;
	preempt_enable();
	ok(atomic, "without memory there is the reserve");
	flush_work(&reserve.refill);
	kmem_cache_free(reserve.cache, atomic);
	end();
}
#else
static void test_no_memory(void)
{
	kunit_skip(current->kunit_test, "allocations cannot be made to fail");
}
#endif

#define TESTS(TEST) \
	TEST(test_full) \
	TEST(test_zero) \
	TEST(test_dry) \
	TEST(test_spared) \
	TEST(test_no_memory)

SUITE(reserve, TESTS)
