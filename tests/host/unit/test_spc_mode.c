// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

/* Every byte of pages 01h to 1Ch, as SPC-4 and SBC-3 order them. */
static const u8 all_pages[] = {
	0x81, 0x0a, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x02, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x03, 0x16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 0x02, 0x00, 0, 1, 0, 0, 0, 0, 0x40, 0, 0, 0,
	0x04, 0x16, 0, 0, 1, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x88, 0x12, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x8a, 0x0a, 0x02, 0x10, 0, 0, 0, 0, 0, 0, 0, 0,
	0x1a, 0x26, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x1c, 0x0a, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

static void all_pages_of_mode_sense_6(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 12 + sizeof(all_pages));
	/* Linux asks for 192 bytes. */
	CHECK(emu.cmd.data_len <= 192);
	CHECK_BYTES(emu.in,
		    11 + sizeof(all_pages), 0x00, 0x10, 8,
		    0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x02, 0x00);
	CHECK(!memcmp(emu.in + 12, all_pages, sizeof(all_pages)));
}

static void all_pages_of_mode_sense_10(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x5a, 0, 0x3f, 0, 0, 0, 0, 1, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 16 + sizeof(all_pages));
	CHECK_BYTES(emu.in,
		    0x00, 14 + sizeof(all_pages), 0x00, 0x10, 0x00, 0x00, 0x00, 0x08,
		    0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x02, 0x00);
	CHECK(!memcmp(emu.in + 16, all_pages, sizeof(all_pages)));
	/* with their subpages, of which 0Ah has two, behind it */
	CHECK_REASON(EMU(0x5a, 0x08, 0x3f, 0xff, 0, 0, 0, 1, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8 + sizeof(all_pages) + 32 + 40);
	CHECK_BYTES(emu.in + 8 + 12 + 16 + 24 + 24 + 20, 0x8a, 0x0a);
	CHECK_BYTES(emu.in + 8 + 12 + 16 + 24 + 24 + 20 + 12, 0x4a, 0x01, 0x00, 0x1c);
	CHECK_BYTES(emu.in + 8 + 12 + 16 + 24 + 24 + 20 + 12 + 32,
		    0x4a, 0x02, 0x00, 0x24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80);
	CHECK_BYTES(emu.in + 8 + 12 + 16 + 24 + 24 + 20 + 12 + 32 + 40, 0x1a, 0x26);
	/* all subpages of one page, and one of them */
	CHECK_REASON(EMU(0x5a, 0x08, 0x0a, 0xff, 0, 0, 0, 1, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8 + 12 + 32 + 40);
	CHECK_REASON(EMU(0x5a, 0x08, 0x0a, 0x01, 0, 0, 0, 1, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8 + 32);
	CHECK_BYTES(emu.in + 8, 0x4a, 0x01, 0x00, 0x1c, 0x06);
	/* a subpage of all pages is reserved, other than 00h and FFh */
	CHECK_INVALID(EMU(0x5a, 0x08, 0x3f, 0x01, 0, 0, 0, 1, 0, 0), 3, 7);
}

static void the_geometry_is_one_that_old_initiators_take(void)
{
	emu_reset();
	emu.disk.nblocks = 255 * 63 * 1000;
	emu.disk.rotational = true;
	emu.disk.dev.removable = true;
	CHECK_REASON(EMU(0x1a, 0x08, 0x04, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x04, 0x16, 0x00, 0x03, 0xe8, 255);
	CHECK_BYTES(emu.in + 24, 7200 >> 8, 7200 & 0xff);
	emu.disk.nblocks = 1ULL << 60;
	CHECK_REASON(EMU(0x1a, 0x08, 0x04, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x04, 0x16, 0xff, 0xff, 0xff, 255);
	emu.disk.block_size = 4096;
	CHECK_REASON(EMU(0x1a, 0x08, 0x03, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4 + 10, 0, 63, 0x10, 0x00, 0, 1, 0, 0, 0, 0, 0x60);
}

/* When a device is enabled with a cache, core asks whether each nexus knows of the cache. */
static void who_is_told_of_the_cache_is_remembered(void)
{
	emu_reset();
	emu.itl.knows_cache = true;
	CHECK_REASON(EMU(0x1a, 0, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK(emu.itl.knows_cache);
	emu.disk.write_through = true;
	CHECK_REASON(EMU(0x1a, 0, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK(emu.itl.knows_cache);
	CHECK_REASON(EMU(0x1a, 0, 0x48, 0, 0xff, 0), CST_OK);	/* changeable values */
	CHECK(emu.itl.knows_cache);
	CHECK_REASON(EMU(0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK(!emu.itl.knows_cache);
	emu.disk.write_through = false;
	CHECK_REASON(EMU(0x1a, 0, 0x08, 0, 0xff, 0), CST_OK);
	CHECK(emu.itl.knows_cache);
}

static void block_descriptors(void)
{
	emu_reset();
	/* DBD */
	CHECK_REASON(EMU(0x1a, 0x08, 0x08, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in, 23, 0, 0x10, 0, 0x88, 0x12);
	CHECK_EQ(emu.cmd.data_len, 24);
	CHECK_REASON(EMU(0x5a, 0x18, 0x08, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in, 0, 26, 0, 0x10, 0, 0, 0, 0, 0x88, 0x12);
	/* LLBAA */
	CHECK_REASON(EMU(0x5a, 0x10, 0x0a, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in,
		    0, 34, 0, 0x10, 0x01, 0, 0, 16,
		    0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0x02, 0x00,
		    0x8a, 0x0a);
	/* ... and MODE SENSE(6) has no LLBAA */
	CHECK_INVALID(EMU(0x1a, 0x10, 0x0a, 0, 0xff, 0), 1, 4);

	emu.disk.nblocks = 0x123456789aULL;
	CHECK_REASON(EMU(0x1a, 0, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0);
	CHECK_REASON(EMU(0x5a, 0x10, 0x0a, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 8, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a);

	emu.disk.dev.removable = true;
	emu.disk.dev.ejected = true;
	CHECK_REASON(EMU(0x1a, 0, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0, 0, 0, 0, 0, 0, 2, 0);
	CHECK_REASON(EMU(0x5a, 0x10, 0x0a, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 8, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void what_the_attributes_say(void)
{
	emu_reset();
	emu.disk.write_through = true;
	CHECK_REASON(EMU(0x1a, 0x08, 0x08, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[6], 0x00);
	CHECK_EQ(emu.in[2], 0x10);
	emu.disk.dev.read_only = true;
	CHECK_REASON(EMU(0x1a, 0x08, 0x08, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[2], 0x90);
	emu.disk.dev.read_only = false;
	emu.itl.read_only = true;
	CHECK_REASON(EMU(0x5a, 0x08, 0x08, 0, 0, 0, 0, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[3], 0x90);
}

static void page_control(void)
{
	emu_reset();
	/* changeable values */
	CHECK_REASON(EMU(0x1a, 0x08, 0x48, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x88, 0x12, 0x04,
		    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	CHECK_REASON(EMU(0x1a, 0x08, 0x4a, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x8a, 0x0a, 0x04, 0, 0x08, 0x40, 0, 0, 0, 0, 0, 0);
	CHECK_REASON(EMU(0x1a, 0x08, 0x41, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x81, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	/* default values, and saved ones, which are the same while nothing is saved */
	emu.disk.wce_off = true;
	emu.disk.dev.mode.d_sense = true;
	CHECK_REASON(EMU(0x1a, 0x08, 0x88, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x88, 0x12, 0x04);
	CHECK_REASON(EMU(0x1a, 0x08, 0xca, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x8a, 0x0a, 0x02, 0x10, 0, 0);
	/* current values */
	CHECK_REASON(EMU(0x1a, 0x08, 0x08, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x88, 0x12, 0x00);
	CHECK_REASON(EMU(0x1a, 0x08, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x8a, 0x0a, 0x06, 0x10, 0, 0);
}

static void pages_and_subpages_that_are_not_there(void)
{
	static const u8 there[] = { 0x01, 0x02, 0x03, 0x04, 0x08, 0x0a, 0x1a, 0x1c };
	unsigned int page;

	emu_reset();
	for (page = 0; page < 0x3f; page++)
		if (!memchr(there, page, sizeof(there)))
			CHECK_INVALID(EMU(0x1a, 0, page, 0, 0xff, 0), 2, 5);
	CHECK_INVALID(EMU(0x1a, 0, 0x0a, 0x03, 0xff, 0), 3, 7);
	CHECK_INVALID(EMU(0x1a, 0, 0x08, 0x01, 0xff, 0), 3, 7);
	CHECK_INVALID(EMU(0x1a, 0, 0x3f, 0x03, 0xff, 0), 3, 7);
	CHECK_INVALID(EMU(0x1a, 0, 0x05, 0xff, 0xff, 0), 2, 5);
	CHECK_REASON(EMU(0x1a, 0, 0x08, 0xff, 0xff, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 8 + 20);
}

/* --- MODE SELECT --- */

/* A list without block descriptor, for the six-byte command: the pages, with PF. */
#define SELECT_WITH(_byte1, ...) ({					\
	const u8 _list[] = { 0, 0, 0, 0, __VA_ARGS__ };			\
	emu_data_out(_list, sizeof(_list));				\
	EMU(0x15, _byte1, 0, 0, sizeof(_list), 0); })
#define SELECT(...)	SELECT_WITH(0x10, __VA_ARGS__)
#define CACHING(_wce)	0x08, 0x12, _wce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define CONTROL(_b2, _b4, _b5) 0x0a, 0x0a, _b2, 0x10, _b4, _b5, 0, 0, 0, 0, 0, 0

#define CHECK_INVALID_LIST(got, _byte, _bit) do {			\
	CHECK_REASON(got, CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));	\
	CHECK(emu.cmd.detail.field_valid && !emu.cmd.detail.field_in_cdb); \
	CHECK_EQ(emu.cmd.detail.field, _byte);				\
	CHECK_EQ(emu.cmd.detail.bit, _bit);				\
} while (0)

static bool nothing_has_changed(void)
{
	return !emu.disk.wce_off && !emu.disk.dev.swp && !emu.disk.dev.mode.d_sense &&
	       !emu.disk.dev.mode.tas && !emu.record_len;
}

static void the_cache_is_turned_off_and_on(void)
{
	emu_reset();
	CHECK_REASON(SELECT(CACHING(0)), CST_OK);
	CHECK(emu.disk.wce_off);
	/* Data in the cache was made durable, because others may not flush it any more. */
	CHECK_EQ(emu.ios, 1);
	CHECK_EQ(emu.io.op, CST_IO_FLUSH);
	CHECK_EQ(emu.io.len, 0);
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	CHECK(!emu.itl.knows_cache);
	CHECK(emu.disk.told_no_cache);

	CHECK_REASON(SELECT(CACHING(4)), CST_OK);
	CHECK(!emu.disk.wce_off);
	CHECK_EQ(emu.ios, 0);
	CHECK(emu.itl.knows_cache);
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.io.flags, 0);
	/* Another initiator still believes that there is none. */
	emu.itl.knows_cache = false;
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.io.flags, CST_IO_FUA);
	CHECK_REASON(EMU(0x1a, 0, 0x08, 0, 0xff, 0), CST_OK);
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
	CHECK_EQ(emu.io.flags, 0);
}

static void with_write_through_there_is_no_cache_to_turn_on(void)
{
	emu_reset();
	emu.disk.write_through = true;
	CHECK_REASON(EMU(0x1a, 0x08, 0x48, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[6], 0);
	CHECK_INVALID_LIST(SELECT(CACHING(4)), 6, 2);
	CHECK_REASON(SELECT(CACHING(0)), CST_OK);
	CHECK(!emu.disk.wce_off);
}

static void a_flush_that_fails_changes_nothing(void)
{
	emu_reset();
	emu.io_error = -EIO;
	CHECK_REASON(SELECT_WITH(0x11, CACHING(0)), CST_SENSE(WRITE_ERROR));
	CHECK(nothing_has_changed());
	CHECK(emu.itl.knows_cache);
}

static void software_write_protection(void)
{
	emu_reset();
	CHECK_REASON(SELECT(CONTROL(0x02, 0x08, 0)), CST_OK);
	CHECK_EQ(emu.io.op, CST_IO_FLUSH);
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0),
		     CST_SENSE(WRITE_PROTECTED));
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
	CHECK_REASON(EMU(0x1a, 0x08, 0x0a, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[2], 0x90);	/* WP */
	CHECK_EQ(emu.in[8], 0x08);
	/* A read-only disk is so whatever initiators want. */
	emu.disk.dev.read_only = true;
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_SENSE(WRITE_PROTECTED));
	emu.disk.dev.read_only = false;
	CHECK_REASON(SELECT(CONTROL(0x02, 0, 0)), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_REASON(EMU(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), CST_OK);
}

static void sense_in_descriptor_format(void)
{
	emu_reset();
	emu.disk.nblocks = 1ULL << 40;
	CHECK_REASON(SELECT(CONTROL(0x06, 0, 0)), CST_OK);
	emu.io_error = -EIO;
	CHECK_REASON(EMU(0x88, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0, 0, 0, 1, 0, 0),
		     CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK_BYTES(emu.cmd.sense, 0x72, 0x03, 0x11, 0x00, 0, 0, 0, 12,
		    0x00, 0x0a, 0x80, 0x00, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a);
	emu.io_error = 0;
	CHECK_INVALID(EMU(0x1a, 0, 0x05, 0, 0xff, 0), 2, 5);
	CHECK_BYTES(emu.cmd.sense, 0x72, 0x05, 0x24, 0x00, 0, 0, 0, 8,
		    0x02, 0x06, 0, 0, 0xcd, 0x00, 0x02, 0);
	CHECK_REASON(SELECT(CONTROL(0x02, 0, 0)), CST_OK);
	CHECK_INVALID(EMU(0x1a, 0, 0x05, 0, 0xff, 0), 2, 5);
	CHECK_EQ(emu.cmd.sense[0], 0x70);
}

/* Each bit that cannot be changed, of each page. */
static void bits_that_cannot_be_changed(void)
{
	u8 list[4 + sizeof(all_pages)] = {}, mask;
	unsigned int at, next = 4, page = 0, bit;

	emu_reset();
	memcpy(list + 4, all_pages, sizeof(all_pages));
	emu_data_out(list, sizeof(list));
	CHECK_REASON(EMU(0x15, 0x10, 0, 0, sizeof(list), 0), CST_OK);
	for (at = 4; at < sizeof(list); at++) {
		if (at == next) {
			page = at;
			next = at + 2 + list[at + 1];
			at++;	/* see wrong_lists() for the header */
			continue;
		}
		mask = 0;
		if ((list[page] & 0x3f) == 0x08 && at == page + 2)
			mask = 0x04;
		if ((list[page] & 0x3f) == 0x0a)
			mask = at == page + 2 ? 0x04 : at == page + 4 ? 0x08 :
			       at == page + 5 ? 0x40 : 0;
		for (bit = 0; bit < 8; bit++) {
			list[at] ^= 1 << bit;
			emu_data_out(list, sizeof(list));
			if (mask & 1 << bit) {
				CHECK_REASON(EMU(0x15, 0x10, 0, 0, sizeof(list), 0), CST_OK);
				CHECK(!nothing_has_changed());
				list[at] ^= 1 << bit;
				emu_data_out(list, sizeof(list));
				CHECK_REASON(EMU(0x15, 0x10, 0, 0, sizeof(list), 0), CST_OK);
			} else {
				CHECK_INVALID_LIST(EMU(0x15, 0x10, 0, 0, sizeof(list), 0),
						   at, bit);
				list[at] ^= 1 << bit;
			}
			CHECK(nothing_has_changed());
		}
	}
}

static void wrong_lists(void)
{
	static const u8 whole[] = { 0, 0, 0, 8, 0, 0, 0, 0x40, 0, 0, 2, 0, CACHING(0),
				    CONTROL(0x06, 0x08, 0x40) };
	u8 list[sizeof(whole)];
	unsigned int len;

	emu_reset();
	/* Cut anywhere, a list is refused whole, unless it ends where a page does. */
	for (len = 1; len < sizeof(whole); len++) {
		if (len == 12)	/* header and block descriptor alone */
			continue;
		if (len == 32)	/* the first page alone, which changes something */
			continue;
		emu_data_out(whole, len);
		CHECK_REASON(EMU(0x15, 0x10, 0, 0, len, 0),
			     CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
		CHECK(nothing_has_changed());
	}
	/* Less data than PARAMETER LIST LENGTH says, and no list at all. */
	emu_data_out(whole, sizeof(whole));
	CHECK_REASON(EMU_EXP(32, 0x15, 0x10, 0, 0, sizeof(whole), 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_REASON(EMU(0x15, 0x10, 0, 0, 0, 0), CST_OK);
	/* Longer than any. */
	CHECK_REASON(EMU(0x55, 0x10, 0, 0, 0, 0, 0, 0x40, 0x00, 0),
		     CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	/* without PF */
	CHECK_INVALID(EMU(0x15, 0x00, 0, 0, sizeof(whole), 0), 1, 4);
	CHECK(nothing_has_changed());

#define WRONG(_at, _value, _byte, _bit) do {				\
	memcpy(list, whole, sizeof(list));				\
	list[_at] = (_value);						\
	emu_data_out(list, sizeof(list));				\
	CHECK_INVALID_LIST(EMU(0x15, 0x10, 0, 0, sizeof(list), 0), _byte, _bit); \
	CHECK(nothing_has_changed());					\
} while (0)
	WRONG(1, 0x01, 1, 7);		/* MEDIUM TYPE */
	WRONG(2, 0x01, 2, 7);		/* DEVICE-SPECIFIC PARAMETER */
	WRONG(3, 4, 3, 7);		/* BLOCK DESCRIPTOR LENGTH */
	WRONG(3, 16, 3, 7);
	WRONG(7, 0x41, 4, 7);		/* NUMBER OF LOGICAL BLOCKS */
	WRONG(8, 1, 8, 7);		/* DENSITY CODE */
	WRONG(10, 4, 9, 7);		/* LOGICAL BLOCK LENGTH */
	WRONG(12, 0x09, 12, 5);		/* a page that is not there */
	WRONG(13, 0x11, 13, 7);		/* PAGE LENGTH */
	WRONG(13, 0xff, 13, 7);
	WRONG(12, 0x48, 12, 5);		/* a subpage that is not there */
	WRONG(32, 0x4a, 32, 5);
#undef WRONG
	/* A subpage of 0 is written without SPF only. */
	memcpy(list, whole, sizeof(list));
	list[32] = 0x4a;
	list[33] = 0;
	emu_data_out(list, sizeof(list));
	CHECK_INVALID_LIST(EMU(0x15, 0x10, 0, 0, sizeof(list), 0), 32, 6);
	/* MODE DATA LENGTH, WP and PS are what MODE SENSE has sent. */
	memcpy(list, whole, sizeof(list));
	list[0] = sizeof(list) - 1;
	list[2] = 0x90;
	list[12] |= 0x80;
	emu_data_out(list, sizeof(list));
	CHECK_REASON(EMU(0x15, 0x10, 0, 0, sizeof(list), 0), CST_OK);
	CHECK(emu.disk.wce_off && emu.disk.dev.swp && emu.disk.dev.mode.d_sense &&
	      emu.disk.dev.mode.tas);
}

static void mode_select_10(void)
{
	static const u8 list[] = { 0, 0, 0, 0, 1, 0, 0, 16,
				   0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 2, 0,
				   CONTROL(0x06, 0, 0),
				   0x4a, 0x01, 0, 0x1c, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	u8 copy[sizeof(list)];
	unsigned int len;

#define SELECT_10(_len) EMU(0x55, 0x10, 0, 0, 0, 0, 0, 0, _len, 0)
	emu_reset();
	for (len = 1; len < sizeof(list); len++) {
		if (len == 24 || len == 36)
			continue;
		emu_data_out(list, len);
		CHECK_REASON(SELECT_10(len), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
		CHECK(nothing_has_changed());
	}
	memcpy(copy, list, sizeof(list));
	memset(copy + 8, 0xff, 8);	/* leaves the capacity as it is */
	emu_data_out(copy, sizeof(copy));
	CHECK_REASON(SELECT_10(sizeof(copy)), CST_OK);
	CHECK(emu.disk.dev.mode.d_sense);
	memset(copy + 8, 0, 8);
	copy[26] = 0x02;
	emu_data_out(copy, sizeof(copy));
	CHECK_REASON(SELECT_10(sizeof(copy)), CST_OK);
	CHECK(nothing_has_changed());

	copy[16] = 1;			/* reserved */
	emu_data_out(copy, sizeof(copy));
	CHECK_INVALID_LIST(SELECT_10(sizeof(copy)), 16, 7);
	copy[16] = 0;
	copy[20] = 1;			/* LOGICAL BLOCK LENGTH */
	emu_data_out(copy, sizeof(copy));
	CHECK_INVALID_LIST(SELECT_10(sizeof(copy)), 20, 7);
	copy[20] = 0;
	copy[4] = 0x03;
	emu_data_out(copy, sizeof(copy));
	CHECK_INVALID_LIST(SELECT_10(sizeof(copy)), 4, 7);
	copy[4] = 0;			/* 16 bytes without LONGLBA */
	emu_data_out(copy, sizeof(copy));
	CHECK_INVALID_LIST(SELECT_10(sizeof(copy)), 6, 7);
	copy[4] = 1;
	copy[7] = 0;			/* no block descriptor: one is in the place of a page */
	emu_data_out(copy, sizeof(copy));
	CHECK_INVALID_LIST(SELECT_10(sizeof(copy)), 8, 5);
	copy[7] = 16;
	copy[38] = 1;			/* PAGE LENGTH of a subpage */
	emu_data_out(copy, sizeof(copy));
	CHECK_INVALID_LIST(SELECT_10(sizeof(copy)), 38, 7);
	copy[38] = 0;
	copy[40] |= 1;			/* IALUAE */
	emu_data_out(copy, sizeof(copy));
	CHECK_INVALID_LIST(SELECT_10(sizeof(copy)), 40, 0);
	CHECK(nothing_has_changed());
}

static void values_are_saved(void)
{
	emu_reset();
	CHECK_REASON(SELECT_WITH(0x11, CACHING(0)), CST_OK);
	CHECK(!strcmp(emu.record_name, "0123-disk1"));
	/* Without SP, only the current values change. */
	CHECK_REASON(SELECT(CACHING(4), CONTROL(0x06, 0, 0)), CST_OK);
	CHECK_REASON(EMU(0x1a, 0x08, 0xc8, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[6], 0x00);
	CHECK_REASON(EMU(0x1a, 0x08, 0xca, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[6], 0x02);
	CHECK(!emu.disk.wce_off && emu.disk.dev.mode.d_sense);
	/* A reset brings the saved values back, unless that would need a flush. */
	cst_mode_reset(&emu.disk.dev);
	CHECK(!emu.disk.wce_off && !emu.disk.dev.mode.d_sense);

	/* A restart */
	emu.disk.dev.mode.saved_len = 0;
	CHECK_EQ(cst_mode_load(&emu.disk.dev), 0);
	CHECK(emu.disk.wce_off && !emu.disk.dev.mode.d_sense);
	CHECK_REASON(EMU(0, 0, 0, 0, 0, 0), CST_SENSE(MODE_PARAMETERS_CHANGED));
	/* Enabling the same unit again leaves the current values as they are. */
	emu.disk.wce_off = false;
	CHECK_EQ(cst_mode_load(&emu.disk.dev), 0);
	CHECK(!emu.disk.wce_off);
	/* Another unit has saved nothing, also before it is enabled. */
	cst_mode_forget(&emu.disk.dev);
	CHECK_REASON(EMU(0x1a, 0x08, 0xc8, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[6], 0x04);
	emu.disk.wce_off = true;
	strscpy(emu.disk.dev.t10_dev_id, "other", sizeof(emu.disk.dev.t10_dev_id));
	CHECK_EQ(cst_mode_load(&emu.disk.dev), 0);
	CHECK(!emu.disk.wce_off);
	/* Saved values that cannot be read: the unit must not be enabled with others. */
	emu.disk.dev.mode.loaded = false;
	emu.store_error = -EIO;
	CHECK_EQ(cst_mode_load(&emu.disk.dev), -EIO);
	CHECK_EQ(emu.disk.dev.mode.saved_len, 0);
	CHECK_EQ(emu.config_errors, 1);
	emu.store_error = -EBADMSG;
	CHECK_EQ(cst_mode_load(&emu.disk.dev), 0);
}

static void a_save_that_fails_changes_nothing(void)
{
	emu_reset();
	emu.store_error = -ENOSPC;
	CHECK_REASON(SELECT_WITH(0x11, CONTROL(0x06, 0, 0)), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK(nothing_has_changed());
	emu.store_error = -EROFS;
	CHECK_REASON(SELECT_WITH(0x11, CONTROL(0x06, 0, 0)),
		     CST_SENSE(SAVING_PARAMETERS_NOT_SUPPORTED));
	CHECK(nothing_has_changed());
	CHECK_EQ(emu.disk.dev.mode.saved_len, 0);
}

static void what_is_saved_is_not_believed_blindly(void)
{
	static const struct {
		u8	len;
		u8	data[20];
	} records[] = {
		{ 1, { 0x0a } }, { 2, { 0x0a, 0 } }, { 3, { 0x0a, 0, 12 } },
		{ 14, { 0x0a, 0, 12, 0x0a, 0x0a, 0x06, 0x10, 0x08, 0x40 } },
		{ 14, { 0x0a, 0, 11, 0x0a, 0x0a, 0x06, 0x10, 0x08, 0x40 } },
		{ 15, { 0x0a, 1, 12, 0x0a, 0x0a, 0x06, 0x10, 0x08, 0x40 } },
		{ 15, { 0x0b, 0, 12, 0x0a, 0x0a, 0x06, 0x10, 0x08, 0x40 } },
		{ 15, { 0x0a, 0, 12, 0x0a, 0x0a, 0xfb, 0xff, 0xf7, 0xbf, 0xff } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		emu_reset();
		strscpy(emu.record_name, "0123-disk1", sizeof(emu.record_name));
		memcpy(emu.record, records[i].data, sizeof(records[i].data));
		emu.record_len = records[i].len;
		CHECK_EQ(cst_mode_load(&emu.disk.dev), 0);
		CHECK(!emu.disk.dev.mode.d_sense && !emu.disk.dev.swp && !emu.disk.dev.mode.tas);
		CHECK_REASON(EMU(0x1a, 0x08, 0x0a, 0, 0xff, 0), CST_OK);
		CHECK_BYTES(emu.in + 4, 0x8a, 0x0a, 0x02, 0x10, 0, 0, 0, 0, 0, 0, 0, 0);
	}
}

static void default_values_are_restored(void)
{
	emu_reset();
	CHECK_REASON(SELECT_WITH(0x11, CACHING(0), CONTROL(0x06, 0x08, 0x40)), CST_OK);
	/* RTD: the current values; with SP the saved ones, too.  There is no list. */
	emu_data_out("", 0);
	CHECK_INVALID(EMU(0x15, 0x12, 0, 0, 4, 0), 4, 7);
	CHECK_INVALID(EMU(0x55, 0x12, 0, 0, 0, 0, 0, 0, 8, 0), 7, 7);
	CHECK_REASON(EMU(0x15, 0x12, 0, 0, 0, 0), CST_OK);
	CHECK(!emu.disk.wce_off && !emu.disk.dev.swp && !emu.disk.dev.mode.d_sense);
	CHECK_REASON(EMU(0x1a, 0x08, 0xc8, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[6], 0x00);
	CHECK_REASON(EMU(0x15, 0x13, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(EMU(0x1a, 0x08, 0xc8, 0, 0xff, 0), CST_OK);
	CHECK_EQ(emu.in[6], 0x04);
}

static void all_others_are_told(void)
{
	struct cst_session other = { .ops = emu.sess->ops };
	struct cst_itl itl;

	emu_reset();
	emu_itl_init(&itl, &other, &emu.disk.dev, 0);
	CHECK_REASON(SELECT(CONTROL(0x06, 0, 0)), CST_OK);
	CHECK_REASON(cst_ua_peek(&itl), CST_SENSE(MODE_PARAMETERS_CHANGED));
	CHECK_REASON(cst_ua_peek(&emu.itl), CST_OK);
	/* Nothing changes: nobody is told. */
	itl.ua_count = 0;
	itl.ua_pending = false;
	CHECK_REASON(SELECT(CONTROL(0x06, 0, 0)), CST_OK);
	CHECK_REASON(cst_ua_peek(&itl), CST_OK);
	list_del(&itl.dev_node);
}

static bool other_ran;

static void while_it_flushes(void)
{
	other_ran = emu.disk.dev.order.running == 1 && emu.disk.dev.order.ordered;
}

static void it_is_alone_in_the_task_set(void)
{
	emu_reset();
	emu.between_steps = while_it_flushes;
	CHECK_REASON(SELECT(CACHING(0)), CST_OK);
	CHECK(other_ran);
	/* A task attribute that is refused stays so. */
	emu_reset();
	emu.task_attr = CST_TASK_ACA;
	CHECK(SELECT(CACHING(0)) != CST_OK);
	CHECK(nothing_has_changed());
}

static void the_allocation_length_cuts(void)
{
	emu_reset();
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 4, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_EQ(emu.cmd.residual, 0);
	CHECK_EQ(emu.in[0], 11 + sizeof(all_pages));
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
}

static void without_a_buffer_there_are_no_pages(void)
{
	emu_reset();
	emu.no_buffer = true;
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 0xff, 0), CST_BUSY);
	CHECK_REASON(EMU(0x5a, 0, 0x08, 0, 0, 0, 0, 1, 0, 0), CST_BUSY);
	emu.no_buffer = false;
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 0xff, 0), CST_OK);
}

/* Its values are those of all initiators. */
static void who_may_not_write_changes_nothing(void)
{
	emu_reset();
	emu.itl.read_only = true;
	CHECK_REASON(SELECT(CONTROL(0x02, 0x08, 0)), CST_SENSE(WRITE_PROTECTED));
	CHECK(!emu.disk.dev.swp);
	emu.itl.read_only = false;
	CHECK_REASON(SELECT(CONTROL(0x02, 0x08, 0)), CST_OK);
	CHECK(emu.disk.dev.swp);
}

/* Values that are saved already are not written again. */
static void the_same_values_are_saved_once(void)
{
	emu_reset();
	CHECK_REASON(SELECT_WITH(0x11, CACHING(0)), CST_OK);
	CHECK(emu.record_len);
	emu.record_len = 0;
	CHECK_REASON(SELECT_WITH(0x11, CACHING(0)), CST_OK);
	CHECK(!emu.record_len);
	/* a value that is current, and not saved */
	CHECK_REASON(SELECT(CACHING(4)), CST_OK);
	CHECK_REASON(SELECT_WITH(0x11, CACHING(0)), CST_OK);
	CHECK(!emu.record_len && emu.disk.wce_off);
	CHECK_REASON(SELECT_WITH(0x11, CACHING(4)), CST_OK);
	CHECK(emu.record_len);
	/* after a save that has failed, the next one is made */
	emu.store_error = -EIO;
	CHECK_REASON(SELECT_WITH(0x11, CACHING(0)), CST_SENSE(INTERNAL_TARGET_FAILURE));
	emu.store_error = 0;
	emu.record_len = 0;
	CHECK_REASON(SELECT_WITH(0x11, CACHING(0)), CST_OK);
	CHECK(emu.record_len);
}

TEST_MAIN(T(the_same_values_are_saved_once), T(who_may_not_write_changes_nothing),
	  T(all_pages_of_mode_sense_6), T(all_pages_of_mode_sense_10),
	  T(the_geometry_is_one_that_old_initiators_take),
	  T(who_is_told_of_the_cache_is_remembered),
	  T(block_descriptors), T(what_the_attributes_say), T(page_control),
	  T(pages_and_subpages_that_are_not_there),
	  T(the_allocation_length_cuts), T(without_a_buffer_there_are_no_pages),
	  T(the_cache_is_turned_off_and_on),
	  T(with_write_through_there_is_no_cache_to_turn_on),
	  T(a_flush_that_fails_changes_nothing),
	  T(software_write_protection), T(sense_in_descriptor_format),
	  T(bits_that_cannot_be_changed), T(wrong_lists), T(mode_select_10),
	  T(values_are_saved), T(a_save_that_fails_changes_nothing),
	  T(what_is_saved_is_not_believed_blindly), T(default_values_are_restored),
	  T(all_others_are_told), T(it_is_alone_in_the_task_set))
