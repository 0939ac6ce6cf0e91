/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attaching to the kernel: to tracepoints, and to the entries of functions by ftrace.
 *
 * Tracepoints are found by name, since the kernel exports none of those that are
 * needed. So are functions. Whatever cannot be attached is named in the kernel log,
 * in one line.
 *
 * Function hooks are "permanent" in ftrace's sense: they cannot be registered while
 * the sysctl kernel.ftrace_enabled is 0, and it cannot be cleared under them.
 */
#ifndef COWSTAT_ATTACH_H
#define COWSTAT_ATTACH_H

#include <linux/ftrace.h>
#include <linux/tracepoint.h>

/**
 * struct cow_probe - a tracepoint that is probed
 * @name: its name
 * @probe: the probe, of the type that its callers expect
 * @tracepoint: the tracepoint, while the probe is attached
 */
struct cow_probe {
	const char *name;
	void *probe;
	struct tracepoint *tracepoint;
};

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
 * All or none; may sleep. What has run in a probe may still run when it has been
 * detached: tracepoint_synchronize_unregister() waits for it. Nothing runs in a
 * function hook that has been detached.
 */
int cow_attach_probes(struct cow_probe *probes, size_t n);
void cow_detach_probes(struct cow_probe *probes, size_t n);
int cow_attach_entries(struct cow_entry *entries, size_t n);
void cow_detach_entries(struct cow_entry *entries, size_t n);

/*
 * The function of @entry calls @function directly. There is room for one such call in
 * a function, and not on every kernel: a failure is not logged.
 */
int cow_attach_direct(struct cow_entry *entry, void *function);
void cow_detach_direct(struct cow_entry *entry, void *function);

#endif /* COWSTAT_ATTACH_H */
