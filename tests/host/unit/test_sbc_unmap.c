// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define UNMAP_OF(_len)	EMU(0x42, 0, 0, 0, 0, 0, 0, (u8)((_len) >> 8), (u8)(_len), 0)
#define UNMAP_EXP(_len, _exp) \
	EMU_EXP(_exp, 0x42, 0, 0, 0, 0, 0, 0, (u8)((_len) >> 8), (u8)(_len), 0)

static u8 list[8 + 300 * 16];
static unsigned int list_len;
static u8 before[sizeof(emu.medium)];
static struct emu_io ios[16];
static unsigned int nr_ios;

static void notes_io(void)
{
	if (nr_ios < ARRAY_SIZE(ios))
		ios[nr_ios] = emu.io;
	nr_ios++;
}

static void set_lengths(void)
{
	put_unaligned_be16(list_len - 2, list);
	put_unaligned_be16(list_len - 8, list + 2);
}

static void begin(void)
{
	memset(list, 0, sizeof(list));
	list_len = 8;
	set_lengths();
}

static void add(u64 lba, u32 nblocks)
{
	put_unaligned_be64(lba, list + list_len);
	put_unaligned_be32(nblocks, list + list_len + 8);
	list_len += 16;
	set_lengths();
}

static cst_sense_t unmap(void)
{
	nr_ios = 0;
	emu.on_io = notes_io;
	emu_data_out(list, list_len);
	return UNMAP_OF(list_len);
}

static void a_thin_disk(void)
{
	emu_reset();
	emu.disk.thin = true;
	emu.disk.unmap_granularity = 4096;
	emu.disk.unmap_zeroes = true;
	memcpy(before, emu.medium, sizeof(before));
	begin();
}

static void ranges_one_after_the_other(void)
{
	static const u8 zero[10 * 512];

	a_thin_disk();
	add(5, 10);
	add(0, 0);
	add(64, 0);
	add(63, 1);
	CHECK_REASON(unmap(), CST_OK);
	CHECK_EQ(nr_ios, 2);
	CHECK_EQ(ios[0].op, CST_IO_UNMAP);
	CHECK_EQ(ios[0].flags, 0);
	CHECK_EQ(ios[0].pos, 5 * 512);
	CHECK_EQ(ios[0].len, 10 * 512);
	CHECK_EQ(ios[1].pos, 63 * 512);
	CHECK_EQ(ios[1].len, 512);
	CHECK(!memcmp(emu.medium + 5 * 512, zero, 10 * 512));
	CHECK(!memcmp(emu.medium + 63 * 512, zero, 512));
	CHECK(!memcmp(emu.medium, before, 5 * 512));
	CHECK(!memcmp(emu.medium + 15 * 512, before + 15 * 512, 48 * 512));
	CHECK(!emu.cmd.scratch_bvec);
}

static void nothing_to_unmap(void)
{
	a_thin_disk();
	CHECK_REASON(UNMAP_OF(0), CST_OK);
	CHECK_REASON(unmap(), CST_OK);
	add(0, 0);
	add(64, 0);
	emu.disk.write_through = true;
	CHECK_REASON(unmap(), CST_OK);
	CHECK_EQ(nr_ios, 0);
	CHECK(!memcmp(emu.medium, before, sizeof(before)));
}

static void a_list_whose_lengths_disagree(void)
{
	unsigned int i;

	a_thin_disk();
	add(0, 1);
	add(1, 1);
	for (i = 1; i < list_len; i++) {
		emu_data_out(list, list_len);
		CHECK_REASON(UNMAP_OF(i), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	}
	/* a part of a descriptor */
	list_len += 8;
	set_lengths();
	CHECK_REASON(unmap(), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	list_len -= 8;
	set_lengths();
	/* each of the two lengths alone */
	list[1]++;
	CHECK_REASON(unmap(), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	list[1] -= 17;
	CHECK_REASON(unmap(), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	list[1] += 16;
	list[3] += 16;
	CHECK_REASON(unmap(), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	list[3] -= 24;
	CHECK_REASON(unmap(), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	list[3] += 8;
	/* less data than the CDB says */
	emu_data_out(list, list_len);
	CHECK_REASON(UNMAP_EXP(list_len, list_len - 16), CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK(!memcmp(emu.medium, before, sizeof(before)));
	CHECK_REASON(unmap(), CST_OK);
}

/* Its own lengths say where a list ends. */
static void what_follows_the_list_is_ignored(void)
{
	a_thin_disk();
	add(3, 1);
	memset(list + list_len, 0xff, sizeof(list) - list_len);
	emu.on_io = notes_io;
	nr_ios = 0;
	emu_data_out(list, list_len + 5);
	CHECK_REASON(UNMAP_OF(list_len + 5), CST_OK);
	CHECK_EQ(nr_ios, 1);
	CHECK_EQ(ios[0].pos, 3 * 512);
	/* more than the descriptors that are allowed would take */
	emu_data_out(list, sizeof(list));
	CHECK_REASON(UNMAP_OF(sizeof(list)), CST_OK);
	CHECK_EQ(nr_ios, 2);
	/* UNMAP DATA LENGTH covers more than the descriptors */
	put_unaligned_be16(list_len + 16 - 2, list);
	emu_data_out(list, list_len + 16);
	CHECK_REASON(UNMAP_OF(list_len + 16), CST_OK);
	CHECK_EQ(nr_ios, 3);
}

#define CHECK_LIST_INVALID(got, _byte) do {				\
	CHECK_REASON(got, CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));	\
	CHECK(emu.cmd.detail.field_valid && !emu.cmd.detail.field_in_cdb); \
	CHECK_EQ(emu.cmd.detail.field, _byte);				\
} while (0)

static void too_much(void)
{
	unsigned int i;

	a_thin_disk();
	emu.disk.nblocks = 1 << 24;
	for (i = 0; i < 255; i++)
		add(i, 1);
	CHECK_REASON(unmap(), CST_OK);
	CHECK_EQ(nr_ios, 255);
	add(0, 1);
	CHECK_LIST_INVALID(unmap(), 2);
	/* the sum of the blocks; the first descriptor alone has as many as are allowed */
	begin();
	add(0, 1048576);
	CHECK_REASON(unmap(), CST_OK);
	CHECK_EQ(nr_ios, 8);
	CHECK_EQ(ios[7].pos + ios[7].len, 512 << 20);
	add(0, 0);
	add(5, 1);
	CHECK_LIST_INVALID(unmap(), 8 + 2 * 16 + 8);
	begin();
	add(0, 0xffffffff);
	add(0, 2);
	emu.disk.nblocks = 1ULL << 33;
	CHECK_LIST_INVALID(unmap(), 8 + 8);
	CHECK_EQ(nr_ios, 0);
}

static void beyond_the_end(void)
{
	a_thin_disk();
	add(0, 5);
	add(60, 5);
	CHECK_REASON(unmap(), CST_SENSE(LBA_OUT_OF_RANGE));
	begin();
	add(0, 5);
	add(65, 0);
	CHECK_REASON(unmap(), CST_SENSE(LBA_OUT_OF_RANGE));
	begin();
	add(~0ULL, 2);
	CHECK_REASON(unmap(), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(nr_ios, 0);
	CHECK(!memcmp(emu.medium, before, sizeof(before)));
}

static void the_disk_shrinks(void)
{
	if (nr_ios)
		emu.disk.nblocks = 20;
}

static void a_smaller_disk_between_descriptors(void)
{
	a_thin_disk();
	add(0, 5);
	add(60, 4);
	emu.between_steps = the_disk_shrinks;
	CHECK_REASON(unmap(), CST_SENSE(LBA_OUT_OF_RANGE));
	CHECK_EQ(nr_ios, 1);
	CHECK(!emu.cmd.scratch_bvec);
}

/* The list in the fabric's memory changes after it was checked. */
static void the_list_changes(void)
{
	if (emu.steps == 1)
		memset(emu.cmd.bvec[0].bv_page->data, 0xff, 40);
}

static void a_list_that_changes(void)
{
	a_thin_disk();
	add(1, 1);
	add(3, 1);
	emu.between_steps = the_list_changes;
	CHECK_REASON(unmap(), CST_OK);
	CHECK_EQ(nr_ios, 2);
	CHECK_EQ(ios[1].pos, 3 * 512);
}

static void the_backing_fails(void)
{
	notes_io();
	if (nr_ios == 2)
		emu.io_error = -ENOSPC;
}

static void an_error_ends_it(void)
{
	a_thin_disk();
	add(0, 1);
	add(2, 2);
	add(5, 1);
	nr_ios = 0;
	emu.on_io = the_backing_fails;
	emu_data_out(list, list_len);
	CHECK_REASON(UNMAP_OF(list_len), CST_SENSE(SPACE_ALLOCATION_FAILED));
	CHECK_EQ(nr_ios, 2);
	CHECK(!emu.cmd.scratch_bvec);
}

static void the_backing_cannot_after_all(void)
{
	a_thin_disk();
	emu.disk.known_unmap_granularity = 4096;
	add(0, 1);
	emu.io_error = -EOPNOTSUPP;
	CHECK_REASON(unmap(), CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
	CHECK(!emu.disk.thin);
	CHECK_EQ(emu.disk.known_unmap_granularity, 0);
	CHECK_REASON(EMU(0, 0, 0, 0, 0, 0), CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(EMU(0, 0, 0, 0, 0, 0), CST_SENSE(INQUIRY_DATA_CHANGED));
	CHECK_REASON(unmap(), CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
	CHECK_EQ(nr_ios, 0);
}

static void durable_without_a_cache(void)
{
	a_thin_disk();
	emu.disk.write_through = true;
	add(1, 1);
	add(5, 1);
	CHECK_REASON(unmap(), CST_OK);
	CHECK_EQ(nr_ios, 3);
	CHECK_EQ(ios[2].op, CST_IO_FLUSH);
	CHECK_EQ(ios[2].pos, 0);
	CHECK_EQ(ios[2].len, 0);
	emu.disk.nv_cache = true;
	CHECK_REASON(unmap(), CST_OK);
	CHECK_EQ(nr_ios, 2);
	emu.disk.write_through = false;
	emu.disk.nv_cache = false;
	CHECK_REASON(unmap(), CST_OK);
	CHECK_EQ(nr_ios, 2);
}

static void what_is_refused(void)
{
	a_thin_disk();
	/* ANCHOR, a group, a reserved bit */
	CHECK_INVALID(EMU(0x42, 1, 0, 0, 0, 0, 0, 0, 0, 0), 1, 0);
	CHECK_INVALID(EMU(0x42, 0, 0, 0, 0, 0, 1, 0, 0, 0), 6, 0);
	CHECK_INVALID(EMU(0x42, 0, 0x80, 0, 0, 0, 0, 0, 0, 0), 2, 7);
	add(0, 1);
	emu.disk.dev.read_only = true;
	CHECK_REASON(unmap(), CST_SENSE(WRITE_PROTECTED));
	emu.disk.dev.read_only = false;
	emu.disk.thin = false;
	CHECK_REASON(unmap(), CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
	CHECK(emu.cmd.detail.field_valid && !emu.cmd.detail.field);
	CHECK_EQ(nr_ios, 0);
}

TEST_MAIN(T(ranges_one_after_the_other), T(nothing_to_unmap),
	  T(a_list_whose_lengths_disagree), T(what_follows_the_list_is_ignored), T(too_much),
	  T(beyond_the_end),
	  T(a_smaller_disk_between_descriptors), T(a_list_that_changes), T(an_error_ends_it),
	  T(the_backing_cannot_after_all), T(durable_without_a_cache), T(what_is_refused))
