// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "say.h"
#include "trace_event.h"

#define USUAL		"/sys/kernel/tracing"

char *trace_mount_point(FILE *mounts)
{
	struct mntent *mount;
	char *point = NULL;

	while (!point && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "tracefs"))
			point = strdup(mount->mnt_dir);
	return point;
}

static char *mounted(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char *point = NULL;

	if (mounts) {
		point = trace_mount_point(mounts);
		endmntent(mounts);
	}
	return point;
}

/* Minimal systems have not mounted it. */
static char *find_or_mount(void)
{
	char *point = mounted();

	if (!point && !mount("tracefs", USUAL, "tracefs", 0, NULL))
		point = mounted();
	return point;
}

/* To be freed. NULL, and errno. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t room = 0;
	char *text = NULL;
	ssize_t length;
	int error;

	if (!file)
		return NULL;
	length = getdelim(&text, &room, '\0', file);
	error = errno;
	fclose(file);
	if (length >= 0)
		return text;
	free(text);
	errno = error;
	return NULL;
}

static int fail_find(const char *point, const char *group, const char *name)
{
	if (errno == EACCES || errno == EPERM)
		return fail("no permission to read the trace events in %s: run cowstat as root",
			    point);
	if (errno == ENOENT)
		return fail("no trace event %s:%s in %s: the kernel or the loaded module has been built without it",
			    group, name, point);
	return fail("cannot read the trace event %s:%s in %s: %s", group, name, point,
		    strerror(errno));
}

static int read_event(const char *point, const char *group, const char *name,
		      struct trace_event *event)
{
	char *path, *format;
	int error;

	if (asprintf(&path, "%s/events/%s/%s/format", point, group, name) < 0)
		abort();
	format = read_file(path);
	free(path);
	if (!format)
		return fail_find(point, group, name);
	error = trace_event_parse(event, format);
	free(format);
	return error ? fail("the trace event %s:%s has a format that is not known", group, name) : 0;
}

int trace_event_find(const char *group, const char *name, struct trace_event *event)
{
	char *point = find_or_mount();
	int error;

	if (!point && geteuid())
		return fail("tracefs is not mounted: as root, run 'mount -t tracefs none " USUAL "'");
	if (!point)
		return fail("cannot mount tracefs at " USUAL ": does this kernel have tracing?");
	error = read_event(point, group, name, event);
	free(point);
	return error;
}

int trace_event_parse(struct trace_event *event, const char *format)
{
	const char *id = strstr(format, "\nID: ");

	if (!id || sscanf(id, "\nID: %u", &event->id) != 1)
		return -1;
	event->format = strdup(format);
	if (!event->format)
		abort();
	return 0;
}

void trace_event_free(struct trace_event *event)
{
	free(event->format);
	event->format = NULL;
}

/* "	field:u32 pages;	offset:44;	size:4;	signed:0;" */
int trace_event_field(const struct trace_event *event, const char *name,
		      struct trace_field *field)
{
	const char *line = event->format;
	size_t length = strlen(name);

	while ((line = strstr(line, "field:"))) {
		const char *end = strchrnul(line, ';');

		if ((size_t)(end - line) > length && end[-length - 1] == ' ' &&
		    !strncmp(end - length, name, length))
			return sscanf(end, "; offset:%u; size:%u;", &field->offset,
				      &field->size) == 2 ? 0 : -1;
		line = end;
	}
	return -1;
}
