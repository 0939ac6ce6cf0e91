# SPDX-License-Identifier: GPL-2.0
#
# Tests of the module's pure parts: the counters, the sites of the kernel, the
# family tree. They are compiled with the sanitizers, which the kernel lacks.

module-dir   := $(dir $(lastword $(MAKEFILE_LIST)))
module-src   := $(module-dir)../../module
module-build := $(module-dir)../../build/host-module
module-flags  = -std=gnu11 -DCOWSTAT_HOST -I$(module-src) -I$(module-src)/uapi \
		-Wall -Wextra $(WERROR) -g -O1 \
		-fsanitize=address,undefined -fno-sanitize-recover=all

module-pure  := $(module-src)/classify.c $(module-src)/tree.c
module-heads  = $(addprefix $(module-src)/,classify.h counters.h tree.h) \
		$(module-src)/uapi/linux/cowstat.h $(module-dir)tap.h

module-tests := $(addprefix $(module-build)/,test_counters test_classify test_tree)

$(module-build)/test_%: $(module-dir)test_%.c $(module-pure) $(module-heads)
	@mkdir -p $(@D)
	$(CC) $(module-flags) -o $@ $< $(module-pure)

module-build: $(module-tests)

module-check: module-build
	@status=0; for test in $(module-tests); do \
		echo "# $$test"; $$test || status=1; done; exit $$status

module-clean:
	rm -rf $(module-build)

.PHONY: module-build module-check module-clean
