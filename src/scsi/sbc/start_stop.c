// SPDX-License-Identifier: GPL-2.0-only
/*
 * START STOP UNIT: data made durable, the unit stopped and started, the medium ejected and
 * loaded (core/medium.c).
 *
 * exec.c calls in.
 */
#include "sbc.h"

#define CST_SSU_START		0x01
#define CST_SSU_LOEJ		0x02
#define CST_SSU_NO_FLUSH	0x04

/* What was written is safe, or need not be. */
static cst_sense_t cst_sbc_stop_flushed(struct cst_cmd *cmd)
{
	if (cmd->cdb[4] & CST_SSU_LOEJ)
		return cst_medium_eject(cmd->dev);
	cst_medium_stop(cmd->dev);
	return CST_OK;
}

static void cst_sbc_stop_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = cst_sense_from_errno(error, true);

	cst_cmd_finish(cmd, reason ?: cst_sbc_stop_flushed(cmd));
}

/* START is 0: the unit stops, or the medium goes, and before that data becomes durable. */
static cst_sense_t cst_sbc_stop(struct cst_cmd *cmd)
{
	bool no_flush = cmd->cdb[4] & CST_SSU_NO_FLUSH;
	struct cst_disk *disk = to_cst_disk(cmd->dev);
	cst_sense_t reason = CST_OK;

	if (cmd->cdb[4] & CST_SSU_LOEJ)
		reason = cst_medium_may_eject(cmd->dev);
	if (!reason && !no_flush && disk->nv_cache)
		reason = cst_sbc_vouched(disk);
	if (reason)
		return reason;
	if (no_flush || disk->nv_cache)
		return cst_sbc_stop_flushed(cmd);
	return cst_sbc_flush_then(cmd, cst_sbc_stop_done);
}

/*
 * START STOP UNIT.
 *
 * The stopped power condition applies to all initiators, although nothing spins: who stops
 * a unit expects that nobody's command reaches its medium.  Other power conditions are refused by
 * the usage map.  LOEJ is for removable media.  GOOD means done, IMMED or not: see cache.c.
 */
static cst_sense_t cst_sbc_start_stop(struct cst_cmd *cmd)
{
	bool start = cmd->cdb[4] & CST_SSU_START;
	bool loej = cmd->cdb[4] & CST_SSU_LOEJ;
	struct cst_device *dev = cmd->dev;

	if (loej && !dev->removable)
		return cst_cdb_invalid(&cmd->detail, 4, 1);
	if (loej && start) {
		cst_medium_load(dev, cmd->sess);
		return CST_OK;
	}
	if (READ_ONCE(dev->ejected))
		return loej ? CST_OK : CST_SENSE(MEDIUM_NOT_PRESENT);
	if (!start)
		return cst_sbc_stop(cmd);
	cst_medium_start(dev);
	return CST_OK;
}

/* SBC-4, Reservations: START is 1, and POWER CONDITION, by the usage map, 0. */
static bool cst_sbc_only_starts(const struct cst_cmd *cmd)
{
	return cmd->cdb[4] & CST_SSU_START;
}

const struct cst_op cst_sbc_start_stop_ops[] = {
	{
		CST_CDB(6, START_STOP, 0x01, 0, 0, 0x07),
		.name		= "START STOP UNIT",
		.dir		= DMA_NONE,
		.flags		= CST_OP_MEDIUM | CST_OP_UNREADY,
		.resv		= CST_RESV_WRITE,
		.resv_exempt	= cst_sbc_only_starts,
		.timeout	= CST_SBC_TIMEOUT,
		.execute	= cst_sbc_start_stop,
	},
	{}
};
