// SPDX-License-Identifier: GPL-2.0
#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "symbol.h"
#include "symbol_table.h"

static char *debug_path;

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debug_path,
};

/* Of an object, once something in it is asked for. */
struct source {
	bool opened;
	Dwfl *dwfl;
	Dwfl_Module *module;	/* NULL: no such file, or another than was mapped */
	struct symbol_table table;
};

struct symbols {
	const struct objects *objects;
	struct source *sources;
};

struct symbols *symbols_open(const struct objects *objects)
{
	struct symbols *symbols = malloc(sizeof(*symbols));

	if (!symbols)
		abort();
	symbols->objects = objects;
	symbols->sources = calloc(objects->nr, sizeof(*symbols->sources));
	if (!symbols->sources)
		abort();
	return symbols;
}

void symbols_close(struct symbols *symbols)
{
	for (unsigned int i = 0; i < symbols->objects->nr; i++) {
		symbol_table_free(&symbols->sources[i].table);
		dwfl_end(symbols->sources[i].dwfl);
	}
	free(symbols->sources);
	free(symbols);
}

static void open_module(struct source *source, const struct object *object)
{
	int fd = elf_file_open(object);

	if (fd < 0)
		return;
	source->dwfl = dwfl_begin(&callbacks);
	if (!source->dwfl)
		abort();
	source->module = dwfl_report_offline(source->dwfl, object->path, object->path, fd);
	if (!source->module)
		close(fd);
	dwfl_report_end(source->dwfl, NULL, NULL);
}

/* The names that a programmer uses: "malloc", of it and "__libc_malloc". */
static unsigned int rank_of(const GElf_Sym *sym, const char *name)
{
	static const unsigned int by_binding[] = {
		[STB_LOCAL] = 200, [STB_GLOBAL] = 0, [STB_WEAK] = 100,
	};
	unsigned int binding = GELF_ST_BIND(sym->st_info);

	return strspn(name, "_") + (binding <= STB_WEAK ? by_binding[binding] : 0);
}

static bool is_code(const GElf_Sym *sym)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info);

	return sym->st_shndx != SHN_UNDEF && sym->st_size &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC);
}

static void list_functions(struct source *source)
{
	int nr = dwfl_module_getsymtab(source->module);

	for (int i = 0; i < nr; i++) {
		GElf_Addr address;
		GElf_Sym sym;
		const char *name = dwfl_module_getsym_info(source->module, i, &sym, &address,
							   NULL, NULL, NULL);

		if (name && *name && is_code(&sym))
			symbol_table_add(&source->table, &(struct symbol){
				.start = address, .size = sym.st_size, .name = name,
				.rank = rank_of(&sym, name),
			});
	}
	symbol_table_sort(&source->table);
}

/* Python, node and others write it if they are told to. */
static void read_map(struct source *source, pid_t pid)
{
	char path[64];
	FILE *map;
	int fd;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", pid);
	fd = open_regular(path);
	map = fd < 0 ? NULL : fdopen(fd, "r");
	if (!map)
		return;
	symbol_table_read(&source->table, map);
	fclose(map);
}

static struct source *source_of(struct symbols *symbols, unsigned int index)
{
	const struct object *object = &symbols->objects->object[index];
	struct source *source = &symbols->sources[index];

	if (source->opened)
		return source;
	source->opened = true;
	if (object->pid)
		read_map(source, object->pid);
	else if (object->path[0] == '/')
		open_module(source, object);
	if (source->module)
		list_functions(source);
	return source;
}

/* The address that libdwfl has for a place in the file; 0 if nothing is loaded from there. */
static GElf_Addr address_of(Dwfl_Module *module, __u64 offset)
{
	GElf_Addr bias = 0;
	Elf *elf = dwfl_module_getelf(module, &bias);
	struct elf_segment segment;

	if (!elf || elf_segment(elf, offset, &segment))
		return 0;
	return offset - segment.offset + segment.address + bias;
}

static void find_line(Dwfl_Module *module, GElf_Addr address, struct place *place)
{
	Dwfl_Line *line = dwfl_module_getsrc(module, address);

	if (line)
		place->file = dwfl_lineinfo(line, NULL, &place->line, NULL, NULL, NULL);
}

void symbols_place(struct symbols *symbols, unsigned int object, __u64 offset,
		   struct place *place)
{
	struct source *source = source_of(symbols, object);
	GElf_Addr address = offset;

	*place = (struct place){ 0 };
	if (source->module) {
		address = address_of(source->module, offset);
		find_line(source->module, address, place);
	}
	place->function = symbol_table_find(&source->table, address);
}
