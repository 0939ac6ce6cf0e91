/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which site a call of an rmap function came from.
 *
 * Return addresses are constant and few: each is looked up once by the name of
 * its function (classify.h) and remembered.
 */
#ifndef COWSTAT_SITE_H
#define COWSTAT_SITE_H

#include <linux/atomic.h>
#include <linux/compiler.h>

#include "classify.h"

#define COW_SITES	24

/*
 * Filled from the front and never changed: @site is set before @caller is
 * published.
 */
struct cow_sites {
	struct {
		unsigned long caller;
		enum cow_site site;
	} entry[COW_SITES];
	atomic_t used;
};

/* Any context. */
enum cow_site cow_site_learn(struct cow_sites *sites, unsigned long caller);

/*
 * The site of @caller, a return address into the kernel's text; any context.
 * A place that is being filled looks empty: then it is learned once more.
 */
static __always_inline enum cow_site cow_site_of(struct cow_sites *sites,
						 unsigned long caller)
{
	int i;

	for (i = 0; i < COW_SITES; i++) {
		/* Pairs with cow_site_learn(). */
		unsigned long known = smp_load_acquire(&sites->entry[i].caller);

		if (known == caller)
			return sites->entry[i].site;
		if (!known)
			break;
	}
	return cow_site_learn(sites, caller);
}

#endif /* COWSTAT_SITE_H */
