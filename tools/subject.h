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

#include <sys/types.h>

#define SUBJECT_READY	'B'
#define SUBJECT_DONE	'E'

struct subject {
	const char *name;
	pid_t pid;
	int from;		/* bytes from the workload */
	int to;			/* bytes to it */
	int out;		/* its standard output */
};

/* All return 0, or say what is wrong and return EXIT_OWN_FAILURE. */
int subject_start(struct subject *subject, const char *name, const char *pages);
int subject_wait(struct subject *subject, char byte);
int subject_go_on(struct subject *subject);

/* See it to its end, killed if it does not come to it by itself. */
int subject_finish(struct subject *subject, char **said);
void subject_kill(struct subject *subject);

/* What 'cowstat workload --list' says, to be freed. */
int subject_list(char **said);

#endif
