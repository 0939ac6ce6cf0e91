/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What processes have mapped to execute it, each once: files, the kernel's
 * "[vdso]", and memory in which a process has made code of its own.
 */
#ifndef COWSTAT_OBJECT_H
#define COWSTAT_OBJECT_H

#include <sys/types.h>
#include <linux/types.h>

#define BUILD_ID_MAX	20

/* Where nothing was mapped, as far as is known; and no program but the kernel, in an exec. */
#define OBJECT_UNKNOWN	0
#define OBJECT_EXEC	1

struct object {
	char *path;
	pid_t pid;		/* of memory: whose; else 0 */
	unsigned int build_id_size;	/* 0: it is not known */
	__u8 build_id[BUILD_ID_MAX];
};

struct objects {
	struct object *object;
	unsigned int nr;
};

void objects_open(struct objects *objects);

/* The index of the one that is equal to @object. */
unsigned int objects_find(struct objects *objects, const struct object *object);

void objects_close(struct objects *objects);

/* "libc.so.6", "[vdso]", "[anon]": of @object->path, or a constant. */
const char *object_name(const struct object *object);

#endif
