// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ and WRITE: each command becomes one I/O of the handler.
 *
 * exec.c calls in; the buffer has been allocated when the command was submitted.  An
 * execute function may be called twice, the second time in a worker, and starts from the
 * beginning then.
 */
#include "../../core/inner.h"
#include "sbc.h"

noinline cst_sense_t cst_sbc_io_sense(struct cst_cmd *cmd, int error, bool write)
{
	cst_sense_t reason = cst_sense_from_errno(error, write);

	if (cmd->nblocks == 1 && (reason == CST_SENSE(WRITE_ERROR) ||
				  reason == CST_SENSE(UNRECOVERED_READ_ERROR))) {
		cmd->detail.info = cmd->lba;
		cmd->detail.info_valid = true;
	}
	return reason;
}

static void cst_sbc_rw_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = CST_OK;

	if (unlikely(error))
		reason = cst_sbc_io_sense(cmd, error, io->op == CST_IO_WRITE);
	cst_cmd_finish(cmd, reason);
}

noinline cst_sense_t cst_sbc_wrong_length(struct cst_cmd *cmd)
{
	/* The first byte of TRANSFER LENGTH or a field like it, by format. */
	static const u8 field[] = {
		[CST_CDB_RW6] = 4, [CST_CDB_RW10] = 7, [CST_CDB_RW12] = 6,
		[CST_CDB_RW16] = 10, [CST_CDB_RW32] = 28,
	};

	return cst_cdb_invalid(&cmd->detail, field[cmd->op->format], 7);
}

cst_sense_t cst_sbc_probe(struct cst_cmd *cmd, bool last,
			  void (*done)(struct cst_io *io, int error))
{
	const struct cst_disk *disk = to_cst_disk(cmd->dev);

	if (!cst_buffer_alloc_scratch(cmd, disk->block_size))
		return CST_TASK_SET_FULL;
	cmd->lba = last ? cst_disk_nblocks(disk) - 1 : 0;
	cst_sbc_io(cmd, CST_IO_READ, disk->block_size, done);
	return cst_sbc_start_scratch_io(cmd);
}

/*
 * The limit is MAXIMUM TRANSFER LENGTH of VPD page B0h.  It does not apply to a command of core
 * that moves no data (cst_inner.instead).
 */
cst_sense_t cst_sbc_check_blocks(struct cst_cmd *cmd)
{
	unsigned int shift = READ_ONCE(to_cst_disk(cmd->dev)->block_shift);

	if (unlikely(cmd->nblocks > cmd->sess->max_xfer >> shift) &&
	    (!test_bit(CST_CMD_INNER, &cmd->flags) || cmd->exp_len))
		return cst_sbc_wrong_length(cmd);
	cmd->cdb_xfer_len = cmd->nblocks << shift;
	return CST_OK;
}

/*
 * With nv_cache clear FUA, because data in the cache counts as durable.  The command
 * fails if the backing has lost such data.
 */
static cst_sense_t cst_sbc_vouch_fua(const struct cst_cmd *cmd, u8 *flags)
{
	struct cst_disk *disk = to_cst_disk(cmd->dev);

	if (likely(!disk->nv_cache || !(*flags & CST_IO_FUA)))
		return CST_OK;
	*flags &= ~CST_IO_FUA;
	return cst_sbc_vouched(disk);
}

cst_sense_t cst_sbc_write_flags(const struct cst_cmd *cmd, u8 *flags)
{
	/* An initiator that does not know of the cache never flushes it: see disk.c. */
	if (cst_disk_no_cache(to_cst_disk(cmd->dev)) || !READ_ONCE(cmd->itl->knows_cache))
		*flags |= CST_IO_FUA;
	/* A HEAD OF QUEUE write may overtake a MODE SELECT that turns the cache off. */
	if (unlikely(test_bit(CST_CMD_ORDER_SLOW, &cmd->flags)) &&
	    cmd->task_attr == CST_TASK_HEAD_OF_QUEUE)
		*flags |= CST_IO_FUA;
	return cst_sbc_vouch_fua(cmd, flags);
}

/*
 * READ(6), (10), (12), (16), (32): @cmd has its buffer.
 *
 * All blocks that the CDB asks for are read, even when the initiator expects less data:
 * a buffer of core has room for them.  A buffer of the fabric has room for data_len bytes
 * only, which cst_cmd_blocks_len() has rounded down to whole blocks.
 */
static cst_sense_t cst_sbc_read(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);
	u8 flags = cst_sbc_cache_flags(cmd);
	u32 len = cmd->cdb_xfer_len;

	if (unlikely(reason))
		return reason;
	if (unlikely(!cmd->data_len))
		return CST_OK;
	reason = cst_sbc_vouch_fua(cmd, &flags);
	if (unlikely(reason))
		return reason;
	if (test_bit(CST_CMD_FABRIC_BUF, &cmd->flags))
		len = cmd->data_len;

	cst_sbc_io(cmd, CST_IO_READ, len, cst_sbc_rw_done);
	cmd->io.flags = flags;
	cmd->io.bvec = cmd->bvec;
	cmd->io.nr_bvec = cmd->nr_bvec;
	return cst_cmd_start_io(cmd);
}

/*
 * WRITE(6), (10), (12), (16), (32): @cmd has its data-out.
 *
 * When the initiator sends less data than the CDB asks for, the blocks that it sends
 * are written, and the residual says how much was missing.  Part of a block cannot be
 * written: a command that sends one is refused, and nothing is written.
 */
static cst_sense_t cst_sbc_write(struct cst_cmd *cmd)
{
	const struct cst_disk *disk = to_cst_disk(cmd->dev);
	cst_sense_t reason = cst_sbc_range(cmd);
	u8 flags = cst_sbc_cache_flags(cmd);

	if (unlikely(reason))
		return reason;
	if (unlikely(cmd->data_len & (disk->block_size - 1)))
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (unlikely(!cmd->data_len))
		return cst_inner_instead(cmd);
	reason = cst_sbc_write_flags(cmd, &flags);
	if (unlikely(reason))
		return reason;
	reason = cst_range_enter(cmd);
	if (unlikely(reason))
		return reason;

	cst_sbc_io(cmd, CST_IO_WRITE, cmd->data_len, cst_sbc_rw_done);
	cmd->io.flags = flags;
	cmd->io.bvec = cmd->bvec;
	cmd->io.nr_bvec = cmd->nr_bvec;
	return cst_cmd_start_io(cmd);
}

const struct cst_op cst_sbc_rw_ops[] = {
	{
		CST_CDB(6, READ_6, 0x1f, 0xff, 0xff, 0xff),
		.name		= "READ(6)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_RW6,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_read,
	},
	{
		CST_CDB(10, READ_10, CST_CDB_DPO | CST_CDB_FUA, CST_USAGE_RW10),
		.name		= "READ(10)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_read,
	},
	{
		CST_CDB(12, READ_12, CST_CDB_DPO | CST_CDB_FUA, CST_USAGE_RW12),
		.name		= "READ(12)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_RW12,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_read,
	},
	{
		CST_CDB(16, READ_16, CST_CDB_DPO | CST_CDB_FUA, CST_USAGE_RW16),
		.name		= "READ(16)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_read,
	},
	{
		CST_CDB_LONG(READ_32, CST_CDB_DPO | CST_CDB_FUA, CST_USAGE_RW32),
		.name		= "READ(32)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_RW32,
		.flags		= CST_OP_ACTION | CST_OP_MEDIUM | CST_OP_BLOCKS,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_read,
	},
	{
		CST_CDB(6, WRITE_6, 0x1f, 0xff, 0xff, 0xff),
		.name		= "WRITE(6)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW6,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_write,
	},
	{
		CST_CDB(10, WRITE_10, CST_CDB_DPO | CST_CDB_FUA, CST_USAGE_RW10),
		.name		= "WRITE(10)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_write,
	},
	{
		CST_CDB(12, WRITE_12, CST_CDB_DPO | CST_CDB_FUA, CST_USAGE_RW12),
		.name		= "WRITE(12)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW12,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_write,
	},
	{
		CST_CDB(16, WRITE_16, CST_CDB_DPO | CST_CDB_FUA, CST_USAGE_RW16),
		.name		= "WRITE(16)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_write,
	},
	{
		CST_CDB_LONG(WRITE_32, CST_CDB_DPO | CST_CDB_FUA, CST_USAGE_RW32),
		.name		= "WRITE(32)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW32,
		.flags		= CST_OP_ACTION | CST_OP_MEDIUM | CST_OP_BLOCKS |
				  CST_OP_WRITES,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_check_blocks,
		.execute	= cst_sbc_write,
	},
	{}
};
