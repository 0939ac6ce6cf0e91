#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What one user can take of the module's handles, kept processes and memory: no more
# than half, all users together no more than three quarters, and root has the rest.
# Whoever takes all that it can get has no effect on others. Prints TAP.

set -uo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=selftests/kernel/cow_lib.sh
. "$HERE/cow_lib.sh"
COWSTAT=$HERE/../../tools/cowstat
DIR=$(mktemp -d)
A=65534 B=65533 C=65532
GROUP=/sys/fs/cgroup/cowstat-quota
number=0 failed=0 holders=()

# hold WHAT UID [N]: sets got to how much that user has got, and then why no more
hold() {
	mkfifo "$DIR/fifo"
	"$HERE/quotas" "$@" >"$DIR/fifo" &
	holders+=($!)
	read -r got <"$DIR/fifo"
	rm "$DIR/fifo"
}

release() {
	local pid

	for pid in "${holders[@]}"; do
		kill -KILL "$pid"
		wait "$pid"
	done 2>/dev/null
	holders=()
}

# got_is WHAT 'N ERRNO'
got_is() {
	[[ $got == "$2" ]] || complain "$1: $got, expected $2"
}

# check NAME CMD…: what it says is its diagnosis
check() {
	local name=$1 verdict=ok
	shift

	! loaded || rmmod cowstat
	"$@" >"$DIR/said" 2>&1 || verdict='not ok'
	release
	sed 's/^/# /' "$DIR/said"
	echo "$verdict $((++number)) $name"
	[[ $verdict == ok ]] || failed=1
}

# Root's, with all processes of the tree
run_is_exact() {
	local report

	report=$("$COWSTAT" run --json -- sh -c 'true; for i in 1 2 3 4 5; do /bin/true; done' \
		3>&1 >/dev/null 2>&3) || complain "run: $report" || return
	[[ $(jq -r .state <<<"$report") == exact ]] || complain "run: $report" || return
	(($(jq '.processes | length' <<<"$report") == 6)) ||
		complain "processes: $(jq -c '[.processes[].comm]' <<<"$report")"
}

handles() {
	insmod "$KO" max_handles=32 || return
	hold handles $A
	got_is "one user" "16 ENOSPC" || return
	run_is_exact || return
	hold handles $B
	got_is "a second one" "8 ENOSPC" || return
	hold handles $C
	got_is "a third one" "0 ENOSPC" || return
	run_is_exact || return
	hold handles 0
	got_is "root" "8 ENOSPC"
}

handles_come_back() {
	insmod "$KO" max_handles=32 || return
	hold handles $A
	release
	hold handles $A
	got_is "once more" "16 ENOSPC" || return
	release
	hold handles 0
	got_is "root alone" "32 ENOSPC"
}

# For a descriptor that A has opened A pays, and it does not matter that it is root.
kept() {
	insmod "$KO" max_processes=400 || return
	hold kept $A 600
	((${got% *} <= 200)) || complain "$got are kept for one user, of 400" || return
	((${got% *} > 0)) || complain "none is kept" || return
	hold kept $B 600
	((${got% *} > 0)) || complain "none is kept for a second user" || return
	run_is_exact || return
	[[ $(state) == exact ]] || complain "$(state)"
}

can_read() {
	"$HERE/../../tools/cowstat" show --json >/dev/null && cat /proc/cowstat >/dev/null
}

readings() {
	insmod "$KO" max_reading_mb=1 || return
	hold readings $A 100
	[[ $got == *ENOSPC ]] || complain "one user: $got" || return
	((${got% *} > 0)) || complain "one user: $got" || return
	can_read || complain "root cannot read" || return
	run_is_exact || return
	hold readings $B 100
	[[ $got == *ENOSPC ]] || complain "a second user: $got" || return
	((${got% *} > 0)) || complain "a second user: $got" || return
	can_read || complain "root cannot read beside two" || return
	run_is_exact || return
	release
	hold readings $A 100
	((${got% *} > 0)) || complain "once more: $got"
}

# Half a MiB is 800 bytes each for 600 processes, or for three of the user's own.
readings_hold_what_is_seen() {
	insmod "$KO" max_reading_mb=1 || return
	hold sleepers 0 600
	hold readings $A 2
	((${got% *} >= 40)) || complain "readings beside 600 processes of others: $got"
}

# slab: what the cgroup is charged for, once that has settled
slab() {
	local last='' now

	until now=$(awk '$1 == "slab_unreclaimable" { print $2 }' "$GROUP/memory.stat")
		[[ $now == "$last" ]]; do
		last=$now
		sleep 0.2
	done
	echo "$now"
}

end_group() {
	echo 1 >"$GROUP/cgroup.kill"
	until rmdir "$GROUP"; do sleep 0.1; done 2>/dev/null
}

# charges BYTES: three hundred of that size are charged as long as they are kept
charges() {
	local few many none

	hold kept $A 16
	few=$(slab)
	release
	hold kept $A 316
	many=$(slab)
	release
	none=$(slab)
	((many - few >= 300 * $1)) ||
		complain "$((many - few)) bytes are charged for 300 of $1" || return
	((none - few < 30 * $1)) || complain "$((none - few)) bytes stay charged"
}

kept_is_charged() {
	local bytes status

	insmod "$KO" || return
	bytes=$(cat /sys/kernel/slab/cowstat_process/object_size) || return
	mkdir "$GROUP" || return
	echo $BASHPID >"$GROUP/cgroup.procs"
	charges "$bytes"
	status=$?
	echo $BASHPID >"$GROUP/../cgroup.procs"
	end_group
	return "$status"
}

# On PREEMPT_RT all are from the reserve.
can_charge() {
	[[ $(uname -v) != *PREEMPT_RT* ]] &&
		echo +memory 2>/dev/null >"${GROUP%/*}/cgroup.subtree_control"
}

quotas_are_told() {
	insmod "$KO" max_handles=32 max_kept=9 max_reading_mb=3 || return
	[[ $(cat /sys/module/cowstat/parameters/max_reading_mb) == 3 ]] ||
		complain "max_reading_mb cannot be seen" || return
	modinfo -F parm "$KO" | grep -q '^max_reading_mb:.\{20\}' ||
		complain "modinfo says nothing on max_reading_mb"
}

main() {
	[[ -e $KO ]] || { echo "1..0 # SKIP no module at $KO"; exit 4; }
	echo "TAP version 13"
	echo "1..7"
	check "handles: a user has half, users have three quarters" handles
	check "handles that are closed can be had again" handles_come_back
	check "gone processes: one user's do not crowd out others'" kept
	if can_charge; then
		check "gone processes are charged to the cgroup that had them" kept_is_charged
	else
		echo "ok $((++number)) gone processes are charged # SKIP not on this kernel"
	fi
	check "readings: one user's do not crowd out others'" readings
	check "a reading holds what its reader may see" readings_hold_what_is_seen
	check "the limit on readings is visible and documented" quotas_are_told
	! loaded || rmmod cowstat
	rm -rf "$DIR"
	exit $failed
}

main
