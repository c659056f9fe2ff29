// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sense reasons: their codes, their wire formats, and the one conversion from errno.
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

#define CST_SENSE_KEY_NO_SENSE		0x0
#define CST_SENSE_KEY_NOT_READY		0x2
#define CST_SENSE_KEY_ILLEGAL_REQUEST	0x5
#define CST_SENSE_KEY_COPY_ABORTED	0xa

/* RESPONSE CODE of current errors, SPC-5 4.4.1; plus 1: of deferred errors */
#define CST_SENSE_FIXED			0x70
#define CST_SENSE_DESCRIPTORS		0x72

/* Byte 2 of fixed format, byte 3 of the descriptors of stream and block commands */
#define CST_SENSE_FILEMARK		0x80
#define CST_SENSE_EOM			0x40
#define CST_SENSE_ILI			0x20

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
	[CST_SENSE_IDX_CONDITION_MET] = "CONDITION_MET",
	[CST_SENSE_IDX_RESERVATION_CONFLICT] = "RESERVATION_CONFLICT",
	[CST_SENSE_IDX_ACA_ACTIVE] = "ACA_ACTIVE",
};

/**
 * cst_sense_code() - get key, additional sense code and qualifier of a reason
 * @reason: any; a reason that is not sense has NO SENSE
 */
const struct cst_sense_code *cst_sense_code(cst_sense_t reason)
{
	u32 idx = (__force u32)reason;

	return &cst_sense_codes[idx < CST_SENSE_IDX_NR ? idx :
						      CST_SENSE_IDX_NONE];
}
EXPORT_SYMBOL_GPL(cst_sense_code);

/**
 * cst_sense_name() - get a reason's name, for messages
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

/* The pointer to a field and to a bit of it. */
static void cst_sense_pointer(u8 *sks, const struct cst_sense_detail *detail)
{
	if (detail->bit_valid)
		sks[0] |= 0x08 | (detail->bit & 0x07);		/* BPV, BIT POINTER */
	put_unaligned_be16(detail->field, sks + 1);
}

/*
 * Write the three sense key specific bytes (SPC-5 4.4.2.4): a field pointer, a segment
 * pointer or a progress indication, depending on the sense key.  Return: whether there is
 * one of these.
 */
static bool cst_sense_key_specific(u8 *sks, const struct cst_sense_code *code,
				   const struct cst_sense_detail *detail)
{
	switch (code->key) {
	case CST_SENSE_KEY_ILLEGAL_REQUEST:
		if (!detail->field_valid)
			return false;
		sks[0] = 0x80;					/* SKSV */
		if (detail->field_in_cdb)
			sks[0] |= 0x40;				/* C/D */
		cst_sense_pointer(sks, detail);
		return true;
	case CST_SENSE_KEY_COPY_ABORTED:
		if (!detail->field_valid)
			return false;
		sks[0] = 0x80;					/* SKSV */
		if (detail->field_in_segment)
			sks[0] |= 0x20;				/* SD */
		cst_sense_pointer(sks, detail);
		return true;
	case CST_SENSE_KEY_NO_SENSE:
	case CST_SENSE_KEY_NOT_READY:
		if (!detail->progress_valid)
			return false;
		sks[0] = 0x80;					/* SKSV */
		put_unaligned_be16(detail->progress, sks + 1);
		return true;
	default:
		return false;
	}
}

static u8 cst_sense_marks(const struct cst_sense_detail *detail)
{
	return (detail->filemark ? CST_SENSE_FILEMARK : 0) |
	       (detail->eom ? CST_SENSE_EOM : 0) |
	       (detail->ili ? CST_SENSE_ILI : 0);
}

/* SPC-5 4.4.3.  INFORMATION has 32 bits; a larger value is left out. */
static unsigned int cst_sense_fixed(u8 *sense, const struct cst_sense_code *code,
				    const struct cst_sense_detail *detail)
{
	sense[0] = CST_SENSE_FIXED + detail->deferred;
	sense[2] = code->key | cst_sense_marks(detail);
	sense[7] = CST_SENSE_SIZE - 8;
	sense[12] = code->asc;
	sense[13] = code->ascq;
	if (detail->info_valid && detail->info <= U32_MAX) {
		sense[0] |= 0x80;			/* VALID */
		put_unaligned_be32(detail->info, sense + 3);
	}
	if (detail->specific_valid)
		put_unaligned_be32(detail->specific, sense + 8);
	cst_sense_key_specific(sense + 15, code, detail);
	return CST_SENSE_SIZE;
}

/*
 * Does a device type have block commands (SBC, MMC, RBC, ZBC)?  All others are taken to have
 * stream commands (SSC).
 */
static bool cst_sense_of_blocks(u8 peripheral)
{
	switch (peripheral & 0x1f) {
	case 0x00:	/* direct access block */
	case 0x04:	/* write once */
	case 0x05:	/* CD and DVD */
	case 0x07:	/* optical memory */
	case 0x0e:	/* simplified direct access */
	case 0x14:	/* zoned block */
		return true;
	default:
		return false;
	}
}

/* SPC-5 4.4.2 */
static unsigned int cst_sense_descriptors(u8 *sense, u8 peripheral,
					  const struct cst_sense_code *code,
					  const struct cst_sense_detail *detail)
{
	u8 marks = cst_sense_marks(detail), type = 0x04;	/* stream commands */
	unsigned int len = 8;

	sense[0] = CST_SENSE_DESCRIPTORS + detail->deferred;
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
	if (detail->specific_valid) {
		sense[len] = 0x01;			/* command-specific information */
		sense[len + 1] = 0x0a;
		put_unaligned_be32(detail->specific, sense + len + 8);
		len += 12;
	}
	if (cst_sense_key_specific(sense + len + 4, code, detail)) {
		sense[len] = 0x02;			/* sense key specific */
		sense[len + 1] = 0x06;
		len += 8;
	}
	if (cst_sense_of_blocks(peripheral)) {
		type = 0x05;				/* block commands */
		marks &= CST_SENSE_ILI;
	}
	if (marks) {
		sense[len] = type;
		sense[len + 1] = 0x02;
		sense[len + 3] = marks;
		len += 4;
	}
	sense[7] = len - 8;
	return len;
}

/**
 * cst_sense_build() - write sense data
 * @buf: filled in
 * @size: bytes of @buf; sense data that does not fit is cut off
 * @descriptor: use descriptor format, else fixed format
 * @peripheral: cst_dev_type.peripheral: decides which descriptor has FILEMARK, EOM and ILI
 * @reason: any; CST_OK gives NO SENSE
 * @detail: more contents, or NULL
 *
 * Context: any.  Return: bytes written, at most CST_SENSE_DESC_SIZE.
 */
unsigned int cst_sense_build(u8 *buf, unsigned int size, bool descriptor,
			     u8 peripheral, cst_sense_t reason,
			     const struct cst_sense_detail *detail)
{
	static const struct cst_sense_detail nothing;
	const struct cst_sense_code *code = cst_sense_code(reason);
	u8 sense[CST_SENSE_DESC_SIZE] = {};
	unsigned int len;

	if (!detail)
		detail = &nothing;
	len = descriptor ? cst_sense_descriptors(sense, peripheral, code, detail) :
			   cst_sense_fixed(sense, code, detail);
	if (len > size)
		len = size;
	memcpy(buf, sense, len);
	return len;
}
EXPORT_SYMBOL_GPL(cst_sense_build);

/**
 * cst_sense_from_errno() - convert an error of a backing to sense
 * @error: 0 or a negative errno
 * @write: the medium was to be written
 *
 * The block layer has an errno for each of its failures (blk_status_to_errno()), and each of
 * them gets the sense that makes initiators do the right thing:
 *  - An error that may not occur again becomes BUSY.  Initiators repeat the command.
 *  - A failure of the medium itself becomes a medium error.  Initiators do not repeat the
 *    command, and find the bad blocks.
 *  - A failure of the way to the medium becomes LOGICAL UNIT COMMUNICATION FAILURE or
 *    TIME-OUT with ABORTED COMMAND.  Initiators repeat the command, and then try another
 *    path.  With HARDWARE ERROR they would not.
 *  - A backing that has gone becomes NOT READY, OFFLINE.  Initiators try another path.
 *  - A reservation that another host has on the backing becomes RESERVATION CONFLICT.
 *  - Every other error is a failure of the target, with HARDWARE ERROR.
 */
cst_sense_t cst_sense_from_errno(int error, bool write)
{
	switch (-error) {
	case 0:
		return CST_OK;
	case EIO:
	case ENODATA:		/* the block layer's medium error */
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
	case EILSEQ:		/* ... its protection error */
		return CST_SENSE(GUARD_CHECK_FAILED);
	case EBADE:		/* ... its reservation conflict */
		return CST_RESERVATION_CONFLICT;
	case ENODEV:		/* ... a device that is offline */
	case ENXIO:
		return CST_SENSE(LU_OFFLINE);
	case ETIMEDOUT:		/* ... its time-out */
	case ETIME:		/* ... its command duration limit */
		return CST_SENSE(LU_COMMUNICATION_TIMEOUT);
	case ENOLINK:		/* ... its transport error */
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
	default:		/* with EREMOTEIO, the block layer's target error */
		return CST_SENSE(INTERNAL_TARGET_FAILURE);
	}
}
EXPORT_SYMBOL_GPL(cst_sense_from_errno);
