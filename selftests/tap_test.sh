#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests tap.awk: outputs of programs that did well, badly or died, and the
# verdicts that they must get; and the table of the scripts' numbers. Prints TAP itself.

set -uo pipefail
cd "$(dirname "$0")" || exit
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
number=0 failed=0

# judge NAME STATUS VERDICTS: of the output on standard input; verdicts are
# "verdict:test" words in the order in which they must be recorded
judge() {
	local name=$1 got

	: >"$DIR/results"
	echo "$2" >"$DIR/status"
	awk -v PROGRAM=prog -v RESULTS="$DIR/results" -v STATUS="$DIR/status" \
		-v LIMIT=1 -f tap.awk >/dev/null
	got=$(awk -F '\t' '{ gsub(/ /, "_", $3); printf "%s%s:%s", s, $1, $3; s = " " }' \
		"$DIR/results")
	if [[ $got == "$3" ]]; then
		echo "ok $((++number)) $name"
	else
		echo "# expected '$3', got '$got'"
		echo "not ok $((++number)) $name"
		failed=1
	fi
}

# The same number once, different ones both, nothing where all told of nothing.
scripts_table() {
	mkdir "$DIR/a" "$DIR/b"
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' script load what same 5 5 script load what other 5 6 \
		script load what none 0 0 >"$DIR/a/agreed"
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' script load what same 7 7 >"$DIR/b/agreed"
	awk -f trace/lib/table.awk "$DIR/a/agreed" "$DIR/b/agreed" | tr -s ' ' >"$DIR/table"
	diff "$DIR/table" - <<-'END'
		script workload what it tells counter a b
		script load what same 5 7
		script load what other 5 != 6 -
	END
}

echo "1..18"
judge "all well" 0 "pass:a pass:b" <<<$'TAP version 13\n1..2\nok 1 a\nok 2 - b'
judge "plan at the end" 0 "pass:a pass:b" <<<$'ok 1 a\nok 2 b\n1..2'
judge "a failure" 1 "pass:a fail:b" <<<$'1..2\nok 1 a\n# why\nnot ok 2 b'
judge "a skip with its reason" 0 "skip:a" <<<$'1..1\nok 1 a # SKIP no such thing'
judge "a skip of the harness" 0 "skip:test_1" <<<$'1..1\nok 1 # SKIP no such thing'
judge "all skipped" 4 "skip:all" <<<'1..0 # SKIP not here'
judge "an expected failure" 0 "pass:a" <<<$'1..1\nok 1 a # XFAIL known'
judge "one planned test is missing" 0 "pass:a fail:plan" <<<$'1..2\nok 1 a'
judge "one test too many" 0 "pass:a pass:b fail:plan" <<<$'1..1\nok 1 a\nok 2 b'
judge "no plan" 0 "pass:a fail:plan" <<<$'ok 1 a'
judge "died after its tests" 139 "pass:a fail:exit_status" <<<$'1..1\nok 1 a'
judge "died before its tests" 139 "fail:exit_status" <<<''
judge "says nothing" 0 "fail:all" <<<'hello'
judge "ended by the time limit" 124 "pass:a fail:plan fail:time_limit" <<<$'1..2\nok 1 a'
judge "bails out" 1 "pass:a fail:bail_out fail:plan" <<<$'1..2\nok 1 a\nBail out! no'
judge "nested results count once" 0 "pass:x pass:y pass:b" \
	<<<$'1..2\n    1..2\n    ok 1 x\n    ok 2 y\nok 1 a\nok 2 b'
judge "two programs' output" 1 "pass:a fail:plan fail:b" \
	<<<$'TAP version 13\n1..2\nok 1 a\nTAP version 13\n1..1\nnot ok 1 b'
if scripts_table >"$DIR/said"; then
	echo "ok $((++number)) the table of scripts and counters"
else
	sed 's/^/# /' "$DIR/said"
	echo "not ok $((++number)) the table of scripts and counters"
	failed=1
fi
exit $failed
