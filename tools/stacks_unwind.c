// SPDX-License-Identifier: GPL-2.0
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "stacks_unwind.h"

/* In the order that the kernel has them, by the bits of UNWIND_REGISTERS. */
enum { AX, BX, CX, DX, SI, DI, BP, SP, IP, R8 };

/* An address space, and the sample in it that is being unwound. */
struct unwinder {
	Dwfl *dwfl;
	const struct sample *sample;
	__u64 *addresses;
	unsigned int nr;
};

static char *debug_path;

static const Dwfl_Callbacks files = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.debuginfo_path = &debug_path,
};

static pid_t next_thread(Dwfl *dwfl, void *unwinder, void **thread)
{
	pid_t pid = dwfl_pid(dwfl);

	/* There is one. */
	if (*thread)
		return 0;
	*thread = unwinder;
	return pid;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *unwinder, void **thread)
{
	(void)dwfl;
	(void)tid;
	*thread = unwinder;
	return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *data)
{
	const struct sample *sample = ((struct unwinder *)data)->sample;
	__u64 offset = address - sample->registers[SP];

	(void)dwfl;
	if (offset >= sample->stack_size || sample->stack_size - offset < sizeof(*word))
		return false;
	memcpy(word, sample->stack + offset, sizeof(*word));
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *data)
{
	const __u64 *has = ((struct unwinder *)data)->sample->registers;
	/* As DWARF numbers them, the last is the return address. */
	const Dwarf_Word registers[] = {
		has[AX], has[DX], has[CX], has[BX], has[SI], has[DI], has[BP], has[SP],
		has[R8], has[R8 + 1], has[R8 + 2], has[R8 + 3], has[R8 + 4], has[R8 + 5],
		has[R8 + 6], has[R8 + 7], has[IP],
	};

	return dwfl_thread_state_registers(thread, 0, UNWIND_NR_REGISTERS, registers);
}

static const Dwfl_Thread_Callbacks threads = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_registers,
};

static void report_mapping(Dwfl *dwfl, const struct object *object, const struct mapping *mapping)
{
	struct elf_segment segment;
	int fd = object->pid ? -1 : elf_file_open(object);

	if (fd < 0)
		return;
	if (elf_file_segment(fd, mapping->offset, &segment) ||
	    !dwfl_report_elf(dwfl, object->path, object->path, fd,
			     mapping->start - mapping->offset + segment.offset - segment.address,
			     true))
		close(fd);
}

static struct unwinder *open_unwinder(const struct objects *objects, const struct space *space)
{
	struct unwinder *unwinder = calloc(1, sizeof(*unwinder));

	if (!unwinder)
		abort();
	unwinder->dwfl = dwfl_begin(&files);
	if (!unwinder->dwfl)
		abort();
	for (unsigned int i = 0; i < space->nr_mappings; i++)
		report_mapping(unwinder->dwfl, &objects->object[space->mappings[i].object],
			       &space->mappings[i]);
	dwfl_report_end(unwinder->dwfl, NULL, NULL);
	/* If not, each stack is one address. */
	dwfl_attach_state(unwinder->dwfl, NULL, space->pid, &threads, unwinder);
	return unwinder;
}

static void close_unwinder(void *data)
{
	struct unwinder *unwinder = data;

	dwfl_end(unwinder->dwfl);
	free(unwinder);
}

static int take_frame(Dwfl_Frame *frame, void *data)
{
	struct unwinder *unwinder = data;
	Dwarf_Addr pc;

	if (!dwfl_frame_pc(frame, &pc, NULL) || unwinder->nr == FRAMES_MAX)
		return DWARF_CB_ABORT;
	unwinder->addresses[unwinder->nr++] = pc;
	return DWARF_CB_OK;
}

static unsigned int unwind(struct recorder *recorder, struct space *space,
			   const struct sample *sample, __u64 addresses[FRAMES_MAX])
{
	struct unwinder *unwinder = space->unwinder;

	if (!unwinder)
		unwinder = space->unwinder = open_unwinder(&recorder->objects, space);
	unwinder->sample = sample;
	unwinder->addresses = addresses;
	unwinder->nr = 0;
	dwfl_getthread_frames(unwinder->dwfl, space->pid, take_frame, unwinder);
	return unwinder->nr;
}

void stacks_unwind(struct recorder *recorder)
{
	recorder->nr_registers = UNWIND_NR_REGISTERS;
	recorder->unwind = unwind;
	recorder->spaces.drop_unwinder = close_unwinder;
}
