/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which site a call of an rmap function came from.
 *
 * Return addresses are constant and few: each is looked up once by the name of
 * its function (classify.h), and where that is not enough by what the first call
 * is about, and remembered.
 */
#ifndef COWSTAT_SITE_H
#define COWSTAT_SITE_H

#include <linux/compiler.h>

#include "classify.h"

struct page;
struct vm_area_struct;

/*
 * For each site the caller that was seen first, and some room for others that
 * mean the same. A caller is stored once and stays.
 */
#define COW_SITE_CALLERS 4

struct cow_sites {
	unsigned long caller[COW_NR_SITES][COW_SITE_CALLERS];
};

/**
 * struct cow_call - a call of a traced function, with the page table locked
 * @traced: an address in that function
 * @caller: the return address, into the kernel's text
 * @page: the page that it puts in place, NULL if it makes no new one
 * @vma: where
 * @address: likewise
 */
struct cow_call {
	unsigned long traced;
	unsigned long caller;
	struct page *page;
	struct vm_area_struct *vma;
	unsigned long address;
};

/* Is this the usual caller of @site? */
static __always_inline bool cow_site_is(const struct cow_sites *sites,
					enum cow_site site,
					unsigned long caller)
{
	return READ_ONCE(sites->caller[site][0]) == caller;
}

/* The site of @call; any context. */
enum cow_site cow_site_of(struct cow_sites *sites, const struct cow_call *call);

#endif /* COWSTAT_SITE_H */
