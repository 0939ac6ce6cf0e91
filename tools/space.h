/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The address spaces of processes as their forks, execs and mappings make them:
 * of what is mapped to be executed, what is at an address at the moment.
 */
#ifndef COWSTAT_SPACE_H
#define COWSTAT_SPACE_H

#include <stdbool.h>
#include <sys/types.h>
#include <linux/types.h>

#define SPACE_COMM	16
#define SPACE_BUCKETS	1024

struct mapping {
	__u64 start;
	__u64 end;
	__u64 offset;		/* of @start in the object */
	unsigned int object;
};

struct space {
	struct space *next;
	pid_t pid;
	int threads;
	bool loading;		/* between the begin and the end of an exec */
	char comm[SPACE_COMM];
	unsigned int nr_mappings;
	struct mapping *mappings;	/* by address */
	void *unwinder;		/* the owner's; NULL when the mappings have changed */
};

struct spaces {
	struct space *buckets[SPACE_BUCKETS];
	void (*drop_unwinder)(void *unwinder);
};

/* That of a process; of one that is not known, an empty one. */
struct space *spaces_get(struct spaces *spaces, pid_t pid);

/* @child is new: what there was of that number is gone. */
void spaces_fork(struct spaces *spaces, pid_t parent, pid_t child);
void spaces_thread(struct spaces *spaces, pid_t pid);
/* It has another program, that is then mapped; and that is there. */
void spaces_exec(struct spaces *spaces, pid_t pid);
void spaces_loaded(struct spaces *spaces, pid_t pid);
/* A thread is gone; with the last one its space is. */
void spaces_exit(struct spaces *spaces, pid_t pid);

void spaces_map(struct spaces *spaces, pid_t pid, const struct mapping *mapping);
const struct mapping *space_find(const struct space *space, __u64 address);

void spaces_free(struct spaces *spaces);

#endif
