// SPDX-License-Identifier: GPL-2.0
#include "flight.h"
#include "split.h"

struct cow_flight cow_flights[(1 << COW_FLIGHT_BITS) + COW_FLIGHT_REACH];

struct cow_flight cow_flight_spare;

/* The entry in reach of @first that is @task's, or NULL. */
static struct cow_flight *find(struct cow_flight *first,
			       const struct task_struct *task)
{
	struct cow_flight *flight = first;

	for (; flight < first + COW_FLIGHT_REACH; flight++)
		if (READ_ONCE(flight->task) == task)
			return flight;
	return NULL;
}

struct cow_flight *cow_flight_find_further(struct cow_flight *first)
{
	return find(first, current) ?: &cow_flight_spare;
}

/* From the handler to the commit a write never takes so long. */
#define COW_FLIGHT_OLD_NS	(10ULL * NSEC_PER_SEC)

/* Read while its owner may change it: a hint, no more. */
static bool can_be_dropped(const struct cow_flight *flight)
{
	return COW_STAGE(READ_ONCE(flight->stage)) < COW_STAGE_HUGE ||
	       cow_clock_since(READ_ONCE(flight->start)) > COW_FLIGHT_OLD_NS;
}

static struct cow_flight *drop_one(struct cow_flight *first)
{
	struct cow_flight *flight = first;

	for (; flight < first + COW_FLIGHT_REACH; flight++) {
		struct task_struct *owner = READ_ONCE(flight->task);

		if (can_be_dropped(flight) && cow_flight_seize(flight, owner))
			return flight;
	}
	return NULL;
}

static struct cow_flight *take_free_one(struct cow_flight *first)
{
	struct cow_flight *flight;

	while ((flight = find(first, NULL)))
		if (cow_flight_seize(flight, NULL))
			return flight;
	return NULL;
}

struct cow_flight *cow_flight_take_off_slowly(struct cow_flight *first)
{
	struct cow_flight *flight = find(first, current);

	if (flight)
		return flight;
	flight = take_free_one(first) ?: drop_one(first) ?: &cow_flight_spare;
	flight->page = 0;
	flight->stage = COW_STAGE_LANDED;
	return flight;
}

void cow_flight_trap_slowly(unsigned long address)
{
	cow_flight_trap_in(cow_flight_take_off(), address, cow_clock_ticks());
}

/*
 * Has the handler met this write before: as a file's, as one to a huge page that
 * was split since, or in an attempt that has to be made again? A new exception
 * would have begun anew, at the tracepoint.
 */
static bool is_known(const struct cow_flight *flight,
		     const struct vm_fault *fault)
{
	switch (COW_STAGE(flight->stage)) {
	case COW_STAGE_HANDLER:
	case COW_STAGE_HUGE:
		return true;
	case COW_STAGE_REPLACE:
		return fault->flags &
		       (FAULT_FLAG_TRIED | FAULT_FLAG_INTERRUPTIBLE);
	default:
		return false;
	}
}

/* Its clock starts once the page is there. */
void cow_flight_absent(unsigned long address)
{
	struct cow_flight *flight = cow_flight_take_off();

	flight->page = address & PAGE_MASK;
	WRITE_ONCE(flight->stage, COW_STAGE_ABSENT);
}

/*
 * The tracepoint has not seen a write to a present page, but an exception it was
 * all the same if the page had to come back from swap: user space's, or the
 * kernel's own.
 */
static bool is_exception(const struct cow_flight *flight,
			 const struct vm_fault *fault)
{
	if (fault->flags & FAULT_FLAG_USER)
		return true;
	return flight->stage == COW_STAGE_ABSENT &&
	       flight->page == (fault->address & PAGE_MASK) &&
	       fault->flags & FAULT_FLAG_INTERRUPTIBLE;
}

void cow_flight_replace_slowly(struct cow_flight *flight,
			       struct vm_fault *fault, enum cow_stage stage)
{
	unsigned long page = fault->address & PAGE_MASK;
	unsigned int remote = flight->stage & COW_STAGE_REMOTE;

	if (flight->page == page && COW_STAGE(flight->stage) == COW_STAGE_HUGE)
		cow_split_end(fault->vma->vm_mm, page);
	if (flight->page != page || !is_known(flight, fault)) {
		remote = is_exception(flight, fault) ? 0 : COW_STAGE_REMOTE;
		flight->page = page;
		flight->start = cow_clock_ticks();
	}
	flight->fault = fault;
	WRITE_ONCE(flight->stage, stage | remote);
}

/* @again if it was there before. */
static struct cow_flight *handle(unsigned long address, bool again)
{
	struct cow_flight *flight = cow_flight_take_off();
	unsigned long page = address & PAGE_MASK;

	if (flight->page != page ||
	    (flight->stage != COW_STAGE_TRAP && !again)) {
		flight->page = page;
		flight->start = cow_clock_ticks();
	}
	return flight;
}

void cow_flight_handle(unsigned long address, unsigned int flags)
{
	struct cow_flight *flight = handle(address, flags & FAULT_FLAG_TRIED);

	WRITE_ONCE(flight->stage, COW_STAGE_HANDLER | cow_stage_by(flags));
}

void cow_flight_hugetlb(unsigned long address, unsigned int flags)
{
	struct cow_flight *flight = handle(address, flags & FAULT_FLAG_TRIED);

	flight->flags = flags;
	WRITE_ONCE(flight->stage, COW_STAGE_HUGETLB | cow_stage_by(flags));
}

void cow_flight_zero_read(struct mm_struct *mm)
{
	struct cow_flight *flight = cow_flight_take_off();

	flight->page = 0;
	flight->mm = mm;
	WRITE_ONCE(flight->stage, COW_STAGE_ZERO_READ);
}

void cow_flight_copy_begin(void)
{
	struct cow_flight *flight = cow_flight_take_off();

	flight->page = 0;
	flight->start = cow_clock_ticks();
	WRITE_ONCE(flight->stage, COW_STAGE_COPY);
}

/* The current task's flight if it is at @stage, or NULL: the spare one is not. */
static struct cow_flight *copy_at(enum cow_stage stage)
{
	struct cow_flight *flight = find(cow_flight_first(current), current);

	return flight && flight->stage == stage ? flight : NULL;
}

void cow_flight_copy_end(void)
{
	struct cow_flight *flight = copy_at(COW_STAGE_COPY);

	if (!flight)
		return;
	flight->start = cow_clock_since(flight->start);
	WRITE_ONCE(flight->stage, COW_STAGE_COPIED);
}

u64 cow_flight_copy_ns(void)
{
	struct cow_flight *flight = copy_at(COW_STAGE_COPIED);

	if (!flight)
		return 0;
	cow_flight_done(flight);
	return flight->start;
}

void cow_flight_land(struct task_struct *task)
{
	struct cow_flight *flight = find(cow_flight_first(task), task);

	if (flight)
		WRITE_ONCE(flight->task, NULL);
}
