// SPDX-License-Identifier: GPL-2.0
/*
 * Every public counter from tallies that are all different, so that one that
 * is taken from the wrong place shows; and the sums that must hold.
 */
#include "counters.h"
#include "tap.h"

static struct cow_sums all_different(void)
{
	struct cow_sums sums = { .break_max_ns = 1000003 };
	int i;

	for (i = 0; i < COW_TALLIES; i++)
		sums.tally[i] = 1ULL << (i + 8);
	/* One that is a part is smaller than the whole. */
	sums.tally[COW_POOL_REMOTE] = 3;
	return sums;
}

static struct cowstat_counters fill(const struct cow_sums *sums)
{
	struct cowstat_counters counters = { };

	cow_counters_fill(&counters, sums);
	return counters;
}

static void test_plain(void)
{
	static const struct {
		int counter;
		enum cow_tally tally;
		const char *name;
	} plain[] = {
		{ COW_C_forks, COW_FORKS, "forks" },
		{ COW_C_shared, COW_SHARED, "shared" },
		{ COW_C_shared_swap, COW_SHARED_SWAP, "shared_swap" },
		{ COW_C_inherited, COW_INHERITED, "inherited" },
		{ COW_C_broken_child, COW_BROKEN_CHILD, "broken_child" },
		{ COW_C_broken_parent, COW_BROKEN_PARENT, "broken_parent" },
		{ COW_C_broken_file, COW_BROKEN_FILE, "broken_file" },
		{ COW_C_broken_ksm, COW_BROKEN_KSM, "broken_ksm" },
		{ COW_C_broken_hugetlb, COW_BROKEN_HUGETLB, "broken_hugetlb" },
		{ COW_C_broken_remote, COW_BROKEN_REMOTE, "broken_remote" },
		{ COW_C_broken_unsure, COW_BROKEN_UNSURE, "broken_unsure" },
		{ COW_C_collapsed, COW_COLLAPSED, "collapsed" },
		{ COW_C_forks_failed, COW_FORKS_FAILED, "forks_failed" },
		{ COW_C_eager, COW_EAGER, "eager" },
		{ COW_C_unshared, COW_UNSHARED, "unshared" },
		{ COW_C_zero_huge, COW_ZERO_HUGE, "zero_huge" },
		{ COW_C_reused, COW_REUSED, "reused" },
		{ COW_C_zero_filled, COW_ZERO_FILLED, "zero_filled" },
		{ COW_C_zero_heap, COW_ZERO_HEAP, "zero_heap" },
		{ COW_C_zero_stack, COW_ZERO_STACK, "zero_stack" },
		{ COW_C_zero_upgraded, COW_ZERO_UPGRADED, "zero_upgraded" },
		{ COW_C_zero_mapped, COW_ZERO_MAPPED, "zero_mapped" },
		{ COW_C_pool_remote, COW_POOL_REMOTE, "pool_remote" },
		{ COW_C_break_ns, COW_BREAK_NS, "break_ns" },
	};
	struct cow_sums sums = all_different();
	struct cowstat_counters c = fill(&sums);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(plain); i++)
		ok(c.value[plain[i].counter] == sums.tally[plain[i].tally],
		   "%s is its tally", plain[i].name);
	ok(c.value[COW_C_break_max_ns] == 1000003, "break_max_ns is the maximum");
}

static void test_derived(void)
{
	struct cow_sums sums = all_different();
	struct cowstat_counters c = fill(&sums);
	const __u64 *t = sums.tally, *v = c.value;
	__u64 anon = t[COW_BROKEN_CHILD] + t[COW_BROKEN_PARENT];

	ok(v[COW_C_broken_anon] == anon, "broken_anon sums child and parent");
	ok(v[COW_C_broken] == anon + t[COW_BROKEN_FILE] + t[COW_BROKEN_KSM] +
			      t[COW_BROKEN_HUGETLB],
	   "broken sums anon, file, ksm and hugetlb");
	ok(v[COW_C_pool_local] + v[COW_C_pool_remote] ==
	   v[COW_C_broken] + v[COW_C_zero_filled],
	   "pools sum up to all new pages");
}

static void test_slots(void)
{
	struct cow_sums sums = all_different();
	struct cowstat_counters c = fill(&sums);
	int i, used = 0, rest = 0;

	for (i = 0; i < COW_NR_COUNTERS; i++)
		used += c.value[i] != 0;
	for (; i < COWSTAT_COUNTERS_MAX; i++)
		rest += c.value[i] != 0;
	ok(used == COW_NR_COUNTERS, "every counter is filled in");
	ok(!rest, "slots without a counter stay zero");
	ok(COW_NR_COUNTERS <= COWSTAT_COUNTERS_MAX, "the counters fit");
	ok(COW_TALLIES < 32, "the tallies fit a mask of 32 bits");
}

static void test_zero(void)
{
	struct cow_sums none = { };
	struct cowstat_counters c = fill(&none), zero = { };

	ok(!memcmp(&c, &zero, sizeof(c)), "nothing counts nothing");
}

static void test_add_and_subtract(void)
{
	struct cow_sums a = all_different(), b = all_different(), sum = { };
	int i, doubled = 0, back = 0;

	b.break_max_ns = 17;
	cow_sums_add(&sum, &a);
	cow_sums_add(&sum, &b);
	for (i = 0; i < COW_TALLIES; i++)
		doubled += sum.tally[i] == 2 * a.tally[i];
	ok(doubled == COW_TALLIES, "all tallies are added");
	ok(sum.break_max_ns == a.break_max_ns, "the larger maximum stays");
	b.break_max_ns = a.break_max_ns + 1;
	cow_sums_add(&sum, &b);
	ok(sum.break_max_ns == b.break_max_ns, "a larger maximum is taken");
	cow_sums_subtract(&sum, &a);
	cow_sums_subtract(&sum, &a);
	for (i = 0; i < COW_TALLIES; i++)
		back += sum.tally[i] == a.tally[i];
	ok(back == COW_TALLIES, "all tallies are subtracted");
	ok(sum.break_max_ns == b.break_max_ns, "the maximum has no difference");
}

static void test_wrap(void)
{
	struct cow_sums big = { }, base = { };

	big.tally[COW_SHARED] = ~0ULL;
	base.tally[COW_SHARED] = ~0ULL - 5;
	cow_sums_subtract(&big, &base);
	ok(big.tally[COW_SHARED] == 5, "differences are right up to the last bit");
}

/* A part behind its whole, see the top of counters.h. */
static void test_order_of_parts(void)
{
	static const enum cow_tally parts[] = {
		COW_ZERO_HEAP, COW_ZERO_STACK, COW_ZERO_UPGRADED,
		COW_POOL_REMOTE,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		ok(parts[i] > COW_ZERO_FILLED && parts[i] > COW_BROKEN_FILE,
		   "part %u comes behind its whole", parts[i]);
}

#define TESTS(TEST) \
	TEST(test_plain) \
	TEST(test_derived) \
	TEST(test_slots) \
	TEST(test_zero) \
	TEST(test_add_and_subtract) \
	TEST(test_wrap) \
	TEST(test_order_of_parts)

SUITE(counters, TESTS)
