// SPDX-License-Identifier: GPL-2.0
/*
 * One base page through all the steps of a plan.
 */
#include <string.h>

#include "workload_replay_page.h"

bool set_has(struct page_set set, __u64 page)
{
	return page >= set.first && page < set.end &&
	       (page - set.first) % set.stride == 0;
}

void view_drop(struct view *view)
{
	if (view->mapped == MAPPED_FRAME)
		view->frame->refs--;
	view->mapped = MAPPED_NONE;
}

void view_own(struct replay *replay, struct view *view, __u32 space)
{
	view_drop(view);
	view->mapped = MAPPED_FRAME;
	view->frame = frame_new(replay, space);
}

static bool is_of_file(const struct workload_plan *plan)
{
	return plan->memory == PLAN_FILE || plan->memory == PLAN_TMPFS ||
	       plan->memory == PLAN_DISK;
}

/* Shared memory is never counted. */
static bool is_shared(const struct workload_plan *plan)
{
	return plan->memory == PLAN_SHARED ||
	       plan->memory == PLAN_SHARED_ANONYMOUS ||
	       plan->memory == PLAN_HUGETLB_SHARED;
}

static void page_read(struct replay *replay, struct view *view)
{
	if (view->mapped != MAPPED_NONE)
		return;
	replay_fault(replay);
	if (is_of_file(replay->plan)) {
		view->mapped = MAPPED_FILE;
		return;
	}
	view->mapped = MAPPED_ZERO;
	replay_count(replay, COUNTER_zero_mapped, 1);
}

static void frame_write(struct replay *replay, struct view *view, __u32 space,
			__u64 page)
{
	struct frame *frame = view->frame;

	if (frame->exclusive)
		return;
	replay_fault(replay);
	if (frame->merged) {
		replay_broken(replay, COUNTER_broken_ksm, page, 1);
		view_own(replay, view, space);
		return;
	}
	if (frame->refs == 1) {
		replay_count(replay, COUNTER_reused, 1);
		frame->exclusive = true;
		frame->origin = space;
		return;
	}
	replay_copied(replay, page, space, frame->origin);
	view_own(replay, view, space);
}

void page_write(struct replay *replay, struct view *view, __u32 space, __u64 page)
{
	if (view->mapped == MAPPED_FRAME) {
		frame_write(replay, view, space, page);
		return;
	}
	replay_fault(replay);
	if (is_of_file(replay->plan)) {
		replay_broken(replay, COUNTER_broken_file, page, 1);
	} else {
		if (view->mapped == MAPPED_ZERO)
			replay_count(replay, COUNTER_zero_upgraded, 1);
		replay_zero_filled(replay, page, 1);
	}
	view_own(replay, view, space);
}

/* A copy at once, for the child: what is pinned stays with the parent. */
static void page_fork_pinned(struct replay *replay, struct view *child,
			     __u32 space)
{
	child->mapped = MAPPED_FRAME;
	child->frame = frame_new(replay, space);
	replay->expect->allocated++;
	replay_count(replay, COUNTER_eager, 1);
}

/*
 * The kernel copies the page table of a region only if it has anonymous pages;
 * otherwise the child maps the zero page or the file's page anew.
 */
static void page_fork(struct replay *replay, const struct view *parent,
		      struct view *child, __u32 space)
{
	*child = (struct view){
		.absent = parent->absent || parent->dontfork,
		.wipeonfork = parent->wipeonfork,
	};
	if (child->absent || parent->wipeonfork || !parent->written)
		return;
	*child = *parent;
	if (parent->mapped != MAPPED_FRAME)
		return;
	if (parent->frame->pinned) {
		page_fork_pinned(replay, child, space);
		return;
	}
	parent->frame->refs++;
	parent->frame->exclusive = false;
	replay_count(replay, parent->swapped ? COUNTER_shared_swap : COUNTER_shared,
		     1);
}

/* Whoever uses it first, it is there once. */
static void page_touch_shared(struct replay *replay)
{
	if (replay->frame[0].refs)
		return;
	frame_new(replay, 0);
	replay->expect->allocated++;
}

static void page_touch(struct replay *replay, const struct plan_step *step,
		       struct view *view, __u32 space, __u64 page)
{
	if (step->op != PLAN_READ)
		view->written |= pages_count(step->set) != 0;
	if (!set_has(step->set, page))
		return;
	if (is_shared(replay->plan)) {
		page_touch_shared(replay);
		return;
	}
	if (view->absent)
		replay_doubt(replay, "a child uses memory that it did not get");
	if (step->op == PLAN_READ)
		page_read(replay, view);
	else
		page_write(replay, view, space, page);
	view->swapped = false;
}

static void page_leave(struct replay *replay, struct view *view, __u32 actor)
{
	if (replay->space[actor] == actor)
		view_drop(view);
	replay->space[actor] = actor;
}

static void page_step(struct replay *replay, const struct plan_step *step,
		      struct view *views, __u64 page)
{
	__u32 space = replay->space[step->actor];
	struct view *view = &views[space];

	switch (step->op) {
	case PLAN_BEGIN:
		replay->counting = true;
		break;
	case PLAN_READ:
	case PLAN_WRITE:
	case PLAN_RACE:
		page_touch(replay, step, view, space, page);
		break;
	case PLAN_DONTFORK:
		view->dontfork |= set_has(step->set, page);
		break;
	case PLAN_WIPEONFORK:
		view->wipeonfork |= set_has(step->set, page);
		break;
	case PLAN_FORK:
		page_fork(replay, view, &views[step->target], step->target);
		break;
	case PLAN_VFORK:
		replay->space[step->target] = space;
		break;
	case PLAN_EXEC:
	case PLAN_EXIT:
		page_leave(replay, view, step->actor);
		break;
	case PLAN_END:
	case PLAN_AWAIT_EXEC:
	case PLAN_REAP:
	case PLAN_SHOW:
		break;
	default:
		rare_step(replay, step, views, page);
		break;
	}
}

void replay_page(struct replay *replay, __u64 page)
{
	struct view views[PLAN_ACTORS_MAX];

	memset(views, 0, replay->plan->nr_actors * sizeof(views[0]));
	for (__u32 i = 0; i < replay->plan->nr_steps; i++)
		page_step(replay, &replay->plan->step[i], views, page);
}
