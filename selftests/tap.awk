# SPDX-License-Identifier: GPL-2.0
#
# Judges the TAP or KTAP that one program printed: a line per test goes to the
# file RESULTS, as "verdict TAB program TAB test TAB remark"; dots and what went
# wrong to standard output. Several TAP documents may follow one another.
#
# A result with indented results before it is their summary and not counted
# again. A program fails as a whole if its plan is missing or wrong, or if it
# ends with a failure of which no test tells. Its exit status is in STATUS.

function record(verdict, test, remark) {
	printf "%s\t%s\t%s\t%s\n", verdict, PROGRAM, test, remark >>RESULTS
	fflush(RESULTS)
	total[verdict]++
	if (++seen % 10 == 0)
		printf "."
	if (verdict == "fail")
		complaints = complaints "  not ok  " test (remark ? ": " remark : "") "\n" notes
	if (verdict == "skip")
		complaints = complaints "  skipped " test ": " remark "\n"
	fflush()
}

function seconds(    now) {
	"date +%s" | getline now
	close("date +%s")
	return now
}

BEGIN { started = seconds() }

# A document, or a nested one, ends: did it keep its plan?
function finish(depth) {
	if (count[depth] && !(depth in plan))
		record("fail", "plan", "no plan: did it die?")
	else if ((depth in plan) && plan[depth] != count[depth])
		record("fail", "plan", plan[depth] " planned, " count[depth] " run")
	delete plan[depth]
	count[depth] = failed[depth] = 0
}

function start_document(depth) {
	if ((depth in plan) || count[depth])
		finish(depth)
}

function result(depth, ok, text,    test, remark, verdict, nested, nested_failed) {
	if ((depth in plan) && count[depth] >= plan[depth] && trailing[depth])
		finish(depth)
	nested = nested_failed = 0
	if (count[depth + 1] || ((depth + 1) in plan)) {
		nested = 1
		nested_failed = failed[depth + 1]
		finish(depth + 1)
	}
	count[depth]++
	test = text
	sub(/^ *[0-9]* *(- )?/, "", test)
	if (match(test, /# *(SKIP|XFAIL|TODO)/)) {
		remark = substr(test, RSTART)
		test = substr(test, 1, RSTART - 1)
		verdict = remark ~ /^# *XFAIL/ ? "pass" : "skip"
		sub(/^# *[A-Z]+:? */, "", remark)
		sub(/ *$/, "", test)
		if (verdict == "skip" && remark == "")
			remark = "no reason given"
	} else {
		verdict = ok ? "pass" : "fail"
	}
	if (test == "")
		test = "test " count[depth]
	if (verdict == "fail")
		failed[depth]++
	if (!nested || (verdict == "fail" && !nested_failed))
		record(verdict, test, remark)
	notes = ""
}

{
	line = $0
	depth = 0
	while (sub(/^    /, "", line))
		depth++
}

line ~ /^TAP version/ || line ~ /^KTAP version/ {
	start_document(depth)
	next
}

line ~ /^1\.\.[0-9]+/ {
	if (depth in plan)
		finish(depth)
	trailing[depth] = count[depth] > 0
	plan[depth] = substr(line, 4) + 0
	if (plan[depth] == 0 && line ~ /# *SKIP/) {
		remark = line
		sub(/^.*# *SKIP:? */, "", remark)
		record("skip", "all", remark ? remark : "no reason given")
	}
	next
}

line ~ /^ok( |$)/ { result(depth, 1, substr(line, 3)); next }
line ~ /^not ok( |$)/ { result(depth, 0, substr(line, 7)); next }
line ~ /^Bail out!/ { record("fail", "bail out", substr(line, 10)); next }

# The harness announces what it will run, which helps nobody.
line !~ /^# +(RUN|OK) / && line != "" {
	notes = notes "    | " line "\n"
	if (length(notes) > 4000)
		notes = substr(notes, length(notes) - 3500)
}

END {
	for (depth = 3; depth >= 0; depth--)
		start_document(depth)
	if ((getline status <STATUS) <= 0)
		status = "unknown"
	if (status == 124 || status == 137)
		record("fail", "time limit", "ended after " LIMIT " seconds")
	else if (status != 0 && status != 4 && !total["fail"])
		record("fail", "exit status", status)
	else if (!seen)
		record("fail", "all", "no test ran")
	printf " %d passed", total["pass"]
	if (total["fail"])
		printf ", %d failed", total["fail"]
	if (total["skip"])
		printf ", %d skipped", total["skip"]
	printf " (%d s)\n%s", seconds() - started, complaints
}
