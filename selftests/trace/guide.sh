#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guide.sh: the story of docs/tracing.md, from the question to the line of code, and what
# the line costs before and after the fix. Prints TAP, with all that it finds.

set -uo pipefail
# shellcheck source=selftests/trace/lib/session.sh
. "$(dirname "$0")/lib/session.sh"

SERVER=$TRACE/gc_workers.py
DATA=$dir/perf.data
STACKS=$dir/stacks
STACK=$dir/stack
# The line of the server that the trail leads to
LINE=$(grep -n 'gc.collect()' "$SERVER" | cut -d: -f1)

# pages OPTION…: that the workers of such a server broke
pages() {
	"$COWSTAT" run --json -o "$REPORT" -- python3 "$SERVER" "$@" &&
		counter broken_child
}

# Each worker breaks a third of what it inherited, at least, though it only reads.
how_much() {
	"$COWSTAT" run -o "$dir/text" -- python3 "$SERVER" || return
	sed -n '/PID STATE/,/^$/p; /^Of /p' "$dir/text"
	before=$(pages) || return
	(("$before" * 3 > $(counter inherited))) || complain "only $before pages were broken"
}

# Percent and stack, function by function from the innermost one out; those that the
# compiler has put into others take minutes to find.
stacks() {
	perf report -i "$DATA" --stdio --no-children --no-inline -s comm \
		-g folded,0.5,callee 2>/dev/null | grep '^[0-9.]*% .*;'
}

# percent REGEX: of the pages, by stacks with that
percent() {
	awk -v regex="$1" '$0 ~ regex { n += $1 } END { print int(n) }' "$STACKS"
}

# Python is compiled without frame pointers: stacks are copied, and unwound afterwards.
# record_breaks OPTION…: of Python
record_breaks() {
	perf record -q -m 64M --user-callchains --call-graph dwarf -o "$DATA" \
		-e cowstat:cow_break --filter 'by == 1' -- python3 "$@" "$SERVER" &&
		stacks >"$STACKS"
}

which_code() {
	record_breaks || return
	head -n 1 "$STACKS" | tr ';' '\n' | sed '/EvalFrameDefault/q' >"$STACK"
	cat "$STACK"
	(($(percent gc_collect) > 80)) ||
		complain "not the collector: does python3 have its debug symbols (python3-dbg)?"
}

# Up to 3.11 Python has a probe at each line, from 3.12 on it can name functions to perf.
says_lines() {
	readelf -n "$(realpath "$(command -v python3)")" 2>/dev/null |
		grep 'Name: line$' >/dev/null
}

# The script is at work from its first line on.
which_line() {
	coproc bpftrace "$TRACE/pyline.bt" 2>&1
	local bpftrace=$COPROC_PID out=${COPROC[0]} line

	until read -r line <&"$out" && [[ $line == Tracing* ]]; do
		[[ $line ]] || complain "bpftrace has ended" || return
	done
	exec 8<&"$out"
	python3 "$SERVER"
	kill -INT "$bpftrace"
	grep '^@pages' <&8 >"$dir/lines"
	tail -n 3 "$dir/lines" | sed "s,$TOP/,,"
	tail -n 1 "$dir/lines" | grep -q "gc_workers.py, $LINE\]" ||
		complain "not line $LINE, $(sed -n "${LINE}p" "$SERVER")" || return
	where="line $LINE: $(sed -n "${LINE}s/^[[:space:]]*//p" "$SERVER")"
}

which_function() {
	record_breaks -X perf || return
	echo "$(percent 'gc_collect.*;py::work:.*gc_workers.py') % by py::work"
	(($(percent 'gc_collect.*;py::work:.*gc_workers.py') > 80)) || complain "$(cat "$STACKS")" || return
	where="function work"
}

# factor: with one digit
factor() {
	awk -v before="$before" -v after="$after" 'BEGIN { printf "%.1f\n", before / after }'
}

what_it_helps() {
	after=$(pages --freeze) || return
	echo "pages broken by the workers: $before before, $after after gc.freeze()"
	echo "a factor of $(factor)"
	((before >= 2 * after))
}

echo "TAP version 13"
echo "1..4"
load
before=0 after=1 where=unknown
check "the workers break what they only read" how_much
check "the code that breaks it is the collector's" which_code
if says_lines; then
	check "the line of Python that starts it is known" which_line
else
	check "the function of Python that starts it is known" which_function
fi
check "with gc.freeze() at most half is broken" what_it_helps
cat <<-END
# pages broken before	$before
# pages broken after	$after
# factor		$(factor)
# by			$(basename "$SERVER"), $where
# stack			$(paste -sd ' ' "$STACK")
END
finish
