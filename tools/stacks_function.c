// SPDX-License-Identifier: GPL-2.0
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stacks_function.h"

struct naming {
	struct functions *functions;
	const struct objects *objects;
	place_finder find;
	void *data;
	struct stacks lines;	/* of a function: {function, line}, {file} */
};

static int compare_names(const void *a, const void *b)
{
	const struct function *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : strcmp(one->object, other->object);
}

static struct function *add(struct functions *functions, const struct function *key)
{
	struct function *function = malloc(sizeof(*function));

	functions->function = reallocarray(functions->function, functions->nr + 1,
					   sizeof(*functions->function));
	if (!function || !functions->function)
		abort();
	*function = *key;
	function->name = strdup(key->name);
	if (!function->name)
		abort();
	function->index = functions->nr;
	functions->function[functions->nr++] = function;
	return function;
}

static struct function *find_or_add(struct functions *functions, const struct function *key)
{
	struct function **found = tfind(key, &functions->by_name, compare_names);
	struct function *function;

	if (found)
		return *found;
	function = add(functions, key);
	if (!tsearch(function, &functions->by_name, compare_names))
		abort();
	return function;
}

static char *name_of_object(const char *object)
{
	char *name;

	if (asprintf(&name, object[0] == '[' ? "%s" : "[%s]", object) < 0)
		abort();
	return name;
}

static struct function *name_frame(const struct naming *naming, const struct frame *frame,
				   struct place *place)
{
	const char *object = object_name(&naming->objects->object[frame->object]);
	struct function key = { .object = object };
	struct function *function;

	naming->find(naming->data, frame->object, frame->offset, place);
	key.named = place->function;
	key.name = place->function ? (char *)place->function : name_of_object(object);
	function = find_or_add(naming->functions, &key);
	if (!place->function)
		free(key.name);
	return function;
}

static void name_stack(struct naming *naming, const struct stack *stack)
{
	struct frame *frames = calloc(stack->nr_frames, sizeof(*frames));
	struct function *function = NULL;
	struct place place, innermost;

	if (!frames)
		abort();
	for (unsigned int i = stack->nr_frames; i-- > 0;) {
		function = name_frame(naming, &stack->frames[i], &place);
		frames[i].object = function->index;
		innermost = place;
	}
	stacks_add(&naming->functions->stacks, stack->comm, frames, stack->nr_frames,
		   stack->pages, stack->events);
	function->pages += stack->pages;
	function->events += stack->events;
	if (innermost.file) {
		struct frame line[] = { { function->index, innermost.line },
					{ (uintptr_t)innermost.file, 0 } };

		stacks_add(&naming->lines, "", line, 2, stack->pages, stack->events);
	}
	free(frames);
}

static void find_lines(const struct naming *naming)
{
	struct stack **lines = stacks_sorted(&naming->lines);

	for (unsigned int i = 0; i < naming->lines.nr; i++) {
		const struct frame *frames = lines[i]->frames;
		struct function *function = naming->functions->function[frames[0].object];

		if (function->file)
			continue;
		function->file = (const char *)(uintptr_t)frames[1].object;
		function->line = frames[0].offset;
		function->line_pages = lines[i]->pages;
	}
	free(lines);
}

static void find_callers(struct functions *functions)
{
	struct stack **stacks = stacks_sorted(&functions->stacks);

	for (unsigned int i = 0; i < functions->stacks.nr; i++) {
		struct function *function = functions->function[stacks[i]->frames[0].object];

		if (!function->stack)
			function->stack = stacks[i];
	}
	free(stacks);
}

void functions_open(struct functions *functions, const struct stacks *stacks,
		    const struct objects *objects, place_finder find, void *data)
{
	struct naming naming = { functions, objects, find, data, { 0 } };
	struct stack **sorted = stacks_sorted(stacks);

	*functions = (struct functions){ 0 };
	for (unsigned int i = 0; i < stacks->nr; i++)
		name_stack(&naming, sorted[i]);
	find_lines(&naming);
	find_callers(functions);
	stacks_free(&naming.lines);
	free(sorted);
}

static int compare_pages(const void *a, const void *b)
{
	const struct function *one = *(struct function *const *)a;
	const struct function *other = *(struct function *const *)b;

	if (one->pages != other->pages)
		return one->pages < other->pages ? 1 : -1;
	return compare_names(one, other);
}

struct function **functions_sorted(const struct functions *functions, unsigned int *nr)
{
	struct function **sorted = calloc(functions->nr + 1, sizeof(*sorted));

	if (!sorted)
		abort();
	*nr = 0;
	for (unsigned int i = 0; i < functions->nr; i++)
		if (functions->function[i]->events)
			sorted[(*nr)++] = functions->function[i];
	qsort(sorted, *nr, sizeof(*sorted), compare_pages);
	return sorted;
}

static void keep(void *node)
{
	(void)node;
}

void functions_close(struct functions *functions)
{
	tdestroy(functions->by_name, keep);
	for (unsigned int i = 0; i < functions->nr; i++) {
		free(functions->function[i]->name);
		free(functions->function[i]);
	}
	free(functions->function);
	stacks_free(&functions->stacks);
}
