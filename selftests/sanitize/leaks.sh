# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What kmemleak has to say, in a kernel that has it.

KMEMLEAK=/sys/kernel/debug/kmemleak

# An object becomes a suspect when it is five seconds old and no pointer to it is
# found; one whose pointer was in a register at the time is found by the next
# scan, and no suspect any more.
leaks_forget() {
	echo scan >$KMEMLEAK && echo clear >$KMEMLEAK
}

# Prints what has leaked since leaks_forget, for which it waits for RCU's
# callbacks and for the objects' age.
leaks_found() {
	local i

	for i in 1 2; do
		sleep 6
		echo scan >$KMEMLEAK || echo "kmemleak is off"
	done
	cat $KMEMLEAK
}

# leaks_none WHEN: adds a result, where there is kmemleak
leaks_none() {
	local found

	[[ -e $KMEMLEAK ]] || return 0
	found=$(leaks_found 2>&1)
	if [[ ! $found ]]; then
		result pass kmemleak "$1"
		return
	fi
	result fail kmemleak "$1" "$(grep -c '^unreferenced' <<<"$found") objects, see the kernel's log"
	echo "$found" >/dev/kmsg
}
