// SPDX-License-Identifier: GPL-2.0
/*
 * A split and a reader that finds no page table, in each order in which they can come.
 * The address spaces are only addresses here.
 */
#include <linux/delay.h>
#include <linux/mm.h>

#include "split.h"
#include "tap.h"

static const struct mm_struct *mm(unsigned int n)
{
	return (const struct mm_struct *)(0xffff888000000000UL + n * 1088);
}

static unsigned long huge_page(unsigned int n)
{
	return 0x7f0000000000UL + n * PMD_SIZE;
}

/* As it would be without anything between the view and the question */
static bool is_split(unsigned int space, unsigned long address)
{
	struct cow_split_view view;

	cow_split_look(mm(space), address, &view);
	return cow_split_was(mm(space), address, &view);
}

static void test_going_on(void)
{
	ok(!is_split(1, huge_page(1)), "none");
	cow_split_begin(mm(1), huge_page(1) + 3 * PAGE_SIZE);
	ok(is_split(1, huge_page(1)), "one, at its first page");
	ok(is_split(1, huge_page(1) + PMD_SIZE - 1), "and at its last byte");
	ok(!is_split(1, huge_page(2)), "not the next huge page");
	ok(!is_split(2, huge_page(1)), "nor that of another address space");
	cow_split_end(mm(1), huge_page(1));
	ok(!is_split(1, huge_page(1)), "it is over");
}

static void test_begun_since_the_view(void)
{
	struct cow_split_view view;

	cow_split_look(mm(1), huge_page(1), &view);
	cow_split_begin(mm(1), huge_page(1));
	ok(cow_split_was(mm(1), huge_page(1), &view), "going on");
	cow_split_end(mm(1), huge_page(1));
	ok(cow_split_was(mm(1), huge_page(1), &view), "or over already");
}

/* It had begun before the view, and was over when that was asked. */
static void test_over_since_the_view(void)
{
	struct cow_split_view view;

	cow_split_begin(mm(1), huge_page(1));
	cow_split_look(mm(1), huge_page(1), &view);
	cow_split_end(mm(1), huge_page(1));
	ok(cow_split_was(mm(1), huge_page(1), &view), "it was going on");
	ok(!is_split(1, huge_page(1)), "for the next view it is over");
}

static void test_end_of_another(void)
{
	cow_split_begin(mm(1), huge_page(1));
	cow_split_end(mm(1), huge_page(2));
	cow_split_end(mm(2), huge_page(1));
	ok(is_split(1, huge_page(1)), "it goes on");
	cow_split_end(mm(1), huge_page(1));
}

/* Another huge page comes: the split is over, and for a moment that is remembered. */
static void test_replaced(void)
{
	struct cow_split_view before, after;

	cow_split_begin(mm(3), huge_page(3));
	cow_split_look(mm(3), huge_page(3), &before);
	cow_split_replace(mm(3), huge_page(3) + PAGE_SIZE);
	cow_split_look(mm(3), huge_page(3) + PMD_SIZE - 1, &after);
	ok(before.going_on && !before.replaced, "first it goes on");
	ok(!after.going_on && after.replaced, "then it is over, and was replaced");
	cow_split_look(mm(3), huge_page(4), &after);
	ok(!after.replaced, "not the next huge page");
	cow_split_look(mm(4), huge_page(3), &after);
	ok(!after.replaced, "nor that of another address space");
}

static void test_replaced_long_ago(void)
{
	struct cow_split_view view;

	cow_split_replace(mm(3), huge_page(3));
	msleep(1100);
	cow_split_look(mm(3), huge_page(3), &view);
	ok(!view.replaced, "another second, another page");
}

#define TESTS(TEST) \
	TEST(test_going_on) \
	TEST(test_begun_since_the_view) \
	TEST(test_over_since_the_view) \
	TEST(test_end_of_another) \
	TEST(test_replaced) \
	TEST(test_replaced_long_ago)

SUITE(split, TESTS)
