// SPDX-License-Identifier: GPL-2.0-only
/*
 * VERIFY: blocks are read from the medium and, if BYTCHK says so, compared with the
 * data-out.
 *
 * exec.c calls in; submit.c has fetched the data-out, and the buffer for the blocks is
 * allocated here.  The execute function may be called twice, as that of READ (rw.c).
 * More than CST_COMPARE_HERE bytes are compared in the worker.
 */
#include <linux/preempt.h>

#include "sbc.h"

/*
 * Up to this number of bytes are compared in the context in which the I/O has ended.
 * That takes a microsecond, which is less than the way through the worker takes.  To
 * compare 8 MiB there would keep the CPU from its interrupts for milliseconds.
 */
#define CST_COMPARE_HERE	4096

/* BYTCHK decides whether data moves, and how much (SBC-4 5.33). */
static cst_sense_t cst_sbc_parse_verify(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_check_blocks(cmd);

	if (reason)
		return reason;
	switch (cmd->cdb[cst_sbc_flags_byte(cmd)] & CST_CDB_BYTCHK) {
	case 0x00:		/* the blocks are read, and nothing is compared */
		cmd->dir = DMA_NONE;
		cmd->cdb_xfer_len = 0;
		return CST_OK;
	case 0x02:		/* each block is compared with its own one of data-out */
		return CST_OK;
	case 0x06:		/* each block is compared with the only one of data-out */
		if (cmd->nblocks)
			cmd->cdb_xfer_len /= cmd->nblocks;
		return CST_OK;
	default:
		return cst_cdb_invalid(&cmd->detail, cst_sbc_flags_byte(cmd), 2);
	}
}

/* Compare the blocks that were read with the data-out; in the worker, too. */
static cst_sense_t cst_sbc_verify_compare(struct cst_cmd *cmd)
{
	u32 len = cmd->io.len;
	u32 offset = cst_bvec_compare(cmd->scratch_bvec, cmd->bvec, len,
				      cmd->data_len);

	if (offset == len)
		return CST_OK;
	/* INFORMATION is the offset in the data-out (SPC-5 4.4.8). */
	cmd->detail.info = offset % cmd->data_len;
	cmd->detail.info_valid = true;
	return CST_SENSE(MISCOMPARE_DURING_VERIFY);
}

static void cst_sbc_verify_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = CST_OK;

	if (unlikely(error)) {
		reason = cst_sbc_io_sense(cmd, error, false);
	} else if (cmd->cdb[cst_sbc_flags_byte(cmd)] & CST_CDB_BYTCHK) {
		if (io->len > CST_COMPARE_HERE || hardirq_count()) {
			cst_cmd_continue(cmd, cst_sbc_verify_compare);
			return;
		}
		reason = cst_sbc_verify_compare(cmd);
	}
	cst_sbc_finish_scratch(cmd, reason);
}

/*
 * With every BYTCHK the blocks are read into the scratch buffer, so that a medium error
 * is found.  FUA makes the handler read from the medium, past the cache, as far as it
 * can.
 */
cst_sense_t cst_sbc_verify_blocks(struct cst_cmd *cmd, u32 len)
{
	if (!cst_buffer_alloc_scratch(cmd, len))
		return cst_cmd_may_sleep(cmd) ? CST_TASK_SET_FULL :
						CST_WOULD_BLOCK;

	cst_sbc_io(cmd, CST_IO_READ, len, cst_sbc_verify_done);
	cmd->io.flags = cst_sbc_cache_flags(cmd) | CST_IO_FUA;
	return cst_sbc_start_scratch_io(cmd);
}

/* VERIFY(10), (12), (16), (32): @cmd has its data-out when BYTCHK asks for a comparison. */
static cst_sense_t cst_sbc_verify(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);
	u32 len;

	if (unlikely(reason))
		return reason;
	/* GOOD would say that all blocks are equal, but only some could be compared. */
	if (unlikely(cmd->data_len != cmd->cdb_xfer_len))
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->nblocks)
		return CST_OK;

	len = cmd->nblocks << to_cst_disk(cmd->dev)->block_shift;
	return cst_sbc_verify_blocks(cmd, len);
}

const struct cst_op cst_sbc_verify_ops[] = {
	{
		CST_CDB(10, VERIFY, CST_CDB_DPO | CST_CDB_BYTCHK, CST_USAGE_RW10),
		.name		= "VERIFY(10)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_parse_verify,
		.execute	= cst_sbc_verify,
	},
	{
		CST_CDB(12, VERIFY_12, CST_CDB_DPO | CST_CDB_BYTCHK, CST_USAGE_RW12),
		.name		= "VERIFY(12)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW12,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_parse_verify,
		.execute	= cst_sbc_verify,
	},
	{
		CST_CDB(16, VERIFY_16, CST_CDB_DPO | CST_CDB_BYTCHK, CST_USAGE_RW16),
		.name		= "VERIFY(16)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_parse_verify,
		.execute	= cst_sbc_verify,
	},
	{
		CST_CDB_LONG(VERIFY_32, CST_CDB_DPO | CST_CDB_BYTCHK, CST_USAGE_RW32),
		.name		= "VERIFY(32)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW32,
		.flags		= CST_OP_ACTION | CST_OP_MEDIUM,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_parse_verify,
		.execute	= cst_sbc_verify,
	},
	{}
};
