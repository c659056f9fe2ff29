// SPDX-License-Identifier: GPL-2.0-only
/* The space left for a thin disk: thresholds, mode page 1Ch/02h, LBPERE, log page 0Ch. */
#include <linux/unaligned.h>

#include "../../../src/scsi/sbc/sbc.h"
#include "emu.h"
#include "test.h"

#define MIB		(1ULL << 20)
#define REACHED		CST_SENSE(THIN_PROVISIONING_SOFT_THRESHOLD_REACHED)
#define READY()		EMU(0, 0, 0, 0, 0, 0)
#define LOG()		EMU(0x4d, 0, 0x4c, 0, 0, 0, 0, 0, 0xff, 0)
#define MODE(_control, _page, _subpage)					\
	EMU(0x5a, 0x08, (_control) << 6 | (_page), _subpage, 0, 0, 0, 0, 0xff, 0)
#define B2()		EMU(0x12, 1, 0xb2, 0, 0xff, 0)

static struct cst_session other_sess;
static struct cst_itl other;

static void space(u64 left)
{
	cst_disk_space(&emu.disk, 1000 * MIB, left, 7 * MIB + 1);
}

/* A thin disk with 1000 MiB, of which 500 are left, and a second nexus. */
static void a_thin_disk(void)
{
	emu_reset();
	emu.disk.known_space_exponent = 11;
	emu.block.tells_space = true;
	emu.disk.dev.obj.enabled = true;
	emu.disk.thin = true;
	emu.disk.unmap_granularity = 4096;
	other_sess = (struct cst_session){ .ops = emu.sess->ops };
	emu_itl_init(&other, &other_sess, &emu.disk.dev, 0);
	space(500 * MIB);
}

static void the_other_leaves(void)
{
	list_del(&other.dev_node);
}

static void told_once_until_it_has_recovered(void)
{
	a_thin_disk();
	emu.disk.threshold_bytes = 100 * MIB - 5;
	space(101 * MIB);
	CHECK_REASON(READY(), CST_OK);
	space(101 * MIB - 1);
	CHECK(emu.disk.space_low);
	CHECK_REASON(READY(), REACHED);
	/* INFORMATION: where the descriptor is in the mode page */
	CHECK_BYTES(emu.cmd.sense, 0xf0, 0, 0x06, 0, 0, 0, 16);
	CHECK_REASON(cst_ua_peek(&other), REACHED);
	CHECK_REASON(READY(), CST_OK);
	/* less, and not enough more */
	space(0);
	space(106 * MIB);
	space(50 * MIB);
	CHECK_REASON(READY(), CST_OK);
	space(106 * MIB + MIB);
	CHECK(!emu.disk.space_low);
	CHECK_REASON(READY(), CST_OK);
	space(100 * MIB);
	CHECK_REASON(READY(), REACHED);
	/* a threshold of one set */
	emu.disk.threshold_bytes = 1;
	emu.disk.space_low = false;
	space(2 * MIB);
	CHECK(!emu.disk.space_low);
	space(2 * MIB - 1);
	CHECK(emu.disk.space_low);
	space(2 * MIB);
	CHECK(!emu.disk.space_low);
	the_other_leaves();
}

static void the_larger_of_the_two(void)
{
	a_thin_disk();
	emu.disk.threshold_bytes = 10 * MIB;
	emu.disk.threshold_percent = 20;
	space(201 * MIB);
	CHECK(!emu.disk.space_low);
	space(200 * MIB);
	CHECK(emu.disk.space_low);
	emu.disk.space_low = false;
	emu.disk.threshold_bytes = 300 * MIB;
	space(301 * MIB);
	CHECK(!emu.disk.space_low);
	space(300 * MIB);
	CHECK(emu.disk.space_low);
	/* None, and one that nothing fits */
	emu.disk.threshold_bytes = 0;
	emu.disk.threshold_percent = 0;
	emu.disk.space_low = false;
	space(0);
	CHECK(!emu.disk.space_low);
	emu.disk.threshold_bytes = S64_MAX;
	space(1000 * MIB);
	CHECK(emu.disk.space_low);
	the_other_leaves();
}

static void request_sense_tells_it(void)
{
	a_thin_disk();
	emu.disk.threshold_percent = 50;
	space(MIB);
	CHECK_REASON(EMU(0x03, 0, 0, 0, 252, 0), CST_OK);
	CHECK_BYTES(emu.in, 0xf0, 0, 0x06, 0, 0, 0, 16, 10, 0, 0, 0, 0, 0x38, 0x07);
	CHECK_REASON(READY(), CST_OK);
	the_other_leaves();
}

static void select_page(const u8 *page, u8 len)
{
	u8 list[64] = {};

	memcpy(list + 8, page, len);
	emu_data_out(list, 8 + len);
	CHECK_REASON(EMU(0x55, 0x10, 0, 0, 0, 0, 0, 0, 8 + len, 0), CST_OK);
}

static void an_initiator_does_not_want_it(void)
{
	static const u8 off[12] = { 0x01, 0x0a, 0xc0 };

	a_thin_disk();
	CHECK_REASON(MODE(0, 0x01, 0), CST_OK);
	CHECK_BYTES(emu.in + 8, 0x81, 0x0a, 0xc0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0);
	CHECK_REASON(MODE(1, 0x01, 0), CST_OK);
	CHECK_BYTES(emu.in + 8, 0x81, 0x0a, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0);
	select_page(off, sizeof(off));
	CHECK(emu.disk.dev.mode.lbpere_off);
	CHECK_REASON(cst_ua_peek(&other), CST_SENSE(MODE_PARAMETERS_CHANGED));
	CHECK_REASON(MODE(0, 0x01, 0), CST_OK);
	CHECK_EQ(emu.in[8 + 7], 0);
	emu.disk.threshold_percent = 50;
	space(MIB);
	CHECK(emu.disk.space_low);	/* the administrator is told */
	CHECK_REASON(READY(), CST_OK);
	the_other_leaves();
}

static void one_nexus_is_enough(void)
{
	u8 page[24] = { 0x5c, 0x02, 0, 20, 0x01 };

	a_thin_disk();
	page[17] = 0x01;
	select_page(page, sizeof(page));
	CHECK(emu.disk.dev.mode.situa);
	other.ua_count = 0;
	emu.disk.threshold_bytes = 100 * MIB;
	space(MIB);
	CHECK_REASON(cst_ua_peek(&other), REACHED);
	CHECK_REASON(cst_ua_peek(&emu.itl), REACHED);
	CHECK_REASON(READY(), REACHED);
	CHECK_REASON(cst_ua_peek(&other), CST_OK);
	CHECK_REASON(READY(), CST_OK);
	the_other_leaves();
}

static void the_threshold_is_shown(void)
{
	a_thin_disk();
	CHECK_REASON(MODE(0, 0x1c, 0x02), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8 + 24);
	CHECK_BYTES(emu.in + 8, 0xdc, 0x02, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		    0x00, 0x01, 0, 0, 0, 0, 0, 0);
	emu.disk.threshold_bytes = 0x123 * MIB;
	CHECK_REASON(MODE(0, 0x1c, 0x02), CST_OK);
	CHECK_BYTES(emu.in + 8 + 16, 0x80, 0x01, 0, 0, 0, 0, 0x01, 0x23);
	CHECK_REASON(MODE(1, 0x1c, 0x02), CST_OK);
	CHECK_BYTES(emu.in + 8, 0xdc, 0x02, 0, 20, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		    0, 0, 0, 0, 0, 0, 0, 0);
	/* with all pages, and all subpages of one */
	CHECK_REASON(MODE(0, 0x1c, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8 + 12 + 24);
	the_other_leaves();
}

static void the_space_is_shown(void)
{
	a_thin_disk();
	space(0x1ff * MIB + 5);
	CHECK_REASON(LOG(), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 2 * 12);
	CHECK_BYTES(emu.in, 0x8c, 0, 0, 24,
		    0, 1, 0x23, 8, 0, 0, 0x01, 0xff, 0x02, 0, 0, 0,
		    0, 2, 0x23, 8, 0, 0, 0, 7, 0x01, 0, 0, 0);
	space(~0ULL);
	CHECK_REASON(LOG(), CST_OK);
	CHECK_BYTES(emu.in + 8, 0xff, 0xff, 0xff, 0xff);
	CHECK_REASON(EMU(0x4d, 0, 0x40, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x00, 0x02, 0x03, 0x05, 0x06, 0x0c, 0x0e);
	/* THRESHOLD EXPONENT: a set has 1 MiB with each block size */
	CHECK_REASON(B2(), CST_OK);
	CHECK_EQ(emu.in[4], 11);
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	CHECK_REASON(B2(), CST_OK);
	CHECK_EQ(emu.in[4], 8);
	the_other_leaves();
}

#define PIB		(1ULL << 50)

static void exponent_is(u8 exponent)
{
	CHECK_REASON(B2(), CST_OK);
	CHECK_EQ(emu.in[4], exponent);
}

/* 32 bits count all threshold sets, of the file system and of the capacity. */
static void sets_are_larger_where_there_are_too_many(void)
{
	a_thin_disk();
	cst_disk_space(&emu.disk, 4 * PIB - 1, 3 * PIB, 0);
	exponent_is(11);
	CHECK_REASON(READY(), CST_OK);
	cst_disk_space(&emu.disk, 4 * PIB, 3 * PIB, PIB);
	CHECK_REASON(READY(), CST_SENSE(INQUIRY_DATA_CHANGED));
	CHECK_REASON(READY(), CST_SENSE(MODE_PARAMETERS_CHANGED));
	CHECK_REASON(READY(), CST_OK);
	exponent_is(12);
	CHECK_REASON(LOG(), CST_OK);
	CHECK_BYTES(emu.in + 8, 0x60, 0, 0, 0);
	CHECK_BYTES(emu.in + 8 + 12, 0x20, 0, 0, 0);
	emu.disk.threshold_bytes = 3 * MIB;
	CHECK_REASON(MODE(0, 0x1c, 0x02), CST_OK);
	CHECK_BYTES(emu.in + 8 + 20, 0, 0, 0, 2);
	cst_disk_space(&emu.disk, 4 * PIB, 5 * MIB, 0);
	CHECK_REASON(READY(), REACHED);
	cst_disk_space(&emu.disk, 1024 * PIB, 3 * PIB, 0);
	CHECK_REASON(READY(), CST_SENSE(INQUIRY_DATA_CHANGED));
	CHECK_REASON(READY(), CST_SENSE(MODE_PARAMETERS_CHANGED));
	exponent_is(20);
	cst_disk_space(&emu.disk, ~0ULL, ~0ULL, 0);
	CHECK_REASON(READY(), CST_SENSE(INQUIRY_DATA_CHANGED));
	CHECK_REASON(READY(), CST_SENSE(MODE_PARAMETERS_CHANGED));
	CHECK_REASON(LOG(), CST_OK);
	CHECK_BYTES(emu.in + 8, 0xff, 0xff, 0xff, 0xff);
	the_other_leaves();

	/* The disk is larger than its file system, and grows. */
	a_thin_disk();
	emu.disk.dev.obj.lock.held = true;
	CHECK_EQ(cst_disk_resize(&emu.disk, "size", 8 * PIB / 512), 0);
	emu.disk.dev.obj.lock.held = false;
	CHECK_REASON(READY(), CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(READY(), CST_SENSE(INQUIRY_DATA_CHANGED));
	CHECK_REASON(READY(), CST_SENSE(MODE_PARAMETERS_CHANGED));
	exponent_is(13);
	CHECK_REASON(LOG(), CST_OK);
	CHECK_BYTES(emu.in + 8, 0, 0, 0, 125);
	the_other_leaves();
}

static void nothing_is_there(void)
{
	static const u8 select[8 + 24] = { [8] = 0x5c, 0x02, 0, 20, [25] = 0x01 };

	CHECK_INVALID(LOG(), 2, 5);
	CHECK_INVALID(MODE(0, 0x1c, 0x02), 3, 7);
	CHECK_REASON(B2(), CST_OK);
	CHECK_EQ(emu.in[4], 0);
	emu.disk.threshold_percent = 99;
	cst_space_check(&emu.disk);
	CHECK_REASON(READY(), CST_OK);
	emu_data_out(select, sizeof(select));
	CHECK_REASON(EMU(0x55, 0x10, 0, 0, 0, 0, 0, 0, 32, 0),
		     CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_EQ(emu.cmd.detail.field, 8);
}

static void where_the_space_is_not_known_nothing_is_there(void)
{
	/* a disk that is not thin */
	a_thin_disk();
	emu.disk.thin = false;
	nothing_is_there();
	the_other_leaves();
	/* a thin disk whose backing does not tell */
	a_thin_disk();
	emu.disk.space_total = 0;
	nothing_is_there();
	the_other_leaves();
	/* a handler that never tells: LBPERE cannot be set */
	emu_reset();
	CHECK_REASON(MODE(0, 0x01, 0), CST_OK);
	CHECK_EQ(emu.in[8 + 7], 0);
	CHECK_REASON(MODE(1, 0x01, 0), CST_OK);
	CHECK_EQ(emu.in[8 + 7], 0);
}

/* While a disk is opened, it is not known whether it is thin. */
static void what_is_told_while_it_is_opened(void)
{
	a_thin_disk();
	emu.disk.dev.obj.enabled = false;
	emu.disk.threshold_percent = 50;
	space(MIB);
	CHECK(!emu.disk.space_low);
	CHECK_REASON(cst_ua_peek(&emu.itl), CST_OK);
	emu.disk.dev.obj.enabled = true;
	cst_space_check(&emu.disk);
	CHECK_REASON(READY(), REACHED);
	the_other_leaves();
}

TEST_MAIN(T(told_once_until_it_has_recovered), T(the_larger_of_the_two),
	  T(request_sense_tells_it), T(an_initiator_does_not_want_it), T(one_nexus_is_enough),
	  T(the_threshold_is_shown), T(the_space_is_shown),
	  T(sets_are_larger_where_there_are_too_many),
	  T(where_the_space_is_not_known_nothing_is_there), T(what_is_told_while_it_is_opened))
