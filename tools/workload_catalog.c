// SPDX-License-Identifier: GPL-2.0
#include "workload_build.h"
#include "workload_need.h"

#include <stddef.h>
#include <string.h>

static void populated(struct workload_plan *plan, __u64 pages)
{
	filled(plan, PLAN_ANONYMOUS, pages);
}

static void build_textbook(struct workload_plan *plan, __u64 pages,
			   __u32 workers)
{
	__u32 b;

	(void)workers;
	populated(plan, pages);
	plan_show(plan, "A has written its pages: nobody else has them");
	b = plan_fork(plan, 0);
	plan_show(plan, "A has forked B: both have the same pages, none was copied");
	plan_read(plan, b, pages_all(plan));
	plan_show(plan, "B has read all pages: still none was copied");
	plan_write(plan, 0, pages_range(pages - 1, pages));
	plan_show(plan, "A has modified the last page, Z: Z alone was copied");
	plan_read(plan, b, pages_all(plan));
	plan_write(plan, 0, pages_range(pages - 1, pages));
	plan_show(plan, "B has read the old Z, A modified its own again: no copy more");
	plan_end(plan);
	plan_say(plan, "A shared %llu pages with its child B, which read them; A modified the last, and it alone was copied",
		 (ull)pages);
}

static void build_zero_write(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote %llu fresh pages", (ull)pages);
}

static void build_zero_read(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_ANONYMOUS, pages);
	plan_read(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "read %llu fresh pages, which are all the zero page",
		 (ull)pages);
}

static void build_zero_read_write(struct workload_plan *plan, __u64 pages,
				  __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_ANONYMOUS, pages);
	plan_read(plan, 0, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "read %llu fresh pages, then wrote them", (ull)pages);
}

static void build_zero_fork(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, half(plan, 0));
	plan_read(plan, 0, half(plan, 1));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_write(plan, child, half(plan, 1));
	plan_write(plan, 0, half(plan, 1));
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "forked with %llu pages present and %llu read only as the zero page; child and parent wrote the latter",
		 (ull)pages_count(half(plan, 0)), (ull)pages_count(half(plan, 1)));
}

static void build_child_write(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	__u32 child;

	(void)workers;
	populated(plan, pages);
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "forked a child that wrote all of %llu shared pages",
		 (ull)pages);
}

static void build_child_part(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	struct page_set part;
	__u32 child;

	(void)workers;
	populated(plan, pages);
	part = pages_stride(plan, 0, 3);
	child = plan_fork(plan, 0);
	plan_write(plan, child, part);
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "forked a child that wrote every third of %llu shared pages, %llu in all",
		 (ull)pages, (ull)pages_count(part));
}

static void build_child_none(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	populated(plan, pages);
	child = plan_fork(plan, 0);
	plan_read(plan, child, pages_all(plan));
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "forked a child that only read %llu shared pages",
		 (ull)pages);
}

static void build_parent_write(struct workload_plan *plan, __u64 pages,
			       __u32 workers)
{
	(void)workers;
	populated(plan, pages);
	plan_fork(plan, 0);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "forked a child and wrote all of %llu shared pages while it lived",
		 (ull)pages);
}

static void build_both_write(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	populated(plan, pages);
	child = plan_fork(plan, 0);
	plan_write(plan, child, half(plan, 0));
	plan_write(plan, 0, pages_all(plan));
	plan_write(plan, child, half(plan, 1));
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "of %llu shared pages the child wrote one half first, the parent the other; then each wrote the rest as its last owner",
		 (ull)pages);
}

static void build_last_owner(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	populated(plan, pages);
	child = plan_fork(plan, 0);
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "forked a child that left at once, then wrote %llu pages as their last owner",
		 (ull)pages);
}

static void build_fork_repeat(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	populated(plan, pages);
	for (__u32 i = 0; i < workers; i++)
		plan_exit(plan, plan_fork(plan, 0));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "forked %u children one after the other that left at once, then wrote %llu pages as their last owner",
		 workers, (ull)pages);
}

/* Quarters: of A, of B, of C, of all three. */
static void build_grandchildren(struct workload_plan *plan, __u64 pages,
				__u32 workers)
{
	__u32 b, c;

	(void)workers;
	populated(plan, pages);
	b = plan_fork(plan, 0);
	plan_write(plan, b, quarter(plan, 1));
	c = plan_fork(plan, b);
	plan_write(plan, b, quarter(plan, 1));
	plan_write(plan, c, quarter(plan, 2));
	plan_write(plan, 0, quarter(plan, 0));
	plan_write(plan, c, quarter(plan, 3));
	plan_write(plan, b, quarter(plan, 3));
	plan_write(plan, 0, quarter(plan, 3));
	plan_exit(plan, c);
	plan_exit(plan, b);
	plan_end(plan);
	plan_say(plan, "A forked B, B forked C, sharing %llu pages; each wrote a quarter of its own, B before and after its fork, and all wrote the last",
		 (ull)pages);
}

/* Slice 0 is written by all, slice N by the Nth in the chain. */
static void build_fork_chain(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 last = 0;

	populated(plan, pages);
	for (__u32 i = 1; i <= workers; i++) {
		last = plan_fork(plan, last);
		plan_write(plan, last, pages_slice(pages_all(plan), i,
						   workers + 1));
		plan_write(plan, last, pages_slice(pages_all(plan), 0,
						   workers + 1));
	}
	for (__u32 i = workers; i; i--)
		plan_exit(plan, i);
	plan_end(plan);
	plan_say(plan, "%u processes, each the child of the one before, each wrote a slice of %llu pages of its own and a common one",
		 workers, (ull)pages);
}

static void build_prefork(struct workload_plan *plan, __u64 pages,
			  __u32 workers)
{
	populated(plan, pages);
	for (__u32 i = 0; i < workers; i++)
		plan_fork(plan, 0);
	for (__u32 i = 1; i <= workers; i++) {
		plan_read(plan, i, pages_all(plan));
		plan_write(plan, i, pages_slice(half(plan, 0), i - 1, workers));
		plan_write(plan, i, quarter(plan, 2));
	}
	plan_write(plan, 0, quarter(plan, 2));
	plan_end(plan);
	plan_say(plan, "a server with %llu pages forked %u workers: each read all, wrote a slice of its own and a common quarter, which the server wrote last",
		 (ull)pages, workers);
}

#define SNAPSHOT_ROUNDS	12

/* The last quarter is written when the snapshot is done. */
static void build_snapshot(struct workload_plan *plan, __u64 pages,
			   __u32 workers)
{
	struct page_set busy;
	__u32 child;

	(void)workers;
	populated(plan, pages);
	busy = pages_range(0, quarter(plan, 3).first);
	child = plan_fork(plan, 0);
	for (__u32 i = 0; i < SNAPSHOT_ROUNDS; i++) {
		plan_write(plan, 0, pages_slice(busy, i, SNAPSHOT_ROUNDS));
		plan_read(plan, child, pages_slice(pages_all(plan), i,
						   SNAPSHOT_ROUNDS));
	}
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child read a snapshot of %llu pages while the parent wrote %llu of them, and all after the child's end",
		 (ull)pages, (ull)pages_count(busy));
}

/* The children leave in an order that is not that of their birth. */
static void build_exit_order(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 b, c, d;

	(void)workers;
	populated(plan, pages);
	b = plan_fork(plan, 0);
	c = plan_fork(plan, 0);
	d = plan_fork(plan, 0);
	plan_exit(plan, c);
	plan_write(plan, 0, quarter(plan, 0));
	plan_exit(plan, b);
	plan_write(plan, d, quarter(plan, 0));
	plan_write(plan, d, quarter(plan, 1));
	plan_write(plan, 0, quarter(plan, 2));
	plan_exit(plan, d);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "three children of a process with %llu pages left out of order, between writes of those that stayed",
		 (ull)pages);
}

static void build_daemon(struct workload_plan *plan, __u64 pages,
			 __u32 workers)
{
	__u32 middle, orphan;

	(void)workers;
	populated(plan, pages);
	middle = plan_fork(plan, 0);
	plan_write(plan, middle, quarter(plan, 0));
	orphan = plan_fork(plan, middle);
	plan_exit(plan, middle);
	plan_write(plan, orphan, half(plan, 0));
	plan_write(plan, 0, quarter(plan, 2));
	plan_exit(plan, orphan);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a daemon was forked twice from a process with %llu pages, wrote half of them when the process in between had gone, and left",
		 (ull)pages);
}

static void build_fork_exec(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	populated(plan, pages);
	child = plan_fork(plan, 0);
	plan_exec(plan, child, PLAN_PLAIN);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "forked a child that ran another program, then wrote %llu pages as their last owner",
		 (ull)pages);
}

static void build_vfork_exec(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	populated(plan, pages);
	child = plan_vfork(plan, 0);
	plan_exec(plan, child, PLAN_PLAIN);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "vforked a child that ran another program, then wrote %llu pages that never were shared",
		 (ull)pages);
}

static void build_vfork_write(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	__u32 child;

	(void)workers;
	half_filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_vfork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "vforked a child that wrote %llu pages of its parent's memory, %llu of them fresh",
		 (ull)pages, (ull)pages_count(half(plan, 1)));
}

static void build_threads(struct workload_plan *plan, __u64 pages,
			  __u32 workers)
{
	__u32 child;

	half_filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_race(plan, child, workers, pages_all(plan));
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "%u threads of a child wrote the same %llu pages at the same time, %llu of them shared and the others fresh",
		 workers, (ull)pages, (ull)pages_count(half(plan, 0)));
}

static void build_file_private(struct workload_plan *plan, __u64 pages,
			       __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_FILE, pages);
	plan_write(plan, 0, half(plan, 0));
	plan_read(plan, 0, half(plan, 1));
	plan_write(plan, 0, half(plan, 1));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages of a private file mapping, half of them after reading",
		 (ull)pages);
}

static void build_file_fork(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	half_filled(plan, PLAN_FILE, pages);
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "a child wrote all %llu pages of a private file mapping, half of them already copied by the parent",
		 (ull)pages);
}

static void build_heap(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_HEAP, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "grew the heap and wrote %llu pages there", (ull)pages);
}

static void build_heap_fork(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	half_filled(plan, PLAN_HEAP, pages);
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "a child wrote %llu pages of heap, half of them shared, half of them fresh",
		 (ull)pages);
}

static void build_stack(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_STACK, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "grew the stack and wrote %llu pages there", (ull)pages);
}

static void build_dontfork(struct workload_plan *plan, __u64 pages,
			   __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_dontfork(plan, 0, half(plan, 1));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_write(plan, child, half(plan, 0));
	plan_write(plan, 0, half(plan, 1));
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "forked with half of %llu pages left out by MADV_DONTFORK; the child wrote the one half, the parent the other",
		 (ull)pages);
}

static void build_wipeonfork(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_wipeonfork(plan, 0, half(plan, 1));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_read(plan, child, quarter(plan, 2));
	plan_write(plan, child, pages_all(plan));
	plan_exit(plan, child);
	plan_end(plan);
	plan_say(plan, "forked with half of %llu pages wiped by MADV_WIPEONFORK; the child read a quarter and wrote all",
		 (ull)pages);
}

static void build_huge_fill(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_HUGE_PAGES, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote %llu fresh huge pages", (ull)pages / PLAN_HUGE);
}

static void build_zero_read_huge(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_HUGE_PAGES, pages);
	plan_read(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "read %llu fresh huge pages, which are all the huge zero page",
		 (ull)pages / PLAN_HUGE);
}

static void huge_populated(struct workload_plan *plan, __u64 pages)
{
	filled(plan, PLAN_HUGE_PAGES, pages);
}

/* A prime stride: writes fall everywhere in a huge page. */
static void build_huge_child_write(struct workload_plan *plan, __u64 pages,
				   __u32 workers)
{
	struct page_set part;
	__u32 child;

	(void)workers;
	huge_populated(plan, pages);
	part = pages_stride(plan, 5, 37);
	child = plan_fork(plan, 0);
	plan_write(plan, child, part);
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child wrote %llu base pages in %llu shared huge pages, which the parent took over after its end",
		 (ull)pages_count(part), (ull)pages / PLAN_HUGE);
}

static void build_huge_takeover(struct workload_plan *plan, __u64 pages,
				  __u32 workers)
{
	__u32 child;

	(void)workers;
	huge_populated(plan, pages);
	child = plan_fork(plan, 0);
	plan_read(plan, child, pages_all(plan));
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "forked a child that only read %llu huge pages, then wrote them as their last owner",
		 (ull)pages / PLAN_HUGE);
}

static const struct workload workloads[] = {
	{ "textbook", "A and B share pages, A modifies one: it alone is copied",
	  3, 1, 0, build_textbook, 0 },
	{ "zero-write", "first writes to fresh pages",
	  1000, 1, 0, build_zero_write, 0 },
	{ "zero-read", "first reads of fresh pages",
	  1000, 1, 0, build_zero_read, 0 },
	{ "zero-read-write", "fresh pages, first read, then written",
	  1000, 1, 0, build_zero_read_write, 0 },
	{ "zero-fork", "zero pages, read by the parent, written after a fork",
	  1000, 1, 0, build_zero_fork, 0 },
	{ "child-write", "the child writes all shared pages",
	  1000, 1, 0, build_child_write, 0 },
	{ "child-part", "the child writes every third shared page",
	  1000, 1, 0, build_child_part, 0 },
	{ "child-none", "the child reads all shared pages and writes none",
	  1000, 1, 0, build_child_none, 0 },
	{ "parent-write", "the parent writes all shared pages",
	  1000, 1, 0, build_parent_write, 0 },
	{ "both-write", "child and parent write all shared pages in turn",
	  1000, 1, 0, build_both_write, 0 },
	{ "last-owner", "the child leaves, the parent takes its pages over",
	  1000, 1, 0, build_last_owner, 0 },
	{ "fork-repeat", "one fork after the other shares the same pages",
	  1000, 1, 8, build_fork_repeat, 0 },
	{ "grandchildren", "three generations write parts of their own and a common one",
	  1000, 1, 0, build_grandchildren, 0 },
	{ "fork-chain", "a chain of processes, each forked by the one before",
	  1000, 1, 5, build_fork_chain, 0 },
	{ "prefork", "a server and its workers",
	  1000, 1, 8, build_prefork, 0 },
	{ "snapshot", "a child reads all while the parent goes on writing",
	  1000, 1, 0, build_snapshot, 0 },
	{ "exit-order", "children leave in another order than they came",
	  1000, 1, 0, build_exit_order, 0 },
	{ "daemon", "a double fork: the one in between leaves",
	  1000, 1, 0, build_daemon, 0 },
	{ "fork-exec", "the child runs another program",
	  1000, 1, 0, build_fork_exec, 0 },
	{ "vfork-exec", "the same with vfork: nothing is ever shared",
	  1000, 1, 0, build_vfork_exec, 0 },
	{ "vfork-write", "a vfork child writes its parent's memory",
	  1000, 1, 0, build_vfork_write, 0 },
	{ "threads", "threads of a child write the same pages at once",
	  1000, 1, 4, build_threads, 0 },
	{ "file-private", "first writes to a private file mapping",
	  1000, 1, 0, build_file_private, 0 },
	{ "file-fork", "a private file mapping shared by a fork",
	  1000, 1, 0, build_file_fork, 0 },
	{ "heap", "first writes to a growing heap",
	  1000, 1, 0, build_heap, 0 },
	{ "heap-fork", "a heap shared by a fork",
	  1000, 1, 0, build_heap_fork, 0 },
	{ "stack", "first writes to a growing stack",
	  1000, 1, 0, build_stack, 0 },
	{ "dontfork", "pages that MADV_DONTFORK keeps out of a fork",
	  1000, 1, 0, build_dontfork, 0 },
	{ "wipeonfork", "pages that MADV_WIPEONFORK empties in the child",
	  1000, 1, 0, build_wipeonfork, 0 },
	{ "huge-fill", "first writes to fresh huge pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_huge_fill, NEED_THP },
	{ "zero-read-huge", "first reads of fresh huge pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_zero_read_huge, NEED_THP },
	{ "huge-child-write", "the child writes here and there in huge pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_huge_child_write, NEED_THP },
	{ "huge-takeover", "the parent takes over huge pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_huge_takeover, NEED_THP },
};

const struct workload_list workloads_ordinary = WORKLOAD_LIST(workloads);

const struct workload *workload_at(unsigned int index, bool special)
{
	const struct workload_list *const lists[] = {
		&workloads_ordinary, &workloads_memory, &workloads_uffd,
		&workloads_huge, &workloads_hugetlb, &workloads_file,
		&workloads_ksm, &workloads_swap, &workloads_pin,
		&workloads_remote, &workloads_cpu, &workloads_node,
	};
	const size_t nr = special ? sizeof(lists) / sizeof(lists[0]) : 1;

	for (size_t i = 0; i < nr; i++) {
		if (index < lists[i]->nr)
			return &lists[i]->first[index];
		index -= lists[i]->nr;
	}
	return NULL;
}

const struct workload *workload_find(const char *name)
{
	const struct workload *workload;

	for (unsigned int i = 0; (workload = workload_at(i, true)); i++)
		if (!strcmp(workload->name, name))
			return workload;
	return NULL;
}
