// SPDX-License-Identifier: GPL-2.0
/*
 * One base page through the rarer steps of a plan.
 */
#include "workload_replay_page.h"

/* A frame that nobody paid for, as of a page that was copied in. */
static void page_arrive(struct replay *replay, struct view *view, __u32 space)
{
	if (view->mapped != MAPPED_NONE)
		replay_doubt(replay, "a page arrives where there is one");
	view_own(replay, view, space);
	replay->expect->allocated++;
}

static void page_write_remote(struct replay *replay, struct view *view,
			      __u32 space, __u64 page)
{
	replay->remote = true;
	page_write(replay, view, space, page);
	replay->remote = false;
}

static void page_pin(struct replay *replay, struct view *view, __u32 space,
		     __u64 page)
{
	page_write_remote(replay, view, space, page);
	view->frame->pinned = true;
}

/* Pages that are pinned to be read get to be their owner's alone first. */
static void page_unshare(struct replay *replay, struct view *view, __u32 space)
{
	if (view->mapped != MAPPED_FRAME) {
		replay_doubt(replay, "a page is pinned that is none");
		return;
	}
	if (view->frame->exclusive)
		return;
	if (view->frame->refs == 1) {
		view->frame->exclusive = true;
		view->frame->origin = space;
		return;
	}
	view_own(replay, view, space);
	replay->expect->allocated++;
	replay_count(replay, COUNTER_unshared, 1);
}

/* The pipe is one more that holds it. */
static void page_splice(struct replay *replay, struct view *view)
{
	if (view->mapped == MAPPED_FRAME)
		view->frame->refs++;
	else
		replay_doubt(replay, "a page goes to a pipe that is none");
}

static void page_merge(struct replay *replay, struct view *view)
{
	if (view->mapped != MAPPED_FRAME || !view->frame->exclusive) {
		replay_doubt(replay, "KSM merges a page that is none, or shared");
		return;
	}
	view->frame->merged = true;
	view->frame->exclusive = false;
}

/* The frame of the page that it comes from is as good as any. */
static void page_move(struct replay *replay, const struct plan_step *step,
		      struct view *view, __u32 space, __u64 page)
{
	__u64 length = step->set.end - step->set.first;

	if (set_has(step->set, page))
		view_drop(view);
	else if (page >= length && set_has(step->set, page - length))
		page_arrive(replay, view, space);
}

static void page_clash(struct replay *replay, const struct plan_step *step,
		       struct view *views, __u64 page)
{
	struct view *view = &views[step->actor];

	if (view->mapped == MAPPED_FRAME && view->frame->refs < 3)
		replay_doubt(replay, "who comes first takes over, or not");
	page_write(replay, view, step->actor, page);
	page_write(replay, &views[step->target], step->target, page);
}

static void page_swap_out(struct replay *replay, struct view *view)
{
	if (view->mapped != MAPPED_FRAME || !view->frame->exclusive)
		replay_doubt(replay, "a page goes to swap that is none, or shared");
	view->swapped = true;
}

/* @view is that of the actor, or of the target if its memory is used. */
static void rare_page(struct replay *replay, const struct plan_step *step,
		      struct view *view, __u32 space, __u64 page)
{
	switch (step->op) {
	case PLAN_DONTNEED:
	case PLAN_DROP_CACHE:
		view_drop(view);
		break;
	case PLAN_UNMAP:
		view_drop(view);
		view->absent = true;
		break;
	case PLAN_PAGE_OUT:
		page_swap_out(replay, view);
		break;
	case PLAN_MERGE:
		page_merge(replay, view);
		break;
	case PLAN_READ_INTO:
	case PLAN_ROAM:
		page_write(replay, view, space, page);
		break;
	case PLAN_POPULATE:
	case PLAN_LOCK:
	case PLAN_WRITE_FROM:
	case PLAN_READ_DIRECT:
		page_write_remote(replay, view, space, page);
		break;
	case PLAN_READ_FROM:
		page_unshare(replay, view, space);
		break;
	case PLAN_PIN:
		page_pin(replay, view, space, page);
		break;
	case PLAN_SPLICE:
		page_splice(replay, view);
		break;
	case PLAN_UFFD_COPY:
		page_arrive(replay, view, space);
		break;
	case PLAN_UFFD_ZERO:
		view->mapped = MAPPED_ZERO;
		break;
	default:
		break;
	}
}

static bool writes(enum plan_op op)
{
	switch (op) {
	case PLAN_POPULATE:
	case PLAN_LOCK:
	case PLAN_WRITE_FROM:
	case PLAN_READ_INTO:
	case PLAN_READ_DIRECT:
	case PLAN_PIN:
	case PLAN_UFFD_COPY:
	case PLAN_UFFD_MOVE:
	case PLAN_ROAM:
	case PLAN_CLASH:
		return true;
	default:
		return false;
	}
}

static __u32 whose_memory(const struct plan_step *step)
{
	if (step->op == PLAN_WRITE_FROM || step->op == PLAN_READ_FROM)
		return step->target;
	return step->actor;
}

void rare_step(struct replay *replay, const struct plan_step *step,
	       struct view *views, __u64 page)
{
	__u32 space = replay->space[whose_memory(step)];
	struct view *view = &views[space];

	view->written |= writes(step->op);
	if (step->op == PLAN_PLACE)
		replay->place = step->how;
	else if (step->op == PLAN_UFFD_MOVE)
		page_move(replay, step, view, space, page);
	else if (!set_has(step->set, page))
		return;
	else if (view->absent)
		replay_doubt(replay, "memory is used that is not there");
	else if (step->op == PLAN_CLASH)
		page_clash(replay, step, views, page);
	else
		rare_page(replay, step, view, space, page);
}
