// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "cowstat: " fmt

#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/mmap.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

#include "classify.h"
#include "compat.h"
#include "fault.h"
#include "flight.h"
#include "hook.h"
#include "life.h"
#include "loss.h"
#include "process.h"

/*
 * Probes. The first argument is the data given at registration; the rest are the
 * tracepoint's, and all of them: where control-flow integrity is enforced, the
 * type of a function has to be that which its caller expects.
 */

static void probe_fork(void *data, struct task_struct *task,
		       COW_CLONE_FLAGS clone_flags)
{
	cow_life_fork(task, clone_flags);
}

static void probe_exec(void *data, struct task_struct *task, pid_t old_pid,
		       struct linux_binprm *program)
{
	cow_life_exec(task);
}

static void COW_EXIT_PROBE(probe_exit)
{
	cow_life_exit(task);
}

/* The hook on the function of that name should have come first. */
static void probe_exit_mmap(void *data, struct mm_struct *mm)
{
	if (cow_life_unmap(mm))
		cow_lose(cow_root, COW_LOSS_hook, 1);
}

/* Nothing but the compiler's check that the probes are of these types. */
static void __maybe_unused check_probes(void)
{
	check_trace_callback_type_task_newtask(probe_fork);
	check_trace_callback_type_sched_process_exec(probe_exec);
	check_trace_callback_type_sched_process_exit(probe_exit);
	check_trace_callback_type_exit_mmap(probe_exit_mmap);
	check_trace_callback_type_page_fault_user(cow_probe_page_fault);
	check_trace_callback_type_page_fault_kernel(cow_probe_kernel_fault);
}

struct cow_probe {
	const char *name;
	void *probe;
	struct tracepoint *tracepoint;
};

/* The last one first: whoever is born must be seen to exit. */
static struct cow_probe life_probes[] = {
	{ "exit_mmap",		probe_exit_mmap },
	{ "sched_process_exit",	probe_exit },
	{ "sched_process_exec",	probe_exec },
	{ "task_newtask",	probe_fork },
};

static struct cow_probe fault_probes[] = {
	{ "page_fault_user",	cow_probe_page_fault },
	{ "page_fault_kernel",	cow_probe_kernel_fault },
};

static COW_HOOK(on_exit_mmap)
{
	struct mm_struct *mm = (struct mm_struct *)cow_traced_argument(fregs, 0);

	if (!cow_life_unmap(mm))
		cow_life_unbound(mm);
}

static COW_HOOK(on_copy_begin)
{
	cow_flight_copy_begin();
}

static COW_HOOK(on_copy_end)
{
	cow_flight_copy_end();
}

/**
 * struct cow_entry - a function that is hooked at its entry
 * @name: its name
 * @instead: its name on kernels that have none of the first
 * @wraps: if it is hooked only beside a function of that name, where there are both
 * @attached: if it is
 * @ops: one a function: each then has a trampoline of its own, and no dispatch
 */
struct cow_entry {
	const char *name;
	const char *instead;
	const char *wraps;
	bool attached;
	struct ftrace_ops ops;
};

#define COW_ENTRY(function, callback, ...) { \
	.name = function, \
	.ops = { .func = callback }, \
	__VA_ARGS__ \
}

/*
 * Every fault of the machine comes by here, and few of them are of interest. So
 * this one is called straight from the function that handle_mm_fault() calls for
 * all but hugetlb pages, where that can be had: there is room for one such call
 * in a function. BPF programs use it too, which is why it is not taken from
 * handle_mm_fault() itself.
 */
static struct cow_entry straight_entry = { .name = "__handle_mm_fault" };
static bool straight;
static struct cow_entry indirect_entry =
	COW_ENTRY("handle_mm_fault", cow_on_handle_mm_fault);

static struct cow_entry life_entries[] = {
	COW_ENTRY("exit_mmap", on_exit_mmap),
};

/*
 * The kernel goes over from pages to folios, name by name. In between, the function
 * of a page is left for some of its callers, and calls that of the folio: there
 * both are hooked, and the former pays for what comes by it (classify.h).
 */
static struct cow_entry fault_entries[] = {
	COW_ENTRY("do_wp_page", cow_on_do_wp_page),
	COW_ENTRY(COW_PAGE_NEW_ANON, cow_on_new_anon_rmap_by_page,
		  .wraps = COW_FOLIO_NEW_ANON),
	COW_ENTRY(COW_FOLIO_NEW_ANON, cow_on_new_anon_rmap,
		  .instead = COW_PAGE_NEW_ANON),
	COW_ENTRY("folio_move_anon_rmap", cow_on_move_anon_rmap,
		  .instead = "page_move_anon_rmap"),
#ifdef CONFIG_MM_ID	/* the kernel takes over pages of large folios */
	COW_ENTRY("ptep_set_access_flags", cow_on_set_access_flags),
#endif
#ifdef CONFIG_TRANSPARENT_HUGEPAGE	/* not with PREEMPT_RT of 6.1 */
	COW_ENTRY("do_huge_pmd_wp_page", cow_on_do_huge_pmd_wp_page),
	COW_ENTRY("mm_get_huge_zero_folio", cow_on_huge_zero_page,
		  .instead = "mm_get_huge_zero_page"),
	COW_ENTRY("pmdp_collapse_flush", cow_on_collapse),
#endif
#ifdef CONFIG_HUGETLB_PAGE
	COW_ENTRY("hugetlb_fault", cow_on_hugetlb_fault),
	COW_ENTRY("copy_hugetlb_page_range", cow_on_copy_hugetlb),
	COW_ENTRY("hugetlb_add_new_anon_rmap", cow_on_new_hugetlb_rmap,
		  .instead = "hugepage_add_new_anon_rmap"),
#endif
};

/* A fork calls them first and last of all, with the parent's memory locked. */
static struct cow_entry copy_entries[] = {
	COW_ENTRY("uprobe_dup_mmap", on_copy_begin),
	COW_ENTRY("uprobe_end_dup_mmap", on_copy_end),
};

/* Those who asked for them, and whether they are attached: under event_mutex */
static unsigned int copy_users;
static bool copy_hooked;

static void match(struct tracepoint *tracepoint, void *priv)
{
	struct cow_probe *probe = priv;

	if (!strcmp(tracepoint->name, probe->name))
		probe->tracepoint = tracepoint;
}

static int attach_probe(struct cow_probe *probe)
{
	int ret;

	for_each_kernel_tracepoint(match, probe);
	if (!probe->tracepoint) {
		pr_err("this kernel has no tracepoint %s\n", probe->name);
		return -ENOENT;
	}
	ret = tracepoint_probe_register(probe->tracepoint, probe->probe, NULL);
	if (ret)
		pr_err("cannot attach to the tracepoint %s (error %d)\n",
		       probe->name, ret);
	return ret;
}

/* Whoever unhooks waits for the probes that still run: see unhook(). */
static void detach_probes(struct cow_probe *probes, size_t n)
{
	while (n--)
		tracepoint_probe_unregister(probes[n].tracepoint,
					    probes[n].probe, NULL);
}

static int attach_probes(struct cow_probe *probes, size_t n)
{
	size_t i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = attach_probe(&probes[i]);
		if (ret) {
			detach_probes(probes, i);
			return ret;
		}
	}
	return 0;
}

static const void *filter_of(const struct ftrace_ops *ops)
{
	return rcu_access_pointer(ops->func_hash->filter_hash);
}

/*
 * If there is no memory for the name's entry ftrace can say that all is well and
 * leave the filter empty, which lets every function of the kernel through.
 */
static int set_filter(struct ftrace_ops *ops, const char *function)
{
	char name[KSYM_NAME_LEN];
	const void *empty;
	int ret;

	ret = ftrace_set_filter(ops, NULL, 0, 1);
	if (ret)
		return ret;
	empty = filter_of(ops);
	strscpy(name, function, sizeof(name));
	ret = ftrace_set_filter(ops, name, strlen(name), 1);
	if (!ret && filter_of(ops) == empty)
		return -ENOMEM;
	return ret;
}

static int choose_function(struct cow_entry *entry)
{
	int ret = set_filter(&entry->ops, entry->name);

	if (ret == -EINVAL && entry->instead)
		ret = set_filter(&entry->ops, entry->instead);
	return ret;
}

/* Is there a function @name to trace? If so 0, and -EINVAL if not. */
static int find_function(const char *name)
{
	static struct ftrace_ops ops;
	int ret;

	ops = (struct ftrace_ops){};
	ret = set_filter(&ops, name);
	ftrace_free_filter(&ops);
	return ret;
}

/* Of those that wrap another, where there is not the one or not the other. */
static bool is_needless(const struct cow_entry *entry)
{
	return entry->wraps && (find_function(entry->wraps) == -EINVAL ||
				find_function(entry->name) == -EINVAL);
}

static void say_missing(const struct cow_entry *entry)
{
	if (entry->instead)
		pr_err("this kernel has neither a function %s nor %s that can be traced\n",
		       entry->name, entry->instead);
	else
		pr_err("this kernel has no function %s that can be traced\n",
		       entry->name);
}

/* Anew each time: ftrace_free_filter() leaves freed memory in the ops. */
static int attach_entry(struct cow_entry *entry)
{
	int ret;

	entry->ops = (struct ftrace_ops){
		.func = entry->ops.func,
		.flags = FTRACE_OPS_FL_PERMANENT,
	};
	entry->attached = !is_needless(entry);
	if (!entry->attached)
		return 0;
	ret = choose_function(entry);
	if (ret == -EINVAL) {
		say_missing(entry);
		goto err_free_filter;
	}
	if (ret) {
		pr_err("cannot choose the function %s to hook (error %d)\n",
		       entry->name, ret);
		goto err_free_filter;
	}
	ret = register_ftrace_function(&entry->ops);
	if (ret == -EBUSY) {
		pr_err("function tracing is switched off: sysctl kernel.ftrace_enabled=1 switches it on\n");
		goto err_free_filter;
	}
	if (ret) {
		pr_err("cannot hook the function %s (error %d)\n",
		       entry->name, ret);
		goto err_free_filter;
	}
	return 0;

err_free_filter:
	ftrace_free_filter(&entry->ops);
	return ret;
}

static void detach_entries(struct cow_entry *entries, size_t n)
{
	while (n--) {
		if (!entries[n].attached)
			continue;
		unregister_ftrace_function(&entries[n].ops);
		ftrace_free_filter(&entries[n].ops);
	}
}

static int attach_entries(struct cow_entry *entries, size_t n)
{
	size_t i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = attach_entry(&entries[i]);
		if (ret) {
			detach_entries(entries, i);
			return ret;
		}
	}
	return 0;
}

/* After the others: with function tracing off it would succeed, and be silent. */
static int attach_mm_fault(void)
{
	straight = !set_filter(&straight_entry.ops, straight_entry.name) &&
		   !cow_register_straight(&straight_entry.ops, (unsigned long)
					  cow_straight_mm_fault);
	if (straight)
		return 0;
	ftrace_free_filter(&straight_entry.ops);
	return attach_entry(&indirect_entry);
}

static void detach_mm_fault(void)
{
	if (!straight) {
		detach_entries(&indirect_entry, 1);
		return;
	}
	cow_unregister_straight(&straight_entry.ops, (unsigned long)
				cow_straight_mm_fault);
	ftrace_free_filter(&straight_entry.ops);
}

static int hook(struct cow_probe *probes, size_t nr_probes,
		struct cow_entry *entries, size_t nr_entries)
{
	int ret;

	ret = attach_entries(entries, nr_entries);
	if (ret)
		return ret;
	ret = attach_probes(probes, nr_probes);
	if (ret) {
		tracepoint_synchronize_unregister();
		detach_entries(entries, nr_entries);
	}
	return ret;
}

/*
 * Unregistering a function hook waits for those that are inside of it; the
 * probes of a tracepoint, and on kernels where those run under SRCU what they
 * do under RCU, are waited for here.
 */
static void unhook(struct cow_probe *probes, size_t nr_probes,
		   struct cow_entry *entries, size_t nr_entries)
{
	detach_probes(probes, nr_probes);
	detach_entries(entries, nr_entries);
	tracepoint_synchronize_unregister();
	synchronize_rcu();
}

int cow_hook_life(void)
{
	return hook(life_probes, ARRAY_SIZE(life_probes),
		    life_entries, ARRAY_SIZE(life_entries));
}

void cow_unhook_life(void)
{
	unhook(life_probes, ARRAY_SIZE(life_probes),
	       life_entries, ARRAY_SIZE(life_entries));
}

int cow_hook_faults(void)
{
	int ret;

	ret = hook(fault_probes, ARRAY_SIZE(fault_probes),
		   fault_entries, ARRAY_SIZE(fault_entries));
	if (ret)
		return ret;
	ret = attach_mm_fault();
	if (ret)
		unhook(fault_probes, ARRAY_SIZE(fault_probes),
		       fault_entries, ARRAY_SIZE(fault_entries));
	return ret;
}

void cow_unhook_faults(void)
{
	detach_mm_fault();
	unhook(fault_probes, ARRAY_SIZE(fault_probes),
	       fault_entries, ARRAY_SIZE(fault_entries));
}

void cow_hook_copy(void)
{
	if (!copy_users++)
		copy_hooked = !attach_entries(copy_entries,
					      ARRAY_SIZE(copy_entries));
}

void cow_unhook_copy(void)
{
	if (--copy_users || !copy_hooked)
		return;
	detach_entries(copy_entries, ARRAY_SIZE(copy_entries));
	copy_hooked = false;
}
