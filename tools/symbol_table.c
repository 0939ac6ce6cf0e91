// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "symbol_table.h"

#define FIRST_ROOM	256

void symbol_table_add(struct symbol_table *table, const struct symbol *symbol)
{
	if (table->nr == table->room) {
		table->room = table->room ? 2 * table->room : FIRST_ROOM;
		table->symbols = reallocarray(table->symbols, table->room,
					      sizeof(*table->symbols));
		if (!table->symbols)
			abort();
	}
	table->symbols[table->nr] = *symbol;
	table->symbols[table->nr].number = table->nr;
	table->nr++;
}

static int compare(const void *a, const void *b)
{
	const struct symbol *one = a, *other = b;

	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	if (one->rank != other->rank)
		return one->rank < other->rank ? -1 : 1;
	return one->number < other->number ? -1 : 1;
}

void symbol_table_sort(struct symbol_table *table)
{
	unsigned int kept = 0;

	if (!table->nr)
		return;
	qsort(table->symbols, table->nr, sizeof(*table->symbols), compare);
	for (unsigned int i = 1; i < table->nr; i++)
		if (table->symbols[i].start != table->symbols[kept].start)
			table->symbols[++kept] = table->symbols[i];
	table->nr = kept + 1;
}

static void read_line(struct symbol_table *table, char *line)
{
	struct symbol symbol = { 0 };
	char *end;

	symbol.start = strtoull(line, &end, 16);
	symbol.size = strtoull(end, &end, 16);
	if (*end != ' ' || !end[1])
		return;
	symbol.name = end + 1;
	symbol_table_add(table, &symbol);
}

void symbol_table_read(struct symbol_table *table, FILE *map)
{
	size_t room = 0;
	char *next, *line;

	if (getdelim(&table->text, &room, '\0', map) < 0)
		return;
	next = table->text;
	while ((line = strsep(&next, "\n")))
		read_line(table, line);
	symbol_table_sort(table);
}

const char *symbol_table_find(const struct symbol_table *table, __u64 address)
{
	unsigned int low = 0, high = table->nr;
	const struct symbol *symbol;

	/* The first that starts behind it */
	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (table->symbols[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	symbol = &table->symbols[low - 1];
	return address - symbol->start < symbol->size ? symbol->name : NULL;
}

void symbol_table_free(struct symbol_table *table)
{
	free(table->symbols);
	free(table->text);
	*table = (struct symbol_table){ 0 };
}
