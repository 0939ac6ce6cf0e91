// SPDX-License-Identifier: GPL-2.0
#include "workload_op.h"

#include <linux/errno.h>
#include <linux/mman.h>

static int play_memory(const struct stage *stage, const struct plan_step *step)
{
	switch (step->op) {
	case PLAN_DONTNEED:
		return op_advise(stage, step, MADV_DONTNEED);
	case PLAN_FREE:
		return op_advise(stage, step, MADV_FREE);
	case PLAN_POPULATE:
		return op_advise(stage, step, MADV_POPULATE_WRITE);
	case PLAN_COLLAPSE:
		return op_collapse(stage, step);
	case PLAN_PAGE_OUT:
		return op_page_out(stage, step);
	case PLAN_MERGE:
		return op_merge(stage, step);
	case PLAN_UNMAP:
		return op_unmap(stage, step);
	case PLAN_REMAP:
		return op_remap(stage, step);
	case PLAN_PROTECT:
		return op_protect(stage, step);
	case PLAN_LOCK:
		return op_lock(stage, step);
	case PLAN_SOFT_DIRTY:
		return op_soft_dirty();
	case PLAN_DROP_CACHE:
		return op_drop_cache(stage, step);
	default:
		return -EINVAL;
	}
}

int op_play(const struct stage *stage, const struct plan_step *step)
{
	switch (step->op) {
	case PLAN_WRITE_FROM:
		return op_write_from(stage, step);
	case PLAN_READ_FROM:
		return op_read_from(stage, step);
	case PLAN_READ_INTO:
		return op_read_into(stage, step);
	case PLAN_READ_DIRECT:
		return op_read_direct(stage, step);
	case PLAN_PIN:
		return op_pin(stage, step);
	case PLAN_SPLICE:
		return op_splice(stage, step);
	case PLAN_UFFD_COPY:
	case PLAN_UFFD_ZERO:
	case PLAN_UFFD_PROTECT:
	case PLAN_UFFD_MOVE:
		return op_uffd(stage, step);
	case PLAN_PLACE:
		return op_place(stage, step);
	case PLAN_MIGRATE:
		return op_migrate(stage, step);
	default:
		return play_memory(stage, step);
	}
}
