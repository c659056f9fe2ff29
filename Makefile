# SPDX-License-Identifier: GPL-2.0-only
#
# Builds, packages and tests cst.  The modules themselves are described in
# Kbuild; the name, the version and the supported kernels in META.

suites = $(shell sed -n 's/^$(1)_suites="\(.*\)"/\1/p' tests/check)
meta = $(shell sed -n 's/^$(1):[ \t]*//p' META)
NAME := $(call meta,Name)
VERSION := $(call meta,Version)
LINUX_MIN := $(call meta,Linux-Minimum)

# The newest kernel whose headers are installed, unless told.
KVER ?= $(lastword $(shell ls -d /lib/modules/*/build 2>/dev/null | cut -d/ -f4 | sort -V))
KDIR ?= /lib/modules/$(KVER)/build
JOBS ?= $(shell nproc)

daemon := src/fabrics/iscsi/daemon
build := build

.DELETE_ON_ERROR:
.PHONY: all help deps modules tools deb lint lint-deb demo shell bench bench-scale bench-config clean distclean \
	check check-bench check-kernels check-builds check-uml check-debug check-kcsan coverage mutations FORCE

all: modules tools

help:
	@echo 'Two to begin with:'
	@echo '  make demo        build, install in a guest, export a disk over iSCSI and loop'
	@echo '  make shell       a root shell in that guest, with the demo in place'
	@echo 'Building:'
	@echo '  make             modules and tools'
	@echo '  make modules     kernel modules for KVER=$(KVER)'
	@echo '  make tools       cst-iscsid'
	@echo '  make deb         Debian packages in $(build)/deb'
	@echo '  make lint-deb    lintian on them'
	@echo '  make clean       what was built; make distclean: the guest and logs, too'
	@echo 'Testing:'
	@echo '  make check-quick before each commit: 4 minutes'
	@echo '  make check       everything that fits into an hour (doc/testing.md)'
	@echo '  make check-long  what does not'
	@echo '  make check-SUITE one of them: $(call suites,guest) $(call suites,host)'
	@echo '                   or of the long ones: $(call suites,long)'
	@echo '  make check-guest-all T=iscsi/ only tests whose group/NNN-name begins so'
	@echo '  make check-kernels            the matrix of kernels that META states; K=6.12: one'
	@echo '  make check-builds             compiles for those and their -cloud and -rt, gcc and clang'
	@echo '  make lint        compilers, sparse, checkpatch, coccinelle, linters'
	@echo '  make check-uml   the functional tests and timers in simulated time: 4 minutes'
	@echo '  make check-debug the guest tests under KASAN, lockdep and others (T= as above)'
	@echo '  make check-kcsan the guest tests under KCSAN (T= as above)'
	@echo '  make check-power CUTS=10  power cuts: what was promised must be there (doc/power.md)'
	@echo '  make coverage    which lines the tests reach'
	@echo '  make mutations   changes in the code of commands that a unit test must notice'
	@echo '  make bench       instructions per I/O, beside LIO, nvmet and tgt (doc/bench.md)'
	@echo '  make bench-scale     1, 2, 4 CPUs with as many sessions'
	@echo '  make bench-config    making, saving, restoring 10,000 LUNs'
	@echo '  make conformance libiscsi, sg3_utils, file systems, sd and sg, beside LIO and tgt (doc/conformance.md)'
	@echo '  make check-bench cst alone against the committed figures'
	@echo '  make fuzz-live TIME=60    the running target, guided by coverage'
	@echo '  make fuzz TIME=20   every fuzzer in user space, so many seconds each'

deps:
	@tests/env/vm/deps

modules:
	@[ -n '$(KVER)' ] || { echo 'No kernel headers found; make deps installs them.' >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools:
	$(MAKE) -C $(daemon) all

$(build)/dkms.conf: dkms.conf.in META
	@mkdir -p $(@D)
	maj=$(firstword $(subst ., ,$(LINUX_MIN))); min=$(lastword $(subst ., ,$(LINUX_MIN))); \
	re="^($$maj[.]($$(seq -s '|' $$min 20))|[$$((maj + 1))-9]|[1-9][0-9])[.]"; \
	sed -e 's/@NAME@/$(NAME)/' -e 's/@VERSION@/$(VERSION)/' -e 's/@LINUX_MIN@/$(LINUX_MIN)/' \
		-e "s/@LINUX_REGEX@/$$re/" $< >$@

deb:
	@tests/env/vm/deps build
	@debian/make-debs $(build)

lint:
	@tests/host/lint/run

lint-deb: deb
	@tests/env/vm/deps check
	lintian --fail-on error --suppress-tags bad-distribution-in-changes-file $(build)/deb/*.changes

demo: deb
	@tests/env/vm/demo

shell: deb
	@tests/env/vm/shell

check:
	@tests/check

# Any suite of tests/check; what has a rule of its own below can be told more, or does
# less (check-uml).  Not phony: for such targets make looks for no pattern.
check-%: FORCE
	@tests/check $*

check-kernels:
	@tests/env/kernels/run $(K)

check-builds:
	@tests/env/kernels/builds $(K)

# Kernels that are programs; see doc/uml.md.
check-uml:
	@tests/env/uml/check functional timers

.PHONY: fuzz-live
fuzz-live:
	@tests/machine/fuzz-live/run $(or $(TIME),60) $(SEED)

.PHONY: conformance
conformance: modules tools
	@tests/measure/conformance/run $(if $(TARGETS),-t $(TARGETS)) $(if $(SUITES),-s $(SUITES))

# See doc/power.md.
.PHONY: check-power
check-power: modules tools
	@tests/machine/power/run --cuts $(or $(CUTS),10) $(if $(SEED),--seed $(SEED))

# See doc/testing-kernels.md.
check-debug:
	@tests/env/debug kasan

check-kcsan:
	@tests/env/debug kcsan

coverage:
	@tests/measure/coverage/run

mutations:
	@tests/measure/mutations/run $(if $(SEED),--seed $(SEED))

bench: modules tools
	@tests/measure/bench/run

bench-scale bench-config: modules tools
	@tests/measure/bench/$(@:bench-%=%)

check-bench: modules tools
	@tests/measure/bench/run --check

.PHONY: fuzz
fuzz:
	@tests/host/fuzz/run -t $(or $(TIME),20)

# Not kbuild's clean: it would search build/ for modules and find the guest's.
clean:
	find src \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name '*.o.d' -o -name modules.order -o -name Module.symvers \) -delete
	rm -f modules.order Module.symvers .modules.order.cmd .Module.symvers.cmd .module-common.o
	-$(MAKE) -C $(daemon) clean
	-[ ! -e tests/host/unit/Makefile ] || $(MAKE) -C tests/host/unit clean
	find tools tests \( -name __pycache__ -o -name .pytest_cache -o -name .mypy_cache \) -prune -exec rm -rf {} +
	rm -rf $(build)/deb $(build)/deb-src $(build)/dkms.conf

distclean: clean
	rm -rf $(build)
