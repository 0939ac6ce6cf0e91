// SPDX-License-Identifier: GPL-2.0
/*
 * What must be true of an answer, whatever else goes on.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define KERNEL_ADDRESSES	0xffff800000000000ULL

/* Every word was written, none looks like an address in the kernel. */
void check_written(const void *data, size_t size)
{
	const unsigned char *byte = data;
	uint64_t word;
	size_t at;

	for (at = 0; at + 8 <= size; at += 8) {
		memcpy(&word, byte + at, 8);
		if ((uint32_t)word == PATTERN_32 || word >> 32 == PATTERN_32)
			mismatch("bytes %zu to %zu were not written", at, at + 7);
		else if (word >= KERNEL_ADDRESSES)
			mismatch("an address of the kernel at byte %zu: %#llx",
				 at, (unsigned long long)word);
	}
}

static void check_state(__u32 state)
{
	if (state > COWSTAT_STATE_DEGRADED)
		mismatch("state is %u", state);
}

/* Of what is in that answer alone: so many were lost, so the state is that. */
static void check_losses(__u32 state, const __u64 *lost)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < COWSTAT_LOSSES_MAX; i++) {
		sum += lost[i];
		if (i >= COW_NR_LOST && lost[i])
			mismatch("loss %d, which is none, is %llu", i, lost[i]);
	}
	if (state != (sum ? COWSTAT_STATE_DEGRADED : COWSTAT_STATE_EXACT))
		mismatch("state %u with %llu losses", state, sum);
}

static void check_losses_grown(const __u64 *old, const __u64 *now)
{
	int i;

	for (i = 0; i < COWSTAT_LOSSES_MAX; i++)
		if (now[i] < old[i])
			mismatch("loss %d went down from %llu to %llu", i, old[i],
				 now[i]);
}

/* Of the system: the last loss is the last one that was ever told of. */
static void check_lost_at(__u64 lost_at, __u32 state)
{
	if (lost_at < me.lost_at)
		mismatch("the last loss was at %llu, and is at %llu",
			 me.lost_at, lost_at);
	if (!lost_at != (state == COWSTAT_STATE_EXACT))
		mismatch("state %u, and the last loss at %llu", state, lost_at);
	me.lost_at = lost_at;
}

static void check_unused(const char *whose, const struct cowstat_counters *c)
{
	int i;

	for (i = COW_NR; i < COWSTAT_COUNTERS_MAX; i++)
		if (c->value[i])
			mismatch("%s: slot %d, which has no counter, is %llu",
				 whose, i, c->value[i]);
}

static void check_counters(const char *whose, const struct cowstat_counters *c)
{
	const char *broken = cow_broken_identity(c);

	check_unused(whose, c);
	if (broken)
		mismatch("%s: not true: %s", whose, broken);
}

/* Of differences only the sums hold that are derived, see docs/interface.md. */
static void check_delta(const char *whose, const struct cowstat_counters *c)
{
	const __u64 *v = c->value;

	check_unused(whose, c);
	if (v[COW_broken] != v[COW_broken_anon] + v[COW_broken_file] +
			     v[COW_broken_ksm] + v[COW_broken_hugetlb] ||
	    v[COW_broken_anon] != v[COW_broken_child] + v[COW_broken_parent] ||
	    v[COW_pool_local] + v[COW_pool_remote] !=
	    v[COW_broken] + v[COW_zero_filled])
		mismatch("%s: the sums do not hold", whose);
}

static void check_grown(const char *whose, const struct cowstat_counters *old,
			const struct cowstat_counters *now)
{
	int i;

	for (i = 0; i < COW_NR; i++)
		if (now->value[i] < old->value[i])
			mismatch("%s: %s went down from %llu to %llu", whose,
				 cow_names[i], old->value[i], now->value[i]);
}

static void check_at_most(const char *what, const struct cowstat_counters *part,
			  const struct cowstat_counters *whole)
{
	int i;

	for (i = 0; i < COW_NR; i++)
		if (part->value[i] > whole->value[i])
			mismatch("%s: %s is %llu of %llu", what, cow_names[i],
				 part->value[i], whole->value[i]);
}

static void check_system_counters(const struct cowstat_counters *now)
{
	check_counters("system", now);
	check_grown("system", &me.system, now);
	me.system = *now;
}

static void check_limits(const struct cowstat_info *info)
{
	if (!info->max_handles || !info->max_kept || !info->max_reading_bytes)
		mismatch("limits of %llu handles, %llu kept, %llu bytes",
			 info->max_handles, info->max_kept,
			 info->max_reading_bytes);
	if (!me.info.max_handles)
		return;
	if (info->max_handles != me.info.max_handles ||
	    info->max_kept != me.info.max_kept ||
	    info->max_reading_bytes != me.info.max_reading_bytes)
		mismatch("the limits have changed");
}

void check_info(const struct cowstat_info *info, size_t size)
{
	if (info->abi != COWSTAT_ABI || info->page_size != PAGE ||
	    info->nr_counters != COW_NR || info->nr_losses != COW_NR_LOST)
		mismatch("abi %u, page size %u, %u counters, %u losses",
			 info->abi, info->page_size, info->nr_counters,
			 info->nr_losses);
	if (info->reserved || info->reserved2)
		mismatch("the reserved fields are %#x, %#llx", info->reserved,
			 info->reserved2);
	check_losses(info->state, info->lost);
	check_losses_grown(me.info.lost, info->lost);
	if (!info->processes || info->processes > info->max_processes + 1)
		mismatch("%llu processes", info->processes);
	memcpy(me.info.lost, info->lost, sizeof(info->lost));
	if (size < sizeof(*info))
		return;
	check_lost_at(info->lost_at, info->state);
	check_limits(info);
	me.info = *info;
}

void check_system(const struct cowstat_system *system, size_t size)
{
	check_state(system->state);
	if (system->reserved || system->reserved2)
		mismatch("the reserved fields are %#x, %#llx", system->reserved,
			 system->reserved2);
	if (!system->processes)
		mismatch("no processes");
	check_system_counters(&system->counters);
	if (size < sizeof(*system))
		return;
	check_losses(system->state, system->lost);
	check_lost_at(system->lost_at, system->state);
}

static void check_pid(const char *what, pid_t pid)
{
	if (me.user ? pid < USER_PIDS : pid < 1 || pid > USER_PIDS)
		mismatch("%s %d is not one of this pid namespace", what, pid);
}

/* That of nobody, and of init, are the same everywhere. */
static void check_ppid(pid_t ppid)
{
	if (ppid != 0 && ppid != 1)
		check_pid("ppid", ppid);
}

static void check_comm(const char *comm)
{
	size_t i;

	if (comm[COWSTAT_COMM_LEN - 1])
		mismatch("the name does not end");
	for (i = strnlen(comm, COWSTAT_COMM_LEN); i < COWSTAT_COMM_LEN; i++)
		if (comm[i])
			mismatch("bytes behind the name");
	if (me.user && !strcmp(comm, STRANGER_COMM))
		mismatch("another user's process is shown");
}

static void check_row(const struct cowstat_row *row, bool exited_too, bool delta)
{
	check_pid("pid", row->pid);
	check_ppid(row->ppid);
	if (me.user && row->pid == me.stranger)
		mismatch("another user's process is shown");
	check_comm(row->comm);
	if (row->flags & ~((exited_too ? COWSTAT_ROW_EXITED : 0) |
			   COWSTAT_ROW_SELF_LOST | COWSTAT_ROW_TREE_LOST))
		mismatch("flags of a row are %#x", row->flags);
	if ((row->flags & COWSTAT_ROW_SELF_LOST) &&
	    !(row->flags & COWSTAT_ROW_TREE_LOST))
		mismatch("the process has lost something, but its tree has not");
	if (!row->ppid != !row->depth)
		mismatch("ppid %d, but depth %u", row->ppid, row->depth);
	if (!row->tree_procs || row->tree_alive > row->tree_procs)
		mismatch("%llu of %llu processes of the tree live",
			 row->tree_alive, row->tree_procs);
	(delta ? check_delta : check_counters)("self", &row->self);
	(delta ? check_delta : check_counters)("tree", &row->tree);
	check_at_most("self of tree", &row->self, &row->tree);
}

void check_process(const struct cowstat_process *process, pid_t asked, size_t size)
{
	bool lost = process->row.flags & COWSTAT_ROW_TREE_LOST;

	check_state(process->state);
	if (lost != (process->state == COWSTAT_STATE_DEGRADED))
		mismatch("state %u, but flags %#x", process->state,
			 process->row.flags);
	if (size == sizeof(*process))
		check_losses(process->state, process->lost);
	if (asked && process->row.pid != asked)
		mismatch("pid %d instead of %d", process->row.pid, asked);
	check_row(&process->row, false, false);
	if (!process->row.tree_alive)
		mismatch("a tree without its own root");
}

/* Its parent stands before it, unless that one may not be seen. */
static void check_order(const struct cowstat_row *row, __u32 i)
{
	__u32 j;

	for (j = i; j-- > 0 && row[i].ppid != row[j].pid;)
		;
	if (row[i].ppid && j == -1U && !me.user)
		mismatch("row %u: parent %d is not listed before", i,
			 row[i].ppid);
	if (j != -1U && row[i].depth != row[j].depth + 1)
		mismatch("row %u: depth %u below %u", i, row[i].depth,
			 row[j].depth);
}

static void check_no_twins(const struct cowstat_row *row, __u32 i)
{
	__u32 j;

	for (j = 0; j < i; j++)
		if (row[j].pid == row[i].pid)
			mismatch("pid %d is listed twice", row[i].pid);
}

/* Root sees all; of the ordinary user's namespace two are the stranger's. */
static void check_hidden(const struct cowstat_list *list, bool device, bool keep)
{
	if (list->reserved)
		mismatch("the reserved field is %#llx", list->reserved);
	if (!me.user && list->hidden)
		mismatch("%llu are hidden from root", list->hidden);
	if (me.user && device && list->hidden < 2)
		mismatch("%llu are hidden, of two strangers", list->hidden);
	if (!keep && list->count + list->hidden > list->processes)
		mismatch("%u rows and %llu hidden of %llu processes",
			 list->count, list->hidden, list->processes);
}

void check_list(const struct file *file, const struct cowstat_list *list,
		const struct cowstat_row *row, size_t size)
{
	bool device = file->type == FILE_DEVICE;
	bool keep = file->tree_flags & COWSTAT_TREE_KEEP;
	struct cowstat_counters sum = { };
	__u32 i;

	check_state(list->state);
	check_system_counters(&list->system);
	if (size == sizeof(*list)) {
		check_losses(list->state, list->lost);
		check_hidden(list, device, keep);
	}
	if (list->folded && !keep)
		mismatch("%llu folded, of no handle that keeps", list->folded);
	if (!keep && list->count > list->processes)
		mismatch("%u rows of %llu processes", list->count,
			 list->processes);
	if (row && list->count > list->capacity)
		mismatch("%u rows where %u have room", list->count,
			 list->capacity);
	for (i = 0; row && i < list->count; i++) {
		check_row(&row[i], keep, !device && !i);
		check_order(row, i);
		if (device)
			check_no_twins(row, i);
		cow_add(&sum, &row[i].self);
	}
	if (device)
		check_at_most("rows of system", &sum, &list->system);
}

void check_read(struct file *file, const struct cowstat_read *read, size_t size)
{
	const struct cowstat_counters none = { };

	check_state(read->state);
	if (size == sizeof(*read)) {
		check_losses(read->state, read->lost);
		check_losses_grown(file->last.lost, read->lost);
	}
	check_delta("the handle", &read->counters);
	check_grown("the handle", &file->last.counters, &read->counters);
	if (read->tree_state > COWSTAT_TREE_GONE ||
	    read->tree_state < file->last.tree_state)
		mismatch("tree_state was %u and is %u", file->last.tree_state,
			 read->tree_state);
	if (read->tree_procs < file->last.tree_procs ||
	    read->tree_alive > read->tree_procs)
		mismatch("%llu processes live, of %llu after %llu",
			 read->tree_alive, read->tree_procs,
			 file->last.tree_procs);
	if (read->folded < file->last.folded ||
	    (read->folded && !(file->tree_flags & COWSTAT_TREE_KEEP)))
		mismatch("folded is %llu after %llu", read->folded,
			 file->last.folded);
	if (read->tree_state == COWSTAT_TREE_WAITING &&
	    (read->tree_procs || read->folded ||
	     memcmp(&none, &read->counters, sizeof(none))))
		mismatch("waits, but has counted");
	/* Of an orphaned tree a vfork child can be left, which is no process. */
	if ((read->tree_state == COWSTAT_TREE_GONE && read->tree_alive) ||
	    (read->tree_state == COWSTAT_TREE_ORPHANED && !read->tree_procs))
		mismatch("tree_state %u, but %llu live", read->tree_state,
			 read->tree_alive);
	file->last = *read;
}

/* The lines of /proc/cowstat: of the counters those that came later are behind. */
#define BEFORE_LOST	(COW_zero_huge + 1)
#define HEAD		(4 + COW_NR + 4)

static void check_value(const char *line, int index, struct cowstat_counters *c)
{
	size_t length = strlen(cow_names[index]);

	if (strncmp(line, cow_names[index], length) || line[length] != ' ')
		mismatch("'%s' instead of %s", line, cow_names[index]);
	else
		c->value[index] = strtoull(line + length, NULL, 10);
}

static void check_line(const char *line, unsigned int number)
{
	unsigned long long v[12];
	pid_t pid, ppid;
	char comm[80];

	if (sscanf(line, "%d %d %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %79[^\n]",
		   &pid, &ppid, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6],
		   &v[7], &v[8], &v[9], comm) != 13) {
		mismatch("line %u is '%s'", number, line);
		return;
	}
	check_pid("pid", pid);
	check_ppid(ppid);
	if (me.user && (pid == me.stranger || !strcmp(comm, STRANGER_COMM)))
		mismatch("another user's process is shown");
	if (v[1] > v[6] || v[2] > v[7] || v[3] > v[8] || v[4] > v[9] || !v[5])
		mismatch("self is more than tree: '%s'", line);
}

static void check_head(char *line[], struct cowstat_counters *c)
{
	unsigned long long lost_at;
	int i;

	if (strcmp(line[0], "cowstat 1"))
		mismatch("the first line is '%s'", line[0]);
	if (strncmp(line[1], "state exact", 12) &&
	    strncmp(line[1], "state degraded ", 15))
		mismatch("the second line is '%s'", line[1]);
	if (strcmp(line[2], "page_size 4096") ||
	    strncmp(line[3], "processes ", 10))
		mismatch("lines 3 and 4 are '%s', '%s'", line[2], line[3]);
	line += 4;
	for (i = 0; i < COW_NR; i++) {
		if (i == BEFORE_LOST && strncmp(*line++, "lost ", 5))
			mismatch("'%s' instead of lost", line[-1]);
		check_value(*line++, i, c);
	}
	if (sscanf(*line, "lost_at %llu", &lost_at) != 1 || line[1][0])
		mismatch("the head ends with '%s', '%s'", line[0], line[1]);
}

/* A whole reading; it is cut into lines. */
void check_text(char *text, size_t length)
{
	const unsigned int head = HEAD;
	struct cowstat_counters system = { };
	char *line[HEAD], *end;
	unsigned int n = 0;

	if (!length || text[length - 1] != '\n' || strlen(text) != length) {
		mismatch("%zu bytes that do not end with a line, or have a 0",
			 length);
		return;
	}
	for (; *text; text = end + 1, n++) {
		end = strchr(text, '\n');
		*end = '\0';
		if (n < head)
			line[n] = text;
		else
			check_line(text, n);
	}
	if (n < head) {
		mismatch("only %u lines", n);
		return;
	}
	check_head(line, &system);
	check_system_counters(&system);
}
