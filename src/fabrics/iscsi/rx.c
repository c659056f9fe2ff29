// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receive machine: reads the byte stream directly from TCP's receive queue.
 *
 * io_work calls cit_rx() with the socket locked.  This file copies header bytes into
 * rx->hdr.  When a header is complete, it calls the handler of the opcode, which says
 * where the data segment goes.  Data is copied from the packet straight into the pages
 * of the command or PDU.  The handlers give commands to core while this file reads, so
 * that one wake-up receives and executes everything that has arrived.  No lock is taken
 * but that of the socket.
 */
#include <linux/skbuff.h>
#include <net/tcp.h>

#include "cit.h"

static void cit_rx_bhs(struct cit_rx *rx)
{
	rx->state = CIT_RX_BHS;
	rx->want = ISCSI_BHS_LEN;
	rx->got = 0;
}

void cit_rx_init(struct cit_rx *rx)
{
	cit_rx_bhs(rx);
}

/* A PDU with a data segment has been received whole. */
static int cit_rx_pdu_end(struct cit_conn *conn, bool digest_ok)
{
	struct cit_rx *rx = &conn->rx;
	struct cit_cmd *cc = rx->cmd;
	struct cit_pdu *pdu = rx->pdu;
	int ret = 0;

	cit_rx_bhs(rx);
	rx->cmd = NULL;
	rx->pdu = NULL;

	if (likely(cc)) {
		if (likely(rx->dest == CIT_DEST_CMD))
			ret = cit_data_out_end(cc, digest_ok);
		else
			cit_cmd_unhold(cc);
		return ret;
	}
	if (rx->dest != CIT_DEST_PDU)
		return 0;
	if (unlikely(!digest_ok)) {
		if (pdu->retire)
			cit_conn_retire(conn);
		cit_pdu_free(conn, pdu);
		return cit_reject(conn, ISCSI_REJECT_DATA_DIGEST);
	}
	if ((rx->hdr.bhs.opcode & ISCSI_OP_MASK) == ISCSI_OP_TEXT)
		return cit_text_data(conn, pdu);
	cit_tx_queue(conn, &pdu->tx);
	return 0;
}

static int cit_rx_dispatch(struct cit_conn *conn)
{
	u8 opcode = conn->rx.hdr.bhs.opcode & ISCSI_OP_MASK;

	if (likely(opcode == ISCSI_OP_SCSI_CMD))
		return cit_scsi_cmd_rx(conn);
	if (opcode == ISCSI_OP_DATA_OUT)
		return cit_data_out_rx(conn);

	/* Each of the other requests makes a struct cit_pdu. */
	if (!cit_pdu_room(conn))
		return -EAGAIN;
	/* These have no CmdSN: the other opcodes of initiators are all requests. */
	if (opcode == ISCSI_OP_SNACK)
		return cit_reject(conn, ISCSI_REJECT_SNACK);
	if (opcode & ISCSI_OP_TARGET)
		return cit_reject(conn, ISCSI_REJECT_NOT_SUPPORTED);
	if (conn->rx.ahs_len)
		return cit_reject_cmd(conn, ISCSI_REJECT_INVALID_FIELD);

	switch (opcode) {
	case ISCSI_OP_NOP_OUT:
		return cit_nop_out_rx(conn);
	case ISCSI_OP_TMF:
		return cit_tmf_rx(conn);
	case ISCSI_OP_TEXT:
		return cit_text_rx(conn);
	case ISCSI_OP_LOGOUT:
		return cit_logout_rx(conn);
	case ISCSI_OP_LOGIN:
		return cit_reject_cmd(conn, ISCSI_REJECT_PROTOCOL);
	default:
		return cit_reject_cmd(conn, ISCSI_REJECT_NOT_SUPPORTED);
	}
}

/* The header is complete: have its opcode's handler deal with it. */
static int cit_rx_header(struct cit_conn *conn)
{
	struct cit_rx *rx = &conn->rx;
	int ret;

	rx->dest = CIT_DEST_DISCARD;
	rx->take = 0;
	rx->cmd = NULL;
	rx->pdu = NULL;
	rx->bv_off = 0;
	rx->bv_idx = 0;

	ret = cit_rx_dispatch(conn);
	if (unlikely(ret)) {
		rx->paused = ret == -EAGAIN;
		return ret;
	}
	if (!rx->data_len) {
		cit_rx_bhs(rx);
		rx->cmd = NULL;
		return 0;
	}
	rx->state = CIT_RX_DATA;
	rx->want = rx->data_len;
	rx->got = 0;
	rx->crc = CIT_CRC_START;
	return 0;
}

static int cit_rx_bhs_done(struct cit_conn *conn)
{
	struct cit_rx *rx = &conn->rx;

	rx->ahs_len = rx->hdr.bhs.ahs_len * 4;
	rx->data_len = iscsi_data_len(rx->hdr.bhs.data_len);
	if (unlikely(rx->data_len > conn->keys.max_recv_dsl)) {
		pr_notice_ratelimited("%s: data segment of %u bytes, %u declared: connection closed\n",
				      conn->sess->sess.initiator_name,
				      rx->data_len, conn->keys.max_recv_dsl);
		return -EPROTO;
	}
	rx->got = 0;
	if (unlikely(rx->ahs_len)) {
		rx->state = CIT_RX_AHS;
		rx->want = rx->ahs_len;
		return 0;
	}
	if (conn->keys.header_digest) {
		rx->state = CIT_RX_HDR_DIGEST;
		rx->want = ISCSI_DIGEST_LEN;
		return 0;
	}
	return cit_rx_header(conn);
}

static int cit_rx_hdr_digest_done(struct cit_conn *conn)
{
	struct cit_rx *rx = &conn->rx;
	u32 crc;

	crc = cit_crc(CIT_CRC_START, &rx->hdr, ISCSI_BHS_LEN);
	crc = cit_crc(crc, rx->ahs, rx->ahs_len);
	if (likely(cit_crc_matches(crc, rx->tail)))
		return cit_rx_header(conn);
	/* RFC 7143 7.7: nothing in this header can be trusted, not even the lengths. */
	pr_notice_ratelimited("%s: header digest error: connection closed\n",
			      conn->sess->sess.initiator_name);
	return -EBADMSG;
}

/* The data segment has been read: read its padding and its digest as one piece. */
static int cit_rx_data_done(struct cit_conn *conn)
{
	struct cit_rx *rx = &conn->rx;

	rx->want = iscsi_pad(rx->data_len);
	if (conn->keys.data_digest)
		rx->want += ISCSI_DIGEST_LEN;
	if (likely(!rx->want))
		return cit_rx_pdu_end(conn, true);
	rx->state = CIT_RX_DATA_TAIL;
	rx->got = 0;
	return 0;
}

static int cit_rx_tail_done(struct cit_conn *conn)
{
	struct cit_rx *rx = &conn->rx;
	u32 pad = iscsi_pad(rx->data_len);
	u32 crc;

	if (!conn->keys.data_digest || rx->dest == CIT_DEST_DISCARD)
		return cit_rx_pdu_end(conn, true);
	crc = cit_crc(rx->crc, rx->tail, pad);
	return cit_rx_pdu_end(conn, cit_crc_matches(crc, rx->tail + pad));
}

static int cit_rx_piece_done(struct cit_conn *conn)
{
	struct cit_rx *rx = &conn->rx;

	switch (rx->state) {
	case CIT_RX_BHS:
		return cit_rx_bhs_done(conn);
	case CIT_RX_AHS:
		if (!conn->keys.header_digest)
			return cit_rx_header(conn);
		rx->state = CIT_RX_HDR_DIGEST;
		rx->want = ISCSI_DIGEST_LEN;
		rx->got = 0;
		return 0;
	case CIT_RX_HDR_DIGEST:
		return cit_rx_hdr_digest_done(conn);
	case CIT_RX_DATA:
		return cit_rx_data_done(conn);
	default:
		return cit_rx_tail_done(conn);
	}
}

/*
 * Copy into the pages of @bvec, from the cursor @idx and @off on.  page_address() is
 * enough because none of these pages is in high memory.
 */
static int cit_rx_to_bvec(struct cit_conn *conn, struct sk_buff *skb, int offset,
			  u32 len, const struct bio_vec *bvec, u16 *idx, u32 *off)
{
	while (len) {
		const struct bio_vec *bv = &bvec[*idx];
		u32 n = min(len, bv->bv_len - *off);
		void *to = page_address(bv->bv_page) + bv->bv_offset + *off;

		if (unlikely(skb_copy_bits(skb, offset, to, n)))
			return -EFAULT;
		if (conn->keys.data_digest)
			conn->rx.crc = cit_crc(conn->rx.crc, to, n);
		offset += n;
		len -= n;
		*off += n;
		if (*off == bv->bv_len) {
			(*idx)++;
			*off = 0;
		}
	}
	return 0;
}

/* Count bytes for which the destination has no room in the data digest. */
static int cit_rx_surplus(struct cit_conn *conn, struct sk_buff *skb, int offset,
			  u32 len)
{
	u8 buf[128];

	if (!conn->keys.data_digest || conn->rx.dest == CIT_DEST_DISCARD)
		return 0;
	while (len) {
		u32 n = min_t(u32, len, sizeof(buf));

		if (skb_copy_bits(skb, offset, buf, n))
			return -EFAULT;
		conn->rx.crc = cit_crc(conn->rx.crc, buf, n);
		offset += n;
		len -= n;
	}
	return 0;
}

static int cit_rx_data(struct cit_conn *conn, struct sk_buff *skb, int offset,
		       u32 len)
{
	struct cit_rx *rx = &conn->rx;
	u32 n = 0;
	int ret;

	/* Count data that is discarded, too: it may be that of a command. */
	if (likely(rx->dest != CIT_DEST_PDU))
		cit_data_came(conn, len);
	if (likely(rx->got < rx->take)) {
		n = min(len, rx->take - rx->got);
		if (likely(rx->dest == CIT_DEST_CMD))
			ret = cit_rx_to_bvec(conn, skb, offset, n,
					     rx->cmd->cmd.bvec,
					     &rx->cmd->bv_idx,
					     &rx->cmd->bv_off);
		else
			ret = cit_rx_to_bvec(conn, skb, offset, n,
					     rx->pdu->bvec, &rx->bv_idx,
					     &rx->bv_off);
		if (ret)
			return ret;
	}
	return n == len ? 0 : cit_rx_surplus(conn, skb, offset + n, len - n);
}

static void *cit_rx_piece(struct cit_rx *rx)
{
	switch (rx->state) {
	case CIT_RX_BHS:
		return &rx->hdr;
	case CIT_RX_AHS:
		return rx->ahs;
	default:
		return rx->tail;
	}
}

static int cit_rx_step(struct cit_conn *conn, struct sk_buff *skb, int offset,
		       u32 len)
{
	struct cit_rx *rx = &conn->rx;
	int ret;

	if (rx->state == CIT_RX_DATA)
		ret = cit_rx_data(conn, skb, offset, len);
	else
		ret = skb_copy_bits(skb, offset, cit_rx_piece(rx) + rx->got,
				    len);
	if (unlikely(ret))
		return ret;
	rx->got += len;
	return rx->got == rx->want ? cit_rx_piece_done(conn) : 0;
}

static int cit_rx_actor(read_descriptor_t *desc, struct sk_buff *skb,
			unsigned int offset, size_t len)
{
	struct cit_conn *conn = desc->arg.data;
	struct cit_rx *rx = &conn->rx;
	size_t done = 0;

	while (done < len && likely(desc->count)) {
		u32 n = min_t(size_t, len - done, rx->want - rx->got);
		int ret = cit_rx_step(conn, skb, offset + done, n);

		done += n;
		conn->budget -= n;
		if (unlikely(ret || conn->budget <= 0)) {
			desc->count = 0;
			desc->error = ret == -EAGAIN ? 0 : ret;
		}
	}
	return done;
}

/**
 * cit_rx() - receive what has come
 * @conn: connection; the caller has locked its socket
 *
 * Context: io_work.  Return: 0, or errno when the connection must be closed.
 */
int cit_rx(struct cit_conn *conn)
{
	read_descriptor_t desc = { .arg.data = conn, .count = 1 };
	int ret;

	if (unlikely(conn->rx.paused)) {
		conn->rx.paused = false;
		ret = cit_rx_header(conn);
		if (ret)
			return ret == -EAGAIN ? 0 : ret;
	}
	ret = tcp_read_sock(conn->sock->sk, &desc, cit_rx_actor);
	if (ret > 0)
		conn->last_rx = jiffies;
	/*
	 * The budget is used up: the rest, if there is any, has its turn in another run.
	 */
	if (unlikely(conn->budget <= 0))
		cit_conn_kick(conn);
	return unlikely(desc.error) ? desc.error : 0;
}
