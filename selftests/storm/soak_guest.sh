#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# soak_guest.sh MINUTES [STORM…]: all storms, or those named, in turn, as TAP, on a
# machine without the module.

set -uo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
ALL=(memory readers hotplug limits tracers load)
number=0 failed=0 seconds=

# storm NAME
storm() {
	local output status=0

	output=$("$HERE/$1.sh" "$seconds" 2>&1) || status=$?
	sed 's/^\(# \)\?/# /' <<<"$output"
	if ((status == 4)); then
		echo "ok $((++number)) $1 # SKIP $(sed -n 's/^skip: //p' <<<"$output")"
		return
	fi
	! [[ -e /sys/module/cowstat ]] || rmmod cowstat
	((!status)) || { failed=1; printf 'not '; }
	echo "ok $((++number)) $1"
}

main() {
	local minutes=$1 name start
	shift

	(($#)) || set -- "${ALL[@]}"
	seconds=$((minutes * 60 / $#))
	echo "TAP version 13"
	echo "1..$#"
	for name; do
		start=$SECONDS
		echo "# $name: $seconds seconds"
		storm "$name"
		echo "# $name took $((SECONDS - start)) s"
	done
	exit $failed
}

main "$@"
