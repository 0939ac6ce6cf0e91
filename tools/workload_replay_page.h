/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One base page, as each process has it.
 */
#ifndef COWSTAT_WORKLOAD_REPLAY_PAGE_H
#define COWSTAT_WORKLOAD_REPLAY_PAGE_H

#include "workload_replay.h"

enum mapped {
	MAPPED_NONE,
	MAPPED_ZERO,		/* the shared zero page */
	MAPPED_FILE,		/* the file's own page */
	MAPPED_FRAME,
};

struct view {
	enum mapped mapped;
	struct frame *frame;	/* of MAPPED_FRAME */
	bool written;		/* it wrote somewhere in the region */
	bool absent;		/* a fork left it out: no memory at all */
	bool dontfork;
	bool wipeonfork;
	bool swapped;		/* the frame is in swap */
};

bool set_has(struct page_set set, __u64 page);

/* It maps nothing; a new frame of its own. */
void view_drop(struct view *view);
void view_own(struct replay *replay, struct view *view, __u32 space);

/* Process @space writes @page. */
void page_write(struct replay *replay, struct view *view, __u32 space, __u64 page);

/* The rarer ops: workload_op.h */
void rare_step(struct replay *replay, const struct plan_step *step,
	       struct view *views, __u64 page);

#endif
