// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/kallsyms.h>
#include <linux/printk.h>

#include "site.h"

#define COW_SITES	24

/*
 * Filled from the front and never changed: @site is set before @caller is
 * published, and a look-up ends at the first empty place.
 */
struct site_cache {
	struct {
		unsigned long caller;
		enum cow_site site;
	} entry[COW_SITES];
	atomic_t used;
};

static struct site_cache new_sites __read_mostly;
static struct site_cache move_sites __read_mostly;

static enum cow_site resolve(unsigned long caller)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(name, caller);
	return cow_site_by_caller(name);
}

/* Two that learn the same caller at the same time use two places. */
static noinline enum cow_site learn(struct site_cache *cache,
				    unsigned long caller, enum cow_site take)
{
	enum cow_site site = resolve(caller);
	int i;

	if (site == COW_SITE_TAKE)
		site = take;
	i = atomic_fetch_add_unless(&cache->used, 1, COW_SITES);
	if (i < COW_SITES) {
		cache->entry[i].site = site;
		/* Pairs with look_up(): who finds the caller finds its site. */
		smp_store_release(&cache->entry[i].caller, caller);
	}
	return site;
}

static __always_inline enum cow_site look_up(struct site_cache *cache,
					     unsigned long caller,
					     enum cow_site take)
{
	int i;

	for (i = 0; i < COW_SITES; i++) {
		unsigned long known;

		/* Pairs with learn(). */
		known = smp_load_acquire(&cache->entry[i].caller);
		if (known == caller)
			return cache->entry[i].site;
		if (!known && i >= atomic_read(&cache->used))
			break;
	}
	return learn(cache, caller, take);
}

/* do_wp_page makes a new page where wp_page_copy is inlined into it. */
enum cow_site cow_site_of_new(unsigned long caller)
{
	return look_up(&new_sites, caller, COW_SITE_COPY);
}

enum cow_site cow_site_of_move(unsigned long caller)
{
	return look_up(&move_sites, caller, COW_SITE_TAKE);
}
