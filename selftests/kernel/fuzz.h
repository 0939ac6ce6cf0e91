/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the fuzzer.
 *
 *	fuzz		starts the workers and says what came of it
 *	fuzz_worker	one process that makes calls, chosen by a seed
 *	fuzz_request	the ioctls of the module
 *	fuzz_plain	all other system calls on its files
 *	fuzz_answer	what must be true of an answer
 *	fuzz_arena	the memory that the calls point to
 *	fuzz_life	children that fork, exec, fault and die meanwhile
 *	fuzz_peer	another process, to which descriptors are handed
 *
 * The n-th call of a worker depends on its seed and n alone, so that the same
 * seed makes the same calls. What they meet there depends on the time.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cow_lib.h"

#define PAGE		4096
#define PATTERN		0xa5
#define PATTERN_32	0xa5a5a5a5U
#define FILES		24
#define CHILDREN	6
#define ROWS_ROOM	160

#define USER		65534	/* whom the ordinary worker and the peers are */
#define STRANGER	1	/* owns the process that they must not see */
#define STRANGER_COMM	"cowhidden"
/* Pids of the ordinary worker's namespace: above all others, but for init. */
#define USER_PIDS	2000000

/* The kinds of calls that are counted and judged apart. */
#define FUZZ_KINDS(X) \
	X(open) X(close) X(info) X(system) X(process) X(list) X(tree) X(read) \
	X(unknown) X(text) X(text_at) X(read_write) X(seek) X(map) X(poll) \
	X(control) X(race) X(flood) X(life)

enum fuzz_kind {
#define X(name) KIND_##name,
	FUZZ_KINDS(X)
#undef X
	KINDS
};

extern const char *const kind_names[KINDS];

#define ERRNOS	160

/* Shared by all workers. @errors[0]: successes. */
struct fuzz_stats {
	unsigned int errors[KINDS][ERRNOS];
	unsigned int mismatches[KINDS];
};

/* A set of errnos. */
typedef unsigned __int128 errnos;
#define E(error)	((errnos)1 << (error))

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
unsigned int rng_below(struct rng *rng, unsigned int n);
bool rng_one_in(struct rng *rng, unsigned int n);

enum file_type { FILE_NONE, FILE_DEVICE, FILE_TREE, FILE_TEXT };

/* A descriptor, and what was last read from it. */
struct file {
	enum file_type type;
	int fd;
	int open_flags;
	unsigned int tree_flags;
	bool strange;		/* of a root that need not be the opener's */
	struct cowstat_read last;
};

struct child {
	pid_t pid;
};

struct worker {
	uint64_t seed;
	unsigned long calls;
	unsigned long call;	/* the number of the one being made */
	enum fuzz_kind kind;
	char what[256];		/* the call, in a readable form */
	void (*describe)(const void *call);	/* ... which this makes of */
	const void *described;			/* this, unless it is NULL */
	bool user;
	bool execs_hide;	/* a child that executes a program, for a moment */
	pid_t stranger;		/* in the worker's pid namespace; 0: none */
	pid_t thread;		/* a thread of the worker's */
	int thread_pipe;	/* descriptors that it shall close */
	int peer;		/* a socket */
	bool compat;		/* 32-bit calls are possible */
	struct file file[FILES];
	struct child child[CHILDREN];
	struct cowstat_counters system;
	struct cowstat_info info;
	__u64 lost_at;
};

extern struct worker me;
extern struct fuzz_stats *stats;

void worker_run(void) __attribute__((noreturn));
void describe(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mismatch(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note_result(enum fuzz_kind kind, long result);
bool judge(long result, errnos must, errnos may);
struct file *pick_file(struct rng *rng, enum file_type type);
void forget(struct file *file);

/* Memory. */
enum place {
	PLACE_SHARED,		/* with room on both sides */
	PLACE_PRIVATE,
	PLACE_END,		/* the next byte is not there */
	PLACE_CROSS_NONE,	/* its last bytes are not there */
	PLACE_CROSS_RO,		/* ... cannot be written */
	PLACE_RO,
	PLACE_NULL,
	PLACE_UNMAPPED,
	PLACE_KERNEL,
	PLACES
};

/* Where something lies: @from is how it is written there, NULL if it cannot. */
struct spot {
	enum place place;
	unsigned char *at;
	unsigned char *from;
	size_t size;
	size_t there;		/* bytes of it that exist */
	size_t writable;	/* ... that can be written, from the first on */
};

void arena_init(void);
struct spot arena_argument(struct rng *rng, size_t size, enum place place);
struct spot arena_rows(struct rng *rng, size_t size, enum place place);
enum place place_any(struct rng *rng);
bool spot_readable(const struct spot *spot);
bool spot_writable(const struct spot *spot);
bool spot_shared(const struct spot *spot);
const char *place_name(enum place place);
bool around_is_clean(const struct spot *spot);
bool rows_are_clean(const struct spot *spot, size_t skip);
void spot_wipe(const struct spot *spot, size_t size);

/* Answers; @size is that of the caller, who may be an old program. */
void check_info(const struct cowstat_info *info, size_t size);
void check_system(const struct cowstat_system *system, size_t size);
void check_process(const struct cowstat_process *process, pid_t asked, size_t size);
void check_list(const struct file *file, const struct cowstat_list *list,
		const struct cowstat_row *row, size_t size);
void check_read(struct file *file, const struct cowstat_read *read, size_t size);
void check_text(char *text, size_t length);
void check_written(const void *data, size_t size);

/* Calls. */
void call_info(struct rng *rng);
void call_system(struct rng *rng);
void call_process(struct rng *rng);
void call_list(struct rng *rng);
void call_tree(struct rng *rng);
void call_read(struct rng *rng);
void call_unknown(struct rng *rng);
void call_flood(void);
void call_open(struct rng *rng);
void call_close(struct rng *rng);
void call_text(struct rng *rng);
void call_text_at(struct rng *rng);
void call_read_write(struct rng *rng);
void call_seek(struct rng *rng);
void call_map(struct rng *rng);
void call_poll(struct rng *rng);
void call_control(struct rng *rng);
void call_race(struct rng *rng);

/* The peer. */
void peer_run(int socket) __attribute__((noreturn));
long peer_ioctl(int fd, unsigned int request, unsigned char *at);

/* Children. */
void call_life(struct rng *rng);
pid_t pid_any(struct rng *rng, errnos *must, errnos *may);
void life_end(void);

/* Does the kernel hide a task from its owner for a moment of an exec? */
bool execs_hide(void);

#endif /* FUZZ_H */
