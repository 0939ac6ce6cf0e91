#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Brings all that building, testing and the virtual machine need:
#
#   packages	installed with apt-get, those that are missing, in one call
#   kernel	Debian's image package, unpacked into the cache. It is not
#		installed: that would build an initrd and touch the boot loader
#   sources	checkpatch and the kselftest headers of linux-source
#
# and writes where they are to build/vm.env, for shell and make alike. With
# everything in place it does nothing, needs no network and no root.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/lib.sh"

PACKAGES=(
	gcc make libc6-dev libjson-c-dev "linux-headers-amd64" "linux-source-$SERIES"
	qemu-system-x86 busybox-static cpio xz-utils
	kmod mount iproute2 procps hostname
	sparse perl shellcheck redis-tools stress-ng jq
)

SOURCES=(
	scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch}
	scripts/{subarch.include,extract-vmlinux}
	tools/testing/selftests/{lib.mk,kselftest.h,kselftest_harness.h}
	tools/testing/selftests/{kselftest,kselftest_deps.sh,run_kselftest.sh}
)

LOG=$BUILD/setup.log

installed() {
	[[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ?i* ]]
}

missing_packages() {
	local package

	for package in "${PACKAGES[@]}"; do
		installed "$package" || printf '%s\n' "$package"
	done
}

# apt_get ARG...: the log has all, the terminal a line per package
apt_get() {
	DEBIAN_FRONTEND=noninteractive \
		apt-get -q -o DPkg::Lock::Timeout=600 "$@" 2>&1 </dev/null |
		tee -a "$LOG" |
		sed -n -u 's/^Setting up \([^ ]*\).*/  \1/p; s/^E: /  apt: /p' >&2
}

install_packages() {
	local -a missing

	mapfile -t missing < <(missing_packages)
	((${#missing[@]})) || return 0
	[[ $(id -u) == 0 ]] ||
		die "not root: cannot install ${missing[*]}; run it as root, or install them"
	say "installing ${missing[*]}"
	apt_get update || die "apt-get update failed, see $LOG"
	apt_get install -y --no-install-recommends "${missing[@]}" ||
		die "apt-get install failed, see $LOG; needed: ${missing[*]}"
}

# The newest installed headers of the series decide which kernel is booted.
headers_release() {
	local dir

	for dir in /usr/src/linux-headers-"$SERIES".*-amd64; do
		[[ -d $dir && $dir != *-cloud-* && $dir != *-rt-* ]] &&
			printf '%s\n' "${dir#/usr/src/linux-headers-}"
	done | sort -V | tail -n 1
}

# download PACKAGE=VERSION: into a new folder, whose name it prints
download() {
	local dir

	dir=$(mktemp -d "$BUILD/download.XXXXXX")
	if (cd "$dir" && apt_get download "$1" && compgen -G '*.deb' >/dev/null); then
		printf '%s\n' "$dir"
	else
		rm -rf "$dir"
		return 1
	fi
}

download_image() {
	say "downloading the kernel $1 (70 MB)"
	download "$1" || { apt_get update && download "$1"; } ||
		die "cannot download $1, see $LOG; is a newer linux-headers-amd64 out? apt-get install it"
}

# unpack_image RELEASE VERSION DIR: all or nothing
unpack_image() {
	local release=$1 version=$2 dir=$3 debs

	[[ -e $dir ]] && return
	debs=$(download_image "linux-image-$release=$version")
	say "unpacking it"
	rm -rf "$dir.new"
	dpkg-deb -x "$debs"/*.deb "$dir.new" || die "cannot unpack to $dir"
	rm -rf "$debs"
	depmod -b "$dir.new" "$release"
	mv "$dir.new" "$dir"
}

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

# The kernel without its wrapper saves the guest the unpacking: 3 of 8 seconds.
unwrap_kernel() {
	local wrapped=$1 plain=$1.elf

	if [[ -e $plain ]]; then
		echo "$plain"
	elif "$2/scripts/extract-vmlinux" "$wrapped" >"$plain.new" 2>/dev/null; then
		mv "$plain.new" "$plain"
		echo "$plain"
	else
		rm -f "$plain.new"
		echo "$wrapped"
	fi
}

write_env() {
	local release=$1 image=$2 sources=$3 kernel

	kernel=$(unwrap_kernel "$image/boot/vmlinuz-$release" "$sources")
	cat >"$VM_ENV.new" <<-END
	KRELEASE=$release
	KDIR_VM=/usr/src/linux-headers-$release
	KIMAGE=$kernel
	KMODULES=$image/lib/modules/$release
	KSFT=$sources/tools/testing/selftests
	CHECKPATCH=$sources/scripts/checkpatch.pl
	END
	mv "$VM_ENV.new" "$VM_ENV"
}

# in_place: is all that build/vm.env names still there, and no package missing?
in_place() {
	local name path

	[[ -e $VM_ENV && $VM_ENV -nt $0 ]] || return
	while IFS='=' read -r name path; do
		[[ $name == KRELEASE || -e $path ]] || return
	done <"$VM_ENV"
	[[ -z $(missing_packages) ]]
}

main() {
	local cache release version image sources

	[[ $ROOT != *[[:space:],:]* ]] ||
		die "the clone's path has a blank, comma or colon, which make and QEMU cannot handle: $ROOT"
	mkdir -p "$BUILD"
	exec 9>"$BUILD/setup.lock"
	flock 9
	in_place && return
	: >"$LOG"
	install_packages
	release=$(headers_release)
	[[ $release ]] ||
		die "no headers of Linux $SERIES in /usr/src: linux-headers-amd64 of Debian 12 has them"
	version=$(dpkg-query -W -f '${Version}' "linux-headers-$release")
	cache=$(cache_dir)
	image=$cache/linux-image-${release}_$version
	sources=$cache/linux-source-${SERIES}_$(dpkg-query -W -f '${Version}' "linux-source-$SERIES")
	unpack_image "$release" "$version" "$image"
	unpack_sources "$sources"
	write_env "$release" "$image" "$sources"
	say "ready: Linux $release, $cache"
}

main "$@"
