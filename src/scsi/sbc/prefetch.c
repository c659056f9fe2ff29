// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRE-FETCH: blocks that are going to be read are brought into the cache (SBC-4 5.14).
 *
 * exec.c calls in, in a worker.  The command becomes one CST_IO_PREFETCH of the handler.
 *
 * The command costs an initiator nothing: no data moves.  So it must not cost much here
 * either.  One command of a disk reads at a time, and it reads no more than a READ could.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include "sbc.h"

#define CST_PRE_FETCH_16	0x90	/* not in scsi_proto.h */
#define CST_CDB_PREFETCH_IMMED	0x02

/* Bytes that the cache takes of one command; more would only displace what others need. */
#define CST_PREFETCH_MAX	(4U << 20)

u32 cst_sbc_max_prefetch(const struct cst_cmd *cmd)
{
	return min(CST_PREFETCH_MAX, cmd->sess->max_xfer) >> to_cst_disk(cmd->dev)->block_shift;
}

static void cst_sbc_prefetch_end(struct cst_io *io, int error, cst_sense_t reason)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	clear_bit(0, &to_cst_disk(cmd->dev)->prefetching);
	cst_cmd_finish(cmd, error ? cst_sbc_io_sense(cmd, error, false) : reason);
}

static void cst_sbc_prefetched_all(struct cst_io *io, int error)
{
	cst_sbc_prefetch_end(io, error, CST_CONDITION_MET);
}

static void cst_sbc_prefetched_some(struct cst_io *io, int error)
{
	cst_sbc_prefetch_end(io, error, CST_OK);
}

/*
 * PRE-FETCH(10), (16).
 *
 * CONDITION MET says that the cache has room for all of the blocks, GOOD that it does not.
 * A backing without a cache that could be filled has no room, and neither has one that is
 * being filled for another PRE-FETCH.  The status comes when the
 * handler has begun to read, with IMMED and without.  The blocks are of use from then on: a
 * READ waits for a block that is being read.
 */
static cst_sense_t cst_sbc_prefetch(struct cst_cmd *cmd)
{
	struct cst_disk *disk = to_cst_disk(cmd->dev);
	u64 left, len, size = cst_disk_nblocks(disk);
	u32 max = cst_sbc_max_prefetch(cmd);
	cst_sense_t reason = cst_sbc_range(cmd);

	if (reason || cmd->lba > size)
		return reason ?: CST_SENSE(LBA_OUT_OF_RANGE);
	if (!disk->can_prefetch)
		return CST_OK;
	left = size - cmd->lba;
	/* A length of 0 asks for all blocks up to the end of the medium. */
	len = min_t(u64, cmd->nblocks ?: left, left);
	if (!len)
		return CST_CONDITION_MET;
	if (test_and_set_bit(0, &disk->prefetching))
		return CST_OK;
	if (len > max)
		cst_sbc_io(cmd, CST_IO_PREFETCH, max << disk->block_shift,
			   cst_sbc_prefetched_some);
	else
		cst_sbc_io(cmd, CST_IO_PREFETCH, len << disk->block_shift,
			   cst_sbc_prefetched_all);
	return cst_cmd_start_io(cmd);
}

const struct cst_op cst_sbc_prefetch_ops[] = {
	{
		CST_CDB(10, PRE_FETCH, CST_CDB_PREFETCH_IMMED, CST_USAGE_RW10),
		.name		= "PRE-FETCH(10)",
		.dir		= DMA_NONE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM | CST_OP_SLEEPS,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.execute	= cst_sbc_prefetch,
	},
	{
		CST_CDB(16, CST_PRE_FETCH_16, CST_CDB_PREFETCH_IMMED, CST_USAGE_RW16),
		.name		= "PRE-FETCH(16)",
		.dir		= DMA_NONE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_SLEEPS,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.execute	= cst_sbc_prefetch,
	},
	{}
};
