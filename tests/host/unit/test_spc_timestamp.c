// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define REPORT(_len)	EMU(0xa3, 0x0f, 0, 0, 0, 0, 0, 0, 0, _len, 0, 0)
#define SET(_len)	EMU(0xa4, 0x0f, 0, 0, 0, 0, 0, 0, 0, _len, 0, 0)

static u64 timestamp(void)
{
	return (u64)get_unaligned_be16(emu.in + 4) << 32 | get_unaligned_be32(emu.in + 6);
}

static void it_is_the_clock_of_the_host(void)
{
	emu_reset();
	CHECK_REASON(REPORT(255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 12);
	CHECK_BYTES(emu.in, 0, 10, 3, 0);
	CHECK_EQ(timestamp(), 1789200000000ULL + shim_jiffies_64 * 1000 / HZ);
	CHECK_BYTES(emu.in + 10, 0, 0);
	CHECK_REASON(REPORT(5), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 5);
}

static void it_goes_on_from_what_was_set(void)
{
	static const u8 list[12] = { [4] = 0xff, 0xff, 0xff, 0xff, 0xff, 0x00 };
	struct cst_session other = {};
	struct cst_itl itl;

	emu_reset();
	emu_itl_init(&itl, &other, &emu.disk.dev, 0);
	emu_data_out(list, sizeof(list));
	CHECK_REASON(SET(12), CST_OK);
	/* All nexuses are told but that of the command. */
	CHECK_REASON(cst_ua_peek(&itl), CST_SENSE(TIMESTAMP_CHANGED));
	CHECK_REASON(cst_ua_peek(&emu.itl), CST_OK);
	CHECK_REASON(REPORT(12), CST_OK);
	CHECK_BYTES(emu.in, 0, 10, 2, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0, 0);
	shim_jiffies_64 += HZ / 10;
	CHECK_REASON(REPORT(12), CST_OK);
	CHECK_EQ(timestamp(), 0xffffffffff00ULL + 100);
	/* It has 48 bits. */
	shim_jiffies_64 += HZ;
	CHECK_REASON(REPORT(12), CST_OK);
	CHECK_EQ(timestamp(), 1100 - 256);
	list_del(&itl.dev_node);
}

static void what_is_refused(void)
{
	static const u8 reserved[] = { 0, 1, 2, 3, 10, 11 };
	unsigned int i, bit;
	u8 list[12];

	emu_reset();
	for (i = 1; i < 256; i++)
		if (i != 12)
			CHECK_REASON(SET(i), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	CHECK_REASON(EMU(0xa4, 0x0f, 0, 0, 0, 0, 0xff, 0, 0, 12, 0, 0),
		     CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	CHECK_REASON(EMU_EXP(11, 0xa4, 0x0f, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	for (i = 0; i < sizeof(reserved); i++) {
		for (bit = 0; bit < 8; bit++) {
			memset(list, 0, sizeof(list));
			list[reserved[i]] = 1 << bit;
			emu_data_out(list, sizeof(list));
			CHECK_REASON(SET(12), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
			CHECK(!emu.cmd.detail.field_in_cdb);
			CHECK_EQ(emu.cmd.detail.field, reserved[i]);
			CHECK_EQ(emu.cmd.detail.bit, bit);
		}
	}
	/* No list: nothing is set. */
	CHECK_REASON(SET(0), CST_OK);
	CHECK_REASON(REPORT(12), CST_OK);
	CHECK_EQ(emu.in[2], 3);
}

TEST_MAIN(T(it_is_the_clock_of_the_host), T(it_goes_on_from_what_was_set), T(what_is_refused))
