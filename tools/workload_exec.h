/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program with data: pages of its .data and of its .bss. It writes each.
 */
#ifndef COWSTAT_WORKLOAD_EXEC_H
#define COWSTAT_WORKLOAD_EXEC_H

#define EXEC_DATA_PAGES	3
#define EXEC_BSS_PAGES	5

#endif
