// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define STATUS(_lba, _alloc)						\
	EMU(0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, (u8)(_lba), 0, 0,		\
	    (u8)((_alloc) >> 8), (u8)(_alloc), 0, 0)

static int map_error;
static unsigned int maps;

/* Every other piece of 4 blocks is mapped, the first one is not. */
static int map(struct cst_device *dev, u64 pos, u64 *end)
{
	maps++;
	*end = (pos / 2048 + 1) * 2048;
	return map_error ?: pos / 2048 % 2;
}

/* Nothing is mapped, on a disk without end. */
static int map_nothing(struct cst_device *dev, u64 pos, u64 *end)
{
	*end = 1ULL << 60;
	return 0;
}

static void a_thin_disk(void)
{
	emu_reset();
	emu.disk.thin = true;
	emu.disk.unmap_granularity = 2048;
	emu.disk.unmap_zeroes = true;
	emu.block.map = map;
	map_error = 0;
	maps = 0;
}

static void extents(void)
{
	a_thin_disk();
	CHECK_REASON(STATUS(2, 8 + 3 * 16), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8 + 3 * 16);
	CHECK_BYTES(emu.in, 0, 0, 0, 4 + 3 * 16, 0, 0, 0, 0,
		    0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 1, 0, 0, 0,
		    0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 0,
		    0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 4, 1, 0, 0, 0);
	/* no more work than is asked for */
	CHECK_EQ(maps, 3);
	/* the last ones, up to the end of the disk */
	CHECK_REASON(STATUS(59, 1000), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8 + 2 * 16);
	CHECK_EQ(emu.cmd.residual, 1000 - 40);
	CHECK_BYTES(emu.in + 8, 0, 0, 0, 0, 0, 0, 0, 59, 0, 0, 0, 1, 1, 0, 0, 0,
		    0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 4, 0, 0, 0, 0);
}

static void lengths(void)
{
	a_thin_disk();
	CHECK_REASON(STATUS(0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
	CHECK_REASON(STATUS(0, 8), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8);
	CHECK_BYTES(emu.in, 0, 0, 0, 20);
	CHECK_REASON(STATUS(0, 30), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 30);
	CHECK_BYTES(emu.in, 0, 0, 0, 36);
	/* bounded */
	emu.disk.nblocks = 4096;
	maps = 0;
	CHECK_REASON(STATUS(0, 0xffff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8 + 64 * 16);
	CHECK_EQ(maps, 64);
}

static void more_blocks_than_the_field_holds(void)
{
	a_thin_disk();
	emu.block.map = map_nothing;
	emu.disk.nblocks = 0x100000010ULL;
	CHECK_REASON(STATUS(1, 40), CST_OK);
	CHECK_BYTES(emu.in + 8, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0,
		    0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 16, 1, 0, 0, 0);
}

static void all_is_mapped_when_it_is_not_thin(void)
{
	a_thin_disk();
	emu.disk.thin = false;
	CHECK_REASON(STATUS(0, 100), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 24);
	CHECK_BYTES(emu.in + 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0);
	emu.disk.thin = true;
	emu.block.map = NULL;
	CHECK_REASON(STATUS(0, 100), CST_OK);
	CHECK_BYTES(emu.in + 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0);
}

static void what_is_refused(void)
{
	a_thin_disk();
	CHECK_REASON(STATUS(64, 24), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(EMU(0x9e, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 24,
			 0, 0), CST_SENSE(LBA_OUT_OF_RANGE));
	/* REPORT TYPE */
	CHECK_INVALID(EMU(0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24, 1, 0), 14, 0);
	map_error = -EIO;
	CHECK_REASON(STATUS(0, 24), CST_SENSE(UNRECOVERED_READ_ERROR));
}

TEST_MAIN(T(extents), T(lengths), T(more_blocks_than_the_field_holds),
	  T(all_is_mapped_when_it_is_not_thin), T(what_is_refused))
