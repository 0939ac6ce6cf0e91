/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A workload as a process that can be held between its steps, by a byte each
 * way over two pipes:
 *
 *	workload	verify
 *	is set up, 'B'
 *			opens a tree handle, 'g'
 *	works, 'E'
 *			reads the counters, 'g'
 *	says in JSON what it did, and ends
 */
#ifndef COWSTAT_SUBJECT_H
#define COWSTAT_SUBJECT_H

#include <stdbool.h>
#include <sys/types.h>

#define SUBJECT_READY	'B'
#define SUBJECT_DONE	'E'

struct subject {
	const char *name;
	pid_t pid;		/* 0: seen to its end, @status tells how */
	int status;
	int from;		/* bytes from the workload */
	int to;			/* bytes to it */
	int out;		/* its standard output */
	int err;		/* its standard error */
};

/* 0, or says what is wrong and returns EXIT_OWN_FAILURE. */
int subject_start(struct subject *subject, const char *name, const char *pages);

/* These return 0, or -1 if the workload failed: subject_problem() tells why. */
int subject_wait(struct subject *subject, char byte);
int subject_go_on(struct subject *subject);
int subject_finish(struct subject *subject, char **said);	/* to be freed */

/* What it complained of, or how it ended; to be freed. It is killed if it lives. */
char *subject_problem(struct subject *subject);

void subject_close(struct subject *subject);

/* Did it end because this machine cannot do it? */
bool subject_skipped(const struct subject *subject);

/* What 'cowstat workload --list' says, or with --all, to be freed. */
int subject_list(bool all, char **said);

#endif
