#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh FLAVOUR key | make DIR
#
# Builds a kernel that checks itself while it runs, from Debian's linux-source,
# as ../vm/kernels wants it: prints a word for all that it is made from, or makes
# it in DIR. The configuration is guest.config, checkers.config, FLAVOUR.config:
#
#	memory	KASAN, lockdep, kmemleak, UBSAN, debug objects, fault injection
#	race	KCSAN
#
# It takes 10 to 20 minutes on two processors, and 3 GB of disk while it does.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"
# shellcheck source=selftests/vm/packages.sh
. "$VM_DIR/packages.sh"

DIR=$ROOT/selftests/sanitize
PACKAGES=("linux-source-$SERIES" gcc make flex bison bc libelf-dev libssl-dev
	lz4 perl kmod xz-utils)
# What a module is built with; the rest of the tree goes.
KEEP=(Makefile .config Module.symvers include scripts tools/objtool/objtool
	arch/x86/Makefile arch/x86/include)

# The log by the way for early messages (see guest.config), which have to stay on;
# a timer that is late on a busy host is no broken one; all of KASAN's reports, not
# the first alone.
APPEND="console=ttynull earlyprintk=ttyS0,keep no_timer_check kasan_multi_shot"

source_version() {
	dpkg-query -W -f '${Version}' "linux-source-$SERIES"
}

fragments() {
	printf '%s\n' "$DIR/guest.config" "$DIR/checkers.config" "$DIR/$1.config"
}

# What the kernel is made from, and how: the rest of this script may change.
ingredients() {
	source_version
	gcc -dumpfullversion
	fragments "$1" | xargs cat
	echo "$APPEND" "${KEEP[@]}"
	declare -f configure pick
}

# make_kernel TREE ARG…: everything into the log
make_kernel() {
	make -C "$1" "${@:2}" >>"$LOG" 2>&1
}

unpack() {
	say "unpacking linux-source-$SERIES"
	mkdir -p "$1"
	tar -xJf "/usr/src/linux-source-$SERIES.tar.xz" -C "$1" --strip-components=1
}

# An option of which a dependency is missing falls out in silence.
check_config() {
	local tree=$1 line name lost=''

	while read -r line; do
		case $line in
		"# CONFIG_"*" is not set")
			name=${line#\# }
			! grep -q "^${name% is not set}=" "$tree/.config" ||
				lost+=" ${name% is not set} (is set)" ;;
		CONFIG_*)
			grep -qxF -- "$line" "$tree/.config" || lost+=" $line" ;;
		esac
	done <"$tree/wanted.config"
	[[ ! $lost ]] ||
		die "not in the configuration of Linux $SERIES:$lost; what do they depend on?"
}

configure() {
	local tree=$1

	fragments "$2" | xargs cat >"$tree/wanted.config"
	make_kernel "$tree" KCONFIG_ALLCONFIG=wanted.config allnoconfig ||
		die "cannot configure the kernel, see $LOG"
	check_config "$tree"
}

# A line now and then; make itself says one for each file.
progress() {
	awk '/^  (CC|AS|LD|AR) / && !(++n % 250) { print "  " n " files"; fflush() }' >&2
}

compile() {
	say "compiling it: about 2000 files"
	make -C "$1" -j "$(nproc)" bzImage modules 2>&1 | tee -a "$LOG" | progress ||
		die "cannot compile the kernel: $(grep -m 1 -E 'error|Error' "$LOG"), see $LOG"
}

# pick TREE DIR: what is needed of the tree
pick() {
	local tree=$1 dir=$2

	mkdir -p "$dir"/{boot,kdir}
	make_kernel "$tree" INSTALL_MOD_PATH="$dir" modules_install ||
		die "cannot install the kernel's modules, see $LOG"
	rm -f "$dir"/lib/modules/*/{build,source}
	cp "$tree/arch/x86/boot/bzImage" "$dir/boot/vmlinuz"
	cp "$tree/System.map" "$dir/boot"
	tar -c -C "$tree" --exclude='*.o' --exclude='*.cmd' "${KEEP[@]}" |
		tar -x -C "$dir/kdir"
	echo "$APPEND" >"$dir/append"
}

build() {
	: >"$LOG"
	install_packages "${PACKAGES[@]}"
	tree=$(mktemp -d "$BUILD/linux.XXXXXX")
	trap 'rm -rf "$tree"' EXIT
	say "building the kernel '$1' (once; 10 to 20 minutes)"
	unpack "$tree"
	configure "$tree" "$1"
	compile "$tree"
	pick "$tree" "$2"
}

key() {
	ingredients "$1" | sha256sum | cut -c 1-12
}

main() {
	local flavour=${1:-} action=${2:-} dir=${3:-}

	[[ -e $DIR/${flavour:-none}.config ]] || die "no kernel '$flavour': memory or race"
	mkdir -p "$BUILD"
	LOG=$BUILD/kernel-$flavour.log
	case $action in
	key) key "$flavour" ;;
	make) [[ -d $dir ]] || die "no folder '$dir' to make it in"
		build "$flavour" "$dir" ;;
	*) die "key or make, not '$action'" ;;
	esac
}

main "$@"
