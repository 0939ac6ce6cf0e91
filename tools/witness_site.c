// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "witness_site.h"

static const struct {
	const char *caller;
	enum witness_site site;
} sites[] = {
	{ "wp_page_copy", WITNESS_SITE_WRITE },
	{ "do_wp_page", WITNESS_SITE_WRITE },
	{ "do_set_pte", WITNESS_SITE_FILE },
	{ "set_pte_range", WITNESS_SITE_FILE },
	{ "finish_fault", WITNESS_SITE_FILE },
	{ "__handle_mm_fault", WITNESS_SITE_ZERO },
	{ "handle_pte_fault", WITNESS_SITE_ZERO },
	{ "do_anonymous_page", WITNESS_SITE_ZERO },
	{ "map_anon_folio_pte_nopf", WITNESS_SITE_ZERO },
	{ "do_huge_pmd_anonymous_page", WITNESS_SITE_HUGE_ZERO },
	{ "__do_huge_pmd_anonymous_page", WITNESS_SITE_HUGE_ZERO },
	{ "map_anon_folio_pmd_nopf", WITNESS_SITE_HUGE_ZERO },
	{ "do_huge_pmd_wp_page", WITNESS_SITE_HUGE },
	{ "copy_page_range", WITNESS_SITE_FORK },
	{ "copy_pte_range", WITNESS_SITE_FORK },
	{ "copy_present_page", WITNESS_SITE_FORK },
	{ "hugetlb_fault", WITNESS_SITE_HUGETLB },
};

/* Compilers append to names: ".isra.0" */
enum witness_site witness_site(const char *caller)
{
	size_t length = strcspn(caller, ".");

	for (size_t i = 0; i < sizeof(sites) / sizeof(*sites); i++)
		if (strlen(sites[i].caller) == length &&
		    !strncmp(sites[i].caller, caller, length))
			return sites[i].site;
	return WITNESS_SITE_OTHER;
}
