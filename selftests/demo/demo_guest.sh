#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh's part in the virtual machine.

set -euo pipefail

heading() {
	local bold='' plain=''

	[[ -z ${DEMO_COLOR:-} ]] || bold=$'\e[1m' plain=$'\e[0m'
	printf '\n%s%s%s\n\n' "$bold" "$1" "$plain"
}

insmod cowstat.ko
heading "1. The textbook: A and B share the pages X, Y and Z; A modifies Z"
selftests/demo/textbook.sh
heading "2. Redis saves a snapshot while clients go on writing"
selftests/demo/redis.sh
rmmod cowstat
