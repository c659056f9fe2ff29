// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define CAW(_flags, _lba, _n)						\
	EMU(0x89, _flags, 0, 0, 0, 0, 0, 0, 0, _lba, 0, 0, 0, _n, 0, 0)
#define CAW_EXP(_exp, _n)						\
	EMU_EXP(_exp, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, _n, 0, 0)

static u8 data[2 * 255 * 512];
static u8 before[sizeof(emu.medium)];

/* Data-out that has the medium's contents to compare with, and other data to write. */
static void data_out(unsigned int lba, unsigned int n, unsigned int block)
{
	unsigned int i, len = n * block;

	memcpy(data, emu.medium + lba * block, len);
	for (i = 0; i < len; i++)
		data[len + i] = ~data[i];
	emu_data_out(data, 2 * len);
	memcpy(before, emu.medium, sizeof(before));
}

#define CHECK_UNTOUCHED()	CHECK(!memcmp(before, emu.medium, sizeof(before)))

static void writes_what_is_as_expected(void)
{
	emu_reset();
	data_out(3, 9, 512);
	CHECK_REASON(CAW(0, 3, 9), CST_OK);
	CHECK_EQ(emu.ios, 2);
	CHECK_EQ(emu.steps, 1);
	CHECK_EQ(emu.io.op, CST_IO_WRITE);
	CHECK_EQ(emu.io.pos, 3 * 512);
	CHECK_EQ(emu.io.len, 9 * 512);
	CHECK_EQ(emu.io.flags, 0);
	CHECK_EQ(emu.cmd.data_len, 2 * 9 * 512);
	CHECK(!memcmp(emu.medium + 3 * 512, data + 9 * 512, 9 * 512));
	CHECK(!memcmp(emu.medium, before, 3 * 512));
	CHECK(!memcmp(emu.medium + 12 * 512, before + 12 * 512, 52 * 512));
	CHECK(!emu.cmd.scratch_bvec);
	/* The command held its blocks. */
	CHECK(test_bit(CST_CMD_RANGE, &emu.cmd.flags));
}

static void writes_nothing_of_what_is_not(void)
{
	static const unsigned int flips[] = { 0, 1, 511, 512, 4095, 4096, 4607 };
	unsigned int i;

	emu_reset();
	for (i = 0; i < ARRAY_SIZE(flips); i++) {
		data_out(1, 9, 512);
		data[flips[i]] ^= 0x40;
		emu_data_out(data, 2 * 9 * 512);
		CHECK_REASON(CAW(0, 1, 9), CST_SENSE(MISCOMPARE_DURING_VERIFY));
		CHECK(emu.cmd.detail.info_valid);
		CHECK_EQ(emu.cmd.detail.info, flips[i]);
		CHECK_EQ(emu.ios, 1);
		CHECK_EQ(emu.io.op, CST_IO_READ);
		CHECK(!emu.cmd.scratch_bvec);
		CHECK_UNTOUCHED();
	}
}

static void with_4k_blocks(void)
{
	emu_reset();
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	data_out(2, 3, 4096);
	CHECK_REASON(CAW(0, 2, 3), CST_OK);
	CHECK(!memcmp(emu.medium + 2 * 4096, data + 3 * 4096, 3 * 4096));
	CHECK(!memcmp(emu.medium + 5 * 4096, before + 5 * 4096, 4096));
}

static void no_blocks(void)
{
	emu_reset();
	CHECK_REASON(CAW(0, 64, 0), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_EQ(emu.cmd.data_len, 0);
	CHECK(!test_bit(CST_CMD_RANGE, &emu.cmd.flags));
	CHECK_REASON(CAW(0, 65, 0), CST_SENSE(LBA_OUT_OF_RANGE));
}

static void more_than_the_maximum(void)
{
	emu_reset();
	emu.disk.nblocks = 1000;
	CHECK_REASON(CAW(0, 0, 255), CST_SENSE(MISCOMPARE_DURING_VERIFY));
	emu.sess->max_xfer = 64 * 512;
	CHECK_REASON(CAW(0, 0, 32), CST_SENSE(MISCOMPARE_DURING_VERIFY));
	CHECK_INVALID(CAW(0, 0, 33), 13, 7);
	/* The bytes before NUMBER OF LOGICAL BLOCKS are reserved. */
	CHECK_INVALID(EMU(0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0), 12, 0);
	/* WRPROTECT, a group */
	CHECK_INVALID(CAW(0x20, 0, 1), 1, 5);
	CHECK_INVALID(EMU(0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0), 14, 1);
}

static void beyond_the_end(void)
{
	emu_reset();
	memcpy(before, emu.medium, sizeof(before));
	CHECK_REASON(CAW(0, 63, 2), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(CAW(0, 64, 1), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(EMU(0x89, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0,
			 0), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(emu.ios, 0);
	CHECK_UNTOUCHED();
}

static void needs_all_its_data(void)
{
	emu_reset();
	data_out(0, 2, 512);
	CHECK_REASON(CAW_EXP(3 * 512, 2), CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_REASON(CAW_EXP(0, 2), CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_EQ(emu.ios, 0);
	CHECK_REASON(CAW_EXP(5 * 512, 2), CST_OK);
	CHECK_EQ(emu.cmd.residual, 512);
}

/* The flags of the read before the last I/O, the write. */
static u8 read_flags;

static void the_read_is_noted(void)
{
	if (emu.io.op == CST_IO_READ)
		read_flags = emu.io.flags;
}

static void cache_flags(void)
{
	emu_reset();
	emu.on_io = the_read_is_noted;
	data_out(0, 1, 512);
	CHECK_REASON(CAW(0x18, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA | CST_IO_DPO);
	/* FUA is about what is written. */
	CHECK_EQ(read_flags, CST_IO_DPO);
	data_out(0, 1, 512);
	emu.disk.write_through = true;
	CHECK_REASON(CAW(0, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	CHECK_EQ(read_flags, 0);
	data_out(0, 1, 512);
	emu.disk.nv_cache = true;
	CHECK_REASON(CAW(0x08, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, 0);
}

static void the_backing_fails(void)
{
	/* called between the I/Os: the second one fails */
	emu.io_error = -EIO;
}

static void errors_of_the_backend(void)
{
	emu_reset();
	data_out(7, 1, 512);
	emu.io_error = -EIO;
	CHECK_REASON(CAW(0, 7, 1), CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK_EQ(emu.cmd.detail.info, 7);
	CHECK(!emu.cmd.scratch_bvec);
	emu.io_error = 0;
	emu.between_steps = the_backing_fails;
	CHECK_REASON(CAW(0, 7, 1), CST_SENSE(WRITE_ERROR));
	CHECK(emu.cmd.detail.info_valid);
	CHECK(!emu.cmd.scratch_bvec);
	CHECK_UNTOUCHED();
}

static void shrink(void)
{
	emu.disk.nblocks = 7;
}

static void the_disk_becomes_smaller(void)
{
	emu_reset();
	data_out(7, 1, 512);
	emu.between_steps = shrink;
	CHECK_REASON(CAW(0, 7, 1), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(emu.ios, 1);
	CHECK_UNTOUCHED();
}

static void write_protection(void)
{
	emu_reset();
	emu.disk.dev.read_only = true;
	CHECK_REASON(CAW(0, 0, 1), CST_SENSE(WRITE_PROTECTED));
	emu.disk.dev.read_only = false;
	emu.itl.read_only = true;
	CHECK_REASON(CAW(0, 0, 1), CST_SENSE(WRITE_PROTECTED));
}

static struct task holder;

static void abort_all(void)
{
	cst_session_abort_all(emu.sess);
}

#define WRITES	5

/* Commands that write block 1. */
static cst_sense_t write_block(unsigned int i)
{
	switch (i) {
	case 0:
		return CAW(0, 1, 1);
	case 1:
		return EMU(0x2a, 0, 0, 0, 0, 1, 0, 0, 1, 0);
	case 2:
		return EMU(0x2e, 0, 0, 0, 0, 1, 0, 0, 1, 0);
	case 3:
		return EMU(0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0);
	default:
		return EMU(0x93, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0);
	}
}

/* A command that is aborted while it waits for its range holds nothing, and has done no I/O. */
static void without_the_range(void)
{
	static u8 cdb[16] = { 0x89, [9] = 1, [13] = 1 };
	unsigned int i;

	for (i = 0; i < WRITES; i++) {
		emu_reset();
		data_out(1, 1, 512);
		emu.io_later = true;
		emu_task_init(&holder, emu.sess, 0);
		holder.cmd.cdb = cdb;
		holder.cmd.cdb_len = sizeof(cdb);
		holder.cmd.exp_dir = DMA_TO_DEVICE;
		holder.cmd.exp_len = 1024;
		cst_cmd_submit(&holder.cmd);
		while (emu_work())
			;
		CHECK(emu.pending);
		CHECK_EQ(emu.disk.dev.ranges.held, 1);

		emu.at_last = abort_all;
		CHECK_REASON(write_block(i), CST_PENDING);
		CHECK_EQ(emu.ios, 0);
		emu_io_ends(0);
		while (emu_work())
			;
		CHECK(holder.was_dropped);
		CHECK_UNTOUCHED();
		emu_release(&holder);
	}
}

TEST_MAIN(T(writes_what_is_as_expected), T(writes_nothing_of_what_is_not),
	  T(with_4k_blocks), T(no_blocks), T(more_than_the_maximum),
	  T(beyond_the_end), T(needs_all_its_data), T(cache_flags),
	  T(errors_of_the_backend), T(the_disk_becomes_smaller),
	  T(write_protection), T(without_the_range))
