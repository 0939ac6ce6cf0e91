// SPDX-License-Identifier: GPL-2.0
/* The verdicts of 'cowstat verify', on counters that no kernel has counted. */
#include "compare.h"
#include "counters.h"
#include "test_tool.h"

static struct json_object *said(void)
{
	struct json_object *json = json_object_new_object();
	struct json_object *expected = json_object_new_object();
	struct json_object *unchecked = json_object_new_array();

	for (unsigned int i = 0; i < nr_counters; i++) {
		if (counter_is_time(i))
			json_object_array_add(unchecked, json_object_new_string(counters[i].name));
		else
			json_object_object_add(expected, counters[i].name, json_object_new_int(0));
	}
	json_object_object_add(json, "workload", json_object_new_string("w"));
	json_object_object_add(json, "did", json_object_new_string("d"));
	json_object_object_add(json, "pages", json_object_new_int(23));
	json_object_object_add(json, "expected", expected);
	json_object_object_add(json, "unchecked", unchecked);
	return json;
}

static void expect(struct json_object *json, const char *name, int value)
{
	struct json_object *expected;

	json_object_object_get_ex(json, "expected", &expected);
	json_object_object_add(expected, name, json_object_new_int(value));
}

static void test_equal(void)
{
	struct counted counted = { .work.value = {
		[COUNTER_broken] = 23, [COUNTER_break_ns] = 100, [COUNTER_break_max_ns] = 10 } };
	struct json_object *json = said();
	struct comparison comparison;

	expect(json, "broken", 23);
	tap_ok(!compare(&comparison, json, &counted) && comparison.nr_wrong == 0,
	       "what is as expected is not wrong");
	tap_ok(comparison.nr_equal_zero == nr_counters - 3 && comparison.pages == 23,
	       "those that are 0 are counted");
	compare_free(&comparison);
	counted.work.value[COUNTER_broken] = 22;
	tap_ok(!compare(&comparison, json, &counted) && comparison.nr_wrong == 1 &&
	       comparison.counter[COUNTER_broken].verdict == VERDICT_DIFFERS,
	       "one page less is a difference");
	compare_free(&comparison);
	json_object_put(json);
}

static void test_times(void)
{
	int wrong = 0;
	struct counted counted = { .work.value = { [COUNTER_break_ns] = 1 } };
	struct json_object *json = said();
	struct comparison comparison;

	compare(&comparison, json, &counted);
	tap_ok(comparison.counter[COUNTER_break_ns].verdict == VERDICT_IMPOSSIBLE,
	       "time without a copy cannot be");
	compare_free(&comparison);
	expect(json, "broken", 3);
	counted.work.value[COUNTER_broken] = 3;
	counted.work.value[COUNTER_break_ns] = 30;
	for (__u64 longest = 9; longest <= 31; longest++) {
		enum verdict wanted = longest < 10 || longest > 30 ? VERDICT_IMPOSSIBLE :
								     VERDICT_PLAUSIBLE;

		counted.work.value[COUNTER_break_max_ns] = longest;
		compare(&comparison, json, &counted);
		wrong += comparison.counter[COUNTER_break_max_ns].verdict != wanted;
		compare_free(&comparison);
	}
	tap_ok(!wrong, "the longest is between the average and all");
	counted.longest_before = counted.work.value[COUNTER_break_max_ns];
	compare(&comparison, json, &counted);
	tap_ok(comparison.counter[COUNTER_break_max_ns].verdict == VERDICT_PLAUSIBLE,
	       "or it was there before");
	compare_free(&comparison);
	counted.longest_before++;
	compare(&comparison, json, &counted);
	tap_ok(comparison.counter[COUNTER_break_max_ns].verdict == VERDICT_IMPOSSIBLE,
	       "but never goes down");
	compare_free(&comparison);
	json_object_put(json);
}

/* @by: broken_child is too large by so much, broken_parent too small */
static struct comparison compare_moved(struct json_object *json, int by, int unsure)
{
	struct counted counted = { .work.value = {
		[COUNTER_broken_anon] = 46, [COUNTER_broken_child] = 23 + by,
		[COUNTER_broken_parent] = 23 - by, [COUNTER_broken_unsure] = unsure } };
	struct comparison comparison;

	compare(&comparison, json, &counted);
	compare_free(&comparison);
	return comparison;
}

static bool has_verdict(const struct comparison *comparison, enum verdict verdict)
{
	return comparison->counter[COUNTER_broken_child].verdict == verdict &&
	       comparison->counter[COUNTER_broken_parent].verdict == verdict;
}

static void test_unsure(void)
{
	struct json_object *json = said(), *expected, *unchecked;
	struct comparison comparison;

	expect(json, "broken_anon", 46);
	expect(json, "broken_child", 23);
	expect(json, "broken_parent", 23);
	comparison = compare_moved(json, 3, 3);
	tap_ok(has_verdict(&comparison, VERDICT_DIFFERS) && comparison.nr_wrong == 3,
	       "where it can be known, the wrong side differs, and not to know it does");
	json_object_object_get_ex(json, "expected", &expected);
	json_object_object_get_ex(json, "unchecked", &unchecked);
	json_object_object_del(expected, "broken_unsure");
	json_object_array_add(unchecked, json_object_new_string("broken_unsure"));
	comparison = compare_moved(json, 3, 3);
	tap_ok(has_verdict(&comparison, VERDICT_UNSURE) && !comparison.nr_wrong,
	       "where it cannot, as many may be on the wrong side as are unsure");
	comparison = compare_moved(json, -4, 3);
	tap_ok(has_verdict(&comparison, VERDICT_DIFFERS) && comparison.nr_wrong == 2,
	       "but not one more");
	comparison = compare_moved(json, 0, 47);
	tap_ok(comparison.counter[COUNTER_broken_unsure].verdict == VERDICT_IMPOSSIBLE &&
	       has_verdict(&comparison, VERDICT_EQUAL),
	       "nor can more be unsure than were broken");
	json_object_put(json);
}

static void test_protocol(void)
{
	struct counted counted = { 0 };
	struct json_object *json = said(), *expected;
	struct comparison comparison;

	tap_ok(compare(&comparison, NULL, &counted) != NULL, "no JSON is refused");
	compare_free(&comparison);
	expect(json, "brokn", 1);
	tap_ok(compare(&comparison, json, &counted) != NULL, "an unknown counter is refused");
	compare_free(&comparison);
	json_object_object_get_ex(json, "expected", &expected);
	json_object_object_del(expected, "brokn");
	json_object_object_del(expected, "reused");
	tap_ok(compare(&comparison, json, &counted) != NULL, "a counter left out is refused");
	compare_free(&comparison);
	json_object_put(json);
}

int main(void)
{
	test_equal();
	test_times();
	test_unsure();
	test_protocol();
	return tap_end();
}
