/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The same words as in ../host/tap.h, for tests that run in the kernel. A check
 * belongs to the case that the current task runs.
 */
#ifndef SUITE_H
#define SUITE_H

#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>

#define ok(good, format, ...) \
	KUNIT_EXPECT_TRUE_MSG(current->kunit_test, good, format, ##__VA_ARGS__)

#define note(format, ...) \
	kunit_info(current->kunit_test, format, __VA_ARGS__)

extern struct kunit_suite cowstat_classify, cowstat_counters, cowstat_flight,
			  cowstat_reserve, cowstat_site, cowstat_space,
			  cowstat_split, cowstat_tree;

extern unsigned int kunit_seed;

static inline unsigned int given_seed(void)
{
	return kunit_seed;
}

/* A case of KUnit has an argument, a test has none. */
#define SUITE_CASE(test) \
static void test##_case(struct kunit *kunit) \
{ \
	test(); \
}

#define SUITE_ROW(test)		{ .run_case = test##_case, .name = #test },

#define SUITE(suite, TESTS) \
TESTS(SUITE_CASE) \
static struct kunit_case suite##_cases[] = { TESTS(SUITE_ROW) { } }; \
struct kunit_suite cowstat_##suite = { \
	.name = "cowstat-" #suite, \
	.test_cases = suite##_cases, \
};

#endif /* SUITE_H */
