// SPDX-License-Identifier: GPL-2.0
/*
 * What one would write by hand, without a module, to count the same: fentry
 * programs on the three functions at which a page is copied, taken over or
 * zero-filled, and counters per process. It knows no tree, no remote writer and
 * no pinned page. Only here to be measured beside cowstat.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "peer.h"

typedef __u64 u64;
typedef __u32 u32;

#define PAGE_MAPPING_ANON	1UL
#define VM_GROWSDOWN		0x100UL

struct anon_vma;
struct address_space;

struct mm_struct {
	unsigned long start_brk, brk;
} __attribute__((preserve_access_index));

struct vm_area_struct {
	struct mm_struct *vm_mm;
	unsigned long vm_flags;
	struct anon_vma *anon_vma;
} __attribute__((preserve_access_index));

struct page {
	struct address_space *mapping;
} __attribute__((preserve_access_index));

struct vm_fault {
	struct vm_area_struct *vma;
	struct page *page;
} __attribute__((preserve_access_index));

/* A write to a read-only page that is under way in a task; @fault 0: none is */
struct write {
	u64 start;
	u64 fault;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct write);
} writes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct peer_counters);
} counters SEC(".maps");

static struct peer_counters *mine(void)
{
	static const struct peer_counters none;
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct peer_counters *c = bpf_map_lookup_elem(&counters, &pid);

	if (c)
		return c;
	bpf_map_update_elem(&counters, &pid, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&counters, &pid);
}

/* The page that is replaced: the kernel has looked it up by the time of the copy. */
static u32 source_of(const struct write *write)
{
	struct vm_fault *fault = (void *)write->fault;
	struct page *page = BPF_CORE_READ(fault, page);
	unsigned long mapping;

	if (!page)
		return PEER_ZERO;
	mapping = (unsigned long)BPF_CORE_READ(page, mapping);
	if (!(mapping & PAGE_MAPPING_ANON))
		return PEER_FILE;
	return mapping - PAGE_MAPPING_ANON ==
	       (unsigned long)BPF_CORE_READ(fault, vma, anon_vma) ?
		PEER_PARENT : PEER_CHILD;
}

SEC("fentry/do_wp_page")
int BPF_PROG(on_write, struct vm_fault *fault)
{
	struct write *write;

	write = bpf_task_storage_get(&writes, bpf_get_current_task_btf(), NULL,
				     BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!write)
		return 0;
	write->start = bpf_ktime_get_ns();
	write->fault = (u64)fault;
	return 0;
}

static void replaced(struct peer_counters *c, struct write *write)
{
	u64 ns = bpf_ktime_get_ns() - write->start;

	c->pages[source_of(write) % PEER_KINDS]++;
	c->break_ns += ns;
	if (c->break_max_ns < ns)
		c->break_max_ns = ns;
	write->fault = 0;
}

static void zero_filled(struct peer_counters *c, struct vm_area_struct *vma,
			unsigned long address)
{
	c->pages[PEER_ZERO]++;
	if (vma->vm_flags & VM_GROWSDOWN)
		c->stack++;
	else if (address < vma->vm_mm->brk && address >= vma->vm_mm->start_brk)
		c->heap++;
}

SEC("fentry/page_add_new_anon_rmap")
int BPF_PROG(on_new_page, struct page *page, struct vm_area_struct *vma,
	     unsigned long address)
{
	struct peer_counters *c = mine();
	struct write *write;

	if (!c)
		return 0;
	write = bpf_task_storage_get(&writes, bpf_get_current_task_btf(), NULL, 0);
	if (write && write->fault)
		replaced(c, write);
	else
		zero_filled(c, vma, address);
	return 0;
}

SEC("fentry/page_move_anon_rmap")
int BPF_PROG(on_taken_over)
{
	struct peer_counters *c = mine();
	struct write *write;

	if (!c)
		return 0;
	write = bpf_task_storage_get(&writes, bpf_get_current_task_btf(), NULL, 0);
	if (write)
		write->fault = 0;
	c->reused++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
