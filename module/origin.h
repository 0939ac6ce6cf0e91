/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose page it was: did the writing process make it, or inherit it?
 *
 * An anonymous page knows the anon_vma that it was made in, and each process has
 * an anon_vma of its own for a mapping that it was forked with. So a page with the
 * anon_vma of the writer's mapping is the writer's, and any other was inherited.
 * That is sure but for these:
 *
 * - Fork makes no new anon_vma for the child where there is one that nobody uses any
 *   more, that of an ancestor which has gone or has unmapped the memory. Pages of
 *   that ancestor and of the child look alike then. The mapping's chain tells: it is
 *   the parent's chain, with a new anon_vma put before it or not. Older kernels copy
 *   the chain in its order, so that the root is always last and a reused anon_vma
 *   not the first: what the parent uses is. Newer ones reverse the chain with each copy,
 *   also when a mapping is split or moved. Then a new anon_vma is at one end and at the
 *   other is its parent, its parent's parent, or the root; of a reused one the other end
 *   is what the parent uses, which is neither.
 *   That holds if the parent's was made for it. If not, it holds again for the
 *   child of its child. The root is never reused, so a chain of two has none that was.
 * - What comes back from swap, and is shared, gets the anon_vma of the root, whoever
 *   made it. And what was swapped out and is the writer's alone by then becomes the
 *   writer's own, but can keep the anon_vma that it had.
 * - A page of a large folio that is taken over keeps its anon_vma too, on kernels that
 *   take such pages over one by one.
 *
 * A process that has never forked shares nothing but what it has inherited, so there
 * most of that is sure again.
 */
#ifndef COWSTAT_ORIGIN_H
#define COWSTAT_ORIGIN_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rmap.h>

#include "classify.h"
#include "compat.h"

struct cow_space;

/**
 * struct cow_past - what an address space has been through, see above
 * @forks: between the exec and this address space, so far as it matters
 * @reused: it was born with a mapping whose anon_vma was reused
 * @heir: so was its parent, so that the ends of a chain tell nothing
 * @forked: it has been forked from
 */
struct cow_past {
	u8 forks;
	bool reused;
	bool heir;
	bool forked;
};

/*
 * Has @mm, which the current task may have forked just now, a mapping with a reused
 * anon_vma? Waits for nobody: if @mm is locked, or has very many mappings, it may have.
 */
bool cow_origin_reused(struct mm_struct *mm);

/* Can a child of the current task have one? Under RCU. */
bool cow_origin_can_reuse(void);

/* The current task has forked @child, or what is not tracked if that is NULL. */
void cow_origin_fork(struct cow_space *child, bool reused);

/* @space was there before the module was, forked by whomever. */
void cow_origin_unknown(struct cow_space *space);

/* For cow_origin() alone. */
enum cow_source cow_origin_of_own(const struct vm_area_struct *vma);
enum cow_source cow_origin_of_other(const struct vm_area_struct *vma);

/* May a page that is not marked as the process's have been taken over by it? */
static __always_inline bool cow_origin_may_be_kept(const struct folio *folio,
						   const struct mm_struct *mm)
{
	return !list_empty(&mm->mmlist) ||
	       (COW_TAKES_OVER_LARGE && folio_test_large((struct folio *)folio));
}

/**
 * cow_origin() - whose page is replaced
 * @folio: anonymous, mapped in @vma
 * @vma: of the writer's memory
 *
 * The mapping's chain is stable: it is changed with mmap_lock and the mapping's own
 * lock held for writing, one of which the fault holds for reading, and is begun
 * before the mapping has an anonymous page.
 */
static __always_inline enum cow_source
cow_origin(const struct folio *folio, const struct vm_area_struct *vma)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);

	if (mapping - FOLIO_MAPPING_ANON != (unsigned long)vma->anon_vma) {
		if (unlikely(cow_origin_may_be_kept(folio, vma->vm_mm)))
			return cow_origin_of_other(vma);
		return COW_FROM_OTHER;
	}
	if (likely(vma->anon_vma->root == vma->anon_vma))
		return COW_FROM_SELF;
	return cow_origin_of_own(vma);
}

#endif /* COWSTAT_ORIGIN_H */
