// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define ORWRITE(_flags, _lba, _n)					\
	EMU(0x8b, _flags, 0, 0, 0, 0, 0, 0, 0, _lba, 0, 0, 0, _n, 0, 0)
#define ORWRITE_EXP(_exp, _n)						\
	EMU_EXP(_exp, 0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, _n, 0, 0)

static u8 data[EMU_BLOCKS * EMU_MAX_BLOCK];
static u8 before[sizeof(emu.medium)];

static void data_out(unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		data[i] = i * 13 + (i >> 8);
	emu_data_out(data, len);
	memcpy(before, emu.medium, sizeof(before));
}

/* Only these bytes have changed, by OR. */
static void check_medium(unsigned int from, unsigned int len)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < sizeof(before); i++)
		wrong += emu.medium[i] != (i >= from && i - from < len ?
					   (before[i] | data[i - from]) : before[i]);
	CHECK_EQ(wrong, 0);
}

static void bits_are_set(void)
{
	emu_reset();
	data_out(9 * 512);
	CHECK_REASON(ORWRITE(0, 3, 9), CST_OK);
	CHECK_EQ(emu.ios, 2);
	CHECK_EQ(emu.steps, 1);
	CHECK_EQ(emu.io.op, CST_IO_WRITE);
	CHECK_EQ(emu.io.pos, 3 * 512);
	CHECK_EQ(emu.io.len, 9 * 512);
	CHECK_EQ(emu.io.flags, 0);
	check_medium(3 * 512, 9 * 512);
	CHECK(!emu.cmd.scratch_bvec);
	/* The command held its blocks. */
	CHECK(test_bit(CST_CMD_RANGE, &emu.cmd.flags));
}

static bool held;

static void look(void)
{
	held = emu.disk.dev.ranges.held;
}

static void nobody_writes_in_between(void)
{
	emu_reset();
	data_out(512);
	emu.between_steps = look;
	held = false;
	CHECK_REASON(ORWRITE(0, 3, 1), CST_OK);
	CHECK(held);
}

static void with_4k_blocks(void)
{
	emu_reset();
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	data_out(3 * 4096);
	CHECK_REASON(ORWRITE(0, 2, 3), CST_OK);
	check_medium(2 * 4096, 3 * 4096);
}

static void cache_flags(void)
{
	emu_reset();
	data_out(512);
	CHECK_REASON(ORWRITE(0x18, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA | CST_IO_DPO);
	emu.disk.write_through = true;
	CHECK_REASON(ORWRITE(0, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	emu.disk.nv_cache = true;
	CHECK_REASON(ORWRITE(0x08, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, 0);
}

static void what_is_refused(void)
{
	emu_reset();
	data_out(512);
	CHECK_REASON(ORWRITE(0, EMU_BLOCKS, 0), CST_OK);
	CHECK_REASON(ORWRITE(0, EMU_BLOCKS + 1, 0), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(ORWRITE(0, EMU_BLOCKS - 1, 2), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(emu.ios, 0);
	/* ORPROTECT, a group, more than MAXIMUM TRANSFER LENGTH */
	CHECK_INVALID(ORWRITE(0x20, 0, 1), 1, 5);
	CHECK_INVALID(EMU(0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0), 14, 1);
	CHECK_INVALID(EMU(0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0, 0), 10, 7);
	emu.itl.read_only = true;
	CHECK_REASON(ORWRITE(0, 0, 1), CST_SENSE(WRITE_PROTECTED));
	check_medium(0, 0);
}

static void less_data_writes_fewer_blocks(void)
{
	emu_reset();
	data_out(1024);
	CHECK_REASON(ORWRITE_EXP(512, 2), CST_OK);
	CHECK_EQ(emu.io.len, 512);
	CHECK_EQ(emu.cmd.residual, 512);
	CHECK(emu.cmd.overflow);
	check_medium(0, 512);
	CHECK_REASON(ORWRITE_EXP(100, 2), CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_EQ(emu.ios, 0);
}

static void the_backing_fails(void)
{
	emu.io_error = -EIO;
}

static void errors_of_the_backing(void)
{
	emu_reset();
	data_out(512);
	emu.io_error = -EIO;
	CHECK_REASON(ORWRITE(0, 7, 1), CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK_EQ(emu.cmd.detail.info, 7);
	CHECK(!emu.cmd.scratch_bvec);
	emu.io_error = 0;
	emu.between_steps = the_backing_fails;
	CHECK_REASON(ORWRITE(0, 7, 1), CST_SENSE(WRITE_ERROR));
	CHECK(!emu.cmd.scratch_bvec);
	check_medium(0, 0);
}

static void shrink(void)
{
	emu.disk.nblocks = 1;
}

static void the_disk_becomes_smaller(void)
{
	emu_reset();
	data_out(1024);
	emu.between_steps = shrink;
	CHECK_REASON(ORWRITE(0, 0, 2), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(emu.ios, 1);
	check_medium(0, 0);
}

TEST_MAIN(T(bits_are_set), T(nobody_writes_in_between), T(with_4k_blocks), T(cache_flags),
	  T(what_is_refused), T(less_data_writes_fewer_blocks), T(errors_of_the_backing),
	  T(the_disk_becomes_smaller))
