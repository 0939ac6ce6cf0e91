#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads the KUnit tests, in a kernel that has KUnit, and prints their results
# from the kernel's log, as TAP with a plan: as many as there are suites.

set -uo pipefail
cd "$(dirname "$0")/../kunit" || exit

mark="kunit: $$ $RANDOM"
echo "$mark" >/dev/kmsg
insmod ./cowstat_kunit.ko "$@" || exit
suites=(/sys/kernel/debug/kunit/cowstat-*)
rmmod cowstat_kunit
echo "KTAP version 1"
echo "1..${#suites[@]}"
dmesg -t | sed "1,/$mark/d"
