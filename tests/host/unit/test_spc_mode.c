// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

static void all_pages_of_mode_sense_6(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 44);
	CHECK_BYTES(emu.in,
		    43, 0x00, 0x10, 8,
		    0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x02, 0x00,
		    0x08, 0x12, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		    0, 0, 0, 0,
		    0x0a, 0x0a, 0x02, 0x10, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void all_pages_of_mode_sense_10(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x5a, 0, 0x3f, 0xff, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 48);
	CHECK_BYTES(emu.in,
		    0x00, 46, 0x00, 0x10, 0x00, 0x00, 0x00, 0x08,
		    0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x02, 0x00,
		    0x08, 0x12, 0x04);
	CHECK_EQ(emu.in[36], 0x0a);
}

/* When a device is enabled with a cache, core asks whether each nexus knows of the cache. */
static void who_is_told_of_the_cache_is_remembered(void)
{
	emu_reset();
	emu.itl.knows_cache = true;
	CHECK_REASON(EMU(0x1a, 0, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK(emu.itl.knows_cache);
	emu.disk.write_through = true;
	CHECK_REASON(EMU(0x1a, 0, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK(emu.itl.knows_cache);
	CHECK_REASON(EMU(0x1a, 0, 0x48, 0, 0xff, 0), CST_OK);	/* changeable values */
	CHECK(emu.itl.knows_cache);
	CHECK_REASON(EMU(0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK(!emu.itl.knows_cache);
	emu.disk.write_through = false;
	CHECK_REASON(EMU(0x1a, 0, 0x08, 0, 0xff, 0), CST_OK);
	CHECK(emu.itl.knows_cache);
}

static void block_descriptors(void)
{
	emu_reset();
	/* DBD */
	CHECK_REASON(EMU(0x1a, 0x08, 0x08, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in, 23, 0, 0x10, 0, 0x08, 0x12);
	CHECK_EQ(emu.cmd.data_len, 24);
	CHECK_REASON(EMU(0x5a, 0x18, 0x08, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in, 0, 26, 0, 0x10, 0, 0, 0, 0, 0x08, 0x12);
	/* LLBAA */
	CHECK_REASON(EMU(0x5a, 0x10, 0x0a, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in,
		    0, 34, 0, 0x10, 0x01, 0, 0, 16,
		    0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0x02, 0x00,
		    0x0a, 0x0a);
	/* ... and MODE SENSE(6) has no LLBAA */
	CHECK_INVALID(EMU(0x1a, 0x10, 0x0a, 0, 0xff, 0), 1, 4);

	emu.disk.nblocks = 0x123456789aULL;
	CHECK_REASON(EMU(0x1a, 0, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0);
	CHECK_REASON(EMU(0x5a, 0x10, 0x0a, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 8, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a);

	emu.disk.dev.removable = true;
	emu.disk.dev.ejected = true;
	CHECK_REASON(EMU(0x1a, 0, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0, 0, 0, 0, 0, 0, 2, 0);
	CHECK_REASON(EMU(0x5a, 0x10, 0x0a, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 8, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void what_the_attributes_say(void)
{
	emu_reset();
	emu.disk.write_through = true;
	CHECK_REASON(EMU(0x1a, 0x08, 0x08, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[6], 0x00);
	CHECK_EQ(emu.in[2], 0x10);
	emu.disk.dev.read_only = true;
	CHECK_REASON(EMU(0x1a, 0x08, 0x08, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[2], 0x90);
	emu.disk.dev.read_only = false;
	emu.itl.read_only = true;
	CHECK_REASON(EMU(0x5a, 0x08, 0x08, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[3], 0x90);
}

static void page_control(void)
{
	static const u8 zero[18];

	emu_reset();
	/* changeable values: no field can be changed */
	CHECK_REASON(EMU(0x1a, 0x08, 0x48, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x08, 0x12);
	CHECK(!memcmp(emu.in + 6, zero, 18));
	/* default values */
	CHECK_REASON(EMU(0x1a, 0x08, 0x88, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x08, 0x12, 0x04);
	/* saved values */
	CHECK_REASON(EMU(0x1a, 0x08, 0xc8, 0, 0xff, 0),
		     CST_SENSE(SAVING_PARAMETERS_NOT_SUPPORTED));
	CHECK_REASON(EMU(0x5a, 0, 0xff, 0, 0, 0, 0, 0, 0xff, 0),
		     CST_SENSE(SAVING_PARAMETERS_NOT_SUPPORTED));
}

static void pages_and_subpages_that_are_not_there(void)
{
	unsigned int page;

	emu_reset();
	for (page = 0; page < 0x3f; page++)
		if (page != 0x08 && page != 0x0a)
			CHECK_INVALID(EMU(0x1a, 0, page, 0, 0xff, 0), 2, 5);
	CHECK_INVALID(EMU(0x1a, 0, 0x0a, 0x01, 0xff, 0), 3, 7);
	CHECK_INVALID(EMU(0x1a, 0, 0x3f, 0x01, 0xff, 0), 3, 7);
	CHECK_REASON(EMU(0x1a, 0, 0x0a, 0xff, 0xff, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 8 + 12);
}

static void the_allocation_length_cuts(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 4, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_EQ(emu.cmd.residual, 0);
	CHECK_EQ(emu.in[0], 43);
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
}

TEST_MAIN(T(all_pages_of_mode_sense_6), T(all_pages_of_mode_sense_10),
	  T(who_is_told_of_the_cache_is_remembered),
	  T(block_descriptors), T(what_the_attributes_say), T(page_control),
	  T(pages_and_subpages_that_are_not_there),
	  T(the_allocation_length_cuts))
