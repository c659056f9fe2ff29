// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

static void the_lists_are_empty_in_each_format(void)
{
	unsigned int asked;

	emu_reset();
	for (asked = 0; asked < 0x20; asked++) {
		if ((asked & 7) > 5) {
			CHECK_INVALID(EMU(0x37, 0, asked, 0, 0, 0, 0, 0, 255, 0), 2, 2);
			CHECK_INVALID(EMU(0xb7, asked, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0), 1, 2);
			continue;
		}
		CHECK_REASON(EMU(0x37, 0, asked, 0, 0, 0, 0, 0, 255, 0), CST_OK);
		CHECK_EQ(emu.cmd.data_len, 4);
		CHECK_BYTES(emu.in, 0, asked, 0, 0);
		CHECK_REASON(EMU(0xb7, asked, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0), CST_OK);
		CHECK_EQ(emu.cmd.data_len, 8);
		CHECK_BYTES(emu.in, 0, asked, 0, 0, 0, 0, 0, 0);
	}
}

static void from_any_index_on_and_cut(void)
{
	emu_reset();
	CHECK_REASON(EMU(0xb7, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 5, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 5);
	CHECK_REASON(EMU(0x37, 0, 0x18, 0, 0, 0, 0, 0, 2, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 2);
	CHECK_REASON(EMU(0x37, 0, 0x18, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
	CHECK_INVALID(EMU(0x37, 0, 0x20, 0, 0, 0, 0, 0, 4, 0), 2, 5);
	CHECK_INVALID(EMU(0xb7, 0x20, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0), 1, 5);
}

TEST_MAIN(T(the_lists_are_empty_in_each_format), T(from_any_index_on_and_cut))
