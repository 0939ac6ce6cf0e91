// SPDX-License-Identifier: GPL-2.0
/*
 * How long a module holds its spin locks. It is not changed for that: the kernel's
 * functions that take and release one are traced, and those who call them from the
 * module's text are noted, by lock and by call. A lock is known by its address when
 * it is released, from wherever that is.
 *
 *	insmod lockhold.ko module=NAME	which is not loaded yet, so its load is seen too
 *
 * debugfs has a file "lockhold", with a line a lock and call: both names, how often
 * it was held, the longest and all in nanoseconds. Interrupts that came meanwhile,
 * and what it takes to look, are not in there. For machines with one processor,
 * where nobody waits for a lock.
 */
#define pr_fmt(fmt) "lockhold: " fmt

#include <linux/debugfs.h>
#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#include "compat.h"

#define SITE_BITS	12
#define SITES		(1 << SITE_BITS)
#define DEPTH		8
#define CALIBRATIONS	1000

static char *module = "";
module_param(module, charp, 0400);

/* The module of that name, from before its first instruction on */
static const struct module *watched;

/* One lock, as taken by one call */
struct site {
	unsigned long lock;
	unsigned long caller;
	u64 count;
	u64 max;
	u64 sum;
};

/* A lock that is held; @switches tell that it was not yet, when it was preempted. */
struct hold {
	struct site *site;
	u64 since;
	u64 interrupts;
	unsigned long switches;
};

static struct site sites[SITES];
static struct hold holds[DEPTH];
static unsigned int depth;

/* What was missed: for lack of room, or since another task came in between. */
static u64 lost, preempted;

/* Time in interrupts, up to the last one's end; how deep it is in them now. */
static u64 in_interrupts, interrupted_at;
static unsigned int interrupts;

/* What is measured of a lock that is released at once */
static u64 price;
static DEFINE_RAW_SPINLOCK(own_lock);
static struct dentry *file;

static u64 notrace now(void)
{
	return ktime_get_mono_fast_ns();
}

static unsigned long notrace switches(void)
{
	return current->nvcsw + current->nivcsw;
}

static struct site *notrace find_site(unsigned long lock, unsigned long caller)
{
	unsigned int i, at = hash_long(lock ^ caller << 20, SITE_BITS);

	for (i = 0; i < SITES; i++, at = (at + 1) % SITES) {
		struct site *site = &sites[at];

		if (site->lock == lock && site->caller == caller)
			return site;
		if (site->lock)
			continue;
		site->lock = lock;
		site->caller = caller;
		return site;
	}
	return NULL;
}

static bool notrace is_watched(unsigned long caller)
{
	const struct module *it = READ_ONCE(watched);

	return it && within_module_core(caller, it);
}

static void notrace on_lock(unsigned long ip, unsigned long caller,
			    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	unsigned long lock = cow_traced_argument(fregs, 0);
	struct hold *hold;

	if (!is_watched(caller) && lock != (unsigned long)&own_lock)
		return;
	if (depth >= DEPTH) {
		lost++;
		return;
	}
	hold = &holds[depth++];
	barrier();	/* an interrupt from here on has the next one */
	hold->site = find_site(lock, caller);
	hold->switches = switches();
	hold->interrupts = in_interrupts;
	hold->since = now();
}

static void notrace note(struct hold *hold, u64 ns)
{
	struct site *site = hold->site;

	if (!site) {
		lost++;
		return;
	}
	if (hold->switches != switches()) {
		preempted++;
		return;
	}
	ns -= min(ns, in_interrupts - hold->interrupts + price);
	site->count++;
	site->sum += ns;
	site->max = max(site->max, ns);
}

static void notrace on_unlock(unsigned long ip, unsigned long caller,
			      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	unsigned long lock;
	unsigned int i;
	u64 end;

	if (likely(!depth))
		return;
	end = now();
	lock = cow_traced_argument(fregs, 0);
	for (i = depth; i-- > 0;) {
		if (!holds[i].site || holds[i].site->lock != lock)
			continue;
		note(&holds[i], end - holds[i].since);
		memmove(&holds[i], &holds[i + 1],
			(--depth - i) * sizeof(holds[0]));
		return;
	}
}

static void notrace interrupt_begins(void)
{
	if (!interrupts++)
		interrupted_at = now();
}

static void notrace interrupt_ends(void)
{
	if (interrupts && !--interrupts)
		in_interrupts += now() - interrupted_at;
}

static void notrace on_vector_entry(void *data, int vector)
{
	interrupt_begins();
}

static void notrace on_vector_exit(void *data, int vector)
{
	interrupt_ends();
}

static void notrace on_softirq_entry(void *data, unsigned int number)
{
	interrupt_begins();
}

static void notrace on_softirq_exit(void *data, unsigned int number)
{
	interrupt_ends();
}

static void notrace on_handler_entry(void *data, int irq, struct irqaction *action)
{
	interrupt_begins();
}

static void notrace on_handler_exit(void *data, int irq, struct irqaction *action,
				    int result)
{
	interrupt_ends();
}

static struct probe {
	const char *name;
	void *probe;
	struct tracepoint *tracepoint;
} probes[] = {
	{ "local_timer_entry", on_vector_entry },
	{ "local_timer_exit", on_vector_exit },
	{ "irq_work_entry", on_vector_entry },
	{ "irq_work_exit", on_vector_exit },
	{ "reschedule_entry", on_vector_entry },
	{ "reschedule_exit", on_vector_exit },
	{ "softirq_entry", on_softirq_entry },
	{ "softirq_exit", on_softirq_exit },
	{ "irq_handler_entry", on_handler_entry },
	{ "irq_handler_exit", on_handler_exit },
};

static const char *const lock_names[] = {
	"_raw_spin_lock", "_raw_spin_lock_bh", "_raw_spin_lock_irq",
	"_raw_spin_lock_irqsave",
};

static const char *const unlock_names[] = {
	"_raw_spin_unlock", "_raw_spin_unlock_bh", "_raw_spin_unlock_irq",
	"_raw_spin_unlock_irqrestore",
};

/*
 * They guard themselves: without this flag one of the hooks of the module, in which
 * locks are taken, would hide them.
 */
static struct ftrace_ops lock_ops = {
	.func = on_lock,
	.flags = FTRACE_OPS_FL_RECURSION,
};

static struct ftrace_ops unlock_ops = {
	.func = on_unlock,
	.flags = FTRACE_OPS_FL_RECURSION,
};

static int attach(struct ftrace_ops *ops, const char *const names[], int n)
{
	int i, ret;

	for (i = 0; i < n; i++) {
		ret = ftrace_set_filter(ops, (unsigned char *)names[i],
					strlen(names[i]), !i);
		if (ret) {
			pr_err("cannot trace %s (error %d)\n", names[i], ret);
			return ret;
		}
	}
	return register_ftrace_function(ops);
}

static void find_tracepoint(struct tracepoint *tracepoint, void *data)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tracepoint->name, probes[i].name))
			probes[i].tracepoint = tracepoint;
}

static void detach_probes(int n)
{
	while (n-- > 0)
		tracepoint_probe_unregister(probes[n].tracepoint,
					    probes[n].probe, NULL);
	tracepoint_synchronize_unregister();
}

static int attach_probes(void)
{
	int i, ret;

	for_each_kernel_tracepoint(find_tracepoint, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		ret = -ENOENT;
		if (probes[i].tracepoint)
			ret = tracepoint_probe_register(probes[i].tracepoint,
							probes[i].probe, NULL);
		if (!ret)
			continue;
		pr_err("no tracepoint %s (error %d)\n", probes[i].name, ret);
		detach_probes(i);
		return ret;
	}
	return 0;
}

static noinline void hold_own_lock(void)
{
	raw_spin_lock(&own_lock);
	raw_spin_unlock(&own_lock);
}

static int on_module(struct notifier_block *block, unsigned long state, void *data)
{
	const struct module *it = data;

	if (state == MODULE_STATE_COMING && !strcmp(it->name, module))
		WRITE_ONCE(watched, it);
	else if (state == MODULE_STATE_GOING && it == watched)
		WRITE_ONCE(watched, NULL);
	return NOTIFY_OK;
}

static struct notifier_block module_block = { .notifier_call = on_module };

/* The least of many: none of them is free of the caches' moods and interrupts. */
static void calibrate(void)
{
	struct site *site;
	u64 least = U64_MAX;
	int i;

	for (i = 0; i < CALIBRATIONS; i++) {
		hold_own_lock();
		for (site = sites; site < sites + SITES; site++) {
			if (site->lock != (unsigned long)&own_lock)
				continue;
			least = min(least, site->max);
			site->max = 0;
		}
	}
	price = least;
}

static int lockhold_show(struct seq_file *m, void *v)
{
	struct site *site;

	for (site = sites; site < sites + SITES; site++)
		if (site->count && site->lock != (unsigned long)&own_lock)
			seq_printf(m, "%ps\t%ps\t%llu\t%llu\t%llu\n",
				   (void *)site->lock, (void *)site->caller,
				   site->count, site->max, site->sum);
	seq_printf(m, "lost\t%llu\npreempted\t%llu\nprice\t%llu\n", lost, preempted,
		   price);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lockhold);

static int __init lockhold_init(void)
{
	int ret;

	if (num_online_cpus() > 1 || !*module) {
		pr_err("it needs one processor, and the name of a module\n");
		return -EINVAL;
	}
	ret = attach_probes();
	if (ret)
		return ret;
	ret = attach(&unlock_ops, unlock_names, ARRAY_SIZE(unlock_names));
	if (ret)
		goto err_detach_probes;
	ret = attach(&lock_ops, lock_names, ARRAY_SIZE(lock_names));
	if (ret)
		goto err_unregister_unlock;
	calibrate();
	ret = register_module_notifier(&module_block);
	if (ret)
		goto err_unregister_lock;
	file = debugfs_create_file("lockhold", 0400, NULL, NULL, &lockhold_fops);
	return 0;

err_unregister_lock:
	unregister_ftrace_function(&lock_ops);
err_unregister_unlock:
	unregister_ftrace_function(&unlock_ops);
err_detach_probes:
	detach_probes(ARRAY_SIZE(probes));
	return ret;
}

static void __exit lockhold_exit(void)
{
	debugfs_remove(file);
	unregister_module_notifier(&module_block);
	unregister_ftrace_function(&lock_ops);
	unregister_ftrace_function(&unlock_ops);
	detach_probes(ARRAY_SIZE(probes));
}

module_init(lockhold_init);
module_exit(lockhold_exit);

MODULE_DESCRIPTION("How long another module holds its spin locks");
MODULE_LICENSE("GPL");
