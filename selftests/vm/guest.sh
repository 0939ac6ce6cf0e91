#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The virtual machine's process 1, on the guest's root: sets up what an init
# would, unpacks the clone, runs the job, hands out its output, files and exit
# status, powers off.
# If it fails itself the kernel panics, and its log ends with the reason.

set -e
JOB=/run/cowstat
. "$JOB/env"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8 COWSTAT_OUT=$JOB/out COWSTAT_VM=1 KERNEL

# What udev would link.
links() {
	ln -s /proc/self/fd /dev/fd
	ln -s /proc/self/fd/0 /dev/stdin
	ln -s /proc/self/fd/1 /dev/stdout
	ln -s /proc/self/fd/2 /dev/stderr
}

mounts() {
	mkdir -p /dev/pts /dev/shm
	mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 shm /dev/shm
	mount -t tmpfs -o mode=1777 tmpfs /tmp
	mount -t debugfs debugfs /sys/kernel/debug
	mount -t tracefs tracefs /sys/kernel/tracing
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mkdir -p /lib/modules
	mount -t ext4 -o ro "$(disk modules)" /lib/modules
}

# disk NAME: its device
disk() {
	for dir in /sys/block/vd*; do
		[ "$(cat "$dir/serial")" != "$1" ] || echo "/dev/${dir##*/}"
	done
}

clone() {
	mkdir -p "$ROOT" "$COWSTAT_OUT"
	tar -xf "$(disk clone)" -C "$ROOT"
}

network() {
	hostname cowstat-vm
	ip link set lo up
}

# port NAME: the device of a virtio port
port() {
	for dir in /sys/class/virtio-ports/*; do
		[ "$(cat "$dir/name")" != "$1" ] || echo "/dev/${dir##*/}"
	done
}

# Nothing that the job left may hold its output open. Kernel threads have no
# command line and take no signal.
kill_all_but() {
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		case $pid in 1 | "$1") continue ;; esac
		kill -9 "$pid" || :
	done 2>/dev/null
}

# A pipe stands between the job and the port, which cannot be opened twice, as
# programs do that write to /dev/stdout.
job() {
	mkfifo "$JOB/pipe"
	cat "$JOB/pipe" >"$(port output)" &
	cat=$!
	echo "vm: the command begins" >/dev/kmsg
	(cd "$ROOT" && . "$JOB/command") >"$JOB/pipe" 2>&1 </dev/null &
	status=0
	wait $! || status=$?
	kill_all_but $cat
	wait $cat || :
}

hand_out() {
	tar -cf "$(port files)" -C "$COWSTAT_OUT" .
	echo "exit $status" >"$(port status)"
}

links
mounts
network
clone
job
hand_out
echo o >/proc/sysrq-trigger
# The disks may be gone before the power is: no program can be run any more.
while :; do :; done
