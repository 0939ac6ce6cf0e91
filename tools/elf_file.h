/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file that a program has mapped, as it is now.
 */
#ifndef COWSTAT_ELF_FILE_H
#define COWSTAT_ELF_FILE_H

#include <libelf.h>

#include "object.h"

/* A part of the file that is loaded. */
struct elf_segment {
	__u64 offset;
	__u64 address;		/* if the file were loaded at 0 */
};

/* A descriptor, or -1 if it is no file: a pipe by that name would be waited for. */
int open_regular(const char *path);

/* The same, or -1 if it is gone, or another file than what was mapped. */
int elf_file_open(const struct object *object);

/* That which @offset is in, or the page of @offset. 0, or -1 if there is none. */
int elf_file_segment(int fd, __u64 offset, struct elf_segment *segment);
int elf_segment(Elf *elf, __u64 offset, struct elf_segment *segment);

#endif
