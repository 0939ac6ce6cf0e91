/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between kernels, each behind a name. What this one offers is
 * asked for by compiling (offers.sh, which makes offers.h), or by the names of
 * its symbols when the module is loaded (attach.c): never by its version, of which
 * distributions make what they like.
 */
#ifndef COWSTAT_COMPAT_H
#define COWSTAT_COMPAT_H

#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/userfaultfd_k.h>

#include <offers.h>

#ifdef COW_HAS_EXEC_STATE
#include <linux/sched/exec_state.h>
#endif

#ifdef COW_HAS_TRACE_EVENTS_EXCEPTIONS
#include <trace/events/exceptions.h>
#else
#include <asm/trace/exceptions.h>
#endif

#ifndef CONFIG_X86_64
#error "cowstat knows the page-fault tracepoints of x86-64 alone"
#endif

/*
 * The arguments of a traced function. Where there is no accessor, ftrace's entry
 * always saves the argument registers, with FL_SAVE_REGS or without.
 */
#ifdef COW_HAS_FTRACE_REGS_ARGUMENT
#define cow_traced_argument(fregs, n)	ftrace_regs_get_argument(fregs, n)
#else
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
#endif

/*
 * Calls of a function straight from the entry of the traced one, without ftrace
 * in between. They need ops of their own: by address alone, as it was before, the
 * place would have to be known.
 */
#if defined(COW_HAS_FTRACE_DIRECT_OPS)
#define cow_register_straight(ops, function) \
	register_ftrace_direct(ops, function)
#define cow_unregister_straight(ops, function) \
	unregister_ftrace_direct(ops, function, false)
#elif defined(COW_HAS_FTRACE_DIRECT_MULTI)
#define cow_register_straight(ops, function) \
	register_ftrace_direct_multi(ops, function)
#define cow_unregister_straight(ops, function) \
	unregister_ftrace_direct_multi(ops, function)
#else
#define cow_register_straight(ops, function)	(-EOPNOTSUPP)
#define cow_unregister_straight(ops, function)	((void)(ops))
#endif

/* The flags of a fork, as the tracepoint task_newtask has them. */
#ifdef COW_HAS_NEWTASK_U64
#define COW_CLONE_FLAGS	u64
#else
#define COW_CLONE_FLAGS	unsigned long
#endif

/* The probe of sched_process_exit: whether all of the task's group are dead, too. */
#ifdef COW_HAS_EXIT_OF_GROUP
#define COW_EXIT_PROBE(name) \
	name(void *data, struct task_struct *task, bool group_dead)
#else
#define COW_EXIT_PROBE(name)	name(void *data, struct task_struct *task)
#endif

/* How folio->mapping says that a folio is anonymous: it was renamed. */
#ifndef FOLIO_MAPPING_ANON
#define FOLIO_MAPPING_ANON	PAGE_MAPPING_ANON
#endif

/* A task was killed for lack of memory: its faults fail. */
static inline bool cow_mm_unstable(const struct mm_struct *mm)
{
#ifdef COW_HAS_MM_FLAGS_TEST
	return mm_flags_test(MMF_UNSTABLE, mm);
#else
	return test_bit(MMF_UNSTABLE, &mm->flags);
#endif
}

/*
 * Can the kernel tell whether all of a large folio is mapped by one process? Then it
 * takes over pages of it, without folio_move_anon_rmap().
 */
#define COW_TAKES_OVER_LARGE	IS_ENABLED(CONFIG_MM_ID)

/* The kernel's idea of whose memory it is: NULL if it has none. Under RCU. */
static inline struct task_struct *cow_mm_owner(const struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	return rcu_dereference(mm->owner);
#else
	return NULL;
#endif
}

/*
 * Is there no page, but a note of userfaultfd that the one to come is to be protected?
 * Entries that are not present have other names where leafops.h has them.
 */
static inline bool cow_pte_is_protected(pte_t pte)
{
#ifdef _LINUX_LEAFOPS_H
	return pte_is_uffd_wp_marker(pte);
#else
	return pte_marker_uffd_wp(pte);
#endif
}

/*
 * The page of an entry that is present and allows to read: what pte_page() does, with
 * none of the calls that a paravirtual kernel patches out. Where there is no page it is
 * not to be looked at.
 */
static __always_inline struct page *cow_pte_page(pte_t pte)
{
	return pfn_to_page((native_pte_val(pte) & PTE_PFN_MASK) >> PAGE_SHIFT);
}

/* Neither the zero page nor memory without a struct page */
static __always_inline bool cow_pte_has_page(pte_t pte)
{
	return !(native_pte_val(pte) & _PAGE_SPECIAL);
}

/*
 * Is @page the process's alone? The flag is another one's in pages that are not
 * anonymous. Flags are the first word of a page, whatever its type is called.
 */
static __always_inline bool cow_page_may_be_exclusive(const struct page *page)
{
	return *(const unsigned long *)page & BIT(PG_anon_exclusive);
}

static inline bool cow_page_is_exclusive(struct page *page)
{
	return cow_page_may_be_exclusive(page) &&
	       folio_test_anon(page_folio(page));
}

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

/* Of a mapping, with mmap_lock held for writing. */
static inline void cow_set_vm_flags(struct vm_area_struct *vma,
				    unsigned long flags)
{
#ifdef COW_HAS_VM_FLAGS_SET
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

/*
 * Is an anonymous page, which is mapped here, held by others too? Kernels that do
 * not count the mappings of each page of a large folio have but an estimate. What
 * is in swap too, and nobody's alone, may be held by its swap entry.
 */
static inline bool cow_page_is_shared(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (PageAnonExclusive(page))
		return false;
	if (folio_test_swapcache(folio))
		return true;
	if (folio_test_large(folio)) {
#ifdef CONFIG_NO_PAGE_MAPCOUNT
		return folio_maybe_mapped_shared(folio);
#else
		if (folio_entire_mapcount(folio))
			return true;
#endif
	}
	return atomic_read(&page->_mapcount) > 0;	/* -1 if there is none */
}

/* Private hugetlb pages, and shared ones whose entries a fork has copied. */
static inline unsigned long cow_mm_hugetlb(const struct mm_struct *mm)
{
#ifdef CONFIG_HUGETLB_PAGE
	return atomic_long_read(&mm->hugetlb_usage);
#else
	return 0;
#endif
}

/* The memory that an exec builds for the current task belongs to that already. */
static inline bool cow_mm_is_owned(const struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	return rcu_access_pointer(mm->owner);
#else
	return false;
#endif
}

/*
 * May its owner look into it, as ptrace has it? The memory says so, or the task:
 * where it is the other one, the answer is yes. A task is asked under RCU.
 */
#ifdef COW_HAS_EXEC_STATE
static inline bool cow_mm_dumpable(struct mm_struct *mm)
{
	return true;
}

static inline bool cow_task_dumpable(struct task_struct *task)
{
	const struct task_exec_state *state = rcu_dereference(task->exec_state);

	return state && READ_ONCE(state->dumpable) == TASK_DUMPABLE_OWNER;
}
#else
static inline bool cow_mm_dumpable(struct mm_struct *mm)
{
	return get_dumpable(mm) == SUID_DUMP_USER;
}

static inline bool cow_task_dumpable(struct task_struct *task)
{
	return true;
}
#endif

/*
 * The counters of an address space that no one else can see yet, exactly: of
 * per-CPU counters get_mm_counter() gives but an estimate.
 */
static inline unsigned long cow_mm_counter(struct mm_struct *mm, int member)
{
#if defined(COW_HAS_MM_COUNTER_SUM)
	return get_mm_counter_sum(mm, member);
#elif defined(COW_HAS_MM_COUNTER_PERCPU)
	return percpu_counter_sum_positive(&mm->rss_stat[member]);
#else
	return get_mm_counter(mm, member);
#endif
}

#endif /* COWSTAT_COMPAT_H */
