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
 * room is short one is dropped for another task's: one that has landed, else one
 * of which no commit has to follow (that costs it the time of its start), else one
 * that is old, as a fault that comes to nothing leaves behind. If that should commit
 * all the same, it is counted as lost.
 *
 * Whose an entry is and how far it has got is one word. A task claims it for a
 * replacement by compare and exchange, from when on nobody drops it, and only then
 * notes what is replaced: so at the commit the word says whether all of it is the
 * task's own. Before the claim an entry can be dropped at any moment, and the task go on
 * writing to it: then one of the two finds it is not its own, or that its page is not.
 */
#ifndef COWSTAT_FLIGHT_H
#define COWSTAT_FLIGHT_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "clock.h"

enum cow_stage {
	COW_STAGE_LANDED,	/* no fault */
	COW_STAGE_ZERO_READ,	/* the kernel reads fresh memory (zeroread.c) */
	COW_STAGE_COPY,		/* fork copies the address space: no fault either */
	COW_STAGE_COPIED,	/* it has, and @start is how long that took */
	COW_STAGE_ABSENT,	/* the kernel itself writes to an absent page */
	COW_STAGE_TRAP,		/* the tracepoint has seen a write fault */
	COW_STAGE_HANDLER,	/* handle_mm_fault runs */
	COW_STAGE_PROTECTED,	/* as COW_STAGE_REPLACE, but may wait for userfaultfd */
	COW_STAGE_REPLACE,	/* do_wp_page runs: reuse, or copy */
	COW_STAGE_HUGE,		/* do_huge_pmd_wp_page runs: reuse, or split */
	COW_STAGE_HUGE_ZERO,	/* the same of the huge zero page: split, or another */
	COW_STAGE_HUGETLB,	/* hugetlb_fault runs: zero-fill, reuse, or copy */
	COW_STAGES = 0x10,

	/* with these: no exception has caused it, but the kernel wants to write */
	COW_STAGE_REMOTE = 0x10,
	/* ... nobody writes: the page is pinned to be read (FAULT_FLAG_UNSHARE) */
	COW_STAGE_UNSHARE = 0x20,
	COW_STAGE_ALL = 0x3f,
};

#define COW_STAGE(stage)	((stage) & (COW_STAGES - 1))

/**
 * struct cow_flight - a fault of one task
 * @state: the address of that task, which is a multiple of a cache line, and enum
 *	cow_stage; 0 if it is nobody's
 * @old: what is to be replaced, from COW_STAGE_PROTECTED or _REPLACE until the commit,
 *	while the kernel holds it; NULL if that is no page of the kernel's
 * @mm: that a COW_STAGE_HUGE_ZERO writes to
 * @page: address of the page, 0 if the entry has no start yet; of a
 *	COW_STAGE_ZERO_READ the struct mm_struct that it reads from
 * @start: when it began, by cow_clock_ticks()
 */
struct cow_flight {
	unsigned long state;
	union {
		void *what;	/* either of both */
		struct page *old;
		struct mm_struct *mm;
	};
	unsigned long page;
	u64 start;
} ____cacheline_aligned;

#define COW_FLIGHT_BITS	11

/* A task's entry is in one of so many places from its hash on. */
#define COW_FLIGHT_REACH 8

extern struct cow_flight
cow_flights[(1 << COW_FLIGHT_BITS) + COW_FLIGHT_REACH];

/*
 * For all that find no room: one to write to, which nobody reads, and one that is
 * found, of a flight that has landed.
 */
extern struct cow_flight cow_flight_sink, cow_flight_none;

/*
 * An entry was dropped that had not landed, or there was none to drop: from then on a
 * flight that is not known may have been lost.
 */
extern bool cow_flight_crowded;

/* One of these was a write to a file's page that no exception has caused. */
extern bool cow_flight_remote_dropped;

/* The rest of cow_flight_trap() and the others. */
void cow_flight_trap_slowly(unsigned long address);
void cow_flight_absent(unsigned long address);
struct cow_flight *cow_flight_take_off_slowly(struct cow_flight *first);
struct cow_flight *cow_flight_find_further(struct cow_flight *first);
void cow_flight_replace_slowly(const struct vm_fault *fault,
			       enum cow_stage stage, void *what);

static __always_inline struct cow_flight *
cow_flight_first(const struct task_struct *task)
{
	struct cow_flight *first = &cow_flights[hash_ptr(task, COW_FLIGHT_BITS)];

	OPTIMIZER_HIDE_VAR(first);	/* it is computed once, not at each use */
	return first;
}

static __always_inline unsigned long
cow_flight_state(const struct task_struct *task, unsigned int stage)
{
	return (unsigned long)task + stage;
}

static __always_inline bool cow_flight_is_in(unsigned long state,
					     const struct task_struct *task)
{
	return state - (unsigned long)task <= COW_STAGE_ALL;
}

static __always_inline bool cow_flight_is_of(const struct cow_flight *flight,
					     const struct task_struct *task)
{
	return cow_flight_is_in(READ_ONCE(flight->state), task);
}

/* Has nobody dropped it? Then nobody will, until @stage is over. */
static __always_inline bool cow_flight_claim(struct cow_flight *flight,
					     unsigned long state,
					     unsigned int stage)
{
	return try_cmpxchg(&flight->state, &state,
			   cow_flight_state(current, stage));
}

/* The current task's entry, or a new one, whose page is 0, or the sink. */
static __always_inline struct cow_flight *cow_flight_take_off(void)
{
	struct cow_flight *first = cow_flight_first(current);

	if (likely(cow_flight_is_of(first, current)))
		return first;
	return cow_flight_take_off_slowly(first);
}

/* The current task's entry, or cow_flight_none. */
static __always_inline struct cow_flight *cow_flight_find(void)
{
	struct cow_flight *first = cow_flight_first(current);

	if (likely(cow_flight_is_of(first, current)))
		return first;
	return cow_flight_find_further(first);
}

/* How far one that was found has got, with the flags. */
static __always_inline unsigned int
cow_flight_stage(const struct cow_flight *flight)
{
	return flight->state & COW_STAGE_ALL;
}

/* Is @flight the current task's, at @stage, with no flag? */
static __always_inline bool cow_flight_is_at(const struct cow_flight *flight,
					     enum cow_stage stage)
{
	return READ_ONCE(flight->state) == cow_flight_state(current, stage);
}

static __always_inline void cow_flight_at(struct cow_flight *flight,
					  unsigned int stage)
{
	WRITE_ONCE(flight->state, cow_flight_state(current, stage));
}

/* One that was found, and is the current task's, has come to its end. */
static __always_inline void cow_flight_done(struct cow_flight *flight)
{
	cow_flight_at(flight, COW_STAGE_LANDED);
}

/* The current task's, if it has one: no commit will follow. */
void cow_flight_abandon(void);

static __always_inline void cow_flight_trap_in(struct cow_flight *flight,
					       unsigned long address, u64 now)
{
	flight->start = now;
	flight->page = address & PAGE_MASK;
	cow_flight_at(flight, COW_STAGE_TRAP);
}

/*
 * A write fault on a present page: its clock starts. Every such fault comes
 * here: with nothing that is called on the way, nothing has to be saved.
 */
static __always_inline void cow_flight_trap(unsigned long address)
{
	struct task_struct *task = current;
	struct cow_flight *flight = cow_flight_first(task);

	if (likely(cow_clock_is_tsc() && cow_flight_is_of(flight, task)))
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
static __always_inline void cow_flight_replace(const struct vm_fault *fault,
					       enum cow_stage stage,
					       void *what)
{
	struct task_struct *task = current;
	struct cow_flight *flight = cow_flight_first(task);

	if (likely(flight->page == (fault->address & PAGE_MASK) &&
		   (fault->flags & FAULT_FLAG_INTERRUPTIBLE) &&
		   cow_flight_claim(flight,
				    cow_flight_state(task, COW_STAGE_TRAP),
				    stage)))
		flight->what = what;
	else
		cow_flight_replace_slowly(fault, stage, what);
}

/* The kernel is about to read fresh memory of @mm that could be a huge page. */
void cow_flight_zero_read(const struct mm_struct *mm);

/* A fork copies the address space; how long that took, 0 if it is not known. */
void cow_flight_copy_begin(void);
void cow_flight_copy_end(void);
u64 cow_flight_copy_ns(void);

/* @task exits. */
void cow_flight_land(const struct task_struct *task);

#endif /* COWSTAT_FLIGHT_H */
