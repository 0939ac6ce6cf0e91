// SPDX-License-Identifier: GPL-2.0
#include "flight.h"

struct cow_flight cow_flights[(1 << COW_FLIGHT_BITS) + COW_FLIGHT_REACH];

struct cow_flight cow_flight_spare;

struct cow_flight *cow_flight_find_further(struct cow_flight *first)
{
	struct cow_flight *flight = first;

	for (; flight < first + COW_FLIGHT_REACH; flight++)
		if (READ_ONCE(flight->task) == current)
			return flight;
	return &cow_flight_spare;
}

/* From the handler to the commit a write never takes so long. */
#define COW_FLIGHT_OLD_NS	(10ULL * NSEC_PER_SEC)

/* Read while its owner may change it: a hint, no more. */
static bool can_be_dropped(const struct cow_flight *flight)
{
	return READ_ONCE(flight->stage) < COW_STAGE_HUGE ||
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

struct cow_flight *cow_flight_take_off_slowly(struct cow_flight *first)
{
	struct cow_flight *flight = first;

	for (; flight < first + COW_FLIGHT_REACH; flight++) {
		struct task_struct *owner = READ_ONCE(flight->task);

		if (owner == current)
			return flight;
		if (!owner && cow_flight_seize(flight, NULL))
			goto new;
	}
	flight = drop_one(first);
	if (!flight)
		flight = &cow_flight_spare;
new:
	flight->page = 0;
	return flight;
}

void cow_flight_trap_slowly(unsigned long address)
{
	cow_flight_trap_in(cow_flight_take_off(), address, cow_clock_ticks());
}

void cow_flight_zero_read(struct mm_struct *mm)
{
	struct cow_flight *flight = cow_flight_take_off();

	flight->page = 0;
	flight->mm = mm;
	flight->stage = COW_STAGE_ZERO_READ;
}

void cow_flight_land(struct task_struct *task)
{
	struct cow_flight *flight = cow_flight_first(task);
	struct cow_flight *end = flight + COW_FLIGHT_REACH;

	for (; flight < end; flight++)
		if (READ_ONCE(flight->task) == task)
			cow_flight_done(flight);
}
