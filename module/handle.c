// SPDX-License-Identifier: GPL-2.0
#include <linux/anon_inodes.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "handle.h"
#include "ioctl.h"
#include "loss.h"
#include "process.h"
#include "snapshot.h"
#include "viewer.h"

unsigned int cow_max_handles = 1024;
unsigned int cow_max_kept = 4096;

/**
 * struct cow_handle - a tree handle
 * @viewer: who opened it
 * @flags: COWSTAT_TREE_*
 * @root: the tree's root, pinned; NULL as long as it is not born
 * @waiting: in the waiters of the forker, or of the root for its exec
 * @counting: in the handles of the root, once it has started
 * @max_before: longest break between its start and that of a later one
 * @started: it counts; one whose root ends without the exec never does
 * @base_self: the root's own counters when the handle started
 * @base_tree: the tree's
 */
struct cow_handle {
	struct cow_viewer viewer;
	u32 flags;
	struct cow_process *root;
	struct list_head waiting;
	struct list_head counting;
	u64 max_before;
	bool started;
	struct cow_sums base_self;
	struct cow_sums base_tree;
};

static atomic_t handles;

/* For all keepers together: at most as many as there may be living ones. */
static unsigned int kept_in_all;

static struct cow_process *next_below(struct cow_process *top,
				      struct cow_process *process)
{
	struct cow_node *next = cow_tree_next(&top->node, &process->node);

	return next ? cow_process_of(next) : NULL;
}

static struct cow_process *outer_keeper(struct cow_process *keeper)
{
	return cow_parent_of(keeper)->keeper;
}

/* Gone, and in the tree for the keeper's sake alone. */
static bool is_kept(const struct cow_process *process)
{
	return !process->users && !process->pins;
}

void cow_handle_process_gone(struct cow_process *process)
{
	struct cow_process *keeper = process->keeper;

	if (process->pins)
		return;
	if (keeper && !process->borrower && keeper->kept < cow_max_kept &&
	    kept_in_all < cow_max_processes) {
		keeper->kept++;
		kept_in_all++;
		return;
	}
	if (!process->borrower)
		for (; keeper; keeper = outer_keeper(keeper))
			keeper->folded++;
	cow_process_fold(process);
}

/* Nodes below @top that are @from's become @to's, those that are kept too. */
static void change_keeper(struct cow_process *top, struct cow_process *from,
			  struct cow_process *to)
{
	struct cow_process *process, *next;

	for (process = top; process; process = next) {
		next = next_below(top, process);
		if (process->keeper != from)
			continue;
		process->keeper = to;
		if (!is_kept(process))
			continue;
		if (from) {
			from->kept--;
			kept_in_all--;
		}
		cow_handle_process_gone(process);
	}
}

static void pin(struct cow_process *root, u32 flags)
{
	root->pins++;
	if (!(flags & COWSTAT_TREE_KEEP) || root->recorders++)
		return;
	root->kept = 0;
	root->folded = 0;
	change_keeper(root, root->keeper, root);
}

static void unpin(struct cow_process *root, u32 flags)
{
	if ((flags & COWSTAT_TREE_KEEP) && !--root->recorders)
		change_keeper(root, root, outer_keeper(root));
	if (!--root->pins && !root->users)
		cow_handle_process_gone(root);
}

static u64 recent_max(struct cow_process *top)
{
	struct cow_tree_sums sums;

	cow_tree_sum(top, true, &sums);
	return sums.tree.break_max_ns;
}

static void note_max(struct cow_process *root, u64 max)
{
	struct cow_handle *handle;

	list_for_each_entry(handle, &root->handles, counting)
		handle->max_before = max(handle->max_before, max);
}

/* The other handles that count in this tree keep what they have seen. */
static void cut(struct cow_process *root)
{
	struct cow_process *process;
	u64 max = recent_max(root);

	for (process = root; process != cow_root;
	     process = cow_parent_of(process))
		note_max(process, max);
	for (process = next_below(root, root); process;
	     process = next_below(root, process))
		if (!list_empty(&process->handles))
			note_max(process, recent_max(process));
	for (process = root; process; process = next_below(root, process))
		cow_process_cut(process);
}

static void start(struct cow_handle *handle)
{
	struct cow_process *root = handle->root;
	struct cow_tree_sums sums;
	struct cow_sums gone;

	cut(root);
	cow_process_read(root, true, &handle->base_self, &gone);
	cow_tree_sum(root, true, &sums);
	handle->base_tree = sums.tree;
	list_add(&handle->counting, &root->handles);
	handle->started = true;
}

static void attach(struct cow_handle *handle, struct cow_process *root)
{
	handle->root = root;
	pin(root, handle->flags);
	if (handle->flags & COWSTAT_TREE_FROM_EXEC)
		list_add(&handle->waiting, &root->waiters);
	else
		start(handle);
}

void cow_handle_child_born(struct cow_process *child)
{
	struct cow_process *parent = cow_parent_of(child);
	struct cow_handle *handle, *next;

	if (likely(list_empty(&parent->waiters)))
		return;
	list_for_each_entry_safe(handle, next, &parent->waiters, waiting) {
		if (handle->root)
			continue;
		list_del_init(&handle->waiting);
		attach(handle, child);
	}
}

void cow_handle_exec(struct cow_process *process)
{
	struct cow_handle *handle, *next;

	list_for_each_entry_safe(handle, next, &process->waiters, waiting) {
		if (handle->root != process)
			continue;
		list_del_init(&handle->waiting);
		start(handle);
	}
}

void cow_handle_forget_waiters(struct cow_process *process)
{
	struct cow_handle *handle, *next;

	list_for_each_entry_safe(handle, next, &process->waiters, waiting)
		list_del_init(&handle->waiting);
}

static u32 tree_state(const struct cow_handle *handle,
		      const struct cow_tree_sums *sums)
{
	if (!list_empty(&handle->waiting))
		return COWSTAT_TREE_WAITING;
	if (!handle->started)		/* and never will */
		return COWSTAT_TREE_GONE;
	if (handle->root->group_alive)
		return COWSTAT_TREE_ALIVE;
	return sums->alive || sums->unborn ?
		COWSTAT_TREE_ORPHANED : COWSTAT_TREE_GONE;
}

/*
 * The root may have become another user's since the handle was opened, by
 * running a set-user-ID program.
 */
static bool may_read(const struct cow_handle *handle)
{
	return !handle->root ||
	       cow_viewer_owns(&handle->viewer, handle->root);
}

static long read_locked(struct cow_handle *handle, struct cowstat_read *read)
{
	struct cow_tree_sums sums = {};
	u64 *max = &sums.tree.break_max_ns;

	if (!may_read(handle))
		return -EACCES;
	if (handle->root)
		cow_tree_sum(handle->root, true, &sums);
	read->tree_state = tree_state(handle, &sums);
	if (!handle->started)
		return 0;

	read->tree_procs = sums.procs;
	read->tree_alive = sums.alive;
	if (handle->flags & COWSTAT_TREE_KEEP)
		read->folded = handle->root->folded;
	cow_sums_subtract(&sums.tree, &handle->base_tree);
	*max = max(*max, handle->max_before);
	cow_counters_fill(&read->counters, &sums.tree);
	read->state = cow_losses_fill(read->lost, &sums.tree);
	return 0;
}

static long handle_read(struct cow_handle *handle, unsigned int cmd,
			void __user *arg)
{
	struct cowstat_read *read = cow_argument(cmd, arg, sizeof(*read), 0);
	long ret;

	if (IS_ERR(read))
		return PTR_ERR(read);

	*read = (struct cowstat_read){ .size = read->size };
	raw_spin_lock(&cow_tree_lock);
	ret = read_locked(handle, read);
	raw_spin_unlock(&cow_tree_lock);

	if (!ret)
		ret = cow_copy_out(arg, read);
	kfree(read);
	return ret;
}

static long handle_list(struct cow_handle *handle, unsigned int cmd,
			void __user *arg)
{
	struct cow_listing listing = {
		.viewer = &handle->viewer,
		.gone = handle->flags & COWSTAT_TREE_KEEP,
		.recent = true,
	};
	bool allowed;

	raw_spin_lock(&cow_tree_lock);
	allowed = may_read(handle);
	if (handle->started) {
		listing.top = handle->root;
		listing.base_self = &handle->base_self;
		listing.base_tree = &handle->base_tree;
		listing.max_before = &handle->max_before;
	}
	raw_spin_unlock(&cow_tree_lock);

	return allowed ? cow_list(&listing, cmd, arg) : -EACCES;
}

static long handle_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cow_handle *handle = file->private_data;
	void __user *argument = (void __user *)arg;

	switch (cmd) {
	case COWSTAT_IOC_INFO:
	case COW_IOC_VER0(INFO):
		return cow_info(cmd, argument);
	case COWSTAT_IOC_LIST:
	case COW_IOC_VER0(LIST):
		return handle_list(handle, cmd, argument);
	case COWSTAT_IOC_READ:
	case COW_IOC_VER0(READ):
		return handle_read(handle, cmd, argument);
	default:
		return -ENOTTY;
	}
}

static void handle_free(struct cow_handle *handle)
{
	raw_spin_lock(&cow_tree_lock);
	list_del(&handle->waiting);
	list_del(&handle->counting);
	if (handle->root)
		unpin(handle->root, handle->flags);
	raw_spin_unlock(&cow_tree_lock);

	cow_viewer_exit(&handle->viewer);
	kfree(handle);
	atomic_dec(&handles);
}

static int handle_release(struct inode *inode, struct file *file)
{
	handle_free(file->private_data);
	return 0;
}

static const struct file_operations handle_fops = {
	.owner = THIS_MODULE,
	.release = handle_release,
	.unlocked_ioctl = handle_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct cow_handle *handle_alloc(const struct cow_viewer *viewer,
				       u32 flags)
{
	struct cow_handle *handle;

	if (!atomic_add_unless(&handles, 1, cow_max_handles))
		return ERR_PTR(-ENOSPC);
	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle) {
		atomic_dec(&handles);
		return ERR_PTR(-ENOMEM);
	}
	cow_viewer_copy(&handle->viewer, viewer);
	INIT_LIST_HEAD(&handle->waiting);
	INIT_LIST_HEAD(&handle->counting);
	handle->flags = flags;
	return handle;
}

/* With cow_tree_lock held. */
static int find_root(struct cow_handle *handle, pid_t pid)
{
	struct cow_process *process = cow_viewer_process(&handle->viewer, pid);

	if (!process)
		return -ESRCH;
	if (handle->flags & COWSTAT_TREE_NEXT_CHILD) {
		list_add(&handle->waiting, &process->waiters);
		return 0;
	}
	if (!cow_viewer_owns(&handle->viewer, process))
		return -EACCES;
	attach(handle, process);
	return 0;
}

int cow_handle_open(const struct cow_viewer *viewer, u32 flags, pid_t pid)
{
	struct cow_handle *handle = handle_alloc(viewer, flags);
	int ret;

	if (IS_ERR(handle))
		return PTR_ERR(handle);

	raw_spin_lock(&cow_tree_lock);
	ret = find_root(handle, pid);
	raw_spin_unlock(&cow_tree_lock);
	if (ret)
		goto err_free;

	ret = anon_inode_getfd("[cowstat]", &handle_fops, handle,
			       O_RDWR | O_CLOEXEC);
	if (ret < 0)
		goto err_free;
	return ret;

err_free:
	handle_free(handle);
	return ret;
}
