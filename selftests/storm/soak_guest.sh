#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# soak_guest.sh MINUTES [STORM…]: all storms, or those named, in turn, on a machine
# without the module: a TAP document each, and at the end what was survived in all.
# Loading, which is slow, gets half of the time.

set -uo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
ALL=(memory readers curious hotplug limits tracers failures load)

# share NAME: its seconds
share() {
	if ((${#storms[@]} == 1)); then
		echo $((minutes * 60))
	elif [[ " ${storms[*]} " != *" load "* ]]; then
		echo $((minutes * 60 / ${#storms[@]}))
	elif [[ $1 == load ]]; then
		echo $((minutes * 30))
	else
		echo $((minutes * 30 / (${#storms[@]} - 1)))
	fi
}

# The sum of the lines "survived"
total() {
	awk '$2 == "survived:" {
		gsub(",", "")
		for (i = 3; i < NF; i += 2)
			sum[$(i + 1)] += $i
	} END {
		printf "# survived in all: %d forks, %d exits, %d faults, %d loads, %d calls\n",
			sum["forks"], sum["exits"], sum["faults"], sum["loads"], sum["calls"]
	}' "$1"
}

all_in_turn() {
	local name seconds start failed=0

	for name in "${storms[@]}"; do
		seconds=$(share "$name")
		start=$SECONDS
		echo "# $name: $seconds seconds"
		"$HERE/$name.sh" "$seconds" || failed=1
		echo "# $name took $((SECONDS - start)) seconds"
	done
	return $failed
}

main() {
	local minutes=$1 output
	local -a storms=("${@:2}")
	local verdict="books balanced"

	((${#storms[@]})) || storms=("${ALL[@]}")
	output=$(mktemp)
	all_in_turn 2>&1 | tee "$output" || verdict="NOT all well, see 'not ok' above"
	total "$output"
	echo "# $verdict"
	[[ $verdict == books* ]]
}

main "$@"
