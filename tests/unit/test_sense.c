// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>

#include "emu.h"
#include "test.h"

static void fixed_format_has_18_bytes(void)
{
	u8 buf[32];

	memset(buf, 0xee, sizeof(buf));
	CHECK_EQ(cst_sense_build(buf, sizeof(buf), false,
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

	cst_sense_build(buf, sizeof(buf), false,
			CST_SENSE(INVALID_FIELD_IN_CDB), &detail);
	CHECK_BYTES(buf, 0x70, 0, 0x05, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0x24, 0x00,
		    0, 0xcd, 0x01, 0x02);

	detail.field_in_cdb = false;
	detail.bit_valid = false;
	cst_sense_build(buf, sizeof(buf), false,
			CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST), &detail);
	CHECK_BYTES(buf + 15, 0x80, 0x01, 0x02);
}

static void the_field_pointer_is_only_for_illegal_requests(void)
{
	struct cst_sense_detail detail = { .field = 2, .field_valid = true };
	u8 buf[32];

	cst_sense_build(buf, sizeof(buf), false, CST_SENSE(WRITE_ERROR), &detail);
	CHECK_BYTES(buf + 15, 0, 0, 0);
	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, CST_SENSE(WRITE_ERROR),
				 &detail), 8);
}

static void fixed_format_tells_information_that_fits(void)
{
	struct cst_sense_detail detail = {
		.info = 0xfffffffe, .info_valid = true,
	};
	u8 buf[18];

	cst_sense_build(buf, sizeof(buf), false,
			CST_SENSE(UNRECOVERED_READ_ERROR), &detail);
	CHECK_BYTES(buf, 0xf0, 0, 0x03, 0xff, 0xff, 0xff, 0xfe, 0x0a);

	detail.info = 0x100000000ULL;
	cst_sense_build(buf, sizeof(buf), false,
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

	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true, CST_OK, NULL), 8);
	CHECK_BYTES(buf, 0x72, 0, 0, 0, 0, 0, 0, 0);

	CHECK_EQ(cst_sense_build(buf, sizeof(buf), true,
				 CST_SENSE(INVALID_FIELD_IN_CDB), &detail), 28);
	CHECK_BYTES(buf, 0x72, 0x05, 0x24, 0x00, 0, 0, 0, 20,
		    0x00, 0x0a, 0x80, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
		    0xcd, 0xef,
		    0x02, 0x06, 0, 0, 0xcf, 0x00, 0x01, 0);
}

static void what_does_not_fit_is_cut_off(void)
{
	u8 buf[8];

	memset(buf, 0xee, sizeof(buf));
	CHECK_EQ(cst_sense_build(buf, 4, false, CST_SENSE(NOT_READY), NULL), 4);
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
		{ -ENODEV, CST_SENSE(LU_COMMUNICATION_FAILURE),
		  CST_SENSE(LU_COMMUNICATION_FAILURE) },
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
	  T(what_does_not_fit_is_cut_off),
	  T(what_is_no_sense_has_no_sense),
	  T(every_reason_has_a_key_and_a_name),
	  T(errno_becomes_sense))
