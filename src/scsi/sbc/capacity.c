// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ CAPACITY (10) and (16).
 *
 * exec.c calls in; the device is enabled.
 */
#include <linux/unaligned.h>

#include "sbc.h"

#define CST_CDB_PMI	0x01

/*
 * The partial medium indicator asks for the last block before a substantial delay in
 * data transfer.  No such delay is known here, so the answer is the last block of the
 * medium.  Without the indicator the LBA must be 0 (SBC-2 5.10).
 */
static cst_sense_t cst_sbc_check_pmi(struct cst_cmd *cmd, u64 lba, bool pmi)
{
	if (!pmi && lba)
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	if (lba && lba >= cst_disk_nblocks(to_cst_disk(cmd->dev)))
		return CST_SENSE(LBA_OUT_OF_RANGE);
	return CST_OK;
}

static cst_sense_t cst_sbc_read_capacity10(struct cst_cmd *cmd)
{
	u64 nblocks = cst_disk_nblocks(to_cst_disk(cmd->dev));
	cst_sense_t reason;
	u8 buf[8];

	reason = cst_sbc_check_pmi(cmd, get_unaligned_be32(cmd->cdb + 2),
				   cmd->cdb[8] & CST_CDB_PMI);
	if (reason)
		return reason;
	if (!nblocks)
		return CST_SENSE(MEDIUM_NOT_PRESENT);

	/* FFFFFFFFh tells the initiator to send READ CAPACITY (16). */
	put_unaligned_be32(min_t(u64, nblocks - 1, U32_MAX), buf);
	put_unaligned_be32(to_cst_disk(cmd->dev)->block_size, buf + 4);
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

static cst_sense_t cst_sbc_read_capacity16(struct cst_cmd *cmd)
{
	u64 nblocks = cst_disk_nblocks(to_cst_disk(cmd->dev));
	u8 buf[32] = {};
	cst_sense_t reason;

	reason = cst_sbc_check_pmi(cmd, get_unaligned_be64(cmd->cdb + 2),
				   cmd->cdb[14] & CST_CDB_PMI);
	if (reason)
		return reason;
	if (!nblocks)
		return CST_SENSE(MEDIUM_NOT_PRESENT);

	put_unaligned_be64(nblocks - 1, buf);
	put_unaligned_be32(to_cst_disk(cmd->dev)->block_size, buf + 8);
	buf[13] = to_cst_disk(cmd->dev)->lb_per_pb_exp & 0x0f;
	if (cst_sbc_thin(to_cst_disk(cmd->dev)))
		buf[14] |= 0x80;			/* LBPME */
	if (cst_sbc_thin_zeroes(to_cst_disk(cmd->dev)))
		buf[14] |= 0x40;			/* LBPRZ */
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

const struct cst_op cst_sbc_capacity_ops[] = {
	{
		CST_CDB(10, READ_CAPACITY, 0, 0xff, 0xff, 0xff, 0xff, 0, 0,
			CST_CDB_PMI),
		.name		= "READ CAPACITY(10)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_FIXED8,
		.flags		= CST_OP_MEDIUM | CST_OP_IMPLICIT_HOQ,
		.resv		= CST_RESV_ANY,
		.timeout	= CST_SBC_TIMEOUT,
		.execute	= cst_sbc_read_capacity10,
	},
	{
		CST_CDB_SA(16, SERVICE_ACTION_IN_16, SAI_READ_CAPACITY_16,
			   CST_USAGE_RW16, CST_CDB_PMI),
		.name		= "READ CAPACITY(16)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_10,
		.flags		= CST_OP_ACTION | CST_OP_MEDIUM | CST_OP_IMPLICIT_HOQ,
		.resv		= CST_RESV_ANY,
		.timeout	= CST_SBC_TIMEOUT,
		.execute	= cst_sbc_read_capacity16,
	},
	{}
};
