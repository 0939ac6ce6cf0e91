// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "loss.h"
#include "process.h"
#include "procfile.h"
#include "snapshot.h"
#include "viewer.h"

/**
 * struct reading - one open /proc/cowstat
 * @viewer: who opened it
 * @lock: one refresh at a time
 * @snapshot: what is being read, NULL before the first read
 */
struct reading {
	struct cow_viewer viewer;
	struct mutex lock;
	struct cow_snapshot *snapshot;
};

static struct cow_listing listing_of(const struct reading *reading)
{
	return (struct cow_listing) {
		.top = cow_root,
		.viewer = &reading->viewer,
	};
}

static const char *const counter_names[] = {
#define COW_NAME(index, name, unit, help) #name,
	COWSTAT_COUNTERS(COW_NAME)
#undef COW_NAME
};

/* Columns of counters: each as self, then each as tree. */
static const int columns[] = {
	COW_C_shared, COW_C_broken, COW_C_reused, COW_C_zero_filled,
};

static void show_state(struct seq_file *m, const struct cow_snapshot *snapshot)
{
	const char *between = " ";
	int i;

	if (snapshot->state == COWSTAT_STATE_EXACT) {
		seq_puts(m, "state exact\n");
		return;
	}
	seq_puts(m, "state degraded");
	for (i = 0; i < COW_NR_LOSSES; i++) {
		if (!snapshot->lost[i])
			continue;
		seq_printf(m, "%s%s=%llu", between, cow_loss_name(i),
			   snapshot->lost[i]);
		between = ",";
	}
	seq_putc(m, '\n');
}

static void show_columns(struct seq_file *m)
{
	int i;

	seq_puts(m, "pid ppid depth");
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		seq_printf(m, " %s", counter_names[columns[i]]);
	seq_puts(m, " tree_procs");
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		seq_printf(m, " tree_%s", counter_names[columns[i]]);
	seq_puts(m, " comm\n");
}

/* Lines are only ever added behind those that there are. */
#define COW_COUNTERS_BEFORE_LOST	(COW_C_zero_huge + 1)

static void show_counters(struct seq_file *m,
			  const struct cowstat_counters *counters, int i,
			  int end)
{
	for (; i < end; i++)
		seq_printf(m, "%s %llu\n", counter_names[i],
			   counters->value[i]);
}

static void show_head(struct seq_file *m, const struct cow_snapshot *snapshot)
{
	struct cowstat_counters system = {};
	u64 lost = 0;
	int i;

	for (i = 0; i < COW_NR_LOSSES; i++)
		lost += snapshot->lost[i];
	cow_counters_fill(&system, &snapshot->system);
	seq_printf(m, "cowstat %d\n", COWSTAT_ABI);
	show_state(m, snapshot);
	seq_printf(m, "page_size %lu\n", PAGE_SIZE);
	seq_printf(m, "processes %llu\n", snapshot->processes);
	show_counters(m, &system, 0, COW_COUNTERS_BEFORE_LOST);
	seq_printf(m, "lost %llu\n", lost);
	show_counters(m, &system, COW_COUNTERS_BEFORE_LOST, COW_NR_COUNTERS);
	seq_printf(m, "lost_at %llu\n\n", cow_loss_last());
	show_columns(m);
}

static void show_row(struct seq_file *m, const struct cow_row *row)
{
	struct cowstat_counters self = {}, tree = {};
	int i;

	cow_counters_fill(&self, &row->self);
	cow_counters_fill(&tree, &row->tree);
	seq_printf(m, "%d %d %u", row->pid, row->ppid, row->depth);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		seq_printf(m, " %llu", self.value[columns[i]]);
	seq_printf(m, " %llu", row->procs);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		seq_printf(m, " %llu", tree.value[columns[i]]);
	seq_putc(m, ' ');
	seq_escape(m, row->comm, "\n\\");
	seq_putc(m, '\n');
}

/* Row 0 is no process: in its place stands the head. */
static int show(struct seq_file *m, void *v)
{
	struct reading *reading = m->private;
	struct cow_listing listing = listing_of(reading);
	struct cow_row *row = v;

	if (row == cow_snapshot_row(reading->snapshot, 0))
		show_head(m, reading->snapshot);
	else if (cow_row_listed(row, &listing))
		show_row(m, row);
	return 0;
}

static void *start(struct seq_file *m, loff_t *pos)
{
	struct reading *reading = m->private;

	mutex_lock(&reading->lock);
	if (!reading->snapshot || *pos >= reading->snapshot->count)
		return NULL;
	return cow_snapshot_row(reading->snapshot, *pos);
}

static void *next(struct seq_file *m, void *v, loff_t *pos)
{
	struct reading *reading = m->private;

	if (++*pos >= reading->snapshot->count)
		return NULL;
	return cow_snapshot_row(reading->snapshot, *pos);
}

static void stop(struct seq_file *m, void *v)
{
	struct reading *reading = m->private;

	mutex_unlock(&reading->lock);
}

static const struct seq_operations seq_ops = {
	.start = start,
	.next = next,
	.stop = stop,
	.show = show,
};

static int refresh(struct reading *reading)
{
	struct cow_listing listing = listing_of(reading);
	struct cow_snapshot *snapshot;

	snapshot = cow_snapshot_take(&listing);
	if (IS_ERR(snapshot))
		return PTR_ERR(snapshot);

	mutex_lock(&reading->lock);
	swap(reading->snapshot, snapshot);
	mutex_unlock(&reading->lock);
	cow_snapshot_free(snapshot);
	return 0;
}

static ssize_t read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct seq_file *m = iocb->ki_filp->private_data;
	struct reading *reading = m->private;
	int ret;

	if (!iocb->ki_pos || !READ_ONCE(reading->snapshot)) {
		ret = refresh(reading);
		if (ret)
			return ret;
	}
	return seq_read_iter(iocb, iter);
}

/* seq_lseek() reads up to the offset, for which there must be something. */
static loff_t llseek(struct file *file, loff_t offset, int whence)
{
	struct seq_file *m = file->private_data;
	struct reading *reading = m->private;
	int ret;

	if (!READ_ONCE(reading->snapshot)) {
		ret = refresh(reading);
		if (ret)
			return ret;
	}
	return seq_lseek(file, offset, whence);
}

static int open(struct inode *inode, struct file *file)
{
	struct reading *reading;
	int ret;

	reading = __seq_open_private(file, &seq_ops, sizeof(*reading));
	if (!reading)
		return -ENOMEM;
	mutex_init(&reading->lock);
	ret = cow_viewer_init(&reading->viewer, file);
	if (ret)
		seq_release_private(inode, file);
	return ret;
}

static int release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct reading *reading = m->private;

	cow_snapshot_free(reading->snapshot);
	cow_viewer_exit(&reading->viewer);
	return seq_release_private(inode, file);
}

static const struct proc_ops ops = {
	.proc_open = open,
	.proc_read_iter = read_iter,
	.proc_lseek = llseek,
	.proc_release = release,
};

int cow_procfile_init(void)
{
	return proc_create("cowstat", 0444, NULL, &ops) ? 0 : -ENOMEM;
}

void cow_procfile_exit(void)
{
	remove_proc_entry("cowstat", NULL);
}
