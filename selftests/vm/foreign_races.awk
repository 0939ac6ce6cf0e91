# SPDX-License-Identifier: GPL-2.0
#
# Takes out of a kernel's log the first lines of those reports of KCSAN that are
# about the kernel alone. Linux has data races that it lives with; the module shall
# have none. A race is the module's if one of its functions is on the stack of one
# of the accesses, above whatever interrupt or fault led there: what the kernel
# does in an interrupt is not the doing of what it interrupted. The lines keep
# their numbers. Standard error gets how many went.
#
#	BUG: KCSAN: data-race in FUNCTION / FUNCTION
#	...
#	read to 0xADDRESS of 8 bytes by task 1 on cpu 0:
#	 FUNCTION+0x10/0x20 [MODULE]
#	 ...
#	(the same for the other access)
#	...
#	==================================================================

{ line[NR] = $0 }

/BUG: KCSAN: / { begin = NR; ours = 0; next }
!begin { next }
/ bytes by .* on cpu / { entered = 0; next }
/ asm_(exc|sysvec|common_interrupt)/ { entered = 1 }
/\[cowstat\]/ && !entered { ours = 1 }
/==========/ { finish() }

function finish() {
	if (!ours) {
		line[begin] = ""
		foreign++
	}
	begin = 0
}

END {
	for (i = 1; i <= NR; i++)
		print line[i]
	if (foreign)
		print foreign " data races of the kernel with itself" >"/dev/stderr"
}
