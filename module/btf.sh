#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# btf.sh [MODULE [KERNEL]]
#
# make btf: puts the types of a built module (cowstat.ko) into it, in the format BTF, by
# which bpftrace, bpftool and BPF programs know its functions, structs and tracepoints.
# The kernel's build does that by itself where the headers have a vmlinux, as Debian's
# have from 6.12 on; with those of 6.1 it says "Skipping BTF generation".
#
# KERNEL is a file with the types of the kernel that the module is for, and of no other:
# /sys/kernel/btf/vmlinux, if it is the running one; else its vmlinux, or the vmlinuz
# that is booted.

set -eu

MODULE=${1:-cowstat.ko}
KERNEL=${2:-/sys/kernel/btf/vmlinux}

die() {
	echo "${0##*/}: $*" >&2
	exit 2
}

has_section() {
	readelf -SW "$2" 2>/dev/null | grep -q " $1 "
}

release() {
	modinfo -F vermagic "$MODULE" | cut -d' ' -f1
}

# number OFFSET BYTES: of the boot header of vmlinuz
number() {
	od -A n -t "u$2" -j "$1" -N "$2" "$KERNEL" | tr -d ' '
}

# The compressed kernel, which the boot header of x86 has the place of
payload() {
	start=$((($(number $((0x1f1)) 1) + 1) * 512 + $(number $((0x248)) 4)))
	tail -c +$((start + 1)) "$KERNEL" | head -c "$(number $((0x24c)) 4)"
}

# Behind its end is its length: those who unpack it complain, once they have done it.
unpack() {
	case $(payload | od -A n -t x1 -N 4 | tr -d ' ') in
	fd377a58) payload | xz -dc ;;
	28b52ffd) payload | zstd -dc ;;
	1f8b*) payload | gzip -dc ;;
	*) die "$KERNEL is compressed in a way that is not known here: give its vmlinux" ;;
	esac >"$dir/vmlinux" 2>"$dir/error" || :
	KERNEL=$dir/vmlinux
}

is_vmlinuz() {
	[ "$(dd if="$KERNEL" bs=1 skip=$((0x202)) count=4 2>/dev/null)" = HdrS ]
}

check_arguments() {
	[ -r "$MODULE" ] || die "no $MODULE: run 'make' first"
	command -v pahole >/dev/null || die "no pahole: install the package pahole"
	[ -r "$KERNEL" ] || die "cannot read $KERNEL: give the vmlinuz of $(release)"
}

# Raw BTF begins with its magic number, and does not say of which kernel it is.
is_raw() {
	[ "$(od -A n -t x2 -N 2 "$KERNEL")" = " eb9f" ]
}

check_kernel() {
	if is_raw; then
		[ "$(release)" = "$(uname -r)" ] ||
			die "$MODULE is for $(release), this is $(uname -r): give that kernel's vmlinuz"
	else
		grep -aq "Linux version $(release) " "$KERNEL" ||
			die "$1 is not the kernel of $MODULE, which is $(release)"
		has_section .BTF "$KERNEL" ||
			die "$1 has no types: its CONFIG_DEBUG_INFO_BTF is off"
	fi
}

# pahole adds the section with the objcopy of LLVM, if it is not told another.
add_types() {
	cp "$MODULE" "$dir/module.ko"
	LLVM_OBJCOPY=objcopy pahole -J --btf_base "$KERNEL" "$dir/module.ko" \
		>"$dir/error" 2>&1 || die "pahole failed: $(tail -n 1 "$dir/error")"
	has_section .BTF "$dir/module.ko" || die "pahole found no types in $MODULE"
	cp "$dir/module.ko" "$MODULE.new"
	mv "$MODULE.new" "$MODULE"
}

check_arguments
if has_section .BTF "$MODULE"; then
	echo "$MODULE has its types already"
	exit
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
given=$KERNEL
! is_vmlinuz || unpack
check_kernel "$given"
add_types
echo "$MODULE has its types, for $(release) alone"
