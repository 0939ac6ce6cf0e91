/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read cowstat's counters from a test.
 *
 * Each cow_*() wrapper of a request fills in size and flags, and returns 0 or
 * -errno. The must_*() forms end the test program with one line instead: they
 * are for steps that a case takes for granted.
 */
#ifndef COW_LIB_H
#define COW_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../../module/uapi/linux/cowstat.h"

#define COW_DEVICE	"/dev/cowstat"
#define COW_PROCFILE	"/proc/cowstat"

/* Generous: a test under emulation on a slow machine still ends in time. */
#define COW_TIMEOUT	180

/* COW_forks, COW_shared, ...: the indices of the table of counters. */
enum cow_index {
#define X(index, name, unit, help) COW_##name = (index),
	COWSTAT_COUNTERS(X)
#undef X
	COW_NR
};

/* COW_LOST_limit, ...: the indices of the table of losses. */
enum cow_lost_index {
#define X(index, name, help) COW_LOST_##name = (index),
	COWSTAT_LOSSES(X)
#undef X
	COW_NR_LOST
};

extern const char *const cow_names[COW_NR];
extern const char *const cow_lost_names[COW_NR_LOST];

/* A snapshot of COWSTAT_IOC_LIST. */
struct cow_list {
	struct cowstat_list head;
	struct cowstat_row *row;
};

int cow_open(void);
int cow_info(int fd, struct cowstat_info *info);
int cow_system(int fd, struct cowstat_system *system);
int cow_process(int fd, pid_t pid, struct cowstat_process *process);
int cow_tree(int fd, pid_t pid, unsigned int flags);
int cow_read(int fd, struct cowstat_read *read);
int cow_list(int fd, struct cow_list *list);
void cow_list_free(struct cow_list *list);

int must_open(void);
int must_tree(int fd, pid_t pid, unsigned int flags);
struct cowstat_row must_process(int fd, pid_t pid);
struct cowstat_read must_read(int fd);
struct cowstat_system must_system(int fd);
struct cowstat_info must_info(int fd);
struct cow_list must_list(int fd);

const struct cowstat_row *cow_find(const struct cow_list *list, pid_t pid);

/* break_max_ns is a maximum: it is the only counter that does not sum. */
static inline bool cow_sums(int index)
{
	return index != COW_break_max_ns;
}

/* Times differ in every run: a case cannot state them. */
static inline bool cow_is_time(int index)
{
	return index == COW_break_ns || index == COW_break_max_ns;
}

void cow_add(struct cowstat_counters *sum, const struct cowstat_counters *c);
struct cowstat_counters cow_delta(const struct cowstat_counters *from,
				  const struct cowstat_counters *to);
const char *cow_broken_identity(const struct cowstat_counters *c);

void cow_die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void pin_to_cpu(int cpu);
bool one_numa_node(void);
long read_long(const char *path);
long read_vmstat(const char *name);
int write_text(const char *path, const char *text);

/*
 * EXPECT_COUNTERS - compare all counters but the times, each by its name
 * @what: whose they are, for the log
 * @want, @got: pointers to struct cowstat_counters
 */
#define EXPECT_COUNTERS(what, want, got) do { \
	const struct cowstat_counters *_want = (want), *_got = (got); \
	int _i; \
	for (_i = 0; _i < COWSTAT_COUNTERS_MAX; _i++) { \
		if (cow_is_time(_i) || _want->value[_i] == _got->value[_i]) \
			continue; \
		TH_LOG("%s: %s is %llu, expected %llu", what, \
		       _i < COW_NR ? cow_names[_i] : "padding", \
		       _got->value[_i], _want->value[_i]); \
		_metadata->passed = 0; \
	} \
} while (0)

/* EXPECT_IDENTITIES - the sums inside one set of counters hold */
#define EXPECT_IDENTITIES(what, got) do { \
	const char *_wrong = cow_broken_identity(got); \
	if (_wrong) { \
		TH_LOG("%s: not true: %s", what, _wrong); \
		_metadata->passed = 0; \
	} \
} while (0)

#endif /* COW_LIB_H */
