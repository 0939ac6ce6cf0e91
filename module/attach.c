// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "cowstat: " fmt

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "attach.h"
#include "compat.h"

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

void cow_detach_probes(struct cow_probe *probes, size_t n)
{
	while (n--)
		tracepoint_probe_unregister(probes[n].tracepoint,
					    probes[n].probe, NULL);
}

int cow_attach_probes(struct cow_probe *probes, size_t n)
{
	size_t i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = attach_probe(&probes[i]);
		if (ret) {
			cow_detach_probes(probes, i);
			return ret;
		}
	}
	return 0;
}

/*
 * Asked for a function by name, ftrace compares the name of each function that it
 * knows, which on 6.1 takes longer than all else that is done at load. A kprobe finds
 * its place by the kernel's table of symbols. These are registered disabled, put
 * nothing into the code, and go together, since that waits for a grace period of RCU.
 * Without kprobes, or where one is refused, ftrace is asked.
 */
#define NAMES_MOST 48

/* One a name: its address is NULL if the kernel has no such symbol. */
struct places {
	unsigned int n;
	unsigned int nr_registered;
	struct kprobe kprobe[NAMES_MOST];
	struct kprobe *registered[NAMES_MOST];
};

/* Return: NULL if nothing is known of @name */
static const struct kprobe *place_of(const struct places *places, const char *name)
{
	unsigned int i;

	for (i = 0; places && i < places->n; i++)
		if (!strcmp(places->kprobe[i].symbol_name, name))
			return &places->kprobe[i];
	return NULL;
}

static void find_place(struct places *places, const char *name)
{
	struct kprobe *kprobe = &places->kprobe[places->n];
	int ret;

	if (!name || place_of(places, name) || places->n == NAMES_MOST)
		return;
	*kprobe = (struct kprobe){
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	ret = register_kprobe(kprobe);
	if (ret && ret != -ENOENT)
		return;
	if (!ret)
		places->registered[places->nr_registered++] = kprobe;
	places->n++;
}

/* Return: NULL if there is no memory; then ftrace is asked for each. */
static struct places *find_places(const struct cow_entry *entries, size_t n)
{
	struct places *places = kzalloc(sizeof(*places), GFP_KERNEL);
	size_t i;

	for (i = 0; places && i < n; i++) {
		find_place(places, entries[i].name);
		find_place(places, entries[i].instead);
		find_place(places, entries[i].wraps);
	}
	return places;
}

static void free_places(struct places *places)
{
	if (places)
		unregister_kprobes(places->registered, places->nr_registered);
	kfree(places);
}

static int filter(struct ftrace_ops *ops, const char *function,
		  const struct places *places)
{
	const struct kprobe *place = place_of(places, function);
	char name[KSYM_NAME_LEN];

	if (place && !place->addr)
		return -EINVAL;
	if (place)
		return ftrace_set_filter_ip(ops, (unsigned long)place->addr, 0, 1);
	strscpy(name, function, sizeof(name));
	return ftrace_set_filter(ops, name, strlen(name), 1);
}

static const void *filter_of(const struct ftrace_ops *ops)
{
	return rcu_access_pointer(ops->func_hash->filter_hash);
}

/*
 * If there is no memory for the name's entry ftrace can say that all is well and
 * leave the filter empty, which lets every function of the kernel through.
 */
static int set_filter(struct ftrace_ops *ops, const char *name,
		      const struct places *places)
{
	const void *empty;
	int ret;

	ret = ftrace_set_filter(ops, NULL, 0, 1);
	if (ret)
		return ret;
	empty = filter_of(ops);
	ret = filter(ops, name, places);
	if (!ret && filter_of(ops) == empty)
		return -ENOMEM;
	return ret;
}

static int choose_function(struct cow_entry *entry, const struct places *places)
{
	int ret = set_filter(&entry->ops, entry->name, places);

	if (ret == -EINVAL && entry->instead)
		ret = set_filter(&entry->ops, entry->instead, places);
	return ret;
}

/* Is there a function @name to trace? If so 0, and -EINVAL if not. */
static int find_function(const char *name, const struct places *places)
{
	static struct ftrace_ops ops;
	int ret;

	ops = (struct ftrace_ops){};
	ret = set_filter(&ops, name, places);
	ftrace_free_filter(&ops);
	return ret;
}

/* Of those that wrap another, where there is not the one or not the other. */
static bool is_needless(const struct cow_entry *entry, const struct places *places)
{
	return entry->wraps && (find_function(entry->wraps, places) == -EINVAL ||
				find_function(entry->name, places) == -EINVAL);
}

static void log_missing(const struct cow_entry *entry)
{
	if (entry->instead)
		pr_err("this kernel has neither a function %s nor %s that can be traced\n",
		       entry->name, entry->instead);
	else
		pr_err("this kernel has no function %s that can be traced\n",
		       entry->name);
}

/* Anew each time: ftrace_free_filter() leaves freed memory in the ops. */
static int attach_entry(struct cow_entry *entry, const struct places *places)
{
	int ret;

	entry->ops = (struct ftrace_ops){
		.func = entry->ops.func,
		.flags = FTRACE_OPS_FL_PERMANENT,
	};
	entry->attached = !is_needless(entry, places);
	if (!entry->attached)
		return 0;
	ret = choose_function(entry, places);
	if (ret == -EINVAL) {
		log_missing(entry);
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

void cow_detach_entries(struct cow_entry *entries, size_t n)
{
	while (n--) {
		if (!entries[n].attached)
			continue;
		unregister_ftrace_function(&entries[n].ops);
		ftrace_free_filter(&entries[n].ops);
	}
}

int cow_attach_entries(struct cow_entry *entries, size_t n)
{
	struct places *places = find_places(entries, n);
	int ret = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		ret = attach_entry(&entries[i], places);
		if (ret) {
			cow_detach_entries(entries, i);
			break;
		}
	}
	free_places(places);
	return ret;
}

int cow_attach_direct(struct cow_entry *entry, void *function)
{
	struct places *places = find_places(entry, 1);
	int ret;

	ret = set_filter(&entry->ops, entry->name, places);
	free_places(places);
	if (!ret)
		ret = cow_register_straight(&entry->ops, (unsigned long)function);
	if (ret)
		ftrace_free_filter(&entry->ops);
	return ret;
}

void cow_detach_direct(struct cow_entry *entry, void *function)
{
	cow_unregister_straight(&entry->ops, (unsigned long)function);
	ftrace_free_filter(&entry->ops);
}
