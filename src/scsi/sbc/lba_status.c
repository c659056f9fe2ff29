// SPDX-License-Identifier: GPL-2.0-only
/*
 * GET LBA STATUS: which blocks are mapped (SBC-4 5.6).
 *
 * exec.c calls in, in a worker, because the handler's map may wait for I/O.  A command reports
 * at most CST_LBA_STATUS_MAX extents, so that its work is bounded.  An initiator that wants to
 * know more asks again, from the end of the last extent on.
 */
#include <linux/unaligned.h>

#include "sbc.h"

#define CST_LBA_STATUS_HEADER		8
#define CST_LBA_STATUS_DESCRIPTOR	16
#define CST_LBA_STATUS_MAX		64	/* descriptors */

/* PROVISIONING STATUS */
#define CST_LBA_MAPPED		0
#define CST_LBA_DEALLOCATED	1

static cst_sense_t cst_sbc_parse_lba_status(struct cst_cmd *cmd)
{
	cmd->lba = get_unaligned_be64(cmd->cdb + 2);
	return CST_OK;
}

/*
 * The status of the block at @lba, and in *end the end of the blocks that are known to have the
 * same.  Return: PROVISIONING STATUS or an errno.
 */
static int cst_sbc_lba_status(struct cst_disk *disk, u64 lba, u64 nblocks, u64 *end)
{
	const struct cst_block_ops *block = disk->dev.ops->block;
	u64 to;
	int ret;

	*end = nblocks;
	if (!cst_sbc_thin(disk) || !block->map)
		return CST_LBA_MAPPED;
	ret = block->map(&disk->dev, lba << disk->block_shift, &to);
	if (ret < 0)
		return ret;
	*end = min(to >> disk->block_shift, nblocks);
	return ret ? CST_LBA_MAPPED : CST_LBA_DEALLOCATED;
}

static void cst_sbc_put_extent(struct cst_cmd *cmd, u32 i, u64 lba, u32 nblocks,
			       u8 status)
{
	u8 buf[CST_LBA_STATUS_DESCRIPTOR] = {};

	put_unaligned_be64(lba, buf);
	put_unaligned_be32(nblocks, buf + 8);
	buf[12] = status;
	cst_cmd_copy_in(cmd, CST_LBA_STATUS_HEADER + i * CST_LBA_STATUS_DESCRIPTOR, buf,
			sizeof(buf));
}

/* The number of descriptors that the allocation length has room for, at least in part. */
static u32 cst_sbc_lba_status_room(const struct cst_cmd *cmd)
{
	u32 room = cmd->cdb_xfer_len;

	if (room <= CST_LBA_STATUS_HEADER + CST_LBA_STATUS_DESCRIPTOR)
		return 1;
	room -= CST_LBA_STATUS_HEADER;
	return min_t(u32, DIV_ROUND_UP(room, CST_LBA_STATUS_DESCRIPTOR),
		     CST_LBA_STATUS_MAX);
}

/* GET LBA STATUS(16) */
static cst_sense_t cst_sbc_get_lba_status(struct cst_cmd *cmd)
{
	struct cst_disk *disk = to_cst_disk(cmd->dev);
	u32 room = cst_sbc_lba_status_room(cmd), len, n = 0;
	u64 nblocks = cst_disk_nblocks(disk), lba = cmd->lba, end;
	u8 header[CST_LBA_STATUS_HEADER] = {};
	cst_sense_t reason;
	int status;

	if (lba >= nblocks)
		return CST_SENSE(LBA_OUT_OF_RANGE);
	reason = cst_cmd_data_in_len(cmd, CST_LBA_STATUS_HEADER +
					  room * CST_LBA_STATUS_DESCRIPTOR);
	if (reason)
		return reason;

	for (; n < room && lba < nblocks; lba = end) {
		if (cst_cmd_aborted(cmd))
			return CST_SENSE(COMMAND_ABORTED);
		status = cst_sbc_lba_status(disk, lba, nblocks, &end);
		if (status < 0)
			return cst_sense_from_errno(status, false);
		/* NUMBER OF LOGICAL BLOCKS has 32 bits. */
		end = min_t(u64, end, lba + U32_MAX);
		cst_sbc_put_extent(cmd, n++, lba, end - lba, status);
	}
	len = CST_LBA_STATUS_HEADER + n * CST_LBA_STATUS_DESCRIPTOR;
	put_unaligned_be32(len - 4, header);		/* PARAMETER DATA LENGTH */
	cst_cmd_copy_in(cmd, 0, header, sizeof(header));
	cst_cmd_set_len(cmd, min(len, cmd->cdb_xfer_len));
	return CST_OK;
}

const struct cst_op cst_sbc_lba_status_ops[] = {
	{
		CST_CDB_SA(16, SERVICE_ACTION_IN_16, SAI_GET_LBA_STATUS, CST_USAGE_RW16),
		.name		= "GET LBA STATUS(16)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_10,
		.flags		= CST_OP_ACTION | CST_OP_MEDIUM | CST_OP_SLEEPS,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_parse_lba_status,
		.execute	= cst_sbc_get_lba_status,
	},
	{}
};
