#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests vm.sh: what a command says and leaves comes out, and a machine that
# dies, hangs or reports a bug is never taken for one that did well. TAP.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/lib.sh"

DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
number=0 failed=0

check() {
	local name=$1
	shift

	if "$@" >"$DIR/said" 2>&1; then
		echo "ok $((++number)) $name"
	else
		sed 's/^/# /' "$DIR/said"
		echo "not ok $((++number)) $name"
		failed=1
	fi
}

# ends STATUS MESSAGE OPTION… -- CMD…: so does vm.sh, saying MESSAGE
ends() {
	local want=$1 message=$2 status=0
	shift 2

	vm --log "$DIR/console" --out "$DIR/out" "$@" >"$DIR/output" 2>"$DIR/error" ||
		status=$?
	cat "$DIR/output" "$DIR/error"
	echo "status $status, expected $want, '$message'"
	((status == want)) && grep -q -- "$message" <(cat "$DIR/error"; echo)
}

# shellcheck disable=SC2016 # the guest's variables
everything_comes_out() {
	ends 7 '' -- sh -c 'printf "%s|" a "b  c" "$0"; echo >&2 d; echo e >"$COWSTAT_OUT/file"; exit 7' \
		"it's \\ \"quoted\" \$HOME" || return
	[[ $(<"$DIR/output") == "a|b  c|it's \\ \"quoted\" \$HOME|d" ]] || return
	[[ $(<"$DIR/out/file") == e ]]
}

# shellcheck disable=SC2016 # the guest's variables
nothing_else_comes_out() {
	local stray=$ROOT/stray.$$

	ends 0 '' -- sh -c 'echo >"$0" && cat "$0" && ! ls build .git' "$stray" || return
	[[ ! -e $stray ]] || { rm "$stray"; return 1; }
}

# race STATUS MESSAGE FRAME…: a report of KCSAN with this stack, as if it were one
# shellcheck disable=SC2016 # the guest's variables
race() {
	local line='=================================='

	ends "$1" "$2" -- sh -c 'for line; do echo "$line" >/dev/kmsg; done' sh "$line" \
		'BUG: KCSAN: data-race in a / b' 'read to 0xffff of 8 bytes by task 1 on cpu 0:' \
		"${@:3}" "$line"
}

# A write waits for ever where a file system is frozen. Its machine ends at once.
stuck() {
	ends 125 'panicked' -- sh -c 'cd /proc/sys/kernel &&
		echo 2 >hung_task_timeout_secs && echo 1 >hung_task_check_interval_secs &&
		modprobe loop && truncate -s 8M /tmp/disk && mkfs.ext4 -q /tmp/disk &&
		mount /tmp/disk /mnt && fsfreeze -f /mnt && touch /mnt/file' || return
	grep -q 'blocked for more than' "$DIR/error"
}

# twice: before the command has begun, but not after
booted_twice() {
	ends 125 'once more' --append rdinit=/nothing -- true || return
	grep -q 'the kernel panicked' "$DIR/error" || return
	grep -q '^Kernel panic - ' "$DIR/error" || return
	[[ -s $DIR/console-first.log && -s $DIR/console ]] || return
	ends 125 'panicked' -- sh -c 'echo c >/proc/sysrq-trigger; sleep 1000' || return
	! grep 'once more' "$DIR/error"
}

# qemu FILE VERSION: one that says so
qemu() {
	mkdir -p "${1%/*}"
	printf '#!/bin/sh\necho "QEMU emulator version %s (Debian)"\n' "$2" >"$1"
	chmod +x "$1"
}

# finds FILE VERSION: with one of that version on the path
# shellcheck disable=SC2034 # LOG is qemu.sh's
finds() (
	. "$VM_DIR/qemu.sh"
	qemu "$DIR/bin/qemu-system-x86_64" "$2"
	PATH=$DIR/bin:$PATH COWSTAT_CACHE=$DIR/cache LOG=$DIR/log
	lock() { exec 7>"$2"; }
	debian_apt() { return 1; }
	find_qemu 2>"$DIR/error"
	cat "$DIR/error"
	[[ ! -e /proc/$BASHPID/fd/7 ]] || { echo "the lock is still held"; return 1; }
	echo "$QEMU, expected $1"
	[[ $QEMU == "$1" ]]
)

old_qemu() {
	local new=$DIR/cache/qemu-10.0/qemu-system-x86_64

	finds "$DIR/bin/qemu-system-x86_64" 8.1.2 || return
	[[ ! -s $DIR/error ]] || return
	finds "$DIR/bin/qemu-system-x86_64" 7.2.22 || return
	grep -q 'cannot have the QEMU' "$DIR/error" || return
	qemu "$new" 10.0.2
	finds "$DIR/bin/qemu-system-x86_64" 7.2.22 || return
	: >"${new%/*}/complete"
	finds "$new" 7.2.22 && [[ ! -s $DIR/error ]]
}

echo "1..14"
check "output, files and exit status" everything_comes_out
check "nothing that was written elsewhere" nothing_else_comes_out
check "a bug that the kernel reports" \
	ends 125 'reported a bug: .*WARNING: test' -- sh -c 'echo "WARNING: test" >/dev/kmsg'
check "a data race of the module" \
	race 125 'reported a bug: .*data-race' ' a+0x1/0x2' ' b+0x1/0x2 [cowstat]'
check "a data race of the kernel with itself is none" \
	race 0 '' ' a+0x1/0x2' ' b+0x1/0x2'
check "nor is one where the module was interrupted" \
	race 0 '' ' a+0x1/0x2' ' asm_exc_page_fault+0x1/0x2' ' b+0x1/0x2 [cowstat]'
check "a panic, at boot and later" booted_twice
check "a kernel that is stuck" stuck
check "a machine that ends too early" \
	ends 125 'ended before the command' -- sh -c 'echo o >/proc/sysrq-trigger; sleep 1000'
check "a machine that hangs" \
	ends 125 'hung: ended after 30 seconds' --timeout 30 -- sleep 1000
check "a machine that cannot start" \
	ends 125 'did not start' --mem 99999999G -- true
check "a kernel that there is not" ends 2 "no kernel 'nonsense'" --kernel nonsense -- true
check "an old QEMU gives way to a new one" old_qemu
check "an option that there is not" ends 2 'no option --nonsense' --nonsense 1 -- true
exit $failed
