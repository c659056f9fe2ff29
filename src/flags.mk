# SPDX-License-Identifier: GPL-2.0-only
# What every module of cst is compiled with.
cst-src := $(KBUILD_EXTMOD)/src
# Shadow headers must win over the kernel's own.
NOSTDINC_FLAGS += -I$(cst-src)/compat/include
ccflags-y += -I$(cst-src)/include -I$(cst-src)/include/uapi
ccflags-y += -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare -Wno-type-limits
# META is the one place that states the version.
ccflags-y += -DCST_VERSION='"$(shell sed -n 's/^Version:[[:space:]]*//p' $(KBUILD_EXTMOD)/META)"'
