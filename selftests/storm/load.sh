#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads and unloads the module again and again in the middle of everything that
# it hooks.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

# The sums in one reading
sums() {
	awk 'NF == 0 { exit } { v[$1] = $2 } END {
		exit v["broken"] != v["broken_anon"] + v["broken_file"] +
				v["broken_ksm"] + v["broken_hugetlb"] ||
			v["broken_anon"] != v["broken_child"] + v["broken_parent"] ||
			v["pool_local"] + v["pool_remote"] != v["broken"] + v["zero_filled"]
	}' /proc/cowstat
}

# Until it is killed. Few: each step of loading waits until all that can run
# have run.
around() {
	"$KERNEL/storm" &
	stress 100000 --vm 1 --vm-bytes 32M --vm-madvise hugepage
}

export -f around stress until_end
export KERNEL

memory_features
in_cgroup cowstat-storm -- bash -c around >/dev/null 2>&1 &
loads=0 forks=0 end=$((SECONDS + LENGTH))
while ((SECONDS < end || loads < 2)); do
	load || break
	loads=$((loads + 1))
	until (($(value forks) > 10)); do sleep 0.1; done
	sums || wrong "the sums do not hold: $(head -n 24 /proc/cowstat)"
	no_loss hook site
	forks=$((forks + $(value forks)))
	rmmod cowstat || wrong "cannot unload under load"
	((!failed)) || break
done
end_cgroup cowstat-storm
wait
memory_features_off
nothing_left
echo "survived: $loads loads, $forks forks seen"
exit $failed
