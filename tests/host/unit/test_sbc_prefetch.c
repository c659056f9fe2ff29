// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define PREFETCH10(_flags, _lba, _n)					\
	EMU(0x34, _flags, 0, 0, 0, _lba, 0, 0, _n, 0)
#define PREFETCH16(_lba, _n3, _n2, _n1, _n0)				\
	EMU(0x90, 0, 0, 0, 0, 0, 0, 0, 0, _lba, _n3, _n2, _n1, _n0, 0, 0)
#define LIMITS()	EMU(0x12, 1, 0xb0, 0, 0xff, 0)

static void with_a_cache(void)
{
	emu_reset();
	emu.disk.can_prefetch = true;
}

static void the_handler_is_told_what_will_be_read(void)
{
	with_a_cache();
	CHECK_REASON(PREFETCH10(0, 3, 9), CST_CONDITION_MET);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_PREFETCH);
	CHECK_EQ(emu.io.pos, 3 * 512);
	CHECK_EQ(emu.io.len, 9 * 512);
	CHECK_EQ(emu.io.flags, 0);
	CHECK_EQ(emu.cmd.data_len, 0);
	/* IMMED */
	CHECK_REASON(PREFETCH10(2, 3, 9), CST_CONDITION_MET);
	CHECK_EQ(emu.ios, 1);
	CHECK_REASON(PREFETCH16(5, 0, 0, 0, 2), CST_CONDITION_MET);
	CHECK_EQ(emu.io.pos, 5 * 512);
	CHECK_EQ(emu.io.len, 2 * 512);
}

static void no_length_is_all_up_to_the_end(void)
{
	with_a_cache();
	CHECK_REASON(PREFETCH10(0, 3, 0), CST_CONDITION_MET);
	CHECK_EQ(emu.io.pos, 3 * 512);
	CHECK_EQ(emu.io.len, (EMU_BLOCKS - 3) * 512);
	CHECK_REASON(PREFETCH10(0, EMU_BLOCKS, 0), CST_CONDITION_MET);
	CHECK_EQ(emu.ios, 0);
}

/* The cache takes 4 MiB of one command, and no more than a READ could ask for. */
static void what_does_not_fit(void)
{
	with_a_cache();
	emu.disk.nblocks = 1ULL << 40;
	CHECK_REASON(PREFETCH16(1, 0, 0, 0x20, 0), CST_CONDITION_MET);
	CHECK_EQ(emu.io.len, 4U << 20);
	CHECK_REASON(PREFETCH16(1, 0, 0, 0x20, 1), CST_OK);
	CHECK_EQ(emu.io.len, 4U << 20);
	CHECK_REASON(PREFETCH16(1, 0xff, 0xff, 0xff, 0xff), CST_OK);
	CHECK_EQ(emu.io.len, 4U << 20);
	CHECK_REASON(PREFETCH16(1, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.io.len, 4U << 20);
	CHECK_REASON(LIMITS(), CST_OK);
	CHECK_EQ(get_unaligned_be32(emu.in + 16), 0x2000);
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	CHECK_REASON(PREFETCH16(1, 0, 0, 4, 0), CST_CONDITION_MET);
	CHECK_EQ(emu.io.len, 4U << 20);
	CHECK_REASON(PREFETCH16(1, 0, 0, 4, 1), CST_OK);
	CHECK_REASON(LIMITS(), CST_OK);
	CHECK_EQ(get_unaligned_be32(emu.in + 16), 0x400);
	emu.sess->max_xfer = 1U << 20;
	CHECK_REASON(PREFETCH16(1, 0, 0, 1, 0), CST_CONDITION_MET);
	CHECK_REASON(PREFETCH16(1, 0, 0, 1, 1), CST_OK);
	CHECK_EQ(emu.io.len, 1U << 20);
	CHECK_REASON(LIMITS(), CST_OK);
	CHECK_EQ(get_unaligned_be32(emu.in + 16), 0x100);
}

/* What another command is told while this one reads. */
static cst_sense_t meanwhile;
static unsigned int read_meanwhile;

static void another_one_comes(void)
{
	static const u8 cdb[10] = { 0x34, 0, 0, 0, 0, 20, 0, 0, 2 };
	static struct task other;

	emu.on_io = NULL;
	emu_task_init(&other, emu.sess, 0);
	memcpy(other.cmd.cdb, cdb, sizeof(cdb));
	other.cmd.cdb_len = sizeof(cdb);
	cst_cmd_submit(&other.cmd);
	while (other.fate == UNDER_WAY && emu_work())
		;
	meanwhile = emu_answer(&other);
	emu_release(&other);
	read_meanwhile = emu.ios;
}

static void one_at_a_time(void)
{
	with_a_cache();
	emu.on_io = another_one_comes;
	CHECK_REASON(PREFETCH10(0, 3, 9), CST_CONDITION_MET);
	CHECK_REASON(meanwhile, CST_OK);
	CHECK_EQ(read_meanwhile, 1);
	/* When it has ended, the next one reads, also after one that has failed. */
	CHECK_REASON(PREFETCH10(0, 20, 2), CST_CONDITION_MET);
	emu.io_error = -EIO;
	CHECK_REASON(PREFETCH10(0, 20, 2), CST_SENSE(UNRECOVERED_READ_ERROR));
	emu.io_error = 0;
	CHECK_REASON(PREFETCH10(0, 20, 2), CST_CONDITION_MET);
}

static void without_a_cache(void)
{
	emu_reset();
	CHECK_REASON(PREFETCH10(0, 3, 9), CST_OK);
	CHECK_REASON(PREFETCH10(0, 3, 0), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_REASON(PREFETCH10(0, EMU_BLOCKS, 1), CST_SENSE(LBA_OUT_OF_RANGE));
}

static void what_is_refused(void)
{
	with_a_cache();
	CHECK_REASON(PREFETCH10(0, EMU_BLOCKS, 1), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(PREFETCH10(0, 1, EMU_BLOCKS), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(PREFETCH10(0, EMU_BLOCKS + 1, 0), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_REASON(EMU(0x90, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			 0xff, 0xff, 0xff, 0xff, 0, 0), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(emu.ios, 0);
	CHECK_INVALID(PREFETCH10(1, 0, 1), 1, 0);
	CHECK_INVALID(EMU(0x34, 0, 0, 0, 0, 0, 1, 0, 1, 0), 6, 0);
	emu.io_error = -EIO;
	CHECK_REASON(PREFETCH10(0, 7, 1), CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK_EQ(emu.cmd.detail.info, 7);
	emu.disk.dev.stopped = true;
	CHECK_REASON(PREFETCH10(0, 7, 1), CST_SENSE(INITIALIZING_COMMAND_REQUIRED));
}

TEST_MAIN(T(the_handler_is_told_what_will_be_read), T(no_length_is_all_up_to_the_end),
	  T(what_does_not_fit), T(one_at_a_time), T(without_a_cache), T(what_is_refused))
