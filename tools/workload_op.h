/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rarer steps of a plan, in files by what they use. Like the actors
 * (workload_actor.h) they are freestanding. Each returns 0 or a negative errno.
 */
#ifndef COWSTAT_WORKLOAD_OP_H
#define COWSTAT_WORKLOAD_OP_H

#include <linux/futex.h>
#include <linux/time_types.h>

#include "workload_actor.h"
#include "workload_call.h"

#define PAGE_BYTES	4096UL

/* Of what takes a list, so much at a time: it is on a small stack. */
#define OP_BATCH	32U

#define load(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store(p, value)	__atomic_store_n((p), (value), __ATOMIC_RELEASE)
#define add(p, value)	__atomic_add_fetch((p), (value), __ATOMIC_ACQ_REL)

static inline __u64 page_at(const struct stage *stage, __u64 page)
{
	return stage->base + page * PAGE_BYTES;
}

static inline __u64 set_bytes(struct page_set set)
{
	return (set.end - set.first) * PAGE_BYTES;
}

/* As any write does. */
static inline __u8 page_mark(__u64 page)
{
	return page + 1;
}

static inline void pages_touch(__u64 base, struct page_set set, bool write)
{
	for (__u64 i = set.first; i < set.end; i += set.stride) {
		volatile __u8 *byte = (__u8 *)(base + i * PAGE_BYTES);

		if (write)
			*byte = page_mark(i);
		else
			(void)*byte;
	}
}

static inline void futex_wake(__u32 *futex)
{
	call(futex, futex, FUTEX_WAKE, 0x7fffffff, 0);
}

/* For a tick at most. */
static inline void futex_wait(__u32 *futex, __u32 value)
{
	struct __kernel_timespec tick = { .tv_nsec = 100000000 };

	call(futex, futex, FUTEX_WAIT, value, &tick);
}

/* What those who wait look at. Returns -1 if there is nothing to wait for. */
int stage_watch(struct stage *stage, __u32 actor, __u32 step);

void *stack_top(const struct stage *stage, __u32 index);

/* workload_clone.S */
long workload_clone(unsigned long flags, void *stack,
		    void (*start)(void *first, unsigned long second),
		    void *first, unsigned long second);

/* workload_op_thread.c; @actor is the one of the two that takes its part */
int op_race(struct stage *stage, __u32 index, const struct plan_step *step);
int op_clash(struct stage *stage, __u32 index, __u32 actor);
int op_roam(struct stage *stage, const struct plan_step *step);

/* workload_op_memory.c */
int op_advise(const struct stage *stage, const struct plan_step *step, int advice);
int op_unmap(const struct stage *stage, const struct plan_step *step);
int op_remap(const struct stage *stage, const struct plan_step *step);
int op_protect(const struct stage *stage, const struct plan_step *step);
int op_lock(const struct stage *stage, const struct plan_step *step);
int op_collapse(const struct stage *stage, const struct plan_step *step);
int op_soft_dirty(void);
int op_drop_cache(const struct stage *stage, const struct plan_step *step);
int op_page_out(const struct stage *stage, const struct plan_step *step);
int op_merge(const struct stage *stage, const struct plan_step *step);

/* workload_op_peer.c */
int op_write_from(const struct stage *stage, const struct plan_step *step);
int op_read_from(const struct stage *stage, const struct plan_step *step);

/* workload_op_io.c */
int op_read_into(const struct stage *stage, const struct plan_step *step);
int op_read_direct(const struct stage *stage, const struct plan_step *step);
int op_pin(const struct stage *stage, const struct plan_step *step);
int op_splice(const struct stage *stage, const struct plan_step *step);

/* workload_op_uffd.c */
int op_uffd(const struct stage *stage, const struct plan_step *step);

/* workload_op_node.c */
int op_place(const struct stage *stage, const struct plan_step *step);
int op_migrate(const struct stage *stage, const struct plan_step *step);

/* workload_op.c: any of them but those with threads */
int op_play(const struct stage *stage, const struct plan_step *step);

#endif
