/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tree handles: files that count one process and all that descends from it, from a
 * baseline on (baseline.h).
 */
#ifndef COWSTAT_HANDLE_H
#define COWSTAT_HANDLE_H

#include <linux/types.h>

struct cow_viewer;

/* Open one, see struct cowstat_tree. Return: a descriptor, or an errno. */
int cow_handle_open(const struct cow_viewer *viewer, u32 flags, pid_t pid);

#endif /* COWSTAT_HANDLE_H */
