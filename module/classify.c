// SPDX-License-Identifier: GPL-2.0
/*
 * The callers of the kernel's rmap functions, by name.
 *
 * Compilers inline differently on each kernel, so one site has several names:
 * the function that holds the call after inlining. All names of 6.1 to 7.3 are
 * here, as far as they are known; one that is missing shows as loss "site".
 *
 * Pure: nothing of the kernel, tested on the host.
 */
#ifdef COWSTAT_HOST
#include <string.h>
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#else
#include <linux/kernel.h>
#include <linux/string.h>
#endif

#include "classify.h"

static const struct {
	const char *caller;
	enum cow_site site;
} callers[] = {
	{ "do_wp_page",				COW_SITE_WRITE },
	{ "wp_page_copy",			COW_SITE_WRITE },
	{ "wp_page_reuse",			COW_SITE_WRITE },
	{ "__handle_mm_fault",			COW_SITE_HANDLER },
	{ "handle_mm_fault",			COW_SITE_HANDLER },
	{ "handle_pte_fault",			COW_SITE_HANDLER },
	{ "do_anonymous_page",			COW_SITE_ZERO },
	{ "do_huge_pmd_anonymous_page",		COW_SITE_ZERO },
	{ "__do_huge_pmd_anonymous_page",	COW_SITE_ZERO },
	{ "map_anon_folio_pmd",			COW_SITE_MAP },
	{ "map_anon_folio_pte_nopf",		COW_SITE_MAP },
	{ "map_anon_folio_pmd_nopf",		COW_SITE_MAP },
	{ "do_huge_zero_wp_pmd",		COW_SITE_MAP },
	{ "do_set_pte",				COW_SITE_FILE },
	{ "set_pte_range",			COW_SITE_FILE },
	{ "finish_fault",			COW_SITE_FILE },
	{ "collapse_huge_page",			COW_SITE_COLLAPSE },
	{ "hpage_collapse_scan_pmd",		COW_SITE_COLLAPSE },
	{ "copy_page_range",			COW_SITE_EAGER },
	{ "copy_p4d_range",			COW_SITE_EAGER },
	{ "copy_pte_range",			COW_SITE_EAGER },
	{ "copy_present_page",			COW_SITE_EAGER },
	{ "copy_present_pte",			COW_SITE_EAGER },
	{ "copy_present_ptes",			COW_SITE_EAGER },

	{ "do_huge_pmd_wp_page",		COW_SITE_HUGE },
	{ "hugetlb_wp",				COW_SITE_HUGETLB },
	{ "hugetlb_no_page",			COW_SITE_HUGETLB_ZERO },
	{ "hugetlb_fault",			COW_SITE_HUGETLB_ZERO },
	{ "copy_hugetlb_page_range",		COW_SITE_EAGER },
	{ "hugetlb_install_page",		COW_SITE_EAGER },
	{ "hugetlb_install_folio",		COW_SITE_EAGER },
	{ "hugetlb_mcopy_atomic_pte",		COW_SITE_NOT_OURS },
	{ "hugetlb_mfill_atomic_pte",		COW_SITE_NOT_OURS },
	{ "move_present_pte",			COW_SITE_NOT_OURS },
	{ "move_swap_pte",			COW_SITE_NOT_OURS },
	{ "move_pages",				COW_SITE_NOT_OURS },
	{ "move_pages_pte",			COW_SITE_NOT_OURS },
	{ "move_pages_ptes",			COW_SITE_NOT_OURS },
	{ "move_pages_huge_pmd",		COW_SITE_NOT_OURS },

	{ "do_swap_page",			COW_SITE_NOT_OURS },
	{ "unuse_pte",				COW_SITE_NOT_OURS },
	{ "unuse_pte_range",			COW_SITE_NOT_OURS },
	{ "unuse_vma",				COW_SITE_NOT_OURS },
	{ "try_to_unuse",			COW_SITE_NOT_OURS },
	{ "__do_sys_swapoff",			COW_SITE_NOT_OURS },
	{ "migrate_vma_insert_page",		COW_SITE_NOT_OURS },
	{ "migrate_vma_insert_huge_pmd_page",	COW_SITE_NOT_OURS },
	{ "__migrate_device_pages",		COW_SITE_NOT_OURS },
	{ "migrate_vma_pages",			COW_SITE_NOT_OURS },
	{ "mfill_atomic_install_pte",		COW_SITE_NOT_OURS },
	{ "mfill_atomic_pte_copy",		COW_SITE_NOT_OURS },
	{ "mfill_atomic",			COW_SITE_NOT_OURS },
	{ "__mcopy_atomic",			COW_SITE_NOT_OURS },
	{ "__replace_page",			COW_SITE_NOT_OURS },
	{ "uprobe_write_opcode",		COW_SITE_NOT_OURS },
};

static int same_function(const char *caller, const char *name)
{
	size_t len = strcspn(caller, ".");

	return strlen(name) == len && !strncmp(caller, name, len);
}

enum cow_site cow_site_by_caller(const char *caller)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(callers); i++)
		if (same_function(caller, callers[i].caller))
			return callers[i].site;
	return COW_SITE_UNKNOWN;
}

enum cow_site cow_site_in_handler(enum cow_entry_before before, int anonymous)
{
	switch (before) {
	case COW_ENTRY_NONE:
		return anonymous ? COW_SITE_ZERO : COW_SITE_FILE;
	case COW_ENTRY_PRESENT:
		return COW_SITE_WRITE;
	case COW_ENTRY_AWAY:
		return COW_SITE_NOT_OURS;
	default:
		return COW_SITE_UNKNOWN;
	}
}

int cow_is_wrapped(const char *function)
{
	return same_function(function, COW_FOLIO_NEW_ANON);
}

/* Some kernels call into the padding before a function, which has its own name. */
int cow_is_wrapper(const char *function)
{
	static const char padding[] = "__pfx_";

	if (!strncmp(function, padding, sizeof(padding) - 1))
		function += sizeof(padding) - 1;
	return same_function(function, COW_PAGE_NEW_ANON);
}
