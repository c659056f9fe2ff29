// SPDX-License-Identifier: GPL-2.0-only
/*
 * SANITIZE (SBC-4 5.30): OVERWRITE, BLOCK ERASE and EXIT FAILURE MODE.
 *
 * exec.c calls in, in a worker; erasure.c does the rest.  What the target can reach is the
 * logical blocks and the caches in front of them.  Where the file system or the device below
 * keeps older data of a block is beyond it.  So there is no CRYPTOGRAPHIC ERASE, and BLOCK ERASE
 * is there where the backing makes zeroes by itself.
 */
#include <linux/unaligned.h>

#include "erasure.h"

/* Byte 1 of the CDB.  ZNR is ignored, because there are no zones (SBC-4 5.30.1). */
#define CST_SANITIZE_IMMED	0x80
#define CST_SANITIZE_ZNR	0x40
#define CST_SANITIZE_AUSE	0x20
#define CST_SANITIZE_FLAGS	(CST_SANITIZE_IMMED | CST_SANITIZE_ZNR | CST_SANITIZE_AUSE)

/* Service actions */
#define CST_SANITIZE_OVERWRITE	0x01
#define CST_SANITIZE_BLOCK_ERASE 0x02
#define CST_SANITIZE_EXIT	0x1f

/* The parameter list of OVERWRITE */
#define CST_OVERWRITE_HEADER	4
#define CST_OVERWRITE_INVERT	0x80
#define CST_OVERWRITE_TEST	0x60
#define CST_OVERWRITE_COUNT	0x1f

static cst_sense_t cst_sbc_parse_overwrite(struct cst_cmd *cmd)
{
	u32 block = READ_ONCE(to_cst_disk(cmd->dev)->block_size);

	if (cmd->cdb_xfer_len <= CST_OVERWRITE_HEADER ||
	    cmd->cdb_xfer_len > CST_OVERWRITE_HEADER + block)
		return cst_cdb_invalid(&cmd->detail, 7, 7);
	return CST_OK;
}

static bool cst_sbc_erase_exists(const struct cst_device *dev)
{
	return cst_erasure_can_erase(container_of(dev, struct cst_disk, dev));
}

/* Fill in the plan by the list, whose length agrees with the CDB and with the block. */
static cst_sense_t cst_overwrite_plan(struct cst_cmd *cmd, struct cst_erasure_plan *plan)
{
	u32 room = cmd->data_len - CST_OVERWRITE_HEADER;
	u8 header[CST_OVERWRITE_HEADER];

	cst_bvec_read(header, cmd->bvec, 0, sizeof(header));
	if (header[0] & CST_OVERWRITE_TEST)
		return cst_list_invalid(&cmd->detail, 0, 6);
	plan->overwrite = true;
	plan->invert = header[0] & CST_OVERWRITE_INVERT;
	plan->passes = header[0] & CST_OVERWRITE_COUNT;
	if (!plan->passes)
		return cst_list_invalid(&cmd->detail, 0, 4);
	if (header[1])
		return cst_list_invalid(&cmd->detail, 1, 7);
	plan->pattern_len = get_unaligned_be16(header + 2);
	if (!plan->pattern_len || plan->pattern_len > to_cst_disk(cmd->dev)->block_size)
		return cst_list_invalid(&cmd->detail, 2, 7);
	if (plan->pattern_len != room)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	cst_bvec_read(plan->pattern, cmd->bvec, CST_OVERWRITE_HEADER, room);
	return CST_OK;
}

/*
 * After a failure with AUSE 0, only a SANITIZE that is restricted itself may follow (SBC-4
 * 5.30.1).
 */
static cst_sense_t cst_sanitize_restricted(struct cst_cmd *cmd)
{
	const struct cst_erasure *e = &to_cst_disk(cmd->dev)->erasure;
	bool exits = cmd->op->service_action == CST_SANITIZE_EXIT;

	if (READ_ONCE(e->state) != CST_ERASURE_FAILED || !READ_ONCE(e->restricted) ||
	    !(exits || (cmd->cdb[1] & CST_SANITIZE_AUSE)))
		return CST_OK;
	return cst_cdb_invalid(&cmd->detail, 1, exits ? 4 : 5);
}

/* OVERWRITE, which has its parameter list, and BLOCK ERASE */
static cst_sense_t cst_sbc_sanitize(struct cst_cmd *cmd)
{
	bool overwrite = cmd->op->service_action == CST_SANITIZE_OVERWRITE;
	cst_sense_t reason = cst_sanitize_restricted(cmd);
	struct cst_erasure_run *run;

	if (reason)
		return reason;
	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	/* The device may have been enabled anew, with other blocks, since it was parsed. */
	if (overwrite)
		reason = cst_sbc_parse_overwrite(cmd);
	else if (!cst_sbc_erase_exists(cmd->dev))
		reason = cst_cdb_invalid(&cmd->detail, 1, 4);
	if (reason)
		return reason;
	run = cst_erasure_make(to_cst_disk(cmd->dev));
	if (!run)
		return CST_TASK_SET_FULL;
	if (overwrite)
		reason = cst_overwrite_plan(cmd, cst_erasure_plan(run));
	if (reason) {
		cst_erasure_drop(run);
		return reason;
	}
	cst_erasure_plan(run)->restricted = !(cmd->cdb[1] & CST_SANITIZE_AUSE);
	return cst_erasure_begin(cmd, run, CST_ERASURE_SANITIZES,
				 cmd->cdb[1] & CST_SANITIZE_IMMED);
}

static cst_sense_t cst_sbc_exit_failure(struct cst_cmd *cmd)
{
	return cst_sanitize_restricted(cmd) ?: cst_erasure_exit_failure(cmd);
}

/* SBC-4 5.30.1: each is processed as if it had the task attribute HEAD OF QUEUE. */
#define CST_OP_SANITIZE		(CST_OP_ACTION | CST_OP_MEDIUM | CST_OP_WRITES | \
				 CST_OP_SLEEPS | CST_OP_IMPLICIT_HOQ)

const struct cst_op cst_sbc_sanitize_ops[] = {
	{
		CST_CDB(10, CST_SANITIZE, CST_SANITIZE_FLAGS | CST_SANITIZE_OVERWRITE,
			0, 0, 0, 0, 0, 0xff, 0xff),
		.service_action	= CST_SANITIZE_OVERWRITE,
		.name		= "SANITIZE, OVERWRITE",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC16_7,
		.flags		= CST_OP_SANITIZE,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_ERASURE_TIMEOUT,
		.parse		= cst_sbc_parse_overwrite,
		.execute	= cst_sbc_sanitize,
		.give_up	= cst_erasure_give_up,
	},
	{
		/* The parameter list length has to be 0. */
		CST_CDB(10, CST_SANITIZE, CST_SANITIZE_FLAGS | CST_SANITIZE_BLOCK_ERASE),
		.service_action	= CST_SANITIZE_BLOCK_ERASE,
		.name		= "SANITIZE, BLOCK ERASE",
		.dir		= DMA_NONE,
		.flags		= CST_OP_SANITIZE,
		.resv		= CST_RESV_WRITE,
		.timeout	= CST_ERASURE_TIMEOUT,
		.exists		= cst_sbc_erase_exists,
		.execute	= cst_sbc_sanitize,
		.give_up	= cst_erasure_give_up,
	},
	{
		CST_CDB(10, CST_SANITIZE, CST_SANITIZE_FLAGS | CST_SANITIZE_EXIT),
		.service_action	= CST_SANITIZE_EXIT,
		.name		= "SANITIZE, EXIT FAILURE MODE",
		.dir		= DMA_NONE,
		.flags		= CST_OP_SANITIZE,
		.resv		= CST_RESV_WRITE,
		.execute	= cst_sbc_exit_failure,
		.give_up	= cst_erasure_give_up,
	},
	{}
};
