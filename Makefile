# SPDX-License-Identifier: GPL-2.0
#
# cowstat: copy-on-write counters per process and process tree.
# The kernel module is described to the kernel's build system by ./Kbuild.

PREFIX	?= /usr/local
VM	:= selftests/vm/vm.sh
KERNELS_TABLE := selftests/vm/kernels

# The running kernel's headers, else the newest that are installed.
newest-headers = $(shell ls -d /lib/modules/*/build /usr/src/linux-headers-*-amd64 2>/dev/null | \
	sed 's,^/lib/modules/\([^/]*\)/build$$,\1 &,; s,^/usr/src/linux-headers-\(.*\)$$,\1 &,' | \
	sort -V | tail -n 1 | cut -d' ' -f2)
KDIR	?= $(or $(wildcard /lib/modules/$(shell uname -r)/build),$(newest-headers))

# A kernel's build has the flags for the compiler that built it, which for Debian's is
# gcc. With CC=clang or LLVM=1 it is told that it was clang. The module's functions cannot
# be traced then: a kernel that gcc has built expects their entries as gcc makes them, and
# switches ftrace off for good when it finds others.
by-clang = CONFIG_CC_IS_GCC= CONFIG_CC_IS_CLANG=y \
	CONFIG_AS_IS_GNU= CONFIG_AS_IS_LLVM=y CC_FLAGS_FTRACE= \
	CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT= CONFIG_UBSAN_BOUNDS_STRICT= \
	KCFLAGS='$(KCFLAGS) -Wno-unknown-warning-option -Wno-duplicate-decl-specifier'

kbuild	= $(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(LLVM)$(findstring clang,$(CC)),$(by-clang))

all: module tools

help:
	@echo 'Build'
	@echo '  make            cowstat.ko and tools/cowstat'
	@echo '                  KDIR=$(KDIR)'
	@echo '  make btf        its types for BPF, where the headers lack them (VMLINUZ=, if not'
	@echo '                  for the running kernel)'
	@echo '  make install    both, and the header (DESTDIR, PREFIX=$(PREFIX))'
	@echo '  make clean      remove what was built; make distclean: build/ as well'
	@echo 'Use on this machine (root; a kernel that the module was built for)'
	@echo '  make load       insert the module, and see that it counts right'
	@echo '  make unload     take it out'
	@echo 'See and check (each installs what it needs; runs in a virtual machine, with'
	@echo 'KERNEL=6.1 or another of $(KERNELS_TABLE))'
	@echo '  make demo       the textbook example, then a Redis snapshot'
	@echo '  make check      build, lint and run all tests'
	@echo '  make check-kernels  the same, on all kernels (or KERNELS="6.1 6.12")'
	@echo '  make check-sanitized  the same in a kernel with KASAN, lockdep … (KERNEL=race: KCSAN)'
	@echo '  make fuzz       random calls on the module, CALLS=200000 of them (again: SEED=)'
	@echo '  make soak       storms around the module, for MINUTES=30'
	@echo '  make bench      what a fault and a fork cost with the module'
	@echo '  make lint       checkpatch, sparse, gcc W=1, shellcheck'
	@echo '  make setup      only fetch what these need'
	@echo 'A command of your own in the virtual machine:'
	@echo "  $(VM) -- sh -c 'insmod cowstat.ko; tools/cowstat show'"

# Kbuild does not notice that its headers changed.
module: headers
	@mkdir -p build
	@[ "$$(cat build/kdir 2>/dev/null)" = '$(KDIR)' ] || \
		{ $(kbuild) clean >/dev/null && echo '$(KDIR)' >build/kdir; }
	$(kbuild) modules

# OBJECTS=: of the module, for the tests
objects: headers
	$(kbuild) $(OBJECTS)

headers:
	@[ -e '$(KDIR)/Makefile' ] || { echo >&2 \
		"no kernel headers at KDIR='$(KDIR)': install linux-headers-amd64 or run 'make setup'"; \
		exit 2; }

btf: module
	@module/btf.sh cowstat.ko $(VMLINUZ)

tools:
	$(MAKE) -C tools

setup:
	selftests/vm/setup.sh

check:
	@selftests/check.sh $(KERNEL)

check-kernels:
	@selftests/check.sh $(or $(KERNELS),--all)

fuzz:
	@CALLS='$(CALLS)' SEED='$(SEED)' KERNEL='$(KERNEL)' selftests/fuzz.sh

check-sanitized:
	@selftests/sanitize/check.sh $(or $(KERNEL),memory)

lint:
	@selftests/lint.sh

soak:
	@MINUTES='$(MINUTES)' STORMS='$(STORMS)' selftests/storm/soak.sh

bench:
	@selftests/bench/bench.sh $(KERNELS)

demo:
	@selftests/demo/demo.sh

# "load" at the start of a line is a directive of make.
unload load: loadable
load:
	@[ -e cowstat.ko ] || { echo >&2 "no cowstat.ko: run 'make' first"; exit 2; }
	@[ -e tools/cowstat ] || { echo >&2 "no tools/cowstat: run 'make' first"; exit 2; }
	insmod ./cowstat.ko
	@tools/cowstat verify --quick || { [ $$? = 2 ] || rmmod cowstat; exit 1; }

unload:
	@rmmod cowstat || { [ ! -e /sys/module/cowstat ] || echo >&2 \
		"end first what is attached to it: perf, bpftrace, tree handles (docs/tracing.md, Limits)"; \
		exit 1; }

loadable:
	@[ -e /proc/modules ] || { echo >&2 \
		"this kernel ($$(uname -r)) cannot load modules: use 'make demo' or $(VM)"; exit 2; }
	@[ "$$(id -u)" = 0 ] || { echo >&2 "only root can load modules"; exit 2; }

install: all
	$(MAKE) -C tools install DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)'
	install -D -m 644 module/uapi/linux/cowstat.h \
		'$(DESTDIR)$(PREFIX)/include/linux/cowstat.h'
	$(kbuild) INSTALL_MOD_PATH='$(DESTDIR)' CONFIG_MODULE_SIG_ALL= modules_install
	[ '$(DESTDIR)' ] || depmod "$$(sed -n 's/.*"\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)"

clean:
	[ ! -e '$(KDIR)/Makefile' ] || $(kbuild) clean
	$(MAKE) -C tools clean
	-$(MAKE) -C selftests/kernel clean
	-$(MAKE) -C selftests/host clean
	$(MAKE) -C selftests/bench clean
	$(MAKE) -C selftests/storm clean
	$(MAKE) -C selftests/trace clean
	$(MAKE) -C selftests/witness clean
	rm -f selftests/sanitize/fail_load/fail_load
	rm -f build/kdir

distclean: clean
	rm -rf build

.PHONY: all help module objects btf headers tools setup check check-kernels \
	check-sanitized fuzz lint bench soak demo \
	load unload loadable install clean distclean
