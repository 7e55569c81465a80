# SPDX-License-Identifier: GPL-2.0
#
# The daily commands. What they do is in scripts/; kbuild's part is in Kbuild.
# Everything that is built goes below build/. "make help" lists the targets.

MAKEFLAGS += --no-print-directory
SHELL	:= /bin/bash
B	:= $(CURDIR)/build
U	:= $(B)/user
Q	:= $(if $(filter 1,$(V)),,@)

prefix	?= /usr/local
# As it was typed: its dollars are the guest's shell's.
override CMD := $(value CMD)
export KERNEL KDIR W C V WERROR TESTS WITHIN ADD TIMEOUT CMD VM_ARGS DESTDIR \
       INSTALL_MOD_PATH prefix \
       BENCH WORKS SIZES CGROUPS SCALE

# One build at a time in this checkout; make's job slots pass through.
locked	= mkdir -p $(B) && flock -w 1800 $(B)/.lock.user
selftests_make = $(MAKE) -C selftests OUTPUT=$(U)/selftests/dipc \
		 KSFT_DIR="$$KSOURCE/tools/testing/selftests" \
		 LIBIPC_DIR=$(U)/libipc

.PHONY: all module user libipc ipcctl tests install modules_install \
	vm vm_run check check-debug check-kcsan coverage fuzz demo checkpatch clean cacheclean help deps \
	bench bench_program profile
.DEFAULT_GOAL := all

all: module user tests ##build the module, libipc, ipcctl and the tests

module: ##build dipc.ko into build/RELEASE
	+$(Q)scripts/module.sh build

user: libipc ipcctl ##build libipc and ipcctl into build/user

libipc:
	+$(Q)$(locked) $(MAKE) -C libipc O=$(U)/libipc all

ipcctl: libipc
	+$(Q)$(locked) $(MAKE) -C ipcctl O=$(U)/ipcctl LIBIPC_DIR=$(U)/libipc all

tests: libipc ##build the test suites into build/user/selftests
	+$(Q)env=$$(scripts/kernel.sh source) && eval "$$env" && \
		mkdir -p $(U)/selftests/dipc && $(locked) $(selftests_make) all

install: user ##install libipc, ipcctl and their manual pages (DESTDIR, prefix)
	$(Q)$(MAKE) -C libipc O=$(U)/libipc install
	$(Q)$(MAKE) -C ipcctl O=$(U)/ipcctl LIBIPC_DIR=$(U)/libipc install
	$(Q)install -D -m 644 -t '$(DESTDIR)$(prefix)/share/man/man7' Documentation/man/dipc.7

modules_install: ##install dipc.ko for the kernel that it was built for
	+$(Q)scripts/module.sh install

# Make knows no status but 2 for what failed; status.so lends it the command's.
status = $(shell cat $(B)/.status.$$PPID 2>/dev/null; rm -f $(B)/.status.$$PPID)
vm: vm_run ##a shell in a guest with dipc loaded; CMD='…' runs one command there
	$(eval -load $(U)/vm/status.so)
	$(eval s := $(status))
	$(if $(filter 0,$(s)),,$(leave $(s)))
	@exit $(s)

vm_run:
	+@mkdir -p $(B); s=0; scripts/vm.sh || s=$$?; echo $$s >$(B)/.status.$$PPID

check: ##run static checks and all suites in a guest; TESTS='a b' runs those
	+$(Q)scripts/check.sh

check-debug: ##the same on a kernel with KASAN, lockdep, kmemleak… (built once)
	+$(Q)KERNEL=debug$(addprefix -,$(filter-out 6.1 debug,$(KERNEL))) scripts/check.sh

check-kcsan: ##the same on a kernel that finds data races (KCSAN)
	+$(Q)KERNEL=kcsan$(addprefix -,$(filter-out 6.1 kcsan,$(KERNEL))) scripts/check.sh

coverage: ##which lines of the module the suites execute; TESTS, ADD=1
	+$(Q)scripts/coverage.sh

bench: ##what messages cost, beside AF_UNIX, pipes…: tables and plots
	+$(Q)scripts/bench.sh

profile: ##where the instructions of an operation go; BENCH=PEER WORKS=WORK
	+$(Q)scripts/profile.sh

bench_program: libipc
	+$(Q)$(locked) $(MAKE) -C bench O=$(U)/bench LIBIPC_DIR=$(U)/libipc all

fuzz: ##random programs on the debug kernel; DIPC_SECONDS=600, DIPC_SEED
	+$(Q)KERNEL=$(or $(KERNEL),debug) scripts/fuzz.sh

demo: ##see it work: a guided session in a guest
	+$(Q)scripts/demo.sh

checkpatch: ##the kernel's style checker over kmod/ and uapi/
	$(Q)scripts/checkpatch.sh

deps: ##install the Debian packages that all of this needs
	$(Q)scripts/deps.sh check

clean: ##remove what was built
	$(Q)rm -rf $(B)

cacheclean: ##empty the cache of kernels, which all clones share
	$(Q)rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/dipc"

help: ##this list
	@echo 'Targets:'
	@sed -n 's/^\([a-z_-]*\):.*##\(.*\)/  \1\t\2/p' Makefile | expand -t 22
	@echo
	@echo 'Variables:'
	@printf '  %-20s%s\n' \
		'KERNEL=6.1|6.12|rt' "Debian's stock kernel of that series, from the cache" \
		'KERNEL=debug|kcsan' 'a 6.1 with checkers, built here once (also debug-6.12)' \
		'KDIR=DIR' 'build the module against these headers' \
		'CMD=COMMAND' 'make vm: run this, return its status' \
		"TESTS='a b'" 'make check: only these suites or checks' \
		"BENCH='a b'" 'make bench, profile: only these peers' \
		"WORKS='a b'" 'only these works (dipc-bench --list)' \
		"SIZES='8 64'" 'only these sizes, bytes' \
		'TIMEOUT=SECONDS' 'make vm: the limit of time (300; a shell 14400)' \
		'VM_ARGS=OPTIONS' 'make vm: options of scripts/vm/boot.sh' \
		'WERROR=0' 'a compiler warning does not end the build' \
		'C=1' 'sparse over what is compiled' \
		'V=1' 'show the commands; make check: show all output'
