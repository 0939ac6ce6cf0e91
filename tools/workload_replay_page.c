// SPDX-License-Identifier: GPL-2.0
/*
 * One base page through all the steps of a plan.
 */
#include <string.h>

#include "workload_replay.h"

enum mapped {
	MAPPED_NONE,
	MAPPED_ZERO,		/* the shared zero page */
	MAPPED_FILE,		/* the file's own page */
	MAPPED_FRAME,
};

struct view {
	enum mapped mapped;
	struct frame *frame;	/* of MAPPED_FRAME */
	bool written;		/* it wrote somewhere in the region */
	bool absent;		/* a fork left it out: no memory at all */
	bool dontfork;
	bool wipeonfork;
};

static bool set_has(struct page_set set, __u64 page)
{
	return page >= set.first && page < set.end &&
	       (page - set.first) % set.stride == 0;
}

static void view_drop(struct view *view)
{
	if (view->mapped == MAPPED_FRAME)
		view->frame->refs--;
	view->mapped = MAPPED_NONE;
}

static void view_own(struct replay *replay, struct view *view, __u32 space)
{
	view_drop(view);
	view->mapped = MAPPED_FRAME;
	view->frame = frame_new(replay, space);
}

static void page_read(struct replay *replay, struct view *view)
{
	if (view->mapped != MAPPED_NONE)
		return;
	replay_fault(replay);
	if (replay->plan->memory == PLAN_FILE) {
		view->mapped = MAPPED_FILE;
		return;
	}
	view->mapped = MAPPED_ZERO;
	replay_count(replay, COUNTER_zero_mapped, 1);
}

static void frame_write(struct replay *replay, struct view *view, __u32 space)
{
	struct frame *frame = view->frame;

	if (frame->exclusive)
		return;
	replay_fault(replay);
	if (frame->refs == 1) {
		replay_count(replay, COUNTER_reused, 1);
		frame->exclusive = true;
		frame->origin = space;
		return;
	}
	replay_copied(replay, space, frame->origin);
	view_own(replay, view, space);
}

static void page_write(struct replay *replay, struct view *view, __u32 space)
{
	if (view->mapped == MAPPED_FRAME) {
		frame_write(replay, view, space);
		return;
	}
	replay_fault(replay);
	if (replay->plan->memory == PLAN_FILE) {
		replay->expect->allocated++;
		replay_count(replay, COUNTER_broken, 1);
		replay_count(replay, COUNTER_broken_file, 1);
	} else {
		if (view->mapped == MAPPED_ZERO)
			replay_count(replay, COUNTER_zero_upgraded, 1);
		replay_zero_filled(replay, 1);
	}
	view_own(replay, view, space);
}

/*
 * The kernel copies the page table of a region only if it has anonymous pages;
 * otherwise the child maps the zero page or the file's page anew.
 */
static void page_fork(struct replay *replay, const struct view *parent,
		      struct view *child)
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
	parent->frame->refs++;
	parent->frame->exclusive = false;
	replay_count(replay, COUNTER_shared, 1);
}

static void page_touch(struct replay *replay, const struct plan_step *step,
		       struct view *view, __u32 space, __u64 page)
{
	if (step->op != PLAN_READ)
		view->written |= pages_count(step->set) != 0;
	if (!set_has(step->set, page))
		return;
	if (view->absent)
		replay_doubt(replay, "a child uses memory that it did not get");
	if (step->op == PLAN_READ)
		page_read(replay, view);
	else
		page_write(replay, view, space);
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
		page_fork(replay, view, &views[step->target]);
		break;
	case PLAN_VFORK:
		replay->space[step->target] = space;
		break;
	case PLAN_EXEC:
	case PLAN_EXIT:
		page_leave(replay, view, step->actor);
		break;
	default:
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
