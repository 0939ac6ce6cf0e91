#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cowtrace: what a script lacks is said in one line, and nothing is started. Prints
# TAP.

set -uo pipefail
# shellcheck source=selftests/trace/lib/bpftrace.sh
. "$(dirname "$0")/lib/bpftrace.sh"

# refused LINE CMD…: ends with status 2 and this one line
refused() {
	local line=$1 error status=0
	shift

	error=$("$@" 2>&1) || status=$?
	equal "status" "$status" 2 || { echo "$error"; return 1; }
	[[ $error == *"$line"* && $(wc -l <<<"$error") == 1 ]] || complain "$error"
}

# Each script, but for the one that needs no module
refused_without_module() {
	local script

	unload
	for script in "$TOP"/tools/bpftrace/*.bt; do
		script=$(basename "$script" .bt)
		[[ $script == cowwitness ]] ||
			refused "the module is not loaded, which $script needs" \
				"$COWTRACE" "$script" || return
	done
}

# A copy of the scripts, in which a name is another
refused_without() {
	cp -r "$TOP/tools/bpftrace" "$dir"
	sed -i "s/$1/$2/" "$dir/bpftrace/$3.bt"
	refused "$4" "$dir/bpftrace/cowtrace" "$3"
}

refused_without_event() {
	load
	refused_without cowstat:cow_reuse cowstat:cow_other cowmap "has no event cow_other"
}

refused_without_function() {
	refused_without '_move_anon_rmap' _move_other cowwitness \
		"no function page_move_other or folio_move_other"
}

refused_without_bpftrace() {
	mkdir "$dir/bin"
	cp -s /usr/bin/{bash,realpath,dirname,id,sed,awk,grep} "$dir/bin"
	refused "no bpftrace: apt-get install bpftrace" \
		env PATH="$dir/bin" "$COWTRACE" cowbreaks
}

lists_scripts() {
	local script said

	said=$("$COWTRACE" --help) || complain "$said" || return
	for script in "$TOP"/tools/bpftrace/*.bt; do
		[[ $said == *"$(basename "$script") [PID]"* ]] ||
			complain "no $script: $said" || return
	done
}

echo "TAP version 13"
echo "1..8"
check "without the module" refused_without_module
check "with a module that lacks an event" refused_without_event
check "on a kernel that lacks a function" refused_without_function
check "without root" refused "only root can trace" \
	setpriv --reuid 65534 --clear-groups "$COWTRACE" cowbreaks
check "without bpftrace" refused_without_bpftrace
check "with a PID that is none" refused "takes the number of a process" "$COWTRACE" cowbreaks x1
check "with a script that is none" refused "no script cownone: there are" "$COWTRACE" cownone
check "its help lists all scripts" lists_scripts
finish
