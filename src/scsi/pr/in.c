// SPDX-License-Identifier: GPL-2.0-only
/*
 * PERSISTENT RESERVE IN (SPC-4 5.13.6, 6.15).
 *
 * exec.c calls in, in a worker.  pr->lock is held while the data is made, so all of it belongs
 * to one PRGENERATION.  Lengths in the data are those of all there is, however little of it the
 * initiator has asked for.
 */
#include <linux/export.h>
#include <linux/unaligned.h>

#include "pr.h"

#define CST_PR_HEADER		8	/* PRGENERATION, ADDITIONAL LENGTH */
#define CST_PR_RESERVATION	16	/* of READ RESERVATION */
#define CST_PR_STATUS		24	/* of READ FULL STATUS, before the TransportID */

/* Bytes of the REPORT CAPABILITIES data: 2 and 3, and the types that there are */
#define CST_PR_RLR_C		0x80
#define CST_PR_CRH		0x10
#define CST_PR_SIP_C		0x08
#define CST_PR_ATP_C		0x04
#define CST_PR_PTPL_C		0x01
#define CST_PR_TMV		0x80
#define CST_PR_ALLOW_COMMANDS	0x40	/* 100b, which is what the gate does */
#define CST_PR_PTPL_A		0x01
#define CST_PR_TYPE_MASK	0xea01

static void cst_pr_header(const struct cst_pr *pr, u32 len, u8 *header)
{
	put_unaligned_be32(pr->generation, header);
	put_unaligned_be32(len, header + 4);
}

static cst_sense_t cst_pr_read_keys(struct cst_cmd *cmd)
{
	const struct cst_pr *pr = &cmd->dev->pr;
	u32 at = CST_PR_HEADER, len = pr->nr_registered * 8;
	struct cst_registrant *reg;
	u8 buf[CST_PR_HEADER];
	cst_sense_t reason;

	reason = cst_cmd_data_in_len(cmd, CST_PR_HEADER + len);
	if (reason)
		return reason;
	cst_pr_header(pr, len, buf);
	cst_cmd_copy_in(cmd, 0, buf, sizeof(buf));
	list_for_each_entry(reg, &pr->registrants, node) {
		if (!reg->key)
			continue;
		put_unaligned_be64(reg->key, buf);
		cst_cmd_copy_in(cmd, at, buf, 8);
		at += 8;
	}
	return CST_OK;
}

static cst_sense_t cst_pr_read_reservation(struct cst_cmd *cmd)
{
	u8 buf[CST_PR_HEADER + CST_PR_RESERVATION] = {};
	const struct cst_pr *pr = &cmd->dev->pr;
	u32 len = pr->now.type ? CST_PR_RESERVATION : 0;

	cst_pr_header(pr, len, buf);
	/* Where each registrant holds it, the key is 0. */
	if (pr->now.holder)
		put_unaligned_be64(pr->now.holder->key, buf + CST_PR_HEADER);
	buf[CST_PR_HEADER + 13] = pr->now.type;
	return cst_cmd_respond(cmd, buf, CST_PR_HEADER + len);
}

static cst_sense_t cst_pr_report_capabilities(struct cst_cmd *cmd)
{
	const struct cst_pr *pr = &cmd->dev->pr;
	u8 buf[8] = { 0, sizeof(buf) };

	buf[2] = CST_PR_RLR_C | CST_PR_CRH | CST_PR_SIP_C | CST_PR_ATP_C | CST_PR_PTPL_C;
	buf[3] = CST_PR_TMV | CST_PR_ALLOW_COMMANDS | (pr->aptpl ? CST_PR_PTPL_A : 0);
	put_unaligned_be16(CST_PR_TYPE_MASK, buf + 4);
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

static cst_sense_t cst_pr_read_full_status(struct cst_cmd *cmd)
{
	const struct cst_pr *pr = &cmd->dev->pr;
	struct cst_registrant *reg;
	u8 buf[CST_PR_STATUS];
	u32 at, len = 0;
	cst_sense_t reason;

	list_for_each_entry(reg, &pr->registrants, node)
		if (reg->key)
			len += CST_PR_STATUS + reg->id_len;
	reason = cst_cmd_data_in_len(cmd, CST_PR_HEADER + len);
	if (reason)
		return reason;
	cst_pr_header(pr, len, buf);
	cst_cmd_copy_in(cmd, 0, buf, CST_PR_HEADER);
	at = CST_PR_HEADER;
	list_for_each_entry(reg, &pr->registrants, node) {
		if (!reg->key)
			continue;
		memset(buf, 0, sizeof(buf));
		put_unaligned_be64(reg->key, buf);
		/* ALL_TG_PT is 0: there is a descriptor for each target port. */
		if (cst_pr_holds(&pr->now, reg)) {
			buf[12] = 0x01;		/* R_HOLDER */
			buf[13] = pr->now.type;
		}
		put_unaligned_be16(reg->port, buf + 18);
		put_unaligned_be32(reg->id_len, buf + 20);
		cst_cmd_copy_in(cmd, at, buf, sizeof(buf));
		cst_cmd_copy_in(cmd, at + sizeof(buf), reg->id, reg->id_len);
		at += sizeof(buf) + reg->id_len;
	}
	return CST_OK;
}

/* SPC-2 5.5.1: a unit that is reserved by RESERVE has no persistent reservations. */
static cst_sense_t cst_pr_in(struct cst_cmd *cmd)
{
	static cst_sense_t (*const actions[])(struct cst_cmd *cmd) = {
		cst_pr_read_keys, cst_pr_read_reservation,
		cst_pr_report_capabilities, cst_pr_read_full_status,
	};
	struct cst_pr *pr = &cmd->dev->pr;
	cst_sense_t reason;

	if (READ_ONCE(pr->reserved_by))
		return CST_RESERVATION_CONFLICT;
	mutex_lock(&pr->lock);
	reason = actions[cmd->op->service_action](cmd);
	mutex_unlock(&pr->lock);
	return reason;
}

#define CST_PR_IN(_action, _name)					\
	{								\
		CST_CDB_SA(10, PERSISTENT_RESERVE_IN, _action,		\
			   0, 0, 0, 0, 0, 0xff, 0xff),			\
		.name		= "PERSISTENT RESERVE IN, " _name,	\
		.dir		= DMA_FROM_DEVICE,			\
		.format		= CST_CDB_ALLOC16_7,			\
		.flags		= CST_OP_MEDIUM | CST_OP_UNREADY |	\
				  CST_OP_ACTION | CST_OP_SLEEPS,	\
		.resv		= CST_RESV_UNIT,			\
		.ports		= CST_PORTS_STANDBY,			\
		.execute	= cst_pr_in,				\
	}

const struct cst_op cst_pr_in_ops[] = {
	CST_PR_IN(0, "READ KEYS"),
	CST_PR_IN(1, "READ RESERVATION"),
	CST_PR_IN(2, "REPORT CAPABILITIES"),
	CST_PR_IN(3, "READ FULL STATUS"),
	{}
};
EXPORT_SYMBOL_GPL(cst_pr_in_ops);
