/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * cowstat: copy-on-write and zero-fill counters per process and process tree
 *
 * OVERVIEW
 *
 * /dev/cowstat is a misc device, mode 0666, without read(), write() or mmap().
 * All of it is ioctl(2):
 *
 *	request			on		gives
 *	COWSTAT_IOC_INFO	device, tree	state, limits, what was lost
 *	COWSTAT_IOC_SYSTEM	device		the counters of the whole system
 *	COWSTAT_IOC_PROCESS	device		one process and its tree, by pid
 *	COWSTAT_IOC_LIST	device, tree	all visible processes, one snapshot
 *	COWSTAT_IOC_TREE	device		a new tree handle (returns an fd)
 *	COWSTAT_IOC_READ	tree		that tree's counters since opening
 *
 * A tree handle is a file descriptor for the tree of one process. It goes on
 * counting when the process, or the whole tree, has exited; it can be passed
 * over a socket; and it keeps the module loaded.
 *
 * A process is an address space and the threads that share it. Its tree is the
 * process and all that it forked, and they forked, alive or gone. Every
 * counter exists for the process alone (self), its tree, and the system.
 *
 * STRUCTS
 *
 * Every argument starts with @size, which the caller sets to the sizeof() of
 * the struct, and @flags, which must be 0 where no flag is listed. Reserved
 * fields must be 0. Where a request takes a pid, it is one of the caller's
 * pid namespace. The kernel writes a struct as a whole or, on an error, not at
 * all. Fields marked [in] are the caller's, all others are written.
 *
 * A struct grows at its end alone, and each size that it ever had (its
 * COWSTAT_..._SIZE_VER0 and so on) stays valid: a program that was built with an
 * older header gets the fields that it knows.
 *
 * STATE
 *
 * A loss is charged, like a page, to the process that it happened to, or to
 * nobody if that is not known. @state and @lost of an answer tell of the numbers
 * in that answer: those of the system since the module was loaded, those of a
 * process and its tree since the process was born, those of a tree handle since
 * the handle's start.
 *
 * ERRORS
 *
 *	ENOTTY	the request is unknown, or not one for this kind of descriptor
 *	EINVAL	@size is wrong, a flag is unknown, a reserved field is not 0
 *	EFAULT	a bad pointer
 *	ESRCH	no such process in the caller's pid namespace
 *	EACCES	the process, or the root of the tree that is to be opened, is not
 *		the caller's (see below)
 *	ENOSPC	the array of a LIST is too short, or a limit is reached: tree handles,
 *		or memory of readings, of this user or of all
 *	ENOMEM	no memory for the reading
 *
 * WHO MAY SEE WHAT
 *
 * The system's counters: everyone. A process: the user that owns it, and who
 * holds CAP_PERFMON or CAP_SYS_ADMIN in the initial user namespace. To own a
 * process is what ptrace's rule for reading asks for: uid and gid equal all of
 * the process's uids and gids, and the process is dumpable. What counts are the
 * credentials and the pid namespace with which the descriptor was opened.
 * Processes of which that namespace knows nothing are not shown.
 */
#ifndef _UAPI_LINUX_COWSTAT_H
#define _UAPI_LINUX_COWSTAT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The version of the layout below, and of /proc/cowstat. */
#define COWSTAT_ABI	1

/*
 * COWSTAT_COUNTERS - the one table of all counters
 * @X: X(index, name, unit, help), called once a counter
 *
 * The order is that of /proc/cowstat and of the indices in
 * struct cowstat_counters. New counters are added at the end, none is ever
 * moved or taken out.
 */
#define COWSTAT_COUNTERS(X) \
	X(0, forks, "forks", \
	  "forks that copied the address space (no threads, no vfork)") \
	X(1, shared, "pages", \
	  "pages that these forks made copy-on-write shared") \
	X(2, shared_swap, "pages", \
	  "swap entries that these forks shared") \
	X(3, inherited, "pages", \
	  "pages that the process was born sharing") \
	X(4, broken, "pages", \
	  "pages copied because of a write to a copy-on-write page") \
	X(5, broken_anon, "pages", \
	  "the part of broken: anonymous pages that a fork shared") \
	X(6, broken_file, "pages", \
	  "the part of broken: first writes to a private file mapping") \
	X(7, broken_child, "pages", \
	  "the part of broken_anon where the writer had inherited the page") \
	X(8, broken_parent, "pages", \
	  "the part of broken_anon where the page originated in the writer") \
	X(9, reused, "pages", \
	  "pages taken over without a copy: the writer was the last holder") \
	X(10, zero_filled, "pages", \
	  "zeroed pages given on demand, at the first write") \
	X(11, zero_heap, "pages", \
	  "the part of zero_filled in the brk heap") \
	X(12, zero_stack, "pages", \
	  "the part of zero_filled in a stack") \
	X(13, zero_upgraded, "pages", \
	  "the part of zero_filled that replaced the shared zero page") \
	X(14, zero_mapped, "pages", \
	  "reads answered with the shared zero page: nothing allocated") \
	X(15, pool_local, "pages", \
	  "broken and zero_filled pages that came from the local NUMA node") \
	X(16, pool_remote, "pages", \
	  "broken and zero_filled pages that came from another NUMA node") \
	X(17, break_ns, "ns", \
	  "from the fault to the new page in place, summed over broken") \
	X(18, break_max_ns, "ns", \
	  "the longest of them (a maximum: it does not sum)") \
	X(19, eager, "pages", \
	  "pages copied at the fork itself, being pinned; the child's") \
	X(20, broken_ksm, "pages", \
	  "the part of broken: pages merged by KSM") \
	X(21, broken_hugetlb, "pages", \
	  "the part of broken: hugetlb pages") \
	X(22, broken_remote, "pages", \
	  "the part of broken that no page-fault exception caused") \
	X(23, unshared, "pages", \
	  "pages copied without a write, for a long-term read pin") \
	X(24, zero_huge, "pages", \
	  "the part of zero_filled that came as huge pages") \
	X(25, broken_unsure, "pages", \
	  "the part of broken_anon that may be in the wrong one of child and parent") \
	X(26, collapsed, "pages", \
	  "pages copied out of sharing without a write, as a huge page was made") \
	X(27, forks_failed, "forks", \
	  "forks that failed after they had begun to copy the address space")

/* Slots of struct cowstat_counters; those without a counter read as 0. */
#define COWSTAT_COUNTERS_MAX	32

/**
 * struct cowstat_counters - one set of counters
 * @value: by index of COWSTAT_COUNTERS
 */
struct cowstat_counters {
	__u64 value[COWSTAT_COUNTERS_MAX];
};

/* What @state says: are the numbers exact? */
#define COWSTAT_STATE_EXACT	0
#define COWSTAT_STATE_DEGRADED	1

/*
 * COWSTAT_LOSSES - why numbers may be wrong
 * @X: X(index, name, help), called once a reason
 *
 * Index 6 was in use once and stays 0: whose page it was is told by the counter
 * broken_unsure.
 */
#define COWSTAT_LOSSES(X) \
	X(0, limit, \
	  "processes counted in an ancestor: the limit max_processes was reached") \
	X(1, memory, \
	  "processes counted in an ancestor: no memory to track them") \
	X(2, hook, \
	  "calls that a hook missed: function tracing was switched off") \
	X(3, site, \
	  "new pages from a place in the kernel that cowstat does not know") \
	X(4, flight, \
	  "pages not counted: too many faults were in flight") \
	X(5, owner, \
	  "pages of an address space that belongs to no tracked process")

#define COWSTAT_LOSSES_MAX	16

/**
 * struct cowstat_info - the module's state
 * @size: [in] sizeof(struct cowstat_info)
 * @flags: [in] 0
 * @abi: COWSTAT_ABI
 * @page_size: bytes in a page; a huge page counts as so many pages
 * @nr_counters: counters in use in struct cowstat_counters
 * @nr_losses: reasons in use in @lost
 * @state: COWSTAT_STATE_*, of the system
 * @reserved: 0
 * @processes: living processes that are tracked
 * @max_processes: the limit on them
 * @process_bytes: memory that the module keeps for one process
 * @lost: how often each reason of COWSTAT_LOSSES occurred; all 0 if exact
 * @lost_at: when the last one did, in nanoseconds since 1970 (CLOCK_REALTIME); 0
 *	if none did
 * @max_handles: the limit on tree handles. A user can have half of them, all
 *	users together three quarters; the rest is root's
 * @max_kept: processes that are gone which a tree handle keeps at most
 * @max_reading_bytes: the limit on the memory of open readings, shared out as
 *	@max_handles is
 * @reserved2: 0
 */
struct cowstat_info {
	__u32 size;
	__u32 flags;
	__u32 abi;
	__u32 page_size;
	__u32 nr_counters;
	__u32 nr_losses;
	__u32 state;
	__u32 reserved;
	__u64 processes;
	__u64 max_processes;
	__u64 process_bytes;
	__u64 lost[COWSTAT_LOSSES_MAX];
	__u64 lost_at;
	__u64 max_handles;
	__u64 max_kept;
	__u64 max_reading_bytes;
	__u64 reserved2;
};

#define COWSTAT_INFO_SIZE_VER0		184

/**
 * struct cowstat_system - the counters of the whole system
 * @size: [in] sizeof(struct cowstat_system)
 * @flags: [in] 0
 * @state: COWSTAT_STATE_*
 * @reserved: 0
 * @processes: living processes that are tracked
 * @counters: the sum over all processes, alive and gone
 * @lost: as in struct cowstat_info
 * @lost_at: as in struct cowstat_info
 * @reserved2: 0
 */
struct cowstat_system {
	__u32 size;
	__u32 flags;
	__u32 state;
	__u32 reserved;
	__u64 processes;
	struct cowstat_counters counters;
	__u64 lost[COWSTAT_LOSSES_MAX];
	__u64 lost_at;
	__u64 reserved2;
};

#define COWSTAT_SYSTEM_SIZE_VER0	280

#define COWSTAT_COMM_LEN	16

/* @flags of a row */
#define COWSTAT_ROW_EXITED	0x1	/* the process is gone */
#define COWSTAT_ROW_SELF_LOST	0x2	/* its own numbers are degraded */
#define COWSTAT_ROW_TREE_LOST	0x4	/* its tree's numbers are degraded */

/**
 * struct cowstat_row - one process
 * @pid: in the reader's pid namespace
 * @ppid: the nearest ancestor by fork that still lives, or in the list of a
 *	tree handle that keeps those that are gone, the nearest that is listed;
 *	0 if none
 * @depth: 0 for a process without such an ancestor, else one more than its
 * @flags: COWSTAT_ROW_*
 * @comm: the name of the program, ends with a NUL byte
 * @tree_procs: processes of the tree, alive and gone, this one included
 * @tree_alive: those that are alive
 * @self: the process alone
 * @tree: the process and all its descendants, alive and gone
 */
struct cowstat_row {
	__s32 pid;
	__s32 ppid;
	__u32 depth;
	__u32 flags;
	char comm[COWSTAT_COMM_LEN];
	__u64 tree_procs;
	__u64 tree_alive;
	struct cowstat_counters self;
	struct cowstat_counters tree;
};

/**
 * struct cowstat_process - one process and its tree
 * @size: [in] sizeof(struct cowstat_process)
 * @flags: [in] 0
 * @pid: [in] of the process (not of a thread), or 0 for the caller's own; a
 *	vfork child that has not called exec yet is the process it borrows from
 * @state: COWSTAT_STATE_*, of the process and its tree
 * @row: the process
 * @lost: what the tree lost since the process was born, by reason
 */
struct cowstat_process {
	__u32 size;
	__u32 flags;
	__s32 pid;
	__u32 state;
	struct cowstat_row row;
	__u64 lost[COWSTAT_LOSSES_MAX];
};

#define COWSTAT_PROCESS_SIZE_VER0	576

/**
 * struct cowstat_list - all processes that the caller may see
 * @size: [in] sizeof(struct cowstat_list)
 * @flags: [in] 0
 * @row_size: [in] sizeof(struct cowstat_row)
 * @capacity: [in] rows that @rows can hold; 0 asks for @count alone
 * @rows: [in] address of an array of struct cowstat_row
 * @count: rows written, or needed if @capacity is 0. Processes come and go:
 *	ask for some more than that. If the array is too short the call fails
 *	with ENOSPC and writes nothing
 * @state: COWSTAT_STATE_*: on the device of the system, on a tree handle of its
 *	tree since the handle's start
 * @folded: of a tree handle with COWSTAT_TREE_KEEP: processes that are gone
 *	and not listed; their numbers are in the nearest listed ancestor
 * @processes: living processes that are tracked
 * @system: the system's counters in the same snapshot
 * @lost: what @state stands for, by reason
 * @hidden: processes that would have been listed but are out of the caller's reach
 * @reserved: 0
 *
 * A parent is listed before its children. On the device: the living processes.
 * On a tree handle: those of the tree, and those that are gone if the handle
 * has COWSTAT_TREE_KEEP. The row of the tree's root is the first, if it is
 * listed, and its counters are deltas since the handle's start, as with
 * COWSTAT_IOC_READ; those of the other rows are since the process's birth.
 */
struct cowstat_list {
	__u32 size;
	__u32 flags;
	__u32 row_size;
	__u32 capacity;
	__u64 rows;
	__u32 count;
	__u32 state;
	__u64 folded;
	__u64 processes;
	struct cowstat_counters system;
	__u64 lost[COWSTAT_LOSSES_MAX];
	__u64 hidden;
	__u64 reserved;
};

#define COWSTAT_LIST_SIZE_VER0		304

/* @flags of COWSTAT_IOC_TREE */
#define COWSTAT_TREE_NEXT_CHILD	0x1	/* the caller's next child; pid is 0 */
#define COWSTAT_TREE_FROM_EXEC	0x2	/* start at the root's next exec */
#define COWSTAT_TREE_KEEP	0x4	/* keep those that are gone for LIST */

#define COWSTAT_TREE_SIZE_VER0		16

/**
 * struct cowstat_tree - open a tree handle
 * @size: [in] sizeof(struct cowstat_tree)
 * @flags: [in] COWSTAT_TREE_*
 * @pid: [in] of the tree's root, or 0 for the caller itself
 * @reserved: [in] 0
 *
 * The request returns a new file descriptor with close-on-exec set. With
 * COWSTAT_TREE_NEXT_CHILD the tree is that of the next process that the caller
 * forks (vfork and posix_spawn included, threads not).
 */
struct cowstat_tree {
	__u32 size;
	__u32 flags;
	__s32 pid;
	__u32 reserved;
};

/* @tree_state of COWSTAT_IOC_READ */
#define COWSTAT_TREE_WAITING	0	/* for the child, or the exec: all zero */
#define COWSTAT_TREE_ALIVE	1	/* the root lives */
#define COWSTAT_TREE_ORPHANED	2	/* the root is gone, but not all below it */
#define COWSTAT_TREE_GONE	3	/* all are gone: these are the last numbers */

/**
 * struct cowstat_read - the counters of a tree handle
 * @size: [in] sizeof(struct cowstat_read)
 * @flags: [in] 0
 * @state: COWSTAT_STATE_*, of the tree since the handle's start
 * @tree_state: COWSTAT_TREE_*
 * @tree_procs: processes of the tree, alive and gone
 * @tree_alive: those that are alive
 * @folded: as in struct cowstat_list
 * @counters: of the tree, as deltas since the handle's start; break_max_ns is no
 *	delta but the longest since its processes were born
 * @lost: what the tree lost since the handle's start, by reason
 */
struct cowstat_read {
	__u32 size;
	__u32 flags;
	__u32 state;
	__u32 tree_state;
	__u64 tree_procs;
	__u64 tree_alive;
	__u64 folded;
	struct cowstat_counters counters;
	__u64 lost[COWSTAT_LOSSES_MAX];
};

#define COWSTAT_READ_SIZE_VER0		296

/*
 * TRACEPOINTS
 *
 * The event group cowstat tells of the same pages as the counters, one by one, as
 * they are charged. In tracefs it is events/cowstat/, which is root's.
 *
 *	event		field		meaning
 *
 *	cow_fork	parent, child	processes: a fork that copied the address space
 *			tree		of the child
 *			shared		pages that it made copy-on-write shared
 *			shared_swap	swap entries that it shared
 *			eager		pages that it copied at once, being pinned
 *			ns		how long the copy of the address space took; 0 if
 *					it had begun before the event was on, or if the
 *					tracepoint is used without the event (as BPF's
 *					raw tracepoints do)
 *	cow_break	pid, tree	pages were broken out of the sharing
 *			address		of the page, in user space
 *			kind		COWSTAT_KIND_*: anon, file, ksm, hugetlb
 *			by		COWSTAT_BY_*: by a child, by the parent, or not
 *					anonymous
 *			remote		1 if no page-fault exception caused it
 *			pages		512 for a huge page of 2 MiB
 *			node		NUMA node of the new page
 *			ns		from the fault to the new page in place
 *			unsure		1 if @by is what is likelier: broken_unsure
 *	cow_reuse	pid, tree	pages were taken over without a copy
 *			address, pages
 *	cow_zero_fill	pid, tree	zeroed pages were given on demand
 *			address, pages, node
 *			where		COWSTAT_IN_*: mapping, heap, stack
 *			huge		1 if they came as a huge page
 *			upgraded	1 if they replaced the shared zero page
 *	cow_exit	pid, tree	a process is gone
 *			ppid		the nearest ancestor that lives, 0 if none
 *			vfork		1 for a vfork child that has never called exec: it
 *					was charged with the stack of a program that could
 *					not be executed, which is counted in its parent too
 *			comm		its name
 *			forks, ...	all its own counters, by name, since its birth
 *
 * @pid is the process that the counters charge, 0 if there is none: the owner of the
 * memory, which is not always the task that writes (that one is common_pid). @tree
 * names the program that it runs: the pid of the process, itself or an ancestor, that
 * last called exec; only processes of one such tree share pages by fork. Pids are
 * those of the initial pid namespace.
 */

/* @kind of cow_break */
#define COWSTAT_KIND_ANON	0
#define COWSTAT_KIND_FILE	1
#define COWSTAT_KIND_KSM	2
#define COWSTAT_KIND_HUGETLB	3

/* @by of cow_break: who made the page before it was shared */
#define COWSTAT_BY_ANY		0	/* the page was not anonymous */
#define COWSTAT_BY_CHILD	1	/* another process: the writer inherited it */
#define COWSTAT_BY_PARENT	2	/* the writer itself */

/* @where of cow_zero_fill */
#define COWSTAT_IN_MAPPING	0
#define COWSTAT_IN_HEAP		1
#define COWSTAT_IN_STACK	2

/* The number of a request has the size of its struct: older sizes stay valid too. */
#define COWSTAT_IOC_MAGIC	0xC5

#define COWSTAT_IOC_INFO	_IOWR(COWSTAT_IOC_MAGIC, 0, struct cowstat_info)
#define COWSTAT_IOC_SYSTEM	_IOWR(COWSTAT_IOC_MAGIC, 1, struct cowstat_system)
#define COWSTAT_IOC_PROCESS	_IOWR(COWSTAT_IOC_MAGIC, 2, struct cowstat_process)
#define COWSTAT_IOC_LIST	_IOWR(COWSTAT_IOC_MAGIC, 3, struct cowstat_list)
#define COWSTAT_IOC_TREE	_IOW(COWSTAT_IOC_MAGIC, 4, struct cowstat_tree)
#define COWSTAT_IOC_READ	_IOWR(COWSTAT_IOC_MAGIC, 5, struct cowstat_read)

#endif /* _UAPI_LINUX_COWSTAT_H */
