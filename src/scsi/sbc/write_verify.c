// SPDX-License-Identifier: GPL-2.0-only
/*
 * WRITE AND VERIFY: blocks are written to the medium, read back and, if BYTCHK says so,
 * compared with the data-out (SBC-4 5.44).
 *
 * exec.c calls in.  The steps of a command:
 *  1. it writes its blocks, past the cache (FUA), unless nv_cache vouches for that;
 *  2. in a worker, it reads the blocks as VERIFY does (verify.c).
 * No COMPARE AND WRITE comes in between, because the command counts as one that writes its
 * blocks until it ends (core/range.c).
 */
#include "sbc.h"

/* BYTCHK 00b and 01b; 10b and 11b are reserved. */
#define CST_BYTCHK_EACH		0x02

/* In the worker, when the blocks have been written. */
static cst_sense_t cst_sbc_verify_written(struct cst_cmd *cmd)
{
	/* The disk may have become smaller. */
	return cst_sbc_range(cmd) ?: cst_sbc_verify_blocks(cmd, cmd->io.len);
}

static void cst_sbc_write_verify_written(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	if (unlikely(error))
		cst_cmd_finish(cmd, cst_sbc_io_sense(cmd, error, true));
	else
		cst_cmd_continue(cmd, cst_sbc_verify_written);
}

/* WRITE AND VERIFY(10), (12), (16), (32): @cmd has its data-out.  Less data is as with WRITE. */
static cst_sense_t cst_sbc_write_verify(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);
	u8 flags = (cst_sbc_cache_flags(cmd) & CST_IO_DPO) | CST_IO_FUA;

	if (reason)
		return reason;
	if (cmd->data_len & (to_cst_disk(cmd->dev)->block_size - 1))
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->data_len)
		return CST_OK;
	reason = cst_sbc_write_flags(cmd, &flags);
	if (reason)
		return reason;
	reason = cst_range_enter(cmd);
	if (reason)
		return reason;

	cst_sbc_io(cmd, CST_IO_WRITE, cmd->data_len, cst_sbc_write_verify_written);
	cmd->io.flags = flags;
	cmd->io.bvec = cmd->bvec;
	cmd->io.nr_bvec = cmd->nr_bvec;
	return cst_cmd_start_io(cmd);
}

const struct cst_op cst_sbc_write_verify_ops[] = {
	{
		CST_CDB(10, WRITE_VERIFY, CST_CDB_DPO | CST_BYTCHK_EACH, CST_USAGE_RW10),
		.name		= "WRITE AND VERIFY(10)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_write_verify,
	},
	{
		CST_CDB(12, WRITE_VERIFY_12, CST_CDB_DPO | CST_BYTCHK_EACH, CST_USAGE_RW12),
		.name		= "WRITE AND VERIFY(12)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW12,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_write_verify,
	},
	{
		CST_CDB(16, WRITE_VERIFY_16, CST_CDB_DPO | CST_BYTCHK_EACH, CST_USAGE_RW16),
		.name		= "WRITE AND VERIFY(16)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_write_verify,
	},
	{
		CST_CDB_LONG(WRITE_VERIFY_32, CST_CDB_DPO | CST_BYTCHK_EACH, CST_USAGE_RW32),
		.name		= "WRITE AND VERIFY(32)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW32,
		.flags		= CST_OP_ACTION | CST_OP_MEDIUM | CST_OP_BLOCKS |
				  CST_OP_WRITES,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_write_verify,
	},
	{}
};
