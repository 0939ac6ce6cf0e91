/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COWSTAT_VERSION_H
#define COWSTAT_VERSION_H

/* The one place where the version is written. */
#define COWSTAT_VERSION	"0.1.0"

#endif
