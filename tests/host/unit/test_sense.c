// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>

#include "emu.h"
#include "test.h"

/* Peripheral device types, SPC-5 6.7.2. */
#define DISK		0x00
#define TAPE		0x01
#define PROCESSOR	0x03

static void fixed_format_has_18_bytes(void)
{
	u8 buf[32];

	memset(buf, 0xee, sizeof(buf));
	CHECK_EQ(cst_sense_build(buf, sizeof(buf), false, DISK,
				 CST_SENSE(LBA_OUT_OF_RANGE), NULL), 18);
	CHECK_BYTES(buf, 0x70, 0, 0x05, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0x21, 0x00,
		    0, 0, 0, 0, 0xee);
}

static void fixed_format_points_at_a_bit_of_the_cdb(void)
{
	struct cst_sense_detail detail = {
		.field = 0x0102, .bit = 5, .field_valid = true,
		.field_in_cdb = true, .bit_valid = true,
	};
	u8 buf[18];

	cst_sense_build(buf, sizeof(buf), false, DISK,
			CST_SENSE(INVALID_FIELD_IN_CDB), &detail);
	CHECK_BYTES(buf, 0x70, 0, 0x05, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0x24, 0x00,
		    0, 0xcd, 0x01, 0x02);

	detail.field_in_cdb = false;
	detail.bit_valid = false;
	cst_sense_build(buf, sizeof(buf), false, DISK,
			CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST), &detail);
	CHECK_BYTES(buf + 15, 0x80, 0x01, 0x02);
}

static void the_field_pointer_is_only_for_illegal_requests(void)
{
	struct cst_sense_detail detail = { .field = 2, .field_valid = true };
	u8 buf[32];

	cst_sense_build(buf, sizeof(buf), false, DISK, CST_SENSE(WRITE_ERROR), &detail);
	CHECK_BYTES(buf + 15, 0, 0, 0);
	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, DISK, CST_SENSE(WRITE_ERROR),
				 &detail), 8);
}

static void fixed_format_tells_information_that_fits(void)
{
	struct cst_sense_detail detail = {
		.info = 0xfffffffe, .info_valid = true,
	};
	u8 buf[18];

	cst_sense_build(buf, sizeof(buf), false, DISK,
			CST_SENSE(UNRECOVERED_READ_ERROR), &detail);
	CHECK_BYTES(buf, 0xf0, 0, 0x03, 0xff, 0xff, 0xff, 0xfe, 0x0a);

	detail.info = 0x100000000ULL;
	cst_sense_build(buf, sizeof(buf), false, DISK,
			CST_SENSE(UNRECOVERED_READ_ERROR), &detail);
	CHECK_BYTES(buf, 0x70, 0, 0x03, 0, 0, 0, 0, 0x0a);
}

static void descriptor_format(void)
{
	struct cst_sense_detail detail = {
		.info = 0x0123456789abcdefULL, .info_valid = true,
		.field = 1, .bit = 7, .field_valid = true,
		.field_in_cdb = true, .bit_valid = true,
	};
	u8 buf[32];

	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, DISK, CST_OK, NULL), 8);
	CHECK_BYTES(buf, 0x72, 0, 0, 0, 0, 0, 0, 0);

	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, DISK,
				 CST_SENSE(INVALID_FIELD_IN_CDB), &detail), 28);
	CHECK_BYTES(buf, 0x72, 0x05, 0x24, 0x00, 0, 0, 0, 20,
		    0x00, 0x0a, 0x80, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
		    0xcd, 0xef,
		    0x02, 0x06, 0, 0, 0xcf, 0x00, 0x01, 0);
}

/* SPC-5 4.4.2.4.4: the progress indication. */
static void progress_is_told_while_not_ready(void)
{
	struct cst_sense_detail detail = {
		.progress = 0x8001, .progress_valid = true,
		.field = 0x0102, .field_valid = true,
	};
	u8 buf[32];

	cst_sense_build(buf, sizeof(buf), false, DISK, CST_SENSE(NOT_READY), &detail);
	CHECK_BYTES(buf, 0x70, 0, 0x02, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0x04, 0x00,
		    0, 0x80, 0x80, 0x01);
	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, DISK, CST_OK, &detail), 16);
	CHECK_BYTES(buf, 0x72, 0x00, 0, 0, 0, 0, 0, 8,
		    0x02, 0x06, 0, 0, 0x80, 0x80, 0x01, 0);

	/* With other sense keys these bytes have another meaning, or none. */
	cst_sense_build(buf, sizeof(buf), false, DISK, CST_SENSE(WRITE_ERROR), &detail);
	CHECK_BYTES(buf + 15, 0, 0, 0);
	cst_sense_build(buf, sizeof(buf), false, DISK, CST_SENSE(INVALID_FIELD_IN_CDB),
			&detail);
	CHECK_BYTES(buf + 15, 0x80, 0x01, 0x02);
}

/* SPC-5 4.4.3: each of them is a bit of byte 2. */
static void fixed_format_has_filemark_eom_and_ili(void)
{
	struct cst_sense_detail detail = { .filemark = true };
	u8 buf[18];

	cst_sense_build(buf, sizeof(buf), false, TAPE, CST_OK, &detail);
	CHECK_BYTES(buf, 0x70, 0, 0x80);
	detail = (struct cst_sense_detail){ .eom = true };
	cst_sense_build(buf, sizeof(buf), false, TAPE, CST_OK, &detail);
	CHECK_BYTES(buf, 0x70, 0, 0x40);
	/* The block was 512 bytes shorter than asked for. */
	detail = (struct cst_sense_detail){
		.ili = true, .info = 0x200, .info_valid = true,
	};
	cst_sense_build(buf, sizeof(buf), false, TAPE, CST_OK, &detail);
	CHECK_BYTES(buf, 0xf0, 0, 0x20, 0, 0, 0x02, 0x00, 0x0a, 0, 0, 0, 0, 0, 0);
	detail.filemark = true;
	detail.eom = true;
	cst_sense_build(buf, sizeof(buf), false, DISK, CST_SENSE(WRITE_ERROR), &detail);
	CHECK_BYTES(buf, 0xf0, 0, 0xe3);
}

/* SPC-5 4.4.2.5 and 4.4.2.6: the descriptor depends on the commands of the device type. */
static void descriptor_format_has_them_by_the_type(void)
{
	struct cst_sense_detail detail = {
		.filemark = true, .eom = true, .ili = true,
		.info = 0xfffffffffffffe00ULL, .info_valid = true,
	};
	static const u8 of_blocks[] = { 0x00, 0x04, 0x05, 0x07, 0x0e, 0x14 };
	u8 buf[32];
	unsigned int i;

	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, TAPE, CST_OK, &detail), 24);
	CHECK_BYTES(buf, 0x72, 0x00, 0, 0, 0, 0, 0, 16,
		    0x00, 0x0a, 0x80, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x00,
		    0x04, 0x02, 0x00, 0xe0);
	detail.info_valid = false;
	for (i = 0; i < ARRAY_SIZE(of_blocks); i++) {
		CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, of_blocks[i], CST_OK,
					 &detail), 12);
		CHECK_BYTES(buf, 0x72, 0x00, 0, 0, 0, 0, 0, 4, 0x05, 0x02, 0x00, 0x20);
	}
	detail.ili = false;
	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, DISK, CST_OK, &detail), 8);
	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, PROCESSOR, CST_OK, &detail), 12);
	CHECK_BYTES(buf + 8, 0x04, 0x02, 0x00, 0xc0);
}

static void all_descriptors_fit(void)
{
	struct cst_sense_detail detail = {
		.eom = true, .info = 1, .info_valid = true,
		.field = 2, .field_valid = true, .deferred = true,
	};
	u8 buf[CST_SENSE_DESC_SIZE];

	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, TAPE,
				 CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST), &detail), 32);
	CHECK_BYTES(buf, 0x73, 0x05, 0x26, 0x00, 0, 0, 0, 24,
		    0x00, 0x0a, 0x80, 0x00, 0, 0, 0, 0, 0, 0, 0, 1,
		    0x02, 0x06, 0, 0, 0x80, 0x00, 0x02, 0,
		    0x04, 0x02, 0x00, 0x40);
}

static void deferred_errors_have_codes_of_their_own(void)
{
	struct cst_sense_detail detail = { .deferred = true };
	u8 buf[18];

	cst_sense_build(buf, sizeof(buf), false, DISK, CST_SENSE(WRITE_ERROR), &detail);
	CHECK_BYTES(buf, 0x71, 0, 0x03);
	cst_sense_build(buf, sizeof(buf), true, DISK, CST_SENSE(WRITE_ERROR), &detail);
	CHECK_BYTES(buf, 0x73, 0x03, 0x0c, 0x00);
	detail.info_valid = true;
	cst_sense_build(buf, sizeof(buf), false, DISK, CST_SENSE(WRITE_ERROR), &detail);
	CHECK_BYTES(buf, 0xf1, 0, 0x03);
}

static void what_does_not_fit_is_cut_off(void)
{
	u8 buf[8];

	memset(buf, 0xee, sizeof(buf));
	CHECK_EQ(cst_sense_build(buf, 4, false, DISK, CST_SENSE(NOT_READY), NULL), 4);
	CHECK_BYTES(buf, 0x70, 0, 0x02, 0, 0xee);
}

static void what_is_no_sense_has_no_sense(void)
{
	const struct cst_sense_code *code = cst_sense_code(CST_PENDING);

	CHECK_EQ(code->key, 0);
	CHECK_EQ(code->asc, 0);
	CHECK_STR(cst_sense_name(CST_BUSY), "BUSY");
	CHECK_STR(cst_sense_name(CST_OK), "OK");
	CHECK_STR(cst_sense_name(CST_SENSE(MISCOMPARE_DURING_VERIFY)),
		  "MISCOMPARE_DURING_VERIFY");
	CHECK_STR(cst_sense_name((cst_sense_t)9999), "?");
	CHECK_STR(cst_sense_name((cst_sense_t)CST_SENSE_IDX_NR), "?");
}

static void every_reason_has_a_key_and_a_name(void)
{
	u32 i;

	for (i = CST_SENSE_IDX_NONE + 1; i < CST_SENSE_IDX_NR; i++) {
		CHECK(cst_sense_code((cst_sense_t)i)->key != 0);
		CHECK(strcmp(cst_sense_name((cst_sense_t)i), "?"));
	}
}

static void errno_becomes_sense(void)
{
	static const struct {
		int error;
		cst_sense_t read, write;
	} map[] = {
		{ 0, CST_OK, CST_OK },
		{ -EIO, CST_SENSE(UNRECOVERED_READ_ERROR), CST_SENSE(WRITE_ERROR) },
		{ -ENODATA, CST_SENSE(UNRECOVERED_READ_ERROR),
		  CST_SENSE(WRITE_ERROR) },
		{ -ENOSPC, CST_SENSE(SPACE_ALLOCATION_FAILED),
		  CST_SENSE(SPACE_ALLOCATION_FAILED) },
		{ -EDQUOT, CST_SENSE(SPACE_ALLOCATION_FAILED),
		  CST_SENSE(SPACE_ALLOCATION_FAILED) },
		{ -EROFS, CST_SENSE(LU_COMMUNICATION_FAILURE),
		  CST_SENSE(WRITE_PROTECTED) },
		{ -ENOMEDIUM, CST_SENSE(MEDIUM_NOT_PRESENT),
		  CST_SENSE(MEDIUM_NOT_PRESENT) },
		{ -ENODEV, CST_SENSE(LU_OFFLINE), CST_SENSE(LU_OFFLINE) },
		{ -ENXIO, CST_SENSE(LU_OFFLINE), CST_SENSE(LU_OFFLINE) },
		{ -ENOLINK, CST_SENSE(LU_COMMUNICATION_FAILURE),
		  CST_SENSE(LU_COMMUNICATION_FAILURE) },
		{ -EPIPE, CST_SENSE(LU_COMMUNICATION_FAILURE),
		  CST_SENSE(LU_COMMUNICATION_FAILURE) },
		{ -ETIMEDOUT, CST_SENSE(LU_COMMUNICATION_TIMEOUT),
		  CST_SENSE(LU_COMMUNICATION_TIMEOUT) },
		{ -ETIME, CST_SENSE(LU_COMMUNICATION_TIMEOUT),
		  CST_SENSE(LU_COMMUNICATION_TIMEOUT) },
		{ -EILSEQ, CST_SENSE(GUARD_CHECK_FAILED), CST_SENSE(GUARD_CHECK_FAILED) },
		{ -EBADE, CST_RESERVATION_CONFLICT, CST_RESERVATION_CONFLICT },
		{ -EREMOTEIO, CST_SENSE(INTERNAL_TARGET_FAILURE),
		  CST_SENSE(INTERNAL_TARGET_FAILURE) },
		{ -EOPNOTSUPP, CST_SENSE(INTERNAL_TARGET_FAILURE),
		  CST_SENSE(INTERNAL_TARGET_FAILURE) },
		{ -ENOMEM, CST_BUSY, CST_BUSY },
		{ -ECANCELED, CST_SENSE(COMMAND_ABORTED),
		  CST_SENSE(COMMAND_ABORTED) },
		{ -EINVAL, CST_SENSE(INTERNAL_TARGET_FAILURE),
		  CST_SENSE(INTERNAL_TARGET_FAILURE) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(map); i++) {
		CHECK_REASON(cst_sense_from_errno(map[i].error, false),
			     map[i].read);
		CHECK_REASON(cst_sense_from_errno(map[i].error, true),
			     map[i].write);
	}
}

TEST_MAIN(T(fixed_format_has_18_bytes),
	  T(fixed_format_points_at_a_bit_of_the_cdb),
	  T(the_field_pointer_is_only_for_illegal_requests),
	  T(fixed_format_tells_information_that_fits),
	  T(descriptor_format),
	  T(progress_is_told_while_not_ready),
	  T(fixed_format_has_filemark_eom_and_ili),
	  T(descriptor_format_has_them_by_the_type),
	  T(all_descriptors_fit),
	  T(deferred_errors_have_codes_of_their_own),
	  T(what_does_not_fit_is_cut_off),
	  T(what_is_no_sense_has_no_sense),
	  T(every_reason_has_a_key_and_a_name),
	  T(errno_becomes_sense))
