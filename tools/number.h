/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COWSTAT_NUMBER_H
#define COWSTAT_NUMBER_H

#include <linux/types.h>

/*
 * A number of the command line: decimal digits and nothing else, from @least to
 * @most. Returns 0, or -1 and leaves @number as it is.
 */
int number_parse(const char *text, __u64 least, __u64 most, __u64 *number);

#endif
