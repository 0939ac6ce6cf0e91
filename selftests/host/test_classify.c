// SPDX-License-Identifier: GPL-2.0
/* Which caller stands for which site, and which tallies a copy adds to. */
#include "classify.h"
#include "tap.h"

static void test_callers(void)
{
	static const struct {
		const char *caller;
		enum cow_site site;
	} rows[] = {
		/* As they were seen on 6.1 ... */
		{ "wp_page_copy", COW_SITE_WRITE },
		{ "do_wp_page", COW_SITE_WRITE },
		{ "__handle_mm_fault", COW_SITE_HANDLER },
		{ "do_huge_pmd_anonymous_page", COW_SITE_ZERO },
		{ "do_set_pte", COW_SITE_FILE },
		{ "do_huge_pmd_wp_page", COW_SITE_HUGE },
		{ "do_swap_page", COW_SITE_NOT_OURS },
		{ "collapse_huge_page", COW_SITE_COLLAPSE },
		{ "hugetlb_wp", COW_SITE_HUGETLB },
		{ "hugetlb_fault", COW_SITE_HUGETLB_ZERO },
		{ "copy_hugetlb_page_range", COW_SITE_EAGER },
		{ "hugetlb_mcopy_atomic_pte", COW_SITE_NOT_OURS },
		/* ... and on 6.12 */
		{ "do_anonymous_page", COW_SITE_ZERO },
		{ "set_pte_range", COW_SITE_FILE },
		/* ... and on 7.3 */
		{ "map_anon_folio_pte_nopf", COW_SITE_MAP },
		{ "map_anon_folio_pmd_nopf", COW_SITE_MAP },
		{ "hugetlb_no_page", COW_SITE_HUGETLB_ZERO },
		{ "move_pages_ptes", COW_SITE_NOT_OURS },
		/* ... and those of kernels in between */
		{ "copy_present_pte", COW_SITE_EAGER },
		{ "copy_present_ptes", COW_SITE_EAGER },
		{ "map_anon_folio_pmd", COW_SITE_MAP },
		{ "do_huge_zero_wp_pmd", COW_SITE_MAP },
		{ "move_pages_pte", COW_SITE_NOT_OURS },
		{ "handle_pte_fault", COW_SITE_HANDLER },
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
		{ "handle_mm_fault", COW_SITE_HANDLER },
		{ "handle_mm_fault_locked", COW_SITE_UNKNOWN },
		{ "0xffffffff81234567", COW_SITE_UNKNOWN },
		{ ".isra.0", COW_SITE_UNKNOWN },
		{ "", COW_SITE_UNKNOWN },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ok(cow_site_by_caller(rows[i].caller) == rows[i].site,
		   "caller '%s' is site %d", rows[i].caller, rows[i].site);
}

/* An inlined copy does not pass for a zero-fill. */
static void test_in_handler(void)
{
	ok(cow_site_in_handler(COW_ENTRY_NONE, 1) == COW_SITE_ZERO,
	   "the first page of anonymous memory");
	ok(cow_site_in_handler(COW_ENTRY_NONE, 0) == COW_SITE_FILE,
	   "the first page of a file's memory");
	ok(cow_site_in_handler(COW_ENTRY_PRESENT, 1) == COW_SITE_WRITE &&
	   cow_site_in_handler(COW_ENTRY_PRESENT, 0) == COW_SITE_WRITE,
	   "one that replaces another");
	ok(cow_site_in_handler(COW_ENTRY_AWAY, 1) == COW_SITE_NOT_OURS,
	   "one that comes back");
	ok(cow_site_in_handler(COW_ENTRY_UNKNOWN, 1) == COW_SITE_UNKNOWN,
	   "one of no fault that is known");
}

/* Where both functions are hooked, one of them pays. */
static void test_wrapper(void)
{
	ok(cow_is_wrapper("page_add_new_anon_rmap"), "the page's function");
	ok(cow_is_wrapper("__pfx_page_add_new_anon_rmap"), "what is before it");
	ok(!cow_is_wrapper("folio_add_new_anon_rmap"), "not the folio's");
	ok(!cow_is_wrapper("do_swap_page") && !cow_is_wrapper("0x0"),
	   "nor any other");
	ok(cow_is_wrapped("folio_add_new_anon_rmap"), "the folio's is wrapped");
	ok(!cow_is_wrapped("page_add_new_anon_rmap") &&
	   !cow_is_wrapped("hugetlb_add_new_anon_rmap"), "and no other");
}

static void test_copies(void)
{
	static const struct {
		const char *what;
		enum cow_source source;
		enum cow_tally tally;
		int unsure;
	} rows[] = {
		{ "an inherited page", COW_FROM_OTHER, COW_BROKEN_CHILD, 0 },
		{ "one's own page", COW_FROM_SELF, COW_BROKEN_PARENT, 0 },
		{ "a page that may be inherited", COW_FROM_OTHER_MAYBE,
		  COW_BROKEN_CHILD, 1 },
		{ "a page that may be one's own", COW_FROM_SELF_MAYBE,
		  COW_BROKEN_PARENT, 1 },
		{ "a file's page", COW_FROM_FILE, COW_BROKEN_FILE, 0 },
		{ "a merged page", COW_FROM_KSM, COW_BROKEN_KSM, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ok(cow_copy_tally(rows[i].source) == rows[i].tally &&
		   !cow_unsure_bits(rows[i].source) == !rows[i].unsure,
		   "a copy of %s", rows[i].what);
}

static void test_events(void)
{
	const __u32 remote = COW_BIT(COW_BROKEN_REMOTE);
	const __u32 zero = COW_BIT(COW_ZERO_FILLED);
	static const struct {
		__u32 bit, kind, by;
		const char *what;
	} rows[] = {
		{ COW_BIT(COW_BROKEN_CHILD), COWSTAT_KIND_ANON,
		  COWSTAT_BY_CHILD, "by a child" },
		{ COW_BIT(COW_BROKEN_PARENT), COWSTAT_KIND_ANON,
		  COWSTAT_BY_PARENT, "by the parent" },
		{ COW_BIT(COW_BROKEN_FILE), COWSTAT_KIND_FILE,
		  COWSTAT_BY_ANY, "of a file" },
		{ COW_BIT(COW_BROKEN_KSM), COWSTAT_KIND_KSM,
		  COWSTAT_BY_ANY, "of KSM" },
		{ COW_BIT(COW_BROKEN_HUGETLB), COWSTAT_KIND_HUGETLB,
		  COWSTAT_BY_ANY, "of hugetlb" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ok(rows[i].bit & COW_BROKEN_BITS &&
		   cow_event_kind(rows[i].bit | remote) == rows[i].kind &&
		   cow_event_by(rows[i].bit | remote) == rows[i].by,
		   "the event of a break %s", rows[i].what);
	ok(!(zero & COW_BROKEN_BITS), "a zero-fill is none");
	ok(cow_event_where(zero) == COWSTAT_IN_MAPPING, "in a mapping");
	ok(cow_event_where(zero | COW_BIT(COW_ZERO_HEAP)) == COWSTAT_IN_HEAP,
	   "in the heap");
	ok(cow_event_where(zero | COW_BIT(COW_ZERO_STACK)) == COWSTAT_IN_STACK,
	   "in a stack");
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

/* A part comes behind its whole: readers depend on it, see counters.h. */
static void test_parts_are_behind(void)
{
	ok(COW_BROKEN_REMOTE > COW_BROKEN_CHILD &&
	   COW_BROKEN_REMOTE > COW_BROKEN_PARENT &&
	   COW_BROKEN_REMOTE > COW_BROKEN_FILE &&
	   COW_BROKEN_REMOTE > COW_BROKEN_KSM &&
	   COW_BROKEN_REMOTE > COW_BROKEN_HUGETLB, "of what was broken");
	ok(COW_ZERO_HEAP > COW_ZERO_FILLED && COW_ZERO_STACK > COW_ZERO_FILLED &&
	   COW_ZERO_HUGE > COW_ZERO_FILLED &&
	   COW_ZERO_UPGRADED > COW_ZERO_FILLED, "of what was zero-filled");
	ok(COW_POOL_REMOTE > COW_ZERO_FILLED &&
	   COW_POOL_REMOTE > COW_BROKEN_HUGETLB, "of both");
}

#define TESTS(TEST) \
	TEST(test_callers) \
	TEST(test_in_handler) \
	TEST(test_wrapper) \
	TEST(test_copies) \
	TEST(test_zero_fills) \
	TEST(test_events) \
	TEST(test_parts_are_behind)

SUITE(classify, TESTS)
