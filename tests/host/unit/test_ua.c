// SPDX-License-Identifier: GPL-2.0-only
/* ua.c, and the commands that tell a unit attention: the order, and how long it is pending. */
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define TUR		EMU(0x00, 0, 0, 0, 0, 0)
#define SENSE(_desc, _len)	EMU(0x03, _desc, 0, 0, _len, 0)
#define LUNS(_len)	EMU(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, _len, 0, 0)
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

/* After a unit attention for a reset Linux repeats the command, and looks for nothing else. */
static void a_reset_is_told_first_and_hides_nothing(void)
{
	emu_reset();
	ADD(MODE_PARAMETERS_CHANGED);
	ADD(I_T_NEXUS_LOSS);
	ADD(CAPACITY_DATA_CHANGED);
	ADD(BUS_DEVICE_RESET);
	ADD(I_T_NEXUS_LOSS);
	ADD(MODE_PARAMETERS_CHANGED);
	CHECK_EQ(emu.itl.ua_count, 3);
	CHECK_REASON(TUR, CST_SENSE(BUS_DEVICE_RESET));
	CHECK_REASON(TUR, CST_SENSE(MODE_PARAMETERS_CHANGED));
	CHECK_REASON(TUR, CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(TUR, CST_OK);
}

/* The reset's unit attention also covers the commands that the reset has cleared. */
static void a_reset_has_cleared_the_commands(void)
{
	emu_reset();
	ADD(MODE_PARAMETERS_CHANGED);
	ADD(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR);
	ADD(BUS_DEVICE_RESET);
	ADD(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR);
	CHECK_REASON(TUR, CST_SENSE(BUS_DEVICE_RESET));
	CHECK_REASON(TUR, CST_SENSE(MODE_PARAMETERS_CHANGED));
	CHECK_REASON(TUR, CST_OK);
	/* It does not cover commands that are cleared later. */
	ADD(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR);
	CHECK_REASON(TUR, CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
	CHECK_REASON(TUR, CST_OK);
}

/* The initiator aborted the command after the fabric got its response, and before it was sent. */
static void what_is_not_sent_is_told_again(void)
{
	emu_reset();
	ADD(CAPACITY_DATA_CHANGED);
	CHECK_REASON(TUR, CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK(!emu.itl.ua_pending);
	cst_cmd_unsent(&emu.cmd);
	CHECK_REASON(TUR, CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(TUR, CST_OK);
	cst_cmd_unsent(&emu.cmd);
	CHECK_REASON(TUR, CST_OK);

	/* The data of REPORT LUNS tells this unit attention. */
	ADD(REPORTED_LUNS_DATA_CHANGED);
	CHECK_REASON(LUNS(16), CST_OK);
	CHECK(!emu.itl.ua_pending);
	cst_cmd_unsent(&emu.cmd);
	CHECK_REASON(TUR, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	CHECK_REASON(LUNS(16), CST_OK);
	cst_cmd_unsent(&emu.cmd);
	CHECK_REASON(TUR, CST_OK);
}

/* Nothing is written beyond the queue, and a unit attention that found no room is covered. */
static void a_full_queue_says_that_everything_may_have_changed(void)
{
	emu_reset();
	ADD(MODE_PARAMETERS_CHANGED);
	ADD(CAPACITY_DATA_CHANGED);
	ADD(INQUIRY_DATA_CHANGED);
	ADD(REPORTED_LUNS_DATA_CHANGED);
	ADD(MEDIUM_MAY_HAVE_CHANGED);
	while (emu.itl.ua_count < CST_UA_MAX)
		emu.itl.ua[emu.itl.ua_count++] = CST_SENSE(NOT_READY);
	ADD(BUS_DEVICE_RESET);
	CHECK_REASON(TUR, CST_SENSE(POWER_ON_OCCURRED));
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

static void abort_it(void)
{
	cst_session_abort_all(emu.sess);
}

/* However the command would have told a unit attention, its response was not sent. */
static void an_aborted_command_tells_nothing(void)
{
	emu_reset();
	emu.sess->luns_seq = 1;
	ADD(CAPACITY_DATA_CHANGED);
	ADD(REPORTED_LUNS_DATA_CHANGED);
	/* Aborted after the gate has chosen the unit attention. */
	shim_unlock.lock = &emu.itl.ua_lock;
	shim_unlock.then = abort_it;
	CHECK_REASON(TUR, CST_PENDING);
	CHECK(test_bit(CST_CMD_TELLS_UA, &emu.cmd.flags));
	CHECK_EQ(emu.cmd.ua, CST_SENSE(CAPACITY_DATA_CHANGED));
	emu.meanwhile = abort_it;
	CHECK_REASON(SENSE(0, 255), CST_PENDING);
	CHECK(test_bit(CST_CMD_TELLS_UA, &emu.cmd.flags));
	CHECK_REASON(LUNS(255), CST_PENDING);
	CHECK(test_bit(CST_CMD_TELLS_LUNS, &emu.cmd.flags));
	CHECK_EQ(emu.itl.ua_count, 2);
	emu.meanwhile = NULL;
	CHECK_REASON(TUR, CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(TUR, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	CHECK_REASON(TUR, CST_OK);
}

static void one_without_memory_tells_nothing(void)
{
	emu_reset();
	ADD(CAPACITY_DATA_CHANGED);
	ADD(REPORTED_LUNS_DATA_CHANGED);
	emu.no_buffer = true;
	CHECK_REASON(SENSE(0, 255), CST_BUSY);
	CHECK_REASON(LUNS(255), CST_BUSY);
	CHECK_EQ(emu.itl.ua_count, 2);
	emu.no_buffer = false;
	CHECK_REASON(SENSE(0, 255), CST_OK);
	CHECK_BYTES(emu.in + 12, 0x2a, 0x09);
	CHECK_REASON(LUNS(255), CST_OK);
	CHECK_REASON(TUR, CST_OK);
}

static void sense_that_is_cut_off_tells_nothing(void)
{
	static const struct {
		u8	desc, len;
		bool	tells;
	} cases[] = {
		{ 0, 0, false }, { 0, 13, false }, { 0, 14, true },
		{ 1, 0, false }, { 1, 3, false }, { 1, 4, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		emu_reset();
		ADD(CAPACITY_DATA_CHANGED);
		CHECK_REASON(SENSE(cases[i].desc, cases[i].len), CST_OK);
		CHECK_EQ(emu.itl.ua_count, !cases[i].tells);
	}
	/* The initiator takes less than it has asked for. */
	emu_reset();
	ADD(CAPACITY_DATA_CHANGED);
	CHECK_REASON(EMU_EXP(0, 0x03, 0, 0, 0, 255, 0), CST_OK);
	CHECK_EQ(emu.itl.ua_count, 1);
}

static void a_list_that_is_cut_off_tells_nothing(void)
{
	emu_reset();
	emu_add_lun(1);
	ADD(REPORTED_LUNS_DATA_CHANGED);
	CHECK_REASON(LUNS(16), CST_OK);
	CHECK_EQ(emu.itl.ua_count, 1);
	CHECK_REASON(EMU_EXP(16, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0), CST_OK);
	CHECK_EQ(emu.itl.ua_count, 1);
	CHECK_REASON(LUNS(24), CST_OK);
	CHECK_EQ(emu.itl.ua_count, 0);
}

static void another_lun(void)
{
	emu_add_lun(7);
	emu.sess->luns_seq++;
	ADD(REPORTED_LUNS_DATA_CHANGED);
}

/* LUNs change after the command has read the list, and before its response is sent. */
static void a_change_behind_the_list_is_told(void)
{
	emu_reset();
	ADD(REPORTED_LUNS_DATA_CHANGED);
	emu.meanwhile = another_lun;
	CHECK_REASON(LUNS(255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 16);
	emu.meanwhile = NULL;
	CHECK_REASON(TUR, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	ADD(REPORTED_LUNS_DATA_CHANGED);
	CHECK_REASON(LUNS(255), CST_OK);
	CHECK_REASON(TUR, CST_OK);
}

/* cst never establishes an ACA condition, so no command with the ACA attribute is valid. */
static void an_aca_task_is_refused(void)
{
	emu_reset();
	emu.task_attr = CST_TASK_ACA;
	ADD(CAPACITY_DATA_CHANGED);
	CHECK_REASON(TUR, CST_SENSE(INVALID_MESSAGE));
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_SENSE(INVALID_MESSAGE));
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_SENSE(INVALID_MESSAGE));
	CHECK_EQ(emu.ios, 0);
	emu_no_lun();
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_SENSE(INVALID_MESSAGE));
	emu_reset();
	CHECK_REASON(TUR, CST_OK);
}

TEST_MAIN(T(a_weaker_one_neither_leads_nor_replaces), T(a_reset_is_told_first_and_hides_nothing),
	  T(a_reset_has_cleared_the_commands),
	  T(what_is_not_sent_is_told_again),
	  T(a_full_queue_says_that_everything_may_have_changed),
	  T(ordinary_ones_are_told_in_turn), T(an_aborted_command_tells_nothing),
	  T(one_without_memory_tells_nothing), T(sense_that_is_cut_off_tells_nothing),
	  T(a_list_that_is_cut_off_tells_nothing), T(a_change_behind_the_list_is_told),
	  T(an_aca_task_is_refused))
