#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module's types in BTF: put into it by `make btf`, where the kernel's build has not
# done so, and known to the kernel and to tools when it is loaded. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/session.sh
. "$(dirname "$0")/lib/session.sh"

WITH_TYPES=$dir/cowstat.ko
TYPES=/sys/kernel/btf/cowstat

has_types() {
	readelf -SW "$1" | grep ' \.BTF ' >/dev/null
}

# Unless the kernel's build did it
add_types() {
	cp "$KO" "$WITH_TYPES"
	"$TOP/module/btf.sh" "$WITH_TYPES" || return
	has_types "$WITH_TYPES" || complain "it still has none"
}

once_is_enough() {
	local before

	before=$(sha256sum "$WITH_TYPES")
	"$TOP/module/btf.sh" "$WITH_TYPES" || return
	equal "the module" "$(sha256sum "$WITH_TYPES")" "$before"
}

# refused LINE ARG…: one line, and the module is as it was
refused() {
	local line=$1 error before

	shift
	objcopy --remove-section=.BTF "$KO" "$dir/plain.ko"
	before=$(sha256sum "$dir/plain.ko")
	error=$("$TOP/module/btf.sh" "$dir/plain.ko" "$@" 2>&1) && complain "it went on" && return 1
	[[ $error == *"$line"* && $(wc -l <<<"$error") == 1 ]] || complain "$error" || return
	equal "the module" "$(sha256sum "$dir/plain.ko")" "$before"
}

kernel_takes_them() {
	insmod "$WITH_TYPES" || complain "$(dmesg | tail -n 1)" || return
	[[ -s $TYPES ]] || complain "no $TYPES"
}

# types: as C
types() {
	bpftool btf dump -B /sys/kernel/btf/vmlinux file "$TYPES" format c
}

events_are_structs() {
	local event

	types >"$dir/types"
	for event in cow_fork cow_break cow_reuse cow_zero_fill cow_exit; do
		grep -q "^struct trace_event_raw_$event {" "$dir/types" ||
			complain "no struct for $event" || return
	done
	sed -n '/^struct trace_event_raw_cow_break {/,/^}/p' "$dir/types" >"$dir/break"
	grep -q 'u64[_0-9]* address;' "$dir/break" || complain "$(cat "$dir/break")"
}

# What BPF programs of the type tp_btf look for
events_have_signatures() {
	bpftool btf dump -B /sys/kernel/btf/vmlinux file "$TYPES" |
		grep "TYPEDEF 'btf_trace_cow_break'" >/dev/null || complain "no btf_trace_cow_break"
}

functions_have_arguments() {
	bpftrace -lv 'kfunc:cowstat:cow_tree_add' >"$dir/listed" 2>&1
	grep -q 'struct cow_node \*' "$dir/listed" || complain "$(cat "$dir/listed")"
}

# At the entry of a function of the module, by its types
a_program_attaches() {
	bpftrace -e 'kfunc:cowstat:cow_tree_add /args->child/ { @ = count(); }' \
		-c "$TRACE/touch 10" >"$dir/counted" 2>&1
	grep -q '^@: [1-9]' "$dir/counted" || complain "$(cat "$dir/counted")"
}

echo "TAP version 13"
echo "1..9"
unload
check "make btf puts types into the module" add_types
check "and does it once" once_is_enough
check "not those of another file" refused "is not the kernel of" /bin/true
check "not of one that is not there" refused "cannot read /nothing" /nothing
check "the kernel takes them" kernel_takes_them
check "events are structs" events_are_structs
check "events have signatures" events_have_signatures
check "functions have arguments" functions_have_arguments
check "a BPF program attaches to a function" a_program_attaches
finish
