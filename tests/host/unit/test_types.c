// SPDX-License-Identifier: GPL-2.0-only
/* How commands are answered at LUNs that have no device. */
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

static void the_well_known_lun_is_known(void)
{
	static const u8 report_luns[8] = { 0xc1, 0x01 };
	static const u8 others[][8] = {
		{ 0xc1, 0x02 }, { 0xc1, 0x03 }, { 0xc1, 0x01, 0, 1 }, { 0xc0, 0x01 },
		{ 0xc1, 0x01, 0, 0, 0, 0, 0, 1 }, { 0x01, 0x01 },
	};
	unsigned int i;
	u32 lun;

	CHECK(cst_lun_is_report_luns(report_luns));
	CHECK_EQ(cst_lun_decode(report_luns, &lun), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		CHECK(!cst_lun_is_report_luns(others[i]));
}

static void report_luns_unit_tells_what_it_is(void)
{
	emu_reset();
	emu_report_luns();
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_EQ(emu.in[0], 0x1e);
	CHECK_EQ(get_unaligned_be16(emu.in + 58), 0x00a0);
	CHECK_EQ(get_unaligned_be16(emu.in + 62), 0x0460);
	CHECK_EQ(get_unaligned_be16(emu.in + 64), 0);

	CHECK_REASON(EMU(0x12, 1, 0, 0, 255, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 6);
	CHECK_BYTES(emu.in, 0x1e, 0x00, 0, 2, 0x00, 0x83);

	/* The designators of the port, and none of a logical unit. */
	CHECK_REASON(EMU(0x12, 1, 0x83, 0, 255, 0), CST_OK);
	CHECK_EQ(emu.in[0], 0x1e);
	CHECK_BYTES(emu.in + 4, 0x51, 0x94, 0, 4, 0, 0, 0x12, 0x34);
	CHECK_INVALID(EMU(0x12, 1, 0x80, 0, 255, 0), 2, 7);
}

static void report_luns_unit_reports_luns(void)
{
	emu_reset();
	emu_add_lun(7);
	emu_report_luns();
	CHECK_REASON(EMU(0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), CST_OK);
	CHECK_EQ(get_unaligned_be32(emu.in), 8);
	CHECK_BYTES(emu.in + 8, 0, 7, 0, 0, 0, 0, 0, 0);
	CHECK_REASON(EMU(0xa0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0), CST_OK);
	CHECK_EQ(get_unaligned_be32(emu.in), 8);
	CHECK_BYTES(emu.in + 8, 0xc1, 0x01, 0, 0, 0, 0, 0, 0);
}

static void report_luns_unit_is_ready_and_no_disk(void)
{
	emu_reset();
	emu_report_luns();
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(EMU(0x03, 0, 0, 0, 18, 0), CST_OK);
	CHECK_EQ(emu.in[2], 0);
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0),
		     CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 255, 0),
		     CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
	/* The unit reports its own commands, not those of a disk. */
	CHECK_REASON(EMU(0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0), CST_OK);
	CHECK_EQ(get_unaligned_be32(emu.in), cst_report_luns_type.index->nr_ops * 8);
	CHECK(cst_report_luns_type.index->nr_ops < cst_disk_type.index->nr_ops);
}

static void nothing_answers_three_commands(void)
{
	emu_reset();
	emu_no_lun();
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_EQ(emu.in[0], 0x7f);
	CHECK_REASON(EMU(0x12, 1, 0, 0, 255, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x7f, 0x00, 0, 1, 0x00);
	CHECK_REASON(EMU(0x03, 0, 0, 0, 18, 0), CST_OK);
	CHECK_BYTES(emu.in + 12, 0x25, 0x00);
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_SENSE(LU_NOT_SUPPORTED));
	CHECK(!emu.cmd.detail.field_valid);
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_SENSE(LU_NOT_SUPPORTED));
}

TEST_MAIN(T(the_well_known_lun_is_known), T(report_luns_unit_tells_what_it_is),
	  T(report_luns_unit_reports_luns), T(report_luns_unit_is_ready_and_no_disk),
	  T(nothing_answers_three_commands))
