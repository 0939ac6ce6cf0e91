#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# offers.sh CC [FLAG...]: asks this kernel's headers what they offer, by compiling
# against them, and prints the header offers.h. Kbuild runs it with the flags of
# the module.
#
# A kernel offers each thing in one of several ways, of which the first that
# compiles is defined: COW_HAS_ and its name. One of them must, or the build stops:
# what does not compile for some other reason is not taken for absent.

set -eu

die() {
	echo "cowstat: $*" >&2
	exit 1
}

# quote WORD...: for eval
quote() {
	for word; do
		printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
	done
}

# program STATEMENT
program() {
	for header in linux/ftrace.h linux/mm.h $headers; do
		echo "#include <$header>"
	done
	cat <<-END
	unsigned long probe(struct ftrace_regs *fregs, struct ftrace_ops *ops,
			    struct mm_struct *mm, unsigned long address);
	unsigned long probe(struct ftrace_regs *fregs, struct ftrace_ops *ops,
			    struct mm_struct *mm, unsigned long address)
	{
		$1;
		return 0;
	}
	END
}

# Warnings are the kernel's matter, but for those that old C lets pass for a call.
compile() {
	"$@" -Wno-error -Werror=implicit-function-declaration \
		-Werror=incompatible-pointer-types -Werror=int-conversion \
		-fsyntax-only -x c -
}

# compiles STATEMENT: no is status 1, any other is the compiler's death
compiles() {
	status=0
	program "$1" >"$dir/probe.c"
	eval "compile $compiler" <"$dir/probe.c" >"$dir/log" 2>&1 || status=$?
	[ "$status" -le 1 ] || die "the compiler died (status $status) of: $1"
	return "$status"
}

# none_of WHAT: if not even the headers compile, what the compiler says of that tells
# more, as of a flag that it does not know
none_of() {
	compiles "" ||
		die "$1 cannot be found out, this compiler stops at the kernel's headers or flags: $(head -n 1 "$dir/log")"
	die "cannot be right on this kernel: $1 as in none of the ways that module/offers.sh knows"
}

# feature WHAT HEADERS NAME STATEMENT [NAME STATEMENT...]
feature() {
	what=$1 headers=$2
	shift 2
	while [ $# -ge 2 ]; do
		if compiles "$2"; then
			echo "#define COW_HAS_$1	/* $what */"
			return
		fi
		shift 2
	done
	none_of "$what"
}

# one_header WHAT NAME HEADER [NAME HEADER...]
one_header() {
	what=$1
	shift
	while [ $# -ge 2 ]; do
		headers=$2
		if compiles ""; then
			echo "#define COW_HAS_$1	/* $what */"
			return
		fi
		shift 2
	done
	headers=''
	none_of "$what"
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
compiler=$(quote "$@")

echo "/* What this kernel offers: made by offers.sh. */"

feature "the arguments of a traced function" "" \
	FTRACE_REGS_ARGUMENT "return ftrace_regs_get_argument(fregs, 0)" \
	FTRACE_REGS_REGS "return fregs->regs.di + fregs->regs.cx"

# With no more than the last, calls go by ftrace's own trampoline.
feature "calls straight from a traced function" "" \
	FTRACE_DIRECT_OPS "if (!register_ftrace_direct(ops, address))
		unregister_ftrace_direct(ops, address, false)" \
	FTRACE_DIRECT_MULTI "if (!register_ftrace_direct_multi(ops, address))
		unregister_ftrace_direct_multi(ops, address)" \
	FTRACE_DIRECT_IP "return register_ftrace_direct(address, address)"

feature "the flags of an address space" linux/sched/coredump.h \
	MM_FLAGS_TEST "return mm_flags_test(MMF_UNSTABLE, mm)" \
	MM_FLAGS_WORD "unsigned long *flags = &mm->flags;
		return test_bit(MMF_UNSTABLE, flags)"

feature "the flags of a mapping" "" \
	VM_FLAGS_SET "struct vm_area_struct *vma = (void *)address;
		vm_flags_set(vma, VM_DONTCOPY)" \
	VM_FLAGS_WORD "struct vm_area_struct *vma = (void *)address;
		vma->vm_flags |= VM_DONTCOPY"

feature "who may be dumped" "linux/sched.h linux/sched/coredump.h linux/mm_types.h" \
	GET_DUMPABLE "return get_dumpable(mm) == SUID_DUMP_USER" \
	EXEC_STATE "struct task_struct *task = (void *)address;
		return !task->exec_state + TASK_DUMPABLE_OWNER"

feature "the exact counters of an address space" linux/percpu_counter.h \
	MM_COUNTER_SUM "return get_mm_counter_sum(mm, MM_ANONPAGES)" \
	MM_COUNTER_PERCPU "struct percpu_counter *counter = &mm->rss_stat[MM_ANONPAGES];
		return percpu_counter_sum_positive(counter)" \
	MM_COUNTER_ATOMIC "atomic_long_t *counter = &mm->rss_stat.count[MM_ANONPAGES];
		return atomic_long_read(counter) + get_mm_counter(mm, MM_ANONPAGES)"

feature "the birth of a task" trace/events/task.h \
	NEWTASK_U64 "void (*probe)(void *, struct task_struct *, u64) = NULL;
		check_trace_callback_type_task_newtask(probe)" \
	NEWTASK_LONG "void (*probe)(void *, struct task_struct *, unsigned long) = NULL;
		check_trace_callback_type_task_newtask(probe)"

feature "the exit of a task" trace/events/sched.h \
	EXIT_OF_GROUP "void (*probe)(void *, struct task_struct *, bool) = NULL;
		check_trace_callback_type_sched_process_exit(probe)" \
	EXIT_OF_TASK "void (*probe)(void *, struct task_struct *) = NULL;
		check_trace_callback_type_sched_process_exit(probe)"

one_header "the page faults" \
	TRACE_EVENTS_EXCEPTIONS trace/events/exceptions.h \
	ASM_TRACE_EXCEPTIONS asm/trace/exceptions.h
