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
		CHECK_EQ(emu.ios, 0);
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

TEST_MAIN(T(a_self_test_is_to_be_ready), T(the_list_of_pages), T(lists_that_are_refused))
