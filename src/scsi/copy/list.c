// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter list of EXTENDED COPY: SPC-4 6.4.2 to 6.4.6.
 *
 * extended_copy.c calls in.  The whole list is checked before anything is copied, so a list
 * with an error in it does nothing.  Pure: also compiled in user space.
 */
#include <linux/kernel.h>
#include <linux/unaligned.h>

#include "copy.h"

/* Byte 1 of the header */
#define CST_LIST_ID_USAGE(b)	((b) >> 3 & 3)
#define CST_LIST_ID_HOLD	0
#define CST_LIST_ID_DISCARD	2
#define CST_LIST_ID_NONE	3

/* Sense about a whole descriptor, or a field of one, at byte @byte of the list. */
static cst_sense_t cst_copy_wrong(struct cst_sense_detail *detail, unsigned int byte,
				  cst_sense_t reason)
{
	detail->field = byte;
	detail->field_valid = true;
	return reason;
}

static cst_sense_t cst_copy_check_usage(const u8 *buf, unsigned int id_byte,
					struct cst_copy_list *list,
					struct cst_sense_detail *detail)
{
	switch (CST_LIST_ID_USAGE(buf[1])) {
	case CST_LIST_ID_HOLD:
	case CST_LIST_ID_DISCARD:
		list->listed = true;
		return CST_OK;
	case CST_LIST_ID_NONE:
		list->listed = false;
		return list->id ? cst_list_invalid(detail, id_byte, 7) : CST_OK;
	default:
		return cst_list_invalid(detail, 1, 4);
	}
}

/* The lengths of the lists of descriptors, and of the inline data. */
struct cst_copy_lengths {
	u32	header;
	u32	cscds;
	u32	segments;
	u32	inline_data;
};

static cst_sense_t cst_copy_header_lid1(const u8 *buf, struct cst_copy_lengths *lengths,
					struct cst_copy_list *list,
					struct cst_sense_detail *detail)
{
	list->id = buf[0];
	list->first_cscd = 0;
	lengths->cscds = get_unaligned_be16(buf + 2);
	lengths->segments = get_unaligned_be32(buf + 8);
	lengths->inline_data = get_unaligned_be32(buf + 12);
	return cst_copy_check_usage(buf, 0, list, detail);
}

static cst_sense_t cst_copy_header_lid4(const u8 *buf, struct cst_copy_lengths *lengths,
					struct cst_copy_list *list,
					struct cst_sense_detail *detail)
{
	if (buf[0] != 0x01)			/* PARAMETER LIST FORMAT */
		return cst_list_invalid(detail, 0, 7);
	if (get_unaligned_be16(buf + 2) != CST_CSCD_SIZE)	/* of the rest of the header */
		return cst_list_invalid(detail, 2, 7);
	/* G_SENSE is not supported.  IMMED is taken as 0, as SPC-4 5.17.4.3 allows. */
	if (buf[15] & 0x01)
		return cst_list_invalid(detail, 15, 0);
	if (buf[16] != 0xff)			/* HEADER CSCD DESCRIPTOR TYPE CODE */
		return cst_list_invalid(detail, 16, 7);
	list->id = get_unaligned_be32(buf + 20);
	list->first_cscd = 1;
	lengths->cscds = get_unaligned_be16(buf + 42);
	lengths->segments = get_unaligned_be16(buf + 44);
	lengths->inline_data = get_unaligned_be16(buf + 46);
	return cst_copy_check_usage(buf, 20, list, detail);
}

static cst_sense_t cst_copy_check_cscds(const u8 *buf, const struct cst_copy_lengths *lengths,
					struct cst_sense_detail *detail)
{
	u32 at = lengths->header, end = at + lengths->cscds;

	for (; at < end; at += CST_CSCD_SIZE) {
		const u8 *d = buf + at;

		if (d[0] != CST_CSCD_IDENTIFICATION)
			return cst_copy_wrong(detail, at,
					      CST_SENSE(UNSUPPORTED_TARGET_DESCRIPTOR_TYPE_CODE));
		/* DESIGNATOR LENGTH, of a field of 20 bytes */
		if (d[7] > 20)
			return cst_list_invalid(detail, at + 7, 7);
	}
	return CST_OK;
}

static cst_sense_t cst_copy_check_segment(const u8 *buf, u32 at, u32 end, u32 *size,
					  struct cst_sense_detail *detail)
{
	if (end - at < 4)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	switch (buf[at]) {
	case CST_SEGMENT_BLOCKS:
		*size = 28;
		break;
	case CST_SEGMENT_BYTES:
		*size = 32;
		break;
	default:
		return cst_copy_wrong(detail, at,
				      CST_SENSE(UNSUPPORTED_SEGMENT_DESCRIPTOR_TYPE_CODE));
	}
	if (get_unaligned_be16(buf + at + 2) != *size - 4)
		return cst_list_invalid(detail, at + 2, 7);
	return end - at < *size ? CST_SENSE(PARAMETER_LIST_LENGTH_ERROR) : CST_OK;
}

static cst_sense_t cst_copy_check_segments(const u8 *buf, const struct cst_copy_lengths *lengths,
					   struct cst_copy_list *list,
					   struct cst_sense_detail *detail)
{
	u32 at = lengths->header + lengths->cscds, end = at + lengths->segments, size;
	cst_sense_t reason;

	for (list->nr_segments = 0; at < end; at += size) {
		if (list->nr_segments++ == CST_COPY_MAX_SEGMENTS)
			return CST_SENSE(TOO_MANY_SEGMENT_DESCRIPTORS);
		reason = cst_copy_check_segment(buf, at, end, &size, detail);
		if (reason)
			return reason;
	}
	return CST_OK;
}

cst_sense_t cst_copy_list_parse(const u8 *buf, u32 len, u8 service_action,
				struct cst_copy_list *list,
				struct cst_sense_detail *detail)
{
	bool lid4 = service_action == CST_COPY_LID4;
	struct cst_copy_lengths lengths = {
		.header = lid4 ? CST_COPY_HEADER_LID4 : CST_COPY_HEADER_LID1,
	};
	cst_sense_t reason;

	if (len < lengths.header)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	reason = lid4 ? cst_copy_header_lid4(buf, &lengths, list, detail) :
			cst_copy_header_lid1(buf, &lengths, list, detail);
	if (reason)
		return reason;
	/* Each length is looked at by itself first, so that no sum wraps. */
	if (lengths.segments > CST_COPY_LIST_MAX ||
	    lengths.cscds + lengths.segments > CST_COPY_LIST_MAX ||
	    lengths.header + lengths.cscds + lengths.segments > len)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	if (lengths.inline_data)
		return cst_copy_wrong(detail, lid4 ? 46 : 12,
				      CST_SENSE(INLINE_DATA_LENGTH_EXCEEDED));
	if (lengths.cscds % CST_CSCD_SIZE)
		return cst_list_invalid(detail, lid4 ? 42 : 2, 7);
	if (lengths.cscds > CST_COPY_MAX_CSCDS * CST_CSCD_SIZE)
		return CST_SENSE(TOO_MANY_TARGET_DESCRIPTORS);
	list->cscds = buf + CST_COPY_HEADER_LID1;
	list->end_cscd = list->first_cscd + lengths.cscds / CST_CSCD_SIZE;
	list->segments = buf + lengths.header + lengths.cscds;
	reason = cst_copy_check_cscds(buf, &lengths, detail);
	return reason ?: cst_copy_check_segments(buf, &lengths, list, detail);
}

const u8 *cst_copy_segment_get(const u8 *d, struct cst_copy_segment *segment)
{
	*segment = (struct cst_copy_segment){
		.source = get_unaligned_be16(d + 4),
		.destination = get_unaligned_be16(d + 6),
		.source_lba = get_unaligned_be64(d + 12),
		.destination_lba = get_unaligned_be64(d + 20),
	};
	if (d[0] == CST_SEGMENT_BYTES) {
		segment->bytes = get_unaligned_be32(d + 8);
		segment->source_offset = get_unaligned_be16(d + 28);
		segment->destination_offset = get_unaligned_be16(d + 30);
	} else {
		segment->blocks = get_unaligned_be16(d + 10);
	}
	return d + 4 + get_unaligned_be16(d + 2);
}
