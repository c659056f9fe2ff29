// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define ATOMIC(_flags, _lba, _n)					\
	EMU(0x9c, _flags, 0, 0, 0, 0, 0, 0, 0, _lba, 0, 0, (_n) >> 8, (_n) & 0xff, 0, 0)

static u8 data[EMU_BLOCKS * EMU_MAX_BLOCK];

static void data_out(unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		data[i] = i * 13 + (i >> 8);
	emu_data_out(data, len);
}

/* A backing that writes 1 to 16 KiB without tearing */
static void an_atomic_disk(void)
{
	emu_reset();
	emu.disk.atomic_max = 16384;
	emu.disk.atomic_unit = 1024;
}

static bool held;

static void look(void)
{
	held = emu.disk.dev.ranges.held;
}

static void one_write_does_it(void)
{
	an_atomic_disk();
	data_out(6 * 512);
	held = false;
	emu.on_io = look;
	CHECK_REASON(ATOMIC(0, 4, 6), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK(held);
	CHECK_EQ(emu.io.op, CST_IO_WRITE);
	CHECK_EQ(emu.io.flags, CST_IO_UNTORN);
	CHECK_EQ(emu.io.pos, 4 * 512);
	CHECK_EQ(emu.io.len, 6 * 512);
	CHECK(!memcmp(emu.medium + 4 * 512, data, 6 * 512));
	CHECK(!emu.cmd.scratch_bvec);
	CHECK_REASON(ATOMIC(0x18, 32, 32), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_UNTORN | CST_IO_FUA | CST_IO_DPO);
	emu.disk.write_through = true;
	CHECK_REASON(ATOMIC(0, 0, 2), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_UNTORN | CST_IO_FUA);
	/* no blocks */
	CHECK_REASON(ATOMIC(0, 4, 0), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_REASON(ATOMIC(0, 64, 0), CST_OK);
}

static void what_the_limits_refuse(void)
{
	u8 before[sizeof(emu.medium)];

	an_atomic_disk();
	memcpy(before, emu.medium, sizeof(before));
	data_out(64 * 512);
	/* length: too much, no multiple */
	CHECK_INVALID(ATOMIC(0, 0, 34), 12, 7);
	CHECK_INVALID(ATOMIC(0, 0, 0xfffe), 12, 7);
	CHECK_INVALID(ATOMIC(0, 0, 3), 12, 7);
	/* alignment */
	CHECK_INVALID(ATOMIC(0, 1, 2), 2, 7);
	/* a boundary of the backing, which need not be a power of two */
	emu.disk.atomic_boundary = 3 * 1024;
	CHECK_INVALID(ATOMIC(0, 4, 4), 2, 7);
	CHECK_REASON(ATOMIC(0, 6, 6), CST_OK);
	memcpy(emu.medium, before, sizeof(before));
	emu.disk.atomic_boundary = 0;
	/* ATOMIC BOUNDARY, WRPROTECT, a group */
	CHECK_INVALID(EMU(0x9c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 0), 11, 1);
	CHECK_INVALID(ATOMIC(0x20, 0, 2), 1, 5);
	CHECK_INVALID(EMU(0x9c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0), 14, 0);
	CHECK_REASON(ATOMIC(0, 64, 2), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(ATOMIC(0, 60, 6), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(EMU(0x9c, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 2,
			 0, 0), CST_SENSE(LBA_OUT_OF_RANGE));
	/* half of the data */
	CHECK_REASON(EMU_EXP(512, 0x9c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	emu.disk.dev.read_only = true;
	CHECK_REASON(ATOMIC(0, 0, 2), CST_SENSE(WRITE_PROTECTED));
	CHECK_EQ(emu.ios, 0);
	CHECK(!memcmp(before, emu.medium, sizeof(before)));
}

static void what_the_backing_refuses(void)
{
	an_atomic_disk();
	data_out(2 * 512);
	emu.io_error = -EINVAL;
	CHECK_INVALID(ATOMIC(0, 2, 2), 2, 7);
	emu.io_error = -EIO;
	CHECK_REASON(ATOMIC(0, 2, 2), CST_SENSE(WRITE_ERROR));
	emu.io_error = -ENOSPC;
	CHECK_REASON(ATOMIC(0, 2, 2), CST_SENSE(SPACE_ALLOCATION_FAILED));
	CHECK(!emu.cmd.scratch_bvec);
}

static void without_a_promise_there_is_no_command(void)
{
	emu_reset();
	data_out(512);
	CHECK_REASON(ATOMIC(0, 0, 1), CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
	CHECK(emu.cmd.detail.field_valid && !emu.cmd.detail.field);
	CHECK_EQ(emu.ios, 0);
	/* REPORT SUPPORTED OPERATION CODES: it is listed where it is there */
	CHECK_REASON(EMU(0xa3, 0x0c, 1, 0x9c, 0, 0, 0, 0, 1, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.in[1] & 7, 1);
	an_atomic_disk();
	CHECK_REASON(EMU(0xa3, 0x0c, 1, 0x9c, 0, 0, 0, 0, 1, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.in[1] & 7, 3);
	CHECK_BYTES(emu.in + 4, 0x9c, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0, 0, 0xff, 0xff, 0, 0);
}

static void limits(u32 max, u32 unit)
{
	CHECK_REASON(EMU(0x12, 1, 0xb0, 0, 0xff, 0), CST_OK);
	CHECK_EQ(get_unaligned_be32(emu.in + 44), max);
	CHECK_EQ(get_unaligned_be32(emu.in + 48), unit);
	CHECK_EQ(get_unaligned_be32(emu.in + 52), unit);
	CHECK_EQ(get_unaligned_be64(emu.in + 56), 0);
}

static void the_limits_are_told(void)
{
	emu_reset();
	limits(0, 0);
	an_atomic_disk();
	limits(32, 2);
	/* no more than the session takes, in whole units, or than TRANSFER LENGTH can say */
	emu.sess->max_xfer = 4096 + 512;
	limits(8, 2);
	emu.sess->max_xfer = 256 << 20;
	emu.disk.atomic_max = 1 << 30;
	emu.disk.atomic_unit = 4096;
	limits(0xfff8, 8);
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	emu.disk.atomic_max = 1 << 20;
	limits(256, 1);
}

static void another_disk(void)
{
	emu.disk.atomic_unit = 4096;
}

/* The device is enabled with another backing, after the command was parsed. */
static void the_limits_change(void)
{
	an_atomic_disk();
	data_out(2 * 512);
	emu.meanwhile = another_disk;
	CHECK_INVALID(ATOMIC(0, 2, 2), 12, 7);
	CHECK_EQ(emu.ios, 0);
}

TEST_MAIN(T(one_write_does_it), T(what_the_limits_refuse), T(what_the_backing_refuses),
	  T(without_a_promise_there_is_no_command), T(the_limits_are_told),
	  T(the_limits_change))
