// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reject, RFC 7143 11.17: a PDU that cannot be acted on goes back, header and all.
 *
 * Called by rx.c and the opcodes' files, in io_work, while rx.hdr still is the PDU.
 * Owns no lock.
 */
#include "cit.h"

static struct cit_pdu *cit_reject_make(struct cit_conn *conn, u8 reason)
{
	struct cit_pdu *pdu = cit_pdu_alloc(conn, ISCSI_BHS_LEN);

	if (!pdu)
		return NULL;
	pr_debug("%s: opcode 0x%02x rejected: 0x%02x\n",
		 conn->sess->sess.initiator_name, conn->rx.hdr.bhs.opcode,
		 reason);
	pdu->hdr.pdu.opcode = ISCSI_OP_REJECT;
	pdu->hdr.pdu.response = reason;
	pdu->hdr.pdu.itt = cpu_to_be32(ISCSI_RESERVED_TAG);
	pdu->hdr.pdu.ttt = 0;
	cit_pdu_fill(pdu, &conn->rx.hdr, ISCSI_BHS_LEN);
	return pdu;
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
	struct cit_pdu *pdu;

	if (conn->pdus >= 2 * CIT_PDU_MAX)
		return -EPROTO;
	pdu = cit_reject_make(conn, reason);
	if (!pdu)
		return -ENOMEM;
	cit_tx_queue(conn, &pdu->tx);
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
	struct cit_pdu *pdu;

	if (!cit_pdu_room(conn))
		return -EAGAIN;
	if (!cit_cmdsn_accept(conn, hdr->cmdsn))
		return 0;
	pdu = cit_reject_make(conn, reason);
	if (!pdu)
		return -ENOMEM;
	pdu->retire = !(hdr->opcode & ISCSI_OP_IMMEDIATE);
	cit_tx_queue(conn, &pdu->tx);
	return 0;
}
