// SPDX-License-Identifier: GPL-2.0-only
/*
 * REPORT TIMESTAMP and SET TIMESTAMP (SPC-5 6.39, 6.46, 5.2.2): the clock of the logical unit,
 * which is that of the host until an initiator sets it.
 *
 * exec.c calls in.  dev->itl_lock protects the clock that was set.  It goes on with the time
 * since boot, so that it does not jump with the clock of the host.
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <linux/unaligned.h>

#include "spc.h"

#define CST_TIMESTAMP_SIZE	12	/* bytes of the parameter data, both ways */

/* TIMESTAMP ORIGIN */
#define CST_TIMESTAMP_SET	2	/* by SET TIMESTAMP */
#define CST_TIMESTAMP_OTHER	3	/* by other means: the host has a clock */

static cst_sense_t cst_spc_report_timestamp(struct cst_cmd *cmd)
{
	u8 buf[CST_TIMESTAMP_SIZE] = { 0, CST_TIMESTAMP_SIZE - 2 };
	struct cst_device *dev = cmd->dev;
	unsigned long flags;
	u64 ms;

	spin_lock_irqsave(&dev->itl_lock, flags);
	if (dev->clock_set) {
		buf[2] = CST_TIMESTAMP_SET;
		ms = dev->clock_ms + ktime_to_ms(ktime_get_boottime());
	} else {
		buf[2] = CST_TIMESTAMP_OTHER;
		ms = ktime_to_ms(ktime_get_real());
	}
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	put_unaligned_be16(ms >> 32, buf + 4);
	put_unaligned_be32(ms, buf + 6);
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

/* A list that is cut, or longer, is refused whole.  No list is no error, and sets nothing. */
static cst_sense_t cst_spc_parse_set_timestamp(struct cst_cmd *cmd)
{
	return !cmd->cdb_xfer_len || cmd->cdb_xfer_len == CST_TIMESTAMP_SIZE ? CST_OK :
	       CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
}

static cst_sense_t cst_spc_set_timestamp(struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;
	u8 list[CST_TIMESTAMP_SIZE];
	unsigned long flags;
	unsigned int i;

	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->data_len)
		return CST_OK;
	cst_bvec_read(list, cmd->bvec, 0, sizeof(list));
	for (i = 0; i < sizeof(list); i++)
		if ((i < 4 || i > 9) && list[i])
			return cst_list_invalid(&cmd->detail, i, fls(list[i]) - 1);

	spin_lock_irqsave(&dev->itl_lock, flags);
	dev->clock_ms = ((u64)get_unaligned_be16(list + 4) << 32 | get_unaligned_be32(list + 6)) -
			ktime_to_ms(ktime_get_boottime());
	dev->clock_set = true;
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	cst_ua_add_device(dev, cmd->sess, CST_SENSE(TIMESTAMP_CHANGED));
	return CST_OK;
}

const struct cst_op cst_spc_timestamp_ops[] = {
	{
		CST_CDB_SA(12, MAINTENANCE_IN, MI_REPORT_TIMESTAMP,
			   0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff),
		.name		= "REPORT TIMESTAMP",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.flags		= CST_OP_ACTION,
		.resv		= CST_RESV_ANY,
		.execute	= cst_spc_report_timestamp,
	},
	{
		CST_CDB_SA(12, MAINTENANCE_OUT, MO_SET_TIMESTAMP,
			   0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff),
		.name		= "SET TIMESTAMP",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.flags		= CST_OP_ALTERS | CST_OP_ACTION,
		.resv		= CST_RESV_WRITE,
		.parse		= cst_spc_parse_set_timestamp,
		.execute	= cst_spc_set_timestamp,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_timestamp_ops);
