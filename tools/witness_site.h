/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What it means that a function is called from another, by the names of all
 * kernels: written from the kernel's sources, and apart from the module's table.
 */
#ifndef COWSTAT_WITNESS_SITE_H
#define COWSTAT_WITNESS_SITE_H

enum witness_site {
	WITNESS_SITE_OTHER,	/* no fault's */
	WITNESS_SITE_WRITE,	/* a write to a page that is present */
	WITNESS_SITE_FILE,	/* the first write to a file page that is not */
	WITNESS_SITE_ZERO,	/* the first write to no page at all */
	WITNESS_SITE_HUGE_ZERO,	/* the same, which gets a huge page */
	WITNESS_SITE_HUGE,	/* a write to a huge page that is present */
	WITNESS_SITE_FORK,	/* a page copied at a fork */
	WITNESS_SITE_HUGETLB,	/* any fault on hugetlb memory */
	WITNESS_SITES
};

enum witness_site witness_site(const char *caller);

#endif
