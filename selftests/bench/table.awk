# SPDX-License-Identifier: GPL-2.0
#
# From the files bare, loaded, events, unloaded, loaded-again, events-again, and where they exist libbpf, bpftrace,
# memory, locks, curious and scale-N (in this order): the table of bench.sh for KERNEL, the same as
# JSON in the file JSON and as Markdown in MARKDOWN. Exit 1 if a limit is broken.

BEGIN {
	# What the module may add, in instructions, on the kernel that it is tuned for.
	if (KERNEL == "6.1") {
		limit["zero_fill"] = 120
		limit["copy"] = 280
		limit["take_over"] = 200
		limit["cache_read"] = 40
		limit["fork_4m"] = limit["fork_1g"] = 2500
		limit["exit"] = 1500
	}
	MEMORY_LIMIT = 1024
	# How long a lock may be held, in instructions.
	LOCK_LIMIT = 50000
	# How many times as much others cost, at least.
	least["libbpf", "zero_fill"] = least["libbpf", "copy"] = least["libbpf", "take_over"] = 2.7
	least["bpftrace", "zero_fill"] = least["bpftrace", "copy"] = 40
	least["bpftrace", "take_over"] = 5
	# How far the machine without the module may be from itself.
	SLACK = 5
	SLACK_FORK = 2000
	SLACK_PART = 0.005
	# What grows less than so with the processes is flat.
	FLAT = 0.05
}

FNR == 1 { phase = FILENAME; sub(/.*\//, "", phase); part = "" }
phase == "memory" { memory = $2; next }
phase == "locks" { note_lock(); next }
phase == "curious" { note_curious(); next }
phase == "threads-bare" { together_bare[$1] = $2; together[++nr_together] = $1; next }
phase == "threads-loaded" { together_loaded[$1] = $2; next }
phase ~ /^scale-/ {
	n = substr(phase, 7)
	if (FNR == 1)
		sizes[++nr_sizes] = n
	if ($1 == "phase") {
		part = $2 == "-" ? "" : $2
		next
	}
	if (part == "bare")
		base[$1, n] = $2
	else if (part == "loaded")
		note_scale($1, $2 - base[$1, n], n)
	else if (part == "")
		note_scale($1, $2, n)
	next
}
phase == "bare" { order[++kinds] = $1 }
{
	cost[$1, phase] = $2
	spread[$1] = spread[$1] > $4 - $3 ? spread[$1] : $4 - $3
}

# A line of lockhold: lock, who took it, how often, the longest, all in all
function note_lock(    field, lock, by) {
	split($0, field, "\t")
	lock = field[1]
	by = field[2]
	sub(/ \[.*/, "", lock)
	sub(/ \[.*/, "", by)
	if (lock == "lost")
		unseen = by
	if (field[3] == "")
		return
	if (lock ~ /^0x/)
		lock = "one of " by "()"
	if (!(lock in held))
		locks[++nr_locks] = lock
	held[lock] += field[3]
	if (longest[lock] <= field[4]) {
		longest[lock] = field[4]
		holder[lock] = by
	}
}

function print_lock(lock,    result) {
	result = unseen ? "not measured" : longest[lock] > LOCK_LIMIT ? "TOO LONG" : "ok"
	bad += result != "ok"
	printf "%-24s %12d %12d %9d  %-22s %s\n", lock, held[lock], longest[lock], LOCK_LIMIT,
		holder[lock], result
	printf "| `%s` | %d | **%d** | %d | `%s` |\n", lock, held[lock], longest[lock], LOCK_LIMIT,
		holder[lock] >MARKDOWN
	printf "%s\n  {\"lock\": \"%s\", \"held\": %d, \"longest\": %d, \"limit\": %d, " \
		"\"by\": \"%s\", \"verdict\": \"%s\"}", separator, lock, held[lock], longest[lock],
		LOCK_LIMIT, holder[lock], result >JSON
	separator = ","
}

function print_locks(    i) {
	printf "\n%-24s %12s %12s %9s  %-22s %s\n", "locks, instructions", "times held",
		"longest", "limit", "by", "verdict"
	printf "\nHow long locks are held:\n\n| | times | longest | limit | by |\n" \
		"|---|--:|--:|--:|---|\n" >MARKDOWN
	separator = ""
	for (i = 1; i <= nr_locks; i++)
		print_lock(locks[i])
}

# A line of curious: # WHAT: longest fork N ms, calm N ms, may be N ms[: TOO LONG]
function note_curious(    part) {
	if (split($0, part, /^# |: longest fork | ms, calm | ms, may be | ms/) < 5)
		return
	curious[++nr_curious] = part[2]
	hot[nr_curious] = part[3]
	calm[nr_curious] = part[4]
	most[nr_curious] = part[5]
	verdict_of[nr_curious] = /TOO LONG/ ? "TOO LONG" : "ok"
}

function print_curious(    i) {
	printf "\n%-24s %12s %12s %9s\n", "a bystander, ms a fork", "calm", "longest", "limit"
	printf "\nThe longest fork of a bystander, in ms (time in an emulated machine):\n\n" \
		"| beside | calm | longest | limit |\n|---|--:|--:|--:|\n" >MARKDOWN
	separator = ""
	for (i = 1; i <= nr_curious; i++) {
		bad += verdict_of[i] != "ok"
		printf "%-24s %12.1f %12.1f %9d  %s\n", curious[i], calm[i], hot[i], most[i], verdict_of[i]
		printf "| %s | %.1f | %.1f | %d |\n", curious[i], calm[i], hot[i], most[i] >MARKDOWN
		printf "%s\n  {\"beside\": \"%s\", \"calm_ms\": %.1f, \"longest_ms\": %.1f, " \
			"\"limit_ms\": %d, \"verdict\": \"%s\"}", separator, curious[i], calm[i],
			hot[i], most[i], verdict_of[i] >JSON
		separator = ","
	}
}

function note_scale(name, value, n) {
	if (!(name in scaled)) {
		scaled[name] = 1
		scale_order[++nr_scaled] = name
	}
	scale[name, n] = value
}

function slack(kind,    least) {
	least = kind ~ /^(fork|exit)/ ? SLACK_FORK : SLACK
	return least > SLACK_PART * cost[kind, "bare"] ? least : SLACK_PART * cost[kind, "bare"]
}

# The page allocator has its moods, which last for a pass. Of two passes without the
# module, and of two with it, the cheaper one counts.
function cheaper(kind, phase, other) {
	return cost[kind, phase] < cost[kind, other] ? cost[kind, phase] : cost[kind, other]
}

function bare(kind) {
	return cheaper(kind, "bare", "unloaded")
}

function loaded(kind) {
	return cheaper(kind, "loaded", "loaded-again")
}

function events_on(kind) {
	return cheaper(kind, "events", "events-again")
}

function verdict(kind, diff, back) {
	if (!((kind, "loaded") in cost) || !((kind, "loaded-again") in cost) ||
	    !((kind, "events") in cost) || !((kind, "events-again") in cost) ||
	    !((kind, "unloaded") in cost))
		return "not measured"
	if ((kind in limit) && diff > limit[kind])
		return "over the limit"
	if (back > slack(kind) || -back > slack(kind))
		return "not back"
	return "ok"
}

function print_kind(kind,    diff, back, events, result) {
	events = events_on(kind) - bare(kind)
	diff = loaded(kind) - bare(kind)
	back = cost[kind, "unloaded"] - cost[kind, "bare"]
	result = verdict(kind, diff, back)
	bad += result != "ok"
	printf row, kind, sprintf("%.1f", bare(kind)),
		sprintf("%.1f", loaded(kind)), sprintf("%+.1f", diff),
		(kind in limit) ? "+" limit[kind] : "-",
		sprintf("%+.1f", events), sprintf("%+.1f", back),
		sprintf("%.1f", spread[kind]), result
	printf "| `%s` | %.1f | **%+.1f** | %s | %+.1f | %+.1f |\n", kind,
		bare(kind), diff, (kind in limit) ? "+" limit[kind] : "",
		events, back >MARKDOWN
	printf "%s\n  {\"kind\": \"%s\", \"bare\": %.1f, \"loaded\": %.1f, " \
		"\"difference\": %.1f, \"limit\": %s, \"events\": %.1f, \"unloaded\": %.1f, " \
		"\"spread\": %.1f, \"verdict\": \"%s\"}", separator, kind,
		bare(kind), loaded(kind), diff,
		(kind in limit) ? limit[kind] : "null", events, back, spread[kind],
		result >JSON
	separator = ","
}

function print_peer(peer, kind,    theirs, times, result) {
	if (!((kind, peer) in cost))
		return
	theirs = cost[kind, peer] - bare(kind)
	times = theirs / (loaded(kind) - bare(kind))
	result = times < least[peer, kind] ? "less than " least[peer, kind] : "ok"
	bad += result != "ok"
	printf "%-10s %-10s %+12.1f %10.1f times  %s\n", peer, kind, theirs, times, result
	printf "| %s | `%s` | %+.1f | %.1f |\n", peer, kind, theirs, times >MARKDOWN
	printf "%s\n  {\"peer\": \"%s\", \"kind\": \"%s\", \"difference\": %.1f, \"times\": %.1f}",
		separator, peer, kind, theirs, times >JSON
	separator = ","
}

function exponent(name,    small, large) {
	small = scale[name, sizes[nr_sizes - 1]]
	large = scale[name, sizes[nr_sizes]]
	if (small <= 0 || large <= 0)
		return 0
	return log(large / small) / log(sizes[nr_sizes] / sizes[nr_sizes - 1])
}

# What must not grow with the processes.
function is_path(name) {
	return name ~ /^(zero_fill|copy|take_over|fork_4m)$/
}

function print_scale(name,    i, e, text, result) {
	e = exponent(name)
	result = is_path(name) && e > FLAT ? "not flat" : "ok"
	bad += result != "ok"
	text = sprintf("%-18s", name)
	printf "| `%s` |", name >MARKDOWN
	printf "%s\n  {\"what\": \"%s\"", separator, name >JSON
	for (i = 1; i <= nr_sizes; i++) {
		text = text sprintf(" %14.0f", scale[name, sizes[i]])
		printf " %.0f |", scale[name, sizes[i]] >MARKDOWN
		printf ", \"%d\": %.0f", sizes[i], scale[name, sizes[i]] >JSON
	}
	printf "%s %9.2f  %s\n", text, e, result
	printf " %.2f |\n", e >MARKDOWN
	printf ", \"exponent\": %.2f}", e >JSON
	separator = ","
}

function print_all_scales(    i) {
	printf "\n%-18s", "beside processes"
	for (i = 1; i <= nr_sizes; i++)
		printf " %14d", sizes[i]
	printf " %9s\n", "exponent"
	printf "\nBeside so many processes:\n\n| |" >MARKDOWN
	for (i = 1; i <= nr_sizes; i++)
		printf " %d |", sizes[i] >MARKDOWN
	printf " exponent |\n|---|" >MARKDOWN
	for (i = 0; i <= nr_sizes; i++)
		printf "--:|" >MARKDOWN
	printf "\n" >MARKDOWN
	for (i = 1; i <= nr_scaled; i++)
		print_scale(scale_order[i])
}

# Times, of a busy machine: no more than a hint that none waits for the other.
function print_threads(    i, name) {
	printf "\n%-18s %12s %12s %12s\n", "threads, ns a fault", "bare", "loaded", "ratio"
	printf "\nTwo processors in one address space, ns a fault of the slower (time in an " \
		"emulated machine: the ratio alone says something):\n\n" \
		"| | bare | loaded | ratio |\n|---|--:|--:|--:|\n" >MARKDOWN
	separator = ""
	for (i = 1; i <= nr_together; i++) {
		name = together[i]
		printf "%s\n  {\"threads\": \"%s\", \"unit\": \"ns\", \"bare\": %.0f, \"loaded\": %.0f}",
			separator, name, together_bare[name], together_loaded[name] >JSON
		separator = ","
		printf "%-18s %12.0f %12.0f %12.2f\n", name, together_bare[name],
			together_loaded[name], together_loaded[name] / together_bare[name]
		printf "| `%s` | %.0f | %.0f | %.2f |\n", name, together_bare[name],
			together_loaded[name], together_loaded[name] / together_bare[name] >MARKDOWN
	}
}

END {
	split("zero_fill copy take_over", main_kinds)
	row = "%-14s %13s %13s %11s %9s %11s %9s %9s  %s\n"
	printf "\n%s\n", RELEASE
	printf row, "instructions", "bare", "loaded", "difference", "limit",
		"events on", "unloaded", "spread", "verdict"
	printf "\n## Debian %s (%s)\n\n| | bare | with cowstat | limit | events on | unloaded |\n" \
		"|---|--:|--:|--:|--:|--:|\n", KERNEL, RELEASE >MARKDOWN
	printf "{\"kernel\": \"%s\", \"release\": \"%s\", \"unit\": \"instructions\",\n \"kinds\": [",
		KERNEL, RELEASE >JSON
	for (i = 1; i <= kinds; i++)
		print_kind(order[i])

	separator = ""
	printf "],\n \"peers\": [" >JSON
	if (("zero_fill", "libbpf") in cost) {
		printf "\n"
		printf "\nOthers that count:\n\n| | | difference | times |\n|---|---|--:|--:|\n" >MARKDOWN
	}
	for (i = 1; i <= 3; i++)
		print_peer("libbpf", main_kinds[i])
	for (i = 1; i <= 3; i++)
		print_peer("bpftrace", main_kinds[i])

	separator = ""
	printf "],\n \"scale\": [" >JSON
	if (nr_sizes)
		print_all_scales()
	printf "],\n \"locks\": [" >JSON
	if (nr_locks)
		print_locks()
	printf "],\n \"curious\": [" >JSON
	if (nr_curious)
		print_curious()
	printf "],\n \"threads\": [" >JSON
	if (nr_together)
		print_threads()
	if (memory != "") {
		result = memory > MEMORY_LIMIT ? "over the limit" : "ok"
		bad += result != "ok"
		printf "\nmemory per process: %s bytes, 2 processors, limit %d: %s\n",
			memory, MEMORY_LIMIT, result
		printf "\nMemory: %s bytes for a process, on 2 processors.\n", memory >MARKDOWN
	}
	printf "],\n \"process_bytes\": %s}\n", memory == "" ? "null" : memory >JSON
	exit bad || !kinds
}
