// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "device.h"
#include "handle.h"
#include "ioctl.h"
#include "loss.h"
#include "process.h"
#include "snapshot.h"
#include "viewer.h"

static int fill_system(const struct cow_viewer *viewer,
		       struct cowstat_system *system)
{
	struct cow_tree_sums sums;
	int ret;

	ret = cow_tree_sum(cow_root, cow_viewer_lane(viewer), &sums);
	if (ret)
		return ret;
	*system = (struct cowstat_system) {
		.size = system->size,
		.processes = sums.alive,
		.lost_at = cow_loss_last(),
	};
	system->state = cow_losses_fill(system->lost, &sums.tree);
	cow_counters_fill(&system->counters, &sums.tree);
	return 0;
}

static long device_system(const struct cow_viewer *viewer, unsigned int cmd,
			  void __user *arg)
{
	struct cowstat_system *system = cow_argument(cmd, arg, sizeof(*system), 0);
	long ret = -EINVAL;

	if (IS_ERR(system))
		return PTR_ERR(system);
	if (!system->reserved)
		ret = fill_system(viewer, system);
	if (!ret)
		ret = cow_copy_out(arg, system);
	kfree(system);
	return ret;
}

static int fill_process(const struct cow_viewer *viewer,
			struct cowstat_process *answer)
{
	struct cow_row *row = kmalloc(sizeof(*row), GFP_KERNEL);
	int ret;

	if (!row)
		return -ENOMEM;
	ret = cow_row_of(viewer, answer->pid, row);
	if (!ret) {
		cow_row_fill(row, &answer->row);
		answer->state = cow_losses_fill(answer->lost, &row->tree);
	}
	kfree(row);
	return ret;
}

static long device_process(const struct cow_viewer *viewer, unsigned int cmd,
			   void __user *arg)
{
	struct cowstat_process *process =
		cow_argument(cmd, arg, sizeof(*process), 0);
	long ret;

	if (IS_ERR(process))
		return PTR_ERR(process);

	ret = fill_process(viewer, process);
	if (!ret)
		ret = cow_copy_out(arg, process);
	kfree(process);
	return ret;
}

static long device_list(const struct cow_viewer *viewer, unsigned int cmd,
			void __user *arg)
{
	const struct cow_listing listing = {
		.top = cow_root,
		.viewer = viewer,
	};

	return cow_list(&listing, cmd, arg);
}

static long device_tree(const struct cow_viewer *viewer, unsigned int cmd,
			void __user *arg)
{
	const u32 flags = COWSTAT_TREE_NEXT_CHILD | COWSTAT_TREE_FROM_EXEC |
			  COWSTAT_TREE_KEEP;
	struct cowstat_tree *tree = cow_argument(cmd, arg, sizeof(*tree), flags);
	long ret = -EINVAL;

	if (IS_ERR(tree))
		return PTR_ERR(tree);
	if (tree->reserved)
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
	case COW_IOC_VER0(INFO):
		return cow_info(cmd, argument);
	case COWSTAT_IOC_SYSTEM:
	case COW_IOC_VER0(SYSTEM):
		return device_system(viewer, cmd, argument);
	case COWSTAT_IOC_PROCESS:
	case COW_IOC_VER0(PROCESS):
		return device_process(viewer, cmd, argument);
	case COWSTAT_IOC_LIST:
	case COW_IOC_VER0(LIST):
		return device_list(viewer, cmd, argument);
	case COWSTAT_IOC_TREE:
		return device_tree(viewer, cmd, argument);
	default:
		return -ENOTTY;
	}
}

static int device_open(struct inode *inode, struct file *file)
{
	struct cow_viewer *viewer;
	int ret;

	viewer = kmalloc(sizeof(*viewer), GFP_KERNEL_ACCOUNT);
	if (!viewer)
		return -ENOMEM;
	ret = cow_viewer_init(viewer, file);
	if (ret)
		kfree(viewer);
	else
		file->private_data = viewer;
	return ret;
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
