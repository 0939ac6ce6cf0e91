// SPDX-License-Identifier: GPL-2.0
/* Which caller stands for which site, and which tallies a copy adds to. */
#include "classify.h"
#include "tap.h"

#define COW_BROKEN_BITS	(COW_BIT(COW_BROKEN_CHILD) | \
			 COW_BIT(COW_BROKEN_PARENT) | \
			 COW_BIT(COW_BROKEN_FILE))

static void test_callers(void)
{
	static const struct {
		const char *caller;
		enum cow_site site;
	} rows[] = {
		/* As they were seen on 6.1 ... */
		{ "wp_page_copy", COW_SITE_WRITE },
		{ "do_wp_page", COW_SITE_WRITE },
		{ "__handle_mm_fault", COW_SITE_ZERO },
		{ "do_huge_pmd_anonymous_page", COW_SITE_ZERO },
		{ "do_set_pte", COW_SITE_FILE },
		{ "do_huge_pmd_wp_page", COW_SITE_HUGE },
		{ "do_swap_page", COW_SITE_NOT_OURS },
		{ "collapse_huge_page", COW_SITE_NOT_OURS },
		{ "hugetlb_wp", COW_SITE_NOT_OURS },
		/* ... and on 6.12 */
		{ "do_anonymous_page", COW_SITE_ZERO },
		{ "set_pte_range", COW_SITE_FILE },
		/* ... and on 7.3 */
		{ "map_anon_folio_pte_nopf", COW_SITE_MAP },
		{ "map_anon_folio_pmd_nopf", COW_SITE_MAP },
		/* The compiler's suffixes */
		{ "wp_page_copy.isra.0", COW_SITE_WRITE },
		{ "copy_present_page.constprop.0.isra.0", COW_SITE_EAGER },
		{ "do_set_pte.cold", COW_SITE_FILE },
		/* What only looks like one */
		{ "wp_page_cop", COW_SITE_UNKNOWN },
		{ "wp_page_copy2", COW_SITE_UNKNOWN },
		{ "xwp_page_copy", COW_SITE_UNKNOWN },
		{ "Wp_page_copy", COW_SITE_UNKNOWN },
		{ "do_wp_page_locked", COW_SITE_UNKNOWN },
		{ "handle_mm_fault", COW_SITE_UNKNOWN },
		{ "0xffffffff81234567", COW_SITE_UNKNOWN },
		{ ".isra.0", COW_SITE_UNKNOWN },
		{ "", COW_SITE_UNKNOWN },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ok(cow_site_by_caller(rows[i].caller) == rows[i].site,
		   "caller '%s' is site %d", rows[i].caller, rows[i].site);
}

static void test_copies(void)
{
	const __u32 zero = COW_BIT(COW_ZERO_FILLED) | COW_BIT(COW_ZERO_UPGRADED);
	const struct {
		const char *what;
		enum cow_source source;
		unsigned int where;
		__u32 bits;
	} rows[] = {
		{ "an inherited page", COW_FROM_OTHER, 0,
		  COW_BIT(COW_BROKEN_CHILD) },
		{ "one's own page", COW_FROM_SELF, 0,
		  COW_BIT(COW_BROKEN_PARENT) },
		{ "a file's page", COW_FROM_FILE, 0,
		  COW_BIT(COW_BROKEN_FILE) },
		{ "the zero page", COW_FROM_ZERO, 0, zero },
		{ "the zero page in the heap", COW_FROM_ZERO, COW_IN_HEAP,
		  zero | COW_BIT(COW_ZERO_HEAP) },
		{ "the zero page in a stack", COW_FROM_ZERO, COW_IN_STACK,
		  zero | COW_BIT(COW_ZERO_STACK) },
		{ "an inherited page in the heap", COW_FROM_OTHER, COW_IN_HEAP,
		  COW_BIT(COW_BROKEN_CHILD) },
		{ "one's own page in a stack", COW_FROM_SELF, COW_IN_STACK,
		  COW_BIT(COW_BROKEN_PARENT) },
		{ "nothing", COW_FROM_NOTHING, 0, 0 },
		{ "nothing in the heap", COW_FROM_NOTHING, COW_IN_HEAP, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ok(cow_copy_bits(rows[i].source, rows[i].where) == rows[i].bits,
		   "a copy of %s", rows[i].what);
}

static void test_zero_fills(void)
{
	const __u32 zero = COW_BIT(COW_ZERO_FILLED);

	ok(cow_zero_bits(0) == zero, "a zeroed page");
	ok(cow_zero_bits(COW_IN_HEAP) == (zero | COW_BIT(COW_ZERO_HEAP)),
	   "a zeroed page in the heap");
	ok(cow_zero_bits(COW_IN_STACK) == (zero | COW_BIT(COW_ZERO_STACK)),
	   "a zeroed page in a stack");
}

/* One page is one kind of break, never two. */
static void test_one_break_each(void)
{
	int source;

	for (source = COW_FROM_NOTHING; source <= COW_FROM_OTHER; source++) {
		__u32 bits = cow_copy_bits(source, COW_IN_HEAP | COW_IN_STACK);
		__u32 broken = bits & COW_BROKEN_BITS;

		ok(!(broken & (broken - 1)) &&
		   !(broken && (bits & COW_BIT(COW_ZERO_FILLED))),
		   "source %d is one kind of page", source);
	}
}

#define TESTS(TEST) \
	TEST(test_callers) \
	TEST(test_copies) \
	TEST(test_zero_fills) \
	TEST(test_one_break_each)

SUITE(classify, TESTS)
