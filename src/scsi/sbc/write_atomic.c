// SPDX-License-Identifier: GPL-2.0-only
/*
 * WRITE ATOMIC(16): after a power cut, all of the blocks are on the medium or none of them
 * (SBC-4 5.48, 4.29).  The command exists where the backing promises that.
 *
 * exec.c calls in, in a worker.  The command holds its blocks (core/range.c), so that no other
 * command that takes part sees or makes half of it.  The data is copied to a scratch buffer of
 * whole pages: a list of pages of the fabric may have more entries, or gaps, than the backing
 * takes in one write.  A write that the backing cannot do as one is refused, and nothing is
 * written then.
 *
 * ATOMIC BOUNDARY is 0: MAXIMUM ATOMIC BOUNDARY SIZE of VPD page B0h says that a command cannot
 * be several atomic writes.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "sbc.h"

#define CST_WRITE_ATOMIC_16	0x9c	/* in scsi_proto.h since 6.11 */

static bool cst_sbc_atomic_exists(const struct cst_device *dev)
{
	return READ_ONCE(container_of(dev, struct cst_disk, dev)->atomic_max);
}

u32 cst_sbc_max_atomic(const struct cst_cmd *cmd)
{
	const struct cst_disk *disk = to_cst_disk(cmd->dev);
	/* TRANSFER LENGTH has 16 bits. */
	u32 max = min((u32)U16_MAX << disk->block_shift, cmd->sess->max_xfer);

	if (!disk->atomic_max)
		return 0;
	return rounddown(min(max, disk->atomic_max), disk->atomic_unit) >> disk->block_shift;
}

/* The limits of VPD page B0h, and the boundaries of the backing, which no page can show. */
static cst_sense_t cst_sbc_check_atomic(struct cst_cmd *cmd)
{
	const struct cst_disk *disk = to_cst_disk(cmd->dev);
	u64 first = cmd->lba << disk->block_shift;
	u32 len = cmd->nblocks << disk->block_shift;
	u32 unit = disk->atomic_unit, boundary = disk->atomic_boundary;

	if (!disk->atomic_max) {
		cst_cdb_invalid(&cmd->detail, 0, 7);
		return CST_SENSE(INVALID_COMMAND_OPERATION_CODE);
	}
	/* TRANSFER LENGTH */
	if (cmd->nblocks > cst_sbc_max_atomic(cmd) || len & (unit - 1))
		return cst_cdb_invalid(&cmd->detail, 12, 7);
	/* LOGICAL BLOCK ADDRESS */
	if (first & (unit - 1))
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	if (len && boundary && div_u64(first, boundary) != div_u64(first + len - 1, boundary))
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	return CST_OK;
}

static cst_sense_t cst_sbc_parse_write_atomic(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_check_atomic(cmd);

	/* TRANSFER LENGTH has 16 bits at 12.  Before it are those of ATOMIC BOUNDARY, zeroes. */
	return reason ?: cst_sbc_check_blocks(cmd);
}

static void cst_sbc_atomic_written(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = CST_OK;

	/* The backing could not do it as one write, for example across two of its parts. */
	if (unlikely(error == -EINVAL))
		reason = cst_cdb_invalid(&cmd->detail, 2, 7);
	else if (unlikely(error))
		reason = cst_sbc_io_sense(cmd, error, true);
	cst_sbc_finish_scratch(cmd, reason);
}

static cst_sense_t cst_sbc_write_atomic(struct cst_cmd *cmd)
{
	u8 flags = cst_sbc_cache_flags(cmd);
	cst_sense_t reason;

	/* The disk may be another one than when the command was parsed. */
	reason = cst_sbc_check_atomic(cmd) ?: cst_sbc_range(cmd) ?:
		 cst_sbc_write_flags(cmd, &flags);
	if (reason)
		return reason;
	/* Half of the data cannot be all of the blocks. */
	if (cmd->data_len != cmd->nblocks << to_cst_disk(cmd->dev)->block_shift)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->data_len)
		return CST_OK;
	reason = cst_range_hold(cmd);
	if (reason)
		return reason;
	if (!cst_buffer_alloc_scratch(cmd, cmd->data_len))
		return CST_TASK_SET_FULL;
	cst_bvec_copy(cmd->scratch_bvec, cmd->bvec, 0, cmd->data_len, cmd->data_len);

	cst_sbc_io(cmd, CST_IO_WRITE, cmd->data_len, cst_sbc_atomic_written);
	cmd->io.flags = flags | CST_IO_UNTORN;
	return cst_sbc_start_scratch_io(cmd);
}

const struct cst_op cst_sbc_write_atomic_ops[] = {
	{
		CST_CDB(16, CST_WRITE_ATOMIC_16, CST_CDB_DPO | CST_CDB_FUA,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff),
		.name		= "WRITE ATOMIC(16)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES |
				  CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.exists		= cst_sbc_atomic_exists,
		.parse		= cst_sbc_parse_write_atomic,
		.execute	= cst_sbc_write_atomic,
	},
	{}
};
