/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/cowstat: see linux/cowstat.h.
 */
#ifndef COWSTAT_DEVICE_H
#define COWSTAT_DEVICE_H

int cow_device_init(void);
void cow_device_exit(void);

#endif /* COWSTAT_DEVICE_H */
