#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# postgres.sh: a cluster is made, and a process for each client of pgbench is forked
# by the server, which is a daemon.

set -euo pipefail
BIN=$(echo /usr/lib/postgresql/*/bin)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# The server will not be root's.
as_postgres() {
	setpriv --reuid postgres --regid postgres --clear-groups "$BIN/$1" "${@:2}"
}

chown postgres: "$dir"
cd "$dir"
as_postgres initdb -D "$dir/data" --no-sync -A trust >"$dir/initdb.log"
as_postgres pg_ctl -D "$dir/data" -w -t 600 -l "$dir/server.log" \
	-o "-k $dir -c listen_addresses= -c fsync=off" start >/dev/null
as_postgres pgbench -h "$dir" -i -q postgres >/dev/null 2>&1
as_postgres pgbench -h "$dir" -n -c 4 -t 25 postgres | grep 'actually processed'
as_postgres pg_ctl -D "$dir/data" -w -t 600 -m fast stop >/dev/null
