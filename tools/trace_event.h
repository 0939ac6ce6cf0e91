/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's trace events, as tracefs describes them.
 */
#ifndef COWSTAT_TRACE_EVENT_H
#define COWSTAT_TRACE_EVENT_H

#include <stdio.h>
#include <linux/types.h>

struct trace_field {
	unsigned int offset;
	unsigned int size;
};

struct trace_event {
	unsigned int id;
	char *format;		/* the text of its file "format" */
};

/*
 * Find the event @name of @group; to be freed with trace_event_free(). Returns 0, or
 * says what is wrong and returns EXIT_OWN_FAILURE.
 */
int trace_event_find(const char *group, const char *name, struct trace_event *event);
void trace_event_free(struct trace_event *event);

/* The parts of it that need no kernel. 0, or -1 if there is no such thing. */
int trace_event_parse(struct trace_event *event, const char *format);
int trace_event_field(const struct trace_event *event, const char *name,
		      struct trace_field *field);

/* Where tracefs is, as a file like /proc/self/mounts tells; NULL, or to be freed. */
char *trace_mount_point(FILE *mounts);

#endif
