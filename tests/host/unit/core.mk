# SPDX-License-Identifier: GPL-2.0-only
# The files of core and of the device types that the unit tests and the fuzzers compile beside emu.c.
CORE := $(addprefix core/, submit cmd parse gate xfer order data_out exec inner status wait range command)
CORE += $(addprefix core/, abort tmf lun_map lun dev_type sense ua initiators identity port medium store_record)
CORE += scsi/types
CORE += $(addprefix scsi/spc/, inquiry vpd vpd_ports log mode mode_pages opcodes luns unit prevent_allow)
CORE += $(addprefix scsi/sbc/, disk rw verify cache start_stop capacity log mode vpd compare_write write_same write_verify)
CORE += $(addprefix scsi/spc/, buffer diagnostic identify timestamp)
CORE += $(addprefix scsi/pr/, in list nexus out record registrants reserve type)
CORE += $(addprefix scsi/copy/, extended_copy limits list status)
CORE += $(addprefix scsi/sbc/, defects orwrite prefetch unmap lba_status space write_atomic)
CORE += $(addprefix scsi/sbc/, erasure erasure_state format sanitize)
