/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a report goes. A report is composed in memory and written at once.
 *
 * A regular file is replaced as a whole, by a new one with its name and mode,
 * so that it is never there in part. What can not be replaced (a terminal, a
 * pipe, /dev/stdout, a file in a directory that cannot be written) is written
 * in place.
 */
#ifndef COWSTAT_OUTPUT_H
#define COWSTAT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct output {
	const char *name;	/* for messages */
	char *path;		/* of the file to replace, NULL: write to @fd */
	mode_t mode;		/* of that file */
	int fd;
};

/* How the text may look there. */
struct style {
	bool colour;
	bool utf8;
};

/*
 * Find out whether @path (NULL: standard error, "-": standard output) can be
 * written, without changing it. Returns 0 or says what is wrong and returns
 * EXIT_OWN_FAILURE, as does output_write().
 */
int output_open(struct output *output, const char *path);
int output_write(struct output *output, const char *text, size_t length);
void output_close(struct output *output);

struct style output_style(const struct output *output);

#endif
