// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNCHRONIZE CACHE and START STOP UNIT: what makes written data durable.
 *
 * exec.c calls in; one FLUSH of the handler comes of it, or nothing.
 */
#include "sbc.h"

static void cst_sbc_flush_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	cst_cmd_complete(cmd, cst_sense_from_errno(error, true));
}

cst_sense_t cst_sbc_flush(struct cst_cmd *cmd)
{
	u64 len = (u64)cmd->nblocks << cmd->dev->block_shift;

	/* The administrator vouches for the cache. */
	if (cmd->dev->nv_cache)
		return CST_OK;

	/* A length of zero stands for everything, and so does one too long to tell. */
	cst_sbc_io(cmd, CST_IO_FLUSH, len <= U32_MAX ? len : 0,
		   cst_sbc_flush_done);
	if (!cmd->io.len)
		cmd->io.pos = 0;
	return cst_cmd_start_io(cmd);
}

/**
 * cst_sbc_synchronize_cache() - SYNCHRONIZE CACHE(10), (16)
 * @cmd: parsed
 *
 * With IMMED an initiator may be answered before the data is durable, but then
 * it would never learn of a failure.  GOOD means done here, IMMED or not.
 */
cst_sense_t cst_sbc_synchronize_cache(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);

	return reason ? reason : cst_sbc_flush(cmd);
}

/**
 * cst_sbc_start_stop() - START STOP UNIT
 * @cmd: parsed
 *
 * Nothing spins and other initiators go on working, so the unit stays in the
 * active power condition.  Who stops it still expects that its data is safe then,
 * unless NO_FLUSH says otherwise.  Power conditions and LOEJ are refused by
 * the usage map.
 */
cst_sense_t cst_sbc_start_stop(struct cst_cmd *cmd)
{
	bool start = cmd->cdb[4] & 0x01;
	bool no_flush = cmd->cdb[4] & 0x04;

	return start || no_flush ? CST_OK : cst_sbc_flush(cmd);
}
