// SPDX-License-Identifier: GPL-2.0-only
/*
 * TEST UNIT READY and REQUEST SENSE: the state of the logical unit.
 *
 * exec.c calls in.
 */
#include <linux/export.h>

#include "spc.h"

/* Bytes of sense data up to the additional sense code qualifier, fixed and descriptor */
#define CST_SENSE_TELLS		14
#define CST_SENSE_DESC_TELLS	4

/* The gates refuse the command when the unit is not ready. */
static cst_sense_t cst_spc_test_unit_ready(struct cst_cmd *cmd)
{
	return CST_OK;
}

static cst_sense_t cst_request_sense_state(const struct cst_cmd *cmd,
					   struct cst_sense_detail *detail)
{
	/* A LUN without a device: no logical unit, or a well-known one, always ready. */
	if (!cmd->itl)
		return cmd->type->peripheral == CST_PERIPHERAL_NONE ?
		       CST_SENSE(LU_NOT_SUPPORTED) : CST_OK;
	if (percpu_ref_is_dying(&cmd->dev->io_ref))
		return cst_device_not_ready(cmd->dev);
	if (READ_ONCE(cmd->dev->stopped) & CST_UNFIT)
		return cmd->type->unfit(cmd->dev, NULL, detail);
	return cst_medium_state(cmd->dev);
}

/* SPC-4 6.39: a pending unit attention is reported before the state of the unit. */
static cst_sense_t cst_spc_request_sense(struct cst_cmd *cmd)
{
	cst_sense_t ua = cmd->itl ? cst_ua_peek(cmd->itl) : CST_OK;
	bool descriptor = cmd->cdb[1] & 0x01;		/* DESC */
	struct cst_sense_detail detail = {};
	u8 buf[CST_SENSE_DESC_SIZE];
	cst_sense_t reason;
	unsigned int len;

	cst_ua_detail(ua, &detail);
	len = cst_sense_build(buf, sizeof(buf), descriptor,
			      cmd->type->peripheral,
			      ua ?: cst_request_sense_state(cmd, &detail), &detail);
	reason = cst_cmd_respond(cmd, buf, len);
	/*
	 * The unit attention is cleared only if the initiator gets enough of the sense
	 * data to know it.
	 */
	if (ua && !reason && cmd->data_len >= (descriptor ? CST_SENSE_DESC_TELLS :
							    CST_SENSE_TELLS))
		cst_ua_tells(cmd, ua);
	return reason;
}

const struct cst_op cst_spc_request_sense_ops[] = {
	{
		CST_CDB(6, REQUEST_SENSE, 0x01, 0, 0, 0xff),
		.name		= "REQUEST SENSE",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC8_4,
		.flags		= CST_OP_TELLS_ANYBODY,
		.resv		= CST_RESV_ANY,
		.ports		= CST_PORTS_ALL,
		.execute	= cst_spc_request_sense,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_request_sense_ops);

const struct cst_op cst_spc_unit_ops[] = {
	{
		CST_CDB(6, TEST_UNIT_READY),
		.name		= "TEST UNIT READY",
		.dir		= DMA_NONE,
		.flags		= CST_OP_MEDIUM | CST_OP_IMPLICIT_HOQ,
		.resv		= CST_RESV_UNIT,
		.timeout	= 60,
		.execute	= cst_spc_test_unit_ready,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_unit_ops);
