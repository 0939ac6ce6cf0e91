// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "baseline.h"
#include "keep.h"
#include "process.h"
#include "quota.h"
#include "sum.h"
#include "viewer.h"

#define WAITS	(COWSTAT_TREE_NEXT_CHILD | COWSTAT_TREE_FROM_EXEC)

/* Its memory is the root's, as long as it has children to be asked. */
static void start_alone(struct cow_baseline *baseline)
{
	const struct cow_process *root = baseline->root;

	memset(&baseline->self, 0, sizeof(baseline->self));
	cow_process_read(root, &baseline->self);
	baseline->tree = root->node.gone;
	cow_sums_add(&baseline->tree, &baseline->self);
	baseline->started = true;
}

/* Return: 0, or -EINTR */
static int start(struct cow_baseline *baseline, enum cow_lane lane)
{
	struct cow_tree_sums sums;
	int ret;

	ret = cow_tree_sum(baseline->root, lane, &sums);
	raw_spin_lock(&cow_tree_lock);
	if (ret) {
		start_alone(baseline);
	} else {
		baseline->self = sums.self;
		baseline->tree = sums.tree;
		baseline->started = true;
	}
	raw_spin_unlock(&cow_tree_lock);
	return ret;
}

/* The root cannot have counted anything for its new program yet. */
static void before_program(struct callback_head *work)
{
	struct cow_baseline *baseline =
		container_of(work, struct cow_baseline, work);

	start(baseline, COW_LANE_USERS);
	cow_baseline_close(baseline);
	module_put(THIS_MODULE);
}

/*
 * With children, the whole tree has to be asked, which takes too long for here. The
 * handle keeps the module loaded, so another reference can be had.
 */
static void start_at_exec(struct cow_baseline *baseline)
{
	init_task_work(&baseline->work, before_program);
	if (!baseline->root->node.first ||
	    task_work_add(current, &baseline->work, TWA_RESUME)) {
		start_alone(baseline);
		return;
	}
	baseline->users++;
	baseline->starting = true;
	__module_get(THIS_MODULE);
}

void cow_baseline_exec(struct cow_process *process)
{
	struct cow_baseline *baseline, *next;

	list_for_each_entry_safe(baseline, next, &process->pending, pending) {
		if (baseline->root != process)
			continue;
		list_del_init(&baseline->pending);
		start_at_exec(baseline);
	}
}

/* Nothing has been counted yet, so all that there will be is the handles'. */
static void attach_child(struct cow_baseline *baseline,
			 struct cow_process *child)
{
	baseline->root = child;
	cow_process_pin(child);
	if (baseline->flags & COWSTAT_TREE_KEEP)
		cow_keep_born(child, baseline->quota);
	if (baseline->flags & COWSTAT_TREE_FROM_EXEC)
		list_add(&baseline->pending, &child->pending);
	else
		baseline->started = true;
}

void cow_baseline_child_born(struct cow_process *child)
{
	struct cow_process *parent = cow_parent_of(child);
	struct cow_baseline *baseline, *next;

	if (likely(list_empty(&parent->pending)))
		return;
	list_for_each_entry_safe(baseline, next, &parent->pending, pending) {
		if (baseline->root)
			continue;
		list_del_init(&baseline->pending);
		attach_child(baseline, child);
	}
}

void cow_baseline_forget(struct cow_process *process)
{
	struct cow_baseline *baseline, *next;

	list_for_each_entry_safe(baseline, next, &process->pending, pending)
		list_del_init(&baseline->pending);
}

/* One that waits for the same: there are as many as combinations of flags. */
static struct cow_baseline *find_pending(const struct cow_process *process,
					 u32 flags)
{
	struct cow_baseline *baseline;

	list_for_each_entry(baseline, &process->pending, pending)
		if (baseline->flags == flags &&
		    !baseline->root == !!(flags & COWSTAT_TREE_NEXT_CHILD))
			return baseline;
	return NULL;
}

/* With cow_tree_lock held. Return: @baseline, another one, or ERR_PTR() */
static struct cow_baseline *attach(struct cow_baseline *baseline,
				   const struct cow_viewer *viewer, pid_t pid)
{
	struct cow_process *process = cow_viewer_process(viewer, pid);
	struct cow_baseline *same;

	if (!process)
		return ERR_PTR(-ESRCH);
	if (!(baseline->flags & COWSTAT_TREE_NEXT_CHILD) &&
	    !cow_viewer_owns(viewer, process))
		return ERR_PTR(-EACCES);
	if (baseline->flags & WAITS) {
		same = find_pending(process, baseline->flags);
		if (same) {
			same->users++;
			return same;
		}
		list_add(&baseline->pending, &process->pending);
	}
	if (!(baseline->flags & COWSTAT_TREE_NEXT_CHILD)) {
		baseline->root = process;
		cow_process_pin(process);
	}
	return baseline;
}

static struct cow_baseline *alloc(const struct cow_viewer *viewer, u32 flags)
{
	struct cow_baseline *baseline;

	baseline = kzalloc(sizeof(*baseline), GFP_KERNEL_ACCOUNT);
	if (!baseline)
		return NULL;
	baseline->users = 1;
	baseline->flags = flags;
	baseline->quota = cow_quota_ref(viewer->quota);
	INIT_LIST_HEAD(&baseline->pending);
	return baseline;
}

static void destroy(struct cow_baseline *baseline)
{
	cow_quota_put(baseline->quota);
	kfree(baseline);
}

struct cow_baseline *cow_baseline_open(const struct cow_viewer *viewer,
				       u32 flags, pid_t pid)
{
	struct cow_baseline *new, *baseline;
	int ret;

	new = alloc(viewer, flags);
	if (!new)
		return ERR_PTR(-ENOMEM);
	raw_spin_lock(&cow_tree_lock);
	baseline = attach(new, viewer, pid);
	raw_spin_unlock(&cow_tree_lock);
	if (baseline != new) {
		destroy(new);
		return baseline;
	}
	if (flags & COWSTAT_TREE_NEXT_CHILD)
		return baseline;
	if (flags & COWSTAT_TREE_KEEP)
		cow_keep_begin(baseline->root, baseline->quota);
	if (flags & COWSTAT_TREE_FROM_EXEC)
		return baseline;
	ret = start(baseline, cow_viewer_lane(viewer));
	if (!ret)
		return baseline;
	cow_baseline_close(baseline);
	return ERR_PTR(ret);
}

static bool put(struct cow_baseline *baseline)
{
	bool last;

	raw_spin_lock(&cow_tree_lock);
	last = !--baseline->users;
	if (last)
		list_del_init(&baseline->pending);
	raw_spin_unlock(&cow_tree_lock);
	return last;
}

void cow_baseline_close(struct cow_baseline *baseline)
{
	if (!put(baseline))
		return;
	if (baseline->root) {
		if (baseline->flags & COWSTAT_TREE_KEEP)
			cow_keep_end(baseline->root);
		raw_spin_lock(&cow_tree_lock);
		cow_process_unpin(baseline->root);
		raw_spin_unlock(&cow_tree_lock);
	}
	destroy(baseline);
}
