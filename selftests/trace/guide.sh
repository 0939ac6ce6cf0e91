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

# Percent and stack, function by function from the innermost one out
stacks() {
	perf report -i "$DATA" --stdio --no-children -s comm -g folded,0.5,callee 2>/dev/null |
		grep '^[0-9.]*% .*;'
}

# Python is compiled without frame pointers: stacks are copied, and unwound afterwards.
which_code() {
	perf record -q -m 64M --user-callchains --call-graph dwarf -o "$DATA" \
		-e cowstat:cow_break --filter 'by == 1' -- python3 "$SERVER" || return
	stacks | head -n 1 | tr ';' '\n' | sed '/EvalFrameDefault/q' >"$STACK"
	cat "$STACK"
	awk 'NR == 1 { exit !($1 + 0 > 80) }' "$STACK" || complain "less than 80 %" || return
	grep -q '^deduce_unreachable' "$STACK" && grep -q '^gc_collect' "$STACK" ||
		complain "no collector there: does python3 have its debug symbols (python3-dbg)?"
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
		complain "not line $LINE, $(sed -n "${LINE}p" "$SERVER")"
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
before=0 after=1
check "the workers break what they only read" how_much
check "the code that breaks it is the collector's" which_code
check "the line of Python that starts it is known" which_line
check "with gc.freeze() at most half is broken" what_it_helps
cat <<-END
# pages broken before	$before
# pages broken after	$after
# factor		$(factor)
# line			$(basename "$SERVER"):$LINE $(sed -n "${LINE}s/^[[:space:]]*//p" "$SERVER")
# stack			$(paste -sd ' ' "$STACK")
END
finish
