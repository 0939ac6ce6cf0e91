// SPDX-License-Identifier: GPL-2.0
/*
 * Sites by return address: of functions that this kernel has. Where they are a
 * kprobe knows, the exported functions excepted.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "site.h"
#include "tap.h"

static struct cow_sites sites;

/* An address within the function @name, 0 if there is none. */
static unsigned long inside(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	unsigned long address;

	if (register_kprobe(&probe))
		return 0;
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return address + 1;
}

/* A call of which nothing is known but where it comes from */
static enum cow_site site_of(unsigned long caller)
{
	const struct cow_call call = { .caller = caller };

	return cow_site_of(&sites, &call);
}

static int remembered(enum cow_site site, unsigned long caller)
{
	int i, n = 0;

	for (i = 0; i < COW_SITE_CALLERS; i++)
		n += sites.caller[site][i] == caller;
	return n;
}

static int all_remembered(void)
{
	int site, i, n = 0;

	for (site = 0; site < COW_NR_SITES; site++)
		for (i = 0; i < COW_SITE_CALLERS; i++)
			n += sites.caller[site][i] != 0;
	return n;
}

static void test_known(void)
{
	unsigned long caller = inside("do_wp_page");

	memset(&sites, 0, sizeof(sites));
	ok(caller, "this kernel has do_wp_page");
	ok(!cow_site_is(&sites, COW_SITE_WRITE, caller), "not seen yet");
	ok(site_of(caller) == COW_SITE_WRITE, "it is a write");
	ok(remembered(COW_SITE_WRITE, caller) == 1, "which is remembered");
	ok(cow_site_is(&sites, COW_SITE_WRITE, caller), "as the usual one");
	ok(!cow_site_is(&sites, COW_SITE_ZERO, caller), "of no other site");
	ok(site_of(caller) == COW_SITE_WRITE, "it stays one");
	ok(all_remembered() == 1, "and is remembered once");
}

static void test_unknown(void)
{
	unsigned long caller = (unsigned long)vfree + 1;

	memset(&sites, 0, sizeof(sites));
	ok(site_of(caller) == COW_SITE_UNKNOWN, "a stranger is unknown");
	ok(remembered(COW_SITE_UNKNOWN, caller) == 1, "and remembered as such");
	ok(site_of(16) == COW_SITE_UNKNOWN, "so is what is no function");
}

/* More callers than there is room for are right all the same. */
static void test_no_room(void)
{
	unsigned long caller = inside("do_wp_page");
	int i;

	memset(&sites, 0, sizeof(sites));
	for (i = 0; i < 2 * COW_SITE_CALLERS; i++)
		ok(site_of(caller + i) == COW_SITE_WRITE,
		   "caller %d of a write", i);
	ok(all_remembered() == COW_SITE_CALLERS, "as many as fit are remembered");
	ok(cow_site_is(&sites, COW_SITE_WRITE, caller), "the first is the usual one");
}

/*
 * What a call from the handler of all faults is about tells the fault that is
 * described on the stack.
 */
static enum cow_site site_in_handler(struct page *page, pte_t before)
{
	struct vm_area_struct vma = { .vm_start = 0x10000, .vm_end = 0x20000 };
	struct vm_fault fault = {
		.vma = &vma,
		.address = 0x12000,
		.pgoff = linear_page_index(&vma, 0x12000),
		.flags = FAULT_FLAG_WRITE,
		.orig_pte = before,
	};
	const struct cow_call call = {
		.caller = inside("__handle_mm_fault"),
		.page = page,
		.vma = fault.vma,
		.address = fault.address,
	};

	OPTIMIZER_HIDE_VAR(page);
	barrier_data(&fault);
	memset(&sites, 0, sizeof(sites));
	return cow_site_of(&sites, &call);
}

static void test_in_handler(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	pte_t present;

	ok(page, "a page");
	if (!page)
		return;
	present = mk_pte(page, PAGE_READONLY);
	ok(site_in_handler(page, __pte(0)) == COW_SITE_ZERO, "a first write");
	ok(site_in_handler(page, present) == COW_SITE_WRITE,
	   "a copy, if it is one of nothing but zeros");
	*(long *)page_address(page) = 1;
	ok(site_in_handler(page, __pte(0)) == COW_SITE_UNKNOWN,
	   "what has something in it is no zero-fill");
	__free_page(page);
}

static void test_apart(void)
{
	unsigned long write = inside("do_wp_page");
	unsigned long unknown = (unsigned long)kfree + 1;

	memset(&sites, 0, sizeof(sites));
	site_of(write);
	site_of(unknown);
	ok(site_of(write) == COW_SITE_WRITE &&
	   site_of(unknown) == COW_SITE_UNKNOWN,
	   "sites are kept apart");
}

#define TESTS(TEST) \
	TEST(test_known) \
	TEST(test_unknown) \
	TEST(test_no_room) \
	TEST(test_in_handler) \
	TEST(test_apart)

SUITE(site, TESTS)
