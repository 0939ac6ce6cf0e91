// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>

#include "site.h"

static enum cow_site resolve(unsigned long caller)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(name, caller);
	return cow_site_by_caller(name);
}

/* Without room it is resolved again each time, which is slow but right. */
static noinline enum cow_site learn(struct cow_sites *sites,
				    unsigned long caller)
{
	enum cow_site site = resolve(caller);
	unsigned long *place = sites->caller[site];
	int i;

	for (i = 0; i < COW_SITE_CALLERS; i++)
		if (!cmpxchg(&place[i], 0, caller) || place[i] == caller)
			break;
	return site;
}

enum cow_site cow_site_of(struct cow_sites *sites, unsigned long caller)
{
	int site, i;

	for (site = 0; site < COW_NR_SITES; site++)
		for (i = 0; i < COW_SITE_CALLERS; i++)
			if (READ_ONCE(sites->caller[site][i]) == caller)
				return site;
	return learn(sites, caller);
}
