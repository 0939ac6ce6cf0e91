#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check_kernel.sh KERNEL: check.sh's part for one kernel. Builds the module for
# it, then runs all kselftests, `cowstat verify --all`, programs with its witnesses
# and the storms' short forms in the virtual machine. The results are left in build/check/KERNEL.

set -uo pipefail
KERNEL=$1
export KERNEL
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

OUT=$BUILD/check/$KERNEL
RESULTS=$OUT/results
# The virtual machine's, for all tests together.
VM_LIMIT=$((3 * LIMIT))
# Virtual machines at a time
JOBS=${COWSTAT_GUESTS:-1}

# tests_of VARIABLE: of the Makefile
tests_of() {
	local path

	for path in $(make -s --no-print-directory -C selftests/kernel \
		--eval "list:; @echo \$($1)" list); do
		printf '%s\n' "${path##*/}"
	done
}

# workloads [--all]
workloads() {
	tools/cowstat workload --list "$@" | awk '{ print $1 }'
}

special_workloads() {
	workloads --all | grep -vxFf <(workloads)
}

# Those of selftests/witness, and the workloads
witnessed() {
	local path

	echo workloads
	for path in selftests/witness/*.sh; do
		basename "$path" .sh
	done
}

# Those of tracing, on the kernels that people trace on
traced() {
	local path

	case $KERNEL in
	6.1 | 6.12 | 7.3)
		for path in selftests/trace/*.sh; do
			basename "$path" .sh
		done
		;;
	esac
}

# All on the machine's own kernel; on a sanitizer kernel the one that needs it, and
# on the others that one which no test of selftests/kernel stands for.
storms() {
	case $KERNEL in
	6.1) sed -n 's/^ALL=(\(.*\))/\1/p' selftests/storm/soak_guest.sh ;;
	memory) echo failures ;;
	*) echo load ;;
	esac
}

# What was asked for and left no result did not run, and that is a failure.
account() {
	local name

	for name; do
		awk -F '\t' -v name="$name" '$2 == name { found = 1 } END { exit !found }' \
			"$RESULTS"* || result fail "$name" all "did not run"
	done
}

# guest MACHINE OPTIONS KIND NAMES [KIND NAMES…]: run_guest, as soon as there is room
# beside others; what runs beside others has the machine's name before each line
guest() {
	if ((JOBS == 1)); then
		run_guest "$@"
		return
	fi
	(($(jobs -pr | wc -l) < JOBS)) || wait -n
	run_guest "$@" 2>&1 | sed -u "s/^/$(printf '%-10s' "$1")/" &
}

# run_guest MACHINE OPTIONS KIND NAMES [KIND NAMES…]: the tests of each kind, one after
# the other, in a machine with these options
run_guest() {
	local machine=$1 log=$OUT/console-$1.log status=0
	local -a options names kinds=() expected=()

	read -ra options <<<"$2"
	shift 2
	while (($#)); do
		read -ra names < <(xargs <<<"$2")
		((${#names[@]})) || { result fail "$1" all "cannot list the tests"; return; }
		kinds+=(+ "$1" "${names[@]}")
		case $1 in
		verify | special) names=("${names[@]/#/verify/}") ;;
		witness) names=("${names[@]/#/witness/}") ;;
		trace) names=("${names[@]/#/trace/}") ;;
		storms) names=("${names[@]/#/storm/}") ;;
		esac
		expected+=("${names[@]}")
		shift 2
	done
	vm --timeout "$VM_LIMIT" --out "$OUT" --log "$log" "${options[@]}" -- \
		env COWSTAT_TEST_LIMIT="$LIMIT" selftests/check_guest.sh "${kinds[@]:1}" ||
		status=$?
	if ((status)); then
		result fail vm "$machine" "exit status $status, see ${log#"$ROOT/"}"
	else
		result pass vm "$machine"
	fi
	account "${expected[@]}"
}

# Those that trace, have witnesses, or load the module themselves patch the kernel under
# load. The latter need memory for more than the least that max_processes is.
guests() {
	local -a witness=()

	[[ $KERNEL != 6.1 ]] || witness=(witness "$(witnessed)")
	# The longest first
	[[ ! $(traced) ]] || guest tracing --turns trace "$(traced)"
	guest loading "--turns --mem 5G --append slub_debug=A,cowstat_process" \
		storms "$(storms)" unloaded "$(tests_of TEST_PROGS)" "${witness[@]}"
	guest loaded "--numa 2" loaded "$(tests_of TEST_GEN_PROGS)" \
		verify "$(workloads)" special "$(special_workloads)"
	wait
}

main() {
	cd "$ROOT" || exit
	mkdir -p "$OUT"
	: >"$RESULTS"
	if ! selftests/vm/setup.sh "$KERNEL"; then
		result fail setup "$KERNEL" "see above"
		return
	fi
	sed -n 's/^KRELEASE=//p' "$(kernel_env "$KERNEL")" >"$OUT/release"
	run_test module selftests/build.sh "$KERNEL"
	run_test broken selftests/broken/build.sh "$KERNEL"
	! grep -q ^fail "$RESULTS" || return 0
	SECONDS=0
	guests
	echo "$SECONDS" >"$OUT/seconds"
}

main
: >"$OUT/done"
