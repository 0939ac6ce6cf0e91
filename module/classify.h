/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the facts at a commit point to the tallies that it adds to.
 *
 * A new anonymous page is in place when the kernel adds its reverse mapping,
 * and a page is taken over when it moves it to the writer. Which function did
 * so says what happened: that is the site. The rest are facts about the page
 * that was replaced and the mapping that it is in.
 *
 * Pure: nothing of the kernel, tested on the host.
 */
#ifndef COWSTAT_CLASSIFY_H
#define COWSTAT_CLASSIFY_H

#include "counters.h"

enum cow_site {
	COW_SITE_UNKNOWN,	/* not in the table: noticed, not guessed */
	COW_SITE_NOT_OURS,	/* a new anonymous page, but not by a write */
	COW_SITE_WRITE,		/* a write to a present, read-only page */
	COW_SITE_ZERO,		/* a first write to anonymous memory */
	COW_SITE_FILE,		/* a first write to an absent private file page */
	COW_SITE_EAGER,		/* fork itself copied a pinned page */
	COW_SITE_HUGE,		/* a write to a present, read-only huge page */
	COW_SITE_COLLAPSE,	/* pages are collapsed into a huge one */
	COW_SITE_MAP,		/* COW_SITE_ZERO, or COW_SITE_COLLAPSE */
	COW_SITE_HUGETLB,	/* as COW_SITE_WRITE, of a hugetlb page */
	COW_SITE_HUGETLB_ZERO,	/* a first access to private hugetlb memory */
	COW_NR_SITES,

	/* of a function that handles all faults: see cow_site_in_handler() */
	COW_SITE_HANDLER = COW_NR_SITES
};

/* On some kernels the page's is left as a wrapper of the folio's. */
#define COW_PAGE_NEW_ANON	"page_add_new_anon_rmap"
#define COW_FOLIO_NEW_ANON	"folio_add_new_anon_rmap"

/**
 * enum cow_source - what a write to a read-only page replaced
 * @COW_FROM_ZERO: the shared zero page
 * @COW_FROM_FILE: a page of the page cache, or one without a struct page
 * @COW_FROM_KSM: a page that KSM merged
 * @COW_FROM_SELF: an anonymous page that the writing process made
 * @COW_FROM_OTHER: an anonymous page that it inherited
 * @COW_FROM_SELF_MAYBE: an anonymous page, more likely its own
 * @COW_FROM_OTHER_MAYBE: an anonymous page, more likely inherited
 */
enum cow_source {
	COW_FROM_ZERO,
	COW_FROM_FILE,
	COW_FROM_KSM,
	COW_FROM_SELF,
	COW_FROM_OTHER,
	COW_FROM_SELF_MAYBE,
	COW_FROM_OTHER_MAYBE,
};

/* Where an anonymous page lies. */
#define COW_IN_HEAP	0x1
#define COW_IN_STACK	0x2

/**
 * cow_site_by_caller() - the site that a calling function stands for
 * @caller: the function's name; suffixes of the compiler (".isra.0") are
 *	ignored
 */
enum cow_site cow_site_by_caller(const char *caller);

/* What the page table held as a fault began. */
enum cow_entry_before {
	COW_ENTRY_UNKNOWN,	/* no fault is found that the call is part of */
	COW_ENTRY_NONE,		/* nothing: the page is the first */
	COW_ENTRY_PRESENT,	/* a page, which the new one replaces */
	COW_ENTRY_AWAY,		/* something else: it is swapped out, or moves */
};

/**
 * cow_site_in_handler() - the site of a call in a function that handles all faults
 * @before: what the page table held as that fault began
 * @anonymous: whether the memory is of no file
 *
 * What a compiler has inlined there does not show in the function's name, but each
 * of its calls has one meaning, which the first fault that comes by it tells.
 */
enum cow_site cow_site_in_handler(enum cow_entry_before before, int anonymous);

/*
 * Two functions that are hooked, of which the wrapper calls the wrapped one. It
 * pays for what comes by it: where it jumps to the other its caller is seen twice.
 */
int cow_is_wrapped(const char *function);
int cow_is_wrapper(const char *function);

static inline __u32 cow_zero_bits(unsigned int where)
{
	__u32 bits = COW_BIT(COW_ZERO_FILLED);

	if (where & COW_IN_HEAP)
		bits |= COW_BIT(COW_ZERO_HEAP);
	if (where & COW_IN_STACK)
		bits |= COW_BIT(COW_ZERO_STACK);
	return bits;
}

/* The tally of a copy at COW_SITE_WRITE of what is not the zero page. */
static inline enum cow_tally cow_copy_tally(enum cow_source source)
{
	switch (source) {
	case COW_FROM_FILE:
		return COW_BROKEN_FILE;
	case COW_FROM_KSM:
		return COW_BROKEN_KSM;
	case COW_FROM_SELF:
	case COW_FROM_SELF_MAYBE:
		return COW_BROKEN_PARENT;
	default:	/* COW_FROM_OTHER, COW_FROM_OTHER_MAYBE */
		return COW_BROKEN_CHILD;
	}
}

/* ... and the part of it that is in doubt */
static inline __u32 cow_unsure_bits(enum cow_source source)
{
	return source >= COW_FROM_SELF_MAYBE ? COW_BIT(COW_BROKEN_UNSURE) : 0;
}

/* What the tracepoints say of the tallies that a page was charged to: */
static inline __u32 cow_event_kind(__u32 bits)
{
	if (bits & COW_BIT(COW_BROKEN_FILE))
		return COWSTAT_KIND_FILE;
	if (bits & COW_BIT(COW_BROKEN_KSM))
		return COWSTAT_KIND_KSM;
	if (bits & COW_BIT(COW_BROKEN_HUGETLB))
		return COWSTAT_KIND_HUGETLB;
	return COWSTAT_KIND_ANON;
}

static inline __u32 cow_event_by(__u32 bits)
{
	if (bits & COW_BIT(COW_BROKEN_CHILD))
		return COWSTAT_BY_CHILD;
	if (bits & COW_BIT(COW_BROKEN_PARENT))
		return COWSTAT_BY_PARENT;
	return COWSTAT_BY_ANY;
}

static inline __u32 cow_event_where(__u32 bits)
{
	if (bits & COW_BIT(COW_ZERO_HEAP))
		return COWSTAT_IN_HEAP;
	if (bits & COW_BIT(COW_ZERO_STACK))
		return COWSTAT_IN_STACK;
	return COWSTAT_IN_MAPPING;
}

#endif /* COWSTAT_CLASSIFY_H */
