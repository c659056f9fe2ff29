// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define WS(_flags, _lba, _n)						\
	EMU(0x93, _flags, 0, 0, 0, 0, 0, 0, 0, _lba,			\
	    (u8)((_n) >> 24), (u8)((_n) >> 16), (u8)((_n) >> 8), (u8)(_n), 0, 0)
#define WS_EXP(_exp, _flags)						\
	EMU_EXP(_exp, 0x93, _flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0)
#define NDOB	0x01

static u8 data[4096];
static u8 before[sizeof(emu.medium)];

static void block_of(unsigned int size)
{
	unsigned int i;

	for (i = 0; i < size; i++)
		data[i] = i * 3 + (i >> 8) + 1;
	emu_data_out(data, size);
	memcpy(before, emu.medium, sizeof(before));
}

static void each_block_becomes_the_same(void)
{
	unsigned int i;

	emu_reset();
	block_of(512);
	CHECK_REASON(WS(0, 5, 20), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_WRITE);
	CHECK_EQ(emu.io.pos, 5 * 512);
	CHECK_EQ(emu.io.len, 20 * 512);
	CHECK_EQ(emu.io.flags, 0);
	CHECK_EQ(emu.cmd.data_len, 512);
	for (i = 5; i < 25; i++)
		CHECK(!memcmp(emu.medium + i * 512, data, 512));
	CHECK(!memcmp(emu.medium, before, 5 * 512));
	CHECK(!memcmp(emu.medium + 25 * 512, before + 25 * 512, 39 * 512));
	CHECK(!emu.cmd.scratch_bvec);
	CHECK(test_bit(CST_CMD_RANGE, &emu.cmd.flags));

	emu_reset();
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	block_of(4096);
	CHECK_REASON(WS(0, 61, 3), CST_OK);
	for (i = 61; i < 64; i++)
		CHECK(!memcmp(emu.medium + i * 4096, data, 4096));
	CHECK(!memcmp(emu.medium + 60 * 4096, before + 60 * 4096, 4096));
}

static void zeroes_without_data(void)
{
	static const u8 zero[64 * 512];

	emu_reset();
	CHECK_REASON(WS(NDOB, 0, 64), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
	CHECK(!memcmp(emu.medium, zero, sizeof(zero)));
	/* Data that the CDB does not ask for does not move. */
	CHECK_REASON(WS_EXP(512, NDOB), CST_OK);
	CHECK_EQ(emu.cmd.residual, 512);
}

/* A disk larger than emu.medium: the test sees only which I/Os are done. */
static void a_large_disk(void)
{
	emu_reset();
	emu.disk.nblocks = 1 << 20;
	block_of(512);
}

static void step_by_step(void)
{
	a_large_disk();
	CHECK_REASON(WS(0, 3, 2048), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.steps, 0);
	CHECK_REASON(WS(0, 3, 3 * 2048 + 7), CST_OK);
	CHECK_EQ(emu.ios, 4);
	CHECK_EQ(emu.steps, 3);
	CHECK_EQ(emu.io.pos, (3 + 3 * 2048) * 512);
	CHECK_EQ(emu.io.len, 7 * 512);
	CHECK(!emu.cmd.scratch_bvec);
	/* the maximum */
	CHECK_REASON(WS(NDOB, 0, 131072), CST_OK);
	CHECK_EQ(emu.ios, 64);
	CHECK_EQ(emu.io.pos + emu.io.len, 64 << 20);
}

static void the_backing_fails(void)
{
	if (emu.ios == 2)
		emu.io_error = -EIO;
}

static void a_step_fails(void)
{
	a_large_disk();
	emu.between_steps = the_backing_fails;
	CHECK_REASON(WS(0, 0, 8 * 2048), CST_SENSE(WRITE_ERROR));
	CHECK_EQ(emu.ios, 3);
	CHECK(!emu.cmd.detail.info_valid);
	CHECK(!emu.cmd.scratch_bvec);
}

static void the_disk_shrinks(void)
{
	emu.disk.nblocks = 3 * 2048;
}

static void a_step_lies_beyond_the_end(void)
{
	a_large_disk();
	emu.between_steps = the_disk_shrinks;
	CHECK_REASON(WS(0, 0, 8 * 2048), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(emu.ios, 1);
	CHECK(!emu.cmd.scratch_bvec);
}

static void each_step_is_durable(void)
{
	a_large_disk();
	emu.disk.write_through = true;
	CHECK_REASON(WS(0, 0, 4096), CST_OK);
	CHECK_EQ(emu.ios, 2);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	emu.disk.nv_cache = true;
	CHECK_REASON(WS(0, 0, 4096), CST_OK);
	CHECK_EQ(emu.io.flags, 0);
}

#define WS10(_flags, _lba, _n)						\
	EMU(0x41, _flags, 0, 0, 0, _lba, 0, (u8)((_n) >> 8), (u8)(_n), 0)
#define UNMAP_BIT	0x08

static void with_10_bytes(void)
{
	unsigned int i;

	emu_reset();
	block_of(512);
	CHECK_REASON(WS10(0, 5, 20), CST_OK);
	CHECK_EQ(emu.io.pos, 5 * 512);
	CHECK_EQ(emu.io.len, 20 * 512);
	for (i = 5; i < 25; i++)
		CHECK(!memcmp(emu.medium + i * 512, data, 512));
	CHECK_INVALID(WS10(0, 0, 0), 7, 7);
	/* NDOB is not in this CDB. */
	CHECK_INVALID(WS10(NDOB, 0, 1), 1, 0);
	CHECK_INVALID(WS10(UNMAP_BIT, 0, 1), 1, 3);
	CHECK_REASON(WS10(0, 60, 5), CST_SENSE(LBA_OUT_OF_RANGE));
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	emu.disk.nblocks = 1 << 20;
	CHECK_INVALID(WS10(0, 0, 16385), 7, 7);
	emu_reset();
	emu.disk.dev.read_only = true;
	CHECK_REASON(WS10(0, 0, 1), CST_SENSE(WRITE_PROTECTED));
}

static void a_thin_disk(void)
{
	a_large_disk();
	emu.disk.thin = true;
	emu.disk.unmap_granularity = 4096;
	emu.disk.unmap_zeroes = true;
	emu.disk.can_zero = true;
}

static void zeroes_by_the_handler(void)
{
	static const u8 zero[512];

	a_thin_disk();
	CHECK_REASON(WS(NDOB, 3, 131072), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_ZERO);
	CHECK_EQ(emu.io.pos, 3 * 512);
	CHECK_EQ(emu.io.len, 64 << 20);
	CHECK_EQ(emu.io.flags, 0);
	emu_data_out(zero, 512);
	CHECK_REASON(WS(0, 1, 2), CST_OK);
	CHECK_EQ(emu.io.op, CST_IO_ZERO);
	CHECK_EQ(emu.io.flags, 0);
	CHECK_REASON(WS10(UNMAP_BIT, 1, 2), CST_OK);
	CHECK_EQ(emu.io.op, CST_IO_ZERO);
	CHECK_EQ(emu.io.flags, CST_IO_RELEASE);
	emu.disk.write_through = true;
	CHECK_REASON(WS(NDOB | UNMAP_BIT, 1, 2), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_RELEASE | CST_IO_FUA);
	/* Data that is not zero is written, with UNMAP as well; its last byte matters. */
	block_of(512);
	CHECK_REASON(WS(UNMAP_BIT, 1, 2), CST_OK);
	CHECK_EQ(emu.io.op, CST_IO_WRITE);
	memset(data, 0, 512);
	data[511] = 1;
	emu_data_out(data, 512);
	CHECK_REASON(WS(UNMAP_BIT, 1, 2), CST_OK);
	CHECK_EQ(emu.io.op, CST_IO_WRITE);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
}

static void writes_only(void)
{
	emu.io_error = emu.io.op == CST_IO_ZERO ? -EOPNOTSUPP : 0;
}

/* The handler cannot make zeroes after all: they are written. */
static void zeroes_the_other_way(void)
{
	static const u8 zero[64 * 512];

	a_thin_disk();
	emu.on_io = writes_only;
	CHECK_REASON(WS(NDOB, 3, 4096), CST_OK);
	CHECK_EQ(emu.ios, 3);
	CHECK_EQ(emu.io.op, CST_IO_WRITE);
	CHECK_EQ(emu.io.pos, (3 + 2048) * 512);
	CHECK_EQ(emu.io.len, 1 << 20);
	CHECK(!emu.cmd.scratch_bvec);
	/* Without UNMAP that does not mean that the disk is not thin. */
	CHECK(emu.disk.thin);
	emu.disk.nblocks = EMU_BLOCKS;
	CHECK_REASON(WS(NDOB | UNMAP_BIT, 0, 64), CST_OK);
	CHECK(!memcmp(emu.medium, zero, sizeof(zero)));
	CHECK(!emu.disk.thin);
	emu_data_out(zero, 512);
	CHECK_REASON(WS(NDOB, 0, 64), CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(WS(NDOB, 0, 64), CST_SENSE(INQUIRY_DATA_CHANGED));
	CHECK_INVALID(WS(NDOB | UNMAP_BIT, 0, 64), 1, 3);
}

static void where_unmapped_blocks_are_not_zero(void)
{
	a_thin_disk();
	emu.disk.unmap_zeroes = false;
	CHECK_INVALID(WS(NDOB | UNMAP_BIT, 0, 64), 1, 3);
	CHECK_REASON(WS(NDOB, 0, 64), CST_OK);
	CHECK_EQ(emu.io.op, CST_IO_ZERO);
}

static void how_many_and_what(void)
{
	a_large_disk();
	/* WSNZ */
	CHECK_INVALID(WS(0, 0, 0), 10, 7);
	CHECK_INVALID(WS(NDOB, 0, 131073), 10, 7);
	CHECK_INVALID(WS(0, 0, 0xffffffffU), 10, 7);
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	CHECK_INVALID(WS(NDOB, 0, 16385), 10, 7);
	CHECK_REASON(WS(NDOB, 0, 16384), CST_OK);
	/* ANCHOR, UNMAP, WRPROTECT, LBDATA, PBDATA, a group */
	CHECK_INVALID(WS(0x10, 0, 1), 1, 4);
	CHECK_INVALID(WS(0x08, 0, 1), 1, 3);
	CHECK_INVALID(WS(0x20, 0, 1), 1, 5);
	CHECK_INVALID(WS(0x02, 0, 1), 1, 1);
	CHECK_INVALID(WS(0x04, 0, 1), 1, 2);
	CHECK_INVALID(EMU(0x93, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0), 14, 0);
}

static void beyond_the_end(void)
{
	emu_reset();
	block_of(512);
	CHECK_REASON(WS(0, 60, 5), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(WS(0, 64, 1), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(EMU(0x93, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0,
			 0), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(emu.ios, 0);
	CHECK(!memcmp(before, emu.medium, sizeof(before)));
	CHECK_REASON(WS(0, 60, 4), CST_OK);
}

static void needs_its_block(void)
{
	emu_reset();
	block_of(512);
	CHECK_REASON(WS_EXP(511, 0), CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_REASON(WS_EXP(0, 0), CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_EQ(emu.ios, 0);
	CHECK_REASON(WS_EXP(1024, 0), CST_OK);
	CHECK_EQ(emu.cmd.residual, 512);
}

static void write_protection(void)
{
	emu_reset();
	emu.disk.dev.read_only = true;
	CHECK_REASON(WS(0, 0, 1), CST_SENSE(WRITE_PROTECTED));
	CHECK_REASON(WS(NDOB, 0, 1), CST_SENSE(WRITE_PROTECTED));
}

TEST_MAIN(T(each_block_becomes_the_same), T(zeroes_without_data), T(step_by_step),
	  T(a_step_fails), T(a_step_lies_beyond_the_end), T(each_step_is_durable),
	  T(how_many_and_what), T(beyond_the_end), T(needs_its_block),
	  T(write_protection), T(with_10_bytes), T(zeroes_by_the_handler),
	  T(zeroes_the_other_way), T(where_unmapped_blocks_are_not_zero))
