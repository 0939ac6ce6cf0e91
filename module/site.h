/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which site a call of an rmap function came from.
 *
 * Return addresses are constant and few: each is looked up once by the name of
 * its function (classify.h) and remembered.
 */
#ifndef COWSTAT_SITE_H
#define COWSTAT_SITE_H

#include <linux/compiler.h>

#include "classify.h"

/*
 * For each site the caller that was seen first, and some room for others that
 * mean the same. A caller is stored once and stays.
 */
#define COW_SITE_CALLERS 4

struct cow_sites {
	unsigned long caller[COW_NR_SITES][COW_SITE_CALLERS];
};

/* Is this the usual caller of @site? */
static __always_inline bool cow_site_is(const struct cow_sites *sites,
					enum cow_site site,
					unsigned long caller)
{
	return READ_ONCE(sites->caller[site][0]) == caller;
}

/* The site of @caller, a return address into the kernel's text; any context. */
enum cow_site cow_site_of(struct cow_sites *sites, unsigned long caller);

#endif /* COWSTAT_SITE_H */
