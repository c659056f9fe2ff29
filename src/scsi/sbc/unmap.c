// SPDX-License-Identifier: GPL-2.0-only
/*
 * UNMAP: the initiator does not need the data of some ranges of blocks any more (SBC-4 5.39).
 *
 * exec.c calls in, in a worker.  The steps of a command:
 *  1. it copies its parameter list to the scratch buffer, because a list in the fabric's
 *     memory may change, and checks the whole copy;
 *  2. for each descriptor, it takes the descriptor's blocks as its own (core/range.c), and
 *     has the handler unmap them, piece by piece.  cmd->step counts descriptors.  cmd->io of
 *     the last piece says where the next piece begins;
 *  3. at the end, it flushes if the disk has no write cache.
 * If it has been aborted meanwhile, it ends before the next piece.
 */
#include <linux/unaligned.h>

#include "sbc.h"

#define CST_UNMAP_HEADER	8
#define CST_UNMAP_DESCRIPTOR	16
#define CST_UNMAP_STEP		(64U << 20)	/* bytes; a multiple of each block size */
#define CST_UNMAP_TIMEOUT	120	/* seconds; 1 GiB takes 103 at 10 MB/s */

static bool cst_sbc_unmap_exists(const struct cst_device *dev)
{
	return cst_sbc_thin(container_of(dev, struct cst_disk, dev));
}

/* The number of descriptors, by the list in the scratch buffer. */
static u32 cst_sbc_unmap_descriptors(const struct cst_cmd *cmd)
{
	u8 header[CST_UNMAP_HEADER];

	cst_bvec_read(header, cmd->scratch_bvec, 0, sizeof(header));
	return get_unaligned_be16(header + 2) / CST_UNMAP_DESCRIPTOR;
}

static void cst_sbc_unmap_descriptor(const struct cst_cmd *cmd, u32 i, u64 *lba,
				     u32 *nblocks)
{
	u8 buf[CST_UNMAP_DESCRIPTOR];

	cst_bvec_read(buf, cmd->scratch_bvec, CST_UNMAP_HEADER + i * CST_UNMAP_DESCRIPTOR,
		      sizeof(buf));
	*lba = get_unaligned_be64(buf);
	*nblocks = get_unaligned_be32(buf + 8);
}

/*
 * Check the parameter list in the scratch buffer.  Its own lengths say where it ends; what
 * follows is ignored.  SBC-4 would also ignore a last descriptor that is cut off.  Here such a
 * list is refused, because it cannot be known what else of it is wrong.
 */
static cst_sense_t cst_sbc_check_unmap(struct cst_cmd *cmd)
{
	u64 size = cst_disk_nblocks(to_cst_disk(cmd->dev)), lba, total = 0;
	u32 len, blocks_len, nblocks, i;
	u8 header[CST_UNMAP_HEADER];

	cst_bvec_read(header, cmd->scratch_bvec, 0, sizeof(header));
	/* UNMAP DATA LENGTH, UNMAP BLOCK DESCRIPTOR DATA LENGTH */
	len = get_unaligned_be16(header) + 2;
	blocks_len = get_unaligned_be16(header + 2);
	if (len > cmd->data_len || CST_UNMAP_HEADER + blocks_len > len ||
	    blocks_len % CST_UNMAP_DESCRIPTOR)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	if (blocks_len / CST_UNMAP_DESCRIPTOR > CST_UNMAP_MAX_DESCRIPTORS)
		return cst_list_invalid(&cmd->detail, 2, 7);

	for (i = 0; i < cst_sbc_unmap_descriptors(cmd); i++) {
		cst_sbc_unmap_descriptor(cmd, i, &lba, &nblocks);
		if (lba > size || nblocks > size - lba)
			return CST_SENSE(LBA_OUT_OF_RANGE);
		total += nblocks;
		/* NUMBER OF LOGICAL BLOCKS */
		if (total > cst_sbc_max_unmap(to_cst_disk(cmd->dev)))
			return cst_list_invalid(&cmd->detail, CST_UNMAP_HEADER +
						i * CST_UNMAP_DESCRIPTOR + 8, 7);
	}
	return CST_OK;
}

static u64 cst_sbc_unmap_left(const struct cst_cmd *cmd)
{
	u64 end = (cmd->lba + cmd->nblocks) << to_cst_disk(cmd->dev)->block_shift;

	return end - (cmd->io.pos + cmd->io.len);
}

static cst_sense_t cst_sbc_unmap_next(struct cst_cmd *cmd);
static cst_sense_t cst_sbc_unmap_step(struct cst_cmd *cmd);

static void cst_sbc_unmap_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	if (unlikely(error == -EOPNOTSUPP)) {
		cst_disk_stop_thin(to_cst_disk(cmd->dev));
		cst_sbc_finish_scratch(cmd, CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
	} else if (unlikely(error)) {
		cst_sbc_finish_scratch(cmd, cst_sbc_io_sense(cmd, error, true));
	} else {
		cst_cmd_continue(cmd, cst_sbc_unmap_left(cmd) ? cst_sbc_unmap_step :
								cst_sbc_unmap_next);
	}
}

static cst_sense_t cst_sbc_unmap_step(struct cst_cmd *cmd)
{
	u32 len = min_t(u64, cst_sbc_unmap_left(cmd), CST_UNMAP_STEP);
	u64 pos = cmd->io.pos + cmd->io.len;
	/* The disk may have become smaller since the list was checked. */
	cst_sense_t reason = cst_sbc_range(cmd) ?: cst_range_enter(cmd);

	/* It may have waited for a command that formats the medium. */
	reason = reason ?: cst_medium_unfit(cmd);

	if (reason)
		return reason;
	cst_sbc_io(cmd, CST_IO_UNMAP, len, cst_sbc_unmap_done);
	cmd->io.pos = pos;
	return cst_cmd_start_io(cmd);
}

static void cst_sbc_unmap_flushed(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	cst_sbc_finish_scratch(cmd, cst_sense_from_errno(error, true));
}

/* All descriptors are done.  Without a write cache the initiator sends no flush. */
static cst_sense_t cst_sbc_unmap_flush(struct cst_cmd *cmd)
{
	u8 flags = 0;
	cst_sense_t reason;

	if (!test_bit(CST_CMD_RANGE, &cmd->flags))
		return CST_OK;		/* no descriptor has had blocks */
	reason = cst_sbc_write_flags(cmd, &flags);
	if (reason || !(flags & CST_IO_FUA))
		return reason;
	cst_sbc_io(cmd, CST_IO_FLUSH, 0, cst_sbc_unmap_flushed);
	cmd->io.pos = 0;
	return cst_cmd_start_io(cmd);
}

/* Go on with the next descriptor that has blocks. */
static cst_sense_t cst_sbc_unmap_next(struct cst_cmd *cmd)
{
	u32 nblocks;
	u64 lba;

	while (cmd->step < cst_sbc_unmap_descriptors(cmd)) {
		cst_sbc_unmap_descriptor(cmd, cmd->step++, &lba, &nblocks);
		if (!nblocks)
			continue;
		cst_range_next(cmd, lba, nblocks);
		cst_sbc_io(cmd, CST_IO_UNMAP, 0, cst_sbc_unmap_done);
		cst_cmd_continue(cmd, cst_sbc_unmap_step);
		return CST_PENDING;
	}
	return cst_sbc_unmap_flush(cmd);
}

/* UNMAP: @cmd has its parameter list. */
static cst_sense_t cst_sbc_unmap(struct cst_cmd *cmd)
{
	cst_sense_t reason;
	u32 len;

	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->data_len)
		return CST_OK;
	if (cmd->data_len < CST_UNMAP_HEADER)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	/* More descriptors are refused. */
	len = min_t(u32, cmd->data_len,
		    CST_UNMAP_HEADER + CST_UNMAP_MAX_DESCRIPTORS * CST_UNMAP_DESCRIPTOR);
	if (!cst_buffer_alloc_scratch(cmd, len))
		return CST_TASK_SET_FULL;
	cst_bvec_copy(cmd->scratch_bvec, cmd->bvec, 0, len, len);
	reason = cst_sbc_check_unmap(cmd);
	if (reason) {
		cst_buffer_free_scratch(cmd);
		return reason;
	}
	cmd->step = 0;
	cst_cmd_continue(cmd, cst_sbc_unmap_next);
	return CST_PENDING;
}

const struct cst_op cst_sbc_unmap_ops[] = {
	{
		/* ANCHOR, in byte 1, is refused: ANC_SUP of VPD page B2h is 0. */
		CST_CDB(10, UNMAP, 0, 0, 0, 0, 0, 0, 0xff, 0xff),
		.name		= "UNMAP",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC16_7,
		.flags		= CST_OP_MEDIUM | CST_OP_WRITES | CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_UNMAP_TIMEOUT,
		.exists		= cst_sbc_unmap_exists,
		.execute	= cst_sbc_unmap,
	},
	{}
};
