// SPDX-License-Identifier: GPL-2.0-only
/*
 * ORWRITE: blocks are read, combined with the data-out by OR, and written, and no other
 * command writes them in between (SBC-4 5.12).
 *
 * exec.c calls in, in a worker.  The steps of a command:
 *  1. it takes its blocks for itself (core/range.c), until it ends;
 *  2. it reads them into the scratch buffer;
 *  3. in the worker, it sets the bits of the data-out there, and writes that buffer.
 */
#include "sbc.h"

#define CST_ORWRITE_16	0x8b	/* not in scsi_proto.h */

static void cst_sbc_orwritten(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	cst_sbc_finish_scratch(cmd, error ? cst_sbc_io_sense(cmd, error, true) : CST_OK);
}

/*
 * In the worker, when the blocks have been read.  The data-out itself stays as it is: it
 * may be in memory of the initiator (CST_CMD_FABRIC_BUF).
 */
static cst_sense_t cst_sbc_or_then_write(struct cst_cmd *cmd)
{
	u8 flags = cst_sbc_cache_flags(cmd);
	cst_sense_t reason;

	/* The disk may have become smaller. */
	reason = cst_sbc_range(cmd) ?: cst_sbc_write_flags(cmd, &flags);
	if (reason)
		return reason;
	cst_bvec_or(cmd->scratch_bvec, cmd->bvec, cmd->data_len);
	cst_sbc_io(cmd, CST_IO_WRITE, cmd->data_len, cst_sbc_orwritten);
	cmd->io.flags = flags;
	return cst_sbc_start_scratch_io(cmd);
}

static void cst_sbc_read_to_or(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	if (unlikely(error))
		cst_sbc_finish_scratch(cmd, cst_sbc_io_sense(cmd, error, false));
	else
		cst_cmd_continue(cmd, cst_sbc_or_then_write);
}

/* ORWRITE(16): @cmd has its data-out.  Less data is as with WRITE. */
static cst_sense_t cst_sbc_orwrite(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);

	if (reason)
		return reason;
	if (cmd->data_len & (to_cst_disk(cmd->dev)->block_size - 1))
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->data_len)
		return CST_OK;
	reason = cst_range_hold(cmd);
	if (reason)
		return reason;
	if (!cst_buffer_alloc_scratch(cmd, cmd->data_len))
		return CST_TASK_SET_FULL;

	cst_sbc_io(cmd, CST_IO_READ, cmd->data_len, cst_sbc_read_to_or);
	cmd->io.flags = cst_sbc_cache_flags(cmd) & CST_IO_DPO;
	return cst_sbc_start_scratch_io(cmd);
}

const struct cst_op cst_sbc_orwrite_ops[] = {
	{
		CST_CDB(16, CST_ORWRITE_16, CST_CDB_DPO | CST_CDB_FUA, CST_USAGE_RW16),
		.name		= "ORWRITE(16)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES |
				  CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_orwrite,
	},
	{}
};
