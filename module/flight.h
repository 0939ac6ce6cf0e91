/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults in flight: writes, and the kernel's own reads of fresh memory.
 *
 * What the page-fault tracepoint and the fault handler know is needed at the
 * commit point, after the task may have slept and migrated. So it belongs to
 * the task: a small hash table, in which a task has at most one live entry,
 * from its fault (or its write through the fault handler without one) until
 * the page is in place.
 *
 * A fault that comes to nothing leaves its entry behind. The task's next one
 * takes it over, its exit clears it, and where room is short one is dropped for
 * another task's: one that has not got as far as replacing a page, which costs
 * it the time of its start, no more; or one that is old. If that should commit
 * all the same, it is counted as lost.
 *
 * Each function can run with preemption on. Only the task itself touches the
 * contents of its entry, unless it is dropped for another one's at that very
 * moment: what counts is therefore checked when it is used.
 */
#ifndef COWSTAT_FLIGHT_H
#define COWSTAT_FLIGHT_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/thread_info.h>

#include "clock.h"

enum cow_stage {
	COW_STAGE_ZERO_READ,	/* the kernel reads fresh memory (zeroread.c) */
	COW_STAGE_TRAP,		/* the tracepoint has seen a write fault */
	COW_STAGE_HANDLER,	/* handle_mm_fault runs */
	COW_STAGE_HUGE,		/* do_huge_pmd_wp_page runs: reuse, or split */
	COW_STAGE_REPLACE,	/* do_wp_page runs: reuse, or copy */
};

/**
 * struct cow_flight - a fault of one task
 * @task: whose it is, NULL if nobody's
 * @fault: the kernel's own description, on the task's stack; from
 *	COW_STAGE_HUGE until the commit
 * @mm: that a COW_STAGE_ZERO_READ reads from
 * @page: address of the page, 0 if the entry has no start yet
 * @start: when it began, by cow_clock_ticks()
 * @stage: how far it has got
 */
struct cow_flight {
	struct task_struct *task;
	union {
		struct vm_fault *fault;
		struct mm_struct *mm;
	};
	unsigned long page;
	u64 start;
	enum cow_stage stage;
} ____cacheline_aligned;

#define COW_FLIGHT_BITS	11

/* A task's entry is in one of so many places from its hash on. */
#define COW_FLIGHT_REACH 8

extern struct cow_flight
cow_flights[(1 << COW_FLIGHT_BITS) + COW_FLIGHT_REACH];

/*
 * For all that find no room. It is nobody's, so that what is written to it is
 * hardly found again; if it is, it is right only if it is the task's own.
 */
extern struct cow_flight cow_flight_spare;

/* The rest of cow_flight_trap(), cow_flight_take_off() and cow_flight_find(). */
void cow_flight_trap_slowly(unsigned long address);
struct cow_flight *cow_flight_take_off_slowly(struct cow_flight *first);
struct cow_flight *cow_flight_find_further(struct cow_flight *first);

static __always_inline struct cow_flight *
cow_flight_first(const struct task_struct *task)
{
	return &cow_flights[hash_ptr(task, COW_FLIGHT_BITS)];
}

static __always_inline bool cow_flight_seize(struct cow_flight *flight,
					     struct task_struct *from)
{
	return try_cmpxchg(&flight->task, &from, current);
}

/*
 * The current task's entry, or a new one, whose page is 0. It is in the first
 * place that is the task's or nobody's. An older one may be behind it: that is
 * never found again, since this one comes first for as long as it matters, and
 * goes when the task exits.
 */
static __always_inline struct cow_flight *cow_flight_take_off(void)
{
	struct cow_flight *first = cow_flight_first(current);
	struct task_struct *owner = READ_ONCE(first->task);

	if (owner == current)
		return first;
	if (likely(!owner && cow_flight_seize(first, NULL))) {
		first->page = 0;
		return first;
	}
	return cow_flight_take_off_slowly(first);
}

/* The current task's entry, or the spare one. */
static __always_inline struct cow_flight *cow_flight_find(void)
{
	struct cow_flight *first = cow_flight_first(current);

	if (likely(READ_ONCE(first->task) == current))
		return first;
	return cow_flight_find_further(first);
}

/*
 * Is what it says about the fault the current task's own? Not if the entry was
 * dropped for another task while this one was writing to it.
 */
static __always_inline bool cow_flight_is_own(const struct cow_flight *flight)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);

	return likely(((unsigned long)flight->fault ^ here) < THREAD_SIZE);
}

/* It has come to its end. */
static __always_inline void cow_flight_done(struct cow_flight *flight)
{
	/* Others may seize it from here on. */
	smp_store_release(&flight->task, NULL);
}

static __always_inline void cow_flight_trap_in(struct cow_flight *flight,
					       unsigned long address, u64 now)
{
	flight->start = now;
	flight->page = address & PAGE_MASK;
	flight->stage = COW_STAGE_TRAP;
}

/*
 * A write fault on a present page: its clock starts. Every such fault comes
 * here: with nothing that is called on the way, nothing has to be saved.
 */
static __always_inline void cow_flight_trap(unsigned long address)
{
	struct cow_flight *flight = cow_flight_first(current);
	struct task_struct *owner = READ_ONCE(flight->task);

	if (likely(cow_clock_is_tsc() &&
		   (owner == current ||
		    (!owner && cow_flight_seize(flight, NULL)))))
		cow_flight_trap_in(flight, address, get_cycles());
	else
		cow_flight_trap_slowly(address);
}

/* The handler has a write to a file's page; @again if it was there before. */
static inline void cow_flight_handle(unsigned long address, bool again)
{
	struct cow_flight *flight = cow_flight_take_off();
	unsigned long page = address & PAGE_MASK;

	if (flight->page != page ||
	    (flight->stage != COW_STAGE_TRAP && !again)) {
		flight->page = page;
		flight->start = cow_clock_ticks();
	}
	flight->stage = COW_STAGE_HANDLER;
}

/* A read-only page is about to be replaced, or taken over, by a write. */
static __always_inline void cow_flight_replace(struct vm_fault *fault,
					       enum cow_stage stage)
{
	struct cow_flight *flight = cow_flight_take_off();
	unsigned long page = fault->address & PAGE_MASK;

	if (flight->page != page || flight->stage >= stage) {
		flight->page = page;
		flight->start = cow_clock_ticks();
	}
	flight->fault = fault;
	flight->stage = stage;
}

/* The kernel is about to read fresh memory of @mm that could be a huge page. */
void cow_flight_zero_read(struct mm_struct *mm);

/* @task exits. */
void cow_flight_land(struct task_struct *task);

#endif /* COWSTAT_FLIGHT_H */
