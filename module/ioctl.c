// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "keep.h"
#include "loss.h"
#include "process.h"
#include "quota.h"
#include "snapshot.h"

struct head {
	u32 size;
	u32 flags;
};

void *cow_argument(unsigned int cmd, const void __user *arg, size_t size,
		   u32 flags)
{
	struct head *head;
	long ret = -EFAULT;

	head = kzalloc(size, GFP_KERNEL);
	if (!head)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(head, arg, _IOC_SIZE(cmd)))
		goto err_free;
	ret = -EINVAL;
	if (head->size != _IOC_SIZE(cmd) || head->flags & ~flags)
		goto err_free;
	return head;

err_free:
	kfree(head);
	return ERR_PTR(ret);
}

/* The check is made without a write, so that nothing is half written. */
long cow_copy_out(void __user *to, const void *from)
{
	const struct head *head = from;

	if (fault_in_safe_writeable(to, head->size))
		return -EFAULT;
	return copy_to_user(to, from, head->size) ? -EFAULT : 0;
}

static void fill_info(struct cowstat_info *info)
{
	*info = (struct cowstat_info) {
		.size = info->size,
		.abi = COWSTAT_ABI,
		.page_size = PAGE_SIZE,
		.nr_counters = COW_NR_COUNTERS,
		.nr_losses = COW_NR_LOSSES,
		.processes = READ_ONCE(cow_living),
		.max_processes = cow_max_processes,
		.process_bytes = cow_process_bytes(),
		.lost_at = cow_loss_last(),
		.max_handles = cow_quota_max[COW_HANDLES],
		.max_kept = cow_max_kept,
		.max_reading_bytes = cow_quota_max[COW_READING_BYTES],
	};
	info->state = cow_losses_in_all(info->lost);
}

long cow_info(unsigned int cmd, void __user *arg)
{
	struct cowstat_info *info = cow_argument(cmd, arg, sizeof(*info), 0);
	long ret = -EINVAL;

	if (IS_ERR(info))
		return PTR_ERR(info);
	if (!info->reserved) {
		fill_info(info);
		ret = cow_copy_out(arg, info);
	}
	kfree(info);
	return ret;
}

static u32 count_listed(const struct cow_snapshot *snapshot,
			const struct cow_listing *listing)
{
	u32 i, count = 0;

	for (i = 0; i < snapshot->count; i++)
		count += cow_row_listed(cow_snapshot_row(snapshot, i), listing);
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
		const struct cow_row *from = cow_snapshot_row(snapshot, i);

		if (!cow_row_listed(from, listing))
			continue;
		cow_row_fill(from, row);
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
	list->hidden = snapshot->hidden;
	list->reserved = 0;
	memset(&list->system, 0, sizeof(list->system));
	cow_counters_fill(&list->system, &snapshot->system);
	memcpy(list->lost, snapshot->lost, sizeof(list->lost));

	if (list->capacity) {
		long ret;

		if (count > list->capacity)
			return -ENOSPC;
		if (fault_in_safe_writeable(arg, list->size) ||
		    fault_in_safe_writeable((void __user *)rows,
					    array_size(count, sizeof(*rows))))
			return -EFAULT;
		ret = copy_listed(snapshot, listing, rows);
		if (ret)
			return ret;
	}
	return cow_copy_out(arg, list);
}

long cow_list(const struct cow_listing *listing, unsigned int cmd,
	      void __user *arg)
{
	struct cowstat_list *list = cow_argument(cmd, arg, sizeof(*list), 0);
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
	cow_snapshot_free(snapshot);

out_free:
	kfree(list);
	return ret;
}
