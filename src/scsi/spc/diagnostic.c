// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS (SPC-5 6.42, 6.34): self-tests, and the list
 * of diagnostic pages, which is the only page.
 *
 * exec.c calls in.  The self-test is whether the unit is ready: the gates refuse the command
 * when it is not.  It takes no time, so it has ended when the status is sent, also in the
 * background, and there is never one to be aborted.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/unaligned.h>

#include "spc.h"

#define CST_DIAG_PF		0x10
#define CST_DIAG_SELFTEST	0x04
#define CST_DIAG_PAGE_LIST	0x00	/* PAGE CODE */
#define CST_DIAG_PAGE_HEADER	4
#define CST_DIAG_PCV		0x01

/* SELF-TEST CODE: 000b none, the codes of tests, 100b abort; 011b and 111b are reserved. */
static bool cst_diag_is_test(u8 code)
{
	return code == 1 || code == 2 || code == 5 || code == 6;
}

static cst_sense_t cst_spc_parse_send_diagnostic(struct cst_cmd *cmd)
{
	u8 code = cmd->cdb[1] >> 5;

	if (code && (!cst_diag_is_test(code) || cmd->cdb[1] & CST_DIAG_SELFTEST))
		return cst_cdb_invalid(&cmd->detail, 1, 7);
	if (!cmd->cdb_xfer_len)
		return CST_OK;
	/* A test has no parameters, and without PF their format is not known. */
	if (code || cmd->cdb[1] & CST_DIAG_SELFTEST)
		return cst_cdb_invalid(&cmd->detail, 3, 7);
	if (!(cmd->cdb[1] & CST_DIAG_PF))
		return cst_cdb_invalid(&cmd->detail, 1, 4);
	return cmd->cdb_xfer_len == CST_DIAG_PAGE_HEADER ? CST_OK :
	       CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
}

/* The list of pages may be asked for; it has no parameters. */
static cst_sense_t cst_spc_send_diagnostic(struct cst_cmd *cmd)
{
	u8 page[CST_DIAG_PAGE_HEADER];
	unsigned int i;

	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->data_len)
		return CST_OK;
	cst_bvec_read(page, cmd->bvec, 0, sizeof(page));
	/* PAGE CODE, a reserved byte, PAGE LENGTH: the pointer is at the beginning of a field. */
	for (i = 0; i < sizeof(page); i++)
		if (page[i])
			return i == 1 ? cst_list_invalid(&cmd->detail, 1, fls(page[1]) - 1) :
					cst_list_invalid(&cmd->detail, i & 2, 7);
	return CST_OK;
}

/* Without PCV the results are those of the last SEND DIAGNOSTIC: of the only page. */
static cst_sense_t cst_spc_receive_diagnostic(struct cst_cmd *cmd)
{
	static const u8 page[] = { CST_DIAG_PAGE_LIST, 0, 0, 1, CST_DIAG_PAGE_LIST };

	if (cmd->cdb[2] != CST_DIAG_PAGE_LIST)
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	return cst_cmd_respond(cmd, page, sizeof(page));
}

const struct cst_op cst_spc_diagnostic_ops[] = {
	{
		/* SELF-TEST CODE, PF, SELFTEST, DEVOFFL and UNITOFFL */
		CST_CDB(6, SEND_DIAGNOSTIC, 0xf7, 0, 0xff, 0xff),
		.name		= "SEND DIAGNOSTIC",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC16_3,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_WRITE,
		.ports		= CST_PORTS_STANDBY,
		.timeout	= 60,
		.parse		= cst_spc_parse_send_diagnostic,
		.execute	= cst_spc_send_diagnostic,
	},
	{
		CST_CDB(6, RECEIVE_DIAGNOSTIC, CST_DIAG_PCV, 0xff, 0xff, 0xff),
		.name		= "RECEIVE DIAGNOSTIC RESULTS",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC16_3,
		.resv		= CST_RESV_READ,
		.ports		= CST_PORTS_STANDBY,
		.execute	= cst_spc_receive_diagnostic,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_diagnostic_ops);
