// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data-out of a command: immediate, unsolicited and asked for by R2T.
 *
 * scsi.c and rx.c call in, from io_work.  This file tells core when the data of a command
 * is complete.  Data comes in order (DataPDUInOrder and DataSequenceInOrder are Yes), so
 * a command needs only one cursor, and one Target Transfer Tag for all its R2Ts.  This
 * file owns no lock.
 *
 * An error of the initiator ends the command with sense data (RFC 7143 11.4.7.2).  Data
 * of a command that does not wait for data is received and discarded.  A digest error is
 * an error of the network: the command ends with sense data, too, but its answer waits
 * until the initiator has sent the rest of the data.
 *
 * A command that waits for data keeps its buffer and its place in the task set, where
 * other commands may have to wait for it.  So a sequence that is not complete after
 * DataOutTimeout ends the connection, even if the initiator answers NOP-In meanwhile:
 * error recovery level 0 has no other recovery for data that does not come.  One timer
 * watches all commands of the connection.  The first command that waits arms the timer,
 * and it is armed again as long as commands wait.
 *
 * The initiator sends the data of many commands one after another, in an order of its
 * own choice, and the line may be slow.  An initiator that does send must not count as
 * late.  So the time of a sequence begins
 *  - when its R2T is sent; while the R2T is still queued, when TCP last had taken
 *    CIT_DATA_STEP bytes of what is ahead of the R2T;
 *  - anew with every CIT_DATA_STEP bytes that come for any command of the connection.
 *    This ends when more bytes have come since the R2T than can be outstanding at once:
 *    then the sequence is not merely waiting for its turn.
 */
#include <linux/jiffies.h>

#include "cit.h"

/* So many bytes restart the time of a sequence; see above. */
#define CIT_DATA_STEP	(64U << 10)

/*
 * A sequence of the command begins: the initiator has DataOutTimeout for it from now on.
 */
void cit_data_out_expect(struct cit_cmd *cc)
{
	struct cit_conn *conn = cc->conn;

	cc->data_since = jiffies;
	cc->data_mark = conn->data_came;
	/* The timer of a dead connection has been stopped for good. */
	if (likely(conn->data_armed) || !conn->dataout_timeout ||
	    cit_conn_dead(conn))
		return;
	conn->data_armed = true;
	mod_delayed_work(system_percpu_wq, &conn->data_work,
			 conn->dataout_timeout * HZ);
}

void cit_data_work(struct work_struct *work)
{
	struct cit_conn *conn = container_of(to_delayed_work(work),
					     struct cit_conn, data_work);

	set_bit(CIT_CONN_DATA_DUE, &conn->flags);
	cit_conn_kick(conn);
}

/**
 * cit_data_came() - a piece of the data of some command has come
 * @conn: connection
 * @len: bytes
 */
void cit_data_came(struct cit_conn *conn, u32 len)
{
	conn->data_came += len;
	if (conn->data_came - conn->data_step >= CIT_DATA_STEP) {
		conn->data_step = conn->data_came;
		conn->data_moved = jiffies;
	}
}

/**
 * cit_data_went() - TCP has taken some of what is to be sent
 * @conn: connection; tx.taken counts these bytes already
 */
void cit_data_went(struct cit_conn *conn)
{
	if (conn->tx.taken - conn->tx_step >= CIT_DATA_STEP) {
		conn->tx_step = conn->tx.taken;
		conn->tx_moved = jiffies;
	}
}

/* The time, in jiffies, from which on the initiator alone keeps the command waiting. */
static unsigned long cit_data_since(const struct cit_cmd *cc)
{
	const struct cit_conn *conn = cc->conn;
	u64 all = (u64)conn->nr_cmds * conn->keys.max_outstanding_r2t *
		  conn->keys.max_burst;
	unsigned long moved = cc->data_since;

	/* The R2T has not been sent: the initiator still reads what is ahead of it. */
	if (!cc->r2ts && !list_empty(&cc->tx.node))
		moved = conn->tx_moved;
	else if (conn->data_came - cc->data_mark <= all)
		moved = conn->data_moved;
	return time_after(moved, cc->data_since) ? moved : cc->data_since;
}

/**
 * cit_data_due() - the timer has fired: does a command wait for data for too long?
 * @conn: a live connection
 *
 * Context: io_work.  Return: 0, or errno when the connection must be closed.
 */
int cit_data_due(struct cit_conn *conn)
{
	unsigned long limit = conn->dataout_timeout * HZ, longest = 0;
	unsigned int i;

	conn->data_armed = false;
	for (i = 0; i < conn->nr_cmds; i++) {
		struct cit_cmd *cc = &conn->cmds[i];

		if (cc->state != CIT_CMD_DATA && cc->state != CIT_CMD_HELD)
			continue;
		/* At least 1: 0 means that no command waits. */
		longest = max3(longest, jiffies - cit_data_since(cc), 1UL);
	}
	if (!longest)
		return 0;
	if (longest >= limit) {
		pr_notice_ratelimited("%s: data that was asked for has not come within %u s: connection closed\n",
				      conn->sess->sess.initiator_name,
				      conn->dataout_timeout);
		return -ETIMEDOUT;
	}
	conn->data_armed = true;
	mod_delayed_work(system_percpu_wq, &conn->data_work, limit - longest);
	return 0;
}

/* May the command send another R2T now? */
bool cit_r2t_left(const struct cit_cmd *cc)
{
	return cc->r2t_off != cc->cmd.data_len &&
	       cc->r2ts != cc->conn->keys.max_outstanding_r2t;
}

/* Have the next R2Ts of a command sent, unless they are queued already. */
static void cit_r2t_queue(struct cit_cmd *cc)
{
	if (!cit_r2t_left(cc) || !list_empty(&cc->tx.node))
		return;
	cc->tx.type = CIT_TX_R2T;
	cit_tx_queue(cc->conn, &cc->tx);
}

/**
 * cit_r2t_next() - which data is the next R2T to ask for?
 * @cc: a command that waits for data
 * @offset: offset of that data
 *
 * The data counts as asked for from here on.
 *
 * Return: the length of that data; 0 when no R2T may be sent now.
 */
u32 cit_r2t_next(struct cit_cmd *cc, u32 *offset)
{
	const struct cit_keys *keys = &cc->conn->keys;
	u32 len = min(cc->cmd.data_len - cc->r2t_off, keys->max_burst);

	if (!cit_r2t_left(cc))
		return 0;
	*offset = cc->r2t_off;
	if (!cc->r2ts++) {
		cit_data_out_expect(cc);
		cc->burst_end = cc->r2t_off + len;
	}
	cc->r2t_off += len;
	return len;
}

/* Give the complete data to core. */
static void cit_data_out_complete(struct cit_cmd *cc)
{
	cc->state = CIT_CMD_CORE;
	cst_cmd_data_received(&cc->cmd);
}

/* No unsolicited data will come any more: ask for the rest of the data by R2T. */
void cit_data_out_start(struct cit_cmd *cc)
{
	if (cc->rcvd >= cc->cmd.data_len) {
		cit_data_out_complete(cc);
		return;
	}
	cit_data_out_expect(cc);
	cc->r2t_off = cc->rcvd;
	cc->datasn = 0;
	cit_r2t_queue(cc);
}

/*
 * End a command that waits for data with sense data.  An initiator that has broken the
 * rules of the R2Ts may not fulfil the outstanding ones either.  So the answer does not
 * wait for them.
 */
void cit_data_out_fail(struct cit_cmd *cc, cst_sense_t reason)
{
	cc->r2ts = 0;
	cc->state = CIT_CMD_CORE;
	cst_cmd_data_failed(&cc->cmd, reason);
}

/* A Data-Out PDU with the final bit has come: its sequence is over. */
static void cit_sequence_end(struct cit_cmd *cc)
{
	if (cc->r2ts)
		cc->r2ts--;
	else
		cc->unsol = false;
}

/*
 * The data digest is wrong.  RFC 7143 7.8: at error recovery level 0 the task fails, but
 * its answer waits for all data that the initiator was asked for.
 */
static int cit_data_out_digest_error(struct cit_cmd *cc, bool final)
{
	int ret = cit_reject(cc->conn, ISCSI_REJECT_DATA_DIGEST);

	if (final)
		cit_sequence_end(cc);
	cc->state = CIT_CMD_CORE;
	cst_cmd_data_failed(&cc->cmd, CST_SENSE(PROTOCOL_SERVICE_CRC_ERROR));
	return ret;
}

/* An R2T has been fulfilled.  The next R2T, if it was sent already, begins here. */
static void cit_burst_end(struct cit_cmd *cc)
{
	cit_data_out_expect(cc);
	cc->r2ts--;
	cc->datasn = 0;
	cc->burst_end = min(cc->rcvd + cc->conn->keys.max_burst,
			    cc->cmd.data_len);
	if (cc->rcvd == cc->cmd.data_len)
		cit_data_out_complete(cc);
	else
		cit_r2t_queue(cc);
}

/**
 * cit_data_out_end() - a data segment is in its command's pages
 * @cc: a command that waits for data; rx.hdr is the header of the PDU
 * @digest_ok: whether the data digest was right, or there is none
 *
 * Return: 0, or errno when the connection must be closed.
 */
int cit_data_out_end(struct cit_cmd *cc, bool digest_ok)
{
	struct cit_conn *conn = cc->conn;
	const struct iscsi_bhs *hdr = &conn->rx.hdr.bhs;
	bool solicited = cc->r2ts;

	if (unlikely(!digest_ok))
		return cit_data_out_digest_error(cc, hdr->flags &
						     ISCSI_FLAG_FINAL);

	cc->rcvd += conn->rx.data_len;
	if (solicited) {
		if (cc->rcvd == cc->burst_end)
			cit_burst_end(cc);
		return 0;
	}
	if (!cc->unsol)
		cit_data_out_start(cc);
	return 0;
}

/* What is wrong with a Data-Out PDU, or CST_OK. */
static cst_sense_t cit_data_out_check(const struct cit_cmd *cc,
				      const struct iscsi_data_out *hdr, u32 len,
				      bool solicited)
{
	u32 end = solicited ? cc->burst_end : cc->unsol_max;
	bool final = hdr->flags & ISCSI_FLAG_FINAL;

	if (solicited ? !cc->r2ts : !cc->unsol)
		return CST_SENSE(UNEXPECTED_UNSOLICITED_DATA);
	if (be32_to_cpu(hdr->datasn) != cc->datasn)
		return CST_SENSE(DATA_PHASE_ERROR);
	if (be32_to_cpu(hdr->offset) != cc->rcvd)
		return CST_SENSE(DATA_OFFSET_ERROR);
	if (len > end - cc->rcvd)
		return CST_SENSE(INCORRECT_AMOUNT_OF_DATA);
	/* A solicited sequence must end exactly where the R2T said. */
	if (solicited && final != (len == end - cc->rcvd))
		return CST_SENSE(INCORRECT_AMOUNT_OF_DATA);
	return CST_OK;
}

/* The command that a Data-Out PDU is for, or NULL when the command is over. */
static struct cit_cmd *cit_data_out_cmd(struct cit_conn *conn,
					const struct iscsi_data_out *hdr)
{
	u32 ttt = be32_to_cpu(hdr->ttt);
	u32 index = ttt & ((1U << CIT_SLOT_BITS) - 1);
	struct cit_cmd *cc;

	if (ttt == ISCSI_RESERVED_TAG)
		return cit_cmd_find(conn, hdr->itt);
	if (index >= conn->nr_cmds)
		return NULL;
	cc = &conn->cmds[index];
	if (cc->state == CIT_CMD_FREE || cc->ttt != ttt || cc->itt != hdr->itt)
		return NULL;
	return cc;
}

/* Data-Out, RFC 7143 11.7 */
int cit_data_out_rx(struct cit_conn *conn)
{
	const struct iscsi_data_out *hdr = &conn->rx.hdr.data_out;
	bool solicited = hdr->ttt != cpu_to_be32(ISCSI_RESERVED_TAG);
	struct cit_rx *rx = &conn->rx;
	struct cit_cmd *cc;
	cst_sense_t failure;

	if (unlikely(rx->ahs_len)) {
		if (!cit_pdu_room(conn))
			return -EAGAIN;
		return cit_reject(conn, ISCSI_REJECT_INVALID_FIELD);
	}
	cc = cit_data_out_cmd(conn, hdr);
	if (unlikely(!cc))
		return 0;

	/*
	 * The command does not wait for data any more.  Only the end of a sequence
	 * counts.
	 */
	if (unlikely(cc->state != CIT_CMD_DATA)) {
		if ((solicited ? cc->r2ts : cc->unsol) &&
		    (hdr->flags & ISCSI_FLAG_FINAL)) {
			cit_sequence_end(cc);
			if (rx->data_len)
				rx->cmd = cc;
			else
				cit_cmd_unhold(cc);
		}
		return 0;
	}

	failure = cit_data_out_check(cc, hdr, rx->data_len, solicited);
	/*
	 * No unsolicited data follows.  This is noted before the data of this PDU comes,
	 * because the command may be answered meanwhile.
	 */
	if (!solicited && (hdr->flags & ISCSI_FLAG_FINAL))
		cc->unsol = false;
	if (unlikely(failure)) {
		if (rx->data_len)
			rx->cmd = cc;
		cit_data_out_fail(cc, failure);
		return 0;
	}

	cc->datasn++;
	if (unlikely(!rx->data_len)) {
		/*
		 * An empty Data-Out PDU is allowed; it may end an unsolicited sequence.
		 */
		return cit_data_out_end(cc, true);
	}
	rx->cmd = cc;
	rx->dest = CIT_DEST_CMD;
	rx->take = cc->rcvd < cc->cmd.data_len ?
		   min(rx->data_len, cc->cmd.data_len - cc->rcvd) : 0;
	return 0;
}
