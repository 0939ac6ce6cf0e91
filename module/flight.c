// SPDX-License-Identifier: GPL-2.0
#include "compat.h"
#include "flight.h"
#include "loss.h"
#include "split.h"

struct cow_flight cow_flights[(1 << COW_FLIGHT_BITS) + COW_FLIGHT_REACH];

struct cow_flight cow_flight_sink, cow_flight_none;

bool cow_flight_crowded __read_mostly;
bool cow_flight_remote_dropped __read_mostly;

/* The entry in reach of @first that is @task's, or NULL. */
static struct cow_flight *find(struct cow_flight *first,
			       const struct task_struct *task)
{
	struct cow_flight *flight = first;

	for (; flight < first + COW_FLIGHT_REACH; flight++)
		if (cow_flight_is_of(flight, task))
			return flight;
	return NULL;
}

struct cow_flight *cow_flight_find_further(struct cow_flight *first)
{
	return find(first, current) ?: &cow_flight_none;
}

/* From the handler to the commit a write never takes so long. */
#define COW_FLIGHT_OLD_NS	(10ULL * NSEC_PER_SEC)

/* Nor so long from a claim to the next instruction. */
#define COW_FLIGHT_YOUNG_NS	NSEC_PER_SEC

/* Of a commit to a file's page only an entry says that no exception has caused it. */
static bool is_remote_to_file(unsigned long state)
{
	return COW_STAGE(state) == COW_STAGE_HANDLER &&
	       (state & COW_STAGE_REMOTE);
}

/*
 * Does no commit have to follow? What waits for userfaultfd comes again, and what has
 * become the process's alone was not copied. All of it may change meanwhile: a hint.
 */
static bool can_be_dropped(const struct cow_flight *flight, unsigned long state)
{
	u64 ns = cow_clock_since(READ_ONCE(flight->start));
	struct page *old = READ_ONCE(flight->old);
	unsigned int stage = COW_STAGE(state);

	if (ns > COW_FLIGHT_OLD_NS)
		return true;
	if (stage < COW_STAGE_PROTECTED)
		return !is_remote_to_file(state);
	if (ns < COW_FLIGHT_YOUNG_NS)
		return false;
	return stage == COW_STAGE_PROTECTED ||
	       (stage == COW_STAGE_REPLACE && old && cow_page_is_exclusive(old));
}

/* Another's entry; if @all is not set, one that has landed. */
static struct cow_flight *drop_one(struct cow_flight *first, bool all)
{
	struct cow_flight *flight = first;

	for (; flight < first + COW_FLIGHT_REACH; flight++) {
		unsigned long state = READ_ONCE(flight->state);
		unsigned int stage = COW_STAGE(state);

		if (stage && !(all && can_be_dropped(flight, state)))
			continue;
		if (!cow_flight_claim(flight, state, COW_STAGE_LANDED))
			continue;
		if (is_remote_to_file(state))
			WRITE_ONCE(cow_flight_remote_dropped, true);
		return flight;
	}
	return NULL;
}

static struct cow_flight *take_free_one(struct cow_flight *first)
{
	struct cow_flight *flight = first;

	for (; flight < first + COW_FLIGHT_REACH; flight++)
		if (!READ_ONCE(flight->state) &&
		    cow_flight_claim(flight, 0, COW_STAGE_LANDED))
			return flight;
	return NULL;
}

struct cow_flight *cow_flight_take_off_slowly(struct cow_flight *first)
{
	struct cow_flight *flight = find(first, current);

	if (flight)
		return flight;
	flight = take_free_one(first) ?: drop_one(first, false);
	if (!flight) {
		WRITE_ONCE(cow_flight_crowded, true);
		flight = drop_one(first, true) ?: &cow_flight_sink;
	}
	flight->page = 0;
	return flight;
}

void cow_flight_trap_slowly(unsigned long address)
{
	cow_flight_trap_in(cow_flight_take_off(), address, cow_clock_ticks());
}

void cow_flight_abandon(void)
{
	struct cow_flight *flight = find(cow_flight_first(current), current);

	if (flight)
		cow_flight_done(flight);
}

/*
 * Has the handler met this write before: as a file's, as one to a huge page that
 * was split since, or in an attempt that has to be made again? A new exception
 * would have begun anew, at the tracepoint.
 */
static bool is_known(unsigned int stage, const struct vm_fault *fault)
{
	switch (COW_STAGE(stage)) {
	case COW_STAGE_HANDLER:
	case COW_STAGE_HUGE:
	case COW_STAGE_HUGE_ZERO:
		return true;
	case COW_STAGE_TRAP:
		return fault->flags & FAULT_FLAG_INTERRUPTIBLE;
	case COW_STAGE_PROTECTED:
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
	cow_flight_at(flight, COW_STAGE_ABSENT);
}

/*
 * The tracepoint has not seen a write to a present page, but an exception it was
 * all the same if the page had to come back from swap: user space's, or the
 * kernel's own. What it has noted of that may have been dropped.
 */
static bool is_exception(const struct cow_flight *flight, unsigned int stage,
			 const struct vm_fault *fault)
{
	if (fault->flags & FAULT_FLAG_USER)
		return true;
	if (!(fault->flags & FAULT_FLAG_INTERRUPTIBLE))
		return false;
	if (stage == COW_STAGE_ABSENT &&
	    flight->page == (fault->address & PAGE_MASK))
		return true;
	if (READ_ONCE(cow_flight_crowded))
		cow_lose_in(fault->vma->vm_mm, COW_LOSS_flight, 1);
	return false;
}

/* The stage that the current task's @flight goes on from. */
static unsigned int stage_from(struct cow_flight *flight, unsigned int stage,
			       const struct vm_fault *fault)
{
	unsigned long page = fault->address & PAGE_MASK;

	if (flight->page == page && (COW_STAGE(stage) == COW_STAGE_HUGE ||
				     COW_STAGE(stage) == COW_STAGE_HUGE_ZERO))
		cow_split_end(fault->vma->vm_mm, page);
	if (flight->page == page && is_known(stage, fault))
		return stage & COW_STAGE_REMOTE;
	stage = is_exception(flight, stage, fault) ? 0 : COW_STAGE_REMOTE;
	flight->page = page;
	flight->start = cow_clock_ticks();
	return stage;
}

void cow_flight_replace_slowly(const struct vm_fault *fault,
			       enum cow_stage stage, void *what)
{
	struct cow_flight *flight;
	unsigned long state;
	unsigned int flags;

	do {
		flight = cow_flight_take_off();
		state = READ_ONCE(flight->state);
		if (flight == &cow_flight_sink)
			return;
		flags = stage_from(flight, state & COW_STAGE_ALL, fault);
		if (fault->flags & FAULT_FLAG_UNSHARE)
			flags |= COW_STAGE_UNSHARE;
		/* Dropped since it was found, it is not that state. */
	} while (!cow_flight_is_in(state, current) ||
		 !cow_flight_claim(flight, state, stage | flags));
	flight->what = what;
}

/* @again if it was there before. */
static void handle(unsigned long address, unsigned int stage,
		   unsigned int flags)
{
	struct cow_flight *flight = cow_flight_take_off();
	unsigned long page = address & PAGE_MASK;

	if (flight->page != page ||
	    (cow_flight_stage(flight) != COW_STAGE_TRAP &&
	     !(flags & FAULT_FLAG_TRIED))) {
		flight->page = page;
		flight->start = cow_clock_ticks();
	}
	stage |= cow_stage_by(flags);
	if (flight == &cow_flight_sink && is_remote_to_file(stage))
		WRITE_ONCE(cow_flight_remote_dropped, true);
	cow_flight_at(flight, stage);
}

void cow_flight_handle(unsigned long address, unsigned int flags)
{
	handle(address, COW_STAGE_HANDLER, flags);
}

void cow_flight_hugetlb(unsigned long address, unsigned int flags)
{
	unsigned int stage = COW_STAGE_HUGETLB;

	if (flags & FAULT_FLAG_UNSHARE)
		stage |= COW_STAGE_UNSHARE;
	handle(address, stage, flags);
}

void cow_flight_zero_read(const struct mm_struct *mm)
{
	struct cow_flight *flight = cow_flight_take_off();

	flight->page = (unsigned long)mm;
	cow_flight_at(flight, COW_STAGE_ZERO_READ);
}

void cow_flight_copy_begin(void)
{
	struct cow_flight *flight = cow_flight_take_off();

	flight->page = 0;
	flight->start = cow_clock_ticks();
	cow_flight_at(flight, COW_STAGE_COPY);
}

/* The current task's flight if it is at @stage, or NULL. */
static struct cow_flight *copy_at(enum cow_stage stage)
{
	struct cow_flight *flight = cow_flight_find();

	return cow_flight_stage(flight) == stage ? flight : NULL;
}

void cow_flight_copy_end(void)
{
	struct cow_flight *flight = copy_at(COW_STAGE_COPY);

	if (!flight)
		return;
	flight->start = cow_clock_since(flight->start);
	cow_flight_at(flight, COW_STAGE_COPIED);
}

u64 cow_flight_copy_ns(void)
{
	struct cow_flight *flight = copy_at(COW_STAGE_COPIED);

	if (!flight)
		return 0;
	cow_flight_done(flight);
	return flight->start;
}

void cow_flight_land(const struct task_struct *task)
{
	struct cow_flight *flight = find(cow_flight_first(task), task);
	unsigned long state;

	if (!flight)
		return;
	state = READ_ONCE(flight->state);
	if (cow_flight_is_in(state, task))
		cmpxchg(&flight->state, state, 0);
}
