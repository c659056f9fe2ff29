// SPDX-License-Identifier: GPL-2.0-only
/* EXTENDED COPY and the commands that ask for its results, within one disk. */
#include "emu.h"
#include "../scsi/copy/copy.h"
#include "test.h"

#define BLOCK		512
#define LIST_MAX	16384

static u8 list[LIST_MAX];
static unsigned int len;
static bool lid4;

/* --- building parameter lists --- */

static void put_header(bool four, u32 id, u8 usage)
{
	memset(list, 0, sizeof(list));
	lid4 = four;
	if (four) {
		list[0] = 0x01;
		list[1] = usage << 3;
		put_unaligned_be16(0x20, list + 2);
		list[16] = 0xff;
		put_unaligned_be32(id, list + 20);
		len = 48;
	} else {
		list[0] = id;
		list[1] = usage << 3;
		len = 16;
	}
}

static void add_to(unsigned int at, bool wide, unsigned int n)
{
	if (wide)
		put_unaligned_be32(get_unaligned_be32(list + at) + n, list + at);
	else
		put_unaligned_be16(get_unaligned_be16(list + at) + n, list + at);
	len += n;
}

/* The disk, by its NAA identifier. */
static u8 *put_cscd(void)
{
	static const u8 naa[] = { 0x31, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
	u8 *d = list + len;

	d[0] = 0xe4;
	d[4] = 0x01;
	d[5] = 0x03;
	d[7] = sizeof(naa);
	memcpy(d + 8, naa, sizeof(naa));
	put_unaligned_be24(BLOCK, d + 29);
	add_to(lid4 ? 42 : 2, false, 32);
	return d;
}

static u8 *put_segment(u16 from, u16 to, u64 source, u64 destination, u16 blocks)
{
	u8 *d = list + len;

	d[0] = 0x02;
	put_unaligned_be16(0x18, d + 2);
	put_unaligned_be16(from, d + 4);
	put_unaligned_be16(to, d + 6);
	put_unaligned_be16(blocks, d + 10);
	put_unaligned_be64(source, d + 12);
	put_unaligned_be64(destination, d + 20);
	add_to(lid4 ? 44 : 8, !lid4, 28);
	return d;
}

static u8 *put_bytes(u64 source, u64 destination, u32 bytes, u16 source_at,
		     u16 destination_at)
{
	u8 *d = list + len;

	d[0] = 0x0a;
	put_unaligned_be16(0x1c, d + 2);
	put_unaligned_be32(bytes, d + 8);
	put_unaligned_be64(source, d + 12);
	put_unaligned_be64(destination, d + 20);
	put_unaligned_be16(source_at, d + 28);
	put_unaligned_be16(destination_at, d + 30);
	add_to(lid4 ? 44 : 8, !lid4, 32);
	return d;
}

/* A list with one segment within the disk. */
static void simple(u64 source, u64 destination, u16 blocks)
{
	put_header(false, 7, 0);
	put_cscd();
	put_segment(0, 0, source, destination, blocks);
}

static cst_sense_t send_only(unsigned int n)
{
	emu_data_out(list, n);
	return EMU(0x83, lid4, 0, 0, 0, 0, 0, 0, 0, 0, n >> 24, n >> 16, n >> 8, n, 0, 0);
}

static cst_sense_t send(void)
{
	return send_only(len);
}

#define ASK1(_action, _id, _n)						\
	EMU(0x84, _action, _id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, _n, 0, 0)
#define ASK4(_action, _id, _n)						\
	EMU(0x84, _action, 0, 0, 0, _id, 0, 0, 0, 0, 0, 0, 0, _n, 0, 0)

static u8 was[EMU_BLOCKS * EMU_MAX_BLOCK];

static void start(void)
{
	emu_reset();
	memcpy(was, emu.medium, sizeof(was));
}

/* Blocks [at, at + n) hold what [from, from + n) held, and nothing else has changed. */
static void check_copied(unsigned int from, unsigned int at, unsigned int n)
{
	CHECK(!memcmp(emu.medium + at * BLOCK, was + from * BLOCK, n * BLOCK));
	CHECK(!memcmp(emu.medium, was, at * BLOCK));
	CHECK(!memcmp(emu.medium + (at + n) * BLOCK, was + (at + n) * BLOCK,
		      (EMU_BLOCKS - at - n) * BLOCK));
}

static void check_unchanged(void)
{
	CHECK(!memcmp(emu.medium, was, EMU_BLOCKS * BLOCK));
}

/* The sense's field pointer, and with COPY ABORTED the segment number. */
#define CHECK_POINTER(_field, _in_segment, _segment) do {		\
	CHECK(emu.cmd.detail.field_valid);				\
	CHECK_EQ(emu.cmd.detail.field, _field);				\
	CHECK_EQ(emu.cmd.detail.field_in_segment, _in_segment);		\
	CHECK_EQ(emu.cmd.detail.specific, _segment);			\
} while (0)

/* --- copying --- */

static void a_segment_is_copied(void)
{
	start();
	simple(3, 40, 5);
	CHECK_REASON(send(), CST_OK);
	check_copied(3, 40, 5);
	CHECK_EQ(emu.ios, 2);
	CHECK(!emu.cmd.scratch_bvec);
	/* The list takes a form with 32 bits as well. */
	start();
	put_header(true, 7, 0);
	put_cscd();
	put_segment(1, 1, 3, 40, 5);
	CHECK_REASON(send(), CST_OK);
	check_copied(3, 40, 5);
}

static void the_unit_itself_needs_no_descriptor(void)
{
	start();
	put_header(false, 0, 3);
	put_segment(0xffff, 0xffff, 0, 1, 1);
	CHECK_REASON(send(), CST_OK);
	check_copied(0, 1, 1);
}

static void segments_are_copied_in_order(void)
{
	unsigned int i;

	start();
	put_header(false, 7, 2);
	put_cscd();
	/* Block 0 walks up to block 40. */
	for (i = 0; i < 40; i++)
		put_segment(0, 0, i, i + 1, 1);
	put_segment(0, 0, 0, 0, 0);
	CHECK_REASON(send(), CST_OK);
	for (i = 0; i <= 40; i++)
		CHECK(!memcmp(emu.medium + i * BLOCK, was, BLOCK));
	CHECK(!memcmp(emu.medium + 41 * BLOCK, was + 41 * BLOCK, BLOCK));

	/* The last one is not the first one, either. */
	start();
	put_header(false, 7, 2);
	put_cscd();
	put_segment(0, 0, 10, 20, 1);
	put_segment(0, 0, 20, 30, 1);
	CHECK_REASON(send(), CST_OK);
	CHECK(!memcmp(emu.medium + 20 * BLOCK, was + 10 * BLOCK, BLOCK));
	CHECK(!memcmp(emu.medium + 30 * BLOCK, was + 10 * BLOCK, BLOCK));
}

/* The initiator sends less than PARAMETER LIST LENGTH says. */
static void a_list_that_does_not_come(void)
{
	start();
	simple(3, 40, 5);
	emu_data_out(list, len);
	CHECK_REASON(EMU_EXP(len - 1, 0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, len, 0, 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	check_unchanged();
}

static void overlapping_blocks_are_read_before_they_are_written(void)
{
	/* In steps of two blocks. */
	start();
	emu.sess->max_xfer = 2 * BLOCK;
	simple(10, 13, 8);
	CHECK_REASON(send(), CST_OK);
	check_copied(10, 13, 8);
	CHECK_EQ(emu.ios, 8);

	start();
	emu.sess->max_xfer = 2 * BLOCK;
	simple(13, 10, 7);
	CHECK_REASON(send(), CST_OK);
	check_copied(13, 10, 7);
}

static void bytes_are_whole_blocks(void)
{
	start();
	put_header(false, 7, 0);
	put_cscd();
	put_bytes(1, 30, 3 * BLOCK, 2 * BLOCK, BLOCK);
	CHECK_REASON(send(), CST_OK);
	check_copied(3, 31, 3);

	start();
	put_header(false, 7, 0);
	put_cscd();
	put_bytes(1, 30, 3 * BLOCK, 4, 0);
	CHECK_REASON(send(), CST_SENSE(COPY_SEGMENT_GRANULARITY_VIOLATION));
	CHECK_POINTER(8, true, 0);
	check_unchanged();
}

/* Blocks of one size leave no residual data, with which CAT, DC and PAD deal. */
static void nothing_is_left_of_blocks(void)
{
	unsigned int bits;

	for (bits = 0; bits < 8; bits++) {
		start();
		put_header(false, 7, 0);
		put_cscd()[28] = bits & 4;		/* PAD */
		put_segment(0, 0, 3, 40, 5)[1] = bits & 3;	/* DC, CAT */
		CHECK_REASON(send(), CST_OK);
		check_copied(3, 40, 5);
	}
}

/* Neither a count that is no multiple of the granularity, nor an offset */
static void bytes_of_a_part_of_a_block(void)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		start();
		put_header(false, 7, 0);
		put_cscd();
		put_bytes(1, 30, 3 * BLOCK + (i == 0), i == 1 ? 8 : 0, i == 2 ? BLOCK - 1 : 0);
		CHECK_REASON(send(), CST_SENSE(COPY_SEGMENT_GRANULARITY_VIOLATION));
		CHECK_POINTER(8, true, 0);
		check_unchanged();
	}
}

static void nothing_to_do(void)
{
	start();
	put_header(false, 7, 0);
	CHECK_REASON(send_only(0), CST_OK);
	CHECK_REASON(send(), CST_OK);
	put_cscd();
	CHECK_REASON(send(), CST_OK);
	CHECK_EQ(emu.ios, 0);
}

/* --- what is wrong with a list --- */

static void a_list_that_is_cut_is_refused_whole(void)
{
	unsigned int n, four;

	for (four = 0; four < 2; four++) {
		start();
		put_header(four, 7, 0);
		put_cscd();
		put_segment(four, four, 3, 40, 5);
		for (n = 1; n < len; n++) {
			CHECK_REASON(send_only(n), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
			check_unchanged();
		}
		/* More bytes than the list has do no harm. */
		CHECK_REASON(send_only(len + 4), CST_OK);
	}
}

static void lengths_that_lie(void)
{
	start();
	simple(3, 40, 5);
	put_unaligned_be32(~0U, list + 8);
	CHECK_REASON(send(), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	put_unaligned_be32(27, list + 8);
	CHECK_REASON(send(), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	put_unaligned_be32(28, list + 8);
	put_unaligned_be16(31, list + 2);
	CHECK_REASON(send(), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_POINTER(2, false, 0);
	put_unaligned_be16(32, list + 2);
	put_unaligned_be32(1, list + 12);
	CHECK_REASON(send(), CST_SENSE(INLINE_DATA_LENGTH_EXCEEDED));
	put_unaligned_be32(0, list + 12);
	list[48 + 3] = 0x19;
	CHECK_REASON(send(), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_POINTER(50, false, 0);
	list[48 + 3] = 0x18;
	list[16 + 7] = 21;
	CHECK_REASON(send(), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_POINTER(23, false, 0);
	check_unchanged();
}

static void too_many(void)
{
	unsigned int i;

	start();
	put_header(false, 7, 0);
	for (i = 0; i < 16; i++)
		put_cscd();
	for (i = 0; i < 255; i++)
		put_segment(i % 16, 15 - i % 16, i % 30, 30 + i % 30, 1);
	CHECK_REASON(send(), CST_OK);
	put_segment(0, 0, 0, 0, 1);
	CHECK_REASON(send(), CST_SENSE(TOO_MANY_SEGMENT_DESCRIPTORS));
	put_header(false, 7, 0);
	for (i = 0; i < 17; i++)
		put_cscd();
	CHECK_REASON(send(), CST_SENSE(TOO_MANY_TARGET_DESCRIPTORS));
	/* A list that is longer than any is not looked at. */
	CHECK_REASON(EMU(0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0),
		     CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
}

static void types_that_are_not_supported(void)
{
	start();
	simple(3, 40, 5);
	list[16] = 0xe0;
	CHECK_REASON(send(), CST_SENSE(UNSUPPORTED_TARGET_DESCRIPTOR_TYPE_CODE));
	CHECK_POINTER(16, false, 0);
	list[16] = 0xe4;
	list[48] = 0x04;
	CHECK_REASON(send(), CST_SENSE(UNSUPPORTED_SEGMENT_DESCRIPTOR_TYPE_CODE));
	CHECK_POINTER(48, false, 0);
	put_header(true, 7, 0);
	list[15] = 0x01;
	CHECK_REASON(send(), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_POINTER(15, false, 0);
	put_header(true, 7, 0);
	list[0] = 0;
	CHECK_REASON(send(), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	put_header(true, 7, 3);
	CHECK_REASON(send(), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_POINTER(20, false, 0);
	put_header(false, 7, 1);
	CHECK_REASON(send(), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_POINTER(1, false, 0);
}

/* The first segment would be good, but is not copied. */
static void unreachable(u16 from, u16 to, cst_sense_t reason, unsigned int at, bool in_segment)
{
	start();
	put_header(false, 7, 0);
	put_cscd();
	put_cscd()[15] ^= 1;
	put_segment(0, 0, 3, 40, 5);
	put_segment(from, to, 3, 40, 5);
	CHECK_REASON(send(), reason);
	CHECK_POINTER(at, in_segment, 1);
	CHECK(!emu.cmd.detail.info_valid);
	check_unchanged();
}

static void units_that_cannot_be_reached(void)
{
	unreachable(1, 0, CST_SENSE(COPY_TARGET_DEVICE_NOT_REACHABLE), 48, false);
	unreachable(0, 1, CST_SENSE(COPY_TARGET_DEVICE_NOT_REACHABLE), 48, false);
	unreachable(2, 0, CST_SENSE(UNREACHABLE_COPY_TARGET), 4, true);
	unreachable(0, 0xc000, CST_SENSE(UNREACHABLE_COPY_TARGET), 6, true);
	unreachable(0xf800, 0, CST_SENSE(UNREACHABLE_COPY_TARGET), 4, true);
}

static void a_header_is_no_unit(void)
{
	start();
	put_header(true, 7, 0);
	put_cscd();
	put_segment(1, 0, 3, 40, 5);
	CHECK_REASON(send(), CST_SENSE(UNREACHABLE_COPY_TARGET));
	CHECK_POINTER(6, true, 0);
}

static void other_kinds_of_units(void)
{
	start();
	simple(3, 40, 5);
	list[16 + 1] = 0x01;
	CHECK_REASON(send(), CST_SENSE(INCORRECT_COPY_TARGET_DEVICE_TYPE));
	list[16 + 1] = 0x00;
	put_unaligned_be24(4096, list + 16 + 29);
	CHECK_REASON(send(), CST_SENSE(INVALID_OPERATION_FOR_COPY));
	put_unaligned_be24(0, list + 16 + 29);
	CHECK_REASON(send(), CST_OK);
}

/* A refused list copies nothing, and the sense points at byte @at of it. */
static void check_too_long(unsigned int at, unsigned int segment)
{
	CHECK_REASON(send(), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_POINTER(at, false, segment);
	CHECK_EQ(emu.ios, 0);
	check_unchanged();
}

static void segments_that_are_too_long(void)
{
	start();
	put_header(false, 7, 0);
	put_cscd();
	put_segment(0, 0, 3, 40, 5);
	put_bytes(0, 0, (256 << 20) + BLOCK, 0, 0);
	check_too_long(16 + 32 + 28 + 8, 1);
	/* The longest one is looked at further. */
	put_header(false, 7, 0);
	put_cscd();
	put_bytes(0, 0, 256 << 20, 0, 0);
	CHECK_REASON(send(), CST_SENSE(COPY_ABORTED));
	put_header(true, 7, 0);
	put_cscd();
	put_bytes(0, 0, 0xfffffe00, 0, 0);
	list[80 + 5] = 1;
	list[80 + 7] = 1;
	check_too_long(48 + 32 + 8, 0);
}

/* 1 GiB in all; the disk says that it is large, but nothing is copied. */
static void a_list_that_is_too_long(void)
{
	unsigned int i;

	start();
	WRITE_ONCE(emu.disk.nblocks, 1 << 20);
	put_header(false, 7, 0);
	put_cscd();
	for (i = 0; i < 3; i++)
		put_bytes(0, 0, 256 << 20, 0, 0);
	for (i = 0; i < 8; i++)
		put_segment(0, 0, 0, 0, 65535);
	put_segment(0, 0, 0, 0, 9);
	check_too_long(16 + 32 + 3 * 32 + 8 * 28 + 10, 11);
	/* One block less is within the limit; then the first write is refused. */
	put_unaligned_be16(8, list + 16 + 32 + 3 * 32 + 8 * 28 + 10);
	emu.sess->max_xfer = BLOCK;
	emu.itl.read_only = true;
	CHECK_REASON(send(), CST_SENSE(THIRD_PARTY_DEVICE_FAILURE));
	CHECK_EQ(emu.ios, 1);
	check_unchanged();
}

/* --- what happens meanwhile --- */

static void a_unit_that_refuses(void)
{
	start();
	emu.itl.read_only = true;
	simple(3, 40, 5);
	CHECK_REASON(send(), CST_SENSE(THIRD_PARTY_DEVICE_FAILURE));
	CHECK_POINTER(16, false, 0);
	CHECK(!emu.cmd.detail.info_valid);
	CHECK_EQ(emu.ios, 1);
	check_unchanged();
}

/* Nothing of a list is copied when one of its segments does not lie on the medium. */
static void beyond_the_end(u64 source, u64 destination, u16 blocks, unsigned int field)
{
	start();
	put_header(false, 7, 0);
	put_cscd();
	put_segment(0, 0, 0, 1, 1);
	put_segment(0, 0, source, destination, blocks);
	CHECK_REASON(send(), CST_SENSE(COPY_ABORTED));
	CHECK_POINTER(field, true, 1);
	check_unchanged();
}

static void segments_beyond_the_end(void)
{
	beyond_the_end(62, 0, 3, 12);
	beyond_the_end(0, 62, 3, 20);
	beyond_the_end(~0ULL, 0, 1, 12);
	beyond_the_end(0, ~0ULL, 1, 20);
	beyond_the_end(~0ULL - 1023, ~0ULL - 1022, 4096, 12);
	/* The sum of address and offset wraps. */
	start();
	put_header(false, 7, 0);
	put_cscd();
	put_bytes(0, ~0ULL, BLOCK, 0, BLOCK);
	CHECK_REASON(send(), CST_SENSE(COPY_ABORTED));
	CHECK_POINTER(12, true, 0);
	check_unchanged();
}

static unsigned int calls;

static void fail_the_fourth(void)
{
	if (++calls == 4)
		emu.io_error = -EIO;
}

static void what_is_missing_is_told(void)
{
	start();
	emu.sess->max_xfer = 2 * BLOCK;
	calls = 0;
	emu.between_steps = fail_the_fourth;
	simple(3, 40, 5);
	CHECK_REASON(send(), CST_SENSE(THIRD_PARTY_DEVICE_FAILURE));
	CHECK(emu.cmd.detail.info_valid);
	CHECK(emu.cmd.detail.info == 3 || emu.cmd.detail.info == 1);
	CHECK_EQ(emu.cmd.detail.specific, 0);
	emu.between_steps = NULL;
	emu.io_error = 0;
}

static void a_unit_attention_stays_for_the_initiator(void)
{
	start();
	simple(3, 40, 5);
	cst_ua_add(&emu.itl, CST_SENSE(CAPACITY_DATA_CHANGED));
	/* The command itself reports it. */
	CHECK_REASON(send(), CST_SENSE(CAPACITY_DATA_CHANGED));
	calls = 0;
	CHECK_REASON(send(), CST_OK);
}

static void raise_attention(void)
{
	if (!calls++)
		cst_ua_add(&emu.itl, CST_SENSE(CAPACITY_DATA_CHANGED));
}

static void one_that_comes_in_between_does_too(void)
{
	start();
	calls = 0;
	emu.between_steps = raise_attention;
	simple(3, 40, 5);
	CHECK_REASON(send(), CST_OK);
	emu.between_steps = NULL;
	CHECK(cst_ua_peek(&emu.itl) == CST_SENSE(CAPACITY_DATA_CHANGED));
}

static void abort_all(void)
{
	if (++calls == 2)
		cst_session_abort_all(emu.sess);
}

static void an_abort_ends_it_between_two_steps(void)
{
	start();
	emu.sess->max_xfer = 2 * BLOCK;
	calls = 0;
	emu.between_steps = abort_all;
	simple(3, 40, 8);
	CHECK_REASON(send(), CST_PENDING);
	emu.between_steps = NULL;
	CHECK(emu.ios < 8);
	CHECK_REASON(ASK4(0x05, 7, 0xff), CST_OK);
	CHECK_EQ(emu.in[5], 0x60);
	CHECK_EQ(emu.in[12], 0x40);
}

static void ordered_ones_do_not_wait_for_themselves(void)
{
	start();
	emu.task_attr = CST_TASK_ORDERED;
	simple(3, 40, 5);
	CHECK_REASON(send(), CST_OK);
	check_copied(3, 40, 5);
}

static void without_memory(void)
{
	start();
	simple(3, 40, 5);
	emu.no_buffer = true;
	CHECK_REASON(send(), CST_BUSY);
	emu.no_buffer = false;
	check_unchanged();
	shim_fail_at = 1;
	CHECK_REASON(send(), CST_BUSY);
	check_unchanged();
	for (shim_fail_at = 1; shim_fail_at; ) {
		unsigned int n = shim_fail_at;

		cst_sense_t reason = send();

		if (!reason)
			break;
		CHECK_REASON(reason, CST_BUSY);
		check_unchanged();
		shim_fail_at = n + 1;
		CHECK(n < 10);
	}
	shim_fail_at = 0;
}

/* --- copying by the handler --- */

/* The handler can copy units of four blocks. */
static void start_cloning(void)
{
	start();
	emu.disk.copy_unit = 4 * BLOCK;
	emu.disk.thin = true;
}

/* A copy of five blocks which the handler does not make. */
static void check_not_cloned(u64 source, u64 destination)
{
	simple(source, destination, 5);
	CHECK_REASON(send(), CST_OK);
	CHECK_EQ(emu.ios, 2);
	check_copied(source, destination, 5);
}

static void whole_units_are_copied_by_the_handler(void)
{
	start_cloning();
	simple(4, 40, 8);
	CHECK_REASON(send(), CST_OK);
	check_copied(4, 40, 8);
	CHECK_EQ(emu.ios, 0);
	CHECK_EQ(emu.copies, 1);
	CHECK_EQ(emu.copied.flags, 0);
	CHECK_EQ(emu.stats.write_bytes, 8 * BLOCK);
	CHECK_REASON(ASK1(0x00, 7, 0xff), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 8, 0x01, 0, 1, 0, 0, 0, 0x10, 0);
	/* What lies in front of the first unit and behind the last one is not. */
	start_cloning();
	simple(3, 39, 11);
	CHECK_REASON(send(), CST_OK);
	check_copied(3, 39, 11);
	CHECK_EQ(emu.ios, 4);
	CHECK_EQ(emu.copies, 1);
	CHECK_EQ(emu.copied.pos, 40 * BLOCK);
	CHECK_EQ(emu.copied.len, 8 * BLOCK);
	/* Larger blocks than what the file system copies */
	start_cloning();
	emu.disk.copy_unit = BLOCK / 2;
	simple(3, 39, 11);
	CHECK_REASON(send(), CST_OK);
	check_copied(3, 39, 11);
	CHECK_EQ(emu.ios, 0);
}

/* However little a READ may have. */
static void the_handler_copies_long_pieces(void)
{
	start_cloning();
	emu.sess->max_xfer = BLOCK;
	WRITE_ONCE(emu.disk.nblocks, 1 << 20);
	put_header(false, 7, 0);
	put_cscd();
	put_bytes(0, 1 << 19, 256 << 20, 0, 0);
	CHECK_REASON(send(), CST_OK);
	CHECK_EQ(emu.ios, 0);
	CHECK_EQ(emu.copies, 4);
	CHECK_EQ(emu.copied.pos, (1ULL << 28) + (192 << 20));
	CHECK_EQ(emu.copied.len, 64 << 20);
	/* An initiator does not get at this. */
	CHECK_REASON(EMU_EXP(0, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0),
		     CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_REASON(EMU_EXP(0, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0), CST_OK);
	CHECK_EQ(emu.copies, 0);
}

static void what_the_handler_cannot_copy(void)
{
	/* Blocks that do not lie alike in their units */
	start_cloning();
	check_not_cloned(4, 41);
	/* Less than a unit */
	start_cloning();
	check_not_cloned(5, 41);
	/* Blocks that overlap */
	start_cloning();
	check_not_cloned(4, 8);
	start_cloning();
	check_not_cloned(8, 4);
	/* A disk that must not run out of space */
	start_cloning();
	emu.disk.thin = false;
	check_not_cloned(4, 40);
	CHECK_EQ(emu.copies, 0);
	/* Another file system: it is asked once. */
	start_cloning();
	emu.copy_error = -EXDEV;
	simple(4, 40, 8);
	put_segment(0, 0, 4, 48, 8);
	CHECK_REASON(send(), CST_OK);
	CHECK_EQ(emu.copies, 1);
	CHECK_EQ(emu.ios, 4);
	CHECK(!memcmp(emu.medium + 40 * BLOCK, was + 4 * BLOCK, 8 * BLOCK));
	CHECK(!memcmp(emu.medium + 48 * BLOCK, was + 4 * BLOCK, 8 * BLOCK));
}

static void without_a_cache_the_copy_is_durable(void)
{
	start_cloning();
	emu.disk.write_through = true;
	simple(4, 40, 8);
	CHECK_REASON(send(), CST_OK);
	CHECK_EQ(emu.copies, 1);
	CHECK_EQ(emu.copied.flags, CST_IO_FUA);
}

static void protect_after_the_read(void)
{
	if (++calls == 1)
		emu.itl.read_only = true;
}

static void change_after_the_read(void)
{
	if (++calls == 1)
		cst_gate_changed(&emu.disk.dev);
}

/* The gates of both units apply. */
static void the_handler_copies_only_what_is_allowed(void)
{
	start_cloning();
	emu.itl.read_only = true;
	simple(4, 40, 8);
	CHECK_REASON(send(), CST_SENSE(THIRD_PARTY_DEVICE_FAILURE));
	CHECK_EQ(emu.copies, 0);
	check_unchanged();

	start_cloning();
	calls = 0;
	emu.between_steps = protect_after_the_read;
	simple(4, 40, 8);
	CHECK_REASON(send(), CST_SENSE(THIRD_PARTY_DEVICE_FAILURE));
	CHECK_EQ(emu.copies, 0);
	check_unchanged();

	/* Whatever has changed, the source is read anew. */
	start_cloning();
	calls = 0;
	emu.between_steps = change_after_the_read;
	simple(4, 40, 8);
	CHECK_REASON(send(), CST_OK);
	CHECK_EQ(emu.copies, 0);
	CHECK_EQ(emu.ios, 2);
	check_copied(4, 40, 8);
}

/* A write of the handler excludes, and waits for, what any other write does. */
static void find_the_write(struct cst_cmd *cmd, void *arg)
{
	if (atomic_read_acquire(&cmd->range.state) == CST_RANGE_WRITES && cmd->lba == 40 &&
	    cmd->nblocks == 8)
		++*(unsigned int *)arg;
}

static unsigned int writes;

static void look_for_the_write(void)
{
	cst_session_for_each_cmd(emu.sess, find_the_write, &writes);
}

static void the_handler_writes_within_a_range(void)
{
	start_cloning();
	writes = 0;
	emu.on_io = look_for_the_write;
	simple(4, 40, 8);
	CHECK_REASON(send(), CST_OK);
	CHECK_EQ(emu.copies, 1);
	CHECK_EQ(writes, 1);
}

/* --- asking --- */

static void limits(void)
{
	start();
	CHECK_REASON(ASK1(0x03, 0, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 47);
	CHECK_BYTES(emu.in, 0, 0, 0, 43, 0x01, 0, 0, 0, 0, 16, 0, 255, 0, 0, 0x21, 0xe0,
		    0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 16, 9, 0, 0,
		    0, 0, 0, 3, 0x02, 0x0a, 0xe4);
}

static void page_8f(void)
{
	start();
	CHECK_REASON(EMU(0x12, 1, 0x8f, 0, 0xff, 0), CST_OK);
	CHECK_BYTES(emu.in, 0, 0x8f, 0, 136,
		    0, 1, 0, 16, 13, 0x83, 3, 0x00, 0x01, 0x1c,
		    0x84, 6, 0x00, 0x01, 0x03, 0x04, 0x05, 0x06, 0, 0,
		    0, 4, 0, 28, 0, 0, 0, 0, 0, 16, 0, 255, 0, 0, 0x21, 0xe0);
	CHECK_BYTES(emu.in + 56, 0, 8, 0, 4, 3, 0x02, 0x0a, 0xe4,
		    0, 12, 0, 4, 0, 2, 0xff, 0xff,
		    0x80, 1, 0, 32, 0, 0, 0, 16, 0, 0, 0, 16, 0x10, 0, 0, 0, 9, 0);
	CHECK_BYTES(emu.in + 108, 0xc0, 1, 0, 28, 0, 0, 0, 0);
	CHECK_EQ(emu.cmd.data_len, 140);
}

static void a_good_copy_is_told(void)
{
	start();
	simple(3, 40, 5);
	CHECK_REASON(send(), CST_OK);
	CHECK_REASON(ASK4(0x05, 7, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 32);
	CHECK_BYTES(emu.in, 0, 0, 0, 28, 0x00, 0x01, 0, 2, 0xff, 0xff, 0xff, 0xfe,
		    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 1, 0, 0, 0, 0, 0, 0);
	CHECK_REASON(ASK1(0x04, 7, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_REASON(ASK1(0x00, 7, 0xff), CST_SENSE(INVALID_FIELD_IN_CDB));
	simple(3, 40, 5);
	CHECK_REASON(send(), CST_OK);
	CHECK_REASON(ASK1(0x01, 7, 0xff), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 0);
	CHECK_REASON(ASK1(0x00, 7, 0xff), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 8, 0x01, 0, 1, 0, 0, 0, 0x0a, 0);
	/* Once is enough. */
	CHECK_REASON(ASK1(0x00, 7, 0xff), CST_SENSE(INVALID_FIELD_IN_CDB));
	/* A segment of no blocks is processed too. */
	simple(3, 40, 5);
	put_segment(0, 0, 3, 40, 0);
	CHECK_REASON(send(), CST_OK);
	CHECK_REASON(ASK1(0x00, 7, 0xff), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 8, 0x01, 0, 2, 0, 0, 0, 0x0a, 0);
}

static void fail_the_third(void)
{
	if (++calls == 3)
		emu.io_error = -EIO;
}

static void a_failed_copy_is_told(void)
{
	start();
	put_header(true, 0x07, 0);
	put_cscd();
	put_segment(1, 1, 0, 40, 5);
	put_segment(1, 1, 10, 40, 5);
	calls = 0;
	emu.between_steps = fail_the_third;
	CHECK_REASON(send(), CST_SENSE(THIRD_PARTY_DEVICE_FAILURE));
	emu.between_steps = NULL;
	emu.io_error = 0;
	CHECK_EQ(emu.cmd.sense[11], 1);
	CHECK_REASON(ASK4(0x06, 7, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 32 + 20 + 4);
	CHECK_EQ(emu.in[4], 0x01);
	CHECK_EQ(emu.in[5], 0x02);
	CHECK_EQ(emu.in[12], 0x02);
	CHECK_EQ(emu.in[13], 20);
	CHECK_EQ(emu.in[14], 18);
	CHECK_EQ(emu.in[25], 2);
	CHECK_EQ(emu.in[32 + 2], 0x0a);
	CHECK_EQ(emu.in[32 + 12], 0x0d);
	CHECK_REASON(ASK1(0x04, 7, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 78);
	CHECK_EQ(emu.in[56], 0x02);
	CHECK_EQ(emu.in[59], 18);
	CHECK_EQ(emu.in[60 + 2], 0x0a);
	CHECK_REASON(ASK1(0x04, 7, 0xff), CST_SENSE(INVALID_FIELD_IN_CDB));
}

static void nothing_is_told_of_unlisted_ones(void)
{
	start();
	put_header(false, 0, 3);
	put_cscd();
	put_segment(0, 0, 3, 40, 5);
	CHECK_REASON(send(), CST_OK);
	CHECK_REASON(ASK1(0x00, 0, 0xff), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_EQ(emu.cmd.detail.field, 2);
}

static void the_oldest_are_forgotten(void)
{
	unsigned int i;

	start();
	for (i = 0; i < CST_COPY_KEPT + 2; i++) {
		simple(3, 40, 5);
		list[0] = i;
		CHECK_REASON(send(), CST_OK);
	}
	for (i = 0; i < CST_COPY_KEPT + 2; i++)
		CHECK_REASON(ASK1(0x01, i, 0xff),
			     i < 2 ? CST_SENSE(INVALID_FIELD_IN_CDB) : CST_OK);
}

#define COPY_ABORT(_id)	EMU(0x83, 0x1c, 0, 0, 0, _id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

/* However many others end meanwhile. */
static void one_that_runs_is_not_forgotten(void)
{
	struct cst_copy_list running = { .id = 99, .listed = true };
	struct cst_copy_status *status;
	unsigned int i;

	start();
	CHECK_REASON(cst_copy_begin(&emu.itl, &running, CST_COPY_LID1, &status), CST_OK);
	for (i = 0; i < CST_COPY_KEPT + 2; i++) {
		simple(3, 40, 5);
		list[0] = i;
		CHECK_REASON(send(), CST_OK);
	}
	CHECK(cst_copy_at(&emu.itl, status, 3));
	CHECK_REASON(ASK1(0x00, 99, 0xff), CST_OK);
	CHECK_EQ(emu.in[4], 0x00);
	CHECK_REASON(COPY_ABORT(99), CST_OK);
	CHECK(!cst_copy_at(&emu.itl, status, 3));
	/* Another one of this name is refused, and keeps no memory for itself meanwhile. */
	simple(3, 40, 5);
	list[0] = 99;
	CHECK_REASON(send(), CST_SENSE(OPERATION_IN_PROGRESS));
	CHECK(!emu.cmd.scratch_bvec);
	cst_copy_end(&emu.itl, status, SAM_STAT_GOOD, NULL, 0);
}

/* LIST IDENTIFIER of a copy that does not run: SPC-4 6.3 */
static void what_does_not_run_cannot_be_aborted(void)
{
	start();
	CHECK_INVALID(COPY_ABORT(7), 2, 7);
	simple(3, 40, 5);
	list[0] = 7;
	CHECK_REASON(send(), CST_OK);
	CHECK_INVALID(COPY_ABORT(7), 2, 7);
	CHECK_INVALID(COPY_ABORT(8), 2, 7);
	/* The copy that has ended is still known. */
	CHECK_REASON(ASK1(0x00, 7, 0xff), CST_OK);
	CHECK_EQ(emu.in[4], 0x01);
}

TEST_MAIN(T(a_segment_is_copied), T(the_unit_itself_needs_no_descriptor),
	  T(segments_are_copied_in_order), T(a_list_that_does_not_come),
	  T(overlapping_blocks_are_read_before_they_are_written), T(bytes_are_whole_blocks),
	  T(nothing_to_do), T(nothing_is_left_of_blocks), T(bytes_of_a_part_of_a_block),
	  T(a_list_that_is_cut_is_refused_whole), T(lengths_that_lie),
	  T(too_many), T(types_that_are_not_supported), T(units_that_cannot_be_reached),
	  T(a_header_is_no_unit), T(segments_that_are_too_long),
	  T(a_list_that_is_too_long), T(other_kinds_of_units), T(a_unit_that_refuses),
	  T(segments_beyond_the_end), T(one_that_runs_is_not_forgotten),
	  T(what_does_not_run_cannot_be_aborted),
	  T(what_is_missing_is_told), T(a_unit_attention_stays_for_the_initiator),
	  T(one_that_comes_in_between_does_too), T(an_abort_ends_it_between_two_steps),
	  T(ordered_ones_do_not_wait_for_themselves), T(without_memory), T(limits), T(page_8f),
	  T(whole_units_are_copied_by_the_handler), T(the_handler_copies_long_pieces),
	  T(what_the_handler_cannot_copy), T(without_a_cache_the_copy_is_durable),
	  T(the_handler_copies_only_what_is_allowed),
	  T(the_handler_writes_within_a_range),
	  T(a_good_copy_is_told), T(a_failed_copy_is_told), T(nothing_is_told_of_unlisted_ones),
	  T(the_oldest_are_forgotten))
