// SPDX-License-Identifier: GPL-2.0-only
/*
 * VERIFY: the medium read, and compared with what the initiator sends.
 *
 * exec.c calls in; data-out was fetched by submit.c, the buffer for the medium is made
 * here.  May be called twice, as READ (rw.c).  Comparing more than a little is the worker's.
 */
#include <linux/preempt.h>

#include "sbc.h"

/*
 * Bytes that are compared where the I/O has ended.  So many take a microsecond, which is
 * less than the way through the worker; 8 MiB would keep a CPU from its interrupts for
 * milliseconds.
 */
#define CST_COMPARE_HERE	4096

/* BYTCHK decides whether data moves, and how much (SBC-4 5.33). */
static cst_sense_t cst_sbc_parse_verify(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_check_blocks(cmd);

	if (reason)
		return reason;
	switch (cmd->cdb[1] & CST_CDB_BYTCHK) {
	case 0x00:		/* the medium can be read */
		cmd->dir = DMA_NONE;
		cmd->cdb_xfer_len = 0;
		return CST_OK;
	case 0x02:		/* every block is as sent */
		return CST_OK;
	case 0x06:		/* every block is as the one sent */
		if (cmd->nblocks)
			cmd->cdb_xfer_len /= cmd->nblocks;
		return CST_OK;
	default:
		return cst_cdb_invalid(&cmd->detail, 1, 2);
	}
}

/* Is the medium as sent?  Also where the comparison goes on in the worker. */
static cst_sense_t cst_sbc_verify_compare(struct cst_cmd *cmd)
{
	u32 len = cmd->io.len;
	u32 offset = cst_bvec_compare(cmd->scratch_bvec, cmd->bvec, len,
				      cmd->data_len);

	if (offset == len)
		return CST_OK;
	/* SPC-5 4.4.8: the offset in the data-out buffer */
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
	} else if (cmd->data_len) {
		if (io->len > CST_COMPARE_HERE || hardirq_count()) {
			cst_cmd_continue(cmd, cst_sbc_verify_compare);
			return;
		}
		reason = cst_sbc_verify_compare(cmd);
	}
	/* Not kept for an initiator that does not take its answers. */
	cst_buffer_free_scratch(cmd);
	cst_cmd_finish(cmd, reason);
}

/*
 * VERIFY(10), (12), (16): @cmd has its data-out when BYTCHK asks for a comparison.
 *
 * The medium is really read, past the cache as far as the handler can, into a
 * buffer of our own: a medium error is found whatever BYTCHK says.
 */
static cst_sense_t cst_sbc_verify(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);
	u32 len;

	if (unlikely(reason))
		return reason;
	/* GOOD after comparing only a part would be a lie. */
	if (unlikely(cmd->data_len != cmd->cdb_xfer_len))
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->nblocks)
		return CST_OK;

	len = cmd->nblocks << to_cst_disk(cmd->dev)->block_shift;
	if (!cst_buffer_alloc_scratch(cmd, len))
		return cst_cmd_may_sleep(cmd) ? CST_TASK_SET_FULL :
						CST_WOULD_BLOCK;

	cst_sbc_io(cmd, CST_IO_READ, len, cst_sbc_verify_done);
	cmd->io.flags = cst_sbc_cache_flags(cmd) | CST_IO_FUA;
	return cst_sbc_start_scratch_io(cmd);
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
	{}
};
