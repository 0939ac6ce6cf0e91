/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that do what a test tells them, and nothing else.
 *
 * A fork of an ordinary process shares hundreds of pages that its C library
 * then writes at times of its own. An actor has none of them: it is cloned
 * onto a stack in shared memory, runs freestanding code alone, and every
 * private mapping of the test is kept out of it by MADV_DONTFORK. Its only
 * private memory is what the test makes it map, so each count is exact.
 *
 * The test gives an actor one command at a time through a mailbox in shared
 * memory. actor_post() does not wait and actor_wait() does; the other calls
 * do both. Whatever hangs is ended by the test's time limit, and actors end
 * on their own when their test is gone.
 */
#ifndef ACTOR_H
#define ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ACTOR_STACK_SIZE	(4 * 4096)

/* actor_clone() of a thread */
#define ACTOR_THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | \
			    CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

enum actor_command {
	ACTOR_SYSCALL,	/* arg[0..6]: number and arguments */
	ACTOR_READ,	/* arg[0..2]: address, distance, how many */
	ACTOR_WRITE,	/* as ACTOR_READ */
	ACTOR_CLONE,	/* arg[0..1]: flags, the struct actor of the new one */
	ACTOR_WRITE_ON,	/* as ACTOR_WRITE, again and again, until killed */
};

struct actor {
	unsigned int posted;	/* futex: commands given */
	unsigned int done;	/* futex: commands carried out */
	enum actor_command command;
	long arg[7];
	long result;
	long progress;	/* of ACTOR_READ and ACTOR_WRITE: how many it has done */

	pid_t pid;
	pid_t driver;
	bool alive;
	bool thread;
	struct actor *parent;	/* NULL: the test itself */
	char *stack_end;
};

void actor_main(struct actor *self) __attribute__((noreturn));
long actor_raw_clone(unsigned long flags, struct actor *child);

void actors_init(void);
void actors_end(void);
struct actor *actor_start(void);
struct actor *actor_fork(struct actor *parent);
struct actor *actor_clone(struct actor *parent, unsigned long flags);
struct actor *actor_post_clone(struct actor *parent, unsigned long flags);
void *actor_shared_page(void);

void actor_post(struct actor *actor, enum actor_command command,
		long a0, long a1, long a2);
void actor_post_syscall(struct actor *actor, long nr, const long *args);
long actor_wait(struct actor *actor);

#define actor_syscall(actor, nr, ...) \
	(actor_post_syscall(actor, nr, (long [6]){ __VA_ARGS__ }), \
	 actor_wait(actor))

char *actor_map(struct actor *actor, size_t pages, int flags, int fd);
void actor_write(struct actor *actor, char *at, size_t stride, size_t count);
void actor_read(struct actor *actor, char *at, size_t stride, size_t count);
/* By write(2) to a file in memory. Returns what that does. */
long actor_read_by_kernel(struct actor *actor, char *at, size_t size);
void actor_allow_all_cpus(struct actor *actor);
void actor_exit(struct actor *actor);
void actor_kill(struct actor *actor);

#endif /* ACTOR_H */
