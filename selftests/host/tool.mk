# SPDX-License-Identifier: GPL-2.0
#
# Tests of the command that need no kernel: the parts by themselves, and the
# whole command on a device and events that are only pretended (tool_fake_*.c).

tool-dir   := $(dir $(lastword $(MAKEFILE_LIST)))
tool-src   := $(tool-dir)../../tools
tool-build := $(tool-dir)../../build/host-tool
tool-flags  = -std=gnu11 -D_GNU_SOURCE -I$(tool-src) -I$(tool-dir)../../module/uapi \
	      -Wall -Wextra $(WERROR) -g

# The parts of the command that the tests of parts are linked with.
tool-parts := $(addprefix $(tool-src)/,compare.c counters.c elf_file.c object.c output.c \
		perf_order.c report.c say.c snapshot.c space.c stacks.c stacks_event.c stacks_function.c \
		stacks_record.c stacks_report.c symbol.c symbol_table.c trace_event.c units.c)
tool-all    = $(wildcard $(tool-src)/*.c $(tool-src)/*.S)
tool-libs  := -ljson-c -ldw -lelf -pthread
tool-heads  = $(wildcard $(tool-src)/*.h) $(tool-dir)../../module/uapi/linux/cowstat.h

# ... and what the command that is tested as a whole is linked with instead.
tool-fake  := $(addprefix $(tool-dir)tool_fake_,device.c perf.c)
tool-wraps := open ioctl trace_event_find perf_open perf_wait perf_read perf_lost perf_close

tool-tests := $(addprefix $(tool-build)/test_tool_,report compare record stacks symbol) \
	      $(tool-dir)test_tool_cli.sh

$(tool-build)/test_tool_%: $(tool-dir)test_tool_%.c $(tool-dir)test_tool.h $(tool-parts) $(tool-heads)
	@mkdir -p $(@D)
	$(CC) $(tool-flags) -o $@ $< $(tool-parts) $(tool-libs)

$(tool-build)/cowstat-fake: $(tool-fake) $(tool-all) $(tool-heads)
	@mkdir -p $(@D)
	$(CC) $(tool-flags) $(tool-wraps:%=-Wl,--wrap=%) -o $@ $(tool-fake) $(tool-all) $(tool-libs)

tool-build: $(filter $(tool-build)/%,$(tool-tests)) $(tool-build)/cowstat-fake

tool-check: tool-build
	@set -e; for test in $(tool-tests); do \
		echo "# $$test"; COWSTAT_FAKE_COMMAND=$(tool-build)/cowstat-fake $$test; done

tool-clean:
	rm -rf $(tool-build)

.PHONY: tool-build tool-check tool-clean
