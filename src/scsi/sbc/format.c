// SPDX-License-Identifier: GPL-2.0-only
/*
 * FORMAT UNIT (SBC-4 5.4): all blocks become zeroes, and are unmapped where the disk is thin.
 * The number of blocks and their length stay.
 *
 * exec.c calls in, in a worker; erasure.c does the rest.  There is no protection information,
 * no list of defects and no other initialization pattern.  So the parameter list is its header,
 * and nothing behind the header is fetched.
 */
#include <linux/unaligned.h>

#include "erasure.h"

/* Byte 1 of the CDB.  FMTPINFO is in no usage map. */
#define CST_FORMAT_LONGLIST	0x20
#define CST_FORMAT_FMTDATA	0x10
#define CST_FORMAT_CMPLST	0x08
#define CST_FORMAT_DEFECT_LIST	0x07
#define CST_FORMAT_LAST_DEFECT_LIST 5	/* the last format that is not the vendor's */

/* Byte 1 of the header */
#define CST_FORMAT_FOV		0x80
#define CST_FORMAT_OPTIONS	0x78	/* DPRY, DCRT, STPF, IP */
#define CST_FORMAT_IP		0x08
#define CST_FORMAT_IMMED	0x02
#define CST_FORMAT_UNKNOWN	0x05	/* obsolete, vendor specific */

#define CST_FORMAT_SHORT	4	/* bytes of the header */
#define CST_FORMAT_LONG		8

/* Without FMTDATA, LONGLIST and CMPLST are ignored, and DEFECT LIST FORMAT has to be 0. */
static cst_sense_t cst_sbc_parse_format(struct cst_cmd *cmd)
{
	u8 flags = cmd->cdb[1], max = CST_FORMAT_LAST_DEFECT_LIST;

	if (!(flags & CST_FORMAT_FMTDATA)) {
		cmd->dir = DMA_NONE;
		max = 0;
	} else {
		cmd->cdb_xfer_len = flags & CST_FORMAT_LONGLIST ? CST_FORMAT_LONG :
								  CST_FORMAT_SHORT;
	}
	if ((flags & CST_FORMAT_DEFECT_LIST) > max)
		return cst_cdb_invalid(&cmd->detail, 1, 2);
	return CST_OK;
}

/* Refuse the bits of @byte that are in @bits, with the field pointer at the first. */
static cst_sense_t cst_format_bits(struct cst_sense_detail *detail, const u8 *list,
				   unsigned int byte, u8 bits)
{
	if (!(list[byte] & bits))
		return CST_OK;
	return cst_list_invalid(detail, byte, fls(list[byte] & bits) - 1);
}

/*
 * DPRY, DCRT and STPF make no difference, because there is no list of defects and no
 * certification.
 */
static cst_sense_t cst_format_flags(struct cst_sense_detail *detail, const u8 *list)
{
	cst_sense_t reason = cst_format_bits(detail, list, 1, CST_FORMAT_UNKNOWN);

	if (!reason && !(list[1] & CST_FORMAT_FOV))
		reason = cst_format_bits(detail, list, 1, CST_FORMAT_OPTIONS);
	return reason ?: cst_format_bits(detail, list, 1, CST_FORMAT_IP);
}

static cst_sense_t cst_format_check(struct cst_sense_detail *detail, const u8 *list, u32 len)
{
	bool is_long = len == CST_FORMAT_LONG;
	cst_sense_t reason;

	reason = cst_format_bits(detail, list, 0, 0xf8);
	if (!reason && list[0])		/* PROTECTION FIELD USAGE */
		reason = cst_list_invalid(detail, 0, 2);
	if (!reason)
		reason = cst_format_flags(detail, list);
	if (!reason && is_long)
		reason = cst_format_bits(detail, list, 2, 0xff);
	if (!reason && is_long && list[3])
		/* P_I_INFORMATION, PROTECTION INTERVAL EXPONENT */
		reason = cst_list_invalid(detail, 3, list[3] & 0xf0 ? 7 : 3);
	if (reason)
		return reason;
	if (is_long ? get_unaligned_be32(list + 4) : get_unaligned_be16(list + 2))
		return cst_list_invalid(detail, is_long ? 4 : 2, 7);	/* DEFECT LIST LENGTH */
	return CST_OK;
}

/* FORMAT UNIT: @cmd has its parameter list, if there is one. */
static cst_sense_t cst_sbc_format(struct cst_cmd *cmd)
{
	struct cst_erasure_run *run;
	u8 list[CST_FORMAT_LONG] = {};
	cst_sense_t reason;

	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (cmd->data_len) {
		cst_bvec_read(list, cmd->bvec, 0, cmd->data_len);
		reason = cst_format_check(&cmd->detail, list, cmd->data_len);
		if (reason)
			return reason;
	}
	run = cst_erasure_make(to_cst_disk(cmd->dev));
	if (!run)
		return CST_TASK_SET_FULL;
	return cst_erasure_begin(cmd, run, CST_ERASURE_FORMATS, list[1] & CST_FORMAT_IMMED);
}

const struct cst_op cst_sbc_format_ops[] = {
	{
		CST_CDB(6, FORMAT_UNIT, CST_FORMAT_LONGLIST | CST_FORMAT_FMTDATA |
			CST_FORMAT_CMPLST | CST_FORMAT_DEFECT_LIST),
		.name		= "FORMAT UNIT",
		.dir		= DMA_TO_DEVICE,
		.flags		= CST_OP_MEDIUM | CST_OP_WRITES | CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_ERASURE_TIMEOUT,
		.parse		= cst_sbc_parse_format,
		.execute	= cst_sbc_format,
		.give_up	= cst_erasure_give_up,
	},
	{}
};
