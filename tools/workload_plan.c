// SPDX-License-Identifier: GPL-2.0
#include "workload_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct page_set pages_range(__u64 first, __u64 end)
{
	return (struct page_set){ .first = first, .end = end, .stride = 1 };
}

struct page_set pages_all(const struct workload_plan *plan)
{
	return pages_range(0, plan->pages);
}

struct page_set pages_stride(const struct workload_plan *plan, __u64 first,
			     __u64 stride)
{
	return (struct page_set){
		.first = first, .end = plan->pages, .stride = stride,
	};
}

struct page_set pages_slice(struct page_set set, __u64 index, __u64 parts)
{
	__u64 length = set.end - set.first;

	return pages_range(set.first + length * index / parts,
			   set.first + length * (index + 1) / parts);
}

void plan_init(struct workload_plan *plan, enum plan_memory memory, __u64 pages)
{
	memset(plan, 0, sizeof(*plan));
	plan->memory = memory;
	plan->pages = pages;
	plan->nr_actors = 1;
}

/* A plan that is too long is marked; its last step is overwritten. */
static struct plan_step *plan_add(struct workload_plan *plan, enum plan_op op,
				  __u32 actor)
{
	struct plan_step *step;

	if (plan->nr_steps == PLAN_STEPS_MAX) {
		plan->error = "it needs too many steps";
		plan->nr_steps--;
	}
	step = &plan->step[plan->nr_steps++];
	memset(step, 0, sizeof(*step));
	step->op = op;
	step->actor = actor;
	return step;
}

void plan_begin(struct workload_plan *plan)
{
	plan->begin = plan->nr_steps;
	plan_add(plan, PLAN_BEGIN, 0);
}

void plan_end(struct workload_plan *plan)
{
	plan_add(plan, PLAN_END, 0);
}

static void plan_touch(struct workload_plan *plan, enum plan_op op, __u32 actor,
		       struct page_set set)
{
	plan_add(plan, op, actor)->set = set;
}

void plan_read(struct workload_plan *plan, __u32 actor, struct page_set set)
{
	plan_touch(plan, PLAN_READ, actor, set);
}

void plan_write(struct workload_plan *plan, __u32 actor, struct page_set set)
{
	plan_touch(plan, PLAN_WRITE, actor, set);
}

void plan_dontfork(struct workload_plan *plan, __u32 actor, struct page_set set)
{
	plan_touch(plan, PLAN_DONTFORK, actor, set);
}

void plan_wipeonfork(struct workload_plan *plan, __u32 actor,
		     struct page_set set)
{
	plan_touch(plan, PLAN_WIPEONFORK, actor, set);
}

void plan_race(struct workload_plan *plan, __u32 actor, __u32 threads,
	       struct page_set set)
{
	struct plan_step *step = plan_add(plan, PLAN_RACE, actor);

	step->threads = threads;
	step->set = set;
}

void plan_do(struct workload_plan *plan, enum plan_op op, __u32 actor,
	     struct page_set set)
{
	plan_touch(plan, op, actor, set);
}

static struct plan_step *plan_add_pair(struct workload_plan *plan,
				       enum plan_op op, __u32 actor,
				       __u32 target, struct page_set set)
{
	struct plan_step *step = plan_add(plan, op, actor);

	step->target = target;
	step->set = set;
	return step;
}

void plan_write_from(struct workload_plan *plan, __u32 actor, __u32 target,
		     enum plan_way way, struct page_set set)
{
	plan_add_pair(plan, PLAN_WRITE_FROM, actor, target, set)->how = way;
}

void plan_read_from(struct workload_plan *plan, __u32 actor, __u32 target,
		    struct page_set set)
{
	plan_add_pair(plan, PLAN_READ_FROM, actor, target, set);
}

void plan_clash(struct workload_plan *plan, __u32 actor, __u32 target,
		__u32 threads, struct page_set set)
{
	plan_add_pair(plan, PLAN_CLASH, actor, target, set)->threads = threads;
}

void plan_place(struct workload_plan *plan, enum plan_place place)
{
	struct plan_step *step = plan_add(plan, PLAN_PLACE, 0);

	step->set = pages_all(plan);
	step->how = place;
	plan->placed = true;
}

static __u32 plan_spawn(struct workload_plan *plan, enum plan_op op,
			__u32 actor)
{
	__u32 child = plan->nr_actors;

	if (child == PLAN_ACTORS_MAX) {
		plan->error = "it needs too many processes";
		return child - 1;
	}
	plan->nr_actors++;
	plan->parent[child] = actor;
	plan_add(plan, op, actor)->target = child;
	return child;
}

__u32 plan_fork(struct workload_plan *plan, __u32 actor)
{
	return plan_spawn(plan, PLAN_FORK, actor);
}

__u32 plan_vfork(struct workload_plan *plan, __u32 actor)
{
	return plan_spawn(plan, PLAN_VFORK, actor);
}

void plan_exec(struct workload_plan *plan, __u32 actor,
	       enum plan_program program)
{
	plan_add(plan, PLAN_EXEC, actor)->how = program;
	plan_add(plan, PLAN_AWAIT_EXEC, plan->parent[actor])->target = actor;
}

static bool plan_has_exited(const struct workload_plan *plan, __u32 actor)
{
	for (__u32 i = 0; i < plan->nr_steps; i++) {
		const struct plan_step *step = &plan->step[i];

		if (step->op == PLAN_EXIT && step->actor == actor)
			return true;
	}
	return false;
}

void plan_exit(struct workload_plan *plan, __u32 actor)
{
	__u32 reaper = plan->parent[actor];

	if (plan_has_exited(plan, reaper))
		reaper = 0;
	plan_add(plan, PLAN_EXIT, actor);
	plan_add(plan, PLAN_REAP, reaper)->target = actor;
}

void plan_show(struct workload_plan *plan, const char *text)
{
	plan_add(plan, PLAN_SHOW, 0)->text = text;
	plan->nr_shows++;
}

void plan_say(struct workload_plan *plan, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(plan->did, sizeof(plan->did), format, args);
	va_end(args);
}
