#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# module.sh [--in DIR] [KERNEL [ARG…]]
#
# Builds the module for a kernel of the table ./kernels (6.1), with further
# arguments for make, as W=1. For the kernel of this machine's headers that is
# `make module` in the clone; for the others a copy of the sources is built in
# build/kernels/KERNEL, in the root of the suite that the kernel is from. With --in
# it is a copy in DIR for each of them; a file that is newer there stays as it is.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/vm/debian.sh
. "$VM_DIR/debian.sh"

# The objects of another release are no use.
copy_sources() {
	local dir=$1

	mkdir -p "$dir"
	[[ $(cat "$dir/release" 2>/dev/null) == "$KRELEASE" ]] || rm -rf "${dir:?}"/*
	echo "$KRELEASE" >"$dir/release"
	cp -pu "$ROOT/Kbuild" "$dir"
	(cd "$ROOT" && find module \( -name '*.[chS]' -o -name offers.sh \) \
		! -name offsets.h ! -name offers.h -exec cp -pu --parents -t "$dir" {} +)
}

# in_root CMD…: in the kernel's root, in build/kernels/KERNEL, if it has one
in_root() {
	if [[ $KROOT ]]; then
		debian_chroot "$KROOT" "$dir" "$@"
	else
		(cd "$dir" && "$@")
	fi
}

main() {
	local name dir=''

	[[ ${1:-} != --in ]] || { dir=$2; shift 2; }
	name=${1:-$KERNEL}
	shift $(($# > 0))
	"$VM_DIR/setup.sh" "$name"
	. "$(kernel_env "$name")"
	if [[ ! $dir && $KO == "$ROOT/cowstat.ko" ]]; then
		exec make -C "$ROOT" module KDIR="$KDIR" "$@"
	fi
	dir=${dir:-${KO%/*}}
	copy_sources "$dir"
	# shellcheck disable=SC2016 # the shell's, where make runs
	in_root sh -c 'exec make -C "$0" M="$PWD" "$@" modules' "$KDIR" "$@" 2>&1 |
		sed 's,^/mnt/,,'
}

main "$@"
