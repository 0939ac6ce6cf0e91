/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of ranges of addresses.
 */
#ifndef COWSTAT_SYMBOL_TABLE_H
#define COWSTAT_SYMBOL_TABLE_H

#include <stdio.h>
#include <linux/types.h>

struct symbol {
	__u64 start;
	__u64 size;
	const char *name;
	unsigned int rank;	/* of names for one address, the one with the lowest */
	unsigned int number;
};

struct symbol_table {
	struct symbol *symbols;
	unsigned int nr;
	unsigned int room;
	char *text;		/* the names, if the table has read them */
};

/* @name stays the caller's. */
void symbol_table_add(struct symbol_table *table, const struct symbol *symbol);
/* After the last was added */
void symbol_table_sort(struct symbol_table *table);

/* A line each: the start and size in hexadecimal, the name; as JIT compilers write it. */
void symbol_table_read(struct symbol_table *table, FILE *map);

/* NULL if no range has @address. */
const char *symbol_table_find(const struct symbol_table *table, __u64 address);

void symbol_table_free(struct symbol_table *table);

#endif
