// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct cit_pdu: the PDUs that the target sends other than those of SCSI commands
 * (Data-In, R2T, SCSI Response).  And the CmdSN of requests.
 *
 * nop.c, text.c, logout.c, tmf.c and reject.c make such PDUs here and put them on the
 * transmit queue; session.c makes the login response.  tx.c frees a PDU when it has been
 * sent.  A connection may have a bounded number of PDUs, with a bounded number of bytes.
 * Reception pauses at the bound, so that an initiator that does not read its answers
 * fills its own send buffer.  All functions run in io_work, or before io_work starts.
 * This file owns no lock.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "cit.h"

/**
 * cit_pdu_alloc() - make a PDU that is to be sent
 * @conn: connection
 * @len: bytes of data
 *
 * The header is zeroed, except for the final bit and the reserved target transfer tag.
 * The PDU advances StatSN, as most responses do, unless the caller clears @status.
 *
 * Context: may sleep.  Return: NULL when there is no memory.
 */
struct cit_pdu *cit_pdu_alloc(struct cit_conn *conn, u32 len)
{
	unsigned int nr = DIV_ROUND_UP(len, PAGE_SIZE);
	struct cit_pdu *pdu;
	unsigned int i;

	pdu = kzalloc(struct_size(pdu, bvec, nr), conn->gfp | __GFP_NOWARN);
	if (!pdu)
		return NULL;
	conn->pdus++;
	conn->pdu_bytes += len;
	pdu->len = len;
	INIT_LIST_HEAD(&pdu->tx.node);
	pdu->tx.type = CIT_TX_PDU;
	pdu->status = true;
	pdu->hdr.pdu.flags = ISCSI_FLAG_FINAL;
	pdu->hdr.pdu.ttt = cpu_to_be32(ISCSI_RESERVED_TAG);
	for (i = 0; i < nr; i++) {
		pdu->bvec[i].bv_page = alloc_page(conn->gfp | __GFP_NOWARN);
		if (!pdu->bvec[i].bv_page) {
			cit_pdu_free(conn, pdu);
			return NULL;
		}
		pdu->bvec[i].bv_len = min_t(u32, len, PAGE_SIZE);
		len -= pdu->bvec[i].bv_len;
		pdu->nr_bvec++;
	}
	return pdu;
}

void cit_pdu_free(struct cit_conn *conn, struct cit_pdu *pdu)
{
	unsigned int i;

	conn->pdus--;
	conn->pdu_bytes -= pdu->len;
	for (i = 0; i < pdu->nr_bvec; i++)
		put_page(pdu->bvec[i].bv_page);
	kfree(pdu);
	if (unlikely(conn->rx.paused))
		cit_conn_kick(conn);
}

/* May a request be handled whose answer is another struct cit_pdu? */
bool cit_pdu_room(const struct cit_conn *conn)
{
	return conn->pdus < CIT_PDU_MAX && conn->pdu_bytes < CIT_PDU_BYTES;
}

/* Copy @data to the beginning of the PDU's data. */
void cit_pdu_fill(struct cit_pdu *pdu, const void *data, u32 len)
{
	unsigned int i;

	for (i = 0; i < pdu->nr_bvec && len; i++) {
		u32 n = min(len, pdu->bvec[i].bv_len);

		memcpy(page_address(pdu->bvec[i].bv_page), data, n);
		data += n;
		len -= n;
	}
}

/*
 * Have io_work run after @delay jiffies.  The timer wheel may fire an eighth of the delay
 * late, so ask for that much less.  cit_cmdsn_due() then waits for the rest.
 */
static void cit_cmdsn_arm(struct cit_conn *conn, unsigned long delay)
{
	if (delay)
		cit_conn_again(conn, delay > HZ ? delay - delay / 8 : delay);
}

/*
 * A request has been ignored because an earlier CmdSN has not come.  The initiator waits
 * for answers that never come.  So this is logged, and the connection ends after
 * CmdSNTimeout unless the missing requests come or are aborted.
 */
static noinline void cit_cmdsn_gap(struct cit_conn *conn, u32 cmdsn)
{
	if (conn->gap) {
		if ((s32)(cmdsn - conn->gap_last) > 0)
			conn->gap_last = cmdsn;
		return;
	}
	conn->gap = true;
	conn->gap_last = cmdsn;
	conn->gap_since = jiffies;
	cit_cmdsn_arm(conn, conn->cmdsn_timeout * HZ);
	pr_notice_ratelimited("%s: request with CmdSN %u ignored: %u has not come\n",
			      conn->sess->sess.initiator_name, cmdsn,
			      conn->window.exp);
}

/**
 * cit_cmdsn_expected() - is a request's CmdSN the expected one?
 * @conn: connection
 * @cmdsn: CmdSN of a request that is not immediate
 *
 * Return: false when the request must be ignored.
 */
bool cit_cmdsn_expected(struct cit_conn *conn, u32 cmdsn)
{
	enum cit_cmdsn_verdict verdict = cit_window_check(&conn->window, cmdsn);

	if (likely(verdict == CIT_CMDSN_ACCEPT))
		return true;
	if (verdict == CIT_CMDSN_GAP)
		cit_cmdsn_gap(conn, cmdsn);
	return false;
}

/**
 * cit_cmdsn_accept() - count a request in the command window
 * @conn: connection; the request's header is in rx.hdr
 * @cmdsn: CmdSN of the request; it is not looked at if the request is immediate
 *
 * Return: false when the request must be ignored.
 */
bool cit_cmdsn_accept(struct cit_conn *conn, __be32 cmdsn)
{
	if (conn->rx.hdr.bhs.opcode & ISCSI_OP_IMMEDIATE)
		return true;
	if (!cit_cmdsn_expected(conn, be32_to_cpu(cmdsn)))
		return false;
	cit_conn_accept(conn);
	return true;
}

/**
 * cit_cmdsn_due() - has a CmdSN been missing for too long?
 * @conn: a live connection; conn->gap is set
 *
 * Context: io_work.  Return: 0, or errno when the connection must be closed.
 */
int cit_cmdsn_due(struct cit_conn *conn)
{
	unsigned long limit = conn->cmdsn_timeout * HZ;
	unsigned long missing = jiffies - conn->gap_since;

	if ((s32)(conn->window.exp - conn->gap_last) > 0) {
		conn->gap = false;
		return 0;
	}
	if (!limit)
		return 0;
	if (missing >= limit) {
		pr_notice_ratelimited("%s: CmdSN %u has not come within %u s: connection closed\n",
				      conn->sess->sess.initiator_name,
				      conn->window.exp, conn->cmdsn_timeout);
		return -ETIMEDOUT;
	}
	cit_cmdsn_arm(conn, limit - missing);
	return 0;
}
