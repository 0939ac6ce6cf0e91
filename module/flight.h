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
 * takes it over, its exit clears it, and where room is short one that has not
 * got as far as replacing a page is dropped for another task's: that costs it
 * the time of its start, no more.
 *
 * Each function runs with preemption off; only the task itself touches the
 * contents of its entry.
 */
#ifndef COWSTAT_FLIGHT_H
#define COWSTAT_FLIGHT_H

#include <linux/mm.h>
#include <linux/sched.h>

enum cow_stage {
	COW_STAGE_ZERO_READ,	/* the kernel reads fresh memory (zeroread.c) */
	COW_STAGE_TRAP,		/* the tracepoint has seen a write fault */
	COW_STAGE_HANDLER,	/* handle_mm_fault runs */
	COW_STAGE_HUGE,		/* do_huge_pmd_wp_page runs: reuse, or split */
	COW_STAGE_REPLACE,	/* do_wp_page runs: reuse, or copy */
};

/**
 * struct cow_flight - a write fault of one task
 * @task: whose it is, NULL if nobody's
 * @fault: the kernel's own description, on the task's stack; from
 *	COW_STAGE_HUGE until the commit
 * @mm: that a COW_STAGE_ZERO_READ reads from
 * @page: address of the page
 * @start_ns: when it began
 * @stage: how far it has got
 */
struct cow_flight {
	struct task_struct *task;
	union {
		struct vm_fault *fault;
		struct mm_struct *mm;
	};
	unsigned long page;
	u64 start_ns;
	enum cow_stage stage;
};

int cow_flight_init(void);
void cow_flight_exit(void);

u64 cow_clock(void);

/* A write fault on a present page: its clock starts. */
void cow_flight_trap(unsigned long address);

/* The handler has a write to a file's page; @again if it was there before. */
void cow_flight_handle(unsigned long address, bool again);

/* A read-only page is about to be replaced, or taken over, by a write. */
void cow_flight_replace(struct vm_fault *fault);
void cow_flight_replace_huge(struct vm_fault *fault);

/* The kernel is about to read fresh memory of @mm that could be a huge page. */
void cow_flight_zero_read(struct mm_struct *mm, unsigned long address);

/* The current task's, NULL if it has none. */
struct cow_flight *cow_flight_of_current(void);

/* It has come to its end. */
static inline void cow_flight_done(struct cow_flight *flight)
{
	/* Others may seize it from here on. */
	smp_store_release(&flight->task, NULL);
}

/* The task exits. */
void cow_flight_land(struct task_struct *task);

#endif /* COWSTAT_FLIGHT_H */
