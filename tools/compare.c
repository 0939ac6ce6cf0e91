// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "counters.h"

bool verdict_is_wrong(enum verdict verdict)
{
	return verdict == VERDICT_DIFFERS || verdict == VERDICT_IMPOSSIBLE;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_EQUAL] = "ok",
		[VERDICT_DIFFERS] = "DIFFERS",
		[VERDICT_UNSURE] = "unsure",
		[VERDICT_PLAUSIBLE] = "plausible",
		[VERDICT_IMPOSSIBLE] = "IMPOSSIBLE",
	};

	return names[verdict];
}

static bool is_in_array(struct json_object *array, const char *text)
{
	for (size_t i = 0; i < json_object_array_length(array); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(array, i)), text))
			return true;
	return false;
}

/* Of a counter for which no one value is expected: can this be? */
static bool is_possible(unsigned int index, const struct counted *counted)
{
	const __u64 *work = counted->work.value;

	switch (index) {
	case COUNTER_break_ns:
		return !work[COUNTER_break_ns] == !work[COUNTER_broken];
	case COUNTER_break_max_ns:
		/* Between the average and all of it, if it is not from before the work. */
		if (work[COUNTER_break_max_ns] < counted->longest_before ||
		    work[COUNTER_break_max_ns] * work[COUNTER_broken] < work[COUNTER_break_ns])
			return false;
		return work[COUNTER_break_max_ns] == counted->longest_before ||
		       work[COUNTER_break_max_ns] <= work[COUNTER_break_ns];
	case COUNTER_pool_local:
	case COUNTER_pool_remote:
		return work[COUNTER_pool_local] + work[COUNTER_pool_remote] ==
		       work[COUNTER_broken] + work[COUNTER_zero_filled];
	case COUNTER_broken_unsure:
		return work[COUNTER_broken_unsure] <= work[COUNTER_broken_anon];
	default:
		return true;
	}
}

/* Of whose page it was: may the kernel not have known it, and the counter say so? */
static bool is_within_bound(unsigned int index, const struct compared *compared,
			    struct json_object *unchecked, const struct counted *counted)
{
	long long difference = compared->counted - compared->expected;

	if ((index != COUNTER_broken_child && index != COUNTER_broken_parent) ||
	    !is_in_array(unchecked, counters[COUNTER_broken_unsure].name))
		return false;
	return (__u64)llabs(difference) <= counted->work.value[COUNTER_broken_unsure];
}

static const char *compare_one(struct compared *compared, unsigned int index,
			       struct json_object *expected, struct json_object *unchecked,
			       const struct counted *counted)
{
	struct json_object *value;

	compared->counted = counted->work.value[index];
	if (json_object_object_get_ex(expected, counters[index].name, &value)) {
		compared->expected_known = true;
		compared->expected = json_object_get_uint64(value);
		compared->verdict = compared->expected == compared->counted ? VERDICT_EQUAL :
									      VERDICT_DIFFERS;
		if (compared->verdict == VERDICT_DIFFERS &&
		    is_within_bound(index, compared, unchecked, counted))
			compared->verdict = VERDICT_UNSURE;
		return NULL;
	}
	if (!is_in_array(unchecked, counters[index].name))
		return "it leaves out a counter";
	compared->verdict = is_possible(index, counted) ? VERDICT_PLAUSIBLE : VERDICT_IMPOSSIBLE;
	return NULL;
}

static void compare_pagemap(struct comparison *comparison, const struct counted *counted)
{
	struct compared *compared = &comparison->pagemap;

	comparison->pagemap_known = counted->pagemap_known;
	if (!counted->pagemap_known)
		return;
	compared->expected_known = true;
	compared->expected = counted->beyond_by_pagemap;
	compared->counted = counted->beyond;
	compared->verdict = compared->expected == compared->counted ? VERDICT_EQUAL :
								      VERDICT_DIFFERS;
	comparison->nr_wrong += verdict_is_wrong(compared->verdict);
}

static void tally(struct comparison *comparison, const struct compared *compared)
{
	comparison->nr_wrong += verdict_is_wrong(compared->verdict);
	comparison->nr_equal_zero += compared->verdict == VERDICT_EQUAL && !compared->counted;
}

static const char *check_names(struct json_object *expected)
{
	json_object_object_foreach(expected, name, value) {
		(void)value;
		if (counter_find(name) < 0)
			return "it names a counter that there is not";
	}
	return NULL;
}

static char *copy_text(struct json_object *said, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(said, key, &value))
		return strdup("?");
	return strdup(json_object_get_string(value));
}

const char *compare(struct comparison *comparison, struct json_object *said,
		    const struct counted *counted)
{
	struct json_object *expected, *unchecked, *pages;
	const char *wrong;

	*comparison = (struct comparison){ 0 };
	if (!json_object_is_type(said, json_type_object) ||
	    !json_object_object_get_ex(said, "expected", &expected) ||
	    !json_object_object_get_ex(said, "unchecked", &unchecked) ||
	    !json_object_is_type(expected, json_type_object) ||
	    !json_object_is_type(unchecked, json_type_array))
		return "it is no JSON object with 'expected' and 'unchecked'";
	comparison->workload = copy_text(said, "workload");
	comparison->did = copy_text(said, "did");
	comparison->state = counted->state;
	comparison->wpcopy_known = counted->wpcopy_known;
	comparison->wpcopy = counted->wpcopy;
	comparison->faults = json_object_get(json_object_object_get(said, "faults"));
	if (json_object_object_get_ex(said, "pages", &pages))
		comparison->pages = json_object_get_uint64(pages);
	compare_pagemap(comparison, counted);
	wrong = check_names(expected);
	for (unsigned int i = 0; i < nr_counters && !wrong; i++) {
		wrong = compare_one(&comparison->counter[i], i, expected, unchecked, counted);
		tally(comparison, &comparison->counter[i]);
	}
	return wrong;
}

void compare_free(struct comparison *comparison)
{
	free(comparison->workload);
	free(comparison->did);
	json_object_put(comparison->faults);
}
