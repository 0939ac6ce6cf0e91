// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/topology.h>
#include <linux/userfaultfd_k.h>
#include <asm/trap_pf.h>

#include "classify.h"
#include "clock.h"
#include "collapse.h"
#include "compat.h"
#include "events.h"
#include "fault.h"
#include "flight.h"
#include "life.h"
#include "loss.h"
#include "origin.h"
#include "process.h"
#include "site.h"
#include "space.h"
#include "split.h"
#include "zeroread.h"

/*
 * Sites that make new anonymous pages, take pages over, make hugetlb pages, make an
 * entry writable, and get the huge zero page
 */
static struct cow_sites new_sites __read_mostly;
static struct cow_sites new_sites_by_page __read_mostly;
static struct cow_sites move_sites __read_mostly;
static struct cow_sites hugetlb_sites __read_mostly;
static struct cow_sites access_sites __read_mostly;
static struct cow_sites huge_zero_sites __read_mostly;

#define COW_TRACED(fregs, n, type) ((type)cow_traced_argument(fregs, n))

/* The stack that an exec builds in memory which is nobody's yet. */
static bool is_exec_stack(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_GROWSDOWN | VM_GROWSUP)) &&
	       (vma->vm_flags & VM_STACK_INCOMPLETE_SETUP) ==
		VM_STACK_INCOMPLETE_SETUP;
}

/* @ns: of a break, else 0 */
static void charge_process(struct cow_process *process, u32 bits, u64 n, u64 ns)
{
	if (ns)
		cow_process_charge_break(process, __ffs(bits), bits & (bits - 1),
					 n, ns);
	else
		cow_process_charge(process, bits, n);
}

/* @vma: where, if that is known */
static noinline void charge_slowly(const struct mm_struct *mm,
				   const struct vm_area_struct *vma, u32 bits,
				   u64 n, u64 ns)
{
	bool exec = vma && is_exec_stack(vma);

	raw_spin_lock(&cow_tree_lock);
	charge_process(cow_life_payer(mm, exec), bits, n, ns);
	raw_spin_unlock(&cow_tree_lock);
}

/*
 * What charge() or charge_break() do, and the event that tells of it. Where one of
 * them is all that a hook does when the event is off, it asks for that first: then
 * nothing is kept for an event that nobody wants.
 */
static noinline void charge_and_tell(const struct mm_struct *mm,
				     const struct vm_area_struct *vma,
				     const struct page *page,
				     unsigned long address, u32 bits, u64 n,
				     u64 ns)
{
	bool exec = vma && is_exec_stack(vma);
	struct cow_process *process = cow_space_owner(mm);

	if (likely(process)) {
		charge_process(process, bits, n, ns);
		cow_event_change(process, page, address, bits, n, ns);
		return;
	}
	raw_spin_lock(&cow_tree_lock);
	process = cow_life_payer(mm, exec);
	charge_process(process, bits, n, ns);
	cow_event_change(process, page, address, bits, n, ns);
	raw_spin_unlock(&cow_tree_lock);
}

/*
 * Charge @n of each of @bits to the owner of @vma's memory, whose page table
 * is locked. Small enough for its callers, which end with it, to need no stack
 * frame.
 */
static __always_inline void charge(const struct vm_area_struct *vma, u32 bits,
				   u64 n)
{
	struct cow_process *process = cow_space_owner(vma->vm_mm);

	if (likely(process))
		cow_process_charge(process, bits, n);
	else
		charge_slowly(vma->vm_mm, vma, bits, n, 0);
}

/*
 * Charge @n pages, broken since @start, to @whole and its @parts; as charge().
 */
static __always_inline void charge_break(const struct vm_area_struct *vma,
					 enum cow_tally whole, u32 parts,
					 u64 n, u64 start)
{
	struct cow_process *process = cow_space_owner(vma->vm_mm);
	u64 ns = cow_clock_since(start);

	if (likely(process))
		cow_process_charge_break(process, whole, parts, n, ns);
	else
		charge_slowly(vma->vm_mm, vma, COW_BIT(whole) | parts, n, ns);
}

void cow_fault_charge(struct mm_struct *mm, u32 bits, u64 n)
{
	struct cow_process *process;

	rcu_read_lock();
	process = cow_space_owner(mm);
	if (likely(process))
		cow_process_charge(process, bits, n);
	else
		charge_slowly(mm, NULL, bits, n, 0);
	rcu_read_unlock();
}

static __always_inline unsigned int
where_is(const struct vm_area_struct *vma, unsigned long address,
	 unsigned long size)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (vma->vm_flags & (VM_GROWSDOWN | VM_GROWSUP))
		return COW_IN_STACK;
	if (address < mm->brk && address + size > mm->start_brk)
		return COW_IN_HEAP;
	return 0;
}

static __always_inline u32 from_pool(const struct page *page)
{
	if (unlikely(page_to_nid(page) != numa_node_id()))
		return COW_BIT(COW_POOL_REMOTE);
	return 0;
}

/*
 * What a write to @old replaces, which is still referenced; NULL if it is no page of
 * the kernel's.
 */
static __always_inline enum cow_source
source_of(struct page *old, const struct vm_area_struct *vma)
{
	struct folio *folio;

	if (!old)
		return COW_FROM_FILE;
	folio = page_folio(old);
	if (!folio_test_anon(folio))
		return is_zero_pfn(page_to_pfn(old)) ? COW_FROM_ZERO :
						       COW_FROM_FILE;
	if (unlikely(folio_test_ksm(folio)))
		return COW_FROM_KSM;
	return cow_origin(folio, vma);
}

/* The rmap functions are given the first page of a folio, or the folio. */
static __always_inline unsigned long nr_pages(struct page *page)
{
	return folio_nr_pages((struct folio *)page);
}

/* A huge page is one that has the place of a whole page table. */
static __always_inline u32 huge_bits(unsigned long pages)
{
	return pages == PTRS_PER_PTE ? COW_BIT(COW_ZERO_HUGE) : 0;
}

static __always_inline u32 zero_bits(const struct page *page,
				     const struct vm_area_struct *vma,
				     unsigned long address, unsigned long pages)
{
	return cow_zero_bits(where_is(vma, address, pages << PAGE_SHIFT)) |
	       huge_bits(pages) | from_pool(page);
}

static noinline void zero_filled_and_tell(struct page *page,
					  const struct vm_area_struct *vma,
					  unsigned long address, u32 more)
{
	unsigned long pages = nr_pages(page);

	charge_and_tell(vma->vm_mm, vma, page, address,
			zero_bits(page, vma, address, pages) | more, pages, 0);
}

static noinline void zero_filled_parts(struct vm_area_struct *vma, u32 bits,
				       unsigned long pages)
{
	charge(vma, bits, pages);
}

static noinline notrace void zero_filled(struct page *page,
					 struct vm_area_struct *vma,
					 unsigned long address)
{
	unsigned long pages;
	u32 bits;

	if (trace_cow_zero_fill_enabled()) {
		zero_filled_and_tell(page, vma, address, 0);
		return;
	}
	pages = nr_pages(page);
	bits = zero_bits(page, vma, address, pages);
	if (likely(bits == COW_BIT(COW_ZERO_FILLED)))
		charge(vma, COW_BIT(COW_ZERO_FILLED), pages);
	else
		zero_filled_parts(vma, bits, pages);
}

static noinline void upgraded(struct page *page, struct vm_area_struct *vma,
			      unsigned long address)
{
	const u32 more = COW_BIT(COW_ZERO_UPGRADED);
	unsigned long pages;

	if (trace_cow_zero_fill_enabled()) {
		zero_filled_and_tell(page, vma, address, more);
		return;
	}
	pages = nr_pages(page);
	charge(vma, zero_bits(page, vma, address, pages) | more, pages);
}

/*
 * Is this the huge page that a write to the huge zero page gets at once? The
 * kernel then is in do_huge_pmd_wp_page(), whose fault is in flight.
 */
static bool replaces_huge_zero(const struct vm_area_struct *vma,
			       unsigned long address)
{
	struct cow_flight *flight = cow_flight_find();

	if (COW_STAGE(cow_flight_stage(flight)) != COW_STAGE_HUGE_ZERO ||
	    flight->mm != vma->vm_mm || (flight->page & PMD_MASK) != address)
		return false;
	cow_split_replace(vma->vm_mm, address);
	cow_flight_done(flight);
	return true;
}

static void collapsed(struct page *page, struct vm_area_struct *vma,
		      unsigned long address)
{
	unsigned long shared = cow_collapse_end(address, nr_pages(page));

	if (shared)
		charge(vma, COW_BIT(COW_COLLAPSED), shared);
}

static noinline notrace void mapped(struct page *page,
				    struct vm_area_struct *vma,
				    unsigned long address)
{
	if (unlikely(cow_write_locked(vma->vm_mm)))
		collapsed(page, vma, address);
	else if (unlikely(nr_pages(page) == PTRS_PER_PTE &&
		     replaces_huge_zero(vma, address)))
		upgraded(page, vma, address);
	else
		zero_filled(page, vma, address);
}

/* A break that no exception has caused is told apart. */
static __always_inline u32 remote_bits(unsigned int stage)
{
	if (unlikely(stage & COW_STAGE_REMOTE))
		return COW_BIT(COW_BROKEN_REMOTE);
	return 0;
}

/* @page has been put in the place of one that is @whole's, since @start. */
static __always_inline void broken(struct page *page,
				   struct vm_area_struct *vma,
				   unsigned long address, enum cow_tally whole,
				   u32 remote, u64 start, const bool tell)
{
	u32 parts = remote | from_pool(page);
	unsigned long pages = whole == COW_BROKEN_HUGETLB ? nr_pages(page) : 1;

	if (tell)
		charge_and_tell(vma->vm_mm, vma, page, address,
				COW_BIT(whole) | parts, pages,
				cow_clock_since(start));
	else
		charge_break(vma, whole, parts, pages, start);
}

/* In do_wp_page(), whether it may have waited for userfaultfd or not */
static __always_inline bool replaces(unsigned int stage)
{
	return likely(COW_STAGE(stage) == COW_STAGE_REPLACE) ||
	       COW_STAGE(stage) == COW_STAGE_PROTECTED;
}

/* @page has been put in the place of what @flight, at @stage, has noted. */
static __always_inline void replace(struct page *page,
				    struct vm_area_struct *vma,
				    unsigned long address,
				    struct cow_flight *flight,
				    unsigned int stage, const bool tell)
{
	enum cow_source source = source_of(flight->old, vma);
	u64 start = flight->start;

	cow_flight_done(flight);
	if (source == COW_FROM_ZERO)
		upgraded(page, vma, address);
	else
		broken(page, vma, address, cow_copy_tally(source),
		       remote_bits(stage) | cow_unsure_bits(source), start,
		       tell);
}

/* Not the usual way there: from outside, or to be read; or the fault is not known. */
static noinline void replaced_slowly(struct page *page,
				     struct vm_area_struct *vma,
				     unsigned long address)
{
	struct cow_flight *flight = cow_flight_find();
	unsigned int stage = cow_flight_stage(flight);

	if (!replaces(stage)) {
		cow_lose_in(vma->vm_mm, COW_LOSS_flight, 1);
	} else if (stage & COW_STAGE_UNSHARE) {
		cow_flight_done(flight);
		charge(vma, COW_BIT(COW_UNSHARED), 1);
	} else {
		replace(page, vma, address, flight, stage, true);
	}
}

static noinline notrace void replaced(struct page *page,
				      struct vm_area_struct *vma,
				      unsigned long address)
{
	struct cow_flight *flight = cow_flight_first(current);

	if (unlikely(!cow_flight_is_at(flight, COW_STAGE_REPLACE) ||
		     trace_cow_break_enabled()))
		replaced_slowly(page, vma, address);
	else
		replace(page, vma, address, flight, COW_STAGE_REPLACE, false);
}

/*
 * The entry of a write to a file's page was dropped, or there was none: that costs the
 * time of its start, and more only if it may have been one from outside.
 */
static u32 file_write_remote(const struct vm_area_struct *vma)
{
	if (vma->vm_mm != current->mm)
		return COW_BIT(COW_BROKEN_REMOTE);
	if (READ_ONCE(cow_flight_remote_dropped))
		cow_lose_in(vma->vm_mm, COW_LOSS_flight, 1);
	return 0;
}

static __always_inline void copy_from_file(struct page *page,
					   struct vm_area_struct *vma,
					   unsigned long address,
					   const bool tell)
{
	struct cow_flight *flight = cow_flight_find();
	u32 remote = 0;
	u64 start;

	if (likely(flight->page == (address & PAGE_MASK))) {
		start = flight->start;
		remote = remote_bits(cow_flight_stage(flight));
	} else {
		start = cow_clock_ticks();
		remote = file_write_remote(vma);
	}
	cow_flight_done(flight);
	broken(page, vma, address, COW_BROKEN_FILE, remote, start, tell);
}

static noinline void copied_from_file_and_tell(struct page *page,
					       struct vm_area_struct *vma,
					       unsigned long address)
{
	copy_from_file(page, vma, address, true);
}

static noinline notrace void copied_from_file(struct page *page,
					      struct vm_area_struct *vma,
					      unsigned long address)
{
	if (trace_cow_break_enabled())
		copied_from_file_and_tell(page, vma, address);
	else
		copy_from_file(page, vma, address, false);
}

static noinline void new_page_elsewhere(unsigned long ip, unsigned long caller,
					struct cow_sites *sites,
					struct ftrace_regs *fregs)
{
	struct page *page = COW_TRACED(fregs, 0, struct page *);
	struct vm_area_struct *vma = COW_TRACED(fregs, 1, typeof(vma));
	unsigned long address = COW_TRACED(fregs, 2, unsigned long);
	const struct cow_call call = { ip, caller, page, vma, address };

	switch (cow_site_of(sites, &call)) {
	case COW_SITE_ZERO:
		zero_filled(page, vma, address);
		break;
	case COW_SITE_MAP:
	case COW_SITE_HUGE:
		mapped(page, vma, address);
		break;
	case COW_SITE_WRITE:
		replaced(page, vma, address);
		break;
	case COW_SITE_FILE:
		copied_from_file(page, vma, address);
		break;
	case COW_SITE_COLLAPSE:
		collapsed(page, vma, address);
		break;
	case COW_SITE_EAGER:
		cow_space_note_eager(vma->vm_mm, 1);
		break;
	case COW_SITE_NOT_OURS:
		break;
	default:
		cow_lose_in(vma->vm_mm, COW_LOSS_site, 1);
	}
}

/*
 * With the traced function's arguments, which are read for each of these calls where
 * they are to be: for all of them, they would be in the way of the hook's own.
 */
static __always_inline void
call_with_arguments(void (*function)(struct page *page,
				     struct vm_area_struct *vma,
				     unsigned long address),
		    struct ftrace_regs *fregs)
{
	OPTIMIZER_HIDE_VAR(fregs);
	function(COW_TRACED(fregs, 0, struct page *),
		 COW_TRACED(fregs, 1, struct vm_area_struct *),
		 COW_TRACED(fregs, 2, unsigned long));
}

notrace COW_HOOK(cow_on_new_anon_rmap)
{
	if (cow_site_is(&new_sites, COW_SITE_ZERO, caller))
		call_with_arguments(zero_filled, fregs);
	else if (cow_site_is(&new_sites, COW_SITE_WRITE, caller))
		call_with_arguments(replaced, fregs);
	else if (cow_site_is(&new_sites, COW_SITE_FILE, caller))
		call_with_arguments(copied_from_file, fregs);
	else if (cow_site_is(&new_sites, COW_SITE_MAP, caller))
		call_with_arguments(mapped, fregs);
	else
		new_page_elsewhere(ip, caller, &new_sites, fregs);
}

notrace COW_HOOK(cow_on_new_anon_rmap_by_page)
{
	new_page_elsewhere(ip, caller, &new_sites_by_page, fregs);
}

/* As replaced_slowly() */
static noinline void taken_over_slowly(struct vm_area_struct *vma,
				       enum cow_stage from, u64 pages)
{
	struct cow_flight *flight = cow_flight_find();
	unsigned int stage = cow_flight_stage(flight);

	if (COW_STAGE(stage) != from && !(from == COW_STAGE_REPLACE &&
					  replaces(stage))) {
		cow_lose_in(vma->vm_mm, COW_LOSS_flight, pages);
		return;
	}
	cow_flight_done(flight);
	if (!(stage & COW_STAGE_UNSHARE))
		charge_and_tell(vma->vm_mm, vma, NULL, flight->page,
				COW_BIT(COW_REUSED), pages, 0);
}

static __always_inline void taken_over(struct vm_area_struct *vma,
				       enum cow_stage from, u64 pages)
{
	struct cow_flight *flight = cow_flight_first(current);

	if (unlikely(!cow_flight_is_at(flight, from) ||
		     trace_cow_reuse_enabled())) {
		taken_over_slowly(vma, from, pages);
		return;
	}
	cow_flight_done(flight);
	charge(vma, COW_BIT(COW_REUSED), pages);
}

/* The flight of the hugetlb_fault() whose page is put in place, or NULL. */
static struct cow_flight *hugetlb_landing(struct page *page,
					  const struct vm_area_struct *vma)
{
	struct cow_flight *flight = cow_flight_find();

	if (COW_STAGE(cow_flight_stage(flight)) == COW_STAGE_HUGETLB)
		return flight;
	cow_lose_in(vma->vm_mm, COW_LOSS_flight, nr_pages(page));
	return NULL;
}

static void hugetlb_taken_over(struct page *page, struct vm_area_struct *vma)
{
	struct cow_flight *flight = hugetlb_landing(page, vma);

	if (!flight)
		return;
	if (!(cow_flight_stage(flight) & COW_STAGE_UNSHARE))
		charge_and_tell(vma->vm_mm, vma, NULL, flight->page,
				COW_BIT(COW_REUSED), nr_pages(page), 0);
	cow_flight_done(flight);
}

static void hugetlb_replaced(struct page *page, struct vm_area_struct *vma)
{
	struct cow_flight *flight = hugetlb_landing(page, vma);

	if (!flight)
		return;
	if (cow_flight_stage(flight) & COW_STAGE_UNSHARE)
		charge(vma, COW_BIT(COW_UNSHARED), nr_pages(page));
	else
		broken(page, vma, flight->page, COW_BROKEN_HUGETLB,
		       remote_bits(cow_flight_stage(flight)), flight->start, true);
	cow_flight_done(flight);
}

/* Of whatever size: hugetlb has others than the page tables' own. */
static void hugetlb_zero_filled(struct page *page, struct vm_area_struct *vma,
				unsigned long address)
{
	u32 bits = cow_zero_bits(0) | COW_BIT(COW_ZERO_HUGE) | from_pool(page);

	cow_flight_abandon();
	charge_and_tell(vma->vm_mm, vma, page, address, bits, nr_pages(page),
			0);
}

notrace COW_HOOK(cow_on_new_hugetlb_rmap)
{
	struct page *page = COW_TRACED(fregs, 0, struct page *);
	struct vm_area_struct *vma = COW_TRACED(fregs, 1, typeof(vma));
	unsigned long address = COW_TRACED(fregs, 2, unsigned long);
	const struct cow_call call = { ip, caller, page, vma, address };

	switch (cow_site_of(&hugetlb_sites, &call)) {
	case COW_SITE_HUGETLB:
		hugetlb_replaced(page, vma);
		break;
	case COW_SITE_HUGETLB_ZERO:
		hugetlb_zero_filled(page, vma, address);
		break;
	case COW_SITE_EAGER:
		cow_space_note_eager(vma->vm_mm, nr_pages(page));
		break;
	case COW_SITE_NOT_OURS:
		break;
	default:
		cow_lose_in(vma->vm_mm, COW_LOSS_site, 1);
	}
}

notrace COW_HOOK(cow_on_copy_hugetlb)
{
	struct mm_struct *child = COW_TRACED(fregs, 0, typeof(child));
	struct vm_area_struct *vma = COW_TRACED(fregs, 3, typeof(vma));

	cow_space_note_hugetlb(child, vma->vm_flags & VM_MAYSHARE);
}

notrace COW_HOOK(cow_on_hugetlb_fault)
{
	struct vm_area_struct *vma = COW_TRACED(fregs, 1, typeof(vma));
	unsigned long address = COW_TRACED(fregs, 2, unsigned long);
	unsigned int flags = COW_TRACED(fregs, 3, unsigned int);

	if (!(vma->vm_flags & VM_SHARED) &&
	    (flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)))
		cow_flight_hugetlb(address, flags);
}

/* Memory of a file has no pages that fork shares, or they are not collapsed. */
notrace COW_HOOK(cow_on_collapse)
{
	struct vm_area_struct *vma = COW_TRACED(fregs, 0, typeof(vma));

	if (vma_is_anonymous(vma))
		cow_collapse_begin(vma, COW_TRACED(fregs, 1, unsigned long),
				   COW_TRACED(fregs, 2, pmd_t *));
}

static noinline void taken_over_elsewhere(struct page *page,
					  struct vm_area_struct *vma,
					  unsigned long caller)
{
	const struct cow_call call = { .caller = caller, .vma = vma };

	switch (cow_site_of(&move_sites, &call)) {
	case COW_SITE_WRITE:
		taken_over(vma, COW_STAGE_REPLACE, 1);
		break;
	case COW_SITE_HUGE:
		taken_over(vma, COW_STAGE_HUGE, nr_pages(page));
		break;
	case COW_SITE_HUGETLB:
		hugetlb_taken_over(page, vma);
		break;
	case COW_SITE_NOT_OURS:
		break;
	default:
		cow_lose_in(vma->vm_mm, COW_LOSS_site, 1);
	}
}

notrace COW_HOOK(cow_on_move_anon_rmap)
{
	struct page *page = COW_TRACED(fregs, 0, struct page *);
	struct vm_area_struct *vma = COW_TRACED(fregs, 1, typeof(vma));

	if (likely(cow_site_is(&move_sites, COW_SITE_WRITE, caller)))
		taken_over(vma, COW_STAGE_REPLACE, 1);
	else
		taken_over_elsewhere(page, vma, caller);
}

notrace void cow_probe_page_fault(void *data, unsigned long address,
				  struct pt_regs *regs,
				  unsigned long error_code)
{
	const unsigned long wanted = X86_PF_PROT | X86_PF_WRITE;

	if ((error_code & wanted) == wanted)
		cow_flight_trap(address);
}

notrace void cow_probe_kernel_fault(void *data, unsigned long address,
				    struct pt_regs *regs,
				    unsigned long error_code)
{
	if ((error_code & (X86_PF_PROT | X86_PF_WRITE)) == X86_PF_WRITE)
		cow_flight_absent(address);
	else
		cow_probe_page_fault(data, address, regs, error_code);
}

/* Of a private mapping: a file's memory is written, or anonymous memory read. */
notrace void cow_fault_starts(struct vm_area_struct *vma, unsigned long address,
			      unsigned int flags)
{
	if (flags & FAULT_FLAG_WRITE)
		cow_flight_handle(address, flags);
	else if (!(flags & FAULT_FLAG_UNSHARE))
		cow_zeroread_begin(vma, address, flags);
}

/* As straight.S. */
notrace COW_HOOK(cow_on_handle_mm_fault)
{
	struct vm_area_struct *vma = COW_TRACED(fregs, 0, typeof(vma));
	unsigned long address = COW_TRACED(fregs, 1, unsigned long);
	unsigned int flags = COW_TRACED(fregs, 2, unsigned int);

	if (!(flags & FAULT_FLAG_WRITE) != !!vma->vm_ops &&
	    !(vma->vm_flags & VM_SHARED))
		cow_fault_starts(vma, address, flags);
}

/*
 * What the usual write does not meet: a mapping that userfaultfd may protect, a page
 * that is exclusive or is none of the kernel's, or reads that are noted.
 */
static noinline void replace_begins(const struct vm_fault *fault)
{
	pte_t pte = fault->orig_pte;
	struct page *old = NULL;

	if (fault->vma->vm_flags & VM_SHARED)
		return;
	cow_zeroread_overwrite(fault);
	if (cow_pte_has_page(pte) || is_zero_pfn(pte_pfn(pte)))
		old = cow_pte_page(pte);
	if (cow_pte_has_page(pte) && cow_page_is_exclusive(old))
		cow_flight_abandon();
	else if (userfaultfd_pte_wp(fault->vma, pte))
		cow_flight_replace(fault, COW_STAGE_PROTECTED, old);
	else
		cow_flight_replace(fault, COW_STAGE_REPLACE, old);
}

/*
 * If the page is exclusive already (after mprotect, say), nothing was shared: the
 * kernel makes it writable, and no commit point follows.
 */
notrace COW_HOOK(cow_on_do_wp_page)
{
	struct vm_fault *fault = COW_TRACED(fregs, 0, typeof(fault));
	pte_t pte = fault->orig_pte;
	struct page *old = cow_pte_page(pte);

	if (unlikely(fault->vma->vm_flags & (VM_SHARED | VM_UFFD_WP)) ||
	    unlikely(atomic_read(&cow_zeroread_notes)) ||
	    unlikely(cow_pte_has_page(pte) ? cow_page_may_be_exclusive(old) :
					     !is_zero_pfn(page_to_pfn(old))))
		replace_begins(fault);
	else
		cow_flight_replace(fault, COW_STAGE_REPLACE, old);
}

notrace COW_HOOK(cow_on_do_huge_pmd_wp_page)
{
	struct vm_fault *fault = COW_TRACED(fregs, 0, typeof(fault));
	struct page *old = pmd_page(fault->orig_pmd);

	cow_zeroread_split(fault);
	if (!folio_test_anon(page_folio(old)))
		cow_flight_replace(fault, COW_STAGE_HUGE_ZERO,
				   fault->vma->vm_mm);
	else if (cow_page_is_exclusive(old))
		cow_flight_abandon();
	else
		cow_flight_replace(fault, COW_STAGE_HUGE, old);
}

/*
 * The last that do_wp_page() does for a page that it does not copy. Where a page of a
 * large folio is taken over no other call says so; others have landed by now, or are
 * exclusive and not in flight.
 */
notrace COW_HOOK(cow_on_set_access_flags)
{
	struct vm_area_struct *vma = COW_TRACED(fregs, 0, typeof(vma));
	unsigned long address = COW_TRACED(fregs, 1, unsigned long);
	const struct cow_call call = { .caller = caller, .vma = vma };
	struct cow_flight *flight = cow_flight_find();

	if (likely(!replaces(cow_flight_stage(flight))) ||
	    flight->page != (address & PAGE_MASK) ||
	    (vma->vm_flags & VM_SHARED) ||
	    cow_site_of(&access_sites, &call) != COW_SITE_WRITE)
		return;
	taken_over(vma, COW_STAGE_REPLACE, 1);
}

/* Not for a fork, nor for a file with a hole. */
notrace COW_HOOK(cow_on_huge_zero_page)
{
	const struct cow_call call = { .caller = caller };

	if (cow_site_of(&huge_zero_sites, &call) == COW_SITE_ZERO)
		cow_zeroread_huge(COW_TRACED(fregs, 0, struct mm_struct *));
}
