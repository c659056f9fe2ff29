/* SPDX-License-Identifier: GPL-2.0-only */
/* What the block commands share. */
#ifndef _CST_SBC_H
#define _CST_SBC_H

#include "cdb.h"

/*
 * Does [lba, lba + nblocks) lie on the medium?  No blocks at the very end do
 * (SBC-4 4.5: the sum must not exceed the capacity).  Asked when the command
 * executes: the size may have changed since it came.
 */
static inline cst_sense_t cst_sbc_range(const struct cst_cmd *cmd)
{
	u64 size = cst_device_nblocks(cmd->dev);

	if (unlikely(cmd->lba > size || cmd->nblocks > size - cmd->lba))
		return CST_SENSE(LBA_OUT_OF_RANGE);
	return CST_OK;
}

/* Fill cmd->io but for data; the flags start anew at each try. */
static inline void cst_sbc_io(struct cst_cmd *cmd, u8 op, u32 len,
			      void (*done)(struct cst_io *io, int error))
{
	struct cst_io *io = &cmd->io;

	io->op = op;
	io->flags = 0;
	io->pos = cmd->lba << cmd->dev->block_shift;
	io->len = len;
	io->bvec = NULL;
	io->nr_bvec = 0;
	io->done = done;
}

/*
 * Make durable what lba and nblocks name; no blocks means up to the end, and so
 * everything.  Answers as an execute function.
 */
cst_sense_t cst_sbc_flush(struct cst_cmd *cmd);
cst_sense_t cst_sbc_vouched(struct cst_device *dev);

#endif /* _CST_SBC_H */
