// SPDX-License-Identifier: GPL-2.0
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_file.h"

/* What is mapped begins at a page. */
#define PAGE_MASK	4095ULL

int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd >= 0 && (fstat(fd, &status) || !S_ISREG(status.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static Elf *begin(int fd)
{
	elf_version(EV_CURRENT);
	return elf_begin(fd, ELF_C_READ_MMAP, NULL);
}

/* With no build id to compare the name must do. */
static bool is_mapped_one(int fd, const struct object *object)
{
	Elf *elf = begin(fd);
	const void *bits;
	ssize_t size = elf ? dwelf_elf_gnu_build_id(elf, &bits) : 0;
	bool same = size <= 0 || !object->build_id_size ||
		    (size == (ssize_t)object->build_id_size &&
		     !memcmp(bits, object->build_id, size));

	elf_end(elf);
	return same;
}

int elf_file_open(const struct object *object)
{
	int fd = open_regular(object->path);

	if (fd >= 0 && !is_mapped_one(fd, object)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int elf_segment(Elf *elf, __u64 offset, struct elf_segment *segment)
{
	GElf_Phdr phdr;
	size_t nr = 0;

	if (elf_getphdrnum(elf, &nr))
		return -1;
	for (size_t i = 0; i < nr; i++) {
		if (!gelf_getphdr(elf, i, &phdr) || phdr.p_type != PT_LOAD ||
		    offset < (phdr.p_offset & ~PAGE_MASK) ||
		    offset >= phdr.p_offset + phdr.p_filesz || !(phdr.p_flags & PF_X))
			continue;
		*segment = (struct elf_segment){ phdr.p_offset, phdr.p_vaddr };
		return 0;
	}
	return -1;
}

int elf_file_segment(int fd, __u64 offset, struct elf_segment *segment)
{
	Elf *elf = begin(fd);
	int error = elf ? elf_segment(elf, offset, segment) : -1;

	elf_end(elf);
	return error;
}
