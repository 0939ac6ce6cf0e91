// SPDX-License-Identifier: GPL-2.0
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "flight.h"
#include "loss.h"

#define COW_FLIGHT_BITS	12

/* A task's entry is in one of so many places from its hash on. */
#define COW_FLIGHT_REACH 8

static struct cow_flight *flights;

u64 cow_clock(void)
{
	return ktime_get_mono_fast_ns();
}

static struct cow_flight *first_place(const struct task_struct *task)
{
	return &flights[hash_ptr(task, COW_FLIGHT_BITS)];
}

struct cow_flight *cow_flight_of_current(void)
{
	struct cow_flight *flight = first_place(current);
	struct cow_flight *end = flight + COW_FLIGHT_REACH;

	for (; flight < end; flight++)
		if (READ_ONCE(flight->task) == current)
			return flight;
	return NULL;
}

static bool seize(struct cow_flight *flight, struct task_struct *from)
{
	return try_cmpxchg(&flight->task, &from, current);
}

/* @stage is read while its owner may change it: a hint, no more. */
static struct cow_flight *drop_one(struct cow_flight *flight)
{
	struct cow_flight *end = flight + COW_FLIGHT_REACH;

	for (; flight < end; flight++) {
		struct task_struct *owner = READ_ONCE(flight->task);

		if (READ_ONCE(flight->stage) >= COW_STAGE_HUGE)
			continue;
		if (seize(flight, owner))
			return flight;
	}
	return NULL;
}

/*
 * The first place that is the task's or nobody's. An older entry of the task
 * may be behind it; it is never found again, since this one comes first for
 * as long as it matters, and goes when the task exits.
 */
static struct cow_flight *take_off(void)
{
	struct cow_flight *start = first_place(current);
	struct cow_flight *end = start + COW_FLIGHT_REACH;
	struct cow_flight *flight;

	for (flight = start; flight < end; flight++) {
		struct task_struct *owner = READ_ONCE(flight->task);

		if (owner == current)
			return flight;
		if (!owner && seize(flight, NULL)) {
			flight->page = 0;
			return flight;
		}
	}
	flight = drop_one(start);
	if (flight)
		flight->page = 0;
	return flight;
}

void cow_flight_trap(unsigned long address)
{
	struct cow_flight *flight = take_off();

	if (unlikely(!flight))
		return;
	flight->start_ns = cow_clock();
	flight->page = address & PAGE_MASK;
	flight->stage = COW_STAGE_TRAP;
}

void cow_flight_handle(unsigned long address, bool again)
{
	struct cow_flight *flight = take_off();
	unsigned long page = address & PAGE_MASK;

	if (unlikely(!flight))
		return;
	if (flight->page != page ||
	    (flight->stage != COW_STAGE_TRAP && !again)) {
		flight->start_ns = cow_clock();
		flight->page = page;
	}
	flight->stage = COW_STAGE_HANDLER;
}

void cow_flight_zero_read(struct mm_struct *mm, unsigned long address)
{
	struct cow_flight *flight = take_off();

	if (unlikely(!flight)) {
		cow_lose(COW_LOSS_flight, 1);
		return;
	}
	flight->page = address & PAGE_MASK;
	flight->mm = mm;
	flight->stage = COW_STAGE_ZERO_READ;
}

static void replace(struct vm_fault *fault, enum cow_stage stage)
{
	struct cow_flight *flight = take_off();
	unsigned long page = fault->address & PAGE_MASK;

	if (unlikely(!flight)) {
		cow_lose(COW_LOSS_flight, 1);
		return;
	}
	if (flight->page != page || flight->stage >= stage) {
		flight->start_ns = cow_clock();
		flight->page = page;
	}
	flight->fault = fault;
	flight->stage = stage;
}

void cow_flight_replace(struct vm_fault *fault)
{
	replace(fault, COW_STAGE_REPLACE);
}

void cow_flight_replace_huge(struct vm_fault *fault)
{
	replace(fault, COW_STAGE_HUGE);
}

void cow_flight_land(struct task_struct *task)
{
	struct cow_flight *flight = first_place(task);
	struct cow_flight *end = flight + COW_FLIGHT_REACH;

	for (; flight < end; flight++)
		if (READ_ONCE(flight->task) == task)
			cow_flight_done(flight);
}

int cow_flight_init(void)
{
	flights = kvcalloc((1UL << COW_FLIGHT_BITS) + COW_FLIGHT_REACH,
			   sizeof(*flights), GFP_KERNEL);
	return flights ? 0 : -ENOMEM;
}

void cow_flight_exit(void)
{
	kvfree(flights);
}
