// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in flight: which entry a task gets, whom it may take one from, and
 * when the clock of a write starts anew.
 */
#include <linux/preempt.h>
#include <linux/string.h>

#include "flight.h"
#include "split.h"
#include "tap.h"

#define ADDRESS	0x7f0000123456UL
#define ELSEWHERE (ADDRESS + PAGE_SIZE)

/* A start that no clock shows: is it kept, or does the clock start anew? */
#define MARK	1

static struct cow_flight *first(void)
{
	return cow_flight_first(current);
}

static void clear(void)
{
	memset(cow_flights, 0, sizeof(cow_flights));
	memset(&cow_flight_sink, 0, sizeof(cow_flight_sink));
	cow_flight_crowded = false;
	cow_flight_remote_dropped = false;
	cow_clock_init();
}

static u64 seconds_ago(unsigned int seconds)
{
	u64 second = cow_clock_is_tsc() ? tsc_khz * 1000ULL : NSEC_PER_SEC;

	return cow_clock_ticks() - seconds * second;
}

static struct cow_flight *take_off(void)
{
	struct cow_flight *flight;

	preempt_disable();
	flight = cow_flight_take_off();
	preempt_enable();
	return flight;
}

static struct cow_flight *find(void)
{
	struct cow_flight *flight;

	preempt_disable();
	flight = cow_flight_find();
	preempt_enable();
	return flight;
}

static struct task_struct *owner(const struct cow_flight *flight)
{
	return (struct task_struct *)(flight->state & ~(unsigned long)COW_STAGE_ALL);
}

/* Tasks that are only compared. */
static struct task_struct *stranger(int i)
{
	return (struct task_struct *)(0x1000UL + i * 64);
}

/* The first @n places are others', and in the middle of replacing a page. */
static void occupy(int n)
{
	int i;

	clear();
	for (i = 0; i < n; i++) {
		first()[i].state = cow_flight_state(stranger(i), COW_STAGE_REPLACE);
		first()[i].start = cow_clock_ticks();
	}
}

static void stage(int i, unsigned int stage)
{
	first()[i].state = cow_flight_state(owner(&first()[i]), stage);
}

static struct cow_flight *take_off_at(unsigned int stage)
{
	struct cow_flight *flight;

	clear();
	flight = take_off();
	cow_flight_at(flight, stage);
	return flight;
}

static void test_one_entry(void)
{
	struct cow_flight *flight;

	clear();
	ok(find() == &cow_flight_none, "a task without an entry finds one that has landed");
	flight = take_off();
	ok(flight == first(), "a task gets its first place");
	ok(owner(flight) == current, "the entry is its own");
	ok(!flight->page, "and has no start");
	flight->page = ADDRESS;
	ok(take_off() == flight && flight->page == ADDRESS, "it keeps it");
	ok(find() == flight, "and finds it");
	cow_flight_done(flight);
	ok(cow_flight_stage(flight) == COW_STAGE_LANDED && find() == flight,
	   "also when it is done, for the next one");
}

static void test_next_free_place(void)
{
	int n;

	for (n = 1; n < COW_FLIGHT_REACH; n++) {
		occupy(n);
		ok(take_off() == &first()[n], "behind %d others", n);
		ok(find() == &first()[n], "found behind %d others", n);
		ok(owner(&first()[n - 1]) == stranger(n - 1), "whose are left alone");
	}
}

static void test_no_room(void)
{
	occupy(COW_FLIGHT_REACH);
	ok(take_off() == &cow_flight_sink, "no room: one that nobody reads");
	ok(cow_flight_crowded, "which is remembered");
	cow_flight_at(&cow_flight_sink, COW_STAGE_REPLACE);
	ok(find() == &cow_flight_none, "what was written there is not found");
	ok(!cow_flight_stage(&cow_flight_none) && !cow_flight_none.page,
	   "but a flight that has landed");
}

static void test_dropped_before_it_replaces(void)
{
	static const enum cow_stage early[] = {
		COW_STAGE_LANDED, COW_STAGE_ZERO_READ, COW_STAGE_TRAP,
		COW_STAGE_HANDLER,
	};
	static const enum cow_stage late[] = {
		COW_STAGE_HUGE, COW_STAGE_HUGETLB, COW_STAGE_REPLACE,
		COW_STAGE_HUGE | COW_STAGE_REMOTE,
		COW_STAGE_HANDLER | COW_STAGE_REMOTE,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(early); i++) {
		occupy(COW_FLIGHT_REACH);
		stage(3, early[i]);
		ok(take_off() == &first()[3], "one at stage %d is dropped", early[i]);
		ok(owner(&first()[3]) == current && !first()[3].page,
		   "and has another's start no more");
		ok(cow_flight_crowded == (early[i] != COW_STAGE_LANDED),
		   "which is a loss unless it had landed");
	}
	for (i = 0; i < ARRAY_SIZE(late); i++) {
		occupy(COW_FLIGHT_REACH);
		stage(3, late[i]);
		ok(take_off() == &cow_flight_sink, "one at stage %d is not", late[i]);
	}
}

static void test_landed_is_dropped_first(void)
{
	occupy(COW_FLIGHT_REACH);
	stage(2, COW_STAGE_ZERO_READ);
	stage(6, COW_STAGE_LANDED);
	ok(take_off() == &first()[6], "one that has landed is dropped first");
	ok(owner(&first()[2]) == stranger(2), "others are left alone");
}

static void test_dropped_when_old(void)
{
	occupy(COW_FLIGHT_REACH);
	first()[5].start = seconds_ago(11);
	ok(take_off() == &first()[5], "an old one is dropped");
}

/* What waits for userfaultfd begins anew when it goes on. */
static void test_dropped_when_it_waits(void)
{
	occupy(COW_FLIGHT_REACH);
	stage(4, COW_STAGE_PROTECTED);
	ok(take_off() == &cow_flight_sink, "it may be about to commit");
	first()[4].start = seconds_ago(2);
	ok(take_off() == &first()[4], "after a second it waits");
}

/* Another task's entry: dropped between two stages, it is not gone on with. */
static void test_dropped_meanwhile(void)
{
	struct cow_flight *flight = take_off_at(COW_STAGE_TRAP);
	unsigned long state = flight->state;

	flight->state = cow_flight_state(stranger(1), COW_STAGE_LANDED);
	ok(!cow_flight_claim(flight, state, COW_STAGE_REPLACE), "it cannot be claimed");
	ok(owner(flight) == stranger(1), "and stays the other's");
}

static void test_land(void)
{
	occupy(2);
	first()[2].state = cow_flight_state(current, COW_STAGE_TRAP);
	cow_flight_land(current);
	ok(!first()[2].state, "a task that exits leaves none");
	cow_flight_land(current);
	ok(owner(&first()[0]) == stranger(0) && owner(&first()[1]) == stranger(1),
	   "but those of others");
}

/* After a trap at ADDRESS that started at MARK */
static struct cow_flight *trapped(void)
{
	clear();
	preempt_disable();
	cow_flight_trap(ADDRESS);
	preempt_enable();
	first()->start = MARK;
	return first();
}

static void test_trap(void)
{
	struct cow_flight *flight = trapped();

	ok(flight->page == (ADDRESS & PAGE_MASK), "a trap notes the page");
	ok(cow_flight_stage(flight) == COW_STAGE_TRAP, "and the stage");
	preempt_disable();
	cow_flight_trap(ADDRESS);
	preempt_enable();
	ok(flight->start != MARK, "another trap starts the clock anew");
}

static void handle(unsigned long address, unsigned int flags)
{
	preempt_disable();
	cow_flight_handle(address, flags);
	preempt_enable();
}

/* Of a file's page only the entry says that no exception has caused the write. */
static void test_remote_dropped(void)
{
	occupy(COW_FLIGHT_REACH);
	stage(1, COW_STAGE_HANDLER);
	handle(ADDRESS, FAULT_FLAG_WRITE | FAULT_FLAG_INTERRUPTIBLE);
	ok(!cow_flight_remote_dropped, "an exception's is no loss");
	occupy(COW_FLIGHT_REACH);
	stage(1, COW_STAGE_HANDLER | COW_STAGE_REMOTE);
	first()[1].start = seconds_ago(11);
	handle(ADDRESS, FAULT_FLAG_WRITE | FAULT_FLAG_INTERRUPTIBLE);
	ok(cow_flight_remote_dropped, "an old one from outside is");
	clear();
	occupy(COW_FLIGHT_REACH);
	handle(ADDRESS, FAULT_FLAG_WRITE | FAULT_FLAG_INTERRUPTIBLE);
	ok(!cow_flight_remote_dropped, "nor is an exception's without room");
	handle(ADDRESS, FAULT_FLAG_WRITE);
	ok(cow_flight_remote_dropped, "one from outside without room is");
	occupy(COW_FLIGHT_REACH);
	stage(1, COW_STAGE_HUGE | COW_STAGE_REMOTE);
	first()[1].start = seconds_ago(11);
	take_off();
	ok(!cow_flight_remote_dropped, "one to a page that is no file's is not");
}

static void test_handler(void)
{
	struct cow_flight *flight = trapped();

	handle(ADDRESS, FAULT_FLAG_INTERRUPTIBLE);
	ok(flight->start == MARK, "the handler goes on with the trap's clock");
	ok(cow_flight_stage(flight) == COW_STAGE_HANDLER, "one stage further");
	handle(ADDRESS, FAULT_FLAG_INTERRUPTIBLE | FAULT_FLAG_TRIED);
	ok(flight->start == MARK, "and when it comes again");
	handle(ADDRESS, 0);
	ok(flight->start != MARK, "a write without a trap starts it");
	ok(cow_flight_stage(flight) == (COW_STAGE_HANDLER | COW_STAGE_REMOTE),
	   "and is the kernel's");
	flight = trapped();
	handle(ELSEWHERE, FAULT_FLAG_INTERRUPTIBLE | FAULT_FLAG_TRIED);
	ok(flight->start != MARK && flight->page == (ELSEWHERE & PAGE_MASK),
	   "another page starts it");
}

static void test_hugetlb(void)
{
	struct cow_flight *flight = trapped();

	preempt_disable();
	cow_flight_hugetlb(ADDRESS, FAULT_FLAG_INTERRUPTIBLE | FAULT_FLAG_WRITE);
	preempt_enable();
	ok(flight->start == MARK, "hugetlb goes on with the trap's clock");
	ok(cow_flight_stage(flight) == COW_STAGE_HUGETLB, "at its own stage");
	preempt_disable();
	cow_flight_hugetlb(ADDRESS, FAULT_FLAG_UNSHARE);
	preempt_enable();
	ok(cow_flight_stage(flight) == (COW_STAGE_HUGETLB | COW_STAGE_REMOTE |
					COW_STAGE_UNSHARE),
	   "and knows a pin");
}

/* What is replaced: only compared */
static char what;

static void replace(struct vm_fault *fault, enum cow_stage stage)
{
	preempt_disable();
	cow_flight_replace(fault, stage, &what);
	preempt_enable();
}

static bool is_split(const struct mm_struct *mm)
{
	struct cow_split_view view;

	cow_split_look(mm, ADDRESS, &view);
	return cow_split_was(mm, ADDRESS, &view);
}

static void test_replace(void)
{
	struct vm_area_struct vma = { .vm_mm = current->active_mm };
	struct vm_fault fault = {
		.vma = &vma, .address = ADDRESS, .flags = FAULT_FLAG_INTERRUPTIBLE,
	};
	struct vm_fault other = {
		.address = ELSEWHERE, .flags = FAULT_FLAG_INTERRUPTIBLE,
	};
	struct cow_flight *flight = trapped();

	cow_split_begin(vma.vm_mm, ADDRESS);
	replace(&fault, COW_STAGE_HUGE);
	ok(flight->start == MARK && flight->what == &what,
	   "a huge page goes on with the trap's clock");
	ok(is_split(vma.vm_mm), "and is being split");
	replace(&fault, COW_STAGE_REPLACE);
	ok(flight->start == MARK, "and its split after it");
	ok(!is_split(vma.vm_mm), "which is over then");
	replace(&fault, COW_STAGE_REPLACE);
	ok(flight->start == MARK, "and what has to be tried again");
	ok(cow_flight_stage(flight) == COW_STAGE_REPLACE, "an exception caused it");
	flight = trapped();
	replace(&other, COW_STAGE_REPLACE);
	ok(flight->start != MARK && flight->what == &what,
	   "another page is another write");
	ok(cow_flight_stage(flight) == (COW_STAGE_REPLACE | COW_STAGE_REMOTE),
	   "which no exception has caused");
}

/* Without an exception there is no trap, and nothing that says "again" at first. */
static void test_remote(void)
{
	struct vm_fault fault = { .address = ADDRESS };
	struct cow_flight *flight = trapped();

	replace(&fault, COW_STAGE_REPLACE);
	ok(flight->start != MARK, "the clock of an earlier trap is not the kernel's");
	ok(cow_flight_stage(flight) == (COW_STAGE_REPLACE | COW_STAGE_REMOTE), "it is remote");
	flight->start = MARK;
	fault.flags = FAULT_FLAG_TRIED;
	replace(&fault, COW_STAGE_REPLACE);
	ok(flight->start == MARK, "a second attempt goes on");
	ok(cow_flight_stage(flight) == (COW_STAGE_REPLACE | COW_STAGE_REMOTE), "and stays remote");
	fault.flags = 0;
	replace(&fault, COW_STAGE_REPLACE);
	ok(flight->start != MARK, "a second write does not");
}

static void test_unshare(void)
{
	struct vm_fault fault = {
		.address = ADDRESS, .flags = FAULT_FLAG_UNSHARE,
	};
	struct cow_flight *flight = trapped();

	replace(&fault, COW_STAGE_REPLACE);
	ok(cow_flight_stage(flight) == (COW_STAGE_REPLACE | COW_STAGE_REMOTE |
					COW_STAGE_UNSHARE), "a pin is no write");
}

static void test_abandon(void)
{
	struct cow_flight *flight = trapped();

	cow_flight_abandon();
	ok(cow_flight_stage(flight) == COW_STAGE_LANDED, "nothing will follow");
	clear();
	cow_flight_abandon();
	ok(find() == &cow_flight_none, "without an entry none is made");
}

static void test_zero_read(void)
{
	struct cow_flight *flight = trapped();
	struct mm_struct *mm = (struct mm_struct *)0x5000;

	preempt_disable();
	cow_flight_zero_read(mm);
	preempt_enable();
	ok(flight->page == (unsigned long)mm &&
	   cow_flight_stage(flight) == COW_STAGE_ZERO_READ,
	   "a read of fresh memory notes whose");
}

#define TESTS(TEST) \
	TEST(test_one_entry) \
	TEST(test_next_free_place) \
	TEST(test_no_room) \
	TEST(test_dropped_before_it_replaces) \
	TEST(test_landed_is_dropped_first) \
	TEST(test_dropped_when_old) \
	TEST(test_dropped_when_it_waits) \
	TEST(test_dropped_meanwhile) \
	TEST(test_land) \
	TEST(test_trap) \
	TEST(test_remote_dropped) \
	TEST(test_handler) \
	TEST(test_hugetlb) \
	TEST(test_replace) \
	TEST(test_remote) \
	TEST(test_unshare) \
	TEST(test_abandon) \
	TEST(test_zero_read)

SUITE(flight, TESTS)
