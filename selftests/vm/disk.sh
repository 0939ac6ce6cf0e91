# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Disks of the virtual machine: made from folders, without mounts.

# disk_image DIR FILE: an ext4 file system with these files, to be read alone
disk_image() {
	local size

	size=$(du -sm --apparent-size "$1" | cut -f1)
	# Inodes and half empty blocks: small files take more than their size.
	size=$((size + size / 3 + 16))
	rm -f "$2.new"
	mke2fs -q -t ext4 -O ^has_journal,^resize_inode -m 0 -d "$1" "$2.new" "${size}M" \
		>>"$LOG" 2>&1 || die "cannot make the disk $2, see $LOG"
	mv "$2.new" "$2"
}

guest_packages() {
	sed '/^#/d' "$VM_DIR/guest-packages"
}

# guest_suite SUITE: of the guest for a kernel that the table has from there
guest_suite() {
	case $1 in
	host | script) echo bookworm ;;
	*) echo "${1%-backports}" ;;
	esac
}

# guest_image SUITE: where the disk with the guest's root is, or will be
guest_image() {
	local key

	key=$(
		guest_packages
		declare -f debian_sources debian_root disk_image
	)
	key=$(sha256sum <<<"$key" | cut -c 1-12)
	printf '%s\n' "$(cache_dir)/guest-$1-$key.ext4"
}

# prepare_guest SUITE
prepare_guest() {
	local suite=$1 image dir

	image=$(guest_image "$suite")
	[[ ! -e $image ]] || return 0
	dir=$image.root
	say "making the guest's root, Debian $suite (1 to 3 minutes)"
	# Those of killed runs as well: nobody else is here.
	rm -rf --one-file-system "$(cache_dir)/guest-$suite"-*.root
	# shellcheck disable=SC2046
	debian_root "$suite" "$dir" $(guest_packages)
	disk_image "$dir" "$image"
	rm -rf --one-file-system "$dir"
}
