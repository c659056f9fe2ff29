// SPDX-License-Identifier: GPL-2.0-only
/*
 * WRITE SAME: the block of the data-out, or zeroes, are written to each block of a range
 * (SBC-4 5.50).
 *
 * exec.c calls in, in a worker.  A command is done step by step, in one of two ways:
 *  - Zeroes, where the handler can make them: each step is a CST_IO_ZERO, without data.  With
 *    the UNMAP bit the handler may give the space back.  If the backing turns out not to
 *    support that, the command goes on in the other way.
 *  - Anything else: the scratch buffer is filled with copies of the block once, and each step
 *    writes it.
 * After each step the command goes on in the worker; if it has been aborted, it ends there.
 * cmd->io of the last step says where on the medium the next step begins.
 */
#include <cst/bvec_walk.h>

#include "sbc.h"

/* Byte 1 of the CDB, or byte 10 of that with 32 bytes */
#define CST_CDB_NDOB		0x01	/* there is no data-out; write zeroes */
#define CST_CDB_UNMAP		0x08	/* unmap the blocks instead, if the data is zero */

#define CST_WRITE_SAME_STEP	(1024U * 1024)	/* bytes; a multiple of each block size */
#define CST_WRITE_SAME_TIMEOUT	120	/* seconds, as in sd; 64 MiB take 13 at 5 MB/s */

/*
 * ANCHOR, in the same byte, is in no usage map: there are no anchored blocks.  UNMAP is refused
 * where LBPWS and LBPWS10 of VPD page B2h are 0.
 */
static cst_sense_t cst_sbc_parse_write_same(struct cst_cmd *cmd)
{
	const struct cst_disk *disk = to_cst_disk(cmd->dev);
	unsigned int byte = cst_sbc_flags_byte(cmd);

	if ((cmd->cdb[byte] & CST_CDB_UNMAP) && !cst_sbc_thin_zeroes(disk))
		return cst_cdb_invalid(&cmd->detail, byte, 3);
	/*
	 * WSNZ of VPD page B0h is 1: a length of 0 is refused, and does not mean all
	 * blocks up to the end.
	 */
	if (!cmd->nblocks || cmd->nblocks > cst_sbc_max_write_same(disk))
		return cst_sbc_wrong_length(cmd);
	if (!(cmd->cdb[byte] & CST_CDB_NDOB))
		cmd->cdb_xfer_len = disk->block_size;
	return CST_OK;
}

static u64 cst_sbc_write_same_left(const struct cst_cmd *cmd)
{
	u64 end = (cmd->lba + cmd->nblocks) << to_cst_disk(cmd->dev)->block_shift;

	return end - (cmd->io.pos + cmd->io.len);
}

static void cst_sbc_write_same_done(struct cst_io *io, int error);

/* The next step: with a scratch buffer a write of it, else zeroes. */
static cst_sense_t cst_sbc_write_same_step(struct cst_cmd *cmd)
{
	u64 left = cst_sbc_write_same_left(cmd);
	u64 pos = cmd->io.pos + cmd->io.len;
	/* These CDBs have no FUA bit. */
	u8 flags = 0;
	/* The disk may have become smaller since the step before. */
	cst_sense_t reason = cst_sbc_range(cmd);

	if (reason)
		return reason;
	reason = cst_sbc_write_flags(cmd, &flags);
	if (reason)
		return reason;

	if (cmd->scratch_bvec) {
		cst_sbc_io(cmd, CST_IO_WRITE, min_t(u64, left, CST_WRITE_SAME_STEP),
			   cst_sbc_write_same_done);
	} else {
		/* All at once: MAXIMUM WRITE SAME LENGTH is small enough. */
		cst_sbc_io(cmd, CST_IO_ZERO, left, cst_sbc_write_same_done);
		if (cmd->cdb[cst_sbc_flags_byte(cmd)] & CST_CDB_UNMAP)
			flags |= CST_IO_RELEASE;
	}
	cmd->io.pos = pos;
	cmd->io.flags = flags;
	return cmd->scratch_bvec ? cst_sbc_start_scratch_io(cmd) : cst_cmd_start_io(cmd);
}

/* Make the copies of the block, and write them. */
static cst_sense_t cst_sbc_write_same_copies(struct cst_cmd *cmd)
{
	u32 len = min_t(u64, cst_sbc_write_same_left(cmd), CST_WRITE_SAME_STEP);

	if (!cst_buffer_alloc_scratch(cmd, len))
		return CST_TASK_SET_FULL;
	if (cmd->data_len)
		cst_bvec_copy(cmd->scratch_bvec, cmd->bvec, 0, len, cmd->data_len);
	else
		cst_bvec_zero(cmd->scratch_bvec, len);
	return cst_sbc_write_same_step(cmd);
}

static void cst_sbc_write_same_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = CST_OK;

	if (unlikely(error == -EOPNOTSUPP && io->op == CST_IO_ZERO)) {
		/* The backing has to be able to unmap, or the disk is not thin. */
		if (io->flags & CST_IO_RELEASE)
			cst_disk_stop_thin(to_cst_disk(cmd->dev));
		io->len = 0;
		cst_cmd_continue(cmd, cst_sbc_write_same_copies);
		return;
	}
	if (unlikely(error)) {
		reason = cst_sbc_io_sense(cmd, error, true);
	} else if (cst_sbc_write_same_left(cmd)) {
		cst_cmd_continue(cmd, cst_sbc_write_same_step);
		return;
	}
	cst_sbc_finish_scratch(cmd, reason);
}

/* WRITE SAME(10), (16), (32): @cmd has its data-out, one block, unless NDOB is set. */
static cst_sense_t cst_sbc_write_same(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);

	if (reason)
		return reason;
	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	reason = cst_range_enter(cmd);
	if (reason)
		return reason;

	cst_sbc_io(cmd, CST_IO_WRITE, 0, cst_sbc_write_same_done);
	if (to_cst_disk(cmd->dev)->can_zero &&
	    (!cmd->data_len || cst_bvec_is_zero(cmd->bvec, cmd->data_len)))
		return cst_sbc_write_same_step(cmd);
	return cst_sbc_write_same_copies(cmd);
}

const struct cst_op cst_sbc_write_same_ops[] = {
	{
		CST_CDB(10, WRITE_SAME, CST_CDB_UNMAP, CST_USAGE_RW10),
		.name		= "WRITE SAME(10)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES |
				  CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_WRITE_SAME_TIMEOUT,
		.parse		= cst_sbc_parse_write_same,
		.execute	= cst_sbc_write_same,
	},
	{
		CST_CDB(16, WRITE_SAME_16, CST_CDB_UNMAP | CST_CDB_NDOB, CST_USAGE_RW16),
		.name		= "WRITE SAME(16)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES |
				  CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_WRITE_SAME_TIMEOUT,
		.parse		= cst_sbc_parse_write_same,
		.execute	= cst_sbc_write_same,
	},
	{
		CST_CDB_LONG(WRITE_SAME_32, CST_CDB_UNMAP | CST_CDB_NDOB, CST_USAGE_RW32),
		.name		= "WRITE SAME(32)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW32,
		.flags		= CST_OP_ACTION | CST_OP_MEDIUM | CST_OP_BLOCKS |
				  CST_OP_WRITES | CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_WRITE_SAME_TIMEOUT,
		.parse		= cst_sbc_parse_write_same,
		.execute	= cst_sbc_write_same,
	},
	{}
};
