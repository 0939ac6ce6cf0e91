/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/cowstat: the system and its processes as text.
 *
 * A picture is taken by a read at offset 0 and serves all reads behind it, so
 * that they fit together however small they are.
 */
#ifndef COWSTAT_PROCFILE_H
#define COWSTAT_PROCFILE_H

int cow_procfile_init(void);
void cow_procfile_exit(void);

#endif /* COWSTAT_PROCFILE_H */
