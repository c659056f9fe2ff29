// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reject, RFC 7143 11.17: a PDU that cannot be acted on goes back, header and all.
 *
 * Called by rx.c and the opcodes' files, in io_work, while rx.hdr still is the PDU.
 * Owns no lock.
 */
#include "cit.h"

static struct cit_ctl *cit_reject_make(struct cit_conn *conn, u8 reason)
{
	struct cit_ctl *ctl = cit_ctl_alloc(conn, ISCSI_BHS_LEN);

	if (!ctl)
		return NULL;
	pr_debug("%s: opcode 0x%02x rejected: 0x%02x\n",
		 conn->sess->sess.initiator_name, conn->rx.hdr.bhs.opcode,
		 reason);
	ctl->hdr.ctl.opcode = ISCSI_OP_REJECT;
	ctl->hdr.ctl.response = reason;
	ctl->hdr.ctl.itt = cpu_to_be32(ISCSI_RESERVED_TAG);
	ctl->hdr.ctl.ttt = 0;
	cit_ctl_fill(ctl, &conn->rx.hdr, ISCSI_BHS_LEN);
	return ctl;
}

/**
 * cit_reject() - reject a PDU whose place in the command window is not at stake
 * @conn: connection
 * @reason: ISCSI_REJECT_*
 *
 * Return: 0, or errno when the connection must be closed: who does nothing but
 * what must be rejected, and does not read, is not worth memory.
 */
int cit_reject(struct cit_conn *conn, u8 reason)
{
	struct cit_ctl *ctl;

	if (conn->ctls >= 2 * CIT_CTL_MAX)
		return -EPROTO;
	ctl = cit_reject_make(conn, reason);
	if (!ctl)
		return -ENOMEM;
	cit_tx_queue(conn, &ctl->tx);
	return 0;
}

/**
 * cit_reject_cmd() - reject a request that has a CmdSN
 * @conn: connection
 * @reason: ISCSI_REJECT_*
 *
 * It counts in the window, or there would be a gap.  Return: 0, -EAGAIN, or errno when
 * the connection must be closed.
 */
int cit_reject_cmd(struct cit_conn *conn, u8 reason)
{
	const struct iscsi_req *hdr = &conn->rx.hdr.req;
	struct cit_ctl *ctl;

	if (!cit_ctl_room(conn))
		return -EAGAIN;
	if (!cit_cmdsn_accept(conn, hdr->cmdsn))
		return 0;
	ctl = cit_reject_make(conn, reason);
	if (!ctl)
		return -ENOMEM;
	ctl->retire = !(hdr->opcode & ISCSI_OP_IMMEDIATE);
	cit_tx_queue(conn, &ctl->tx);
	return 0;
}
