/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Settings of the system that a workload needs for a moment: files of one line
 * in /proc/sys or /sys. What was there before is put back by setting_restore(),
 * and if a signal ends the workload.
 */
#ifndef COWSTAT_WORKLOAD_SETTING_H
#define COWSTAT_WORKLOAD_SETTING_H

#include <stddef.h>
#include <linux/types.h>

/* The first line, or less than 0 with errno set. */
int setting_read(const char *path, char *text, size_t size);

/* The number that it begins with; 0 if there is none. */
__u64 setting_number(const char *path);

/* 0, or less than 0 with errno set. Not put back. */
int setting_write(const char *path, const char *text);

/* These return 0, or say what is wrong and return EXIT_OWN_FAILURE. */
int setting_change(const char *path, const char *text);
int setting_change_number(const char *path, __u64 number);

/* Call @undo at the end, before any setting is restored. */
void setting_on_end(void (*undo)(void));

void setting_restore(void);

#endif
