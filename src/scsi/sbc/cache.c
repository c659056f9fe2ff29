// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNCHRONIZE CACHE, and the flush that other commands need to make data durable.
 *
 * exec.c and start_stop.c call in.  A flush starts one CST_IO_FLUSH of the handler; with
 * nv_cache, SYNCHRONIZE CACHE starts none.
 */
#include "sbc.h"

/* Byte 1 of SYNCHRONIZE CACHE: IMMED, and SYNC_NV, which SBC-4 no longer has */
#define CST_CDB_SYNC		0x06

cst_sense_t cst_sbc_flush_then(struct cst_cmd *cmd,
			       void (*done)(struct cst_io *io, int error))
{
	u64 len = (u64)cmd->nblocks << to_cst_disk(cmd->dev)->block_shift;

	/*
	 * For the handler a length of 0 means the whole medium.  That is used for nblocks
	 * 0, which asks for all blocks from lba on, and for more bytes than io.len holds.
	 */
	cst_sbc_io(cmd, CST_IO_FLUSH, len <= U32_MAX ? len : 0, done);
	if (!cmd->io.len)
		cmd->io.pos = 0;
	return cst_cmd_start_io(cmd);
}

static void cst_sbc_flush_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	cst_cmd_finish(cmd, cst_sense_from_errno(error, true));
}

/**
 * cst_sbc_vouched() - is data in a cache that nv_cache vouches for safe there?
 * @disk: has nv_cache
 *
 * With nv_cache the administrator vouches that the cache survives a power cut, but not
 * that the backing still takes the data of the cache.
 *
 * Context: any up to softirq.  Return: CST_OK, or the sense for data that is lost.
 */
cst_sense_t cst_sbc_vouched(struct cst_disk *disk)
{
	const struct cst_block_ops *block = disk->dev.ops->block;

	return block->lost ? cst_sense_from_errno(block->lost(&disk->dev), true) :
			     CST_OK;
}

cst_sense_t cst_sbc_flush(struct cst_cmd *cmd)
{
	struct cst_disk *disk = to_cst_disk(cmd->dev);

	if (disk->nv_cache)
		return cst_sbc_vouched(disk);
	return cst_sbc_flush_then(cmd, cst_sbc_flush_done);
}

/*
 * SYNCHRONIZE CACHE(10), (16).
 *
 * IMMED allows a status before the data is durable, but the initiator would never learn
 * of a failure then.  So GOOD means that the data is durable, with IMMED as well.
 * SYNC_NV, which allows the data to stay in a non-volatile cache, makes no difference.
 */
static cst_sense_t cst_sbc_synchronize_cache(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);

	return reason ? reason : cst_sbc_flush(cmd);
}

const struct cst_op cst_sbc_cache_ops[] = {
	{
		CST_CDB(10, SYNCHRONIZE_CACHE, CST_CDB_SYNC, CST_USAGE_RW10),
		.name		= "SYNCHRONIZE CACHE(10)",
		.dir		= DMA_NONE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.execute	= cst_sbc_synchronize_cache,
	},
	{
		CST_CDB(16, SYNCHRONIZE_CACHE_16, CST_CDB_SYNC, CST_USAGE_RW16),
		.name		= "SYNCHRONIZE CACHE(16)",
		.dir		= DMA_NONE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_SBC_TIMEOUT,
		.execute	= cst_sbc_synchronize_cache,
	},
	{}
};
