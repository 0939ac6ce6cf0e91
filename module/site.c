// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "site.h"

static noinline int named(unsigned long address, int (*is)(const char *name))
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(name, address);
	return is(name);
}

static noinline enum cow_site named_site(unsigned long caller)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(name, caller);
	return cow_site_by_caller(name);
}

/* The function that the instruction before @caller calls, 0 if it is not known. */
static unsigned long called_by(unsigned long caller)
{
	struct {
		u8 opcode;
		s32 distance;
	} __packed call;

	if (copy_from_kernel_nofault(&call, (void *)(caller - sizeof(call)),
				     sizeof(call)) || call.opcode != 0xe8)
		return 0;
	return caller + call.distance;
}

/* Does a wrapper that has a hook of its own call, or jump, to the traced one? */
static bool is_passed_on(const struct cow_call *call)
{
	return named(call->traced, cow_is_wrapped) &&
	       (named(call->caller, cow_is_wrapper) ||
		named(called_by(call->caller), cow_is_wrapper));
}

static bool is_about(const struct vm_fault *fault, const struct cow_call *call)
{
	return fault->vma == call->vma &&
	       fault->address - call->address <
	       folio_size(page_folio(call->page)) &&
	       fault->pgoff == linear_page_index(fault->vma, fault->address) &&
	       (fault->flags & FAULT_FLAG_WRITE);
}

/* Other frames' words, of which a sanitizer takes some for nobody's */
static void copy_words(unsigned long *to, const unsigned long *from, size_t size)
{
	size_t i;

	for (i = 0; i < size / sizeof(long); i++)
		to[i] = READ_ONCE_NOCHECK(from[i]);
}

/*
 * The kernel's own description of the fault that @call is part of, which lies in the
 * frame of one of its callers, beyond that of @fault: a copy.
 */
static bool find_fault(const struct cow_call *call, struct vm_fault *fault)
{
	const unsigned long *end = task_stack_page(current) + THREAD_SIZE -
				   sizeof(*fault);
	const unsigned long *place;

	BUILD_BUG_ON(sizeof(*fault) % sizeof(long));
	if (!object_is_on_stack(fault))
		return false;
	for (place = (void *)(fault + 1); place <= end; place++) {
		copy_words((unsigned long *)fault, place, sizeof(*fault));
		if (is_about(fault, call))
			return true;
	}
	return false;
}

static enum cow_entry_before entry_before(const struct cow_call *call)
{
	struct vm_fault fault;

	if (!find_fault(call, &fault))
		return COW_ENTRY_UNKNOWN;
	if (pte_none(fault.orig_pte))
		return COW_ENTRY_NONE;
	return pte_present(fault.orig_pte) ? COW_ENTRY_PRESENT : COW_ENTRY_AWAY;
}

/* A page that is given for a first write has nothing in it yet. */
static bool is_in_doubt(enum cow_site site, struct page *page)
{
	return (site == COW_SITE_ZERO || site == COW_SITE_HUGETLB_ZERO) &&
	       memchr_inv(page_address(page), 0, PAGE_SIZE);
}

static enum cow_site resolve(const struct cow_call *call)
{
	enum cow_site site;

	if (is_passed_on(call))
		return COW_SITE_NOT_OURS;
	site = named_site(call->caller);
	if (!call->page)
		return site < COW_NR_SITES ? site : COW_SITE_UNKNOWN;
	if (site == COW_SITE_HANDLER)
		site = cow_site_in_handler(entry_before(call),
					   vma_is_anonymous(call->vma));
	return is_in_doubt(site, call->page) ? COW_SITE_UNKNOWN : site;
}

/* Without room it is resolved again each time, which is slow but right. */
static noinline enum cow_site learn(struct cow_sites *sites,
				    const struct cow_call *call)
{
	enum cow_site site = resolve(call);
	unsigned long *place = sites->caller[site];
	int i;

	for (i = 0; i < COW_SITE_CALLERS; i++)
		if (!cmpxchg(&place[i], 0, call->caller) ||
		    place[i] == call->caller)
			break;
	return site;
}

enum cow_site cow_site_of(struct cow_sites *sites, const struct cow_call *call)
{
	int site, i;

	for (site = 0; site < COW_NR_SITES; site++)
		for (i = 0; i < COW_SITE_CALLERS; i++)
			if (READ_ONCE(sites->caller[site][i]) == call->caller)
				return site;
	return learn(sites, call);
}
