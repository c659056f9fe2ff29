// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

static int decode(u64 wire, u32 *lun)
{
	u8 bytes[8];

	shim_put_be(wire, bytes, sizeof(bytes));
	return cst_lun_decode(bytes, lun);
}

static void both_addressing_methods_are_read(void)
{
	u32 lun = 0;

	CHECK_EQ(decode(0x0000000000000000, &lun), 0);
	CHECK_EQ(lun, 0);
	CHECK_EQ(decode(0x00ff000000000000, &lun), 0);
	CHECK_EQ(lun, 255);
	CHECK_EQ(decode(0x4005000000000000, &lun), 0);
	CHECK_EQ(lun, 5);
	CHECK_EQ(decode(0x4100000000000000, &lun), 0);
	CHECK_EQ(lun, 256);
	CHECK_EQ(decode(0x7fff000000000000, &lun), 0);
	CHECK_EQ(lun, CST_MAX_LUN);
}

static void what_names_no_unit_here_is_refused(void)
{
	static const u64 wrong[] = {
		0x0100000000000000,	/* a bus identifier */
		0x0000000100000000,	/* a second level */
		0x0000000000000001,	/* a fourth one */
		0x8000000000000000,	/* logical unit addressing */
		0xc101000000000000,	/* the REPORT LUNS well known LUN */
		0xd200000100000000,	/* extended flat space */
		0xffffffffffffffff,	/* not specified */
	};
	u32 lun = 42;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK_EQ(decode(wrong[i], &lun), -EINVAL);
	CHECK_EQ(lun, 42);
}

static void encode_is_peripheral_below_256_and_flat_above(void)
{
	u8 wire[8];

	cst_lun_encode(0, wire);
	CHECK_BYTES(wire, 0, 0, 0, 0, 0, 0, 0, 0);
	cst_lun_encode(255, wire);
	CHECK_BYTES(wire, 0, 0xff, 0, 0, 0, 0, 0, 0);
	cst_lun_encode(256, wire);
	CHECK_BYTES(wire, 0x41, 0, 0, 0, 0, 0, 0, 0);
	cst_lun_encode(CST_MAX_LUN, wire);
	CHECK_BYTES(wire, 0x7f, 0xff, 0, 0, 0, 0, 0, 0);
}

static void decode_undoes_encode(void)
{
	u8 wire[8];
	u32 lun, got;

	for (lun = 0; lun <= CST_MAX_LUN; lun++) {
		cst_lun_encode(lun, wire);
		got = ~lun;
		if (cst_lun_decode(wire, &got) || got != lun) {
			test_say(__FILE__, __LINE__, "LUN %u", lun);
			break;
		}
	}
}

TEST_MAIN(T(both_addressing_methods_are_read),
	  T(what_names_no_unit_here_is_refused),
	  T(encode_is_peripheral_below_256_and_flat_above),
	  T(decode_undoes_encode))
