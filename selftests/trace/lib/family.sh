#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# family.sh DIR: a program, its child and grandchild that run it too, and a child that
# runs another one. Each leaves its pid in a file of DIR, says so, and waits for the end
# of DIR/go.

# member NAME: of the family
member() {
	echo "$BASHPID" >"$dir/$1"
	echo >"$dir/born"
	read -r _ <"$dir/go"
}

dir=$1
if [[ ${2:-} ]]; then
	member "$2"
	exit
fi
(
	(member grandchild) &
	member child
	wait
) &
"$0" "$dir" program &
member root
wait
