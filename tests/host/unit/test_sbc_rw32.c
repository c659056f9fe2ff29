// SPDX-License-Identifier: GPL-2.0-only
/* The CDBs of 32 bytes of rw.c, verify.c, write_verify.c and write_same.c. */
#include "emu.h"
#include "test.h"

#define CDB32(_action, _flags, _lba, _n)				\
	EMU(0x7f, 0, 0, 0, 0, 0, 0, 24, 0, _action, _flags, 0,		\
	    0, 0, 0, 0, 0, 0, 0, _lba,					\
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, _n)
#define READ32(...)		CDB32(0x09, __VA_ARGS__)
#define VERIFY32(...)		CDB32(0x0a, __VA_ARGS__)
#define WRITE32(...)		CDB32(0x0b, __VA_ARGS__)
#define WRITE_VERIFY32(...)	CDB32(0x0c, __VA_ARGS__)
#define WRITE_SAME32(...)	CDB32(0x0d, __VA_ARGS__)

static u8 data[8 * 512];

static void data_out(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 11 + (i >> 9);
	emu_data_out(data, sizeof(data));
}

static void they_do_what_the_short_ones_do(void)
{
	emu_reset();
	CHECK_REASON(READ32(0, 3, 2), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 1024);
	CHECK(!memcmp(emu.in, emu.medium + 3 * 512, 1024));
	data_out();
	CHECK_REASON(WRITE32(0, 5, 8), CST_OK);
	CHECK_EQ(emu.io.op, CST_IO_WRITE);
	CHECK_EQ(emu.io.pos, 5 * 512);
	CHECK(!memcmp(emu.medium + 5 * 512, data, sizeof(data)));
	CHECK(test_bit(CST_CMD_RANGE, &emu.cmd.flags));
	CHECK_REASON(WRITE_VERIFY32(0x02, 20, 8), CST_OK);
	CHECK_EQ(emu.ios, 2);
	CHECK(!memcmp(emu.medium + 20 * 512, data, sizeof(data)));
}

static void dpo_and_fua(void)
{
	emu_reset();
	CHECK_REASON(READ32(0x18, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_DPO | CST_IO_FUA);
	CHECK_REASON(READ32(0, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, 0);
	data_out();
	CHECK_REASON(WRITE32(0x08, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	/* Byte 1 is CONTROL. */
	CHECK_INVALID(EMU(0x7f, 0x08, 0, 0, 0, 0, 0, 24, 0, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), 1, 3);
}

static void bytchk(void)
{
	emu_reset();
	data_out();
	CHECK_REASON(WRITE32(0, 5, 8), CST_OK);
	CHECK_REASON(VERIFY32(0x02, 5, 8), CST_OK);
	CHECK_EQ(emu.cmd.data_len, sizeof(data));
	CHECK_REASON(VERIFY32(0x02, 6, 8), CST_SENSE(MISCOMPARE_DURING_VERIFY));
	CHECK_REASON(VERIFY32(0x00, 6, 8), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
	CHECK_REASON(VERIFY32(0x06, 5, 1), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 512);
	CHECK_INVALID(VERIFY32(0x04, 5, 8), 10, 2);
}

static void write_same(void)
{
	unsigned int i;

	emu_reset();
	data_out();
	CHECK_REASON(WRITE_SAME32(0, 5, 8), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 512);
	for (i = 5; i < 13; i++)
		CHECK(!memcmp(emu.medium + i * 512, data, 512));
	/* NDOB, and UNMAP of a disk that is not thin */
	CHECK_REASON(WRITE_SAME32(0x01, 6, 1), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
	CHECK_EQ(emu.medium[6 * 512 + 7], 0);
	CHECK_INVALID(WRITE_SAME32(0x08, 5, 8), 10, 3);
	CHECK_INVALID(WRITE_SAME32(0x10, 5, 8), 10, 4);
	CHECK_INVALID(WRITE_SAME32(0, 5, 0), 28, 7);
	/* UNMAP of a thin one */
	emu.disk.thin = true;
	emu.disk.unmap_zeroes = true;
	emu.disk.unmap_granularity = 512;
	emu.disk.can_zero = true;
	CHECK_REASON(WRITE_SAME32(0x09, 8, 2), CST_OK);
	CHECK_EQ(emu.io.op, CST_IO_ZERO);
	CHECK_EQ(emu.io.flags & CST_IO_RELEASE, CST_IO_RELEASE);
	CHECK_EQ(emu.io.pos, 8 * 512);
}

static void what_is_refused(void)
{
	emu_reset();
	/* RDPROTECT, RARC, a group, more than MAXIMUM TRANSFER LENGTH */
	CHECK_INVALID(READ32(0x20, 0, 1), 10, 5);
	CHECK_INVALID(READ32(0x04, 0, 1), 10, 2);
	CHECK_INVALID(EMU(0x7f, 0, 0, 0, 0, 0, 1, 24, 0, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), 6, 0);
	CHECK_INVALID(EMU(0x7f, 0, 0, 0, 0, 0, 0, 24, 0, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1), 28, 7);
	CHECK_REASON(READ32(0, EMU_BLOCKS, 1), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(EMU(0x7f, 0, 0, 0, 0, 0, 0, 24, 0, 0x09, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0,
			 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), CST_SENSE(LBA_OUT_OF_RANGE));
	emu.itl.read_only = true;
	CHECK_REASON(WRITE32(0, 0, 1), CST_SENSE(WRITE_PROTECTED));
}

TEST_MAIN(T(they_do_what_the_short_ones_do), T(dpo_and_fua), T(bytchk), T(write_same),
	  T(what_is_refused))
