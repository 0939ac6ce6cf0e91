// SPDX-License-Identifier: GPL-2.0
#include "workload_smaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES	8192

struct reader {
	int fd;
	size_t length;
	size_t next;		/* where the next line begins */
	char buffer[LINE_MAX_BYTES];
};

static bool reader_fill(struct reader *reader)
{
	ssize_t got;

	memmove(reader->buffer, reader->buffer + reader->next,
		reader->length - reader->next);
	reader->length -= reader->next;
	reader->next = 0;
	got = read(reader->fd, reader->buffer + reader->length,
		   sizeof(reader->buffer) - reader->length);
	if (got > 0)
		reader->length += got;
	return got > 0;
}

/* The next line, without its end; NULL after the last. */
static char *reader_line(struct reader *reader)
{
	char *line, *end;

	for (;;) {
		line = reader->buffer + reader->next;
		end = memchr(line, '\n', reader->length - reader->next);
		if (end)
			break;
		if (!reader_fill(reader))
			return NULL;
	}
	*end = '\0';
	reader->next = end + 1 - reader->buffer;
	return line;
}

/* "first-end rw-p offset device inode   name" */
static bool area_begin(struct smaps_area *area, char *line)
{
	char *at;

	memset(area, 0, sizeof(*area));
	area->first = strtoull(line, &at, 16);
	if (at == line || *at != '-')
		return false;
	area->end = strtoull(at + 1, &at, 16);
	if (strlen(at) < 5)
		return false;
	area->writable = at[2] == 'w';
	area->shared = at[4] == 's';
	at += 5;
	for (int field = 0; field < 3; field++) {
		at += strspn(at, " ");
		at += strcspn(at, " ");
	}
	at += strspn(at, " ");
	strncat(area->name, at, sizeof(area->name) - 1);
	return true;
}

static void area_field(struct smaps_area *area, const char *line)
{
	static const struct {
		char name[24];
		size_t offset;
	} fields[] = {
		{ "Anonymous:", offsetof(struct smaps_area, anonymous) },
		{ "AnonHugePages:", offsetof(struct smaps_area, huge) },
		{ "Swap:", offsetof(struct smaps_area, swap) },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t length = strlen(fields[i].name);
		__u64 bytes;

		if (strncmp(line, fields[i].name, length))
			continue;
		bytes = strtoull(line + length, NULL, 10) << 10;
		memcpy((char *)area + fields[i].offset, &bytes, sizeof(bytes));
	}
}

/* A mapping's last line is that of its flags. */
static void walk_lines(struct reader *reader,
		       bool (*visit)(const struct smaps_area *area, void *data),
		       void *data)
{
	struct smaps_area area = { 0 };
	bool begun = false;
	char *line;

	while ((line = reader_line(reader))) {
		if (!begun) {
			begun = area_begin(&area, line);
			continue;
		}
		area_field(&area, line);
		if (strncmp(line, "VmFlags:", 8))
			continue;
		begun = false;
		if (!visit(&area, data))
			return;
	}
}

int smaps_walk(const char *path,
	       bool (*visit)(const struct smaps_area *area, void *data),
	       void *data)
{
	static struct reader reader;

	reader.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (reader.fd < 0)
		return -1;
	reader.length = 0;
	reader.next = 0;
	walk_lines(&reader, visit, data);
	close(reader.fd);
	return 0;
}
