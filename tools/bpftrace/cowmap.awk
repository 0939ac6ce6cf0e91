# SPDX-License-Identifier: GPL-2.0
#
# Draws what cowmap.bt prints: a row is 64 pages of a process, of which anything is
# known, a letter is a page. What is no map of bpftrace goes through.

BEGIN {
	FS = "[][,: ]+"
	PAGES = 64
	MARK["@broken"] = "B"
	MARK["@taken_over"] = "T"
	MARK["@zero_filled"] = "z"
}

# see PID PAGE MARK: the later of these maps wins, as they are printed by name
function see(pid, page, mark,    row) {
	row = int(page / PAGES)
	if (!((pid, row) in row_of)) {
		row_of[pid, row] = 1
		rows[pid] = rows[pid] " " row
	}
	if (at[pid, page] == "" || index("zTB", mark) > index("zTB", at[pid, page]))
		at[pid, page] = mark
}

/^@(broken|taken_over|zero_filled)\[/ {
	for (i = 0; i < $4; i++)
		see($2, $3 + i, MARK[$1])
	drawn[$1] += $4 * $5
	next
}

/^@child\[/ {
	parent[$2] = $3
	next
}

# Not known of one whose memory others wrote
/^@name\[/ {
	text = $0
	sub(/^@name\[[0-9]*, /, "", text)
	sub(/\]: [0-9]*$/, "", text)
	name[$2] = " " text
	next
}

/^@pages\[/ {
	kind = $0
	sub(/^@pages\[/, "", kind)
	sub(/\].*/, "", kind)
	sum[kind] = $NF
	next
}

NF { print; fflush() }

# sort WORDS into the numbers list[1…]; returns how many. They come nearly in order.
function sort(words, list,    n, i, j, word) {
	n = split(words, list, " ")
	for (i = 2; i <= n; i++) {
		word = list[i]
		for (j = i - 1; j >= 1 && list[j] + 0 > word + 0; j--)
			list[j + 1] = list[j]
		list[j + 1] = word
	}
	return n
}

function draw_row(pid, row,    page, line) {
	for (page = row * PAGES; page < (row + 1) * PAGES; page++)
		line = line (((pid, page) in at) ? at[pid, page] : ".")
	printf "  %09x000  %s\n", row * PAGES, line
}

function draw(pid,    n, i, list) {
	printf "\nprocess %d%s%s\n", pid, name[pid], (pid in parent) ? ", forked by " parent[pid] : ""
	n = sort(rows[pid], list)
	for (i = 1; i <= n; i++) {
		if (i > 1 && list[i] != list[i - 1] + 1)
			print "  ..."
		draw_row(pid, list[i])
	}
}

function missing(kind, map) {
	if (sum[kind] != drawn[map])
		printf "%d pages %s are not in the map: it was full\n", sum[kind] - drawn[map], kind
}

END {
	print "\nB broken   T taken over   z zero-filled   . nothing seen"
	for (pid in rows)
		all = all " " pid
	n = sort(all, pids)
	for (p = 1; p <= n; p++)
		draw(pids[p])
	printf "\nbroken %d, taken over %d, zero-filled %d\n", sum["broken"], sum["taken over"],
		sum["zero-filled"]
	missing("broken", "@broken")
	missing("taken over", "@taken_over")
	missing("zero-filled", "@zero_filled")
}
