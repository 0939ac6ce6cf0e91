// SPDX-License-Identifier: GPL-2.0
/*
 * One huge page through all the steps of a plan.
 *
 * A fork shares it as a whole. A write to a shared huge page splits the
 * writer's mapping, and from then on copies base pages, while it stays whole
 * for all others; the last that holds it whole takes it over whole. What a
 * process with a split mapping would do as the last one, and at a fork, is not
 * the same in all kernels: plans must leave it out.
 */
#include <string.h>

#include "workload_replay.h"

enum huge_mapped {
	HUGE_NONE,
	HUGE_ZERO,		/* the shared huge zero page */
	HUGE_WHOLE,
	HUGE_SPLIT,
};

/* After a split. */
enum huge_part {
	PART_WHOLE,		/* of what was there before: a frame or zero pages */
	PART_OWN,
	PART_NONE,
};

struct huge_view {
	enum huge_mapped mapped;
	struct frame *frame;	/* NULL: of zero pages */
	__u8 part[PLAN_HUGE];	/* enum huge_part */
};

/* One replay at a time, and too large for the stack. */
static struct huge_view views[PLAN_ACTORS_MAX];

static void huge_read(struct replay *replay, struct huge_view *view)
{
	if (view->mapped != HUGE_NONE)
		return;
	view->mapped = HUGE_ZERO;
	replay_fault(replay);
	replay_count(replay, COUNTER_zero_mapped, PLAN_HUGE);
}

static void huge_fill(struct replay *replay, struct huge_view *view,
		      __u32 space, __u64 page)
{
	view->mapped = HUGE_WHOLE;
	view->frame = frame_new(replay, space);
	replay_fault(replay);
	replay_zero_filled(replay, page, PLAN_HUGE);
	replay_count(replay, COUNTER_zero_huge, PLAN_HUGE);
}

static void huge_take_over(struct replay *replay, struct huge_view *view,
			   __u32 space)
{
	view->frame->exclusive = true;
	view->frame->origin = space;
	replay_fault(replay);
	replay_count(replay, COUNTER_reused, PLAN_HUGE);
}

static void part_copy(struct replay *replay, struct huge_view *view,
		      __u32 space, __u64 page)
{
	if (view->frame->refs == 1)
		replay_doubt(replay, "the last holder split the page");
	replay_copied(replay, page, space, view->frame->origin);
}

static void part_write(struct replay *replay, struct huge_view *view,
		       __u32 space, __u64 page)
{
	enum huge_part before = view->part[page % PLAN_HUGE];

	if (before == PART_OWN)
		return;
	view->part[page % PLAN_HUGE] = PART_OWN;
	replay_fault(replay);
	if (before == PART_WHOLE && view->frame) {
		part_copy(replay, view, space, page);
		return;
	}
	replay_zero_filled(replay, page, 1);
	if (before == PART_WHOLE)
		replay_count(replay, COUNTER_zero_upgraded, 1);
}

static void split_write(struct replay *replay, struct huge_view *view,
			__u32 space, struct page_set set)
{
	view->mapped = HUGE_SPLIT;
	for (__u64 i = set.first; i < set.end; i += set.stride)
		part_write(replay, view, space, i);
}

/* Some kernels get a huge page at once, others split what is there. */
static void huge_zero_write(struct replay *replay, struct huge_view *view,
			    __u32 space, struct page_set set)
{
	if (!replay->kernel->huge_zero_at_once) {
		replay->expect->split = true;
		split_write(replay, view, space, set);
		return;
	}
	huge_fill(replay, view, space, set.first);
	replay_count(replay, COUNTER_zero_upgraded, PLAN_HUGE);
}

static void huge_write(struct replay *replay, struct huge_view *view,
		       __u32 space, struct page_set set)
{
	if (view->mapped == HUGE_NONE)
		huge_fill(replay, view, space, set.first);
	else if (view->mapped == HUGE_ZERO)
		huge_zero_write(replay, view, space, set);
	else if (view->mapped == HUGE_SPLIT)
		split_write(replay, view, space, set);
	else if (view->frame->exclusive)
		return;
	else if (view->frame->refs == 1)
		huge_take_over(replay, view, space);
	else
		split_write(replay, view, space, set);
}

/* Not all of it, so what is left is in pieces. */
static void huge_dontneed(struct replay *replay, struct huge_view *view,
			  struct page_set set)
{
	if (view->mapped != HUGE_WHOLE || view->frame->refs == 1 ||
	    pages_count(set) == PLAN_HUGE) {
		replay_doubt(replay, "a huge page is dropped that is not shared, or whole");
		return;
	}
	view->mapped = HUGE_SPLIT;
	for (__u64 i = set.first; i < set.end; i++)
		view->part[i % PLAN_HUGE] = PART_NONE;
}

static void huge_write_remote(struct replay *replay, struct huge_view *view,
			      __u32 space, struct page_set set)
{
	replay->remote = true;
	huge_write(replay, view, space, set);
	replay->remote = false;
}

static void huge_pin(struct replay *replay, struct huge_view *view,
		     struct page_set set)
{
	if (view->mapped != HUGE_WHOLE || !view->frame->exclusive ||
	    pages_count(set) != PLAN_HUGE)
		replay_doubt(replay, "a huge page is pinned in part, or shared");
	else
		view->frame->pinned = true;
}

/* Base pages that are pinned to be read get to be their owner's alone. */
static void huge_unshare(struct replay *replay, struct huge_view *view,
			 struct page_set set)
{
	if (!view->frame || view->frame->refs == 1) {
		replay_doubt(replay, "a huge page is pinned that is not shared");
		return;
	}
	view->mapped = HUGE_SPLIT;
	for (__u64 i = set.first; i < set.end; i += set.stride) {
		if (view->part[i % PLAN_HUGE] != PART_WHOLE)
			continue;
		view->part[i % PLAN_HUGE] = PART_OWN;
		replay->expect->allocated++;
		replay_count(replay, COUNTER_unshared, 1);
	}
}

/* The fork splits it, and copies base pages. */
static void huge_fork_pinned(struct replay *replay, struct huge_view *parent,
			     struct huge_view *child)
{
	parent->mapped = HUGE_SPLIT;
	memset(parent->part, PART_OWN, sizeof(parent->part));
	*child = *parent;
	child->frame = NULL;
	replay->expect->split = true;
	replay->expect->allocated += PLAN_HUGE;
	replay_count(replay, COUNTER_eager, PLAN_HUGE);
}

static void huge_fork(struct replay *replay, struct huge_view *parent,
		      struct huge_view *child)
{
	if (parent->mapped == HUGE_SPLIT || parent->mapped == HUGE_ZERO)
		replay_doubt(replay, "a fork with no whole huge page");
	if (parent->mapped != HUGE_WHOLE)
		return;
	if (parent->frame->pinned) {
		huge_fork_pinned(replay, parent, child);
		return;
	}
	*child = *parent;
	parent->frame->refs++;
	parent->frame->exclusive = false;
	replay_count(replay, COUNTER_shared, PLAN_HUGE);
}

static void huge_exit(struct huge_view *view)
{
	if (view->frame)
		view->frame->refs--;
	view->frame = NULL;
	view->mapped = HUGE_NONE;
}

static void huge_step_rare(struct replay *replay, const struct plan_step *step,
			   struct page_set set)
{
	if (step->op == PLAN_PLACE) {
		replay->place = step->how;
		return;
	}
	if (!pages_count(set))
		return;
	switch (step->op) {
	case PLAN_DONTNEED:
		huge_dontneed(replay, &views[step->actor], set);
		break;
	case PLAN_PIN:
		huge_pin(replay, &views[step->actor], set);
		break;
	case PLAN_WRITE_FROM:
		huge_write_remote(replay, &views[step->target], step->target, set);
		break;
	case PLAN_READ_FROM:
		huge_unshare(replay, &views[step->target], set);
		break;
	default:
		replay_doubt(replay, "a step that huge pages do not have");
		break;
	}
}

static void huge_step(struct replay *replay, const struct plan_step *step,
		      __u64 unit)
{
	struct page_set set = pages_within(step->set, unit * PLAN_HUGE,
					   (unit + 1) * PLAN_HUGE);
	struct huge_view *view = &views[step->actor];

	switch (step->op) {
	case PLAN_BEGIN:
		replay->counting = true;
		break;
	case PLAN_READ:
		if (pages_count(set))
			huge_read(replay, view);
		break;
	case PLAN_WRITE:
		if (pages_count(set))
			huge_write(replay, view, step->actor, set);
		break;
	case PLAN_FORK:
		huge_fork(replay, view, &views[step->target]);
		break;
	case PLAN_EXIT:
		huge_exit(view);
		break;
	case PLAN_END:
	case PLAN_REAP:
	case PLAN_SHOW:
		break;
	default:
		huge_step_rare(replay, step, set);
		break;
	}
}

void replay_huge(struct replay *replay, __u64 unit)
{
	memset(views, 0, replay->plan->nr_actors * sizeof(views[0]));
	for (__u32 i = 0; i < replay->plan->nr_steps; i++)
		huge_step(replay, &replay->plan->step[i], unit);
}
