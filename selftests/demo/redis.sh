#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A Redis server with 100 MB of data under `cowstat run`: BGSAVE forks, the child
# writes all data to a file, clients go on writing meanwhile. Then who shared
# how much and who broke it, beside Redis' own figure.

set -euo pipefail

KEYS=100000
VALUE=1000
DIR=$(mktemp -d)
SOCKET=$DIR/socket
REPORT=$COWSTAT_OUT/redis.json
server=''

cleanup() {
	[[ ! $server ]] || kill "$server" 2>/dev/null || :
	wait
	rm -rf "$DIR"
}
trap cleanup EXIT

say() {
	printf '  %3d s  %s\n' "$SECONDS" "$*"
}

fail() {
	echo "demo: $*" >&2
	exit 1
}

redis() {
	redis-cli -s "$SOCKET" "$@"
}

start() {
	tools/cowstat run --json -o "$REPORT" -- redis-server --port 0 \
		--unixsocket "$SOCKET" --dir "$DIR" --save '' --appendonly no \
		--rdbcompression no --enable-debug-command local \
		>"$DIR/log" 2>&1 &
	server=$!
	until redis ping >/dev/null 2>&1; do
		kill -0 "$server" 2>/dev/null || fail "redis-server ended: $(tail -n 1 "$DIR/log")"
		sleep 0.2
	done
}

# sets COUNT: new values for so many random keys, in Redis' protocol
sets() {
	awk -v count="$1" -v keys="$KEYS" -v size="$VALUE" -v seed="$RANDOM" 'BEGIN {
		srand(seed)
		value = sprintf("%" size "s", "")
		gsub(/ /, "y", value)
		while (count--) {
			key = "key:" int(rand() * keys)
			printf "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n",
				length(key), key, size, value
		}
	}'
}

write() {
	sets "$1" | redis --pipe >"$DIR/pipe" || fail "cannot write: $(tail -n 1 "$DIR/pipe")"
}

info() {
	redis info persistence | tr -d '\r' | sed -n "s/^$1://p"
}

snapshot() {
	local written=0

	redis bgsave >/dev/null
	until [[ $(info rdb_bgsave_in_progress) == 0 ]]; do
		write 1000
		written=$((written + 1000))
	done
	[[ $(info rdb_last_bgsave_status) == ok ]] || fail "the snapshot failed: $(tail -n 3 "$DIR/log")"
	say "saved in $(info rdb_last_bgsave_time_sec) s; $written keys were written meanwhile"
}

main() {
	local cow

	say "starting redis-server under 'cowstat run'"
	start
	redis debug populate "$KEYS" key "$VALUE" >/dev/null
	say "filled with $KEYS values of $VALUE bytes; now BGSAVE, and a client that writes"
	snapshot
	cow=$(info rdb_last_cow_size)
	write 2000
	say "2000 keys more were written after it; shutting down"
	redis shutdown nosave 2>/dev/null || :
	wait "$server" || fail "redis-server failed: $(tail -n 1 "$DIR/log")"
	server=''
	jq -er --argjson redis "$cow" --argjson page_size "$(getconf PAGESIZE)" -f selftests/demo/redis.jq "$REPORT"
}

main
