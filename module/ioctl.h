/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the requests to the device and to a tree handle share.
 *
 * The number of a request says how large the caller's struct is. A smaller one, of
 * an older header, is filled up with zeros here, and gets back what it has room for.
 */
#ifndef COWSTAT_IOCTL_H
#define COWSTAT_IOCTL_H

#include <linux/cowstat.h>
#include <linux/err.h>
#include <linux/types.h>

struct cow_listing;

/* The number that a request had when its struct had the first of its sizes. */
#define COW_IOC_VER0(name) \
	_IOC(_IOC_DIR(COWSTAT_IOC_##name), COWSTAT_IOC_MAGIC, \
	     _IOC_NR(COWSTAT_IOC_##name), COWSTAT_##name##_SIZE_VER0)

/**
 * cow_argument() - the argument of a request
 * @cmd: the request's number
 * @arg: of the caller
 * @size: of the struct as it is today
 * @flags: those that are allowed
 *
 * Return: @size bytes in kernel memory, to be freed with kfree(), or ERR_PTR().
 */
void *cow_argument(unsigned int cmd, const void __user *arg, size_t size,
		   u32 flags);

/* As much of the struct @from as its size says: all of it, or nothing and -EFAULT. */
long cow_copy_out(void __user *to, const void *from);

/* COWSTAT_IOC_INFO and COWSTAT_IOC_LIST */
long cow_info(unsigned int cmd, void __user *arg);
long cow_list(const struct cow_listing *listing, unsigned int cmd,
	      void __user *arg);

#endif /* COWSTAT_IOCTL_H */
