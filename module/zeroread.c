// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/userfaultfd_k.h>

#include "compat.h"
#include "counters.h"
#include "fault.h"
#include "flight.h"
#include "loss.h"
#include "pagetable.h"
#include "split.h"
#include "zeroread.h"

#define COW_NOTE_BITS	8	/* buckets */
#define COW_NOTES	6	/* in each */

/*
 * What is known of the page of a note since it was made, in ascending order:
 * a later piece of news that says less changes nothing.
 */
enum news {
	NO_NEWS,
	WAS_ZERO_PAGE,		/* another thread is about to overwrite it */
	WAS_HUGE_ZERO_PAGE,	/* another thread is about to split it */
	IS_COUNTED,		/* another read got the huge zero page for both */
};

/**
 * struct note - a read fault between its handler and the return to user space
 * @work: runs on that return; the task's alone while the note is in use
 * @task: whose, while it is in use
 * @mm: NULL if not in use
 * @page: address of the page
 * @in_split: there was no page table, but a huge zero page was being split
 * @news: what other threads did to it
 */
struct note {
	struct callback_head work;
	struct task_struct *task;
	struct mm_struct *mm;
	unsigned long page;
	bool in_split;
	enum news news;
};

/*
 * @lock protects all but @work, and that a note is dropped; it is held for a few
 * instructions, and is ours.
 */
struct bucket {
	raw_spinlock_t lock;
	struct note note[COW_NOTES];
};

static struct bucket buckets[1 << COW_NOTE_BITS];
atomic_t cow_zeroread_notes;

/* By the levels of the page table: there need be no huge pages in the kernel. */
#define HUGE_SIZE	PMD_SIZE
#define HUGE_MASK	PMD_MASK
#define HUGE_PAGES	PTRS_PER_PTE

enum entry { NO_TABLE, NO_ENTRY, ZERO_PAGE, HUGE_ZERO_PAGE, OTHER };

/* A huge page of anonymous memory is the zero page, or this. */
static bool is_anon(pmd_t pmd)
{
	return folio_test_anon(page_folio(pmd_page(pmd)));
}

static enum entry look_with_irqs_off(struct mm_struct *mm,
				     unsigned long address)
{
	pmd_t pmd = cow_pagetable_pmd(mm, address);
	pte_t pte;

	if (pmd_none(pmd))
		return NO_TABLE;
	if (!pmd_present(pmd))
		return OTHER;
	if (pmd_leaf(pmd))
		return is_anon(pmd) ? OTHER : HUGE_ZERO_PAGE;
	if (pmd_bad(pmd))
		return OTHER;
	pte = READ_ONCE(*pte_offset_kernel(&pmd, address));
	if (pte_present(pte))
		return is_zero_pfn(pte_pfn(pte)) ? ZERO_PAGE : OTHER;
	return pte_none(pte) || cow_pte_is_protected(pte) ? NO_ENTRY : OTHER;
}

/* What the page table has at @address. */
static enum entry look(struct mm_struct *mm, unsigned long address)
{
	unsigned long flags;
	enum entry entry;

	local_irq_save(flags);
	entry = look_with_irqs_off(mm, address);
	local_irq_restore(flags);
	return entry;
}

/* How many entries the page table from @start on has; 0 if there is none. */
static unsigned int count_entries(struct mm_struct *mm, unsigned long start)
{
	unsigned long page, flags;
	unsigned int entries = 0;
	pmd_t pmd;

	local_irq_save(flags);
	pmd = cow_pagetable_pmd(mm, start);
	if (pmd_present(pmd) && !pmd_leaf(pmd) && !pmd_bad(pmd))
		for (page = start; page < start + HUGE_SIZE; page += PAGE_SIZE)
			if (!pte_none(READ_ONCE(*pte_offset_kernel(&pmd, page))))
				entries++;
	local_irq_restore(flags);
	return entries;
}

/*
 * Has another thread split a huge zero page while @note was made? For a moment
 * there is no table then, as if nobody had read from it yet, but the new one
 * is full from the start, while one that a read makes has a single entry.
 * Writes to it that are under way may have cleared some entries again. Other
 * threads can fill a table as well, before this one gets to run: so it matters
 * that there was a split at all.
 */
static bool was_split(const struct note *note, struct mm_struct *mm)
{
	return note->in_split &&
	       count_entries(mm, note->page & HUGE_MASK) > HUGE_PAGES / 2;
}

static struct bucket *bucket_of(struct mm_struct *mm, unsigned long page)
{
	return &buckets[hash_64((unsigned long)mm ^ page, COW_NOTE_BITS)];
}

static struct note *find(struct bucket *bucket, struct mm_struct *mm,
			 unsigned long page)
{
	struct note *note = bucket->note;

	for (; note < bucket->note + COW_NOTES; note++)
		if (READ_ONCE(note->mm) == mm && note->page == page)
			return note;
	return NULL;
}

static struct note *find_free(struct bucket *bucket)
{
	struct note *note = bucket->note;

	for (; note < bucket->note + COW_NOTES; note++)
		/* who has dropped it does nothing more to it */
		if (!smp_load_acquire(&note->mm))
			return note;
	return NULL;
}

/*
 * Without the lock: who holds it may still find the note and tell it something, but
 * nobody makes another of it meanwhile.
 */
static void drop(struct note *note)
{
	smp_store_release(&note->mm, NULL);	/* see find_free() */
}

static void tell(struct note *note, enum news news)
{
	if (note->news < news)
		WRITE_ONCE(note->news, news);
}

/* Tell all notes in the huge page at @start; with @present, if it is there. */
static void tell_all(struct mm_struct *mm, unsigned long start, enum news news,
		     bool present)
{
	int i, j;

	for (i = 0; i < ARRAY_SIZE(buckets); i++) {
		raw_spin_lock(&buckets[i].lock);
		for (j = 0; j < COW_NOTES; j++) {
			struct note *note = &buckets[i].note[j];

			if (READ_ONCE(note->mm) != mm ||
			    (note->page & HUGE_MASK) != start)
				continue;
			if (!present || look(mm, start) == HUGE_ZERO_PAGE)
				tell(note, news);
		}
		raw_spin_unlock(&buckets[i].lock);
	}
}

/*
 * Reads of different pages that overlap can be answered by one huge zero page.
 * The first that comes to an end counts it. Afterwards nobody notes a read of
 * it any more, since its entry is there.
 */
static unsigned long huge_page_mapped(const struct note *note)
{
	static DEFINE_RAW_SPINLOCK(lock);
	unsigned long pages = 0;

	raw_spin_lock(&lock);
	if (READ_ONCE(note->news) != IS_COUNTED) {
		pages = HUGE_PAGES;
		if (atomic_read(&cow_zeroread_notes) > 1)
			tell_all(note->mm, note->page & HUGE_MASK,
				 IS_COUNTED, false);
	}
	raw_spin_unlock(&lock);
	return pages;
}

static unsigned long pages_mapped(const struct note *note)
{
	enum entry entry;
	enum news news;

	if (note->mm != current->mm)
		return 0;
	entry = look(note->mm, note->page);
	if (entry == ZERO_PAGE && was_split(note, note->mm))
		entry = OTHER;
	news = READ_ONCE(note->news);
	if (entry == HUGE_ZERO_PAGE || news >= WAS_HUGE_ZERO_PAGE)
		return huge_page_mapped(note);
	return entry == ZERO_PAGE || news == WAS_ZERO_PAGE;
}

static void before_user_space(struct callback_head *work)
{
	struct note *note = container_of(work, struct note, work);
	unsigned long pages;

	pages = pages_mapped(note);
	if (pages)
		cow_fault_charge(note->mm, COW_BIT(COW_ZERO_MAPPED), pages);
	drop(note);
	atomic_dec(&cow_zeroread_notes);
}

enum noted { NOTED, NOT_FIRST, NO_ROOM };

static enum noted make_note(struct mm_struct *mm, unsigned long page,
			    struct note **made)
{
	struct bucket *bucket = bucket_of(mm, page);
	enum noted noted = NO_ROOM;
	struct cow_split_view view;
	struct note *note;
	enum entry entry;

	cow_split_look(mm, page, &view);
	raw_spin_lock(&bucket->lock);
	note = find(bucket, mm, page);
	smp_rmb();	/* if it was dropped, its page is seen */
	entry = note ? OTHER : look(mm, page);
	if (entry > NO_ENTRY) {
		noted = NOT_FIRST;
	} else {
		note = find_free(bucket);
		if (note) {
			WRITE_ONCE(note->task, current);
			WRITE_ONCE(note->mm, mm);
			note->page = page;
			note->in_split = entry == NO_TABLE &&
					 cow_split_was(mm, page, &view);
			note->news = NO_NEWS;
			*made = note;
			noted = NOTED;
		}
	}
	raw_spin_unlock(&bucket->lock);
	return noted;
}

static bool could_be_huge(const struct vm_area_struct *vma, unsigned long page)
{
	unsigned long start = page & HUGE_MASK;

	return start >= vma->vm_start && start + HUGE_SIZE <= vma->vm_end;
}

/*
 * There was no page table. Is a huge page about to come there, or has it come since?
 * Who puts it there holds the lock from before the place is empty until it is not.
 */
static bool comes(struct mm_struct *mm, unsigned long page)
{
	if (cow_pagetable_is_busy(mm, page))
		return true;
	smp_rmb();	/* unlocked: what was put there is seen */
	return look(mm, page) != NO_TABLE;
}

static void count_now(struct vm_area_struct *vma, unsigned long page)
{
	struct mm_struct *mm = vma->vm_mm;
	struct cow_split_view view;
	enum entry entry;

	cow_split_look(mm, page, &view);
	entry = look(mm, page);
	if (entry > NO_ENTRY || cow_mm_unstable(mm))
		return;
	/* The split leaves the zero page here, which was counted with the others. */
	if (entry == NO_TABLE && cow_split_was(mm, page, &view))
		return;
	/* Its place is empty for some instructions after the kernel has said so. */
	if (entry == NO_TABLE && view.replaced && comes(mm, page))
		return;
	cow_fault_charge(mm, COW_BIT(COW_ZERO_MAPPED), 1);
	if (entry == NO_TABLE && could_be_huge(vma, page))
		cow_flight_zero_read(mm);
}

/* A read that could have got the huge zero page is over: it got another one. */
static void expect_no_huge(void)
{
	struct cow_flight *flight = cow_flight_find();

	if (cow_flight_is_at(flight, COW_STAGE_ZERO_READ))
		cow_flight_done(flight);
}

enum reader { NOBODY, ANOTHER, CURRENT };

/* Whose reads of @mm's memory are noted? That of the current task comes first. */
static enum reader noted_reader(const struct mm_struct *mm)
{
	enum reader reader = NOBODY;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(buckets); i++) {
		for (j = 0; j < COW_NOTES; j++) {
			const struct note *note = &buckets[i].note[j];

			if (READ_ONCE(note->mm) != mm)
				continue;
			if (READ_ONCE(note->task) == current)
				return CURRENT;
			reader = ANOTHER;
		}
	}
	return reader;
}

/*
 * The flight of the kernel's own read may have been dropped. If the read is not one of
 * user space, which is noted, it was. That of user space may have been the second of
 * two: then it is not known.
 */
static void count_huge_rest(struct mm_struct *mm)
{
	switch (noted_reader(mm)) {
	case NOBODY:
		cow_fault_charge(mm, COW_BIT(COW_ZERO_MAPPED), HUGE_PAGES - 1);
		break;
	case ANOTHER:
		cow_lose_in(mm, COW_LOSS_flight, HUGE_PAGES - 1);
		break;
	case CURRENT:
		break;
	}
}

void cow_zeroread_huge(struct mm_struct *mm)
{
	struct cow_flight *flight = cow_flight_find();

	if (cow_flight_is_at(flight, COW_STAGE_ZERO_READ) &&
	    flight->page == (unsigned long)mm) {
		cow_fault_charge(mm, COW_BIT(COW_ZERO_MAPPED), HUGE_PAGES - 1);
		cow_flight_done(flight);
	} else if (READ_ONCE(cow_flight_crowded)) {
		count_huge_rest(mm);
	}
}

void cow_zeroread_begin(struct vm_area_struct *vma, unsigned long address,
			unsigned int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long page = address & PAGE_MASK;
	struct note *note;

	expect_no_huge();
	if (userfaultfd_missing(vma))
		return;
	if (!(flags & FAULT_FLAG_USER) || mm != current->mm) {
		count_now(vma, page);
		return;
	}

	atomic_inc(&cow_zeroread_notes);
	switch (make_note(mm, page, &note)) {
	case NOTED:
		init_task_work(&note->work, before_user_space);
		if (!task_work_add(current, &note->work, TWA_RESUME))
			return;
		drop(note);
		break;
	case NO_ROOM:
		count_now(vma, page);
		break;
	case NOT_FIRST:
		break;
	}
	atomic_dec(&cow_zeroread_notes);
}

void cow_zeroread_overwrite_slowly(const struct vm_fault *fault)
{
	struct mm_struct *mm = fault->vma->vm_mm;
	unsigned long page = fault->address & PAGE_MASK;
	struct bucket *bucket = bucket_of(mm, page);
	struct note *note;

	if (!is_zero_pfn(pte_pfn(fault->orig_pte)))
		return;
	raw_spin_lock(&bucket->lock);
	note = find(bucket, mm, page);
	if (note && !was_split(note, mm))
		tell(note, WAS_ZERO_PAGE);
	raw_spin_unlock(&bucket->lock);
}

/*
 * Unlike a single page's, the entry is not locked, and another thread may have
 * cleared it since it was read: a note made after that says nothing of it.
 */
void cow_zeroread_split(const struct vm_fault *fault)
{
	struct mm_struct *mm = fault->vma->vm_mm;
	enum entry entry;

	if (is_anon(fault->orig_pmd))
		return;
	cow_split_begin(mm, fault->address);
	if (atomic_read(&cow_zeroread_notes))
		tell_all(mm, fault->address & HUGE_MASK, WAS_HUGE_ZERO_PAGE,
			 true);
	/* If another thread was faster, it may have said already that it is over. */
	entry = look(mm, fault->address);
	if (entry != HUGE_ZERO_PAGE && entry != NO_TABLE)
		cow_split_end(mm, fault->address);
}

void cow_zeroread_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(buckets); i++)
		raw_spin_lock_init(&buckets[i].lock);
}

/* Faults of user space return there soon. */
void cow_zeroread_exit(void)
{
	while (atomic_read(&cow_zeroread_notes))
		msleep(20);
}
