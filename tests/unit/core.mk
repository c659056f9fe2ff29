# SPDX-License-Identifier: GPL-2.0-only
# The files of core that the unit tests and the fuzzers compile beside emu.c.
CORE := cdb_table parse gate lun sense ua xfer initiators identity
CORE += spc_inquiry spc_vpd spc_mode spc_rsoc spc_luns spc_unit
CORE += sbc_capacity sbc_rw sbc_unit medium
