// SPDX-License-Identifier: GPL-2.0
/*
 * The expectations of the workloads, against formulas that were found by hand,
 * and the rules of the model one by one.
 */
#include "counters.h"
#include "test_tool.h"
#include "workload_catalog.h"
#include "workload_model.h"

#define H	PLAN_HUGE
#define NR_COUNTERS	25

/* By hand: what each workload gains with N pages and W workers. */
struct formula {
	__u64 forks, shared, child, parent, file, reused;
	__u64 filled, heap, stack, huge, upgraded, mapped;
	__u64 swap, ksm, hugetlb, remote, eager, unshared;
	__u64 there;		/* the part that comes from another NUMA node */
};

/* Size of slice @i of @parts of @n. */
static __u64 slice(__u64 n, __u64 i, __u64 parts)
{
	return n * (i + 1) / parts - n * i / parts;
}

/* Multiples of 5 from the 7th page of each huge page up to its 100th. */
static __u64 fifths_dropped(__u64 n)
{
	__u64 sum = 0;

	for (__u64 i = 0; i < n; i += H)
		sum += (i + 100 + 4) / 5 - (i + 7 + 4) / 5;
	return sum;
}

#define IS(what, ...) \
	if (!strcmp(name, what)) { \
		*f = (struct formula){ __VA_ARGS__ }; \
		return; \
	}

/* The special ones; @late: as kernels are from 6.13 on. */
static void by_hand_special(const char *name, __u64 n, int late, struct formula *f)
{
	__u64 h0 = n / 2, h1 = n - h0, q0 = n / 4;
	__u64 strides = (n - 5 + 36) / 37, dropped;

	IS("dontneed", .forks = 1, .shared = n, .child = h0, .filled = h1,
	   .reused = n)
	IS("free", .forks = 1, .shared = n, .child = n)
	IS("mremap", .forks = 1, .shared = n, .child = h0, .parent = h1)
	IS("munmap", .forks = 1, .shared = n, .child = h1, .reused = n)
	IS("mprotect", .forks = 1, .shared = n, .child = n)
	IS("soft-dirty", .forks = 1, .shared = n, .child = h1)
	IS("populate", .forks = 1, .shared = h0, .child = h0, .remote = h0,
	   .filled = h1)
	IS("mlock", .forks = 1, .shared = h0, .child = h0, .remote = h0,
	   .filled = h1)
	IS("uffd-copy", .forks = 1, .shared = n, .child = n, .filled = h1)
	IS("uffd-zero", .filled = n, .upgraded = h0)
	IS("uffd-protect", .forks = 1, .shared = n, .child = h1, .parent = h0)
	/* What has moved away is filled anew. */
	IS("uffd-move", .forks = 1, .shared = n, .child = n, .filled = h0)

	IS("huge-zero-write", .filled = n, .upgraded = n, .mapped = n,
	   .huge = late ? n : 0)
	dropped = fifths_dropped(n);
	IS("huge-unmap", .forks = 1, .shared = n, .filled = dropped,
	   .child = (n + 4) / 5 - dropped, .reused = n)
	IS("huge-pin", .forks = 1, .eager = n)
	IS("huge-remote", .forks = 1, .shared = n, .remote = strides,
	   .child = strides + (n - 1 + 36) / 37)
	/* Of the fifths those are unshared that are 5 + 37 * 5 * i. */
	IS("huge-unshare", .forks = 1, .shared = n, .unshared = strides,
	   .child = (n + 4) / 5 - (n - 5 + 184) / 185)
	IS("hugetlb-pin", .forks = 1, .eager = n)
	IS("hugetlb-remote", .forks = 1, .shared = n, .hugetlb = n,
	   .remote = n)
	IS("hugetlb-unshare", .forks = 1, .shared = n, .unshared = n)
	IS("huge-collapse", .forks = 1, .shared = n, .child = strides,
	   .reused = n)
	IS("folios", .forks = 1, .shared = n, .filled = n,
	   .child = (n - 3 + 4) / 5)
	IS("hugetlb-child", .forks = 1, .shared = n, .hugetlb = n)
	IS("hugetlb-parent", .forks = 1, .shared = n, .hugetlb = n,
	   .filled = n, .huge = n)
	IS("hugetlb-takeover", .forks = 1, .shared = n, .reused = n)
	IS("hugetlb-scarce", .forks = 1, .shared = n, .reused = n)
	IS("hugetlb-shared", .forks = 1)

	IS("file-tmpfs", .forks = 1, .shared = h0, .child = h0, .file = n)
	IS("file-drop", .file = n)
	IS("file-shared", .forks = 1)
	IS("shared-memory", .forks = 1)
	IS("exec-data", .file = 3, .filled = 5)
	IS("kernel-read", .forks = 1, .shared = h0, .child = h0, .filled = h1)
	IS("direct-read", .forks = 1, .shared = h0, .child = h0, .remote = h0,
	   .filled = h1)

	IS("ksm-child", .forks = 1, .shared = n, .ksm = n)
	IS("ksm-parent", .forks = 1, .shared = n, .ksm = h0, .parent = h1)
	IS("ksm-alone", .ksm = n)
	IS("swap-child", .forks = 1, .shared = h1, .swap = h0, .child = n)
	IS("swap-read", .forks = 1, .swap = n, .child = n, .remote = h1)
	IS("swap-alone", .forks = 0)
	IS("uring", .forks = 1, .shared = h0, .child = h0, .remote = h0,
	   .filled = h1)
	IS("pin-fork", .forks = 1, .shared = h1, .eager = h0, .child = h1)
	/* The child gets a page of its own, so the parent is left with the old. */
	IS("unshare", .forks = 1, .shared = n, .unshared = h0, .child = h1,
	   .reused = h0)
	IS("vmsplice", .forks = 1, .shared = n, .parent = h0, .reused = h1)

	IS("remote-writev", .forks = 1, .shared = h0, .child = h0,
	   .remote = h0, .filled = 2 * h1)
	IS("remote-mem", .forks = 1, .shared = h0, .child = h0, .remote = h0,
	   .filled = 2 * h1)
	IS("remote-poke", .forks = 1, .shared = h0, .child = h0, .remote = h0,
	   .filled = 2 * h1)
	IS("remote-parent", .forks = 1, .shared = n, .parent = h0,
	   .remote = h0, .reused = h1)
	IS("remote-file", .forks = 1, .shared = q0, .child = q0, .file = n,
	   .remote = n)

	IS("roam", .forks = 1, .shared = n, .child = n)
	IS("clash", .forks = 2, .shared = 2 * n, .child = n, .parent = n)
	IS("numa-local", .forks = 1, .shared = n, .child = h0, .parent = h1,
	   .filled = h1, .upgraded = h1, .mapped = h1)
	IS("numa-bind", .forks = 1, .shared = n, .child = h0, .parent = h1,
	   .filled = h1, .upgraded = h1, .mapped = h1, .there = n + h1)
	IS("numa-interleave", .forks = 1, .shared = n, .child = h0,
	   .parent = h1, .filled = h1, .upgraded = h1, .mapped = h1,
	   .there = (n + h1) / 2)
	IS("numa-huge", .forks = 1, .shared = n, .filled = n, .huge = n,
	   .child = strides, .there = n + strides)
	IS("migrate", .forks = 1, .shared = n, .child = h0, .parent = h1)
	f->forks = ~0ULL;
}

static void by_hand(const char *name, __u64 n, __u64 w, int late,
		    struct formula *f)
{
	__u64 h0 = n / 2, h1 = n - h0;
	__u64 q0 = slice(n, 0, 4), q1 = slice(n, 1, 4);
	__u64 q2 = slice(n, 2, 4), q3 = slice(n, 3, 4);

	IS("textbook", .forks = 1, .shared = n, .parent = 1)
	IS("zero-write", .filled = n)
	IS("zero-read", .mapped = n)
	IS("zero-read-write", .mapped = n, .filled = n, .upgraded = n)
	/* Without a page in the first half there is no page table to copy. */
	IS("zero-fork", .forks = 1, .shared = h0, .filled = 2 * h1,
	   .upgraded = n == 1 ? 1 : 2 * h1)
	IS("child-write", .forks = 1, .shared = n, .child = n)
	IS("child-part", .forks = 1, .shared = n, .child = (n + 2) / 3)
	IS("child-none", .forks = 1, .shared = n)
	IS("parent-write", .forks = 1, .shared = n, .parent = n)
	IS("both-write", .forks = 1, .shared = n, .child = h0, .parent = h1,
	   .reused = n)
	IS("last-owner", .forks = 1, .shared = n, .reused = n)
	IS("fork-repeat", .forks = w, .shared = w * n, .reused = n)
	/*
	 * B copies q1 of A, then again for C; A copies q0; C copies q2; of q3
	 * C and B copy, and A is left with the original.
	 */
	IS("grandchildren", .forks = 2, .shared = 2 * n,
	   .child = q1 + q2 + 2 * q3, .parent = q1 + q0, .reused = q3)
	IS("fork-chain", .forks = w, .shared = w * n,
	   .child = w * slice(n, 0, w + 1) + n - slice(n, 0, w + 1))
	IS("prefork", .forks = w, .shared = w * n, .child = h0 + w * q2,
	   .reused = q2)
	IS("snapshot", .forks = 1, .shared = n, .parent = n - q3, .reused = q3)
	/*
	 * q0: A copies while B, D hold the old; B leaves; D is its last. q1: D
	 * copies, A is last. q2: A copies, nobody else writes; q3: A is last.
	 */
	IS("exit-order", .forks = 3, .shared = 3 * n, .parent = q0 + q2,
	   .child = q1, .reused = q0 + q1 + q3)
	/*
	 * q0: the middle copies, the orphan takes that over, A its own. q1: the
	 * orphan copies, A is last. q2: A copies. q3: A is last.
	 */
	IS("daemon", .forks = 2, .shared = 2 * n, .child = q0 + q1,
	   .parent = q2, .reused = q0 + q0 + q1 + q3)
	IS("fork-exec", .forks = 1, .shared = n, .reused = n)
	IS("vfork-exec", .forks = 0)
	IS("vfork-write", .filled = h1)
	IS("threads", .forks = 1, .shared = h0, .child = h0, .filled = h1)
	IS("file-private", .file = n)
	IS("file-fork", .forks = 1, .shared = h0, .child = h0, .file = h1)
	IS("heap", .filled = n, .heap = n)
	IS("heap-fork", .forks = 1, .shared = h0, .child = h0, .filled = h1,
	   .heap = h1)
	IS("stack", .filled = n, .stack = n)
	IS("dontfork", .forks = 1, .shared = h0, .child = h0)
	IS("wipeonfork", .forks = 1, .shared = h0, .child = h0, .mapped = q2,
	   .filled = h1, .upgraded = q2)
	IS("huge-fill", .filled = n, .huge = n)
	IS("zero-read-huge", .mapped = n)
	IS("huge-child-write", .forks = 1, .shared = n,
	   .child = (n - 5 + 36) / 37, .reused = n)
	IS("huge-takeover", .forks = 1, .shared = n, .reused = n)
	by_hand_special(name, n, late, f);
}

static void formula_values(const struct formula *f, __u64 *value)
{
	__u64 broken = f->child + f->parent + f->file + f->ksm + f->hugetlb;

	memset(value, 0, COWSTAT_COUNTERS_MAX * sizeof(*value));
	value[COUNTER_forks] = f->forks;
	value[COUNTER_shared] = f->shared;
	value[COUNTER_inherited] = f->shared;
	value[COUNTER_shared_swap] = f->swap;
	value[COUNTER_eager] = f->eager;
	value[COUNTER_unshared] = f->unshared;
	value[COUNTER_broken] = broken;
	value[COUNTER_broken_ksm] = f->ksm;
	value[COUNTER_broken_hugetlb] = f->hugetlb;
	value[COUNTER_broken_remote] = f->remote;
	value[COUNTER_broken_anon] = f->child + f->parent;
	value[COUNTER_broken_file] = f->file;
	value[COUNTER_broken_child] = f->child;
	value[COUNTER_broken_parent] = f->parent;
	value[COUNTER_reused] = f->reused;
	value[COUNTER_zero_filled] = f->filled;
	value[COUNTER_zero_heap] = f->heap;
	value[COUNTER_zero_stack] = f->stack;
	value[COUNTER_zero_huge] = f->huge;
	value[COUNTER_zero_upgraded] = f->upgraded;
	value[COUNTER_zero_mapped] = f->mapped;
	value[COUNTER_pool_local] = broken + f->filled - f->there;
	value[COUNTER_pool_remote] = f->there;
}

static struct workload_plan plan;
static struct workload_expectation expect;

static void expect_plan(void)
{
	static const struct workload_kernel kernel;

	workload_expect(&plan, &kernel, &expect);
}

static int agrees(const struct workload *workload, __u64 pages, __u32 workers,
		  int late)
{
	const struct workload_kernel kernel = { .huge_zero_at_once = late };
	__u64 value[COWSTAT_COUNTERS_MAX];
	struct formula formula = { 0 };

	workload->build(&plan, pages, workers);
	workload_expect(&plan, &kernel, &expect);
	by_hand(workload->name, pages, workers, late, &formula);
	formula_values(&formula, value);
	if (!expect.error && plan.did[0] &&
	    !memcmp(value, expect.counters.value, sizeof(value)))
		return 1;
	printf("# %s: %llu pages, %u workers: %s\n", workload->name,
	       (unsigned long long)pages, workers,
	       expect.error ? expect.error : "differs");
	for (int i = 0; i < NR_COUNTERS; i++)
		if (value[i] != expect.counters.value[i])
			printf("# counter %d: by hand %llu, model %llu\n", i,
			       (unsigned long long)value[i],
			       (unsigned long long)expect.counters.value[i]);
	return 0;
}

static void test_workload(const struct workload *workload)
{
	static const __u64 pages[] = { 1, 2, 3, 5, 23, 100, 997, 1000 };
	static const __u32 workers[] = { 1, 2, 5, 8, WORKLOAD_WORKERS_MAX };
	char text[128];
	int good = 1;

	for (size_t p = 0; p < sizeof(pages) / sizeof(pages[0]); p++)
		for (size_t w = 0; w < sizeof(workers) / sizeof(workers[0]); w++)
			good &= agrees(workload, pages[p] * workload->unit,
				       workers[w], w % 2);
	snprintf(text, sizeof(text), "%s: the model agrees with the formula",
		 workload->name);
	tap_ok(good, text);
}

/* All that is written here is over one page, in one region. */
static struct page_set one;

static void begin(void)
{
	plan_init(&plan, PLAN_ANONYMOUS, 1);
	one = pages_all(&plan);
	plan_write(&plan, 0, one);
	plan_begin(&plan);
}

static __u64 gain(enum counter_index counter)
{
	plan_end(&plan);
	expect_plan();
	plan.nr_steps--;
	return expect.error ? ~0ULL : expect.counters.value[counter];
}

static void test_write_own(void)
{
	begin();
	plan_write(&plan, 0, one);
	tap_ok(gain(COUNTER_zero_filled) == 0 && gain(COUNTER_reused) == 0,
	       "a page of one's own: a write counts nothing");
	tap_ok(expect.faults == 0 && expect.allocated == 1,
	       "what comes before the beginning is allocated, not counted");
}

static void test_write_twice(void)
{
	__u32 child;

	begin();
	child = plan_fork(&plan, 0);
	plan_write(&plan, child, one);
	plan_write(&plan, child, one);
	tap_ok(gain(COUNTER_broken_child) == 1, "a copy is made once");
	plan_write(&plan, 0, one);
	plan_write(&plan, 0, one);
	tap_ok(gain(COUNTER_reused) == 1, "a page is taken over once");
}

static void test_origin_after_take_over(void)
{
	__u32 child, grandchild;

	begin();
	child = plan_fork(&plan, 0);
	plan_write(&plan, 0, one);
	plan_write(&plan, child, one);
	tap_ok(gain(COUNTER_reused) == 1 && gain(COUNTER_broken_parent) == 1,
	       "parent copies, child takes the old page over");
	grandchild = plan_fork(&plan, child);
	plan_write(&plan, child, one);
	tap_ok(gain(COUNTER_broken_parent) == 2,
	       "what was taken over originated in the taker");
	plan_write(&plan, grandchild, one);
	tap_ok(gain(COUNTER_reused) == 2, "and its child is the last to hold it");
}

static void test_shared_again(void)
{
	begin();
	plan_fork(&plan, 0);
	plan_fork(&plan, 0);
	tap_ok(gain(COUNTER_shared) == 2 && gain(COUNTER_inherited) == 2,
	       "a page is shared anew by each fork");
}

static void test_doubtful(void)
{
	__u32 child, grandchild;

	begin();
	child = plan_fork(&plan, 0);
	grandchild = plan_fork(&plan, child);
	plan_exit(&plan, child);
	plan_fork(&plan, grandchild);
	expect_plan();
	tap_ok(expect.error == NULL && expect.unsure,
	       "after a fork by an orphan it is not sure whose a page was");

	begin();
	plan_write(&plan, 0, one);
	plan_do(&plan, PLAN_PAGE_OUT, 0, one);
	child = plan_fork(&plan, 0);
	plan_write(&plan, child, one);
	expect_plan();
	tap_ok(expect.error == NULL && expect.unsure && gain(COUNTER_broken_child) == 1,
	       "nor of a page that a fork shared in swap");

	begin();
	plan_write(&plan, 0, one);
	child = plan_fork(&plan, 0);
	grandchild = plan_fork(&plan, child);
	plan_write(&plan, grandchild, one);
	expect_plan();
	tap_ok(expect.error == NULL && !expect.unsure && !gain(COUNTER_broken_unsure),
	       "but of three generations that live");

	begin();
	plan_dontfork(&plan, 0, one);
	child = plan_fork(&plan, 0);
	plan_write(&plan, child, one);
	expect_plan();
	tap_ok(expect.error != NULL,
	       "a write to memory that was left out is refused");
}

static void test_too_long(void)
{
	begin();
	for (int i = 0; i <= PLAN_STEPS_MAX; i++)
		plan_write(&plan, 0, one);
	expect_plan();
	tap_ok(expect.error != NULL, "too many steps are refused");

	begin();
	for (int i = 0; i <= PLAN_ACTORS_MAX; i++)
		plan_fork(&plan, 0);
	expect_plan();
	tap_ok(expect.error != NULL, "too many processes are refused");
}

static void test_reaper(void)
{
	__u32 child, grandchild;

	begin();
	child = plan_fork(&plan, 0);
	grandchild = plan_fork(&plan, child);
	plan_exit(&plan, child);
	plan_exit(&plan, grandchild);
	tap_ok(plan.step[plan.nr_steps - 1].op == PLAN_REAP &&
	       plan.step[plan.nr_steps - 1].actor == 0,
	       "an orphan is waited for by the first process");
}

static void test_slices(void)
{
	struct page_set all = pages_range(3, 26);
	__u64 at = all.first;
	int good = 1;

	for (int i = 0; i < 7; i++) {
		struct page_set part = pages_slice(all, i, 7);

		good &= part.first == at && pages_count(part) >= 3;
		at = part.end;
	}
	tap_ok(good && at == all.end, "slices leave out nothing");
}

static void test_huge_split_last(void)
{
	__u32 child;

	plan_init(&plan, PLAN_HUGE_PAGES, H);
	plan_write(&plan, 0, pages_all(&plan));
	plan_begin(&plan);
	child = plan_fork(&plan, 0);
	plan_write(&plan, 0, pages_range(0, 1));
	plan_exit(&plan, child);
	plan_write(&plan, 0, pages_range(1, 2));
	expect_plan();
	tap_ok(expect.error != NULL,
	       "what the last holder of a split huge page does is left open");
}

static void test_huge_again(void)
{
	__u32 child;

	plan_init(&plan, PLAN_HUGE_PAGES, 2 * H);
	plan_write(&plan, 0, pages_all(&plan));
	plan_begin(&plan);
	child = plan_fork(&plan, 0);
	plan_write(&plan, child, pages_range(H - 2, H + 3));
	plan_write(&plan, child, pages_range(H - 3, H + 1));
	tap_ok(gain(COUNTER_broken_child) == 6 && expect.faults == 6,
	       "base pages of a huge page are copied once each");
}

static int refused(void)
{
	expect_plan();
	return expect.error != NULL;
}

static void test_remote(void)
{
	__u32 child;

	begin();
	child = plan_fork(&plan, 0);
	plan_write_from(&plan, 0, child, PLAN_BY_MEM_FILE, one);
	tap_ok(gain(COUNTER_broken_child) == 1 && gain(COUNTER_broken_remote) == 1 &&
	       gain(COUNTER_broken_parent) == 0,
	       "what is written from outside counts where the memory is");
	plan_write(&plan, 0, one);
	tap_ok(gain(COUNTER_reused) == 1 && gain(COUNTER_broken_remote) == 1,
	       "its owner's own write is not remote");
}

static void test_pinned(void)
{
	__u32 child;

	begin();
	plan_do(&plan, PLAN_PIN, 0, one);
	child = plan_fork(&plan, 0);
	plan_write(&plan, child, one);
	plan_write(&plan, 0, one);
	tap_ok(gain(COUNTER_eager) == 1 && gain(COUNTER_shared) == 0 &&
	       gain(COUNTER_broken) == 0 && gain(COUNTER_reused) == 0,
	       "a pinned page is copied by the fork, and then nobody's but one's");
}

static void test_merged(void)
{
	begin();
	plan_do(&plan, PLAN_MERGE, 0, one);
	plan_write(&plan, 0, one);
	plan_write(&plan, 0, one);
	tap_ok(gain(COUNTER_broken_ksm) == 1 && gain(COUNTER_broken_anon) == 0,
	       "a merged page is copied once, by its only owner too");
}

static void test_clash_doubtful(void)
{
	__u32 child;

	begin();
	child = plan_fork(&plan, 0);
	plan_clash(&plan, 0, child, 1, one);
	tap_ok(refused(), "who of two takes a page over is left open");
}

static void test_shared_swap(void)
{
	begin();
	plan_fork(&plan, 0);
	plan_do(&plan, PLAN_PAGE_OUT, 0, one);
	tap_ok(refused(), "the kernel does not swap shared pages out when asked to");
}

static void test_scarce(void)
{
	__u32 child;

	plan_init(&plan, PLAN_HUGETLB, H);
	plan.scarce = true;
	plan_write(&plan, 0, pages_all(&plan));
	plan_begin(&plan);
	child = plan_fork(&plan, 0);
	plan_write(&plan, child, pages_all(&plan));
	tap_ok(refused(), "a child that finds no hugetlb page is refused");
	plan.nr_steps--;
	plan_write(&plan, 0, pages_all(&plan));
	plan_write(&plan, child, pages_all(&plan));
	tap_ok(refused(), "so is one that uses a page that was taken away");
}

static void test_unmapped(void)
{
	__u32 child;

	begin();
	child = plan_fork(&plan, 0);
	plan_do(&plan, PLAN_UNMAP, child, one);
	plan_write(&plan, 0, one);
	tap_ok(gain(COUNTER_reused) == 1, "what is unmapped holds no page");
	plan_write(&plan, child, one);
	tap_ok(refused(), "and can not be used");
}

int main(void)
{
	const struct workload *workload;

	for (unsigned int i = 0; (workload = workload_at(i, true)); i++)
		test_workload(workload);
	tap_ok(workload_at(0, false) && !workload_at(33, false) && workload_at(33, true),
	       "the special workloads come behind the others, if asked for");
	tap_ok(workload_find("child-write") && !workload_find("child"),
	       "a workload is found by its whole name");
	test_slices();
	test_reaper();
	test_write_own();
	test_write_twice();
	test_origin_after_take_over();
	test_shared_again();
	test_doubtful();
	test_too_long();
	test_huge_split_last();
	test_huge_again();
	test_remote();
	test_pinned();
	test_merged();
	test_clash_doubtful();
	test_shared_swap();
	test_scarce();
	test_unmapped();
	return tap_end();
}
