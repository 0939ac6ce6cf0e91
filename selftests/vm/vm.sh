#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vm.sh [OPTION…] -- CMD [ARG…]
#
# Runs CMD as root in a virtual machine with a kernel of the table ./kernels and
# ends with its exit status. The guest is a Debian of its own, of the suite that the
# kernel is from (bookworm if from none), with the packages of ./guest-packages. It
# sees no file of the host but a copy of the clone, in its place, without build/ and
# .git/, where cowstat.ko is the kernel's. CMD starts in the top folder of the clone.
# What it writes is lost with the machine, but for the folder $COWSTAT_OUT, which is
# empty at first and comes out when CMD has ended. Its output comes out as it is
# written, standard error merged into standard output; it has no input.
#
#	--kernel NAME	which kernel ($KERNEL, else 6.1)
#	--cpus N	processors (2)
#	--possible N	processors that the kernel must be ready for (as many)
#	--mem SIZE	memory (2G)
#	--numa N	spread both over N nodes (1)
#	--icount	one processor whose clock counts instructions
#	--turns	the emulated processors take turns on one thread: slower, but
#		needed where the kernel is patched under load (side by side one can
#		run what another one has just overwritten)
#	--timeout SEC	end a machine that hangs (600)
#	--append ARGS	more for the kernel's command line
#	--out DIR	where the files of $COWSTAT_OUT are put (build/out)
#	--log FILE	keep the kernel's log there (build/console.log)
#	--allow REGEX	lines of the kernel's log that are no failure
#
# A machine that ends before CMD has begun is booted once more, which is said.
#
# Exit status 125, with a line that says why: the machine did not start, hung,
# panicked or died before CMD had ended, or the kernel reported a bug (see
# console.deny). 2: this script was called wrongly.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/lib.sh"

FAILED=125
# Those that the kernel has built in are left out, dependencies are added.
MODULES=(virtio_pci virtio_blk virtio_console virtio_rng ext4 overlay)

cpus=2 possible=0 mem=2G numa=1 icount='' threads=multi timeout=600 append='' allow=''
log=$BUILD/console.log out=$BUILD/out

usage() {
	sed -n '/^# vm.sh/,/^$/s/^# \{0,1\}//p' "$0"
}

need_number() {
	[[ $2 =~ ^[1-9][0-9]*$ ]] || die "$1 needs a number, not '$2'"
}

parse() {
	while (($#)); do
		case $1 in
		--help | -h) usage; exit ;;
		--icount) icount=1 cpus=1; shift; continue ;;
		--turns) threads=single; shift; continue ;;
		--) shift; break ;;
		-*) (($# > 1)) || die "$1 needs a value; see $0 --help" ;;
		*) break ;;
		esac
		case $1 in
		--kernel) KERNEL=$2 ;;
		--cpus) need_number "$1" "$2"; cpus=$2 ;;
		--possible) need_number "$1" "$2"; possible=$2 ;;
		--mem) [[ $2 =~ ^[1-9][0-9]*[MG]$ ]] || die "--mem needs a size as 512M or 2G, not '$2'"; mem=$2 ;;
		--numa) need_number "$1" "$2"; numa=$2 ;;
		--timeout) need_number "$1" "$2"; timeout=$2 ;;
		--append) append=$2 ;;
		--out) out=$2 ;;
		--log) log=$2 ;;
		--allow) allow=$2 ;;
		*) die "no option $1; see $0 --help" ;;
		esac
		shift 2
	done
	(($#)) || die "no command given; see $0 --help"
	[[ ! $icount || $cpus == 1 ]] || die "--icount has one processor"
	((numa <= cpus)) || die "--numa $numa needs as many processors: --cpus $numa"
	((possible >= cpus)) || possible=$cpus
	command=("$@")
}

# Folders that killed runs could not remove go with the next.
run_dir() {
	local dir

	for dir in "$BUILD"/vm.[0-9]*; do
		kill -0 "${dir##*.}" 2>/dev/null || rm -rf "$dir"
	done
	run=$BUILD/vm.$$
	mkdir -p "$run" "$out"
	out=$(realpath "$out")
}

cleanup() {
	local pids

	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[[ -z $pids ]] || kill $pids 2>/dev/null || :
	wait
	[[ ! -e $run/console ]] || mv -f "$run/console" "$log" || :
	rm -rf "$run"
}

# The machine's part of the job: variables, and the command as shell words.
write_job() {
	mkdir -p "$1"
	printf '%s=%q\n' ROOT "$ROOT" KERNEL "$KERNEL" >"$1/env"
	printf 'exec env --' >"$1/command"
	printf " '%s'" "${command[@]//\'/\'\\\'\'}" >>"$1/command"
	echo >>"$1/command"
}

# plain_module PATH DIR: uncompressed
plain_module() {
	case $1 in
	*.xz) xz -dc "$1" >"$2/$(basename "$1" .xz)" ;;
	*) cp "$1" "$2" ;;
	esac
}

copy_modules() {
	local kind path name

	mkdir -p "$1"
	: >"$1/order"
	for module in "${MODULES[@]}"; do
		modprobe -d "${KMODULES%/lib/modules/*}" -S "$KRELEASE" \
			--show-depends "$module"
	done | while read -r kind path _; do
		name=$(basename "$path" .xz)
		[[ $kind == insmod && ! -e $1/$name ]] || continue
		plain_module "$path" "$1"
		echo "$name" >>"$1/order"
	done
}

# copy_clone FILE: as a tar. That a file grew meanwhile (status 1) is no failure.
copy_clone() {
	local -a module=()

	[[ ! -e $KO ]] || module=(-C "${KO%/*}" cowstat.ko)
	tar -cf "$1" --exclude=./.git --exclude=./build --exclude='*.o' --exclude='.*.cmd' \
		--exclude=./cowstat.ko -C "$ROOT" . "${module[@]}" || (($? == 1))
}

make_initramfs() {
	local dir=$run/initramfs

	mkdir -p "$dir"/{bin,dev,proc,sys,lower,upper,root}
	cp "$(command -v busybox)" "$dir/bin/busybox"
	for tool in sh mount mkdir insmod cp cat switch_root; do
		ln -s busybox "$dir/bin/$tool"
	done
	cp "$VM_DIR/init" "$dir/init"
	cp "$VM_DIR/guest.sh" "$dir/guest.sh"
	chmod +x "$dir/init"
	copy_modules "$dir/modules"
	write_job "$dir/job"
	(cd "$dir" && find . | cpio -o -H newc --quiet) >"$run/initramfs.cpio"
}

# /dev/kvm alone says nothing: the processor must have it too.
has_kvm() {
	grep -qwE 'vmx|svm' /proc/cpuinfo && { : <>/dev/kvm; } 2>/dev/null
}

accelerator() {
	if [[ $icount ]]; then
		echo "-accel tcg,thread=single -icount shift=0,sleep=off"
	elif has_kvm; then
		echo "-accel kvm"
	else
		echo "-accel tcg,thread=$threads"
	fi
}

# Where code has run QEMU emulates each store slowly, for as long as it keeps what it
# made of that code: a huge page of such memory, cleared byte by byte, takes minutes.
# Without ERMS and FSRM the kernel writes eight bytes at a time.
processor() {
	if [[ $icount ]] || has_kvm; then
		echo max
	else
		echo max,-erms,-fsrm
	fi
}

# A clock that counts instructions leaps while the machine waits for its disks: who
# waits for them too does not hang. And an emulated processor stands still while this
# machine has no time for it: only after two minutes it is stuck. That is the end of it.
watchdogs() {
	if [[ $icount ]]; then
		echo "sysctl.kernel.hung_task_timeout_secs=0"
	else
		echo "sysctl.kernel.hung_task_panic=1"
	fi
	echo "sysctl.kernel.softlockup_panic=1 sysctl.kernel.panic_on_rcu_stall=1"
	has_kvm || echo "watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"
}

# The guest distrusts the emulated TSC and would use the HPET, whose every read
# leaves the guest; and it is told how fast the TSC is, see tsc_khz.c.
clock() {
	echo "tsc=reliable"
	if [[ ! $icount && $(uname -m) == x86_64 ]] && ! has_kvm; then
		gcc -O2 -o "$run/tsc_khz" "$VM_DIR/tsc_khz.c" >&2 &&
			echo "tsc_early_khz=$("$run/tsc_khz")"
	fi
}

# machine: leaves the arguments of QEMU in qemu
# shellcheck disable=SC2054 # QEMU's commas
machine() {
	local accel

	read -ra accel < <(accelerator)
	qemu=(
		"$QEMU" -no-user-config -nodefaults -display none
		-no-reboot -machine q35 -cpu "$(processor)" -smp "$cpus,sockets=$possible,maxcpus=$possible" -m "$mem"
		"${accel[@]}"
		-kernel "$KIMAGE" -initrd "$run/initramfs.cpio"
		-append "console=ttyS0 panic=-1 oops=panic $(clock | xargs) $(watchdogs | xargs) $KAPPEND $append"
		-chardev "file,id=console,path=$run/console" -serial chardev:console
		-device virtio-rng-pci
		-device virtio-serial-pci
	)
	add_port output
	add_port files
	add_port status
	add_disk root "$GUEST_IMAGE"
	add_disk modules "$KMODULES_IMAGE"
	add_disk clone "$run/clone"
	add_numa
}

# add_port NAME: what the guest writes to it goes to the file of that name
add_port() {
	qemu+=(-chardev "file,id=$1,path=$run/$1"
		-device "virtserialport,chardev=$1,name=$1")
}

# add_disk NAME FILE: to be read alone
add_disk() {
	qemu+=(-drive "if=none,id=$1,file=$2,format=raw,readonly=on"
		-device "virtio-blk-pci,drive=$1,serial=$1")
}

add_numa() {
	local node size=${mem%?} cpu

	((numa > 1)) || return 0
	[[ $mem == *M ]] || size=$((size * 1024))
	for ((node = 0; node < numa; node++)); do
		qemu+=(-object "memory-backend-ram,id=mem$node,size=$((size / numa))M"
			-numa "node,nodeid=$node,memdev=mem$node")
	done
	for ((cpu = 0; cpu < cpus; cpu++)); do
		qemu+=(-numa "cpu,node-id=$((cpu % numa)),socket-id=$cpu")
	done
}

# fail REASON…: with what the kernel reported, and the end of its log
fail() {
	say "$@" "(the kernel's log: $log)"
	{
		kernel_reports | head -n 5 || :
		tail -n 25 "$run/console"
	} 2>/dev/null | sed 's/^/  | /' >&2 || :
	exit "$FAILED"
}

boot() {
	local reader status=0

	rm -f "$run"/{output,files,status}
	mkfifo "$run/output"
	cat "$run/output" &
	reader=$!
	setpriv --pdeathsig TERM timeout --foreground -k 10 "$timeout" \
		"${qemu[@]}" </dev/null >"$run/qemu" 2>&1 &
	wait $! || status=$?
	# A reader that QEMU never opened would wait for ever.
	[[ -e $run/console ]] || kill "$reader" 2>/dev/null
	wait "$reader" || :
	return $status
}

# died_early STATUS: did the machine end before the command began, and not by the limit?
died_early() {
	[[ -s $run/console && $1 != 124 && $1 != 137 ]] &&
		! grep -q 'vm: the command begins' "$run/console"
}

# Emulated processors side by side can fail a kernel that patches itself as it boots (see
# --turns), or leave it without a timer's interrupt; the command has nothing to do with
# that. Such a machine is booted a second time, and the log of the first one kept as well.
boot_well() {
	local first=${log%.log}-first.log status=0

	boot || status=$?
	if died_early "$status"; then
		mv -f "$run/console" "$first"
		say "the machine ended before the command began, QEMU with status $status:" \
			"once more (the kernel's log: $first)"
		{ grep -o 'Kernel panic.*' "$first" || tail -n 3 "$run/qemu"; } >&2
		status=0
		boot || status=$?
	fi
	return "$status"
}

kernel_reports() {
	reports_of "$run/console" "$allow"
}

# What the guest left in $COWSTAT_OUT, if it came to its end
take_files() {
	grep -qs '^exit' "$run/status" || return 0
	tar -xmf "$run/files" -C "$out" --no-same-owner
}

# judge STATUS: of the machine; ends with that of the job
judge() {
	local word status reports

	reports=$(kernel_reports | head -n 10) || :
	read -r word status <"$run/status" 2>/dev/null || :
	if [[ ${1:-0} == 124 || $1 == 137 ]]; then
		fail "the machine hung: ended after $timeout seconds"
	elif [[ ! -s $run/console ]]; then
		say "the machine did not start: $(tail -n 1 "$run/qemu")"
		exit "$FAILED"
	elif grep -q 'Kernel panic' "$run/console"; then
		fail "the kernel panicked"
	elif [[ ${word:-} != exit ]]; then
		fail "the machine ended before the command did"
	elif [[ $reports ]]; then
		fail "the kernel reported a bug: ${reports//$'\n'/; }"
	fi
	exit "$status"
}

main() {
	local status=0

	parse "$@"
	"$VM_DIR/setup.sh" "$KERNEL"
	. "$VM_ENV"
	. "$(kernel_env "$KERNEL")"
	run_dir
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	make_initramfs
	copy_clone "$run/clone"
	machine
	boot_well || status=$?
	take_files
	judge "$status"
}

main "$@"
