// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "collapse.h"
#include "compat.h"
#include "loss.h"

/* At the same time, those alone that copy shared pages. */
#define COW_COLLAPSES	64

/**
 * struct collapse - one that is under way
 * @task: that does it, NULL if it is not in use
 * @shared: which pages of the page table others hold too
 */
struct collapse {
	struct task_struct *task;
	DECLARE_BITMAP(shared, PTRS_PER_PTE);
};

static struct collapse collapses[COW_COLLAPSES];
static atomic_t running;

static struct collapse *find(const struct task_struct *task)
{
	int i;

	if (!atomic_read(&running))
		return NULL;
	for (i = 0; i < COW_COLLAPSES; i++)
		if (READ_ONCE(collapses[i].task) == task)
			return &collapses[i];
	return NULL;
}

static struct collapse *claim(void)
{
	int i;

	for (i = 0; i < COW_COLLAPSES; i++) {
		if (cmpxchg(&collapses[i].task, NULL, current))
			continue;
		atomic_inc(&running);
		return &collapses[i];
	}
	return NULL;
}

static void release(struct collapse *collapse)
{
	/* Others may claim it from here on. */
	smp_store_release(&collapse->task, NULL);
	atomic_dec(&running);
}

static bool is_shared(pte_t pte)
{
	if (!pte_present(pte) || pte_special(pte) || is_zero_pfn(pte_pfn(pte)))
		return false;
	return cow_page_is_shared(pte_page(pte));
}

static void note_shared(unsigned long *shared, pmd_t *pmd, unsigned long start)
{
	pte_t *pte = pte_offset_kernel(pmd, start);
	int i;

	bitmap_zero(shared, PTRS_PER_PTE);
	for (i = 0; i < PTRS_PER_PTE; i++)
		if (is_shared(READ_ONCE(pte[i])))
			__set_bit(i, shared);
}

void cow_collapse_begin(const struct vm_area_struct *vma, unsigned long address,
			pmd_t *pmd)
{
	struct collapse *collapse = find(current);
	DECLARE_BITMAP(shared, PTRS_PER_PTE);

	note_shared(shared, pmd, address & PMD_MASK);
	if (bitmap_empty(shared, PTRS_PER_PTE)) {
		if (collapse)
			release(collapse);
		return;
	}
	if (!collapse)
		collapse = claim();
	if (collapse)
		bitmap_copy(collapse->shared, shared, PTRS_PER_PTE);
	else
		cow_lose_in(vma->vm_mm, COW_LOSS_flight,
			    bitmap_weight(shared, PTRS_PER_PTE));
}

unsigned long cow_collapse_end(unsigned long address, unsigned long pages)
{
	struct collapse *collapse = find(current);
	unsigned long first = pte_index(address);
	unsigned long end = min_t(unsigned long, first + pages, PTRS_PER_PTE);
	unsigned long shared = 0;

	if (!collapse)
		return 0;
	for (; first < end; first++)
		shared += test_bit(first, collapse->shared);
	release(collapse);
	return shared;
}

void cow_collapse_forget(const struct task_struct *task)
{
	struct collapse *collapse = find(task);

	if (collapse)
		release(collapse);
}
