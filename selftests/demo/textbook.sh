#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The workload 'textbook', stopped after each step to read /proc/cowstat. The
# table counts from step 1 on; B's columns begin with its birth.

set -euo pipefail

declare -A start

# row PID: its shared, broken and reused pages since step 1
row() {
	local now i

	read -ra now < <(awk -v pid="$1" '$1 == pid && NF >= 13 { print $4, $5, $6 }' /proc/cowstat)
	[[ ${start[$1]:-} ]] || start[$1]="${now[*]}"
	read -ra first <<<"${start[$1]}"
	for i in 0 1 2; do
		printf ' %7d' $((now[i] - first[i]))
	done
}

# step LINE: 'step 2/5 A=136 B=137: what happened'
step() {
	local line=$1 text=${1#*: } a b

	[[ $line =~ A=([0-9]+) ]] && a=${BASH_REMATCH[1]}
	[[ $line =~ B=([0-9]+) ]] && b=${BASH_REMATCH[1]}
	printf '%-67s' "${line:5:1}  $text"
	row "$a"
	printf '  '
	if [[ ${b:-} ]]; then
		[[ ${start[$b]:-} ]] || start[$b]="0 0 0"
		row "$b"
	fi
	echo
}

main() {
	local line work

	printf '%-67s %7s %25s\n' '' A: B:
	printf '%-67s %7s %7s %7s   %7s %7s %7s\n' Step shared broken reused \
		shared broken reused
	coproc WORK { exec tools/cowstat workload textbook --steps 2>&1; }
	# bash takes both away as soon as it has seen the workload end.
	# shellcheck disable=SC2153 # set by coproc
	work=$WORK_PID
	exec {answers}<&"${WORK[0]}" {go}>&"${WORK[1]}"
	while read -r line <&"$answers"; do
		[[ $line == step* ]] || continue
		step "$line"
		echo >&"$go"
	done
	wait "$work"
	echo
	tools/cowstat verify textbook | tail -n 1
}

main
