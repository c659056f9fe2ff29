// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

static void read_capacity_10(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8);
	CHECK_BYTES(emu.in, 0, 0, 0, 63, 0, 0, 2, 0);

	emu.disk.nblocks = 0xffffffff;
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_BYTES(emu.in, 0xff, 0xff, 0xff, 0xfe, 0, 0, 2, 0);
	emu.disk.nblocks = 0x100000000ULL;
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_BYTES(emu.in, 0xff, 0xff, 0xff, 0xff);
	emu.disk.nblocks = 0x100000001ULL;
	emu.disk.block_size = 4096;
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_BYTES(emu.in, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x10, 0);
}

static void read_capacity_16(void)
{
	static const u8 zero[18];

	emu_reset();
	emu.disk.nblocks = 0x0123456789abcdefULL;
	emu.disk.lb_per_pb_exp = 3;
	CHECK_REASON(EMU(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0),
		     CST_OK);
	CHECK_EQ(emu.cmd.data_len, 32);
	CHECK_BYTES(emu.in, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xee,
		    0x00, 0x00, 0x02, 0x00, 0x00, 0x03);
	CHECK(!memcmp(emu.in + 14, zero, 18));
	emu.disk.thin = true;
	CHECK_REASON(EMU(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), CST_OK);
	CHECK_BYTES(emu.in + 13, 0x03, 0x80, 0);
	emu.disk.unmap_zeroes = true;
	CHECK_REASON(EMU(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), CST_OK);
	CHECK_BYTES(emu.in + 13, 0x03, 0xc0, 0);
	CHECK_REASON(EMU(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		     CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
}

static void pmi_and_lba(void)
{
	emu_reset();
	CHECK_INVALID(EMU(0x25, 0, 0, 0, 0, 1, 0, 0, 0, 0), 2, 7);
	CHECK_INVALID(EMU(0x9e, 0x10, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0,
			  0), 2, 7);
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 63, 0, 0, 1, 0), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 63);
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 64, 0, 0, 1, 0),
		     CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(EMU(0x9e, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			 0xff, 0, 0, 0, 32, 1, 0), CST_SENSE(LBA_OUT_OF_RANGE));
}

static void an_empty_unit(void)
{
	emu_reset();
	emu.disk.nblocks = 0;
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		     CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_REASON(EMU(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0),
		     CST_SENSE(MEDIUM_NOT_PRESENT));
}

TEST_MAIN(T(read_capacity_10), T(read_capacity_16), T(pmi_and_lba),
	  T(an_empty_unit))
