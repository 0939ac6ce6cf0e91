// SPDX-License-Identifier: GPL-2.0
/*
 * cowstat: counts what copy-on-write does, per process and process tree.
 *
 * A map of the module:
 *
 *	hook		attaches to the kernel, calls life and fault
 *	life		fork, exec, exit; scan: those that were there before
 *	fault		page faults and their commit points
 *	flight		what is known of a fault until it commits
 *	zeroread	reads of the shared zero page; split: of the huge one
 *	pagetable	looks into page tables
 *	collapse	copies that khugepaged makes
 *	classify, site	which call means what
 *	calibrate	is this kernel counted right?
 *	event, events	the tracepoints
 *	process, space	who pays: a process, and the address spaces it has
 *	reserve		memory for those who cannot wait for it
 *	tree, counters	the family tree, and sums of counters
 *	handle		tree handles; baseline: since when; keep: those that are gone
 *	walk		over the tree, with nobody waiting; sum: of a tree
 *	snapshot	pictures of the tree; viewer: who may see what of them
 *	quota		what each user may take of what is limited
 *	procfile	/proc/cowstat; device: /dev/cowstat; ioctl: its requests
 *	clock		the time; loss: what was lost
 *
 * docs/design.md has the reasons.
 */
#define pr_fmt(fmt) "cowstat: " fmt

#include <linux/init.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/thread_info.h>
#include <linux/threads.h>

#include "calibrate.h"
#include "clock.h"
#include "device.h"
#include "hook.h"
#include "keep.h"
#include "life.h"
#include "process.h"
#include "procfile.h"
#include "quota.h"
#include "scan.h"
#include "space.h"
#include "walk.h"
#include "zeroread.h"

#define COW_PROCESSES_LEAST	16
#define COW_PROCESSES_MOST	(1 << 22)

#define COW_PROCESSES_FIT	UINT_MAX	/* as many as fit */

unsigned int cow_max_processes = COW_PROCESSES_FIT;
module_param_named(max_processes, cow_max_processes, uint, 0444);
MODULE_PARM_DESC(max_processes,
	"processes that are tracked at most, 16 to 4194304 (default: as many as the machine's memory can hold); further ones are counted in their nearest tracked ancestor");

static unsigned int max_handles = 1024;
module_param(max_handles, uint, 0444);
MODULE_PARM_DESC(max_handles,
	"tree handles that can be open at the same time (default 1024); a user can have half of them, all users three quarters");

static unsigned int max_reading_mb = 256;
module_param(max_reading_mb, uint, 0444);
MODULE_PARM_DESC(max_reading_mb,
	"memory of all open readings, in MiB (default 256); a user can have half of it, all users three quarters");

module_param_named(max_kept, cow_max_kept, uint, 0444);
MODULE_PARM_DESC(max_kept,
	"processes that are gone which a tree handle keeps in its list at most (default 4096)");

/*
 * The kernel's own default for the most threads: their stacks are an eighth of the
 * memory. Small machines have pids enough for more.
 */
static unsigned int fitting_processes(void)
{
	u64 memory = (u64)totalram_pages() << PAGE_SHIFT;

	return clamp_t(u64, div_u64(memory, 8 * THREAD_SIZE), PID_MAX_DEFAULT,
		       COW_PROCESSES_MOST);
}

static void set_limits(void)
{
	cow_quota_max[COW_HANDLES] = max_handles;
	cow_quota_max[COW_KEPT] = cow_max_processes;
	cow_quota_max[COW_READING_BYTES] = (u64)max_reading_mb << 20;
}

static int check_parameters(void)
{
	if (cow_max_processes == COW_PROCESSES_FIT)
		cow_max_processes = fitting_processes();
	if (cow_max_processes >= COW_PROCESSES_LEAST &&
	    cow_max_processes <= COW_PROCESSES_MOST)
		return 0;
	pr_err("max_processes=%u is not between %d and %d\n",
	       cow_max_processes, COW_PROCESSES_LEAST, COW_PROCESSES_MOST);
	return -EINVAL;
}

static int __init tables_init(void)
{
	int ret;

	ret = cow_process_init();
	if (ret)
		return ret;
	ret = cow_space_init();
	if (ret)
		goto err_process_exit;
	cow_walk_init();
	cow_zeroread_init();
	cow_clock_init();
	return 0;

err_process_exit:
	cow_process_exit();
	return ret;
}

/*
 * The grace period is for tasks that were preempted on the last instructions of
 * their work on the way to user space.
 */
static void tables_exit(void)
{
	cow_zeroread_exit();
	synchronize_rcu_tasks();
	cow_space_exit();
	cow_process_exit();
}

static int __init cowstat_init(void)
{
	int ret;

	ret = check_parameters();
	if (ret)
		return ret;
	set_limits();
	ret = tables_init();
	if (ret) {
		pr_err("no memory for the tables (max_processes=%u)\n",
		       cow_max_processes);
		return ret;
	}
	ret = cow_hook_life();
	if (ret)
		goto err_tables_exit;
	ret = cow_scan();
	if (ret) {
		pr_err("no memory to list the running processes\n");
		goto err_unhook_life;
	}
	ret = cow_hook_faults();
	if (ret)
		goto err_unhook_life;
	cow_life_begin();
	ret = cow_calibrate();
	if (ret)
		goto err_unhook_faults;
	ret = cow_procfile_init();
	if (ret) {
		pr_err("cannot create /proc/cowstat (error %d)\n", ret);
		goto err_unhook_faults;
	}
	ret = cow_device_init();
	if (ret) {
		pr_err("cannot create /dev/cowstat (error %d)\n", ret);
		goto err_procfile_exit;
	}
	return 0;

err_procfile_exit:
	cow_procfile_exit();
err_unhook_faults:
	cow_unhook_faults();
err_unhook_life:
	cow_unhook_life();
err_tables_exit:
	tables_exit();
	return ret;
}

static void __exit cowstat_exit(void)
{
	cow_device_exit();
	cow_procfile_exit();
	cow_unhook_faults();
	cow_unhook_life();
	tables_exit();
}

module_init(cowstat_init);
module_exit(cowstat_exit);

MODULE_DESCRIPTION("Copy-on-write and zero-fill counters per process and process tree");
MODULE_AUTHOR("The cowstat authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("1");
