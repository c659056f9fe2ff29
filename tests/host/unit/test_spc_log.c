// SPDX-License-Identifier: GPL-2.0-only
/* LOG SENSE and LOG SELECT, and what the pages count. */
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

/* LOG SENSE of @page, cumulative values, all parameters */
#define SENSE(_page, _subpage)	EMU(0x4d, 0, 0x40 | (_page), _subpage, 0, 0, 0, 0x02, 0x00, 0)
#define SENSE_FROM(_page, _pointer)					\
	EMU(0x4d, 0, 0x40 | (_page), 0, 0, (_pointer) >> 8, (_pointer) & 0xff, 0x02, 0x00, 0)
#define SELECT(_byte1, _page, _subpage, _len)				\
	EMU(0x4c, _byte1, _page, _subpage, 0, 0, 0, 0, _len, 0)

/* The value of a counter of eight bytes; ~0: the page has no such parameter. */
static u64 counter(u8 page, u16 code)
{
	unsigned int at;

	CHECK_REASON(SENSE(page, 0), CST_OK);
	for (at = 4; at < emu.cmd.data_len; at += 4 + emu.in[at + 3])
		if (get_unaligned_be16(emu.in + at) == code) {
			CHECK_BYTES(emu.in + at + 2, 0x22, 8);
			return get_unaligned_be64(emu.in + at + 4);
		}
	return ~0ULL;
}

static void lists_of_pages(void)
{
	emu_reset();
	CHECK_REASON(SENSE(0x00, 0x00), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 10);
	CHECK_BYTES(emu.in, 0x80, 0x00, 0, 10,
		    0x00, 0x02, 0x03, 0x05, 0x06, 0x0e, 0x10, 0x15, 0x19, 0x2f);
	CHECK_REASON(SENSE(0x00, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 22);
	CHECK_BYTES(emu.in, 0xc0, 0xff, 0, 22, 0x00, 0x00, 0x00, 0xff, 0x02, 0x00, 0x03, 0x00);
	CHECK_REASON(SENSE(0x19, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 6);
	CHECK_BYTES(emu.in, 0xd9, 0xff, 0, 2, 0x19, 0x00);
}

static void every_page_is_well_formed(void)
{
	unsigned int i, at;
	u8 codes[10];
	int last;

	emu_reset();
	CHECK_REASON(SENSE(0x00, 0x00), CST_OK);
	memcpy(codes, emu.in + 4, sizeof(codes));
	for (i = 1; i < sizeof(codes); i++) {
		CHECK_REASON(SENSE(codes[i], 0), CST_OK);
		CHECK_EQ(emu.in[0], 0x80 | codes[i]);
		CHECK_EQ(emu.in[1], 0);
		CHECK_EQ(get_unaligned_be16(emu.in + 2) + 4, emu.cmd.data_len);
		CHECK(emu.cmd.data_len <= CST_LOG_PAGE_MAX);
		last = -1;
		for (at = 4; at < emu.cmd.data_len; at += 4 + emu.in[at + 3]) {
			CHECK(last < get_unaligned_be16(emu.in + at));
			last = get_unaligned_be16(emu.in + at);
			/* counters of eight bytes, and lists */
			CHECK(emu.in[at + 2] == 0x22 || emu.in[at + 2] == 0x23);
		}
		CHECK_EQ(at, emu.cmd.data_len);
		CHECK(last >= 0);
	}
}

static void what_is_counted(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 3, 0), CST_OK);
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 2, 0), CST_OK);
	CHECK_EQ(counter(0x03, 5), 3 * 512);
	CHECK_EQ(counter(0x02, 5), 2 * 512);
	CHECK_REASON(SENSE(0x19, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 4 + 64);
	CHECK_BYTES(emu.in + 4, 0, 1, 0x23, 64,
		    0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1,
		    0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3);

	CHECK_EQ(counter(0x02, 6), 0);
	emu.io_error = -EIO;
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_SENSE(WRITE_ERROR));
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_SENSE(WRITE_ERROR));
	CHECK_REASON(EMU(0x2f, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_SENSE(UNRECOVERED_READ_ERROR));
	emu.io_error = -ENOLINK;
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_SENSE(LU_COMMUNICATION_FAILURE));
	CHECK_INVALID(EMU(0x1a, 0, 0x05, 0, 0xff, 0), 2, 5);
	CHECK_EQ(counter(0x03, 6), 1);
	CHECK_EQ(counter(0x02, 6), 2);
	CHECK_EQ(counter(0x05, 6), 1);
	CHECK_EQ(counter(0x06, 0), 1);
}

static void time_and_starts(void)
{
	emu_reset();
	emu.disk.dev.made = shim_jiffies_64;
	shim_jiffies_64 += 7 * 60 * HZ + HZ;
	CHECK_REASON(SENSE(0x15, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 16);
	CHECK_BYTES(emu.in + 4, 0, 0, 0x23, 12, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0);

	CHECK_REASON(EMU(0x1b, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(EMU(0x1b, 0, 0, 0, 1, 0), CST_OK);
	CHECK_REASON(EMU(0x1b, 0, 0, 0, 1, 0), CST_OK);
	CHECK_REASON(SENSE(0x0e, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0, 4, 0x23, 4, 0, 0, 0, 2);
	CHECK_REASON(SENSE(0x2f, 0), CST_OK);
	CHECK_BYTES(emu.in, 0xaf, 0, 0, 8, 0, 0, 0x23, 4, 0, 0, 0xff, 0xff);
	CHECK_REASON(SENSE(0x10, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 20 * 20);
}

static void what_is_refused(void)
{
	static const u8 there[] = { 0x00, 0x02, 0x03, 0x05, 0x06, 0x0e, 0x10, 0x15, 0x19, 0x2f };
	unsigned int page;

	emu_reset();
	for (page = 0; page < 0x40; page++)
		if (!memchr(there, page, sizeof(there))) {
			CHECK_INVALID(SENSE(page, 0), 2, 5);
			CHECK_INVALID(SENSE(page, 0xff), 2, 5);
			CHECK_INVALID(SELECT(0x02, 0x40 | page, 0, 0), 2, 5);
		}
	CHECK_INVALID(SENSE(0x02, 0x01), 3, 7);
	CHECK_INVALID(EMU(0x4d, 0x01, 0x42, 0, 0, 0, 0, 0, 0xff, 0), 1, 0);	/* SP */
	CHECK_INVALID(EMU(0x4d, 0x02, 0x42, 0, 0, 0, 0, 0, 0xff, 0), 1, 1);	/* PPC */
	CHECK_INVALID(EMU(0x4d, 0, 0x02, 0, 0, 0, 0, 0, 0xff, 0), 2, 7);	/* thresholds */
	CHECK_INVALID(EMU(0x4d, 0, 0x82, 0, 0, 0, 0, 0, 0xff, 0), 2, 7);
	/* PARAMETER POINTER */
	CHECK_REASON(SENSE_FROM(0x02, 6), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 12);
	CHECK_BYTES(emu.in, 0x82, 0, 0, 12, 0, 6);
	CHECK_INVALID(SENSE_FROM(0x02, 7), 5, 7);
	CHECK_INVALID(SENSE_FROM(0x00, 1), 5, 7);
	/* the allocation length cuts */
	CHECK_REASON(EMU(0x4d, 0, 0x50, 0, 0, 0, 0, 0, 4, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x90, 0, 0x01, 0x90);
	CHECK_EQ(emu.cmd.data_len, 4);
}

static void counters_are_set_back(void)
{
	struct cst_session other = { .ops = emu.sess->ops };
	struct cst_itl itl;

	emu_reset();
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 3, 0), CST_OK);
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 2, 0), CST_OK);
	emu_itl_init(&itl, &other, &emu.disk.dev, 0);
	/* one page */
	CHECK_REASON(SELECT(0x02, 0x43, 0, 0), CST_OK);
	CHECK_REASON(cst_ua_peek(&itl), CST_SENSE(LOG_PARAMETERS_CHANGED));
	CHECK_REASON(cst_ua_peek(&emu.itl), CST_OK);
	CHECK_EQ(counter(0x03, 5), 0);
	CHECK_EQ(counter(0x02, 5), 2 * 512);
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 4, 0), CST_OK);
	CHECK_EQ(counter(0x03, 5), 4 * 512);
	/* Set back twice: nothing is taken away twice. */
	CHECK_REASON(SELECT(0x02, 0x43, 0, 0), CST_OK);
	CHECK_REASON(SELECT(0x02, 0x43, 0, 0), CST_OK);
	CHECK_EQ(counter(0x03, 5), 0);
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 4, 0), CST_OK);
	CHECK_EQ(counter(0x03, 5), 4 * 512);
	/* the default values are zeroes; making them the current ones does the same */
	CHECK_REASON(EMU(0x4d, 0, 0xc3, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0, 5, 0x22, 8, 0, 0, 0, 0, 0, 0, 0, 0);
	CHECK_REASON(SELECT(0x00, 0xc3, 0, 0), CST_OK);
	CHECK_EQ(counter(0x03, 5), 0);
	/* all pages */
	CHECK_REASON(SELECT(0x02, 0x40, 0, 0), CST_OK);
	CHECK_EQ(counter(0x02, 5), 0);
	/* What the administrator sees is not set back. */
	CHECK_EQ(emu.stats.read_bytes, 11 * 512);
	/* nothing to do; a list, of which no parameter can be set; SP; thresholds */
	CHECK_REASON(SELECT(0x00, 0x40, 0, 0), CST_OK);
	emu_data_out("\x02\0\0\0", 4);
	CHECK_REASON(SELECT(0x00, 0x40, 0, 4), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_INVALID(SELECT(0x02, 0x40, 0, 4), 7, 7);
	CHECK_INVALID(SELECT(0x01, 0x40, 0, 0), 1, 0);
	CHECK_INVALID(SELECT(0x02, 0x00, 0, 0), 2, 7);
	CHECK_INVALID(SELECT(0x02, 0x42, 1, 0), 2, 5);
	list_del(&itl.dev_node);
}

TEST_MAIN(T(lists_of_pages), T(every_page_is_well_formed), T(what_is_counted),
	  T(time_and_starts), T(what_is_refused), T(counters_are_set_back))
