// SPDX-License-Identifier: GPL-2.0
/* Names and lines of this program's own functions. */
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

#include "symbol.h"
#include "test_tool.h"

static const int line_of_named = __LINE__ + 1;
static __attribute__((noipa)) int named_function(int number) { return number + 1; }

/* Where the file has what is at @data->address. */
struct search {
	__u64 address;
	__u64 offset;
};

static int find_offset(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *search = data;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		__u64 start = info->dlpi_addr + phdr->p_vaddr;

		if (phdr->p_type == PT_LOAD && search->address - start < phdr->p_memsz) {
			search->offset = search->address - start + phdr->p_offset;
			return 1;
		}
	}
	return 0;
}

static unsigned int own_file(struct objects *objects, unsigned int build_id_size)
{
	char path[4096] = "";
	struct object object = { .path = path, .build_id_size = build_id_size };

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		abort();
	return objects_find(objects, &object);
}

int main(void)
{
	struct search search = { .address = (unsigned long)named_function };
	struct objects objects;
	struct symbols *symbols;
	unsigned int own, replaced, absent, made;
	struct place place;

	objects_open(&objects);
	own = own_file(&objects, 0);
	replaced = own_file(&objects, 20);
	absent = objects_find(&objects, &(struct object){ .path = "/nothing" });
	made = objects_find(&objects, &(struct object){ .path = "[anon]", .pid = 1 << 30 });
	symbols = symbols_open(&objects);
	dl_iterate_phdr(find_offset, &search);
	symbols_place(symbols, own, search.offset, &place);
	tap_text(place.function ?: "", "named_function", "the name of a function");
	tap_ok(place.file && !strcmp(strrchr(place.file, '/') + 1, "test_tool_symbol.c"), "its file");
	tap_ok(place.line == line_of_named + named_function(-1), "its line");
	symbols_place(symbols, own, 1UL << 40, &place);
	tap_ok(!place.function && !place.file, "nothing behind the end");
	symbols_place(symbols, replaced, search.offset, &place);
	tap_ok(!place.function && !place.file, "nothing of a file with another build id");
	symbols_place(symbols, absent, search.offset, &place);
	tap_ok(!place.function && !place.file, "nothing of a file that is not there");
	symbols_place(symbols, made, 0, &place);
	tap_ok(!place.function && !place.file, "nothing of code that nobody has listed");
	symbols_close(symbols);
	objects_close(&objects);
	return tap_end();
}
