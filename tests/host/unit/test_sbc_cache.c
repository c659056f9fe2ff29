// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define SYNC10(_lba, _n)	EMU(0x35, 0, 0, 0, 0, _lba, 0, 0, _n, 0)
#define START_STOP(_flags)	EMU(0x1b, 0, 0, 0, _flags, 0)

static void synchronize_cache_flushes_what_it_names(void)
{
	emu_reset();
	CHECK_REASON(SYNC10(3, 5), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_FLUSH);
	CHECK_EQ(emu.io.pos, 3 * 512);
	CHECK_EQ(emu.io.len, 5 * 512);
	/* no number of blocks: to the end of the medium */
	CHECK_REASON(SYNC10(3, 0), CST_OK);
	CHECK_EQ(emu.io.pos, 0);
	CHECK_EQ(emu.io.len, 0);
	/* With IMMED the response comes no earlier. */
	CHECK_REASON(EMU(0x35, 0x02, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.ios, 1);
	/* SYNC_NV asks for less; the same is done. */
	CHECK_REASON(EMU(0x35, 0x04, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_INVALID(EMU(0x35, 0x08, 0, 0, 0, 0, 0, 0, 0, 0), 1, 3);
}

/* A range of more bytes than the length of an I/O can express: the whole medium is flushed. */
static void a_long_range_is_everything(void)
{
	emu_reset();
	emu.disk.nblocks = 1ULL << 33;
	CHECK_REASON(EMU(0x91, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0x00, 0x80, 0, 0, 0,
			 0), CST_OK);
	CHECK_EQ(emu.io.pos, 0);
	CHECK_EQ(emu.io.len, 0);
	CHECK_REASON(EMU(0x91, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0xff, 0xff, 0xff,
			 0xff, 0, 0), CST_OK);
	CHECK_EQ(emu.io.len, 0);
	CHECK_REASON(EMU(0x91, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0x00, 0x7f, 0xff,
			 0xff, 0, 0), CST_OK);
	CHECK_EQ(emu.io.pos, 16 * 512);
	CHECK_EQ(emu.io.len, 0x7fffffULL * 512);
}

static void a_flush_that_fails_is_told(void)
{
	emu_reset();
	emu.io_error = -EIO;
	CHECK_REASON(SYNC10(0, 0), CST_SENSE(WRITE_ERROR));
	CHECK_REASON(EMU(0x35, 0x02, 0, 0, 0, 0, 0, 0, 0, 0),
		     CST_SENSE(WRITE_ERROR));
	CHECK_REASON(START_STOP(0), CST_SENSE(WRITE_ERROR));
}

static void a_non_volatile_cache_needs_no_flush(void)
{
	emu_reset();
	emu.disk.nv_cache = true;
	emu.io_error = -EIO;
	CHECK_REASON(SYNC10(0, 0), CST_OK);
	CHECK_REASON(START_STOP(0), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_REASON(START_STOP(1), CST_OK);
	CHECK_REASON(SYNC10(65, 0), CST_SENSE(LBA_OUT_OF_RANGE));
}

static int lost(struct cst_device *dev)
{
	return dev->read_only ? 0 : -EIO;
}

static void a_non_volatile_cache_whose_backing_has_died(void)
{
	emu_reset();
	emu.disk.nv_cache = true;
	emu.block.lost = lost;
	emu.disk.dev.read_only = true;
	CHECK_REASON(SYNC10(0, 0), CST_OK);
	emu.disk.dev.read_only = false;
	CHECK_REASON(SYNC10(0, 0), CST_SENSE(WRITE_ERROR));
	CHECK_REASON(START_STOP(0), CST_SENSE(WRITE_ERROR));
	CHECK_REASON(START_STOP(1), CST_OK);
	emu.disk.dev.removable = true;
	CHECK_REASON(START_STOP(2), CST_SENSE(WRITE_ERROR));
	CHECK(!emu.disk.dev.ejected);
	CHECK_REASON(START_STOP(6), CST_OK);
	CHECK(emu.disk.dev.ejected);
	CHECK_EQ(emu.ios, 0);
}

static void start_stop_unit(void)
{
	emu_reset();
	CHECK_REASON(START_STOP(0x00), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_FLUSH);
	CHECK_EQ(emu.io.len, 0);
	CHECK_REASON(START_STOP(0x01), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_REASON(START_STOP(0x04), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_REASON(START_STOP(0x01), CST_OK);
	CHECK_INVALID(START_STOP(0x02), 4, 1);
	CHECK_INVALID(START_STOP(0x30), 4, 5);
	CHECK_REASON(EMU(0x1b, 0x01, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.ios, 1);
}

TEST_MAIN(T(synchronize_cache_flushes_what_it_names),
	  T(a_long_range_is_everything), T(a_flush_that_fails_is_told),
	  T(a_non_volatile_cache_needs_no_flush),
	  T(a_non_volatile_cache_whose_backing_has_died), T(start_stop_unit))
