// SPDX-License-Identifier: GPL-2.0-only
/*
 * PREVENT ALLOW MEDIUM REMOVAL (SPC-4 6.14): core/medium.c keeps which nexuses prevent it.
 *
 * exec.c calls in.
 */
#include <linux/export.h>

#include "spc.h"

/* Without a removable medium the command has no effect, and is no error. */
static cst_sense_t cst_spc_prevent_allow(struct cst_cmd *cmd)
{
	return cst_medium_prevent(cmd->itl, cmd->cdb[4] & 0x01);
}

/* SBC-4, Reservations: a command with PREVENT 0 never conflicts. */
static bool cst_spc_allows_removal(const struct cst_cmd *cmd)
{
	return !(cmd->cdb[4] & 0x01);
}

const struct cst_op cst_spc_prevent_allow_ops[] = {
	{
		CST_CDB(6, ALLOW_MEDIUM_REMOVAL, 0, 0, 0, 0x01),
		.name		= "PREVENT ALLOW MEDIUM REMOVAL",
		.dir		= DMA_NONE,
		.resv		= CST_RESV_WRITE,
		.resv_exempt	= cst_spc_allows_removal,
		.execute	= cst_spc_prevent_allow,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_prevent_allow_ops);
