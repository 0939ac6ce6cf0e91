# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The emulator. Debian 12's runs a fork four times as slowly as later ones, and much
# more often goes on running code that another processor has overwritten. On such a
# machine the one of its backports is unpacked into the cache; it is not installed, and
# uses the libraries that the machine's own brings.

# Since then QEMU locks the pages that it translates.
QEMU_SINCE=8.1
QEMU_SUITE=bookworm-backports
QEMU_PACKAGES=(qemu-system-x86 qemu-system-common qemu-system-data seabios)

# qemu_version PROGRAM
qemu_version() {
	"$1" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p'
}

# is_new PROGRAM: does it run here, and is it new enough?
is_new() {
	local version

	version=$(qemu_version "$1")
	[[ $version ]] && printf '%s\n' "$QEMU_SINCE" "$version" | sort -VC
}

# cached_qemu: the newest in the cache
cached_qemu() {
	local dir

	for dir in "$(cache_dir)"/qemu-*; do
		[[ ! -e $dir/complete ]] || printf '%s\n' "$dir/qemu-system-x86_64"
	done | sort -V | tail -n 1
}

# write_qemu DIR: a program that runs QEMU with its own firmware and modules
write_qemu() {
	cat >"$1/qemu-system-x86_64" <<-'END'
	#!/bin/sh
	here=$(dirname "$(readlink -f "$0")")
	QEMU_MODULE_DIR=$(echo "$here"/usr/lib/*/qemu)
	export QEMU_MODULE_DIR
	exec "$here/usr/bin/qemu-system-x86_64" -L "$here/usr/share/qemu" \
		-L "$here/usr/share/seabios" "$@"
	END
	chmod +x "$1/qemu-system-x86_64"
}

# unpack_qemu: leaves an entry of the cache that is used only if it runs here
unpack_qemu() {
	local version dir deb

	debian_apt "$QEMU_SUITE" apt-get update || return
	version=$(debian_apt "$QEMU_SUITE" apt-cache show --no-all-versions qemu-system-x86 |
		sed -n 's/^Version: \([0-9]*:\)*//p')
	[[ $version ]] || return
	dir=$(cache_dir)/qemu-$version
	rm -rf "$dir"
	mkdir -p "$dir/debs" || return
	(cd "$dir/debs" && debian_apt "$QEMU_SUITE" apt-get download "${QEMU_PACKAGES[@]}") || return
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir" || return
	done
	rm -rf "$dir/debs"
	write_qemu "$dir"
	is_new "$dir/qemu-system-x86_64" && : >"$dir/complete"
}

# find_qemu: leaves in QEMU which one to use
find_qemu() {
	QEMU=$(command -v qemu-system-x86_64)
	! is_new "$QEMU" || return 0
	if ! is_new "$(cached_qemu)"; then
		say "fetching a newer QEMU than $(qemu_version "$QEMU") (14 MB)"
		lock 7 "$(cache_dir)/lock-$QEMU_SUITE"
		unpack_qemu >>"$LOG" 2>&1 ||
			say "cannot have the QEMU of $QEMU_SUITE, see $LOG; this machine's is slower, and fails now and then"
		# A kernel of that suite needs it next, and would wait for this script.
		exec 7>&-
		is_new "$(cached_qemu)" || return 0
	fi
	QEMU=$(cached_qemu)
}
