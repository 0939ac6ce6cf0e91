/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which site a call of an rmap function came from.
 *
 * Return addresses are constant and few: each is looked up once by the name of
 * its function (classify.h) and remembered.
 */
#ifndef COWSTAT_SITE_H
#define COWSTAT_SITE_H

#include "classify.h"

/* Any context. @caller is a return address into the kernel's text. */
enum cow_site cow_site_of_new(unsigned long caller);
enum cow_site cow_site_of_move(unsigned long caller);

#endif /* COWSTAT_SITE_H */
