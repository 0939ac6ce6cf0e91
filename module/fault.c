// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/topology.h>
#include <asm/trap_pf.h>

#include "classify.h"
#include "fault.h"
#include "flight.h"
#include "life.h"
#include "loss.h"
#include "process.h"
#include "site.h"
#include "space.h"
#include "zeroread.h"

static noinline void charge_slowly(struct mm_struct *mm, bool exec, u32 bits,
				   u64 n, u64 ns)
{
	struct cow_process *process;

	raw_spin_lock(&cow_tree_lock);
	process = cow_life_payer(mm, exec);
	cow_process_charge(process, bits, n);
	if (ns)
		cow_process_charge_time(process, ns);
	raw_spin_unlock(&cow_tree_lock);
}

static __always_inline void charge(struct mm_struct *mm, bool exec, u32 bits,
				   u64 n, u64 ns)
{
	struct cow_process *process;

	process = cow_space_owner(mm);
	if (unlikely(!process)) {
		charge_slowly(mm, exec, bits, n, ns);
		return;
	}
	cow_process_charge(process, bits, n);
	if (ns)
		cow_process_charge_time(process, ns);
}

void cow_fault_charge(struct mm_struct *mm, u32 bits, u64 n)
{
	charge(mm, false, bits, n, 0);
}

/* The stack that an exec builds in memory which is nobody's yet. */
static bool is_exec_stack(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_GROWSDOWN | VM_GROWSUP)) &&
	       (vma->vm_flags & VM_STACK_INCOMPLETE_SETUP) ==
		VM_STACK_INCOMPLETE_SETUP;
}

static unsigned int where_is(const struct vm_area_struct *vma,
			     unsigned long address, unsigned long size)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (vma->vm_flags & (VM_GROWSDOWN | VM_GROWSUP))
		return COW_IN_STACK;
	if (address < mm->brk && address + size > mm->start_brk)
		return COW_IN_HEAP;
	return 0;
}

static u32 from_pool(const struct page *page)
{
	return page_to_nid(page) == numa_node_id() ?
		0 : COW_BIT(COW_POOL_REMOTE);
}

/*
 * An anonymous page knows the anon_vma that it was made in, and each process
 * has its own anon_vma for a mapping. There is one exception: fork may give
 * the child the anon_vma of a dead process between it and the last exec. Then
 * a page of that dead one and one of the child look alike, and it is said so.
 */
static bool page_is_own(const struct page *page, const struct vm_area_struct *vma)
{
	unsigned long mapping = (unsigned long)READ_ONCE(page->mapping);
	struct cow_process *process;

	if (mapping - PAGE_MAPPING_ANON != (unsigned long)vma->anon_vma)
		return false;
	if (likely(vma->anon_vma->root == vma->anon_vma))
		return true;
	process = cow_space_owner(vma->vm_mm);
	if (process && unlikely(process->heir))
		cow_lose(COW_LOSS_origin, 1);
	return true;
}

/* What the write of @fault replaces; the old page is still referenced. */
static enum cow_source source_of(const struct vm_fault *fault)
{
	const struct vm_area_struct *vma = fault->vma;
	struct page *page;

	if (fault->flags & FAULT_FLAG_UNSHARE)
		return COW_FROM_NOTHING;
	if (is_zero_pfn(pte_pfn(fault->orig_pte)))
		return COW_FROM_ZERO;
	page = fault->page;
	if (!page)
		return COW_FROM_FILE;
	page = compound_head(page);
	if (!PageAnon(page))
		return COW_FROM_FILE;
	if (PageKsm(page))
		return COW_FROM_NOTHING;
	return page_is_own(page, vma) ? COW_FROM_SELF : COW_FROM_OTHER;
}

/* At least 1: a break takes time, however coarse the clock is. */
static u64 elapsed(const struct cow_flight *flight)
{
	u64 now = cow_clock();

	return now > flight->start_ns ? now - flight->start_ns : 1;
}

static void copied(struct page *page, struct vm_area_struct *vma,
		   unsigned long address)
{
	struct cow_flight *flight = cow_flight_of_current();
	enum cow_source source;
	u64 ns = 0;
	u32 bits;

	if (unlikely(!flight || flight->stage != COW_STAGE_REPLACE)) {
		cow_lose(COW_LOSS_flight, 1);
		return;
	}
	source = source_of(flight->fault);
	bits = cow_copy_bits(source, where_is(vma, address, PAGE_SIZE));
	if (bits & COW_BROKEN_BITS)
		ns = elapsed(flight);
	cow_flight_done(flight);
	if (source == COW_FROM_ZERO)
		cow_zeroread_upgraded(vma->vm_mm, address);
	if (bits)
		charge(vma->vm_mm, false, bits | from_pool(page), 1, ns);
}

static void zeroed(struct page *page, struct vm_area_struct *vma,
		   unsigned long address)
{
	unsigned long pages = compound_nr(page);
	u32 bits = cow_zero_bits(where_is(vma, address, pages << PAGE_SHIFT));

	charge(vma->vm_mm, is_exec_stack(vma), bits | from_pool(page), pages, 0);
}

static void copied_from_file(struct page *page, struct vm_area_struct *vma,
			     unsigned long address)
{
	struct cow_flight *flight = cow_flight_of_current();
	u32 bits = COW_BIT(COW_BROKEN_FILE) | from_pool(page);
	u64 ns = 1;

	if (likely(flight && flight->page == (address & PAGE_MASK)))
		ns = elapsed(flight);
	if (flight)
		cow_flight_done(flight);
	charge(vma->vm_mm, false, bits, compound_nr(page), ns);
}

void cow_fault_new_page(unsigned long caller, struct page *page,
			struct vm_area_struct *vma, unsigned long address)
{
	switch (cow_site_of_new(caller)) {
	case COW_SITE_ZERO:
		zeroed(page, vma, address);
		break;
	case COW_SITE_COPY:
		copied(page, vma, address);
		break;
	case COW_SITE_FILE:
		copied_from_file(page, vma, address);
		break;
	case COW_SITE_EAGER:
		cow_space_note_eager(vma->vm_mm);
		break;
	case COW_SITE_NOT_OURS:
		break;
	default:
		cow_lose(COW_LOSS_site, 1);
	}
}

void cow_fault_taken_over(unsigned long caller, struct page *page,
			  struct vm_area_struct *vma)
{
	enum cow_site site = cow_site_of_move(caller);
	struct cow_flight *flight;
	unsigned long pages = 1;

	if (site == COW_SITE_NOT_OURS)
		return;
	if (site == COW_SITE_TAKE_HUGE) {
		pages = compound_nr(compound_head(page));
	} else if (unlikely(site != COW_SITE_TAKE)) {
		cow_lose(COW_LOSS_site, 1);
		return;
	}

	flight = cow_flight_of_current();
	if (unlikely(!flight || flight->stage < COW_STAGE_HUGE)) {
		cow_lose(COW_LOSS_flight, 1);
		return;
	}
	if (!(flight->fault->flags & FAULT_FLAG_UNSHARE))
		charge(vma->vm_mm, false, COW_BIT(COW_REUSED), pages, 0);
	cow_flight_done(flight);
}

void cow_fault_trap(unsigned long address, unsigned long error_code)
{
	const unsigned long wanted = X86_PF_PROT | X86_PF_WRITE;

	if ((error_code & wanted) == wanted && address < TASK_SIZE_MAX)
		cow_flight_trap(address);
}

void cow_fault_handle(struct vm_area_struct *vma, unsigned long address,
		      unsigned int flags)
{
	if (flags & FAULT_FLAG_WRITE) {
		if (vma->vm_ops && !(vma->vm_flags & VM_SHARED))
			cow_flight_handle(address, flags & FAULT_FLAG_TRIED);
	} else if (!vma->vm_ops && !(flags & FAULT_FLAG_UNSHARE)) {
		cow_zeroread_begin(vma, address, flags);
	}
}

/*
 * A page that is exclusive already (after mprotect, say) is shared with nobody:
 * the kernel makes it writable again, and no commit point follows.
 */
static bool is_exclusive(const struct vm_fault *fault)
{
	struct page *page;

	if (fault->vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP))
		return false;
	if (pte_special(fault->orig_pte))
		return false;
	page = pte_page(fault->orig_pte);
	return PageAnon(page) && PageAnonExclusive(page);
}

void cow_fault_replace(struct vm_fault *fault)
{
	if (fault->vma->vm_flags & VM_SHARED || is_exclusive(fault)) {
		cow_flight_land(current);
		return;
	}
	cow_flight_replace(fault);
}

void cow_fault_replace_huge(struct vm_fault *fault)
{
	cow_flight_replace_huge(fault);
}
