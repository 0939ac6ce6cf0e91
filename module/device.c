// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"
#include "handle.h"
#include "loss.h"
#include "process.h"
#include "snapshot.h"
#include "viewer.h"

static void *argument(const void __user *arg, size_t size, bool no_flags)
{
	struct { u32 size, flags; } *head;

	head = memdup_user(arg, size);
	if (IS_ERR(head))
		return head;
	if (head->size != size || (no_flags && head->flags)) {
		kfree(head);
		return ERR_PTR(-EINVAL);
	}
	return head;
}

void *cow_argument(const void __user *arg, size_t size)
{
	return argument(arg, size, true);
}

/* The check is made without a write, so that nothing is half written. */
long cow_copy_out(void __user *to, const void *from, size_t size)
{
	if (fault_in_safe_writeable(to, size))
		return -EFAULT;
	return copy_to_user(to, from, size) ? -EFAULT : 0;
}

long cow_info(void __user *arg)
{
	struct cowstat_info *info = cow_argument(arg, sizeof(*info));
	long ret;

	if (IS_ERR(info))
		return PTR_ERR(info);
	if (info->reserved) {
		ret = -EINVAL;
		goto out_free;
	}

	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	info->abi = COWSTAT_ABI;
	info->page_size = PAGE_SIZE;
	info->nr_counters = COW_NR_COUNTERS;
	info->nr_losses = COW_NR_LOSSES;
	info->state = cow_losses(info->lost);
	info->processes = READ_ONCE(cow_living);
	info->max_processes = cow_max_processes;
	info->process_bytes = cow_process_bytes();

	ret = cow_copy_out(arg, info, sizeof(*info));
out_free:
	kfree(info);
	return ret;
}

static long device_system(void __user *arg)
{
	struct cowstat_system *system = cow_argument(arg, sizeof(*system));
	struct cow_tree_sums sums;
	long ret;

	if (IS_ERR(system))
		return PTR_ERR(system);
	if (system->reserved) {
		ret = -EINVAL;
		goto out_free;
	}

	memset(&system->counters, 0, sizeof(system->counters));
	raw_spin_lock(&cow_tree_lock);
	cow_tree_sum(cow_root, false, &sums);
	system->processes = cow_living;
	raw_spin_unlock(&cow_tree_lock);
	system->state = cow_state();
	cow_counters_fill(&system->counters, &sums.tree);

	ret = cow_copy_out(arg, system, sizeof(*system));
out_free:
	kfree(system);
	return ret;
}

static int fill_process(const struct cow_viewer *viewer, pid_t pid,
			struct cowstat_row *row)
{
	struct cow_process *process;
	int ret = 0;

	raw_spin_lock(&cow_tree_lock);
	process = cow_viewer_process(viewer, pid);
	if (!process)
		ret = -ESRCH;
	else if (!cow_viewer_owns(viewer, process))
		ret = -EACCES;
	else
		cow_row_of(process, viewer, row);
	raw_spin_unlock(&cow_tree_lock);
	return ret;
}

static long device_process(const struct cow_viewer *viewer, void __user *arg)
{
	struct cowstat_process *process = cow_argument(arg, sizeof(*process));
	long ret;

	if (IS_ERR(process))
		return PTR_ERR(process);

	ret = fill_process(viewer, process->pid, &process->row);
	process->state = cow_state();
	if (!ret)
		ret = cow_copy_out(arg, process, sizeof(*process));
	kfree(process);
	return ret;
}

static u32 count_listed(const struct cow_snapshot *snapshot,
			const struct cow_listing *listing)
{
	u32 i, count = 0;

	for (i = 0; i < snapshot->count; i++)
		count += cow_row_listed(&snapshot->row[i], listing);
	return count;
}

/* The array is known to be writable when the first row is copied. */
static long copy_listed(const struct cow_snapshot *snapshot,
			const struct cow_listing *listing,
			struct cowstat_row __user *to)
{
	struct cowstat_row *row;
	long ret = 0;
	u32 i;

	row = kmalloc(sizeof(*row), GFP_KERNEL);
	if (!row)
		return -ENOMEM;
	for (i = 0; i < snapshot->count && !ret; i++) {
		if (!cow_row_listed(&snapshot->row[i], listing))
			continue;
		cow_row_fill(&snapshot->row[i], row);
		if (copy_to_user(to++, row, sizeof(*row)))
			ret = -EFAULT;
		cond_resched();
	}
	kfree(row);
	return ret;
}

static long list_snapshot(const struct cow_snapshot *snapshot,
			  const struct cow_listing *listing,
			  struct cowstat_list *list, void __user *arg)
{
	struct cowstat_row __user *rows = u64_to_user_ptr(list->rows);
	u32 count = count_listed(snapshot, listing);

	list->state = snapshot->state;
	list->processes = snapshot->processes;
	list->count = count;
	list->folded = snapshot->folded;
	memset(&list->system, 0, sizeof(list->system));
	cow_counters_fill(&list->system, &snapshot->system.tree);

	if (list->capacity) {
		long ret;

		if (count > list->capacity)
			return -ENOSPC;
		if (fault_in_safe_writeable(arg, sizeof(*list)) ||
		    fault_in_safe_writeable((void __user *)rows,
					    array_size(count, sizeof(*rows))))
			return -EFAULT;
		ret = copy_listed(snapshot, listing, rows);
		if (ret)
			return ret;
	}
	return cow_copy_out(arg, list, sizeof(*list));
}

long cow_list(const struct cow_listing *listing, void __user *arg)
{
	struct cowstat_list *list = cow_argument(arg, sizeof(*list));
	struct cow_snapshot *snapshot;
	long ret = -EINVAL;

	if (IS_ERR(list))
		return PTR_ERR(list);
	if (list->row_size != sizeof(struct cowstat_row))
		goto out_free;

	snapshot = cow_snapshot_take(listing);
	ret = PTR_ERR_OR_ZERO(snapshot);
	if (ret)
		goto out_free;
	ret = list_snapshot(snapshot, listing, list, arg);
	kvfree(snapshot);

out_free:
	kfree(list);
	return ret;
}

static long device_list(const struct cow_viewer *viewer, void __user *arg)
{
	const struct cow_listing listing = {
		.top = cow_root,
		.viewer = viewer,
	};

	return cow_list(&listing, arg);
}

static long device_tree(const struct cow_viewer *viewer, void __user *arg)
{
	const u32 flags = COWSTAT_TREE_NEXT_CHILD | COWSTAT_TREE_FROM_EXEC |
			  COWSTAT_TREE_KEEP;
	struct cowstat_tree *tree = argument(arg, sizeof(*tree), false);
	long ret = -EINVAL;

	if (IS_ERR(tree))
		return PTR_ERR(tree);
	if (tree->flags & ~flags || tree->reserved)
		goto out_free;
	if ((tree->flags & COWSTAT_TREE_NEXT_CHILD) && tree->pid)
		goto out_free;
	ret = cow_handle_open(viewer, tree->flags, tree->pid);

out_free:
	kfree(tree);
	return ret;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cow_viewer *viewer = file->private_data;
	void __user *argument = (void __user *)arg;

	switch (cmd) {
	case COWSTAT_IOC_INFO:
		return cow_info(argument);
	case COWSTAT_IOC_SYSTEM:
		return device_system(argument);
	case COWSTAT_IOC_PROCESS:
		return device_process(viewer, argument);
	case COWSTAT_IOC_LIST:
		return device_list(viewer, argument);
	case COWSTAT_IOC_TREE:
		return device_tree(viewer, argument);
	default:
		return -ENOTTY;
	}
}

static int device_open(struct inode *inode, struct file *file)
{
	struct cow_viewer *viewer;

	viewer = kmalloc(sizeof(*viewer), GFP_KERNEL_ACCOUNT);
	if (!viewer)
		return -ENOMEM;
	cow_viewer_init(viewer, file);
	file->private_data = viewer;
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct cow_viewer *viewer = file->private_data;

	cow_viewer_exit(viewer);
	kfree(viewer);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cowstat",
	.fops = &device_fops,
	.mode = 0666,
};

int cow_device_init(void)
{
	return misc_register(&device);
}

void cow_device_exit(void)
{
	misc_deregister(&device);
}
