// SPDX-License-Identifier: GPL-2.0-only
/*
 * START STOP UNIT: stops and starts the unit, ejects and loads the medium
 * (core/medium.c).  Before it stops or ejects, data is made durable.
 *
 * exec.c calls in.
 */
#include "sbc.h"

#define CST_SSU_START		0x01
#define CST_SSU_LOEJ		0x02
#define CST_SSU_NO_FLUSH	0x04

/*
 * Written data is durable, or need not be (NO_FLUSH): stop the unit or eject the
 * medium.
 */
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

/* START is 0: make data durable, then stop the unit or, with LOEJ, eject the medium. */
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
 * The stopped power condition applies to all initiators, although no medium stops
 * rotating: an initiator that stops a unit expects that no initiator's command reaches
 * the medium.  The usage map refuses other power conditions.  LOEJ needs a removable
 * medium.  GOOD means that everything is done, with IMMED as well: see cache.c.
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

/*
 * SBC-4, Reservations: START is 1 and POWER CONDITION is 0.  The usage map refuses any
 * other POWER CONDITION.
 */
static bool cst_sbc_only_starts(const struct cst_cmd *cmd)
{
	return cmd->cdb[4] & CST_SSU_START;
}

const struct cst_op cst_sbc_start_stop_ops[] = {
	{
		CST_CDB(6, START_STOP, 0x01, 0, 0, 0x07),
		.name		= "START STOP UNIT",
		.dir		= DMA_NONE,
		.flags		= CST_OP_MEDIUM | CST_OP_UNREADY | CST_OP_LOST,
		.resv		= CST_RESV_WRITE,
		.resv_exempt	= cst_sbc_only_starts,
		.timeout	= CST_SBC_TIMEOUT,
		.execute	= cst_sbc_start_stop,
	},
	{}
};
