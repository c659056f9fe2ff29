// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sense reasons: their codes, their wire formats, and the one bridge from errno.
 *
 * status.c, REQUEST SENSE and the emulation call in.  Pure: also compiled in
 * user space.
 */
#include <linux/kernel.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include <cst/sense.h>

#define CST_SENSE_KEY_ILLEGAL_REQUEST	0x5

#define CST_SENSE_CODE(_name, _key, _asc, _ascq)			\
	[CST_SENSE_IDX_##_name] = { .key = (_key), .asc = (_asc), .ascq = (_ascq) },
static const struct cst_sense_code cst_sense_codes[CST_SENSE_IDX_NR] = {
	CST_SENSE_LIST(CST_SENSE_CODE)
};

#define CST_SENSE_TEXT(_name, _key, _asc, _ascq)			\
	[CST_SENSE_IDX_##_name] = #_name,
static const char *const cst_sense_names[] = {
	[CST_SENSE_IDX_NONE] = "OK",
	CST_SENSE_LIST(CST_SENSE_TEXT)
	[CST_SENSE_IDX_PENDING] = "PENDING",
	[CST_SENSE_IDX_WOULD_BLOCK] = "WOULD_BLOCK",
	[CST_SENSE_IDX_BUSY] = "BUSY",
	[CST_SENSE_IDX_TASK_SET_FULL] = "TASK_SET_FULL",
	[CST_SENSE_IDX_RESERVATION_CONFLICT] = "RESERVATION_CONFLICT",
};

/**
 * cst_sense_code() - key, additional sense code and qualifier of a reason
 * @reason: any; what is not sense has NO SENSE
 */
const struct cst_sense_code *cst_sense_code(cst_sense_t reason)
{
	u32 idx = (__force u32)reason;

	return &cst_sense_codes[idx < CST_SENSE_IDX_NR ? idx :
						      CST_SENSE_IDX_NONE];
}
EXPORT_SYMBOL_GPL(cst_sense_code);

/**
 * cst_sense_name() - a reason's name, for messages
 * @reason: any
 */
const char *cst_sense_name(cst_sense_t reason)
{
	u32 idx = (__force u32)reason;

	if (idx >= ARRAY_SIZE(cst_sense_names) || !cst_sense_names[idx])
		return "?";
	return cst_sense_names[idx];
}
EXPORT_SYMBOL_GPL(cst_sense_name);

/* The three sense key specific bytes: a field pointer, SPC-5 4.4.2.4.2. */
static void cst_sense_field_pointer(u8 *sks,
				    const struct cst_sense_detail *detail)
{
	sks[0] = 0x80;					/* SKSV */
	if (detail->field_in_cdb)
		sks[0] |= 0x40;				/* C/D */
	if (detail->bit_valid)
		sks[0] |= 0x08 | (detail->bit & 0x07);	/* BPV, BIT POINTER */
	put_unaligned_be16(detail->field, sks + 1);
}

/* SPC-5 4.4.3; INFORMATION has 32 bits, a larger value cannot be told. */
static unsigned int cst_sense_fixed(u8 *sense, const struct cst_sense_code *code,
				    const struct cst_sense_detail *detail)
{
	sense[0] = 0x70;
	sense[2] = code->key;
	sense[7] = CST_SENSE_SIZE - 8;
	sense[12] = code->asc;
	sense[13] = code->ascq;
	if (detail->info_valid && detail->info <= U32_MAX) {
		sense[0] |= 0x80;			/* VALID */
		put_unaligned_be32(detail->info, sense + 3);
	}
	if (detail->field_valid && code->key == CST_SENSE_KEY_ILLEGAL_REQUEST)
		cst_sense_field_pointer(sense + 15, detail);
	return CST_SENSE_SIZE;
}

/* SPC-5 4.4.2 */
static unsigned int cst_sense_descriptors(u8 *sense,
					  const struct cst_sense_code *code,
					  const struct cst_sense_detail *detail)
{
	unsigned int len = 8;

	sense[0] = 0x72;
	sense[1] = code->key;
	sense[2] = code->asc;
	sense[3] = code->ascq;
	if (detail->info_valid) {
		sense[len] = 0x00;			/* information */
		sense[len + 1] = 0x0a;
		sense[len + 2] = 0x80;			/* VALID */
		put_unaligned_be64(detail->info, sense + len + 4);
		len += 12;
	}
	if (detail->field_valid && code->key == CST_SENSE_KEY_ILLEGAL_REQUEST) {
		sense[len] = 0x02;			/* sense key specific */
		sense[len + 1] = 0x06;
		cst_sense_field_pointer(sense + len + 4, detail);
		len += 8;
	}
	sense[7] = len - 8;
	return len;
}

/**
 * cst_sense_build() - write sense data of a current error
 * @buf: where to
 * @size: of @buf; what does not fit is cut off
 * @descriptor: descriptor format, else fixed format
 * @reason: any; CST_OK gives NO SENSE
 * @detail: what to say besides, or NULL
 *
 * Return: bytes written.
 */
unsigned int cst_sense_build(u8 *buf, unsigned int size, bool descriptor,
			     cst_sense_t reason,
			     const struct cst_sense_detail *detail)
{
	static const struct cst_sense_detail nothing;
	const struct cst_sense_code *code = cst_sense_code(reason);
	u8 sense[CST_SENSE_DESC_SIZE] = {};
	unsigned int len;

	if (!detail)
		detail = &nothing;
	len = descriptor ? cst_sense_descriptors(sense, code, detail) :
			   cst_sense_fixed(sense, code, detail);
	if (len > size)
		len = size;
	memcpy(buf, sense, len);
	return len;
}
EXPORT_SYMBOL_GPL(cst_sense_build);

/**
 * cst_sense_from_errno() - what to tell the initiator when a backend failed
 * @error: 0 or a negative errno
 * @write: the medium was to be written
 *
 * What may go better next time is BUSY, which initiators repeat; where the
 * medium itself failed is a medium error; where the way to it failed, the unit
 * does not communicate.  The rest is ours.
 */
cst_sense_t cst_sense_from_errno(int error, bool write)
{
	switch (-error) {
	case 0:
		return CST_OK;
	case EIO:
	case ENODATA:		/* the block layer's medium error */
	case EILSEQ:		/* ... and its protection error */
	case EBADMSG:		/* a file system's checksum error */
	case EUCLEAN:		/* a file system's corruption */
		return write ? CST_SENSE(WRITE_ERROR) :
			       CST_SENSE(UNRECOVERED_READ_ERROR);
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return CST_SENSE(SPACE_ALLOCATION_FAILED);
	case EROFS:
	case EPERM:
	case EACCES:
		return write ? CST_SENSE(WRITE_PROTECTED) :
			       CST_SENSE(LU_COMMUNICATION_FAILURE);
	case ENOMEDIUM:
		return CST_SENSE(MEDIUM_NOT_PRESENT);
	case ENODEV:
	case ENXIO:
	case ENOLINK:
	case EREMOTEIO:
	case ETIMEDOUT:
	case ESTALE:
	case EPIPE:
	case ENOTCONN:
	case ECONNRESET:
	case EHOSTUNREACH:
	case ESHUTDOWN:
		return CST_SENSE(LU_COMMUNICATION_FAILURE);
	case ENOMEM:
	case EAGAIN:
	case EBUSY:
	case EINTR:
		return CST_BUSY;
	case ECANCELED:
		return CST_SENSE(COMMAND_ABORTED);
	default:
		return CST_SENSE(INTERNAL_TARGET_FAILURE);
	}
}
EXPORT_SYMBOL_GPL(cst_sense_from_errno);
