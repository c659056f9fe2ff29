// SPDX-License-Identifier: GPL-2.0-only
/* ua.c and who tells what it has: in which order. */
#include "emu.h"
#include "test.h"

#define TUR		EMU(0x00, 0, 0, 0, 0, 0)
#define ADD(_ua)	cst_ua_add(&emu.itl, CST_SENSE(_ua))

static void a_weaker_one_neither_leads_nor_replaces(void)
{
	static const cst_sense_t strong[] = {
		CST_SENSE(POWER_ON_OCCURRED), CST_SENSE(BUS_DEVICE_RESET),
		CST_SENSE(I_T_NEXUS_LOSS),
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(strong); i++) {
		for (j = 0; j < ARRAY_SIZE(strong); j++) {
			emu_reset();
			cst_ua_add(&emu.itl, strong[i]);
			cst_ua_add(&emu.itl, strong[j]);
			CHECK_EQ(emu.itl.ua_count, 1);
			CHECK_REASON(TUR, strong[min(i, j)]);
			CHECK_REASON(TUR, CST_OK);
		}
	}
}

static void a_stronger_one_clears_all_weaker(void)
{
	emu_reset();
	ADD(MODE_PARAMETERS_CHANGED);
	ADD(CAPACITY_DATA_CHANGED);
	ADD(I_T_NEXUS_LOSS);
	CHECK_EQ(emu.itl.ua_count, 1);
	/* What follows is told after it. */
	ADD(CAPACITY_DATA_CHANGED);
	ADD(BUS_DEVICE_RESET);
	CHECK_EQ(emu.itl.ua_count, 1);
	ADD(MODE_PARAMETERS_CHANGED);
	ADD(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR);
	/* ... until something as strong, or stronger than that, happens again. */
	CHECK_REASON(TUR, CST_SENSE(BUS_DEVICE_RESET));
	CHECK_REASON(TUR, CST_SENSE(MODE_PARAMETERS_CHANGED));
	ADD(BUS_DEVICE_RESET);
	ADD(CAPACITY_DATA_CHANGED);
	ADD(I_T_NEXUS_LOSS);
	CHECK_REASON(TUR, CST_SENSE(BUS_DEVICE_RESET));
	CHECK_REASON(TUR, CST_OK);
}

static void ordinary_ones_are_told_in_turn(void)
{
	emu_reset();
	ADD(MODE_PARAMETERS_CHANGED);
	ADD(CAPACITY_DATA_CHANGED);
	ADD(MODE_PARAMETERS_CHANGED);
	CHECK_REASON(TUR, CST_SENSE(MODE_PARAMETERS_CHANGED));
	CHECK_REASON(TUR, CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(TUR, CST_OK);
	CHECK(!emu.itl.ua_pending);
}

TEST_MAIN(T(a_weaker_one_neither_leads_nor_replaces), T(a_stronger_one_clears_all_weaker),
	  T(ordinary_ones_are_told_in_turn))
