// SPDX-License-Identifier: GPL-2.0-only
/*
 * COMPARE AND WRITE: blocks are written if they hold what the initiator expects, and no
 * other command writes them between the comparison and the write (SBC-4 5.3).
 *
 * exec.c calls in, in a worker.  The steps of a command:
 *  1. it takes its blocks for itself (core/range.c), until it ends;
 *  2. it reads them into the scratch buffer;
 *  3. in the worker, it compares them with the first half of the data-out, copies the
 *     second half to the scratch buffer, and writes that buffer.
 */
#include "sbc.h"

static cst_sense_t cst_sbc_parse_compare_write(struct cst_cmd *cmd)
{
	/*
	 * CST_CDB_RW16 has decoded bytes 10 to 13.  The usage map lets only byte 13 be
	 * set, which is NUMBER OF LOGICAL BLOCKS.
	 */
	if (cmd->nblocks > cst_sbc_max_compare_write(cmd))
		return cst_cdb_invalid(&cmd->detail, 13, 7);
	cmd->cdb_xfer_len = 2 * cmd->nblocks << to_cst_disk(cmd->dev)->block_shift;
	return CST_OK;
}

static void cst_sbc_written(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	cst_sbc_finish_scratch(cmd, error ? cst_sbc_io_sense(cmd, error, true) : CST_OK);
}

/*
 * In the worker, when the blocks have been read.  The first half of the data-out is what
 * they should hold, the second half is what to write.
 */
static cst_sense_t cst_sbc_compare_then_write(struct cst_cmd *cmd)
{
	u32 len = cmd->data_len / 2;
	u32 offset = cst_bvec_compare(cmd->scratch_bvec, cmd->bvec, len, len);
	u8 flags = cst_sbc_cache_flags(cmd);
	cst_sense_t reason;

	if (offset < len) {
		cmd->detail.info = offset;
		cmd->detail.info_valid = true;
		return CST_SENSE(MISCOMPARE_DURING_VERIFY);
	}
	/* The disk may have become smaller. */
	reason = cst_sbc_range(cmd) ?: cst_sbc_write_flags(cmd, &flags);
	if (reason)
		return reason;
	/*
	 * A handler takes a list of pages from its beginning, so that the second half of
	 * cmd->bvec cannot be given to it.  Copy that half.
	 */
	cst_bvec_copy(cmd->scratch_bvec, cmd->bvec, len, len, len);
	cst_sbc_io(cmd, CST_IO_WRITE, len, cst_sbc_written);
	cmd->io.flags = flags;
	return cst_sbc_start_scratch_io(cmd);
}

static void cst_sbc_read_to_compare(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	if (unlikely(error))
		cst_sbc_finish_scratch(cmd, cst_sbc_io_sense(cmd, error, false));
	else
		cst_cmd_continue(cmd, cst_sbc_compare_then_write);
}

/* COMPARE AND WRITE: @cmd has its data-out. */
static cst_sense_t cst_sbc_compare_write(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);

	if (reason)
		return reason;
	/* With less data it would not be known where the second half begins. */
	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->nblocks)
		return CST_OK;
	reason = cst_range_hold(cmd);
	if (reason)
		return reason;
	if (!cst_buffer_alloc_scratch(cmd, cmd->data_len / 2))
		return CST_TASK_SET_FULL;

	cst_sbc_io(cmd, CST_IO_READ, cmd->data_len / 2, cst_sbc_read_to_compare);
	cmd->io.flags = cst_sbc_cache_flags(cmd) & CST_IO_DPO;
	return cst_sbc_start_scratch_io(cmd);
}

const struct cst_op cst_sbc_compare_write_ops[] = {
	{
		CST_CDB(16, COMPARE_AND_WRITE, CST_CDB_DPO | CST_CDB_FUA,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff),
		.name		= "COMPARE AND WRITE",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES |
				  CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_parse_compare_write,
		.execute	= cst_sbc_compare_write,
	},
	{}
};
