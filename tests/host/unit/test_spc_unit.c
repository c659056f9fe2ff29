// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define SENSE(_desc)	EMU(0x03, _desc, 0, 0, 0xff, 0)

static void a_ready_unit_has_no_sense(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(SENSE(0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 18);
	CHECK_BYTES(emu.in, 0x70, 0, 0x00, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0x00, 0x00,
		    0, 0, 0, 0);
	CHECK_REASON(SENSE(1), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8);
	CHECK_BYTES(emu.in, 0x72, 0, 0, 0, 0, 0, 0, 0);
}

static void a_unit_attention_is_told_once(void)
{
	emu_reset();
	cst_ua_add(&emu.itl, CST_SENSE(CAPACITY_DATA_CHANGED));
	cst_ua_add(&emu.itl, CST_SENSE(MODE_PARAMETERS_CHANGED));
	CHECK_REASON(SENSE(0), CST_OK);
	CHECK_EQ(emu.in[2], 0x06);
	CHECK_BYTES(emu.in + 12, 0x2a, 0x09);
	CHECK_REASON(SENSE(1), CST_OK);
	CHECK_BYTES(emu.in, 0x72, 0x06, 0x2a, 0x01);
	CHECK_REASON(SENSE(0), CST_OK);
	CHECK_EQ(emu.in[2], 0x00);
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_OK);
}

static void a_disabled_unit_is_not_ready(void)
{
	emu_reset();
	emu.disk.dev.io_ref.dying = true;
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0),
		     CST_SENSE(MANUAL_INTERVENTION_REQUIRED));
	CHECK_REASON(SENSE(0), CST_OK);
	CHECK_EQ(emu.in[2], 0x02);
	CHECK_BYTES(emu.in + 12, 0x04, 0x03);
	/* INQUIRY works all the same. */
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_EQ(emu.in[0], 0x00);
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0),
		     CST_SENSE(MANUAL_INTERVENTION_REQUIRED));
}

/* While an administrator restarts the device, initiators wait, but not for ever. */
static void a_unit_that_may_come_back_is_becoming_ready(void)
{
	emu_reset();
	shim_jiffies_64 = 1000;
	emu.disk.dev.io_ref.dying = true;
	emu.disk.dev.back_until = 1001;
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_SENSE(BECOMING_READY));
	CHECK_REASON(SENSE(0), CST_OK);
	CHECK_EQ(emu.in[2], 0x02);
	CHECK_BYTES(emu.in + 12, 0x04, 0x01);
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_SENSE(BECOMING_READY));
	shim_jiffies_64 = 1001;
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0),
		     CST_SENSE(MANUAL_INTERVENTION_REQUIRED));
	CHECK_REASON(SENSE(0), CST_OK);
	CHECK_BYTES(emu.in + 12, 0x04, 0x03);
	emu.disk.dev.io_ref.dying = false;
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_OK);
}

static void without_a_logical_unit(void)
{
	emu_reset();
	emu_no_lun();
	CHECK_REASON(SENSE(0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 18);
	CHECK_EQ(emu.in[2], 0x05);
	CHECK_BYTES(emu.in + 12, 0x25, 0x00);
	CHECK_REASON(SENSE(1), CST_OK);
	CHECK_BYTES(emu.in, 0x72, 0x05, 0x25, 0x00);
}

static void the_allocation_length_cuts(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x03, 0, 0, 0, 4, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_REASON(EMU(0x03, 0, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
}

/* A command without memory returns no part of its data, and can be repeated. */
static void without_memory_for_the_data(void)
{
	unsigned int pass;

	for (pass = 0; pass < 2; pass++) {
		cst_sense_t want = pass ? CST_OK : CST_BUSY;

		emu_reset();
		emu.no_buffer = !pass;
		CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), want);
		CHECK_REASON(EMU(0x12, 0, 0, 0, 0xff, 0), want);
		CHECK_REASON(EMU(0x12, 1, 0x83, 0, 0xff, 0), want);
		CHECK_REASON(EMU(0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), want);
		CHECK_REASON(EMU(0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), want);
		CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), want);
		CHECK_REASON(EMU(0x03, 0, 0, 0, 0xff, 0), want);
		CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), want);
		CHECK_REASON(EMU(0x4d, 0, 0x40, 0, 0, 0, 0, 1, 0, 0), want);
		CHECK_REASON(EMU(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), want);
		CHECK_REASON(EMU(0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), want);
	}
}

/* The same for what a command needs besides its data.  It does nothing then. */
static void without_memory_to_work_in(void)
{
	static const u8 data[1024];
	static const u8 list[24] = { 0, 22, 0, 16, [19] = 1 };
	unsigned int pass;

	for (pass = 0; pass < 2; pass++) {
		cst_sense_t want = pass ? CST_OK : CST_BUSY;

		emu_reset();
		memset(emu.medium, 0, sizeof(emu.medium));
		emu.disk.thin = true;
		emu.disk.unmap_granularity = 512;
		emu.no_scratch = !pass;
		emu_data_out(data, sizeof(data));
		CHECK_REASON(EMU(0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0), want);
		CHECK_REASON(EMU(0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0), want);
		CHECK_REASON(EMU(0x2e, 2, 0, 0, 0, 0, 0, 0, 2, 0), want);
		CHECK_REASON(EMU(0x93, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0), want);
		emu_data_out(list, sizeof(list));
		CHECK_REASON(EMU(0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0), want);
		CHECK_EQ(!emu.ios, !pass);
	}
}

TEST_MAIN(T(a_ready_unit_has_no_sense), T(a_unit_attention_is_told_once),
	  T(a_disabled_unit_is_not_ready), T(a_unit_that_may_come_back_is_becoming_ready),
	  T(without_a_logical_unit),
	  T(the_allocation_length_cuts),
	  T(without_memory_for_the_data), T(without_memory_to_work_in))
