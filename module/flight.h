/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults in flight: writes, and the kernel's own reads of fresh memory.
 *
 * What the page-fault tracepoint and the fault handler know is needed at the
 * commit point, after the task may have slept and migrated. So it belongs to
 * the task: a small hash table, in which a task has at most one entry. A flight
 * goes from its fault (or its write through the fault handler without one) until
 * the page is in place: it has landed then.
 *
 * The entry stays the task's, for its next flight, until the task exits. Where
 * room is short one is dropped for another task's: one that has landed, or that
 * has not got as far as replacing a page, which costs it the time of its start,
 * no more; or one that is old, as a fault that comes to nothing leaves behind.
 * If that should commit all the same, it is counted as lost.
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
#include <asm/asm.h>

#include "clock.h"

enum cow_stage {
	COW_STAGE_LANDED,	/* no fault */
	COW_STAGE_ZERO_READ,	/* the kernel reads fresh memory (zeroread.c) */
	COW_STAGE_COPY,		/* fork copies the address space: no fault either */
	COW_STAGE_COPIED,	/* it has, and @start is how long that took */
	COW_STAGE_ABSENT,	/* the kernel itself writes to an absent page */
	COW_STAGE_TRAP,		/* the tracepoint has seen a write fault */
	COW_STAGE_HANDLER,	/* handle_mm_fault runs */
	COW_STAGE_HUGE,		/* do_huge_pmd_wp_page runs: reuse, or split */
	COW_STAGE_HUGETLB,	/* hugetlb_fault runs: zero-fill, reuse, or copy */
	COW_STAGE_REPLACE,	/* do_wp_page runs: reuse, or copy */

	/* with these: no exception has caused it, but the kernel wants to write */
	COW_STAGE_REMOTE = 0x10,
};

#define COW_STAGE(stage)	((stage) & ~COW_STAGE_REMOTE)

/**
 * struct cow_flight - a fault of one task
 * @task: whose it is, NULL if nobody's
 * @fault: the kernel's own description, on the task's stack; from
 *	COW_STAGE_HUGE until the commit
 * @mm: that a COW_STAGE_ZERO_READ reads from
 * @flags: of a COW_STAGE_HUGETLB, FAULT_FLAG_*
 * @page: address of the page, 0 if the entry has no start yet
 * @start: when it began, by cow_clock_ticks()
 * @stage: enum cow_stage: how far it has got
 */
struct cow_flight {
	struct task_struct *task;
	union {
		struct vm_fault *fault;
		struct mm_struct *mm;
		unsigned int flags;
	};
	unsigned long page;
	u64 start;
	unsigned int stage;
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

/* The rest of cow_flight_trap() and the others. */
void cow_flight_trap_slowly(unsigned long address);
void cow_flight_absent(unsigned long address);
struct cow_flight *cow_flight_take_off_slowly(struct cow_flight *first);
struct cow_flight *cow_flight_find_further(struct cow_flight *first);
void cow_flight_replace_slowly(struct cow_flight *flight,
			       struct vm_fault *fault, enum cow_stage stage);

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

/* The current task's entry, or a new one, whose page is 0. */
static __always_inline struct cow_flight *cow_flight_take_off(void)
{
	struct cow_flight *first = cow_flight_first(current);

	if (likely(READ_ONCE(first->task) == current))
		return first;
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
	return likely(((unsigned long)flight->fault ^ current_stack_pointer) <
		      THREAD_SIZE);
}

/* It has come to its end. */
static __always_inline void cow_flight_done(struct cow_flight *flight)
{
	WRITE_ONCE(flight->stage, COW_STAGE_LANDED);
}

static __always_inline void cow_flight_trap_in(struct cow_flight *flight,
					       unsigned long address, u64 now)
{
	flight->start = now;
	flight->page = address & PAGE_MASK;
	WRITE_ONCE(flight->stage, COW_STAGE_TRAP);
}

/*
 * A write fault on a present page: its clock starts. Every such fault comes
 * here: with nothing that is called on the way, nothing has to be saved.
 */
static __always_inline void cow_flight_trap(unsigned long address)
{
	struct task_struct *task = current;
	struct cow_flight *flight = cow_flight_first(task);

	if (likely(cow_clock_is_tsc() && READ_ONCE(flight->task) == task))
		cow_flight_trap_in(flight, address, get_cycles());
	else
		cow_flight_trap_slowly(address);
}

/*
 * Only exceptions can be interrupted by any signal (but for writes of KVM on
 * behalf of its guests, on some kernels: see cow_flight_replace()).
 */
static __always_inline unsigned int cow_stage_by(unsigned int flags)
{
	return flags & FAULT_FLAG_INTERRUPTIBLE ? 0 : COW_STAGE_REMOTE;
}

/* The handler has a write to a file's page. */
void cow_flight_handle(unsigned long address, unsigned int flags);

/* hugetlb_fault() has an access to a page. */
void cow_flight_hugetlb(unsigned long address, unsigned int flags);

/*
 * A read-only page is about to be replaced, or taken over, by a write. The
 * tracepoint has seen it, or else it is remote.
 */
static __always_inline void cow_flight_replace(struct vm_fault *fault,
					       enum cow_stage stage)
{
	struct cow_flight *flight = cow_flight_take_off();

	if (likely(flight->page == (fault->address & PAGE_MASK) &&
		   flight->stage == COW_STAGE_TRAP &&
		   (fault->flags & FAULT_FLAG_INTERRUPTIBLE))) {
		flight->fault = fault;
		WRITE_ONCE(flight->stage, stage);
	} else {
		cow_flight_replace_slowly(flight, fault, stage);
	}
}

/* The kernel is about to read fresh memory of @mm that could be a huge page. */
void cow_flight_zero_read(struct mm_struct *mm);

/* A fork copies the address space; how long that took, 0 if it is not known. */
void cow_flight_copy_begin(void);
void cow_flight_copy_end(void);
u64 cow_flight_copy_ns(void);

/* @task exits. */
void cow_flight_land(struct task_struct *task);

#endif /* COWSTAT_FLIGHT_H */
