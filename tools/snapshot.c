// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdlib.h>

#include "snapshot.h"

static void *allocate(size_t nr, size_t size)
{
	void *memory = calloc(nr + 1, size);

	if (!memory)
		abort();
	return memory;
}

/* A parent comes before its children, so the nearest match above is the one. */
static int find_parent(const struct cowstat_row *rows, int child)
{
	if (!rows[child].ppid)
		return NO_ROW;
	for (int i = child - 1; i >= 0; i--)
		if (rows[i].pid == rows[child].ppid && rows[i].depth + 1 == rows[child].depth)
			return i;
	return NO_ROW;
}

int *snapshot_parents(const struct snapshot *snapshot)
{
	int *parents = allocate(snapshot->nr_rows, sizeof(*parents));

	for (unsigned int i = 0; i < snapshot->nr_rows; i++)
		parents[i] = find_parent(snapshot->rows, i);
	return parents;
}

int snapshot_find(const struct snapshot *snapshot, int pid)
{
	for (unsigned int i = 0; i < snapshot->nr_rows; i++)
		if (snapshot->rows[i].pid == pid && !(snapshot->rows[i].flags & COWSTAT_ROW_EXITED))
			return i;
	return NO_ROW;
}

static bool is_among(int pid, const int *pids, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

void snapshot_select(struct snapshot *snapshot, const int *pids, unsigned int nr)
{
	int *parents = snapshot_parents(snapshot);
	bool *selected = allocate(snapshot->nr_rows, sizeof(*selected));
	unsigned int kept = 0;

	for (unsigned int i = 0; i < snapshot->nr_rows; i++) {
		selected[i] = is_among(snapshot->rows[i].pid, pids, nr) ||
			      (parents[i] != NO_ROW && selected[parents[i]]);
		if (selected[i])
			snapshot->rows[kept++] = snapshot->rows[i];
	}
	snapshot->nr_rows = kept;
	/* How many of them would have been in these trees is not known. */
	snapshot->hidden = 0;
	free(selected);
	free(parents);
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->rows);
	snapshot->rows = NULL;
	snapshot->nr_rows = 0;
}
