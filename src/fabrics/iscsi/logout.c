// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logout, RFC 7143 11.14 and 11.15, and the target's own goodbye, 11.9.
 *
 * rx.c and conn.c call in, from io_work.  With one connection the session and the connection
 * are the same thing, and they end when the answer has been sent.  Owns no lock.
 *
 * The answer says that the session's commands are terminated: who has it may let
 * another host have the disk.  So they are aborted at once, and the answer waits until
 * the last has ended, however long its backing takes.  Reception pauses: no more
 * requests may come.  The wait ends early with the connection: the initiator closes it, TCP
 * finds it gone, an administrator or a reinstatement ends the session.
 */
#include <linux/unaligned.h>

#include "cit.h"

static u8 cit_logout_response(const struct cit_conn *conn,
			      const struct iscsi_req *hdr)
{
	switch (hdr->flags & ISCSI_LOGOUT_REASON_MASK) {
	case ISCSI_LOGOUT_SESSION:
		return ISCSI_LOGOUT_RSP_DONE;
	case ISCSI_LOGOUT_CONNECTION:
		return get_unaligned_be16(&hdr->ttt) == conn->cid ?
			ISCSI_LOGOUT_RSP_DONE : ISCSI_LOGOUT_RSP_NO_CID;
	default:
		return ISCSI_LOGOUT_RSP_NO_RECOVERY;
	}
}

/* Has all that was under way ended?  Called again when something has. */
static bool cit_logout_clean(struct cit_conn *conn)
{
	if (conn->logout == CIT_LOGOUT_NONE) {
		conn->logout = CIT_LOGOUT_WAITS;
		cst_session_abort_all(&conn->sess->sess);
		/* Those that wait for data, whoever has aborted them. */
		cit_scsi_reap(conn);
	}
	return !conn->active;
}

int cit_logout_rx(struct cit_conn *conn)
{
	const struct iscsi_req *hdr = &conn->rx.hdr.req;
	u8 response = cit_logout_response(conn, hdr);
	struct cit_pdu *pdu;

	if ((hdr->flags & ISCSI_LOGOUT_REASON_MASK) > ISCSI_LOGOUT_RECOVERY)
		return cit_reject_cmd(conn, ISCSI_REJECT_INVALID_FIELD);
	if (conn->logout == CIT_LOGOUT_ANSWERED)
		return -EAGAIN;
	if (conn->logout == CIT_LOGOUT_NONE &&
	    !cit_cmdsn_accept(conn, hdr->cmdsn))
		return 0;
	if (response == ISCSI_LOGOUT_RSP_DONE && !cit_logout_clean(conn))
		return -EAGAIN;
	pdu = cit_pdu_alloc(conn, 0);
	if (!pdu)
		return -ENOMEM;
	pdu->hdr.pdu.opcode = ISCSI_OP_LOGOUT_RSP;
	pdu->hdr.pdu.response = response;
	pdu->hdr.pdu.itt = hdr->itt;
	pdu->hdr.pdu.ttt = 0;
	pdu->hdr.pdu.spec2 = cpu_to_be32(conn->keys.time2wait << 16 |
					 conn->keys.time2retain);
	pdu->retire = !(hdr->opcode & ISCSI_OP_IMMEDIATE);
	pdu->close = response == ISCSI_LOGOUT_RSP_DONE;
	cit_tx_queue(conn, &pdu->tx);
	if (!pdu->close)
		return 0;
	conn->logout = CIT_LOGOUT_ANSWERED;
	/*
	 * Again, for what was executing when it was done first: who has the answer
	 * may count on it, also in another session.
	 */
	cst_session_let_go(&conn->sess->sess);
	/* Nothing behind a logout is received. */
	return -EAGAIN;
}

/**
 * cit_goodbye() - tell the initiator that the session ends
 * @conn: alive
 *
 * Without memory it is not told.
 */
void cit_goodbye(struct cit_conn *conn)
{
	struct cit_pdu *pdu = cit_pdu_alloc(conn, 0);

	if (!pdu)
		return;
	pdu->hdr.pdu.opcode = ISCSI_OP_ASYNC;
	pdu->hdr.pdu.itt = cpu_to_be32(ISCSI_RESERVED_TAG);
	pdu->hdr.pdu.ttt = 0;
	/* AsyncEvent and Parameter1, which this event does not use */
	pdu->hdr.pdu.spec = cpu_to_be32(ISCSI_ASYNC_DROP_ALL << 24);
	pdu->hdr.pdu.spec2 = cpu_to_be32(conn->keys.time2wait << 16 |
					 conn->keys.time2retain);
	cit_tx_queue(conn, &pdu->tx);
}
