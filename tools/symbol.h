/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The names of places in files that programs have mapped, with elfutils' libdwfl;
 * and of code that programs have made, as their lists /tmp/perf-PID.map tell.
 */
#ifndef COWSTAT_SYMBOL_H
#define COWSTAT_SYMBOL_H

#include "object.h"

/* What is known of a place; strings live as long as the symbols. */
struct place {
	const char *function;	/* NULL: no name */
	const char *file;	/* NULL: no source line */
	int line;
};

struct symbols;

struct symbols *symbols_open(const struct objects *objects);
void symbols_place(struct symbols *symbols, unsigned int object, __u64 offset,
		   struct place *place);
void symbols_close(struct symbols *symbols);

#endif
