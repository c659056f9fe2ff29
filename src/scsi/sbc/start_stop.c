// SPDX-License-Identifier: GPL-2.0-only
/*
 * START STOP UNIT: data made durable, the medium ejected and loaded (core/medium.c).
 *
 * exec.c calls in.
 */
#include "sbc.h"

static void cst_sbc_eject_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = cst_sense_from_errno(error, true);

	cst_cmd_complete(cmd, reason ? reason : cst_medium_eject(cmd->dev));
}

/* What was written is safe before the medium goes. */
static cst_sense_t cst_sbc_eject(struct cst_cmd *cmd, bool no_flush)
{
	struct cst_disk *disk = to_cst_disk(cmd->dev);
	cst_sense_t reason = cst_medium_may_eject(cmd->dev);

	if (reason)
		return reason;
	if (!no_flush && disk->nv_cache)
		reason = cst_sbc_vouched(disk);
	if (reason)
		return reason;
	if (no_flush || disk->nv_cache)
		return cst_medium_eject(cmd->dev);
	return cst_sbc_flush_then(cmd, cst_sbc_eject_done);
}

/*
 * START STOP UNIT.
 *
 * Nothing spins and other initiators go on working, so the unit stays in the
 * active power condition.  Who stops it still expects that its data is safe then,
 * unless NO_FLUSH says otherwise.  LOEJ is for removable media; power conditions
 * are refused by the usage map.
 */
static cst_sense_t cst_sbc_start_stop(struct cst_cmd *cmd)
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

/* SBC-4, Reservations: START is 1, and POWER CONDITION, by the usage map, 0. */
static bool cst_sbc_only_starts(const struct cst_cmd *cmd)
{
	return cmd->cdb[4] & 0x01;
}

const struct cst_op cst_sbc_start_stop_ops[] = {
	{
		CST_CDB(6, START_STOP, 0x01, 0, 0, 0x07),
		.name		= "START STOP UNIT",
		.dir		= DMA_NONE,
		.flags		= CST_OP_MEDIUM | CST_OP_LOADS,
		.resv		= CST_RESV_WRITE,
		.resv_exempt	= cst_sbc_only_starts,
		.timeout	= CST_SBC_TIMEOUT,
		.execute	= cst_sbc_start_stop,
	},
	{}
};
