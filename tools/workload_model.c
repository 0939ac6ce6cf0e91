// SPDX-License-Identifier: GPL-2.0
#include "workload_model.h"

#include <string.h>

#include "workload_exec.h"
#include "workload_replay.h"

void replay_count(struct replay *replay, enum counter_index counter,
		  __u64 pages)
{
	if (replay->counting)
		replay->expect->counters.value[counter] += pages;
}

void replay_fault(struct replay *replay)
{
	if (replay->counting)
		replay->expect->faults++;
}

/* Of nodes that take turns, a page's number says which it is. */
static bool is_there(const struct replay *replay, __u64 page)
{
	return replay->place == PLAN_THERE ||
	       (replay->place == PLAN_BY_TURNS && page % 2);
}

static void replay_allocated(struct replay *replay, __u64 page, __u64 pages)
{
	replay->expect->allocated += pages;
	if (is_there(replay, page))
		replay_count(replay, COUNTER_pool_remote, pages);
}

void replay_zero_filled(struct replay *replay, __u64 page, __u64 pages)
{
	replay_allocated(replay, page, pages);
	replay_count(replay, COUNTER_zero_filled, pages);
	if (replay->plan->memory == PLAN_HEAP)
		replay_count(replay, COUNTER_zero_heap, pages);
	if (replay->plan->memory == PLAN_STACK)
		replay_count(replay, COUNTER_zero_stack, pages);
}

void replay_broken(struct replay *replay, enum counter_index kind, __u64 page,
		   __u64 pages)
{
	replay_allocated(replay, page, pages);
	replay_count(replay, COUNTER_broken, pages);
	replay_count(replay, kind, pages);
	if (replay->remote)
		replay_count(replay, COUNTER_broken_remote, pages);
}

void replay_copied(struct replay *replay, __u64 page, __u32 writer, __u32 origin)
{
	replay_broken(replay, COUNTER_broken_anon, page, 1);
	replay_count(replay, writer == origin ? COUNTER_broken_parent :
						COUNTER_broken_child, 1);
}

void replay_doubt(struct replay *replay, const char *why)
{
	replay->expect->error = why;
}

struct frame *frame_new(struct replay *replay, __u32 origin)
{
	struct frame *frame = replay->frame;

	while (frame->refs)
		frame++;
	*frame = (struct frame){ .refs = 1, .origin = origin,
				 .exclusive = true };
	return frame;
}

struct page_set pages_within(struct page_set set, __u64 first, __u64 end)
{
	if (set.stride && set.first < first)
		set.first += (first - set.first + set.stride - 1) /
			     set.stride * set.stride;
	if (set.end > end)
		set.end = end;
	return set;
}

/*
 * A process whose parent is gone may get the parent's place in the kernel's
 * books (anon_vma) for its own children; what comes back from swap is booked on
 * the first of the family.
 */
static bool plan_unsure(const struct workload_plan *plan)
{
	bool gone[PLAN_ACTORS_MAX] = { false };
	bool swapped = false;

	for (__u32 i = 0; i < plan->nr_steps; i++) {
		const struct plan_step *step = &plan->step[i];
		__u32 actor = step->actor;

		swapped |= step->op == PLAN_PAGE_OUT;
		if (step->op == PLAN_EXIT || step->op == PLAN_EXEC)
			gone[actor] = true;
		if (step->op != PLAN_FORK)
			continue;
		if (swapped)
			return true;
		for (; actor; actor = plan->parent[actor])
			if (gone[plan->parent[actor]])
				return true;
	}
	return false;
}

static __u64 plan_forks(const struct workload_plan *plan)
{
	__u64 forks = 0;

	for (__u32 i = plan->begin; i < plan->nr_steps; i++)
		forks += plan->step[i].op == PLAN_FORK;
	return forks;
}

/*
 * Reads of a file may map pages around them; racing threads fault at will; and
 * who knows what the rarer steps do on their way.
 */
static bool plan_faults_known(const struct workload_plan *plan)
{
	if (plan->memory > PLAN_STACK)
		return false;
	for (__u32 i = plan->begin; i < plan->nr_steps; i++) {
		enum plan_op op = plan->step[i].op;

		if (op == PLAN_RACE || op > PLAN_SHOW ||
		    (op == PLAN_READ && plan->memory == PLAN_FILE))
			return false;
	}
	return true;
}

static void replay_reset(struct replay *replay)
{
	__u32 actors = replay->plan->nr_actors;

	replay->counting = false;
	replay->place = PLAN_HERE;
	replay->remote = false;
	for (__u32 i = 0; i < actors; i++)
		replay->space[i] = i;
	memset(replay->frame, 0, 2 * actors * sizeof(replay->frame[0]));
}

/* Pages that go through the steps together. */
static __u64 replay_unit(enum plan_memory memory)
{
	return memory == PLAN_HUGE_PAGES || memory == PLAN_HUGETLB ? PLAN_HUGE : 1;
}

static void replay_all(const struct workload_plan *plan,
		       const struct workload_kernel *kernel,
		       struct workload_expectation *expect)
{
	static struct replay replay;
	__u64 unit = replay_unit(plan->memory);

	replay.plan = plan;
	replay.kernel = kernel;
	replay.expect = expect;
	for (__u64 i = 0; i < plan->pages; i += unit) {
		replay_reset(&replay);
		if (plan->memory == PLAN_HUGE_PAGES)
			replay_huge(&replay, i / unit);
		else if (plan->memory == PLAN_HUGETLB)
			replay_hugetlb(&replay, i / unit);
		else
			replay_page(&replay, i);
	}
}

/* What the programs do that know nothing of the region. */
static void expect_programs(const struct workload_plan *plan, __u64 *value)
{
	for (__u32 i = 0; i < plan->nr_steps; i++) {
		const struct plan_step *step = &plan->step[i];

		if (step->op != PLAN_EXEC || step->how != PLAN_WITH_DATA)
			continue;
		value[COUNTER_broken] += EXEC_DATA_PAGES;
		value[COUNTER_broken_file] += EXEC_DATA_PAGES;
		value[COUNTER_zero_filled] += EXEC_BSS_PAGES;
	}
}

void workload_expect(const struct workload_plan *plan,
		     const struct workload_kernel *kernel,
		     struct workload_expectation *expect)
{
	__u64 *value = expect->counters.value;

	memset(expect, 0, sizeof(*expect));
	expect->error = plan->error;
	if (expect->error)
		return;

	replay_all(plan, kernel, expect);
	expect_programs(plan, value);
	value[COUNTER_forks] = plan_forks(plan);
	value[COUNTER_inherited] = value[COUNTER_shared];
	value[COUNTER_pool_local] = value[COUNTER_broken] +
				    value[COUNTER_zero_filled] -
				    value[COUNTER_pool_remote];
	expect->faults_known = plan_faults_known(plan);
	expect->unsure = plan_unsure(plan);
}
