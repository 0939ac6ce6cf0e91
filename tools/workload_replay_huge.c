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

struct huge_view {
	enum huge_mapped mapped;
	struct frame *frame;
	__u8 copied[PLAN_HUGE];	/* after a split: pages of its own */
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
		      __u32 space)
{
	view->mapped = HUGE_WHOLE;
	view->frame = frame_new(replay, space);
	replay_fault(replay);
	replay_zero_filled(replay, PLAN_HUGE);
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

static void huge_copy(struct replay *replay, struct huge_view *view,
		      __u32 space, struct page_set set)
{
	view->mapped = HUGE_SPLIT;
	for (__u64 i = set.first; i < set.end; i += set.stride) {
		if (view->copied[i % PLAN_HUGE])
			continue;
		view->copied[i % PLAN_HUGE] = 1;
		if (view->frame->refs == 1)
			replay_doubt(replay, "the last holder split the page");
		replay_fault(replay);
		replay_copied(replay, space, view->frame->origin);
	}
}

static void huge_write(struct replay *replay, struct huge_view *view,
		       __u32 space, struct page_set set)
{
	if (view->mapped == HUGE_NONE)
		huge_fill(replay, view, space);
	else if (view->mapped == HUGE_ZERO)
		replay_doubt(replay, "a write to the huge zero page");
	else if (view->mapped == HUGE_SPLIT)
		huge_copy(replay, view, space, set);
	else if (view->frame->exclusive)
		return;
	else if (view->frame->refs == 1)
		huge_take_over(replay, view, space);
	else
		huge_copy(replay, view, space, set);
}

static void huge_fork(struct replay *replay, const struct huge_view *parent,
		      struct huge_view *child)
{
	if (parent->mapped == HUGE_SPLIT || parent->mapped == HUGE_ZERO)
		replay_doubt(replay, "a fork with no whole huge page");
	if (parent->mapped != HUGE_WHOLE)
		return;
	*child = *parent;
	parent->frame->refs++;
	parent->frame->exclusive = false;
	replay_count(replay, COUNTER_shared, PLAN_HUGE);
}

static void huge_exit(struct huge_view *view)
{
	if (view->mapped == HUGE_WHOLE || view->mapped == HUGE_SPLIT)
		view->frame->refs--;
	view->mapped = HUGE_NONE;
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
		replay_doubt(replay, "a step that huge pages do not have");
		break;
	}
}

void replay_huge(struct replay *replay, __u64 unit)
{
	memset(views, 0, replay->plan->nr_actors * sizeof(views[0]));
	for (__u32 i = 0; i < replay->plan->nr_steps; i++)
		huge_step(replay, &replay->plan->step[i], unit);
}
