# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A kernel of the table ./kernels, brought into the cache. An entry of the cache
# is used only if the file "complete" is in it; it is laid out as the table says
# of scripts, and has the root to build modules in where there is one:
#
#	boot/vmlinuz  lib/modules/RELEASE  modules.img  kdir or root/

# kernel_line NAME: its suite and source
kernel_line() {
	awk -v name="$1" '$1 == name { print $2, $3 }' "$VM_DIR/kernels"
}

kernel_names() {
	awk '/^[^#]/ { print $1 }' "$VM_DIR/kernels"
}

# newest_headers SUITE PACKAGE: release and version of what it depends on
newest_headers() {
	debian_apt "$1" apt-cache show --no-all-versions "$2" 2>/dev/null |
		sed -n 's/^Depends: .*linux-headers-\([^ ]*\) (= \([^)]*\)).*/\1 \2/p'
}

# The newest installed headers of the series decide which kernel is booted.
installed_headers() {
	local dir

	for dir in /usr/src/linux-headers-"$SERIES".*-amd64; do
		[[ -d $dir && $dir != *-cloud-* && $dir != *-rt-* ]] || continue
		printf '%s\n' "${dir#/usr/src/linux-headers-}"
	done | sort -V | tail -n 1
}

# image_packages IMAGE VERSION [CMD…]: the package, and those of the same version
# that have its parts from 7.x on
image_packages() {
	local image=$1 version=$2
	shift 2

	echo "$image=$version"
	"$@" apt-cache show "$image=$version" | sed -n 's/^Depends: //p' | tr ',' '\n' |
		sed -n "s/^ *\(linux-[^ ]*\) (= .*/\1=$version/p"
}

# Debian's image is not installed: that would build an initrd and touch the boot
# loader.
# unpack_image RELEASE VERSION [CMD…]: fetched with apt, as CMD runs it
unpack_image() {
	local image=linux-image-$1 version=$2 debs=$entry/debs
	shift 2

	say "downloading $image (30 to 110 MB) and unpacking it"
	mkdir "$debs"
	(
		cd "$debs" || exit
		# shellcheck disable=SC2046
		"$@" apt-get download $(image_packages "$image" "$version" "$@")
	) >>"$LOG" 2>&1 ||
		die "cannot download $image, see $LOG; is a newer one out? apt-get update, and install its headers"
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$entry"
	done
	rm -rf "$debs"
	[[ -e $entry/lib ]] || ln -s usr/lib "$entry/lib"
	mkdir -p "$entry/boot"
	# From 7.x on it is among the modules.
	mv "$(compgen -G "$entry/boot/vmlinuz-*" || compgen -G "$entry/lib/modules/*/vmlinuz")" \
		"$entry/boot/vmlinuz"
}

# The kernel without its wrapper saves the guest the unpacking: 3 of 8 seconds.
# QEMU starts it only where it has the note for that (CONFIG_PVH).
unwrap_kernel() {
	local plain=$1/boot/vmlinux

	"$SOURCES_DIR/scripts/extract-vmlinux" "$1/boot/vmlinuz" >"$plain" 2>/dev/null &&
		readelf -n "$plain" 2>/dev/null | grep 'Xen.*(0x00000012)' >/dev/null ||
		rm -f "$plain"
}

# finish_kernel DIR: what is made of each in the same way
finish_kernel() {
	local dir=$1 release

	release=$(kernel_release "$dir")
	[[ $release ]] || die "no lib/modules/RELEASE in $dir"
	depmod -b "$dir" "$release"
	unwrap_kernel "$dir"
	disk_image "$(realpath "$dir/lib/modules")" "$dir/modules.img"
	: >"$dir/complete"
}

kernel_release() {
	basename "$1"/lib/modules/*
}

# What a module is built with, beside the headers and what they depend on.
BUILD_PACKAGES=(make gcc dwarves)

# recipe: changes with what makes Debian's entries
recipe() {
	{
		echo "${BUILD_PACKAGES[@]}"
		declare -f debian_sources debian_root image_packages unpack_image \
			unwrap_kernel finish_kernel disk_image
	} | sha256sum | cut -c 1-8
}

# begin_entry NAME: leaves its folder in entry, empty; 1 if it is complete
begin_entry() {
	entry=$(cache_dir)/kernel-$1
	[[ ! -e $entry/complete ]] || return
	rm -rf --one-file-system "$entry"
	mkdir -p "$entry"
}

# host_kernel PACKAGE
host_kernel() {
	local release version

	release=$(installed_headers)
	[[ $release ]] ||
		die "no headers of Linux $SERIES in /usr/src: $1 of Debian 12 has them"
	version=$(dpkg-query -W -f '${Version}' "linux-headers-$release")
	begin_entry "host-${release}_$version-$(recipe)" || return 0
	unpack_image "$release" "$version"
	ln -s "/usr/src/linux-headers-$release" "$entry/kdir"
	finish_kernel "$entry"
}

# suite_kernel SUITE PACKAGE
suite_kernel() {
	local suite=$1 release version

	debian_apt "$suite" apt-get update >>"$LOG" 2>&1 ||
		say "cannot update the list of packages of $suite, see $LOG; going on with the old one"
	read -r release version < <(newest_headers "$suite" "$2") || :
	[[ $version ]] || die "no $2 in Debian's $suite, see $LOG"
	begin_entry "$suite-${release}_$version-$(recipe)" || return 0
	unpack_image "$release" "$version" debian_apt "$suite"
	say "making a root of Debian $suite to build modules in (30 to 90 seconds)"
	debian_root "$suite" "$entry/root" "${BUILD_PACKAGES[@]}" "linux-headers-$release=$version"
	finish_kernel "$entry"
}

# script_kernel NAME SCRIPT
script_kernel() {
	local script=$ROOT/$2 key

	key=$("$script" key) || die "'$2 key' failed"
	begin_entry "$1-$key" || return 0
	"$script" make "$entry" >&2 || die "'$2 make' failed"
	finish_kernel "$entry"
}

# write_kernel_env NAME SUITE DIR
write_kernel_env() {
	local name=$1 suite=$2 dir=$3 env image kdir root='' ko release

	env=$(kernel_env "$name")
	release=$(kernel_release "$dir")
	image=$dir/boot/vmlinux kdir=$dir/kdir ko=$BUILD/kernels/$name/cowstat.ko
	[[ -e $image ]] || image=$dir/boot/vmlinuz
	[[ ! -e $dir/root ]] || root=$dir/root kdir=/usr/src/linux-headers-$release
	[[ $suite != host ]] || ko=$ROOT/cowstat.ko kdir=$(readlink "$dir/kdir")
	cat >"$env.new" <<-END
	KERNEL=$name
	KRELEASE=$release
	KIMAGE=$image
	KMODULES=$dir/lib/modules/$release
	KMODULES_IMAGE=$dir/modules.img
	GUEST_IMAGE=$(guest_image "$(guest_suite "$suite")")
	KAPPEND='$(cat "$dir/append" 2>/dev/null)'
	KDIR=$kdir
	KROOT=$root
	KO=$ko
	END
	mv "$env.new" "$env"
}

# prepare_kernel NAME
prepare_kernel() {
	local name=$1 suite source entry shared

	read -r suite source < <(kernel_line "$name") ||
		die "no kernel '$name': there are $(kernel_names | xargs), see selftests/vm/kernels"
	lock 8 "$(cache_dir)/lock-guest-$(guest_suite "$suite")"
	prepare_guest "$(guest_suite "$suite")"
	shared=$suite
	# A script may take long: it shall keep nobody waiting but for the same.
	[[ $suite != script ]] || shared=$name
	lock 8 "$(cache_dir)/lock-$shared"
	case $suite in
	host) host_kernel "$source" ;;
	script) script_kernel "$name" "$source" ;;
	*) suite_kernel "$suite" "$source" ;;
	esac
	write_kernel_env "$name" "$suite" "$entry"
	say "ready: kernel $name, Linux $(kernel_release "$entry")"
}

# kernel_in_place NAME: is all that its file of variables names still there? A
# script must also still want the same.
kernel_in_place() {
	local env suite source path

	env=$(kernel_env "$1")
	[[ -e $env && $env -nt $VM_DIR/kernels && $env -nt $VM_DIR/kernel.sh ]] || return
	read -r suite source < <(kernel_line "$1") || return
	[[ $suite != script ]] ||
		grep -q "^KIMAGE=.*/kernel-$1-$("$ROOT/$source" key)/" "$env" || return
	grep -qx "GUEST_IMAGE=$(guest_image "$(guest_suite "$suite")")" "$env" || return
	for path in $(sed -n 's/^\(GUEST_IMAGE\|KIMAGE\|KMODULES\|KMODULES_IMAGE\|KROOT\)=//p' "$env"); do
		[[ -e $path ]] || return
	done
}
