/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/cowstat, and what its requests share with those of a tree handle.
 */
#ifndef COWSTAT_DEVICE_H
#define COWSTAT_DEVICE_H

#include <linux/err.h>
#include <linux/types.h>

struct cow_listing;

int cow_device_init(void);
void cow_device_exit(void);

/*
 * The argument of a request in kernel memory, to be freed with kfree(). It
 * begins with its size, which must be @size, and flags, which must be 0.
 */
void *cow_argument(const void __user *arg, size_t size);

/* All of it, or nothing and -EFAULT. */
long cow_copy_out(void __user *to, const void *from, size_t size);

/* COWSTAT_IOC_INFO and COWSTAT_IOC_LIST */
long cow_info(void __user *arg);
long cow_list(const struct cow_listing *listing, void __user *arg);

#endif /* COWSTAT_DEVICE_H */
