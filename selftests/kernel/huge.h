/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory in which a process gets huge pages: 2 MiB, which count as 512.
 */
#ifndef HUGE_H
#define HUGE_H

#include "actor.h"

#define HUGE_SIZE	(2UL << 20)
#define HUGE_KIB	(HUGE_SIZE / 1024)
#define HUGE_PAGES	512

bool kernel_has_huge_pages(void);
unsigned long huge_kib(pid_t pid);
void compact_memory(void);
char *map_aligned(struct actor *process, int count);
char *map_huge(struct actor *process, int count);

#endif /* HUGE_H */
