/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plan of a workload: which process does what to which pages, in order.
 *
 * A plan is a list of steps over one region of private memory. Each step
 * belongs to one actor (a process), and no two steps overlap in time. The same
 * plan is played by processes (workload_actor.c) and replayed on paper
 * (workload_model.c): what was done and what is expected can not drift apart.
 *
 * Actor 0 is the workload's own process, and exists from the start. What it
 * does before PLAN_BEGIN only prepares the memory and is not counted.
 */
#ifndef COWSTAT_WORKLOAD_PLAN_H
#define COWSTAT_WORKLOAD_PLAN_H

#include <stdbool.h>
#include <linux/types.h>

#define PLAN_ACTORS_MAX		130
#define PLAN_STEPS_MAX		4096
#define PLAN_TEXT_MAX		512
#define PLAN_HUGE		512	/* base pages in a huge page */

/* What the region is made of. */
enum plan_memory {
	PLAN_ANONYMOUS,
	PLAN_HUGE_PAGES,
	PLAN_FILE,			/* a private mapping of a file */
	PLAN_HEAP,			/* the brk heap */
	PLAN_STACK,			/* the main stack, below what is in use */

	/* rarer */
	PLAN_SHARED,			/* a shared mapping of a file */
	PLAN_SHARED_ANONYMOUS,
	PLAN_TMPFS,			/* PLAN_FILE, the file being on a tmpfs */
	PLAN_DISK,			/* likewise, what is on a disk */
	PLAN_COLLAPSIBLE,		/* base pages, until PLAN_COLLAPSE */
	PLAN_FOLIOS,			/* anonymous memory, 64 KiB at a time */
	PLAN_HUGETLB,			/* private, as PLAN_HUGE_PAGES */
	PLAN_HUGETLB_SHARED,
};

enum plan_op {
	PLAN_BEGIN,
	PLAN_END,
	PLAN_READ,
	PLAN_WRITE,
	PLAN_RACE,			/* write, by several threads at once */
	PLAN_DONTFORK,			/* madvise() the pages */
	PLAN_WIPEONFORK,
	PLAN_FORK,
	PLAN_VFORK,
	PLAN_EXEC,
	PLAN_AWAIT_EXEC,		/* until the target's program runs */
	PLAN_EXIT,
	PLAN_REAP,			/* wait for the target's end */
	PLAN_SHOW,			/* a step that --steps stops at */

	/* rarer: workload_op.h */
	PLAN_DONTNEED,			/* madvise() the pages */
	PLAN_FREE,
	PLAN_POPULATE,
	PLAN_COLLAPSE,
	PLAN_PAGE_OUT,			/* until they are in swap */
	PLAN_MERGE,			/* until KSM has merged them */
	PLAN_UNMAP,
	PLAN_REMAP,			/* to elsewhere and back */
	PLAN_PROTECT,			/* and unprotect */
	PLAN_LOCK,
	PLAN_SOFT_DIRTY,		/* follow writes, by /proc/self/clear_refs */
	PLAN_DROP_CACHE,		/* unmap pages of a file, and forget them */
	PLAN_WRITE_FROM,		/* write the target's memory */
	PLAN_READ_FROM,			/* read it by process_vm_readv() */
	PLAN_READ_INTO,			/* have a system call write the pages */
	PLAN_READ_DIRECT,		/* have a disk write them */
	PLAN_PIN,			/* as a buffer of io_uring, for good */
	PLAN_SPLICE,			/* into a pipe that keeps them */
	PLAN_UFFD_COPY,			/* by userfaultfd */
	PLAN_UFFD_ZERO,
	PLAN_UFFD_PROTECT,		/* and unprotect */
	PLAN_UFFD_MOVE,			/* to the pages that follow */
	PLAN_ROAM,			/* write, moved from CPU to CPU */
	PLAN_CLASH,			/* write, with the target at once */
	PLAN_PLACE,			/* choose the NUMA node of what is to come */
	PLAN_MIGRATE,			/* to the other NUMA node */
};

/* How PLAN_WRITE_FROM writes. */
enum plan_way {
	PLAN_BY_VM_WRITEV,
	PLAN_BY_MEM_FILE,
	PLAN_BY_PTRACE,
};

/* Where PLAN_PLACE puts pages. */
enum plan_place {
	PLAN_HERE,
	PLAN_THERE,			/* another node than the processor's */
	PLAN_BY_TURNS,
};

/* What PLAN_EXEC runs. */
enum plan_program {
	PLAN_PLAIN,
	PLAN_WITH_DATA,			/* it writes its .data and its .bss */
};

/* Pages @first, @first + @stride, ... below @end. */
struct page_set {
	__u64 first;
	__u64 end;
	__u64 stride;
};

struct plan_step {
	enum plan_op op;
	__u32 actor;
	__u32 target;			/* the other actor, if there is one */
	__u32 threads;			/* of a race or a clash */
	__u32 how;			/* enum plan_way, _place or _program */
	struct page_set set;
	const char *text;		/* of a show */
};

struct workload_plan {
	enum plan_memory memory;
	__u64 pages;
	__u32 nr_actors;
	__u32 nr_steps;
	__u32 begin;			/* the step that is PLAN_BEGIN */
	__u32 nr_shows;
	bool placed;			/* NUMA nodes are chosen */
	bool scarce;			/* hugetlb: not a page more than are filled */
	__u32 parent[PLAN_ACTORS_MAX];
	struct plan_step step[PLAN_STEPS_MAX];
	char did[PLAN_TEXT_MAX];	/* one sentence */
	const char *error;		/* it could not be built */
};

struct page_set pages_all(const struct workload_plan *plan);
struct page_set pages_range(__u64 first, __u64 end);
struct page_set pages_stride(const struct workload_plan *plan, __u64 first,
			     __u64 stride);
/* The @index-th of @parts slices of almost the same size. */
struct page_set pages_slice(struct page_set set, __u64 index, __u64 parts);

static inline __u64 pages_count(struct page_set set)
{
	if (set.first >= set.end)
		return 0;
	return (set.end - set.first + set.stride - 1) / set.stride;
}

void plan_init(struct workload_plan *plan, enum plan_memory memory, __u64 pages);
void plan_begin(struct workload_plan *plan);
void plan_end(struct workload_plan *plan);

void plan_read(struct workload_plan *plan, __u32 actor, struct page_set set);
void plan_write(struct workload_plan *plan, __u32 actor, struct page_set set);
void plan_race(struct workload_plan *plan, __u32 actor, __u32 threads,
	       struct page_set set);
void plan_dontfork(struct workload_plan *plan, __u32 actor, struct page_set set);
void plan_wipeonfork(struct workload_plan *plan, __u32 actor,
		     struct page_set set);

/* The rarer ops over pages of the actor's own. */
void plan_do(struct workload_plan *plan, enum plan_op op, __u32 actor,
	     struct page_set set);

/* PLAN_WRITE_FROM and PLAN_READ_FROM: @actor does it, @target's memory is used. */
void plan_write_from(struct workload_plan *plan, __u32 actor, __u32 target,
		     enum plan_way way, struct page_set set);
void plan_read_from(struct workload_plan *plan, __u32 actor, __u32 target,
		    struct page_set set);

/* @threads of @actor and of @target each. */
void plan_clash(struct workload_plan *plan, __u32 actor, __u32 target,
		__u32 threads, struct page_set set);

void plan_place(struct workload_plan *plan, enum plan_place place);

/* Both return the number of the new actor. */
__u32 plan_fork(struct workload_plan *plan, __u32 actor);
__u32 plan_vfork(struct workload_plan *plan, __u32 actor);

/* @actor becomes another program, which runs until the workload's end. */
void plan_exec(struct workload_plan *plan, __u32 actor,
	       enum plan_program program);

/* @actor exits; its parent, or actor 0 for an orphan, waits for its end. */
void plan_exit(struct workload_plan *plan, __u32 actor);

void plan_show(struct workload_plan *plan, const char *text);
void plan_say(struct workload_plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
