// SPDX-License-Identifier: GPL-2.0
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <trace/events/mmap.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

#include "attach.h"
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

/* After the others: with function tracing off it would succeed, and be silent. */
static int attach_mm_fault(void)
{
	straight = !cow_attach_direct(&straight_entry, cow_straight_mm_fault);
	return straight ? 0 : cow_attach_entries(&indirect_entry, 1);
}

static void detach_mm_fault(void)
{
	if (straight)
		cow_detach_direct(&straight_entry, cow_straight_mm_fault);
	else
		cow_detach_entries(&indirect_entry, 1);
}

static int hook(struct cow_probe *probes, size_t nr_probes,
		struct cow_entry *entries, size_t nr_entries)
{
	int ret;

	ret = cow_attach_entries(entries, nr_entries);
	if (ret)
		return ret;
	ret = cow_attach_probes(probes, nr_probes);
	if (ret) {
		tracepoint_synchronize_unregister();
		cow_detach_entries(entries, nr_entries);
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
	cow_detach_probes(probes, nr_probes);
	cow_detach_entries(entries, nr_entries);
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
		copy_hooked = !cow_attach_entries(copy_entries,
					      ARRAY_SIZE(copy_entries));
}

void cow_unhook_copy(void)
{
	if (--copy_users || !copy_hooked)
		return;
	cow_detach_entries(copy_entries, ARRAY_SIZE(copy_entries));
	copy_hooked = false;
}
