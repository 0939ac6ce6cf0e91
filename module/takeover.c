// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/task_work.h>

#include "fault.h"
#include "loss.h"
#include "pagetable.h"
#include "takeover.h"

#define COW_TAKEOVER_BITS	9
#define COW_TAKEOVER_REACH	8	/* places to look at, from the task's on */

/**
 * struct takeover - a write that may take a page over
 * @work: runs on the return to user space
 * @task: whose, NULL if not in use; the rest is that task's alone
 * @mm: of that task
 * @address: of the page
 * @pfn: the page
 */
struct takeover {
	struct callback_head work;
	struct task_struct *task;
	struct mm_struct *mm;
	unsigned long address;
	unsigned long pfn;
};

static struct takeover
takeovers[(1 << COW_TAKEOVER_BITS) + COW_TAKEOVER_REACH];
static atomic_t pending;

static void give_back(struct takeover *takeover)
{
	/* Others may seize it from here on. */
	smp_store_release(&takeover->task, NULL);
	atomic_dec(&pending);
}

static bool is_taken_over(const struct takeover *takeover)
{
	pte_t pte = cow_pagetable_pte(takeover->mm, takeover->address);

	return takeover->mm == current->mm && pte_present(pte) &&
	       pte_write(pte) && pte_pfn(pte) == takeover->pfn &&
	       PageAnonExclusive(pfn_to_page(takeover->pfn));
}

static void before_user_space(struct callback_head *work)
{
	struct takeover *takeover = container_of(work, struct takeover, work);

	if (is_taken_over(takeover))
		cow_fault_taken_over(takeover->mm, takeover->address);
	give_back(takeover);
}

/* A page of a large folio that is not the process's alone */
static bool can_be_taken_over(pte_t pte)
{
	struct folio *folio;
	struct page *page;

	if (pte_special(pte) || !pfn_valid(pte_pfn(pte)))
		return false;
	page = pte_page(pte);
	folio = page_folio(page);
	return folio_test_large(folio) && folio_test_anon(folio) &&
	       !folio_test_hugetlb(folio) && !PageAnonExclusive(page);
}

static struct takeover *first_of(const struct task_struct *task)
{
	return &takeovers[hash_ptr(task, COW_TAKEOVER_BITS)];
}

/* An attempt that has to be made again is one write. */
static bool is_noted(unsigned long address)
{
	struct takeover *first = first_of(current), *takeover = first;

	for (; takeover < first + COW_TAKEOVER_REACH; takeover++)
		if (READ_ONCE(takeover->task) == current &&
		    takeover->address == address)
			return true;
	return false;
}

static struct takeover *seize(void)
{
	struct takeover *first = first_of(current), *takeover = first;

	atomic_inc(&pending);
	for (; takeover < first + COW_TAKEOVER_REACH; takeover++)
		if (!cmpxchg(&takeover->task, NULL, current))
			return takeover;
	atomic_dec(&pending);
	cow_lose_in(current->mm, COW_LOSS_flight, 1);
	return NULL;
}

static void note(const struct vm_fault *fault, unsigned long address)
{
	struct takeover *takeover = seize();

	if (!takeover)
		return;
	takeover->mm = fault->vma->vm_mm;
	takeover->address = address;
	takeover->pfn = pte_pfn(fault->orig_pte);
	init_task_work(&takeover->work, before_user_space);
	if (task_work_add(current, &takeover->work, TWA_RESUME))
		give_back(takeover);
}

void cow_takeover_begin_slowly(const struct vm_fault *fault)
{
	unsigned long address = fault->address & PAGE_MASK;

	if ((fault->flags & FAULT_FLAG_UNSHARE) ||
	    fault->vma->vm_mm != current->mm)
		return;
	if (can_be_taken_over(fault->orig_pte) && !is_noted(address))
		note(fault, address);
}

/* As cow_zeroread_exit(). */
void cow_takeover_exit(void)
{
	while (atomic_read(&pending))
		msleep(20);
}
