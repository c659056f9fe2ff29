// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNCHRONIZE CACHE and START STOP UNIT: what makes written data durable.
 *
 * exec.c calls in; one FLUSH of the handler comes of it, or nothing.
 */
#include "sbc.h"

/* No blocks: up to the end, and so everything. */
static cst_sense_t cst_sbc_flush_then(struct cst_cmd *cmd,
				      void (*done)(struct cst_io *io, int error))
{
	u64 len = (u64)cmd->nblocks << cmd->dev->block_shift;

	/* A length of zero stands for everything, and so does one too long to tell. */
	cst_sbc_io(cmd, CST_IO_FLUSH, len <= U32_MAX ? len : 0, done);
	if (!cmd->io.len)
		cmd->io.pos = 0;
	return cst_cmd_start_io(cmd);
}

static void cst_sbc_flush_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	cst_cmd_complete(cmd, cst_sense_from_errno(error, true));
}

/**
 * cst_sbc_vouched() - what is in a cache that nv_cache vouches for, is it safe there?
 * @dev: has nv_cache
 *
 * The administrator vouches for the power, not for a backing that takes no data.
 */
cst_sense_t cst_sbc_vouched(struct cst_device *dev)
{
	return dev->ops->lost ? cst_sense_from_errno(dev->ops->lost(dev), true) :
				CST_OK;
}

cst_sense_t cst_sbc_flush(struct cst_cmd *cmd)
{
	if (cmd->dev->nv_cache)
		return cst_sbc_vouched(cmd->dev);
	return cst_sbc_flush_then(cmd, cst_sbc_flush_done);
}

/**
 * cst_sbc_synchronize_cache() - SYNCHRONIZE CACHE(10), (16)
 * @cmd: parsed
 *
 * With IMMED an initiator may be answered before the data is durable, but then
 * it would never learn of a failure.  GOOD means done here, IMMED or not.  With
 * SYNC_NV it would do to leave the data in a cache that is not volatile.
 */
cst_sense_t cst_sbc_synchronize_cache(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);

	return reason ? reason : cst_sbc_flush(cmd);
}

static void cst_sbc_eject_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = cst_sense_from_errno(error, true);

	cst_cmd_complete(cmd, reason ? reason : cst_medium_eject(cmd->dev));
}

/* What was written is safe before the medium goes. */
static cst_sense_t cst_sbc_eject(struct cst_cmd *cmd, bool no_flush)
{
	cst_sense_t reason = cst_medium_may_eject(cmd->dev);

	if (reason)
		return reason;
	if (!no_flush && cmd->dev->nv_cache)
		reason = cst_sbc_vouched(cmd->dev);
	if (reason)
		return reason;
	if (no_flush || cmd->dev->nv_cache)
		return cst_medium_eject(cmd->dev);
	return cst_sbc_flush_then(cmd, cst_sbc_eject_done);
}

/**
 * cst_sbc_start_stop() - START STOP UNIT
 * @cmd: parsed
 *
 * Nothing spins and other initiators go on working, so the unit stays in the
 * active power condition.  Who stops it still expects that its data is safe then,
 * unless NO_FLUSH says otherwise.  LOEJ is for removable media; power conditions
 * are refused by the usage map.
 */
cst_sense_t cst_sbc_start_stop(struct cst_cmd *cmd)
{
	bool start = cmd->cdb[4] & 0x01;
	bool loej = cmd->cdb[4] & 0x02;
	bool no_flush = cmd->cdb[4] & 0x04;
	struct cst_device *dev = cmd->dev;

	if (loej && !dev->removable)
		return cst_cdb_invalid(&cmd->detail, 4, 1);
	if (loej && start) {
		cst_medium_load(dev, cmd->sess);
		return CST_OK;
	}
	if (READ_ONCE(dev->ejected))
		return loej ? CST_OK : CST_SENSE(MEDIUM_NOT_PRESENT);
	if (loej)
		return cst_sbc_eject(cmd, no_flush);
	return start || no_flush ? CST_OK : cst_sbc_flush(cmd);
}
