/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between kernel versions, each behind a name. No other file
 * of the module tests a version.
 */
#ifndef COWSTAT_COMPAT_H
#define COWSTAT_COMPAT_H

#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/version.h>

#ifndef CONFIG_X86_64
#error "cowstat knows the page-fault tracepoints of x86-64 alone"
#endif

/*
 * The arguments of a traced function. 6.1 has no accessor, but its ftrace
 * entry always saves the argument registers, with FL_SAVE_REGS or without.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static __always_inline unsigned long
cow_traced_argument(struct ftrace_regs *fregs, unsigned int n)
{
	switch (n) {
	case 0:
		return fregs->regs.di;
	case 1:
		return fregs->regs.si;
	case 2:
		return fregs->regs.dx;
	default:
		return fregs->regs.cx;
	}
}
#else
#define cow_traced_argument(fregs, n)	ftrace_regs_get_argument(fregs, n)
#endif

/*
 * Calls of a function straight from the entry of the traced one, without ftrace
 * in between: ops of their own since 5.16, with one name for them since 6.4.
 */
#if !defined(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)
#define cow_register_straight(ops, function)	(-EOPNOTSUPP)
#define cow_unregister_straight(ops, function)	((void)(ops))
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define cow_register_straight(ops, function) \
	register_ftrace_direct_multi(ops, function)
#define cow_unregister_straight(ops, function) \
	unregister_ftrace_direct_multi(ops, function)
#else
#define cow_register_straight(ops, function) \
	register_ftrace_direct(ops, function)
#define cow_unregister_straight(ops, function) \
	unregister_ftrace_direct(ops, function, false)
#endif

/* The compiler's; the kernel has no name of its own for it. */
#define __cow_straight __attribute__((no_caller_saved_registers))

/*
 * The rmap functions were renamed from page_ to folio_ in 6.8 and 6.9. Their
 * first argument is the page, or the folio, which begins with its first page.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#define COW_NEW_ANON_RMAP	"page_add_new_anon_rmap"
#define COW_MOVE_ANON_RMAP	"page_move_anon_rmap"
#define COW_NEW_HUGETLB_RMAP	"hugepage_add_new_anon_rmap"
#define COW_HUGE_ZERO_PAGE	"mm_get_huge_zero_page"
#else
#define COW_NEW_ANON_RMAP	"folio_add_new_anon_rmap"
#define COW_MOVE_ANON_RMAP	"folio_move_anon_rmap"
#define COW_NEW_HUGETLB_RMAP	"hugetlb_add_new_anon_rmap"
#define COW_HUGE_ZERO_PAGE	"mm_get_huge_zero_folio"
#endif

/* How folio->mapping says that a folio is anonymous: renamed in 6.17. */
#ifndef FOLIO_MAPPING_ANON
#define FOLIO_MAPPING_ANON	PAGE_MAPPING_ANON
#endif

/* A task was killed for lack of memory: its faults fail. A bitmap since 6.18. */
static inline bool cow_mm_unstable(const struct mm_struct *mm)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	return test_bit(MMF_UNSTABLE, &mm->flags);
#else
	return mm_flags_test(MMF_UNSTABLE, mm);
#endif
}

/* A page of a large folio is taken over without folio_move_anon_rmap() since 6.15. */
#define COW_TAKES_OVER_LARGE	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0))

/*
 * Does the current task hold the mmap_lock of @mm for writing? In 7.3 the
 * collapse of pages, which does, and faults, which never do, map new pages with
 * the same functions. The low bits are flags; a reader's are not all clear.
 */
static inline bool cow_write_locked(const struct mm_struct *mm)
{
#ifdef CONFIG_PREEMPT_RT
	unsigned long owner =
		(unsigned long)READ_ONCE(mm->mmap_lock.rwbase.rtmutex.owner);
	const unsigned long flags = 1;
#else
	unsigned long owner = atomic_long_read(&mm->mmap_lock.owner);
	const unsigned long flags = 2;
#endif
	return (owner & ~flags) == (unsigned long)current;
}

/* Of a mapping, with mmap_lock held for writing. A function sets them since 6.3. */
static inline void cow_set_vm_flags(struct vm_area_struct *vma,
				    unsigned long flags)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	vma->vm_flags |= flags;
#else
	vm_flags_set(vma, flags);
#endif
}

/*
 * The counters of an address space that no one else can see yet. Since 6.2
 * they are per-CPU counters, of which get_mm_counter() gives but an estimate.
 */
static inline unsigned long cow_mm_counter(struct mm_struct *mm, int member)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	return get_mm_counter(mm, member);
#else
	return percpu_counter_sum_positive(&mm->rss_stat[member]);
#endif
}

#endif /* COWSTAT_COMPAT_H */
