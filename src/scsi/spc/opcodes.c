// SPDX-License-Identifier: GPL-2.0-only
/*
 * REPORT SUPPORTED OPERATION CODES (SPC-4 6.35), which lists the commands of the device
 * type, and REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS.
 *
 * exec.c calls in.  The list of all commands is copied to the command's buffer one
 * descriptor at a time.
 */
#include <linux/export.h>
#include <linux/unaligned.h>

#include "spc.h"

/* REPORTING OPTIONS */
#define CST_RSOC_ALL		0
#define CST_RSOC_OPCODE		1	/* an operation code without service actions */
#define CST_RSOC_ACTION		2	/* a service action of an operation code */
#define CST_RSOC_EITHER		3	/* whichever of the two there is */

/* SUPPORT */
#define CST_RSOC_NOT_AVAILABLE	0
#define CST_RSOC_NOT_SUPPORTED	1
#define CST_RSOC_STANDARD	3

#define CST_RSOC_HEADER		4
#define CST_RSOC_DESCRIPTOR	8
#define CST_RSOC_TIMEOUTS	12

/* Command timeouts descriptor; NOMINAL COMMAND PROCESSING TIMEOUT is not reported. */
static void cst_rsoc_timeouts(u8 *p, const struct cst_op *op)
{
	memset(p, 0, CST_RSOC_TIMEOUTS);
	put_unaligned_be16(CST_RSOC_TIMEOUTS - 2, p);
	/* RECOMMENDED COMMAND TIMEOUT, seconds */
	put_unaligned_be32(op->timeout ?: CST_OP_TIMEOUT, p + 8);
}

/* Does this unit have the command? */
static bool cst_rsoc_exists(const struct cst_cmd *cmd, const struct cst_op *op)
{
	return !op->exists || op->exists(cmd->dev);
}

static cst_sense_t cst_rsoc_all(struct cst_cmd *cmd, bool timeouts)
{
	const struct cst_type_index *index = cmd->type->index;
	unsigned int size = CST_RSOC_DESCRIPTOR;
	u8 buf[CST_RSOC_DESCRIPTOR + CST_RSOC_TIMEOUTS];
	unsigned int i, nr = 0, offset = CST_RSOC_HEADER;
	u8 exists[CST_TYPE_MAX_OPS];	/* rows of the index */
	const struct cst_op *op;
	cst_sense_t reason;

	if (timeouts)
		size += CST_RSOC_TIMEOUTS;
	/* What exists may change meanwhile: look once. */
	for (i = 0; i < index->nr_ops; i++)
		if (cst_rsoc_exists(cmd, index->ops[i]))
			exists[nr++] = i;
	reason = cst_cmd_data_in_len(cmd, CST_RSOC_HEADER + nr * size);
	if (reason)
		return reason;

	put_unaligned_be32(nr * size, buf);
	cst_cmd_copy_in(cmd, 0, buf, CST_RSOC_HEADER);

	for (i = 0; i < nr; i++) {
		op = index->ops[exists[i]];
		memset(buf, 0, CST_RSOC_DESCRIPTOR);
		buf[0] = op->opcode;
		if (op->flags & CST_OP_ACTION) {
			put_unaligned_be16(op->service_action, buf + 2);
			buf[5] |= 0x01;			/* SERVACTV */
		}
		if (timeouts) {
			buf[5] |= 0x02;			/* CTDP */
			cst_rsoc_timeouts(buf + CST_RSOC_DESCRIPTOR, op);
		}
		put_unaligned_be16(op->cdb_len, buf + 6);
		cst_cmd_copy_in(cmd, offset, buf, size);
		offset += size;
	}
	return CST_OK;
}

/* One command; @op is NULL when it is not supported. */
static cst_sense_t cst_rsoc_one(struct cst_cmd *cmd, const struct cst_op *op,
				bool timeouts)
{
	u8 buf[4 + CST_CDB_MAX + CST_RSOC_TIMEOUTS] = {};
	unsigned int len = 4;

	if (!op) {
		/*
		 * Where the handler executes commands besides those of the tables, it is
		 * not known here whether it supports this one.
		 */
		buf[1] = cmd->type->any ? CST_RSOC_NOT_AVAILABLE : CST_RSOC_NOT_SUPPORTED;
		return cst_cmd_respond(cmd, buf, len);
	}
	buf[1] = CST_RSOC_STANDARD;
	put_unaligned_be16(op->cdb_len, buf + 2);
	memcpy(buf + len, op->usage, op->cdb_len);
	len += op->cdb_len;
	if (timeouts) {
		buf[1] |= 0x80;				/* CTDP */
		cst_rsoc_timeouts(buf + len, op);
		len += CST_RSOC_TIMEOUTS;
	}
	return cst_cmd_respond(cmd, buf, len);
}

static cst_sense_t cst_spc_report_supported_opcodes(struct cst_cmd *cmd)
{
	const struct cst_type_index *index = cmd->type->index;
	u16 action = get_unaligned_be16(cmd->cdb + 4);
	const struct cst_op *op, *found = NULL;
	bool timeouts = cmd->cdb[2] & 0x80;
	u8 options = cmd->cdb[2] & 0x07;
	u8 opcode = cmd->cdb[3];
	bool known = false, has_actions = false;
	unsigned int i;

	if (options == CST_RSOC_ALL)
		return cst_rsoc_all(cmd, timeouts);
	if (options > CST_RSOC_EITHER)
		return cst_cdb_invalid(&cmd->detail, 2, 2);

	for (i = 0; i < index->nr_ops; i++) {
		op = index->ops[i];
		if (op->opcode != opcode || !cst_rsoc_exists(cmd, op))
			continue;
		known = true;
		has_actions = op->flags & CST_OP_ACTION;
		if (!has_actions || op->service_action == action)
			found = op;
	}

	/*
	 * REPORTING OPTIONS is an invalid field when the operation code has service
	 * actions and the option is for one without, or the other way round.
	 */
	if (options == CST_RSOC_OPCODE && has_actions)
		return cst_cdb_invalid(&cmd->detail, 2, 2);
	if (options == CST_RSOC_ACTION && known && !has_actions)
		return cst_cdb_invalid(&cmd->detail, 2, 2);
	if (options == CST_RSOC_EITHER && !has_actions && action)
		found = NULL;

	return cst_rsoc_one(cmd, found, timeouts);
}

/* SPC-4 6.36: ATS, ATSS, CTSS, LURS and TRS in byte 0 of the data */
#define CST_RSTMF_ABORT_TASK		0x80
#define CST_RSTMF_ABORT_TASK_SET	0x40
#define CST_RSTMF_CLEAR_TASK_SET	0x10
#define CST_RSTMF_LUN_RESET		0x08
#define CST_RSTMF_TARGET_RESET		0x02

static cst_sense_t cst_spc_report_supported_tmfs(struct cst_cmd *cmd)
{
	bool extended = cmd->cdb[2] & 0x80;	/* REPD */
	u8 buf[16] = {
		CST_RSTMF_ABORT_TASK | CST_RSTMF_ABORT_TASK_SET |
		CST_RSTMF_CLEAR_TASK_SET | CST_RSTMF_LUN_RESET |
		CST_RSTMF_TARGET_RESET,
	};

	/* With this command, unlike others, a short allocation length is an error. */
	if (cmd->cdb_xfer_len < 4)
		return cst_cdb_invalid(&cmd->detail, 6, 7);
	if (!extended)
		return cst_cmd_respond(cmd, buf, 4);
	/* The timeouts, in units of 100 ms, stay 0: none is recommended. */
	buf[3] = sizeof(buf) - 4;
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

const struct cst_op cst_spc_opcodes_ops[] = {
	{
		CST_CDB_SA(12, MAINTENANCE_IN, MI_REPORT_SUPPORTED_OPERATION_CODES,
			   0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		.name		= "REPORT SUPPORTED OPERATION CODES",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.flags		= CST_OP_ACTION,
		.resv		= CST_RESV_READ,
		.execute	= cst_spc_report_supported_opcodes,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_opcodes_ops);

const struct cst_op cst_spc_tmfs_ops[] = {
	{
		CST_CDB_SA(12, MAINTENANCE_IN,
			   MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS,
			   0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff),
		.name		= "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.flags		= CST_OP_ACTION,
		.resv		= CST_RESV_READ,
		.execute	= cst_spc_report_supported_tmfs,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_tmfs_ops);
