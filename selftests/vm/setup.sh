#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# setup.sh [KERNEL]
#
# Brings all that building, testing and the virtual machine need:
#
#   packages	installed with apt-get, those that are missing, in one call
#   sources	checkpatch and the kselftest headers of linux-source
#   kernel	one of the table ./kernels (6.1): what to boot, and what to build
#		modules with
#   guest	the disk with the guest's root, a Debian of the kernel's suite
#
# and writes where they are to build/vm.env, and for the kernel to
# build/vm-KERNEL.env, for shell and make alike. With everything in place it does
# nothing, needs no network and no root.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/vm/packages.sh
. "$VM_DIR/packages.sh"
# shellcheck source=selftests/vm/debian.sh
. "$VM_DIR/debian.sh"
# shellcheck source=selftests/vm/disk.sh
. "$VM_DIR/disk.sh"
# shellcheck source=selftests/vm/qemu.sh
. "$VM_DIR/qemu.sh"
# shellcheck source=selftests/vm/kernel.sh
. "$VM_DIR/kernel.sh"

PACKAGES=(
	gcc make libc6-dev libdw-dev libjson-c-dev "linux-headers-amd64" "linux-source-$SERIES"
	qemu-system-x86 busybox-static cpio xz-utils
	mmdebstrap debian-archive-keyring e2fsprogs kmod util-linux mount procps
	clang-14 clang-19 sparse perl shellcheck groff-base jq
)

SOURCES=(
	scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch}
	scripts/{subarch.include,extract-vmlinux}
	tools/testing/selftests/{lib.mk,kselftest.h,kselftest_harness.h}
	tools/testing/selftests/{kselftest,kselftest_deps.sh,run_kselftest.sh}
)

LOG=$BUILD/setup.log

# unpack_sources DIR: all or nothing
unpack_sources() {
	local dir=$1 top=linux-source-$SERIES

	[[ -e $dir ]] && return
	say "unpacking checkpatch and the kselftest headers (10 to 60 seconds)"
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	tar -xJf "/usr/src/$top.tar.xz" -C "$dir.new" --strip-components=1 \
		"${SOURCES[@]/#/$top/}" || die "cannot unpack /usr/src/$top.tar.xz"
	mv "$dir.new" "$dir"
}

write_env() {
	cat >"$VM_ENV.new" <<-END
	KDIR_VM=/usr/src/linux-headers-$(installed_headers)
	KSFT=$SOURCES_DIR/tools/testing/selftests
	CHECKPATCH=$SOURCES_DIR/scripts/checkpatch.pl
	QEMU=$QEMU
	END
	mv "$VM_ENV.new" "$VM_ENV"
}

# host_in_place: is all that build/vm.env names still there, and no package
# missing?
host_in_place() {
	local path

	[[ -e $VM_ENV && $VM_ENV -nt $0 && $VM_ENV -nt $VM_DIR/qemu.sh ]] || return
	while IFS='=' read -r _ path; do
		[[ -e $path ]] || return
	done <"$VM_ENV"
	[[ -z $(missing_packages "${PACKAGES[@]}") ]]
}

prepare_host() {
	install_packages "${PACKAGES[@]}"
	SOURCES_DIR=$(cache_dir)/linux-source-${SERIES}_$(dpkg-query -W -f '${Version}' "linux-source-$SERIES")
	unpack_sources "$SOURCES_DIR"
	find_qemu
	write_env
}

# lock FD FILE: until FD is closed, or used for another
lock() {
	eval "exec $1>\"\$2\""
	flock -n "$1" || {
		say "waiting for another set-up to end (it has $2)"
		flock "$1"
	}
}

main() {
	local name=${1:-$KERNEL}

	[[ $ROOT != *[[:space:],:]* ]] ||
		die "the clone's path has a blank, comma or colon, which make and QEMU cannot handle: $ROOT"
	mkdir -p "$BUILD"
	host_in_place && kernel_in_place "$name" && return
	lock 9 "$BUILD/setup.lock"
	: >"$LOG"
	lock 8 "$(cache_dir)/lock-host"
	host_in_place || prepare_host
	. "$VM_ENV"
	SOURCES_DIR=${CHECKPATCH%/scripts/*}
	kernel_in_place "$name" || prepare_kernel "$name"
}

main "$@"
