// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define READ10(_flags, _lba, _n)	EMU(0x28, _flags, 0, 0, 0, _lba, 0, 0, _n, 0)
#define WRITE10(_flags, _lba, _n)	EMU(0x2a, _flags, 0, 0, 0, _lba, 0, 0, _n, 0)
#define VERIFY10(_flags, _lba, _n)	EMU(0x2f, _flags, 0, 0, 0, _lba, 0, 0, _n, 0)

static u8 data[EMU_BLOCKS * EMU_MAX_BLOCK];

static void reads_the_blocks(void)
{
	emu_reset();
	CHECK_REASON(READ10(0, 3, 2), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_READ);
	CHECK_EQ(emu.io.pos, 3 * 512);
	CHECK_EQ(emu.io.len, 1024);
	CHECK_EQ(emu.io.flags, 0);
	CHECK_EQ(emu.cmd.data_len, 1024);
	CHECK(!memcmp(emu.in, emu.medium + 3 * 512, 1024));
	/* the whole medium, in more than one bvec */
	CHECK_REASON(EMU(0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0), CST_OK);
	CHECK(!memcmp(emu.in, emu.medium, 64 * 512));
}

static void writes_the_blocks(void)
{
	static u8 before[sizeof(emu.medium)];
	unsigned int i;

	emu_reset();
	memcpy(before, emu.medium, sizeof(before));
	for (i = 0; i < sizeof(data); i++)
		data[i] = ~i;
	emu_data_out(data, 1024);
	CHECK_REASON(WRITE10(0, 3, 2), CST_OK);
	CHECK_EQ(emu.io.op, CST_IO_WRITE);
	CHECK_EQ(emu.io.pos, 3 * 512);
	CHECK_EQ(emu.io.len, 1024);
	CHECK(!memcmp(emu.medium, before, 3 * 512));
	CHECK(!memcmp(emu.medium + 3 * 512, data, 1024));
	CHECK(!memcmp(emu.medium + 5 * 512, before + 5 * 512, 59 * 512));
}

/* SBC-4 4.5: the same rule holds for every command with an LBA. */
static void beyond_the_end(void)
{
	static const u8 opcodes[] = { 0x88, 0x8a, 0x8f, 0x91 };
	static const struct {
		u64 lba;
		u8 n;
		bool ok;
	} map[] = {
		{ 0, 0, true }, { 63, 1, true }, { 0, 64, true }, { 64, 0, true },
		{ 64, 1, false }, { 63, 2, false }, { 65, 0, false },
		{ 0, 65, false }, { 1ULL << 31, 0, false },
		{ 1ULL << 63, 1, false }, { ~0ULL, 0, false }, { ~0ULL, 1, false },
		{ ~0ULL, 2, false }, { ~0ULL - 1, 2, false },
	};
	unsigned int i, j;
	u8 cdb[16];

	emu_reset();
	for (j = 0; j < sizeof(opcodes); j++) {
		for (i = 0; i < ARRAY_SIZE(map); i++) {
			memset(cdb, 0, sizeof(cdb));
			cdb[0] = opcodes[j];
			shim_put_be(map[i].lba, cdb + 2, 8);
			cdb[13] = map[i].n;
			CHECK_REASON(emu_run(cdb, sizeof(cdb), EMU_ALL),
				     map[i].ok ? CST_OK :
						 CST_SENSE(LBA_OUT_OF_RANGE));
			if (!map[i].ok || (!map[i].n && opcodes[j] != 0x91))
				CHECK_EQ(emu.ios, 0);
		}
	}
	/* In READ(6) a TRANSFER LENGTH of 0 means 256 blocks. */
	CHECK_REASON(EMU(0x08, 0, 0, 0, 0, 0), CST_SENSE(LBA_OUT_OF_RANGE));
}

static int lost(struct cst_device *dev)
{
	return -EIO;
}

static void cache_flags(void)
{
	emu_reset();
	CHECK_REASON(READ10(0x08, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	CHECK_REASON(READ10(0x18, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA | CST_IO_DPO);
	CHECK_REASON(WRITE10(0x10, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_DPO);
	CHECK_REASON(WRITE10(0x08, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);

	emu.disk.write_through = true;
	CHECK_REASON(WRITE10(0, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	CHECK_REASON(EMU(0x0a, 0, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	CHECK_REASON(READ10(0, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, 0);

	emu.disk.nv_cache = true;
	CHECK_REASON(WRITE10(0x18, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_DPO);
	CHECK_REASON(READ10(0x08, 0, 1), CST_OK);
	CHECK_EQ(emu.io.flags, 0);

	/* ... which fails once the backing has lost data */
	emu.block.lost = lost;
	CHECK_REASON(WRITE10(0, 0, 1), CST_SENSE(WRITE_ERROR));
	CHECK_REASON(READ10(0x08, 0, 1), CST_SENSE(WRITE_ERROR));
	CHECK_REASON(READ10(0, 0, 1), CST_OK);
	emu.disk.write_through = false;
	CHECK_REASON(WRITE10(0, 0, 1), CST_OK);
	CHECK_REASON(WRITE10(0x08, 0, 1), CST_SENSE(WRITE_ERROR));

	/* READ(6) has its LBA where the others have these bits. */
	emu.disk.nv_cache = false;
	emu.disk.nblocks = 1 << 21;
	CHECK_REASON(EMU(0x08, 0x18, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.io.flags, 0);
}

static void the_initiator_expects_less_than_it_reads(void)
{
	emu_reset();
	CHECK_REASON(EMU_EXP(0, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_EQ(emu.cmd.data_len, 0);
	CHECK_EQ(emu.cmd.residual, 512);
	CHECK(emu.cmd.overflow);
	CHECK_REASON(EMU_EXP(200, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 200);
	CHECK_EQ(emu.cmd.residual, 312);
	CHECK(!memcmp(emu.in, emu.medium, 200));
	CHECK_REASON(EMU_EXP(10000, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 512);
	CHECK_EQ(emu.cmd.residual, 10000 - 512);
	CHECK(!emu.cmd.overflow);
}

static void the_initiator_sends_less_than_it_writes(void)
{
	static u8 before[sizeof(emu.medium)];

	emu_reset();
	memset(data, 'b', sizeof(data));
	emu_data_out(data, 4096);
	memcpy(before, emu.medium, sizeof(before));
	/* The initiator sends no data. */
	CHECK_REASON(EMU_EXP(0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_EQ(emu.cmd.residual, 512);
	/* Part of a block cannot be written. */
	CHECK_REASON(EMU_EXP(200, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_REASON(EMU_EXP(700, 0x2a, 0, 0, 0, 0, 0, 0, 0, 2, 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK(!memcmp(emu.medium, before, sizeof(before)));
	/* Whole blocks can. */
	CHECK_REASON(EMU_EXP(512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 2, 0), CST_OK);
	CHECK_EQ(emu.io.len, 512);
	CHECK_EQ(emu.cmd.residual, 512);
	CHECK(emu.cmd.overflow);
	CHECK(!memcmp(emu.medium + 512, before + 512, 512));
}

static void errors_of_the_backend(void)
{
	emu_reset();
	emu.io_error = -EIO;
	CHECK_REASON(READ10(0, 7, 1), CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK(emu.cmd.detail.info_valid);
	CHECK_EQ(emu.cmd.detail.info, 7);
	CHECK_REASON(WRITE10(0, 9, 1), CST_SENSE(WRITE_ERROR));
	CHECK_EQ(emu.cmd.detail.info, 9);
	/* With several blocks, the LBA of the error is not known. */
	CHECK_REASON(READ10(0, 7, 2), CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK(!emu.cmd.detail.info_valid);
	CHECK_REASON(VERIFY10(0, 7, 1), CST_SENSE(UNRECOVERED_READ_ERROR));
	emu.io_error = -ENOSPC;
	CHECK_REASON(WRITE10(0, 0, 1), CST_SENSE(SPACE_ALLOCATION_FAILED));
	CHECK(!emu.cmd.detail.info_valid);
}

static void a_worker_starts_again(void)
{
	emu_reset();
	emu.io_would_block = true;
	CHECK_REASON(READ10(0x08, 1, 1), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	CHECK(!memcmp(emu.in, emu.medium + 512, 512));
	emu.io_would_block = true;
	CHECK_REASON(VERIFY10(0, 1, 1), CST_OK);
	CHECK_EQ(emu.ios, 1);
}

static void verify_reads_the_medium(void)
{
	emu_reset();
	CHECK_REASON(VERIFY10(0x10, 2, 20), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_READ);
	CHECK_EQ(emu.io.pos, 1024);
	CHECK_EQ(emu.io.len, 20 * 512);
	CHECK_EQ(emu.io.flags, CST_IO_FUA | CST_IO_DPO);
	CHECK_EQ(emu.cmd.data_len, 0);
	CHECK_REASON(VERIFY10(0, 0, 0), CST_OK);
	CHECK_EQ(emu.ios, 0);
}

static void verify_compares_every_byte(void)
{
	static const unsigned int flips[] = { 0, 1, 511, 512, 4095, 4096, 10239 };
	unsigned int i;

	emu_reset();
	for (i = 0; i < ARRAY_SIZE(flips); i++) {
		memcpy(data, emu.medium + 512, 20 * 512);
		emu_data_out(data, 20 * 512);
		CHECK_REASON(VERIFY10(0x02, 1, 20), CST_OK);
		data[flips[i]] ^= 'X';
		emu_data_out(data, 20 * 512);
		CHECK_REASON(VERIFY10(0x02, 1, 20),
			     CST_SENSE(MISCOMPARE_DURING_VERIFY));
		CHECK(emu.cmd.detail.info_valid);
		CHECK_EQ(emu.cmd.detail.info, flips[i]);
	}
}

static void verify_compares_with_one_block(void)
{
	unsigned int i;

	emu_reset();
	for (i = 0; i < 30; i++)
		memset(emu.medium + i * 512, 0x42, 512);
	memset(data, 0x42, 512);
	emu_data_out(data, 512);
	CHECK_REASON(VERIFY10(0x06, 0, 30), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 512);
	CHECK_EQ(emu.io.len, 30 * 512);
	emu.medium[29 * 512 + 77] = 0x43;
	CHECK_REASON(VERIFY10(0x06, 0, 30), CST_SENSE(MISCOMPARE_DURING_VERIFY));
	CHECK_EQ(emu.cmd.detail.info, 77);
	CHECK_REASON(VERIFY10(0x06, 0, 29), CST_OK);
	CHECK_REASON(VERIFY10(0x06, 0, 0), CST_OK);
	CHECK_EQ(emu.ios, 0);
}

/* An I/O may end in an interrupt, where comparing many blocks would take too long. */
static void verify_compares_much_in_the_worker(void)
{
	emu_reset();
	memcpy(data, emu.medium, 64 * 512);
	emu_data_out(data, 9 * 512);
	CHECK_REASON(VERIFY10(0x02, 0, 9), CST_OK);
	CHECK_EQ(emu.steps, 1);
	CHECK(!emu.cmd.scratch_bvec);
	emu_data_out(data, 8 * 512);
	CHECK_REASON(VERIFY10(0x02, 0, 8), CST_OK);
	CHECK_EQ(emu.steps, 0);
	CHECK(!emu.cmd.scratch_bvec);
	shim_hardirq_count = 1;
	CHECK_REASON(VERIFY10(0x02, 0, 1), CST_OK);
	CHECK_EQ(emu.steps, 1);
	/* Without BYTCHK there is nothing to compare. */
	CHECK_REASON(VERIFY10(0, 0, 64), CST_OK);
	CHECK_EQ(emu.steps, 0);
	shim_hardirq_count = 0;
}

static void verify_with_4k_blocks(void)
{
	emu_reset();
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	memcpy(data, emu.medium, 8 * 4096);
	emu_data_out(data, 8 * 4096);
	CHECK_REASON(EMU(0x8f, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0),
		     CST_OK);
	data[8 * 4096 - 1] ^= 1;
	emu_data_out(data, 8 * 4096);
	CHECK_REASON(EMU(0xaf, 0x02, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0),
		     CST_SENSE(MISCOMPARE_DURING_VERIFY));
	CHECK_EQ(emu.cmd.detail.info, 8 * 4096 - 1);
}

static void verify_needs_all_that_it_compares_with(void)
{
	emu_reset();
	CHECK_REASON(EMU_EXP(512, 0x2f, 0x02, 0, 0, 0, 0, 0, 0, 2, 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_REASON(EMU_EXP(0, 0x2f, 0x06, 0, 0, 0, 0, 0, 0, 2, 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	/* Data that the CDB does not ask for does not move. */
	CHECK_REASON(EMU_EXP(1024, 0x2f, 0x00, 0, 0, 0, 0, 0, 0, 2, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
	CHECK_EQ(emu.cmd.residual, 1024);
}

static void verify_without_memory_goes_to_a_worker(void)
{
	emu_reset();
	emu.no_memory = true;
	CHECK_REASON(VERIFY10(0, 0, 8), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK(cst_cmd_may_sleep(&emu.cmd));
}

static void write_protection(void)
{
	emu_reset();
	emu.disk.dev.read_only = true;
	CHECK_REASON(WRITE10(0, 0, 1), CST_SENSE(WRITE_PROTECTED));
	CHECK_REASON(EMU(0x0a, 0, 0, 0, 1, 0), CST_SENSE(WRITE_PROTECTED));
	CHECK_REASON(VERIFY10(0, 0, 1), CST_OK);
	CHECK_REASON(READ10(0, 0, 1), CST_OK);
	emu.disk.dev.read_only = false;
	emu.itl.read_only = true;
	CHECK_REASON(EMU(0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0),
		     CST_SENSE(WRITE_PROTECTED));
	CHECK_REASON(EMU(0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
}

TEST_MAIN(T(reads_the_blocks), T(writes_the_blocks), T(beyond_the_end),
	  T(cache_flags),
	  T(the_initiator_expects_less_than_it_reads),
	  T(the_initiator_sends_less_than_it_writes),
	  T(errors_of_the_backend), T(a_worker_starts_again),
	  T(verify_reads_the_medium), T(verify_compares_every_byte),
	  T(verify_compares_with_one_block), T(verify_with_4k_blocks),
	  T(verify_compares_much_in_the_worker),
	  T(verify_needs_all_that_it_compares_with),
	  T(verify_without_memory_goes_to_a_worker),
	  T(write_protection))
