// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define SEND(_flags, _len)	EMU(0x1d, _flags, 0, 0, _len, 0)
#define RECEIVE(_pcv, _page)	EMU(0x1c, _pcv, _page, 0, 0xff, 0)

static void a_self_test_is_to_be_ready(void)
{
	static const u8 tests[] = { 0x04, 0x17, 0x20, 0x40, 0xa0, 0xc0, 0x33 };
	unsigned int i;

	for (i = 0; i < sizeof(tests); i++) {
		emu_reset();
		CHECK_REASON(SEND(tests[i], 0), CST_OK);
		/* an extended one reads the first and the last block, every other one the first */
		CHECK_EQ(emu.ios, (tests[i] >> 5 & 3) == 2 ? 2 : 1);
		CHECK_EQ(emu.io.op, CST_IO_READ);
		CHECK_EQ(emu.io.len, 512);
		CHECK_EQ(emu.io.pos, (tests[i] >> 5 & 3) == 2 ? 63 * 512 : 0);
		emu.disk.dev.stopped = true;
		CHECK_REASON(SEND(tests[i], 0), CST_SENSE(INITIALIZING_COMMAND_REQUIRED));
		emu.disk.dev.io_ref.dying = true;
		CHECK_REASON(SEND(tests[i], 0), CST_SENSE(MANUAL_INTERVENTION_REQUIRED));
		emu.disk.dev.io_ref.dying = false;
	}
	emu_reset();
	/* reserved codes, nothing to abort, a code beside SELFTEST, parameters of a test */
	CHECK_INVALID(SEND(0x60, 0), 1, 7);
	CHECK_INVALID(SEND(0xe0, 0), 1, 7);
	CHECK_INVALID(SEND(0x80, 0), 1, 7);
	CHECK_INVALID(SEND(0x24, 0), 1, 7);
	CHECK_INVALID(SEND(0x14, 4), 3, 7);
	CHECK_INVALID(SEND(0x30, 4), 3, 7);
	CHECK_INVALID(SEND(0x08, 0), 1, 3);
}

/* The parameter of result @nr, 1 is the newest. */
static const u8 *result(unsigned int nr)
{
	CHECK_REASON(EMU(0x4d, 0, 0x50, 0, 0, 0, 0, 0x02, 0x00, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 20 * 20);
	CHECK_BYTES(emu.in + 4 + (nr - 1) * 20, 0, nr, 0x23, 16);
	return emu.in + 4 + (nr - 1) * 20 + 4;
}

static void the_second_block_fails(void)
{
	if (emu.ios == 2)
		emu.io_error = -EIO;
}

static void results_are_kept(void)
{
	unsigned int i;

	emu_reset();
	emu.disk.dev.made = shim_jiffies_64;
	shim_jiffies_64 += 3 * 3600 * HZ + HZ;
	CHECK_REASON(SEND(0x04, 0), CST_OK);	/* leaves none */
	CHECK_BYTES(result(1), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	CHECK_REASON(SEND(0x20, 0), CST_OK);
	CHECK_BYTES(result(1), 0x20, 0, 0, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0, 0, 0, 0);
	CHECK_BYTES(result(2), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	/* in the foreground the command fails, in the background only the result tells */
	emu.on_io = the_second_block_fails;
	CHECK_REASON(SEND(0xc0, 0), CST_SENSE(LU_FAILED_SELF_TEST));
	CHECK(!emu.cmd.scratch_bvec);
	CHECK_BYTES(result(1), 0xc6, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 63, 0x03, 0x11, 0x00, 0);
	CHECK_BYTES(result(2), 0x20, 0, 0, 3, 0xff);
	emu.io_error = -ENOLINK;
	CHECK_REASON(SEND(0x40, 0), CST_OK);
	CHECK_BYTES(result(1), 0x45, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0x08, 0x00, 0);
	CHECK_REASON(SEND(0x04, 0), CST_SENSE(LU_FAILED_SELF_TEST));
	CHECK_BYTES(result(1), 0x45);
	/* one that could not be made */
	emu.io_error = -EAGAIN;
	CHECK_REASON(SEND(0xa0, 0), CST_BUSY);
	CHECK_BYTES(result(1), 0x45);
	emu.io_error = 0;
	emu.on_io = NULL;
	/* the newest twenty; hours have an end */
	shim_jiffies_64 += 70000ULL * 3600 * HZ;
	for (i = 0; i < 60; i++) {
		CHECK_REASON(SEND(i % 7 ? 0xa0 : 0x20, 0), CST_OK);
		CHECK_BYTES(result(1), i % 7 ? 0xa0 : 0x20, 0, 0xff, 0xff);
		if (i)
			CHECK_BYTES(result(2), (i - 1) % 7 ? 0xa0 : 0x20);
		if (i >= 19)
			CHECK_BYTES(result(20), (i - 19) % 7 ? 0xa0 : 0x20);
	}
}

static void the_list_of_pages(void)
{
	emu_reset();
	emu_data_out("\0\0\0\0", 4);
	CHECK_REASON(SEND(0x10, 4), CST_OK);
	CHECK_REASON(RECEIVE(0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 5);
	CHECK_BYTES(emu.in, 0, 0, 0, 1, 0);
	CHECK_REASON(RECEIVE(1, 0), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 1, 0);
	CHECK_INVALID(RECEIVE(1, 1), 2, 7);
	CHECK_INVALID(RECEIVE(0, 0x80), 2, 7);
	CHECK_INVALID(RECEIVE(2, 0), 1, 1);
	CHECK_REASON(EMU(0x1c, 1, 0, 0, 3, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 3);
}

static void lists_that_are_refused(void)
{
	static const u8 pages[][4] = {
		{ 1, 0, 0, 0 }, { 0, 0x10, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 },
	};
	static const u8 field[] = { 0, 1, 2, 2 }, bit[] = { 7, 4, 7, 7 };
	unsigned int i;

	emu_reset();
	CHECK_INVALID(SEND(0x00, 4), 1, 4);
	for (i = 1; i < 256; i++)
		if (i != 4)
			CHECK_REASON(SEND(0x10, i), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	CHECK_REASON(EMU_EXP(3, 0x1d, 0x10, 0, 0, 4, 0), CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		emu_data_out(pages[i], 4);
		CHECK_REASON(SEND(0x10, 4), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
		CHECK(!emu.cmd.detail.field_in_cdb);
		CHECK_EQ(emu.cmd.detail.field, field[i]);
		CHECK_EQ(emu.cmd.detail.bit, bit[i]);
	}
}

TEST_MAIN(T(a_self_test_is_to_be_ready), T(results_are_kept), T(the_list_of_pages),
	  T(lists_that_are_refused))
