// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reject, RFC 7143 11.17: the answer to a PDU that cannot be acted on.  It returns the
 * header of that PDU.
 *
 * rx.c and the files of the opcodes call in, from io_work, while the header is still in
 * rx.hdr.  This file owns no lock.
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
 * cit_reject() - reject a PDU that does not count in the command window
 * @conn: connection
 * @reason: ISCSI_REJECT_*
 *
 * An initiator that goes on sending what must be rejected, and does not read the answers,
 * must not use up memory: its connection is closed.
 *
 * Return: 0, or errno when the connection must be closed.
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
 * The request counts in the command window, which differs from RFC 7143 7.3: there the
 * initiator has to fill the gap that a rejected request leaves.  Linux's initiator does
 * not do that, and all later requests would be ignored.  ExpCmdSN of the Reject tells that
 * the request has counted.
 *
 * Return: 0; -EAGAIN when there is no room for the answer now; or errno when the
 * connection must be closed.
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
