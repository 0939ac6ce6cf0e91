# SPDX-License-Identifier: GPL-2.0
#
# table.awk FOLDER/agreed…: what the scripts of tools/bpftrace told and what the counters
# had (lib/bpftrace.sh), a column a kernel, which is the FOLDER. One number where both
# are the same, else both, and a line where anything was told at all.

BEGIN { FS = "\t" }

FNR == 1 {
	split(FILENAME, path, "/")
	for (i = 1; (i + 1) in path; i++)
		kernel = path[i]
	delete path
	kernels[++columns] = kernel
}

{
	row = sprintf("%-12s%-17s%-23s%-15s", $1, $2, $3, $4)
	if (!(row in seen)) {
		seen[row]
		rows[++count] = row
	}
	cell[row, kernel] = $5 == $6 ? $5 : $5 " != " $6
	if ($5 != 0 || $6 != 0)
		told[row]
}

END {
	printf "%-12s%-17s%-23s%-15s", "script", "workload", "what it tells", "counter"
	for (i = 1; i <= columns; i++)
		printf " %12s", kernels[i]
	print ""
	for (n = 1; n <= count; n++) {
		if (!(rows[n] in told))
			continue
		printf "%s", rows[n]
		for (i = 1; i <= columns; i++)
			printf " %12s", (rows[n], kernels[i]) in cell ? cell[rows[n], kernels[i]] : "-"
		print ""
	}
}
