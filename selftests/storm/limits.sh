#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where there is no more: processes for a user, for a cgroup and for the module,
# and memory for a cgroup, with the OOM killer at work.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

GROUP=$CGROUP/cowstat-limit
BOMBS=10
KILLS=5
ROUNDS=20
share=$((LENGTH / 4))

# As nobody: for root there is no limit.
hungry_user() {
	prlimit --nproc=60 setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$STORMS/hungry" processes $BOMBS
}

# limited SETTING… -- CMD…: in a cgroup with these
limited() {
	local result=0

	in_cgroup "$GROUP" "$@" || result=1
	end_cgroup "$GROUP"
	return $result
}

hungry_group() {
	limited pids.max=60 -- "$STORMS/hungry" processes $BOMBS
}

hungry_memory() {
	limited memory.max=48M memory.swap.max=0 -- "$STORMS/hungry" memory $KILLS
}

# rounds OPTIONS FUNCTION
rounds() {
	# shellcheck disable=SC2086
	load $KEEP_ALL || return
	for_seconds $share books --may "$1" bash -c "$2"
	unload
}

kills() {
	awk '$1 == "oom_kill" { print $2 }' /proc/vmstat
}

out_of_memory() {
	local before

	before=$(kills)
	quiet_console
	rounds $ALWAYS,memory hungry_memory
	loud_console
	(($(kills) - before >= KILLS)) ||
		wrong "$(($(kills) - before)) kills by the OOM killer, expected $KILLS"
}

# There is room for those that are there, ./books and the storm's own six; those
# beyond the limit are counted in their ancestors, but what others write to their
# memory is nobody's.
too_many_for_the_module() {
	local living

	load || return
	living=$(value processes)
	unload
	load max_processes=$((living > 10 ? living + 6 : 16)) || return
	for_seconds $share books --may $ALWAYS,limit,owner --forks $((5 * ROUNDS + 4)) \
		"$KERNEL_TESTS/storm" $ROUNDS
	[[ $(state) == degraded*limit* ]] || wrong "beyond the limit, but state $(state)"
	unload
}

export -f hungry_user hungry_group hungry_memory limited
export GROUP BOMBS KILLS
part "a fork bomb of a user with 60 processes" rounds $ALWAYS hungry_user
part "a fork bomb in a cgroup with 60 processes" rounds $ALWAYS hungry_group
part "copies in a cgroup with 48 MB, and the OOM killer" out_of_memory
part "more processes than max_processes" too_many_for_the_module
finish
