// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logout, RFC 7143 11.14 and 11.15, and the target's own goodbye, 11.9.
 *
 * rx.c and conn.c call in, from io_work.  With one connection the session and the connection
 * are the same thing, and they end when the answer has been sent.  Owns no lock.
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

int cit_logout_rx(struct cit_conn *conn)
{
	const struct iscsi_req *hdr = &conn->rx.hdr.req;
	struct cit_ctl *ctl;

	if ((hdr->flags & ISCSI_LOGOUT_REASON_MASK) > ISCSI_LOGOUT_RECOVERY)
		return cit_reject_cmd(conn, ISCSI_REJECT_INVALID_FIELD);
	if (!cit_cmdsn_accept(conn, hdr->cmdsn))
		return 0;
	ctl = cit_ctl_alloc(conn, 0);
	if (!ctl)
		return -ENOMEM;
	ctl->hdr.ctl.opcode = ISCSI_OP_LOGOUT_RSP;
	ctl->hdr.ctl.response = cit_logout_response(conn, hdr);
	ctl->hdr.ctl.itt = hdr->itt;
	ctl->hdr.ctl.ttt = 0;
	ctl->hdr.ctl.spec2 = cpu_to_be32(conn->keys.time2wait << 16 |
					 conn->keys.time2retain);
	ctl->retire = !(hdr->opcode & ISCSI_OP_IMMEDIATE);
	ctl->close = ctl->hdr.ctl.response == ISCSI_LOGOUT_RSP_DONE;
	/* Who has the answer may count on it, also in another session. */
	if (ctl->close)
		cst_session_let_go(&conn->sess->sess);
	cit_tx_queue(conn, &ctl->tx);
	return 0;
}

/**
 * cit_goodbye() - tell the initiator that the session ends
 * @conn: alive
 *
 * Without memory it is not told.
 */
void cit_goodbye(struct cit_conn *conn)
{
	struct cit_ctl *ctl = cit_ctl_alloc(conn, 0);

	if (!ctl)
		return;
	ctl->hdr.ctl.opcode = ISCSI_OP_ASYNC;
	ctl->hdr.ctl.itt = cpu_to_be32(ISCSI_RESERVED_TAG);
	ctl->hdr.ctl.ttt = 0;
	/* AsyncEvent and Parameter1, which this event does not use */
	ctl->hdr.ctl.spec = cpu_to_be32(ISCSI_ASYNC_DROP_ALL << 24);
	ctl->hdr.ctl.spec2 = cpu_to_be32(conn->keys.time2wait << 16 |
					 conn->keys.time2retain);
	cit_tx_queue(conn, &ctl->tx);
}
