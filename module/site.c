// SPDX-License-Identifier: GPL-2.0
#include <linux/kallsyms.h>

#include "site.h"

static enum cow_site resolve(unsigned long caller)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(name, caller);
	return cow_site_by_caller(name);
}

/* Two that learn the same caller at the same time use two places. */
enum cow_site cow_site_learn(struct cow_sites *sites, unsigned long caller)
{
	enum cow_site site = resolve(caller);
	int i;

	i = atomic_fetch_add_unless(&sites->used, 1, COW_SITES);
	if (i < COW_SITES) {
		sites->entry[i].site = site;
		/* Pairs with cow_site_of(): who finds the caller finds this. */
		smp_store_release(&sites->entry[i].caller, caller);
	}
	return site;
}
