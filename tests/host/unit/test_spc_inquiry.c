// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

static void standard_data(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x12, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 96);
	CHECK_EQ(emu.cmd.residual, 0xff - 96);
	CHECK(!emu.cmd.overflow);
	CHECK_BYTES(emu.in,
		    0x00, 0x00, 0x06, 0x12, 0x5b, 0x08, 0x10, 0x02,
		    'C', 'S', 'T', ' ', ' ', ' ', ' ', ' ',
		    'v', 'd', 'i', 's', 'k', ' ', ' ', ' ',
		    ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
		    '0', '1', '0', '0',
		    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		    0x00, 0xa0, 0x09, 0x60, 0x04, 0x60, 0x04, 0xc0,
		    0, 0, 0, 0, 0, 0, 0, 0,
		    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void other_transports_claim_no_iscsi(void)
{
	emu_reset();
	emu.fabric.protocol_id = 0x6;
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_BYTES(emu.in + 58, 0x00, 0xa0, 0x04, 0x60, 0x04, 0xc0, 0, 0);
	emu.fabric.protocol_id = 0x0;
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_BYTES(emu.in + 58, 0x00, 0xa0, 0x0a, 0x40, 0x04, 0x60, 0x04, 0xc0);
}

static void removable_and_odd_names(void)
{
	emu_reset();
	emu.disk.dev.removable = true;
	strscpy(emu.disk.dev.t10_vend_id, "EIGHT888", sizeof(emu.disk.dev.t10_vend_id));
	strscpy(emu.disk.dev.prod_id, "a\xc3\xa9\tb", sizeof(emu.disk.dev.prod_id));
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_EQ(emu.in[1], 0x80);
	CHECK_BYTES(emu.in + 8, 'E', 'I', 'G', 'H', 'T', '8', '8', '8',
		    'a', '?', '?', '?', 'b', ' ');
}

static void the_allocation_length_cuts(void)
{
	unsigned int len;

	emu_reset();
	for (len = 0; len <= 100; len++) {
		CHECK_REASON(EMU(0x12, 0, 0, 0, len, 0), CST_OK);
		CHECK_EQ(emu.cmd.data_len, len < 96 ? len : 96);
		/* ADDITIONAL LENGTH does not depend on the allocation length. */
		if (len > 4)
			CHECK_EQ(emu.in[4], 91);
	}
	CHECK_REASON(EMU(0x12, 0, 0, 0xff, 0xff, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 96);
	/* The initiator expects less than it asks for. */
	CHECK_REASON(EMU_EXP(36, 0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 36);
	CHECK_EQ(emu.cmd.residual, 60);
	CHECK(emu.cmd.overflow);
}

static void without_a_logical_unit(void)
{
	emu_reset();
	emu_no_lun();
	CHECK_REASON(EMU(0x12, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 96);
	CHECK_BYTES(emu.in, 0x7f, 0, 0x06, 0x12, 0x5b, 0, 0x10, 0x02);
	CHECK_EQ(emu.in[16], ' ');
	CHECK_EQ(emu.in[58], 0);
	CHECK_EQ(emu.in[59], 0);
}

static void a_page_code_needs_evpd(void)
{
	emu_reset();
	CHECK_INVALID(EMU(0x12, 0, 0x01, 0, 96, 0), 2, 7);
	CHECK_INVALID(EMU(0x12, 0, 0x80, 0, 96, 0), 2, 7);
	CHECK_INVALID(EMU(0x12, 0x02, 0, 0, 96, 0), 1, 1);	/* CMDDT */
}

static void a_unit_attention_stays(void)
{
	emu_reset();
	cst_ua_add(&emu.itl, CST_SENSE(POWER_ON_OCCURRED));
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK(emu.itl.ua_pending);
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_SENSE(POWER_ON_OCCURRED));
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_OK);
}

TEST_MAIN(T(standard_data), T(other_transports_claim_no_iscsi),
	  T(removable_and_odd_names), T(the_allocation_length_cuts),
	  T(without_a_logical_unit), T(a_page_code_needs_evpd),
	  T(a_unit_attention_stays))
