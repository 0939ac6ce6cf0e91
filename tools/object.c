// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

void objects_open(struct objects *objects)
{
	*objects = (struct objects){ 0 };
	/* OBJECT_UNKNOWN, OBJECT_EXEC */
	objects_find(objects, &(struct object){ .path = "[unknown]" });
	objects_find(objects, &(struct object){ .path = "[exec]" });
}

static bool is_same(const struct object *one, const struct object *other)
{
	return one->pid == other->pid && one->build_id_size == other->build_id_size &&
	       !memcmp(one->build_id, other->build_id, one->build_id_size) &&
	       !strcmp(one->path, other->path);
}

unsigned int objects_find(struct objects *objects, const struct object *object)
{
	unsigned int index = objects->nr;
	struct object *new;

	/* The latest are the likeliest. */
	while (index-- > 0)
		if (is_same(&objects->object[index], object))
			return index;
	objects->object = reallocarray(objects->object, objects->nr + 1, sizeof(*object));
	if (!objects->object)
		abort();
	new = &objects->object[objects->nr];
	*new = *object;
	new->path = strdup(object->path);
	if (!new->path)
		abort();
	return objects->nr++;
}

void objects_close(struct objects *objects)
{
	for (unsigned int i = 0; i < objects->nr; i++)
		free(objects->object[i].path);
	free(objects->object);
}

const char *object_name(const struct object *object)
{
	const char *slash;

	if (object->pid)
		return "[anon]";
	slash = strrchr(object->path, '/');
	return slash && slash[1] ? slash + 1 : object->path;
}
