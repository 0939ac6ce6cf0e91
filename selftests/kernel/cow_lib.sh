# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# The module as scripts see it: whether it is there, what it says, and what it
# leaves behind. What is wrong is printed, with status 1.

COW_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KO=${COWSTAT_KO:-$COW_DIR/../../cowstat.ko}
TRACING=/sys/kernel/tracing

complain() {
	echo "$*"
	return 1
}

loaded() {
	[[ -e /sys/module/cowstat ]]
}

# The rest of the line "state"
state() {
	sed -n 's/^state //p; /^$/q' /proc/cowstat
}

# value NAME: of the system
value() {
	awk -v name="$1" 'NF == 0 { exit } $1 == name { print $2 }' /proc/cowstat
}

# The sums in one reading, which must hold at any time
sums_hold() {
	awk 'NF == 0 { exit } { v[$1] = $2 } END {
		parts = v["broken_anon"] + v["broken_file"]
		parts += v["broken_ksm"] + v["broken_hugetlb"]
		if (v["broken"] != parts ||
		    v["broken_anon"] != v["broken_child"] + v["broken_parent"] ||
		    v["pool_local"] + v["pool_remote"] != v["broken"] + v["zero_filled"]) {
			for (name in v)
				print name, v[name]
			exit 1
		}
	}' /proc/cowstat
}

nothing_left() {
	local path

	for path in /proc/cowstat /dev/cowstat /sys/module/cowstat /sys/class/misc/cowstat; do
		[[ ! -e $path ]] || complain "$path is still there" || return
	done
	! grep -q cowstat /proc/misc || complain "a device is still registered"
}

# Slower to look for
no_trace_left() {
	nothing_left || return
	! grep -q '\[cowstat\]' /proc/kallsyms || complain "symbols are still there" || return
	! grep -q cowstat "$TRACING/enabled_functions" 2>/dev/null ||
		complain "a function is still hooked"
}
