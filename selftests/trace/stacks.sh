#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cowstat stacks: names the functions of a program whose functions do known amounts of
# work, to the page; agrees with the counters; and says what is wrong. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/session.sh
. "$(dirname "$0")/lib/session.sh"

REPORT=$dir/report

# stacks OPTION… -- CMD…: the report goes to $REPORT
stacks() {
	"$COWSTAT" stacks -o "$REPORT" "$@"
}

# json FILTER
json() {
	jq -r "$1" "$REPORT"
}

# pages_of FUNCTION
pages_of() {
	jq --arg name "$1" '[.functions[] | select(.function == $name).pages] | add // 0' "$REPORT"
}

agrees() {
	equal "lost, and the state" "$(json '"\(.events_lost) \(.state)"')" "0 exact" &&
		equal "pages by $(json .counter)" "$(json .pages)" "$(json .counted)" &&
		equal "the sum of functions" "$(json '[.functions[].pages] | add')" "$(json .pages)" &&
		equal "the sum of stacks" "$(json '[.stacks[].pages] | add')" "$(json .pages)"
}

# names EVENT TOP: each function that touch tells has its pages, TOP has the most
names() {
	local function pages

	stacks --json --event "$1" -- "$TOUCH" >"$dir/told" || return
	while read -r _ function pages; do
		equal "$function" "$(pages_of "$function")" "$pages" || return
	done < <(grep "^$1 " "$dir/told")
	equal "the top" "$(json '.functions[0].function')" "$2" && agrees
}

# line_of FUNCTION: of touch.c, where it writes
line_of() {
	awk -v head=" $1(volatile" 'index($0, head) { found = 1 }
		found && /WRITE_EACH/ { print NR; exit }' "$TRACE/touch.c"
}

names_the_line() {
	stacks --json -- "$TOUCH" >"$dir/told" || return
	equal "the line" "$(json '.functions[0] | "\(.file | sub(".*/"; "")):\(.line) \(.line_pages)"')" \
		"touch.c:$(line_of touch_pages_in_child) 4000"
}

reports() {
	"$COWSTAT" stacks --top 1 -- "$TOUCH" 2>"$REPORT" >"$dir/told" || return
	equal "the first line" "$(awk '/FUNCTION$/ { getline; print $1, $5, $6, $7, $8 }' "$REPORT")" \
		"4000 touch_pages_in_child (touch.c:$(line_of touch_pages_in_child)) in touch" || return
	grep -q '^ *called by run_child < fork_child < main' "$REPORT" &&
		grep -qE "^([0-9]+) pages in [0-9]+ functions; the tree's counter 'broken': \1\.$" "$REPORT" ||
		complain "$(cat "$REPORT")"
}

folds() {
	local path='touch(;[^;]*)?;main;fork_child;run_child;touch_pages_in_child'

	stacks --folded -- "$TOUCH" >"$dir/told" || return
	equal "the stack's pages" "$(sed -nE "s/^$path ([0-9]+)$/\2/p" "$REPORT")" 4000
}

adds_up_processes() {
	stacks --json -- sh -c '"$0" 500; "$0" 300 & wait; cp "$0" "$1"; "$1" 700' \
		"$TOUCH" "$dir/copy" >"$dir/told" || return
	equal "those of one program" "$(json '[.functions[] |
		select(.function == "touch_pages_in_child") | "\(.object) \(.pages)"] | sort | join(" ")')" \
		"copy 700 touch 800" && agrees
}

# Nothing has its symbols any more.
without_file() {
	stacks --json -- sh -c 'cp "$0" "$1"; "$1" 400; rm "$1"' "$TOUCH" "$dir/gone" \
		>"$dir/told" || return
	(($(pages_of '[gone]') >= 408)) || complain "$(pages_of '[gone]') pages in [gone]" || return
	agrees
}

# The file is there, with the same functions, but is another one.
other_file() {
	gcc -O0 -g -fno-omit-frame-pointer -Wl,--build-id="0x$(printf %040d 1)" \
		-o "$dir/other" "$TRACE/touch.c" || return
	stacks --json -- sh -c 'cp "$0" "$1"; "$1" 400; mv "$2" "$1"' \
		"$TOUCH" "$dir/changed" "$dir/other" >"$dir/told" || return
	(($(pages_of '[changed]') >= 408)) || complain "no [changed]" || return
	agrees
}

# The C library keeps no frame pointers: who has called fork() is not seen else.
finds_all_callers() {
	local path='touch;_start;.*;main;fork_child;.*'

	stacks --folded --event fork -- "$TOUCH" >"$dir/told" || return
	! grep -qE "^$path" "$REPORT" || complain "it sees them anyway" || return
	stacks --folded --event fork --dwarf -- "$TOUCH" >"$dir/told" || return
	grep -qE "^$path 4[0-9]{3}$" "$REPORT" || complain "$(cat "$REPORT")" || return
	stacks --json --dwarf -- "$TOUCH" >"$dir/told" || return
	equal "the stack" "$(json '.stacks[0].frames[:4] | join(" ")')" \
		"touch_pages_in_child run_child fork_child main" && agrees
}

# An event is many pages.
counts_huge_pages() {
	local thp=/sys/kernel/mm/transparent_hugepage/enabled before

	before=$(sed 's/.*\[\(.*\)\].*/\1/' $thp)
	echo always >$thp
	stacks --json --event zero -- "$COWSTAT" workload huge-fill >"$dir/told"
	echo "$before" >$thp
	(($(json '[.functions[] | select(.pages > .events)] | length') > 0)) ||
		complain "no huge pages" || return
	agrees
}

with_many_programs() {
	stacks --json -- "$TOP/selftests/witness/compile.sh" >"$dir/told" || return
	equal "unknown" "$(pages_of '[unknown]')" 0 && agrees
}

# Threads, descendants, writes by the kernel and to other processes of the tree
with_many_ways_to_write() {
	local name

	for name in threads prefork vfork-write kernel-read vmsplice uring remote-parent; do
		stacks --json -- "$COWSTAT" workload $name >"$dir/told" || return
		agrees || complain "workload $name" || return
	done
}

# The command stops the tool while its buffers fill up.
loses_and_says_so() {
	stacks --json --buffer 1 -- \
		sh -c 'kill -STOP $PPID; "$0" 30000; kill -CONT $PPID' "$TOUCH" >"$dir/told" || return
	(($(json .events_lost) > 0)) || complain "nothing was lost" || return
	json '"\(.pages) of \(.counted), \(.events_lost) lost"'
	(($(json .counted) >= 30600)) || complain "the counter lost some" || return
	(($(json .pages) < $(json .counted))) &&
		(($(json '.pages + .events_lost - .counted') >= 0)) || complain "these do not add up"
}

# ends STATUS CMD…: with that status
ends() {
	local wanted=$1 status=0
	shift

	stacks -- "$@" >"$dir/told" 2>"$dir/error" || status=$?
	equal "the status" $status "$wanted"
}

# refuses LINE CMD…: status 2 and that line alone; the command is not started
refuses() {
	local line=$1 status=0
	shift

	rm -f "$dir/started"
	"$@" "$COWSTAT" stacks -- touch "$dir/started" >"$dir/told" 2>&1 || status=$?
	equal "the status" $status 2 && [[ ! -e $dir/started ]] || return
	equal "the message" "$(cat "$dir/told")" "cowstat: $line"
}

# in_mounts SCRIPT CMD…: CMD where SCRIPT has changed what is mounted. Whoever has looked
# for tracefs below debugfs has mounted it there as well.
in_mounts() {
	unshare -m sh -c 'umount -q /sys/kernel/debug/tracing
		'"$1"' && shift && "$@"' sh "$@"
}

mounts_tracefs() {
	in_mounts "umount $TRACING" "$COWSTAT" stacks --json -o "$REPORT" -- "$TOUCH" \
		>"$dir/told" && agrees
}

as_nobody() {
	chmod 711 "$dir"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

echo "TAP version 13"
echo "1..23"
load
check "break: each function has its pages" names break touch_pages_in_child
check "reuse: each function has its pages" names reuse take_over_pages
check "zero: each function has its pages" names zero fill_pages
check "the line that did it" names_the_line
check "the report" reports
check "folded stacks" folds
check "processes of a program are added up" adds_up_processes
check "a program that is gone has its pages, and no names" without_file
check "so has one in whose place is another" other_file
check "callers that keep no frame pointer" finds_all_callers
check "huge pages" counts_huge_pages
check "many programs: as many pages as the counter has" with_many_programs
check "many ways to write: the same" with_many_ways_to_write
check "too many events at a time: some are lost, which is said" loses_and_says_so
check "the status of the command" ends 7 sh -c 'exit 7'
check "one that is killed" ends 143 sh -c 'kill $$'
check "one that is not there" ends 127 ./nothing
check "one that cannot be executed" ends 126 "$TRACE/touch.c"
check "tracefs is mounted where it is not" mounts_tracefs
check "no such events" refuses \
	"no trace event cowstat:cow_break in $TRACING: the kernel or the loaded module has been built without it" \
	in_mounts "mount --bind $dir $TRACING/events/cowstat"
check "not as another user" refuses \
	"no permission to read the trace events in $TRACING: run cowstat as root" as_nobody
check "not without perf events" refuses \
	"no permission to trace: run cowstat as root or with CAP_PERFMON" \
	setpriv --bounding-set -perfmon,-sys_admin --inh-caps -perfmon,-sys_admin
unload
check "not without the module" refuses \
	"no /dev/cowstat: the module is not loaded: as root, run 'insmod cowstat.ko'" env
finish
