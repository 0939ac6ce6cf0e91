/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Swap space of a test's own, in compressed memory (zram).
 */
#ifndef SWAP_SPACE_H
#define SWAP_SPACE_H

#include <sys/types.h>

#define SWAP	"/dev/zram0"

/* Return: why there is none, or NULL. */
const char *make_swap(void);
void end_swap(void);

/* How many of @pages pages at @at are in swap, by the kernel's pagemap. */
int swapped(pid_t pid, const char *at, int pages);

#endif /* SWAP_SPACE_H */
