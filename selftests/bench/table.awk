# SPDX-License-Identifier: GPL-2.0
#
# From the files bare, loaded, unloaded and memory (in this order): the table of
# bench.sh, and the same as JSON in the file JSON. Exit 1 if a limit is broken.

BEGIN {
	# What the module may add, in instructions.
	limit["zero_fill"] = 120
	limit["copy"] = 280
	limit["take_over"] = 200
	limit["cache_read"] = 40
	limit["fork_4m"] = limit["fork_1g"] = 2500
	MEMORY_LIMIT = 1024
	# How far the machine without the module may be from itself.
	SLACK = 5
	SLACK_FORK = 2000
	SLACK_PART = 0.005
}

FNR == 1 { phase = FILENAME; sub(/.*\//, "", phase) }
phase == "memory" { memory = $2; next }
phase == "bare" { order[++kinds] = $1 }
{
	cost[$1, phase] = $2
	spread[$1] = spread[$1] > $4 - $3 ? spread[$1] : $4 - $3
}

function slack(kind,    least) {
	least = kind ~ /^fork/ ? SLACK_FORK : SLACK
	return least > SLACK_PART * cost[kind, "bare"] ? least : SLACK_PART * cost[kind, "bare"]
}

function verdict(kind, diff, back) {
	if (!((kind, "loaded") in cost) || !((kind, "unloaded") in cost))
		return "not measured"
	if ((kind in limit) && diff > limit[kind])
		return "over the limit"
	if (back > slack(kind) || -back > slack(kind))
		return "not back"
	return "ok"
}

END {
	row = "%-20s %13s %13s %11s %9s %9s %9s  %s\n"
	printf row, "instructions per", "bare", "loaded", "difference", "limit",
		"unloaded", "spread", "verdict"
	printf "{\"unit\": \"instructions\", \"kinds\": [" >JSON
	for (i = 1; i <= kinds; i++) {
		kind = order[i]
		diff = cost[kind, "loaded"] - cost[kind, "bare"]
		back = cost[kind, "unloaded"] - cost[kind, "bare"]
		result = verdict(kind, diff, back)
		bad += result != "ok"
		printf row, kind, sprintf("%.1f", cost[kind, "bare"]),
			sprintf("%.1f", cost[kind, "loaded"]), sprintf("%+.1f", diff),
			(kind in limit) ? "+" limit[kind] : "-", sprintf("%+.1f", back),
			sprintf("%.1f", spread[kind]), result
		printf "%s\n {\"kind\": \"%s\", \"bare\": %.1f, \"loaded\": %.1f, " \
			"\"difference\": %.1f, \"limit\": %s, \"unloaded\": %.1f, " \
			"\"spread\": %.1f, \"verdict\": \"%s\"}", (i > 1) ? "," : "", kind,
			cost[kind, "bare"], cost[kind, "loaded"], diff,
			(kind in limit) ? limit[kind] : "null",
			cost[kind, "unloaded"], spread[kind], result >JSON
	}
	result = memory == "" ? "not measured" : memory > MEMORY_LIMIT ? "over the limit" : "ok"
	bad += result != "ok"
	printf "\n%-20s %13s bytes, 2 processors, limit %d: %s\n", "memory per process",
		memory, MEMORY_LIMIT, result
	printf "],\n \"process_bytes\": %s, \"process_bytes_limit\": %d}\n",
		memory == "" ? "null" : memory, MEMORY_LIMIT >JSON
	exit bad || !kinds
}
