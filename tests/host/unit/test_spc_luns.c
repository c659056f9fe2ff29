// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define LUNS(_select, _len)						\
	EMU(0xa0, 0, _select, 0, 0, 0, 0, (_len) >> 16 & 0xff,		\
	    (_len) >> 8 & 0xff, (_len) & 0xff, 0, 0)

static void the_list_is_sorted(void)
{
	/* SELECT REPORT 00h and 11h: the LUNs of the map; 02h: these and the well-known LUN. */
	static const u8 all[] = { 0x00, 0x11, 0x02 };
	unsigned int i;

	emu_reset();
	emu_add_lun(300);
	emu_add_lun(7);
	emu_add_lun(CST_MAX_LUN);
	for (i = 0; i < sizeof(all); i++) {
		CHECK_REASON(LUNS(all[i], 4096), CST_OK);
		CHECK_EQ(emu.cmd.data_len, 8 + (all[i] == 0x02 ? 5 : 4) * 8);
		CHECK_EQ(get_unaligned_be32(emu.in), emu.cmd.data_len - 8);
		CHECK_BYTES(emu.in + 8,
			    0, 0, 0, 0, 0, 0, 0, 0,
			    0, 7, 0, 0, 0, 0, 0, 0,
			    0x41, 0x2c, 0, 0, 0, 0, 0, 0,
			    0x7f, 0xff, 0, 0, 0, 0, 0, 0);
	}
	CHECK_BYTES(emu.in + 40, 0xc1, 0x01, 0, 0, 0, 0, 0, 0);
}

static void lists_of_what_there_is_none(void)
{
	static const u8 none[] = { 0x10, 0x12 };
	unsigned int i;

	emu_reset();
	for (i = 0; i < sizeof(none); i++) {
		CHECK_REASON(LUNS(none[i], 16), CST_OK);
		CHECK_EQ(emu.cmd.data_len, 8);
		CHECK_BYTES(emu.in, 0, 0, 0, 0, 0, 0, 0, 0);
	}
}

static void wrong_questions(void)
{
	emu_reset();
	CHECK_INVALID(LUNS(0x03, 4096), 2, 7);
	CHECK_INVALID(LUNS(0x13, 4096), 2, 7);
	CHECK_INVALID(LUNS(0xf8, 4096), 2, 7);
	CHECK_INVALID(LUNS(0x00, 15), 6, 7);
	CHECK_INVALID(LUNS(0x00, 0), 6, 7);
	CHECK_REASON(LUNS(0x00, 16), CST_OK);
}

static void the_allocation_length_cuts(void)
{
	unsigned int i;

	emu_reset();
	for (i = 0; i <= 600; i++)
		emu_add_lun(i);
	CHECK_REASON(LUNS(0x00, 20), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 20);
	CHECK_EQ(get_unaligned_be32(emu.in), 601 * 8);
	CHECK_REASON(LUNS(0x00, 0xffffff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8 + 601 * 8);
	CHECK_BYTES(emu.in + 8 + 255 * 8, 0x00, 0xff, 0, 0, 0, 0, 0, 0,
		    0x41, 0x00, 0, 0, 0, 0, 0, 0);
}

static void without_a_logical_unit(void)
{
	emu_reset();
	emu_add_lun(5);
	emu_no_lun();
	CHECK_REASON(LUNS(0x00, 4096), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 8, 0, 0, 0, 0, 0, 5);
	emu.sess->itls.slots[5] = NULL;
	CHECK_REASON(LUNS(0x00, 4096), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8);
	CHECK_BYTES(emu.in, 0, 0, 0, 0, 0, 0, 0, 0);
}

/* A list that was sent ends REPORTED LUNS DATA HAS CHANGED, and no other unit attention. */
static void the_unit_attention_ends(void)
{
	emu_reset();
	cst_ua_add(&emu.itl, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	cst_ua_add(&emu.itl, CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(LUNS(0x01, 4096), CST_OK);
	CHECK_EQ(emu.itl.ua_count, 2);
	CHECK_REASON(LUNS(0x00, 4096), CST_OK);
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_OK);
}

TEST_MAIN(T(the_list_is_sorted), T(lists_of_what_there_is_none),
	  T(wrong_questions), T(the_allocation_length_cuts),
	  T(without_a_logical_unit), T(the_unit_attention_ends))
