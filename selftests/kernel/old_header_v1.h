/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program built with the frozen header (frozen/cowstat_v1.h) does. Of it
 * nothing but bytes is known outside, as both headers have the same names.
 */
#ifndef OLD_HEADER_V1_H
#define OLD_HEADER_V1_H

#include <stddef.h>
#include <sys/types.h>

enum v1_request { V1_INFO, V1_SYSTEM, V1_PROCESS, V1_LIST, V1_TREE, V1_READ, V1_REQUESTS };

/* How a call is wrong, if it is */
enum v1_wrong {
	V1_RIGHT, V1_SIZE_0, V1_SIZE_LESS, V1_SIZE_MORE, V1_FLAG, V1_RESERVED,
	V1_POINTER, V1_ROW_SIZE,
};

#define V1_ROOM	1024

/**
 * struct v1_call - one request, as the old program makes it
 * @pid: of PROCESS and TREE
 * @flags: of TREE
 * @rows, @capacity: of LIST
 * @wrong: what is wrong with it
 * @size: of the argument, as that program knows it
 * @bytes: the argument, and behind it what must not be touched
 */
struct v1_call {
	pid_t pid;
	unsigned int flags;
	void *rows;
	unsigned int capacity;
	enum v1_wrong wrong;
	size_t size;
	unsigned char bytes[V1_ROOM];
};

/* Return: the result, or -errno. */
int v1_ask(int fd, enum v1_request request, struct v1_call *call);

/* Is all behind the argument, and behind @rows rows, as it was? */
int v1_clean_behind(const struct v1_call *call);

extern const size_t v1_row_size;

#endif /* OLD_HEADER_V1_H */
