#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# redis.sh: a server that forks to save, while it goes on to be written to.

set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
socket=$dir/socket

cli() {
	redis-cli -s "$socket" "$@"
}

fill() {
	redis-benchmark -q -s "$socket" -t set -n 5000 -r 5000 -d 500 >/dev/null
}

redis-server --port 0 --unixsocket "$socket" --dir "$dir" --save '' >/dev/null &
until cli ping &>/dev/null; do
	kill -0 $!
done
fill
cli bgsave
fill
until [[ $(cli info persistence) == *rdb_bgsave_in_progress:0* ]]; do
	:
done
[[ -s $dir/dump.rdb ]]
cli shutdown nosave
wait
