/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a process must have gained, in a line: of all counters that are not
 * named none. The macros are for programs with the harness.
 */
#ifndef GAIN_H
#define GAIN_H

#include "cow_lib.h"

/* What one process gains; sums and the pool follow from it. */
struct gain {
	unsigned int forks, failed, shared, inherited, swap;
	unsigned int child, parent, unsure, file, ksm, hugetlb, remote, reused;
	unsigned int zero, heap, stack, huge, upgraded, mapped;
	unsigned int eager, unshared, collapsed;
};

struct cowstat_counters gain_counters(const struct gain *g,
				      const struct cowstat_counters *got);
struct cowstat_counters must_gain(int tree, pid_t pid);

/*
 * EXPECT_GAIN - compare what was gained
 * @who: for the log
 * @gain: pointer to struct gain
 * @got: pointer to struct cowstat_counters
 */
#define EXPECT_GAIN(who, gain, got) do { \
	const struct cowstat_counters *_gained = (got); \
	struct cowstat_counters _due = gain_counters(gain, _gained); \
	EXPECT_COUNTERS(who, &_due, _gained); \
	EXPECT_IDENTITIES(who, _gained); \
} while (0)

/* EXPECT_SELF - what a process has gained since the start of self->tree */
#define EXPECT_SELF(who, actor, ...) do { \
	struct cowstat_counters _self = must_gain(self->tree, (actor)->pid); \
	EXPECT_GAIN(who, (&(struct gain){ __VA_ARGS__ }), &_self); \
} while (0)

/*
 * EXPECT_ORIGIN - @actor has copied so many pages of both kinds since the start of
 * self->tree, and the sides are right as far as they are said to be
 */
#define EXPECT_ORIGIN(who, actor, of_others, of_its_own) do { \
	struct cowstat_counters _self = must_gain(self->tree, (actor)->pid); \
	__u64 _child = _self.value[COW_broken_child]; \
	__u64 _wrong = _child > (of_others) ? _child - (of_others) : \
					      (of_others) - _child; \
	EXPECT_EQ((of_others) + (of_its_own), _self.value[COW_broken_anon]) \
		TH_LOG("%s", who); \
	EXPECT_LE(_wrong, _self.value[COW_broken_unsure]) \
		TH_LOG("%s: broken_child is %llu", who, _child); \
	EXPECT_LE(_self.value[COW_broken_unsure], \
		  _self.value[COW_broken_anon]) TH_LOG("%s", who); \
} while (0)

/* EXPECT_NO_LOSS - the module has no doubt of its numbers that it had not @before */
#define EXPECT_NO_LOSS(fd, before) do { \
	struct cowstat_info _after = must_info(fd); \
	int _l; \
	for (_l = 0; _l < COW_NR_LOST; _l++) { \
		EXPECT_EQ((before)->lost[_l], _after.lost[_l]) \
			TH_LOG("lost: %s", cow_lost_names[_l]); \
	} \
} while (0)

/* A test that is skipped unless @given: a fixture's set-up cannot do that. */
#define TEST_IF(given, why, fixture, name) \
	static void fixture##_##name##_given(struct __test_metadata *, \
					     FIXTURE_DATA(fixture) *); \
	TEST_F_TIMEOUT(fixture, name, COW_TIMEOUT) \
	{ \
		if (!(given)) \
			SKIP(return, "%s", why); \
		fixture##_##name##_given(_metadata, self); \
	} \
	static void fixture##_##name##_given( \
		struct __test_metadata *_metadata, FIXTURE_DATA(fixture) *self)

#endif /* GAIN_H */
