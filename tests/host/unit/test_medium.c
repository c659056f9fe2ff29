// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define START_STOP(_flags)	EMU(0x1b, 0, 0, 0, _flags, 0)
#define EJECT			0x02
#define LOAD			0x03
#define NO_FLUSH		0x04
#define PREVENT(_prevent)	EMU(0x1e, 0, 0, 0, _prevent, 0)
#define TEST_UNIT_READY_CDB	EMU(0x00, 0, 0, 0, 0, 0)

static struct cst_itl other;
static struct cst_session other_sess;

static void removable_disk(void)
{
	emu_reset();
	emu.disk.dev.removable = true;
	memset(&other, 0, sizeof(other));
	other.dev = &emu.disk.dev;
	other.sess = &other_sess;
	list_add_tail(&other.dev_node, &emu.disk.dev.itls);
}

static void an_eject_flushes_and_takes_the_medium_away(void)
{
	removable_disk();
	CHECK_REASON(START_STOP(EJECT), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_FLUSH);
	CHECK_EQ(emu.io.len, 0);
	CHECK(emu.disk.dev.ejected);

	CHECK_REASON(TEST_UNIT_READY_CDB, CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0),
		     CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0),
		     CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		     CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_REASON(EMU(0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		     CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_EQ(emu.ios, 0);
	/* Commands that do not need the medium work. */
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 192, 0), CST_OK);
	CHECK_REASON(EMU(0x03, 0, 0, 0, 18, 0), CST_OK);
	CHECK_EQ(emu.in[2], 0x02);
	CHECK_EQ(emu.in[12], 0x3a);
	/* Neither a start nor a stop puts it back; a second eject is no error. */
	CHECK_REASON(START_STOP(0x01), CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_REASON(START_STOP(0x00), CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_REASON(START_STOP(EJECT), CST_OK);
	CHECK_EQ(emu.ios, 0);
}

static void a_load_is_told_to_the_others(void)
{
	removable_disk();
	CHECK_REASON(START_STOP(LOAD), CST_OK);
	CHECK(!other.ua_pending);
	CHECK_REASON(START_STOP(EJECT), CST_OK);
	CHECK(!other.ua_pending);
	CHECK_REASON(START_STOP(LOAD), CST_OK);
	CHECK_REASON(TEST_UNIT_READY_CDB, CST_OK);
	CHECK_REASON(cst_ua_peek(&other), CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
	CHECK_EQ(other.ua_count, 1);
}

static void without_a_flush(void)
{
	removable_disk();
	CHECK_REASON(START_STOP(EJECT | NO_FLUSH), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK(emu.disk.dev.ejected);

	removable_disk();
	emu.disk.nv_cache = true;
	CHECK_REASON(START_STOP(EJECT), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK(emu.disk.dev.ejected);
}

/* Neither an error of the flush nor a second try in a worker leaves the eject half done. */
static void a_flush_that_fails_or_blocks(void)
{
	removable_disk();
	emu.io_error = -EIO;
	CHECK_REASON(START_STOP(EJECT), CST_SENSE(WRITE_ERROR));
	CHECK(!emu.disk.dev.ejected);
	CHECK_REASON(TEST_UNIT_READY_CDB, CST_OK);

	removable_disk();
	emu.io_would_block = true;
	CHECK_REASON(START_STOP(EJECT), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK(emu.disk.dev.ejected);
}

static void anybody_can_hold_it_in_place(void)
{
	removable_disk();
	CHECK_REASON(PREVENT(1), CST_OK);
	CHECK_REASON(START_STOP(EJECT), CST_SENSE(MEDIUM_REMOVAL_PREVENTED));
	CHECK_REASON(START_STOP(EJECT | NO_FLUSH),
		     CST_SENSE(MEDIUM_REMOVAL_PREVENTED));
	CHECK_EQ(emu.ios, 0);
	CHECK(!emu.disk.dev.ejected);
	/* PREVENT and ALLOW count for each nexus. */
	other.prevents_removal = true;
	CHECK_REASON(PREVENT(0), CST_OK);
	CHECK_REASON(START_STOP(EJECT), CST_SENSE(MEDIUM_REMOVAL_PREVENTED));
	cst_medium_allow(&other);
	CHECK_REASON(START_STOP(EJECT), CST_OK);
	CHECK(emu.disk.dev.ejected);

	/* A reset ends the prevention of all nexuses. */
	removable_disk();
	other.prevents_removal = true;
	CHECK_REASON(PREVENT(1), CST_OK);
	cst_medium_allow(&emu.itl);
	cst_medium_allow(&other);
	CHECK_REASON(START_STOP(EJECT), CST_OK);
	CHECK_INVALID(PREVENT(2), 4, 1);
}

static void the_nexus_goes(void)
{
	emu.itl.ref.dying = true;
}

/* The nexus goes after PREVENT has found its LUN: nothing would end that prevention later. */
static void who_is_gone_holds_nothing(void)
{
	removable_disk();
	shim_unlock.lock = &emu.lists[0].lock;
	shim_unlock.then = the_nexus_goes;
	CHECK_REASON(PREVENT(1), CST_SENSE(LU_NOT_SUPPORTED));
	CHECK(emu.cmd.dev);
	emu.itl.ref.dying = false;
	CHECK_REASON(START_STOP(EJECT), CST_OK);
	CHECK(emu.disk.dev.ejected);
}

#define STOP		0x00
#define START		0x01

static void check_stopped(bool stopped)
{
	cst_sense_t want = stopped ? CST_SENSE(INITIALIZING_COMMAND_REQUIRED) : CST_OK;

	CHECK_EQ(emu.disk.dev.stopped, stopped);
	CHECK_REASON(TEST_UNIT_READY_CDB, want);
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), want);
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), want);
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), want);
	CHECK_REASON(EMU(0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0), want);
	/* Commands that do not need the medium work; REQUEST SENSE reports the state. */
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 192, 0), CST_OK);
	CHECK_REASON(EMU(0x03, 0, 0, 0, 18, 0), CST_OK);
	CHECK_EQ(emu.in[2], stopped ? 0x02 : 0x00);
	CHECK_EQ(emu.in[12], stopped ? 0x04 : 0x00);
	CHECK_EQ(emu.in[13], stopped ? 0x02 : 0x00);
}

static void a_stop_flushes_and_is_for_everybody(void)
{
	emu_reset();
	CHECK_REASON(START_STOP(STOP), CST_OK);
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_FLUSH);
	CHECK_EQ(emu.io.len, 0);
	check_stopped(true);
	/* A second stop is no error. */
	CHECK_REASON(START_STOP(STOP), CST_OK);
	check_stopped(true);
	CHECK_REASON(START_STOP(START), CST_OK);
	CHECK_EQ(emu.ios, 0);
	check_stopped(false);

	/* IMMED makes no difference; a reset starts the unit. */
	CHECK_REASON(EMU(0x1b, 0x01, 0, 0, STOP, 0), CST_OK);
	CHECK_EQ(emu.ios, 1);
	check_stopped(true);
	cst_medium_start(&emu.disk.dev);
	check_stopped(false);

	/* The unit may also be stopped without a flush. */
	CHECK_REASON(START_STOP(STOP | NO_FLUSH), CST_OK);
	CHECK_EQ(emu.ios, 0);
	check_stopped(true);

	emu_reset();
	emu.disk.nv_cache = true;
	CHECK_REASON(START_STOP(STOP), CST_OK);
	CHECK_EQ(emu.ios, 0);
	check_stopped(true);
}

static void a_stop_that_cannot_flush_does_not_stop(void)
{
	emu_reset();
	emu.io_error = -EIO;
	CHECK_REASON(START_STOP(STOP), CST_SENSE(WRITE_ERROR));
	emu.io_error = 0;
	check_stopped(false);

	emu.io_would_block = true;
	CHECK_REASON(START_STOP(STOP), CST_OK);
	CHECK_EQ(emu.ios, 1);
	check_stopped(true);
}

/* SPC and SBC have no unit attention for a stop. */
static void nobody_is_told_of_a_stop(void)
{
	removable_disk();
	CHECK_REASON(START_STOP(STOP), CST_OK);
	CHECK_REASON(START_STOP(START), CST_OK);
	CHECK(!other.ua_pending);
	/* A nexus that prevents removal does not prevent a stop. */
	other.prevents_removal = true;
	CHECK_REASON(START_STOP(STOP), CST_OK);
	check_stopped(true);
	CHECK_REASON(START_STOP(EJECT), CST_SENSE(MEDIUM_REMOVAL_PREVENTED));
	CHECK_REASON(START_STOP(LOAD), CST_OK);
	check_stopped(false);
	CHECK(!other.ua_pending);
}

static void a_medium_that_is_out_is_not_stopped(void)
{
	removable_disk();
	CHECK_REASON(START_STOP(STOP), CST_OK);
	CHECK_REASON(START_STOP(EJECT), CST_OK);
	CHECK_REASON(TEST_UNIT_READY_CDB, CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_REASON(START_STOP(STOP), CST_SENSE(MEDIUM_NOT_PRESENT));
	CHECK_REASON(START_STOP(LOAD), CST_OK);
	check_stopped(false);
}

static void a_fixed_disk_is_not_ejected(void)
{
	emu_reset();
	CHECK_INVALID(START_STOP(EJECT), 4, 1);
	CHECK_INVALID(START_STOP(LOAD), 4, 1);
	CHECK_REASON(PREVENT(1), CST_OK);
	CHECK_REASON(TEST_UNIT_READY_CDB, CST_OK);
}

TEST_MAIN(T(an_eject_flushes_and_takes_the_medium_away),
	  T(a_load_is_told_to_the_others), T(without_a_flush),
	  T(a_flush_that_fails_or_blocks), T(anybody_can_hold_it_in_place),
	  T(who_is_gone_holds_nothing),
	  T(a_stop_flushes_and_is_for_everybody),
	  T(a_stop_that_cannot_flush_does_not_stop), T(nobody_is_told_of_a_stop),
	  T(a_medium_that_is_out_is_not_stopped),
	  T(a_fixed_disk_is_not_ejected))
