// SPDX-License-Identifier: GPL-2.0
/*
 * The family tree against a naive model: the parents in one array, the
 * children of each in another, in their order. Random operations from a
 * printed seed; SEED=n in the environment repeats one.
 */
#include "tap.h"
#include "tree.h"

#define NODES	40
#define STEPS	4000
#define SEEDS	20

struct model {
	int parent[NODES];		/* -1: not in the tree; 0 is the root */
	int child[NODES][NODES];
	int children[NODES];
	unsigned long long gone[NODES], gone_procs[NODES], max[NODES];
};

static struct cow_node node[NODES];
static struct model model;
static unsigned long long state;

static unsigned int pick(unsigned int below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

static void model_remove(int n)
{
	int p = model.parent[n], i, at = 0;

	for (i = 0; i < model.children[p]; i++)
		if (model.child[p][i] != n)
			model.child[p][at++] = model.child[p][i];
	model.children[p] = at;
}

static void model_add(int p, int n)
{
	model.parent[n] = p;
	model.child[p][model.children[p]++] = n;
}

static int model_below(int top, int n)
{
	while (n && n != top)
		n = model.parent[n];
	return n == top;
}

/* The children of @n take its place among those of its parent. */
static void model_fold(int n, unsigned long long self)
{
	int p = model.parent[n], i, j, at = 0, siblings[2 * NODES];

	for (i = 0; i < model.children[p]; i++) {
		if (model.child[p][i] != n) {
			siblings[at++] = model.child[p][i];
			continue;
		}
		for (j = 0; j < model.children[n]; j++) {
			siblings[at++] = model.child[n][j];
			model.parent[model.child[n][j]] = p;
		}
	}
	memcpy(model.child[p], siblings, at * sizeof(int));
	model.children[p] = at;
	model.gone[p] += self + model.gone[n];
	model.gone_procs[p] += 1 + model.gone_procs[n];
	if (model.max[p] < self)
		model.max[p] = self;
	if (model.max[p] < model.max[n])
		model.max[p] = model.max[n];
	model.parent[n] = -1;
}

static int some_node(void)
{
	int n;

	do {
		n = pick(NODES);
	} while (model.parent[n] < 0);
	return n;
}

static void reset(unsigned int seed)
{
	int i;

	state = seed;
	memset(node, 0, sizeof(node));
	memset(&model, 0, sizeof(model));
	for (i = 1; i < NODES; i++)
		model.parent[i] = -1;
}

static void add(void)
{
	int n, p = some_node();

	for (n = 1; n < NODES && model.parent[n] >= 0; n++)
		;
	if (n == NODES)
		return;
	memset(&node[n], 0xa5, sizeof(node[n]));
	node[n].first = node[n].last = NULL;
	node[n].children = 0;
	memset(&node[n].gone, 0, sizeof(node[n].gone));
	node[n].gone_procs = 0;
	model.children[n] = 0;
	model.gone[n] = model.gone_procs[n] = model.max[n] = 0;
	cow_tree_add(&node[p], &node[n]);
	model_add(p, n);
}

static void move(void)
{
	int n = some_node(), p = some_node();

	if (!n || model_below(n, p))
		return;
	cow_tree_move(&node[p], &node[n]);
	model_remove(n);
	model_add(p, n);
}

/* The node after @at in a walk of @top and those below, or NULL */
static struct cow_node *next_of(struct cow_node *top, struct cow_node *at)
{
	struct cow_cursor cursor = { .top = top, .node = at };

	do {
		cow_cursor_step(&cursor);
	} while (cursor.node && cursor.done);
	return cursor.node;
}

static void fold_process(struct cow_node *process, const struct cow_sums *self)
{
	cow_sums_add(&process->parent->gone, self);
	cow_tree_fold(process, 1);
}

/* A walker that folds what it has passed goes on undisturbed. */
static int fold(void)
{
	int n = some_node();
	struct cow_node *next;
	struct cow_sums self = { };

	if (!n)
		return 1;
	self.tally[COW_SHARED] = self.break_max_ns = 1 + pick(1000);
	next = next_of(&node[0], &node[n]);
	model_fold(n, self.tally[COW_SHARED]);
	fold_process(&node[n], &self);
	return !next || model.parent[next - node] >= 0;
}

/* Walks the model in the order that the tree must have. */
static int same_order(int top, int n, struct cow_node **at)
{
	int i;

	if (*at != &node[n])
		return 0;
	*at = next_of(&node[top], *at);
	for (i = 0; i < model.children[n]; i++)
		if (!same_order(top, model.child[n][i], at))
			return 0;
	return 1;
}

static int same_links(int n)
{
	const struct cow_node *prev = NULL, *child = node[n].first;
	int i;

	for (i = 0; i < model.children[n]; i++) {
		if (child != &node[model.child[n][i]] || child->prev != prev ||
		    child->parent != &node[n])
			return 0;
		prev = child;
		child = child->next;
	}
	return !child && node[n].last == prev &&
	       node[n].children == (unsigned int)model.children[n];
}

static int same_sums(int n)
{
	const struct cow_sums *gone = &node[n].gone;

	return gone->tally[COW_SHARED] == model.gone[n] &&
	       gone->break_max_ns == model.max[n] &&
	       node[n].gone_procs == model.gone_procs[n];
}

static int same(void)
{
	int n;

	for (n = 0; n < NODES; n++) {
		struct cow_node *at = &node[n];

		if (model.parent[n] < 0)
			continue;
		if (!same_links(n) || !same_sums(n))
			return 0;
		if (!same_order(n, n, &at) || at)
			return 0;
	}
	return 1;
}

static int run(unsigned int seed)
{
	int step, good = 1;

	reset(seed);
	for (step = 0; step < STEPS && good; step++) {
		switch (pick(5)) {
		case 0: case 1: add(); break;
		case 2: move(); break;
		default: good = fold(); break;
		}
		good = good && same();
	}
	if (!good)
		note("step %d: SEED=%u repeats this", step, seed);
	return good;
}

/* Nothing that was counted is lost when all are gone. */
static int conserves(unsigned int seed)
{
	struct cow_sums self = { };
	unsigned long long sum = 0;
	int i, n;

	reset(seed);
	for (i = 0; i < 3 * NODES; i++)
		add();
	for (n = 1; n < NODES; n++) {
		int victim = 1 + (n * 7) % (NODES - 1);

		if (model.parent[victim] < 0)
			continue;
		self.tally[COW_SHARED] = n;
		sum += n;
		model_fold(victim, n);
		fold_process(&node[victim], &self);
	}
	return !node[0].first && !node[0].last &&
	       node[0].gone.tally[COW_SHARED] == sum &&
	       node[0].gone_procs == NODES - 1;
}

/*
 * A walk in pieces, among births, deaths and hoists. Its rules are those of walk.h: a
 * node that leaves before the walk has come to it is passed on if its parent was
 * visited. What was there when the walk began must be found exactly once, and before
 * those below it.
 */
static struct cow_cursor cursor;
static unsigned char visited[NODES], old[NODES];
static unsigned long long own[NODES], found;

static void visit(int n)
{
	visited[n] = 1;
	found += own[n] + node[n].gone.tally[COW_SHARED];
}

static int walk_some(void)
{
	int steps = 1 + pick(4), good = 1;

	while (cursor.node && steps--) {
		int n = cursor.node - node;

		if (!cursor.done && !visited[n]) {
			visit(n);
			good = good && (!n || visited[node[n].parent - node]);
		}
		cow_cursor_step(&cursor);
	}
	return good;
}

static void leave(int n)
{
	struct cow_sums self = { };

	if (!visited[n] && visited[node[n].parent - node])
		found += own[n] + node[n].gone.tally[COW_SHARED];
	cow_cursor_leave(&cursor, &node[n]);
	self.tally[COW_SHARED] = self.break_max_ns = own[n];
	model_fold(n, own[n]);
	fold_process(&node[n], &self);
	own[n] = visited[n] = old[n] = 0;
}

static void hoist(int n)
{
	int i, hoisted = 1 + pick(3), p = model.parent[n], at = 0, place;
	int siblings[NODES];

	if (!model.children[n])
		return;
	if (hoisted > model.children[n])
		hoisted = model.children[n];
	for (place = 0; model.child[p][place] != n; place++)
		siblings[at++] = model.child[p][place];
	for (i = 0; i < hoisted; i++) {
		siblings[at++] = model.child[n][i];
		model.parent[model.child[n][i]] = p;
	}
	for (; place < model.children[p]; place++)
		siblings[at++] = model.child[p][place];
	memcpy(model.child[p], siblings, at * sizeof(int));
	model.children[p] = at;
	model.children[n] -= hoisted;
	memmove(model.child[n], model.child[n] + hoisted,
		model.children[n] * sizeof(int));
	if (!cursor.done)
		cow_cursor_leave(&cursor, &node[n]);
	cow_tree_hoist(&node[n], hoisted);
}

static void grow(void)
{
	int before[NODES], n;

	for (n = 0; n < NODES; n++)
		before[n] = model.parent[n];
	add();
	for (n = 1; n < NODES; n++)
		if (before[n] < 0 && model.parent[n] >= 0)
			own[n] = visited[n] = old[n] = 0;
}

static int walks(unsigned int seed)
{
	unsigned long long there = 0;
	int n, good = 1;

	reset(seed);
	for (n = 0; n < 2 * NODES; n++)
		grow();
	for (n = 0; n < NODES; n++) {
		visited[n] = 0;
		old[n] = model.parent[n] >= 0;
		own[n] = n ? 1ULL << (n % 20) : 0;
		there += old[n] ? own[n] : 0;
	}
	found = 0;
	cow_cursor_init(&cursor, &node[0]);
	while (cursor.node && good) {
		n = some_node();
		switch (pick(4)) {
		case 0: good = walk_some(); break;
		case 1: grow(); break;
		case 2: if (n) leave(n); break;
		default: if (n) hoist(n); break;
		}
		good = good && same();
	}
	return good && found == there;
}

static void test_walks_among_changes(void)
{
	unsigned int seed = given_seed() ?: 1;
	unsigned int last = given_seed() ?: 50 * SEEDS;
	int good = 1;

	for (; seed <= last && good; seed++)
		good = walks(seed);
	ok(good, "a walk finds all that was there once (SEED=%u)", seed - 1);
}

static void test_alone(void)
{
	reset(1);
	ok(!next_of(&node[0], &node[0]), "a root alone has no next");
}

static void test_walk_stays_below_its_top(void)
{
	reset(1);
	cow_tree_add(&node[0], &node[1]);
	cow_tree_add(&node[1], &node[2]);
	cow_tree_add(&node[0], &node[3]);
	ok(next_of(&node[1], &node[1]) == &node[2] &&
	   !next_of(&node[1], &node[2]),
	   "a walk ends at the last below its top");
	ok(!next_of(&node[2], &node[2]), "a leaf's walk is itself");
}

static void test_random_steps(void)
{
	unsigned int seed = given_seed() ?: 1;
	unsigned int last = given_seed() ?: SEEDS;

	for (; seed <= last; seed++) {
		ok(run(seed), "%d random steps, seed %u", STEPS, seed);
		ok(conserves(seed), "nothing is lost, seed %u", seed);
	}
}

#define TESTS(TEST) \
	TEST(test_alone) \
	TEST(test_walk_stays_below_its_top) \
	TEST(test_walks_among_changes) \
	TEST(test_random_steps)

SUITE(tree, TESTS)
