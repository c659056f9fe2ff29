// SPDX-License-Identifier: GPL-2.0-only
/*
 * NOP-Out and NOP-In, both ways (RFC 7143 11.18, 11.19).
 *
 * rx.c calls cit_nop_out_rx().  The timer nop_work only makes io_work call cit_nop_due().
 * When nothing has come from an initiator for NopInInterval, it is sent a NOP-In.  When
 * nothing at all has come NopInTimeout later, the connection is closed.  This file owns
 * no lock.
 */
#include <linux/jiffies.h>

#include "cit.h"

int cit_nop_out_rx(struct cit_conn *conn)
{
	const struct iscsi_req *hdr = &conn->rx.hdr.req;
	bool immediate = hdr->opcode & ISCSI_OP_IMMEDIATE;
	struct cit_rx *rx = &conn->rx;
	struct cit_pdu *pdu;

	/*
	 * Such a NOP-Out wants no answer: it answers our NOP-In, or only carries
	 * ExpStatSN.
	 */
	if (hdr->itt == cpu_to_be32(ISCSI_RESERVED_TAG)) {
		if (!immediate && cit_cmdsn_accept(conn, hdr->cmdsn))
			cit_conn_retire(conn);
		return 0;
	}
	if (!cit_cmdsn_accept(conn, hdr->cmdsn))
		return 0;

	/*
	 * The answer returns the data, cut to the length that the initiator can receive.
	 */
	pdu = cit_pdu_alloc(conn, min(rx->data_len, conn->keys.max_xmit_dsl));
	if (!pdu)
		return -ENOMEM;
	pdu->hdr.pdu.opcode = ISCSI_OP_NOP_IN;
	memcpy(pdu->hdr.pdu.lun, hdr->lun, sizeof(hdr->lun));
	pdu->hdr.pdu.itt = hdr->itt;
	pdu->retire = !immediate;
	if (!rx->data_len) {
		cit_tx_queue(conn, &pdu->tx);
		return 0;
	}
	rx->dest = CIT_DEST_PDU;
	rx->pdu = pdu;
	rx->take = pdu->len;
	return 0;
}

/*
 * The timer wheel may fire an eighth of the delay late, which is minutes for an hour.  So
 * ask for that much less.  cit_nop_due() then waits for the rest.
 */
static void cit_nop_arm(struct cit_conn *conn, unsigned long delay)
{
	if (delay > HZ)
		delay -= delay / 8;
	mod_delayed_work(system_percpu_wq, &conn->nop_work, delay);
}

void cit_nop_start(struct cit_conn *conn)
{
	if (conn->nop_interval)
		cit_nop_arm(conn, conn->nop_interval * HZ);
}

void cit_nop_work(struct work_struct *work)
{
	struct cit_conn *conn = container_of(to_delayed_work(work),
					     struct cit_conn, nop_work);

	set_bit(CIT_CONN_NOP_DUE, &conn->flags);
	cit_conn_kick(conn);
}

static int cit_nop_ping(struct cit_conn *conn)
{
	struct cit_pdu *pdu;

	/*
	 * No room: whether the peer takes what is queued tells as well whether it lives.
	 */
	if (!cit_pdu_room(conn))
		return 0;
	pdu = cit_pdu_alloc(conn, 0);
	if (!pdu)
		return -ENOMEM;
	/* Each NOP-In has a tag of its own, which is never the reserved one. */
	conn->ping_ttt = (conn->ping_ttt + 1) & 0x7fffffff;
	pdu->hdr.pdu.opcode = ISCSI_OP_NOP_IN;
	pdu->hdr.pdu.itt = cpu_to_be32(ISCSI_RESERVED_TAG);
	pdu->hdr.pdu.ttt = cpu_to_be32(conn->ping_ttt);
	pdu->status = false;
	cit_tx_queue(conn, &pdu->tx);
	return 0;
}

/**
 * cit_nop_due() - the timer has fired: is the peer there?
 * @conn: a live connection
 *
 * Context: io_work.  Return: 0, or errno when the connection must be closed.
 */
int cit_nop_due(struct cit_conn *conn)
{
	unsigned long silence = jiffies - conn->last_rx;
	unsigned long asked = jiffies - conn->ping_time;
	unsigned long interval = conn->nop_interval * HZ;
	unsigned long timeout = conn->nop_timeout * HZ;
	int ret;

	/*
	 * A logout waits for the commands of the session.  Nothing is received meanwhile,
	 * so silence means nothing.
	 */
	if (conn->logout == CIT_LOGOUT_WAITS) {
		cit_nop_arm(conn, interval);
		return 0;
	}
	/* Anything that has come since the NOP-In was sent counts as an answer. */
	if (conn->ping_sent && time_before_eq(conn->ping_time, conn->last_rx))
		conn->ping_sent = false;
	if (silence < interval) {
		cit_nop_arm(conn, interval - silence);
		return 0;
	}
	if (conn->ping_sent && asked < timeout) {
		cit_nop_arm(conn, timeout - asked);
		return 0;
	}
	/*
	 * Reception may be paused because too much is still to be sent.  Then the peer is
	 * at fault all the same, because it does not read.
	 */
	if (conn->ping_sent) {
		pr_notice_ratelimited("%s: no answer to NOP-In within %u s: connection closed\n",
				      conn->sess->sess.initiator_name,
				      conn->nop_timeout);
		return -ETIMEDOUT;
	}
	ret = cit_nop_ping(conn);
	conn->ping_sent = true;
	conn->ping_time = jiffies;
	/*
	 * If the peer answers at once, the next interval of silence may be over before
	 * the timeout of this NOP-In.
	 */
	cit_nop_arm(conn, min(interval, timeout));
	return ret;
}
