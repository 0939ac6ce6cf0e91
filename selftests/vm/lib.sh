# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What the scripts of selftests/ share: where things are, how to say things.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
BUILD=$ROOT/build
VM_DIR=$ROOT/selftests/vm
VM_ENV=$BUILD/vm.env
# Debian 12's kernel series; and the kernel to boot, a name of vm/kernels.
SERIES=6.1
KERNEL=${KERNEL:-6.1}

# Standard error, so that a script's output stays what it was asked for.
say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$@"
	exit 2
}

# The cache outlives the clone; where it cannot be written, build/ must do.
cache_dir() {
	local home=${HOME:-/root}
	local dir=${COWSTAT_CACHE:-${XDG_CACHE_HOME:-$home/.cache}/cowstat}

	if mkdir -p "$dir" 2>/dev/null && [[ -w $dir ]]; then
		printf '%s\n' "$dir"
	else
		mkdir -p "$BUILD/cache" && printf '%s\n' "$BUILD/cache"
	fi
}

# kernel_env NAME: setup.sh's file of variables
kernel_env() {
	printf '%s\n' "$BUILD/vm-$1.env"
}

# vm OPTION…: a machine that does not outlive this script
vm() {
	setpriv --pdeathsig TERM "$ROOT/selftests/vm/vm.sh" "$@"
}

# reports_of LOG [REGEX]: lines of a kernel's log in which it reports a bug, but for those
# that match; and not its command line, which the kernel says too
reports_of() {
	awk -f "$VM_DIR/foreign_races.awk" "$1" 2>/dev/null |
		grep -nE -f "$VM_DIR/console.deny" | grep -v '[Cc]ommand line: ' |
		if [[ ${2:-} ]]; then grep -vE -- "$2"; else cat; fi
}
