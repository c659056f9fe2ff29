// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logout, RFC 7143 11.14 and 11.15, and the Async Message by which the target ends a
 * session itself, 11.9.
 *
 * rx.c and conn.c call in, from io_work.  A session has one connection, so both end
 * together, when the answer has been sent.  This file owns no lock.
 *
 * The answer says that the commands of the session are terminated.  An initiator that has
 * the answer may let another host use the disk.  So the commands are aborted at once, and
 * the answer waits until the last one has ended, however long the backing takes.
 * Reception pauses meanwhile, because no more requests may come.  The wait ends early
 * when the connection ends: the initiator closes it, TCP finds the peer gone, or an
 * administrator or a reinstatement ends the session.
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

/*
 * Have all commands and task management functions ended?  The first call aborts them.
 * The Logout Request is handled again, and so this called again, when one of them has
 * ended.
 */
static bool cit_logout_clean(struct cit_conn *conn)
{
	if (conn->logout == CIT_LOGOUT_NONE) {
		conn->logout = CIT_LOGOUT_WAITS;
		cst_session_abort_all(&conn->sess->sess);
		/* Commands that wait for data end now, whoever has aborted them. */
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
	 * Let the medium be removed.  cst_session_abort_all() has done this already, but
	 * a command that was executing at that time may have prevented removal since.  An
	 * initiator that has the answer may count on it, also in another session.
	 */
	cst_session_let_go(&conn->sess->sess);
	/* -EAGAIN: nothing behind a logout is received. */
	return -EAGAIN;
}

/**
 * cit_goodbye() - tell the initiator that the session ends
 * @conn: a live connection
 *
 * When there is no memory, the initiator is not told.
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
