/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What 'cowstat stacks' can look at: an event of the module, whose pages are a
 * counter's.
 */
#ifndef COWSTAT_STACKS_EVENT_H
#define COWSTAT_STACKS_EVENT_H

struct stacks_event {
	const char *name;	/* of --event */
	const char *event;
	const char *field;	/* that has the pages */
	unsigned int counter;
	const char *did;	/* functions that ... pages */
};

/* The first is the usual one; the last has no name. */
extern const struct stacks_event stacks_events[];

/* NULL if there is none. */
const struct stacks_event *stacks_event_find(const char *name);

#endif
