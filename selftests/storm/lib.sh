# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What all storms share. A storm is a script that gets how many seconds it may
# take, or 0 for the least that it can do. It consists of parts, each of which
# loads the module itself and is one result of the TAP that it prints. How much
# was survived is counted as it goes.

# Known in the shells as well that ./books runs.
set -a
STORMS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/kernel/cow_lib.sh
. "$STORMS/../kernel/cow_lib.sh"

KERNEL_TESTS=$STORMS/../kernel
CGROUP=/sys/fs/cgroup
BACKGROUND=$CGROUP/cowstat-background
LENGTH=${1:-${LENGTH:-0}}
# All that are gone stay listed, so that they can be summed up.
KEEP_ALL="max_processes=1000000 max_kept=1000000"
# On every kernel and any load: more faults than there is room for.
ALWAYS=flight

failed=0

# wrong WHAT…: goes on, but the part has failed
wrong() {
	echo "$*"
	failed=1
}

# must CMD…
must() {
	"$@" || failed=1
}

# no_loss REASON…: the state may be degraded, but not for these
no_loss() {
	local reason

	for reason in "$@"; do
		[[ $(state) != *$reason* ]] || wrong "state $(state)"
	done
}

# for_seconds SECONDS CMD…: again and again, once at least
for_seconds() {
	local end=$((SECONDS + $1))
	shift

	while "$@" && ((!failed && SECONDS < end)); do :; done
}

# books [OPTION…] CMD…: a program, or a function of the storm
# Programs that the kernel itself runs, to load modules, are nobody's children:
# once they are gone they are in no list.
books() {
	local modprobe=/proc/sys/kernel/modprobe before

	before=$(cat $modprobe)
	echo >$modprobe
	must "$STORMS/books" "$@"
	echo "$before" >$modprobe
}

# Everything in a cgroup is ended with it.
end_cgroup() {
	while [[ -d $1 ]]; do
		echo 1 >"$1/cgroup.kill"
		rmdir "$1" || sleep 0.1
	done 2>/dev/null
}

# in_cgroup GROUP FILE=VALUE… -- CMD…: in a new one with these settings
in_cgroup() {
	local group=$1 setting
	shift

	echo +memory +pids 2>/dev/null >"$CGROUP/cgroup.subtree_control" || :
	mkdir "$group"
	while [[ $1 != -- ]]; do
		setting=$1
		echo "${setting#*=}" >"$group/${setting%%=*}" || wrong "no $setting"
		shift
	done
	shift
	(echo "$BASHPID" >"$group/cgroup.procs" && exec "$@")
}

# background CMD…: until end_background, with all that comes of it
background() {
	[[ -d $BACKGROUND ]] || mkdir "$BACKGROUND"
	(echo "$BASHPID" >"$BACKGROUND/cgroup.procs" && "$@") >/dev/null 2>&1 &
}

end_background() {
	end_cgroup "$BACKGROUND"
	wait
}

# The exact counters of workloads: of some in the short form
workloads() {
	local -a some=(textbook both-write grandchildren threads)
	local table

	((!LENGTH)) || some=()
	table=$("$COW_DIR/../../tools/cowstat" verify "${some[@]}" 2>&1) || complain "$table"
}

# stress ARG…: stress-ng's, of which each kind has to do its --KIND-ops. As root
# it would inject failures of memory.
stress() {
	setpriv --reuid 65534 --regid 65534 --clear-groups stress-ng --quiet \
		--temp-path /tmp --oomable --timeout 1000 --vm-bytes 16M \
		--vm-madvise hugepage --mremap-bytes 4M --userfaultfd-bytes 4M "$@"
}
set +a

# --- the parts, and what was survived; in the storm's own shell alone

declare -A survived=([loads]=0 [forks]=0 [exits]=0 [faults]=0 [calls]=0)
SAID=$(mktemp -d)
number=0 status=0 skipped=''

faults() {
	awk '$1 == "pgfault" { print $2 }' /proc/vmstat
}

load() {
	insmod "$KO" "$@" || { wrong "cannot load the module: $(dmesg | tail -n 1)"; return 1; }
	faults_before=$(faults)
	living_before=$(value processes)
}

unload() {
	local forks

	forks=$(value forks)
	survived[loads]=$((survived[loads] + 1))
	survived[forks]=$((survived[forks] + forks))
	survived[exits]=$((survived[exits] + forks - $(value processes) + living_before))
	survived[faults]=$((survived[faults] + $(faults) - faults_before))
	rmmod cowstat || wrong "cannot unload the module"
}

# skip WHY: the part that called it returns then
skip() {
	skipped=$*
}

# part NAME CMD…: what CMD says is its diagnosis
part() {
	local name=$1 verdict=ok remark=''
	shift

	failed=0 skipped=''
	"$@" >"$SAID/part" 2>&1
	if loaded; then
		unload >>"$SAID/part" 2>&1
	fi
	must no_trace_left >>"$SAID/part" 2>&1
	sed 's/^\(# \)\?/# /' "$SAID/part"
	((!failed)) || { verdict='not ok'; status=1; }
	[[ ! $skipped || $failed != 0 ]] || remark=" # SKIP $skipped"
	echo "$verdict $((++number)) $name$remark"
}

# The storm's end
finish() {
	rm -rf "$SAID"
	echo "1..$number"
	echo "# survived: ${survived[loads]} loads, ${survived[forks]} forks," \
		"${survived[exits]} exits, ${survived[faults]} faults, ${survived[calls]} calls"
	exit $status
}

# The OOM killer and memory that cannot be had show call traces, which are signs
# of trouble elsewhere: they stay out of the console, and the log is looked
# through for all others.
quiet_console() {
	mark="cowstat storm $$ $RANDOM"
	echo "$mark" >/dev/kmsg
	dmesg -n 2
}

loud_console() {
	local log trouble

	dmesg -n 7
	log=$(dmesg | sed "1,/$mark/d")
	trouble=$(grep -n -E -f "$STORMS/../vm/console.deny" <<<"$log" |
		grep -v 'Call Trace' | head -n 1)
	[[ ! $trouble ]] || wrong "the kernel's log: $(sed -n "${trouble%%:*},+60p" <<<"$log")"
}
