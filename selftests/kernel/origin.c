// SPDX-License-Identifier: GPL-2.0
/*
 * Whose page a write copied: the writer's own, or one that it inherited. The kernel
 * forgets that in some places. Then the page is on the likelier side, and in
 * broken_unsure; and never is a side wrong by more than that.
 *
 * The tests know who made each page, or took it over.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "gain.h"
#include "kselftest_harness.h"
#include "swap_space.h"

#define PAGE		4096
#define N		23
#define GENERATIONS	100
#define MANY		1000

FIXTURE(origin)
{
	int fd;
	int tree;
	struct actor *p;
	char *at;
};

FIXTURE_SETUP(origin)
{
	pin_to_cpu(0);
	self->fd = must_open();
	actors_init();
	self->p = actor_start();
	self->at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, self->at, PAGE, N);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(origin)
{
	EXPECT_EQ(COWSTAT_STATE_EXACT, must_read(self->tree).state);
	actors_end();
}

#define ORIGIN_TEST(name) TEST_F_TIMEOUT(origin, name, COW_TIMEOUT)

/* Each inherits, forks, copies what is its own, and its child what it inherited. */
ORIGIN_TEST(hundred_generations_that_live)
{
	struct actor *generation[GENERATIONS];
	int i;

	generation[0] = self->p;
	for (i = 1; i < GENERATIONS; i++) {
		generation[i] = actor_fork(generation[i - 1]);
		actor_write(generation[i - 1], self->at, PAGE, 2);
		actor_write(generation[i], self->at, PAGE, 3);
	}
	EXPECT_SELF("the first", generation[0], .parent = 2, .forks = 1,
		    .shared = N);
	for (i = 1; i < GENERATIONS - 1; i++)
		EXPECT_SELF("one of them", generation[i], .inherited = N,
			    .reused = 2, .child = 1, .parent = 2, .forks = 1,
			    .shared = N);
}

/* Mappings that are split have a chain that is copied once more. */
ORIGIN_TEST(generations_that_split_their_mappings)
{
	struct actor *generation[N];
	int i;

	generation[0] = self->p;
	for (i = 1; i < N; i++) {
		actor_syscall(generation[i - 1], SYS_mprotect, (long)self->at,
			      i * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
		generation[i] = actor_fork(generation[i - 1]);
		actor_write(generation[i - 1], self->at, PAGE, N - 2);
		actor_write(generation[i], self->at, PAGE, N - 1);
	}
	for (i = 1; i < N - 1; i++)
		EXPECT_SELF("one of them", generation[i], .inherited = N,
			    .reused = N - 2, .child = 1, .parent = N - 2,
			    .forks = 1, .shared = N);
}

/* What the middle one wrote is no longer its own when it is dead, nor its heir's. */
ORIGIN_TEST(worker_of_a_double_fork)
{
	struct actor *c, *g, *w, *x;

	c = actor_fork(self->p);
	actor_write(c, self->at, PAGE, N);
	g = actor_fork(c);
	actor_exit(c);
	w = actor_fork(g);
	actor_write(w, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .child = N, .forks = 1, .shared = N);
	EXPECT_SELF("W", w, .inherited = N, .child = N);
	x = actor_fork(w);
	actor_write(w, self->at, PAGE, N);
	EXPECT_ORIGIN("W", w, N, N);
	actor_write(x, self->at, PAGE, N);
	EXPECT_SELF("X", x, .inherited = N, .reused = N);
}

/* The same with a middle one that lives, and has let go of the memory. */
ORIGIN_TEST(middle_that_has_unmapped)
{
	struct actor *c, *g, *w;
	char *at;

	at = actor_map(self->p, MANY, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, at, PAGE, MANY);
	c = actor_fork(self->p);
	actor_write(c, at, PAGE, MANY);
	g = actor_fork(c);
	actor_syscall(c, SYS_munmap, (long)at, MANY * PAGE);
	actor_syscall(c, SYS_munmap, (long)self->at, N * PAGE);
	w = actor_fork(g);
	actor_fork(w);
	actor_write(w, at, PAGE, MANY);
	EXPECT_ORIGIN("W", w, MANY, 0);
}

/*
 * A mold that forks itself and leaves, again: the third generation gets what the first
 * had, and the fourth what the second had, at the head of the chain.
 */
ORIGIN_TEST(heir_of_an_heir)
{
	struct actor *c, *d, *e, *f;

	c = actor_fork(self->p);
	d = actor_fork(c);
	actor_write(d, self->at, PAGE, N);
	actor_exit(c);
	e = actor_fork(d);
	actor_exit(d);
	f = actor_fork(e);
	actor_fork(f);
	actor_write(f, self->at, PAGE, N);
	EXPECT_ORIGIN("F", f, N, 0);
	actor_write(e, self->at, PAGE, N);
	EXPECT_ORIGIN("E", e, N, 0);
}

static unsigned int random_state;

static unsigned int pick(unsigned int n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

#define PEOPLE	60
#define YOUNG	4	/* not all of them leave */
#define FRAMES	(PEOPLE * N * 4)

/* Who made it or took it over, and how many map it */
struct frame {
	int maker;
	int refs;
};

struct person {
	struct actor *actor;
	bool alive;
	bool mapped;
	struct frame *page[N];
	__u64 copied;
	__u64 of_others;
};

struct world {
	int fd;
	char *at;
	struct person person[PEOPLE];
	struct frame frame[FRAMES];
	int people;
	int frames;
	int copies;
};

static struct frame *new_frame(struct world *world, int maker)
{
	struct frame *frame = &world->frame[world->frames++];

	if (world->frames > FRAMES)
		cow_die("more than %d frames", FRAMES);
	frame->maker = maker;
	frame->refs = 1;
	return frame;
}

static void let_go(struct person *person)
{
	int i;

	for (i = 0; i < N && person->mapped; i++)
		person->page[i]->refs--;
	person->mapped = false;
}

static void does_fork(struct world *world, int who)
{
	struct person *parent = &world->person[who];
	struct person *child = &world->person[world->people];
	int i;

	if (world->people == PEOPLE)
		return;
	*child = *parent;
	child->copied = 0;
	child->of_others = 0;
	child->actor = actor_fork(parent->actor);
	world->people++;
	for (i = 0; i < N && child->mapped; i++)
		child->page[i]->refs++;
}

/* Did it copy? The counters say that; whose the page was the test knows. */
static const char *does_write(struct world *world, int who, int page)
{
	struct person *person = &world->person[who];
	struct frame *old = person->page[page];
	__u64 copied, child, unsure, wrong;
	struct cowstat_counters c;

	if (!person->mapped)
		return NULL;
	actor_write(person->actor, world->at + page * PAGE, PAGE, 1);
	c = must_process(world->fd, person->actor->pid).self;
	copied = c.value[COW_broken_anon] - person->copied;
	if (copied > 1)
		return "more than a page was copied";
	if (!copied && old->refs > 1)
		return "a page that others have was not copied";
	person->copied += copied;
	if (copied) {
		person->of_others += old->maker != who;
		old->refs--;
		person->page[page] = new_frame(world, who);
		world->copies++;
	}
	person->page[page]->maker = who;
	child = c.value[COW_broken_child];
	unsure = c.value[COW_broken_unsure];
	wrong = child > person->of_others ? child - person->of_others :
					    person->of_others - child;
	return wrong > unsure ? "a side is wrong by more than broken_unsure" :
				NULL;
}

/* What comes back from swap to the only one who has it is that one's. */
static void does_read(struct world *world, int who, int page)
{
	struct person *person = &world->person[who];
	char *at = world->at + page * PAGE;

	if (!person->mapped)
		return;
	if (person->page[page]->refs == 1 && swapped(person->actor->pid, at, 1))
		person->page[page]->maker = who;
	actor_read(person->actor, at, PAGE, 1);
}

static void swaps(struct world *world, int who)
{
	if (world->person[who].mapped)
		actor_syscall(world->person[who].actor, SYS_madvise,
			      (long)world->at, N * PAGE, MADV_PAGEOUT);
}

/* Mostly one of the youngest: so generations go deep. */
static int pick_alive(const struct world *world)
{
	int who;

	do
		who = pick(4) && world->people > YOUNG ?
			world->people - 1 - pick(YOUNG) : pick(world->people);
	while (!world->person[who].alive);
	return who;
}

/* Return: what is wrong, or NULL. */
static const char *step(struct world *world, bool swap)
{
	int who = pick_alive(world), what = pick(16);

	if (what < 3) {
		does_fork(world, who);
	} else if (what == 3 && who && who < world->people - 1) {
		let_go(&world->person[who]);
		world->person[who].alive = false;
		actor_exit(world->person[who].actor);
	} else if (what == 4 && who && !pick(3) && world->person[who].mapped) {
		let_go(&world->person[who]);
		actor_syscall(world->person[who].actor, SYS_munmap,
			      (long)world->at, N * PAGE);
	} else if (what == 5 && swap) {
		swaps(world, who);
	} else if (what == 6 && swap) {
		does_read(world, who, pick(N));
	} else {
		return does_write(world, who, pick(N));
	}
	return NULL;
}

/* Return: what is wrong, or NULL. */
static const char *live(struct world *world, unsigned int seed, bool swap)
{
	const char *wrong = NULL;
	int i;

	random_state = seed;
	for (i = 0; i < 400 && !wrong; i++)
		wrong = step(world, swap);
	return wrong;
}

static struct world *begin(int fd, struct actor *p, char *at)
{
	struct world *world = calloc(1, sizeof(*world));
	int i;

	if (!world)
		cow_die("no memory for the model");
	world->fd = fd;
	world->at = at;
	world->people = 1;
	world->person[0].actor = p;
	world->person[0].alive = true;
	world->person[0].mapped = true;
	for (i = 0; i < N; i++)
		world->person[0].page[i] = new_frame(world, 0);
	return world;
}

FIXTURE(random)
{
	int fd;
	const char *missing;
};

FIXTURE_VARIANT(random)
{
	unsigned int seed;
	bool swap;
};

#define LIFE(number, with_swap) \
	FIXTURE_VARIANT_ADD(random, seed_##number##_##with_swap) \
	{ .seed = number, .swap = with_swap }

LIFE(1, false);
LIFE(2, false);
LIFE(3, false);
LIFE(4, false);
LIFE(5, false);
LIFE(6, true);
LIFE(7, true);
LIFE(8, true);
LIFE(9, true);

FIXTURE_SETUP(random)
{
	if (variant->swap)
		self->missing = make_swap();
	if (self->missing)
		return;
	pin_to_cpu(0);
	self->fd = must_open();
	actors_init();
}

FIXTURE_TEARDOWN(random)
{
	if (self->fd > 0)
		actors_end();
	if (variant->swap)
		end_swap();
}

TEST_F_TIMEOUT(random, wrong_by_no_more_than_unsure, COW_TIMEOUT)
{
	struct world *world;
	const char *wrong;
	struct actor *p;
	char *at;
	int tree;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	p = actor_start();
	at = actor_map(p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(p, at, PAGE, N);
	tree = must_tree(self->fd, p->pid, 0);
	world = begin(self->fd, p, at);
	wrong = live(world, variant->seed * 2654435761U, variant->swap);
	EXPECT_EQ(NULL, wrong) TH_LOG("%s", wrong);
	EXPECT_LT(20, world->copies);
	EXPECT_EQ(COWSTAT_STATE_EXACT, must_read(tree).state);
	TH_LOG("%d copies of %d processes, %llu of them unsure",
	       world->copies, world->people,
	       must_read(tree).counters.value[COW_broken_unsure]);
}

TEST_HARNESS_MAIN
