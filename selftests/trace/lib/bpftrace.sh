# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests of tools/bpftrace share. A script watches a workload that is held
# before its work and after it; the counters of its tree are read at the same
# moments, so that both must tell of the same pages.

# shellcheck source=selftests/trace/lib/session.sh
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"

COWTRACE=$TOP/tools/bpftrace/cowtrace
TRACED=$dir/traced

# What is left over when a test has gone wrong
leave() {
	local pids

	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[[ -z $pids ]] || kill $pids 2>/dev/null
	rm -rf "$dir"
}
trap leave EXIT

declare -A runner root in out skipped
current=

# start_workload NAME [OPTION…]: until it is about to do its work. Leaves its files in
# $dir/NAME, and the root of its tree in root. Status 4: it cannot be done here
start_workload() {
	local own=$dir/$1 write read

	rm -rf "$own"
	mkdir "$own"
	mkfifo "$own/in" "$own/out"
	"$COWSTAT" run --json -o "$own/report" -- "$COWSTAT" workload \
		--sync-in 3 --sync-out 4 "$@" 3<"$own/in" 4>"$own/out" >"$own/said" 2>&1 &
	runner[$1]=$!
	exec {write}>"$own/in" {read}<"$own/out"
	in[$1]=$write out[$1]=$read
	await "$1" B || return
	root[$1]=$(xargs <"/proc/${runner[$1]}/task/${runner[$1]}/children")
}

hang_up() {
	local write=${in[$1]} read=${out[$1]}

	exec {write}>&- {read}<&-
}

# await NAME LETTER: of its hand-shake
await() {
	local letter='' status=0

	read -rn 1 -u "${out[$1]}" letter
	[[ $letter != "$2" ]] || return 0
	hang_up "$1"
	wait "${runner[$1]}" || status=$?
	skipped[$1]=$(tail -n 1 "$dir/$1/said")
	((status == 4)) || complain "status $status: ${skipped[$1]}"
	return $status
}

# work NAME: all of it, between two readings of its counters
work() {
	counters "$1" before
	printf . >&"${in[$1]}"
	await "$1" E || return
	counters "$1" after
}

end_workload() {
	printf . >&"${in[$1]}"
	hang_up "$1"
	wait "${runner[$1]}" || complain "$(cat "$dir/$1/said")" || return
	jq '.processes[].pid' "$dir/$1/report" >"$dir/$1/pids"
}

# counters NAME FILE: of its tree
counters() {
	"$COWSTAT" show --json "${root[$1]}" | jq '.processes[0].tree' >"$dir/$1/$2"
}

# start_script NAME [PID]: until it watches
start_script() {
	local word

	rm -f "$dir/ready" "$dir/end"
	mkfifo "$dir/ready" "$dir/end"
	exec 7<>"$dir/ready" 8<>"$dir/end"
	{
		"$COWTRACE" -c "/bin/sh $TRACE/lib/hold.sh $dir" "$@" >"$TRACED" 2>&1
		echo ended >&7
	} &
	tracer=$!
	read -r word <&7
	[[ $word == attached ]] || complain "$(cat "$TRACED")"
}

end_script() {
	echo >&8
	wait "$tracer"
	exec 7>&- 8>&-
	! grep -E 'ERROR|WARNING|Lost' "$TRACED"
}

# watch SCRIPT WORKLOAD…: leaves the script's output in TRACED. All wait while one
# works, so that nothing of them is seen but their work. A single one is watched
# alone.
watch() {
	local script=$1 name tree=0
	shift

	for name; do
		start_workload "$name" || [[ ${skipped[$name]:-} ]] || return
		current=$name
	done
	(($# > 1)) || tree=${root[$1]}
	start_script "$script" "$tree" || return
	for name; do
		[[ ${skipped[$name]:-} ]] || work "$name" || return
	done
	end_script || return
	for name; do
		[[ ${skipped[$name]:-} ]] || end_workload "$name" || return
	done
}

# gain COUNTER: of the current workload's tree, by its work
gain() {
	jq -n --arg name "$1" --slurpfile before "$dir/$current/before" \
		--slurpfile after "$dir/$current/after" '$after[0][$name] - $before[0][$name]'
}

# total MAP [REGEX]: the sum of those values of a map of which the first key is one of
# the current workload's processes, and all keys match
total() {
	awk -v map="@$1[" -v keys="${2:-.}" -v pids=" $(xargs <"$dir/$current/pids") " '
		index($0, map) == 1 {
			key = pid = substr($0, length(map) + 1)
			sub(/\]: [0-9]+$/, "", key)
			sub(/[],].*/, "", pid)
			if (key ~ keys && index(pids, " " pid " "))
				sum += $NF
		}
		END { print sum + 0 }' "$TRACED"
}

# Is each key of these maps there once?
unique() {
	local twice

	twice=$(grep -oE "^@($1)\[.*\]:" "$TRACED" | sort | uniq -d)
	[[ ! $twice ]] || complain "more than once: $twice"
}

# For the table of all scripts (table.awk), where somebody wants it
AGREED=${COWSTAT_OUT:-$dir}/agreed

# agree WHAT TOTAL COUNTER: is it what the counter gained?
agree() {
	local gained

	gained=$(gain "$3")
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(basename "$0" .sh)" "$current" "$1" "$3" "$2" "$gained" \
		>>"$AGREED"
	equal "$1" "$2" "$gained"
}

# check_workload NAME CMD…: a test of one that was watched, or a skip
check_workload() {
	current=$1
	shift
	if [[ ${skipped[$current]:-} ]]; then
		skip "$current" "${skipped[$current]}"
	else
		check "$current" "$@"
	fi
}

# check_workloads CMD NAME…: the same of each
check_workloads() {
	local name cmd=$1
	shift

	for name; do
		check_workload "$name" "$cmd"
	done
}
