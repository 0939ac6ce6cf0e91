# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts in the guest: what the checkers of a sanitizer kernel have to say
# that is not in the kernel's log by itself. On other kernels it does nothing.

KMEMLEAK=/sys/kernel/debug/kmemleak
KCSAN=/sys/kernel/debug/kcsan
KCSAN_TIMES=/sys/module/kcsan/parameters

# An emulated processor does little in the 80 microseconds for which KCSAN waits at
# one access for another processor to come by.
wait_for_races() {
	[[ -e $KCSAN ]] || return 0
	echo 500 >$KCSAN_TIMES/udelay_task
	echo 100 >$KCSAN_TIMES/udelay_interrupt
	echo 2000 >$KCSAN_TIMES/skip_watch
}

# checkers_begin: what has leaked until now is not the module's
checkers_begin() {
	wait_for_races
	[[ -e $KMEMLEAK ]] || return 0
	echo scan >$KMEMLEAK
	echo clear >$KMEMLEAK
}

# An object is a suspect from its fifth second on, if no pointer to it is found.
# One whose pointer was in a register then is none any more in the next scan, which
# takes half a minute.
find_leaks() {
	for _ in 1 2; do
		sleep 6
		echo scan >$KMEMLEAK || echo "kmemleak is off"
		grep -q . $KMEMLEAK || return
	done
	cat $KMEMLEAK
}

# checkers_leaks WHEN: adds a result; what was found is left in $OUT
checkers_leaks() {
	local file=$OUT/kmemleak-${1// /-}

	[[ -e $KMEMLEAK ]] || return 0
	find_leaks >"$file" 2>&1
	if [[ -s $file ]]; then
		result fail kmemleak "$1" "$(grep -c '^unreferenced' "$file") objects, see ${file##*/}"
	else
		result pass kmemleak "$1"
		rm -f "$file"
	fi
}

# Lockdep and the checker of objects switch themselves off, some of that without
# a word that is looked for.
checkers_off() {
	[[ ! -e /proc/lockdep_stats ]] || grep -q 'debug_locks: *1$' /proc/lockdep_stats ||
		echo lockdep
	[[ ! -e $KCSAN ]] || grep -qx 'enabled: 1' $KCSAN || echo KCSAN
	! dmesg | grep -E 'ODEBUG: .*disabled|kmemleak: .*disabled|[Tt]urning off the locking'
}

# checkers_end WHEN: adds a result
checkers_end() {
	local off

	[[ -e /proc/lockdep_stats || -e $KMEMLEAK ]] || return 0
	off=$(checkers_off)
	if [[ $off ]]; then
		result fail checkers "on $1" "off: ${off//$'\n'/; }"
	else
		result pass checkers "on $1"
	fi
}
