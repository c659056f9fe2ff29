// SPDX-License-Identifier: GPL-2.0-only
/*
 * INQUIRY: the standard data (SPC-4 6.4.2).  vpd.c makes the VPD pages.
 *
 * exec.c calls in.  cmd->dev is NULL at a LUN without a device (types.c).
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/unaligned.h>

#include "spc.h"

#define CST_INQUIRY_SIZE	96

/* Version descriptors without a particular revision, SPC-4 table 142 */
#define CST_VERSION_SAM_5	0x00a0
#define CST_VERSION_FCP_4	0x0a40
#define CST_VERSION_ISCSI	0x0960
#define CST_VERSION_SPC_4	0x0460
#define CST_INQUIRY_VERSIONS	8

/* SPC-4 recommends this order: architecture, transport protocol, command sets. */
static void cst_inquiry_versions(u8 *p, u8 protocol_id, const u16 *commands)
{
	u16 versions[CST_INQUIRY_VERSIONS] = { CST_VERSION_SAM_5 };
	unsigned int i, n = 1;

	if (protocol_id == CST_PROTOCOL_ISCSI)
		versions[n++] = CST_VERSION_ISCSI;
	else if (protocol_id == CST_PROTOCOL_FCP)
		versions[n++] = CST_VERSION_FCP_4;
	versions[n++] = CST_VERSION_SPC_4;
	while (*commands && n < ARRAY_SIZE(versions))
		versions[n++] = *commands++;
	for (i = 0; i < n; i++)
		put_unaligned_be16(versions[i], p + 2 * i);
}

static cst_sense_t cst_inquiry_standard(struct cst_cmd *cmd)
{
	const struct cst_device *dev = cmd->dev;
	u8 buf[CST_INQUIRY_SIZE] = {};

	buf[0] = cmd->type->peripheral;
	if (dev && dev->removable)
		buf[1] = 0x80;			/* RMB */
	buf[2] = 0x06;				/* VERSION: SPC-4 */
	buf[3] = 0x10 | 0x02;			/* HISUP, RESPONSE DATA FORMAT */
	buf[4] = CST_INQUIRY_SIZE - 5;
	if (cmd->type->index->first[EXTENDED_COPY])
		buf[5] = 0x08;			/* 3PC */
	buf[6] = 0x10;				/* MULTIP: several targets may export it */
	buf[7] = 0x02;				/* CMDQUE */
	cst_spc_ascii(buf + 8, 8, dev ? dev->t10_vend_id : CST_VENDOR_DEFAULT);
	cst_spc_ascii(buf + 16, 16, dev ? dev->prod_id : "");
	cst_spc_ascii(buf + 32, 4, dev ? dev->prod_rev_lvl : "");
	if (cmd->type->versions)
		cst_inquiry_versions(buf + 58, cmd->sess->ops->protocol_id,
				     cmd->type->versions);
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

static cst_sense_t cst_spc_inquiry(struct cst_cmd *cmd)
{
	if (cmd->cdb[1] & 0x01)			/* EVPD */
		return cst_spc_vpd(cmd);
	if (cmd->cdb[2])			/* a PAGE CODE needs EVPD */
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	return cst_inquiry_standard(cmd);
}

const struct cst_op cst_spc_inquiry_ops[] = {
	{
		CST_CDB(6, INQUIRY, 0x01, 0xff, 0xff, 0xff),
		.name		= "INQUIRY",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC16_3,
		.flags		= CST_OP_TELLS_ANYBODY,
		.resv		= CST_RESV_ANY,
		.ports		= CST_PORTS_ALL,
		.execute	= cst_spc_inquiry,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_inquiry_ops);
