// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define WV10(_flags, _lba, _n)	EMU(0x2e, _flags, 0, 0, 0, _lba, 0, 0, _n, 0)
#define WV10_EXP(_exp, _n)	EMU_EXP(_exp, 0x2e, 0x02, 0, 0, 0, 0, 0, 0, _n, 0)

static u8 data[EMU_BLOCKS * EMU_MAX_BLOCK];

static void data_out(unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		data[i] = ~emu.medium[i] + i / 512;
	emu_data_out(data, len);
}

static void writes_and_reads_back(void)
{
	unsigned int bytchk;

	for (bytchk = 0; bytchk < 2; bytchk++) {
		emu_reset();
		data_out(9 * 512);
		CHECK_REASON(WV10(bytchk << 1, 3, 9), CST_OK);
		CHECK_EQ(emu.ios, 2);
		/* The second one compares what is too much for the end of an I/O. */
		CHECK_EQ(emu.steps, 1 + bytchk);
		CHECK_EQ(emu.io.op, CST_IO_READ);
		CHECK_EQ(emu.io.pos, 3 * 512);
		CHECK_EQ(emu.io.len, 9 * 512);
		CHECK_EQ(emu.io.flags & CST_IO_FUA, CST_IO_FUA);
		CHECK_EQ(emu.cmd.data_len, 9 * 512);
		CHECK(!memcmp(emu.medium + 3 * 512, data, 9 * 512));
		CHECK(!emu.cmd.scratch_bvec);
		CHECK(test_bit(CST_CMD_RANGE, &emu.cmd.flags));
	}
}

static void all_lengths_of_the_cdb(void)
{
	emu_reset();
	data_out(512);
	CHECK_REASON(EMU(0xae, 0x02, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0), CST_OK);
	CHECK(!memcmp(emu.medium + 5 * 512, data, 512));
	data_out(512);
	CHECK_REASON(EMU(0x8e, 0x02, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0), CST_OK);
	CHECK(!memcmp(emu.medium + 6 * 512, data, 512));
	/* Nothing to do. */
	CHECK_REASON(WV10(0x02, 6, 0), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_REASON(WV10(0x02, EMU_BLOCKS, 1), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(emu.ios, 0);
}

/* It goes to the medium before it is read back, unless nv_cache vouches for the cache. */
static u8 first_flags;

static void note_flags(void)
{
	first_flags = emu.io.flags;
}

static void past_the_cache(void)
{
	emu_reset();
	emu.between_steps = note_flags;
	data_out(512);
	CHECK_REASON(WV10(0x12, 0, 1), CST_OK);
	CHECK_EQ(first_flags & (CST_IO_FUA | CST_IO_DPO), CST_IO_FUA | CST_IO_DPO);
	emu.disk.nv_cache = true;
	data_out(512);
	CHECK_REASON(WV10(0x02, 0, 1), CST_OK);
	CHECK_EQ(first_flags & CST_IO_FUA, 0);
	emu.between_steps = NULL;
}

static void spoil(void)
{
	emu.medium[700] ^= 1;
}

static void what_the_medium_has_made_of_it(void)
{
	emu_reset();
	emu.between_steps = spoil;
	data_out(1024);
	CHECK_REASON(WV10(0x02, 0, 2), CST_SENSE(MISCOMPARE_DURING_VERIFY));
	CHECK(emu.cmd.detail.info_valid);
	CHECK_EQ(emu.cmd.detail.info, 700);
	/* Nobody has asked. */
	data_out(1024);
	CHECK_REASON(WV10(0x00, 0, 2), CST_OK);
	emu.between_steps = NULL;
}

static void shrink(void)
{
	emu.disk.nblocks = 1;
}

static void the_disk_becomes_smaller(void)
{
	emu_reset();
	emu.between_steps = shrink;
	data_out(1024);
	CHECK_REASON(WV10(0x02, 0, 2), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(emu.ios, 1);
	emu.between_steps = NULL;
}

static void less_data_writes_fewer_blocks(void)
{
	emu_reset();
	data_out(1024);
	CHECK_REASON(WV10_EXP(512, 2), CST_OK);
	CHECK_EQ(emu.io.len, 512);
	CHECK_EQ(emu.cmd.residual, 512);
	CHECK(emu.cmd.overflow);
	CHECK_REASON(WV10_EXP(100, 2), CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_EQ(emu.ios, 0);
}

TEST_MAIN(T(writes_and_reads_back), T(all_lengths_of_the_cdb), T(past_the_cache),
	  T(what_the_medium_has_made_of_it), T(the_disk_becomes_smaller),
	  T(less_data_writes_fewer_blocks))
