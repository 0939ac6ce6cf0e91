// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/sched.h>

#include "origin.h"
#include "space.h"

/* From how many forks after the exec on an anon_vma can have been reused */
#define COW_FORKS_TO_REUSE	3

/* Mappings to look at, with preemption off. */
#define COW_MAPPINGS		4096

static const struct anon_vma *at(const struct list_head *link)
{
	return list_entry(link, struct anon_vma_chain, same_vma)->anon_vma;
}

/* Of a chain from @head by @next to @tail: was the anon_vma @own made for it? */
static bool is_head(const struct anon_vma *own, const struct list_head *head,
		    const struct list_head *next, const struct list_head *tail)
{
	if (at(head) != own)
		return false;
	return at(tail) == own->root || at(tail) == own->parent ||
	       (at(next) == own->parent && at(tail) == own->parent->parent);
}

/* In either direction, see origin.h. */
static bool is_made(const struct vm_area_struct *vma)
{
	const struct list_head *chain = &vma->anon_vma_chain;
	const struct list_head *head = chain->next, *tail = chain->prev;

	return is_head(vma->anon_vma, head, head->next, tail) ||
	       is_head(vma->anon_vma, tail, tail->prev, head);
}

/* A chain of two has the root's, and one that was made. */
static bool has_third(const struct vm_area_struct *vma)
{
	const struct list_head *chain = &vma->anon_vma_chain;

	return chain->next->next->next != chain;
}

static bool has_reused(struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, mm, 0);
	unsigned int left = COW_MAPPINGS;
	struct vm_area_struct *vma;

	for_each_vma(vmi, vma) {
		if (!left-- ||
		    (vma->anon_vma && has_third(vma) && !is_made(vma)))
			return true;
	}
	return false;
}

bool cow_origin_reused(struct mm_struct *mm)
{
	bool reused;

	if (!mmap_read_trylock(mm))
		return true;
	reused = has_reused(mm);
	mmap_read_unlock(mm);
	return reused;
}

bool cow_origin_can_reuse(void)
{
	struct cow_space *space = NULL;

	if (current->mm)
		space = cow_space_find(current->mm);
	return !space || READ_ONCE(space->past.forks) + 1 >= COW_FORKS_TO_REUSE;
}

void cow_origin_fork(struct cow_space *child, bool reused)
{
	struct cow_space *parent = NULL;

	lockdep_assert_held(&cow_tree_lock);

	if (current->mm)
		parent = cow_space_find(current->mm);
	if (parent)
		WRITE_ONCE(parent->past.forked, true);
	if (!child)
		return;
	child->past.forks = COW_FORKS_TO_REUSE;
	if (parent)
		child->past.forks = min_t(u8, parent->past.forks + 1,
					  COW_FORKS_TO_REUSE);
	child->past.reused = reused;
	child->past.heir = !parent || parent->past.reused;
}

void cow_origin_unknown(struct cow_space *space)
{
	lockdep_assert_held(&cow_tree_lock);

	space->past.forks = COW_FORKS_TO_REUSE;
	space->past.reused = true;
	space->past.heir = true;
	space->past.forked = true;
}

/*
 * May a fork that is under way have shared @vma's pages? It is known only when it is
 * complete, and other tasks that use the memory can write before. An anon_vma that it
 * has made for the child is a child of @vma's own.
 */
static bool may_be_forking(const struct vm_area_struct *vma)
{
	return atomic_read(&vma->vm_mm->mm_users) > 1 &&
	       (has_third(vma) || READ_ONCE(vma->anon_vma->num_children));
}

static bool has_forked(const struct cow_space *space)
{
	return !space || READ_ONCE(space->past.forked);
}

enum cow_source cow_origin_of_own(const struct vm_area_struct *vma)
{
	const struct cow_space *space;

	if (!has_third(vma))
		return COW_FROM_SELF;
	space = cow_space_find(vma->vm_mm);
	if (space && !space->past.heir && is_made(vma))
		return COW_FROM_SELF;
	if (has_forked(space))
		return COW_FROM_SELF_MAYBE;
	/* One's own can be copied as it is still being written to swap. */
	if (may_be_forking(vma) || !list_empty(&vma->vm_mm->mmlist))
		return COW_FROM_OTHER_MAYBE;
	return COW_FROM_OTHER;
}

/* What KSM has merged is shared without a fork, and loses its mark in swap. */
enum cow_source cow_origin_of_other(const struct vm_area_struct *vma)
{
	if ((vma->vm_flags & VM_MERGEABLE) ||
	    has_forked(cow_space_find(vma->vm_mm)) || may_be_forking(vma))
		return COW_FROM_OTHER_MAYBE;
	return COW_FROM_OTHER;
}
