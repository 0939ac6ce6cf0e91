// SPDX-License-Identifier: GPL-2.0
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "baseline.h"
#include "handle.h"
#include "ioctl.h"
#include "process.h"
#include "quota.h"
#include "snapshot.h"
#include "viewer.h"

/**
 * struct cow_handle - a tree handle
 * @viewer: who opened it
 * @flags: COWSTAT_TREE_*
 * @baseline: since when it counts, and what
 */
struct cow_handle {
	struct cow_viewer viewer;
	u32 flags;
	struct cow_baseline *baseline;
};

/*
 * The root, if the handle counts, else NULL. Once it is there it stays, pinned by the
 * baseline; and once that has started, its sums do not change. The root may have got
 * out of the viewer's reach since, by running a set-user-ID program: the sums stay the
 * handle's, which was opened by right, and its row is hidden like any other.
 */
static struct cow_process *counted_root(const struct cow_handle *handle)
{
	const struct cow_baseline *baseline = handle->baseline;
	struct cow_process *root;

	raw_spin_lock(&cow_tree_lock);
	root = baseline->started ? baseline->root : NULL;
	raw_spin_unlock(&cow_tree_lock);
	return root;
}

static u32 state_of(const struct cow_tree_sums *sums)
{
	if (sums->top_lives)
		return COWSTAT_TREE_ALIVE;
	return sums->alive || sums->unborn ?
		COWSTAT_TREE_ORPHANED : COWSTAT_TREE_GONE;
}

/* It waits, or never counts: its root has ended without the exec, or the forker. */
static u32 state_before(const struct cow_baseline *baseline)
{
	u32 state = COWSTAT_TREE_GONE;

	raw_spin_lock(&cow_tree_lock);
	if (!list_empty(&baseline->pending) || baseline->starting)
		state = COWSTAT_TREE_WAITING;
	raw_spin_unlock(&cow_tree_lock);
	return state;
}

static int fill_read(const struct cow_handle *handle, struct cowstat_read *read)
{
	const struct cow_baseline *baseline = handle->baseline;
	struct cow_process *root = counted_root(handle);
	struct cow_tree_sums sums;
	int ret;

	if (!root) {
		read->tree_state = state_before(baseline);
		return 0;
	}
	ret = cow_tree_sum(root, cow_viewer_lane(&handle->viewer), &sums);
	if (ret)
		return ret;
	read->tree_state = state_of(&sums);
	read->tree_procs = sums.procs;
	read->tree_alive = sums.alive;
	if (handle->flags & COWSTAT_TREE_KEEP)
		read->folded = READ_ONCE(root->folded);
	cow_sums_subtract(&sums.tree, &baseline->tree);
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
	ret = fill_read(handle, read);
	if (!ret)
		ret = cow_copy_out(arg, read);
	kfree(read);
	return ret;
}

static long handle_list(struct cow_handle *handle, unsigned int cmd,
			void __user *arg)
{
	struct cow_listing listing = {
		.top = counted_root(handle),
		.viewer = &handle->viewer,
		.gone = handle->flags & COWSTAT_TREE_KEEP,
		.baseline = handle->baseline,
	};

	return cow_list(&listing, cmd, arg);
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

static struct cow_handle *handle_alloc(const struct cow_viewer *viewer,
				       u32 flags)
{
	struct cow_handle *handle;

	if (!cow_quota_charge(viewer->quota, COW_HANDLES, 1))
		return ERR_PTR(-ENOSPC);
	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle) {
		cow_quota_uncharge(viewer->quota, COW_HANDLES, 1);
		return ERR_PTR(-ENOMEM);
	}
	cow_viewer_copy(&handle->viewer, viewer);
	handle->flags = flags;
	return handle;
}

static void handle_free(struct cow_handle *handle)
{
	cow_quota_uncharge(handle->viewer.quota, COW_HANDLES, 1);
	cow_viewer_exit(&handle->viewer);
	kfree(handle);
}

static int handle_release(struct inode *inode, struct file *file)
{
	struct cow_handle *handle = file->private_data;

	cow_baseline_close(handle->baseline);
	handle_free(handle);
	return 0;
}

static const struct file_operations handle_fops = {
	.owner = THIS_MODULE,
	.release = handle_release,
	.unlocked_ioctl = handle_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

int cow_handle_open(const struct cow_viewer *viewer, u32 flags, pid_t pid)
{
	struct cow_handle *handle = handle_alloc(viewer, flags);
	int ret;

	if (IS_ERR(handle))
		return PTR_ERR(handle);

	handle->baseline = cow_baseline_open(viewer, flags, pid);
	ret = PTR_ERR_OR_ZERO(handle->baseline);
	if (ret)
		goto err_free;
	ret = anon_inode_getfd("[cowstat]", &handle_fops, handle,
			       O_RDWR | O_CLOEXEC);
	if (ret < 0)
		goto err_close;
	return ret;

err_close:
	cow_baseline_close(handle->baseline);
err_free:
	handle_free(handle);
	return ret;
}
