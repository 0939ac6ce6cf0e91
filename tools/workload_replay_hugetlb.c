// SPDX-License-Identifier: GPL-2.0
/*
 * One hugetlb page through all the steps of a plan. It is zero-filled, copied and
 * taken over as a whole. If there is no page left for a copy, the process that has
 * reserved it, the first one, takes the page away from the others.
 */
#include <string.h>

#include "workload_replay.h"

struct hugetlb_view {
	struct frame *frame;
	bool lost;		/* it was taken away */
};

static struct hugetlb_view views[PLAN_ACTORS_MAX];

static void hugetlb_own(struct replay *replay, struct hugetlb_view *view,
			__u32 space)
{
	if (view->frame)
		view->frame->refs--;
	view->frame = frame_new(replay, space);
}

static void take_away(struct replay *replay, const struct frame *frame)
{
	for (__u32 i = 1; i < replay->plan->nr_actors; i++) {
		if (views[i].frame != frame)
			continue;
		views[i].frame->refs--;
		views[i].frame = NULL;
		views[i].lost = true;
	}
}

static void hugetlb_shared_write(struct replay *replay, struct hugetlb_view *view,
				 __u32 space, __u64 page)
{
	if (view->frame->refs > 1 && !replay->plan->scarce) {
		replay_broken(replay, COUNTER_broken_hugetlb, page, PLAN_HUGE);
		hugetlb_own(replay, view, space);
		return;
	}
	if (view->frame->refs > 1 && space) {
		replay_doubt(replay, "a child finds no hugetlb page");
		return;
	}
	take_away(replay, view->frame);
	view->frame->exclusive = true;
	view->frame->origin = space;
	replay_count(replay, COUNTER_reused, PLAN_HUGE);
}

static void hugetlb_write(struct replay *replay, struct hugetlb_view *view,
			  __u32 space, __u64 page)
{
	if (view->lost) {
		replay_doubt(replay, "a hugetlb page is used that was taken away");
		return;
	}
	if (view->frame && view->frame->exclusive)
		return;
	if (view->frame) {
		hugetlb_shared_write(replay, view, space, page);
		return;
	}
	replay_zero_filled(replay, page, PLAN_HUGE);
	replay_count(replay, COUNTER_zero_huge, PLAN_HUGE);
	hugetlb_own(replay, view, space);
}

/* What is pinned stays with the parent. */
static void hugetlb_fork_pinned(struct replay *replay, struct hugetlb_view *child,
				__u32 space)
{
	child->frame = frame_new(replay, space);
	replay->expect->allocated += PLAN_HUGE;
	replay_count(replay, COUNTER_eager, PLAN_HUGE);
}

static void hugetlb_fork(struct replay *replay, const struct hugetlb_view *parent,
			 struct hugetlb_view *child, __u32 space)
{
	if (!parent->frame)
		return;
	if (parent->frame->pinned) {
		hugetlb_fork_pinned(replay, child, space);
		return;
	}
	*child = *parent;
	parent->frame->refs++;
	parent->frame->exclusive = false;
	replay_count(replay, COUNTER_shared, PLAN_HUGE);
}

static void hugetlb_write_remote(struct replay *replay, struct hugetlb_view *view,
				 __u32 space, __u64 page)
{
	replay->remote = true;
	hugetlb_write(replay, view, space, page);
	replay->remote = false;
}

static void hugetlb_pin(struct replay *replay, struct hugetlb_view *view,
			__u32 space, __u64 page)
{
	hugetlb_write_remote(replay, view, space, page);
	view->frame->pinned = true;
}

/* To be pinned and read, it has to be its owner's alone. */
static void hugetlb_unshare(struct replay *replay, struct hugetlb_view *view,
			    __u32 space)
{
	if (!view->frame || view->frame->refs == 1 || replay->plan->scarce) {
		replay_doubt(replay, "a hugetlb page is pinned that is not shared");
		return;
	}
	replay->expect->allocated += PLAN_HUGE;
	replay_count(replay, COUNTER_unshared, PLAN_HUGE);
	hugetlb_own(replay, view, space);
}

static void hugetlb_exit(struct hugetlb_view *view)
{
	if (view->frame)
		view->frame->refs--;
	view->frame = NULL;
}

static void hugetlb_step(struct replay *replay, const struct plan_step *step,
			 __u64 unit)
{
	struct page_set set = pages_within(step->set, unit * PLAN_HUGE,
					   (unit + 1) * PLAN_HUGE);
	struct hugetlb_view *view = &views[step->actor];

	switch (step->op) {
	case PLAN_BEGIN:
		replay->counting = true;
		break;
	case PLAN_READ:
		if (pages_count(set) && !view->frame)
			replay_doubt(replay, "a read fills a hugetlb page");
		break;
	case PLAN_WRITE:
		if (pages_count(set))
			hugetlb_write(replay, view, step->actor, set.first);
		break;
	case PLAN_PIN:
		if (pages_count(set))
			hugetlb_pin(replay, view, step->actor, set.first);
		break;
	case PLAN_WRITE_FROM:
		if (pages_count(set))
			hugetlb_write_remote(replay, &views[step->target],
					     step->target, set.first);
		break;
	case PLAN_READ_FROM:
		if (pages_count(set))
			hugetlb_unshare(replay, &views[step->target], step->target);
		break;
	case PLAN_FORK:
		hugetlb_fork(replay, view, &views[step->target], step->target);
		break;
	case PLAN_EXIT:
		hugetlb_exit(view);
		break;
	case PLAN_END:
	case PLAN_REAP:
	case PLAN_SHOW:
		break;
	default:
		replay_doubt(replay, "a step that hugetlb pages do not have");
		break;
	}
}

void replay_hugetlb(struct replay *replay, __u64 unit)
{
	memset(views, 0, replay->plan->nr_actors * sizeof(views[0]));
	for (__u32 i = 0; i < replay->plan->nr_steps; i++)
		hugetlb_step(replay, &replay->plan->step[i], unit);
}
