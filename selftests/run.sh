# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Runs test programs that print TAP, on the host and in the virtual machine.

# Only there to end a hang, on the slowest machine.
LIMIT=${COWSTAT_TEST_LIMIT:-1200}

# run_test NAME CMD…: the output is kept in $OUT/NAME.tap, the verdicts are
# added to $RESULTS
run_test() {
	local name=$1 status_file=$OUT/status-${1//\//-}
	shift

	printf '%-28s' "$name"
	rm -f "$status_file"
	{
		timeout -k 10 "$LIMIT" "$@" 2>&1 </dev/null
		echo $? >"$status_file"
	} | tee "$OUT/${name//\//-}.tap" |
		awk -v PROGRAM="$name" -v RESULTS="$RESULTS" -v LIMIT="$LIMIT" \
			-v STATUS="$status_file" -f "$ROOT/selftests/tap.awk"
	rm -f "$status_file"
}

# summary FILE…: of results, with the failures, each with the folder of its file; fails
# if a test did, or none passed
summary() {
	awk -F '\t' '
	{ n[$1]++ }
	$1 == "fail" {
		where = FILENAME
		sub(/\/[^\/]*$/, "", where)
		sub(/.*\//, "", where)
		print "failed on " where ": " $2 ": " $3 ($4 ? ": " $4 : "")
	}
	END {
		printf "%d passed, %d failed, %d skipped\n", n["pass"], n["fail"], n["skip"]
		exit n["fail"] || !n["pass"]
	}' "$@"
}

# result VERDICT PROGRAM TEST [REMARK]: of what is no TAP
result() {
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >>"$RESULTS"
	[[ $1 == pass ]] || printf '%-28s %s: %s\n' "$2" "$3" "${4:-}"
}
