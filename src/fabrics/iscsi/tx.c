// SPDX-License-Identifier: GPL-2.0-only
/*
 * The send machine: turns what is queued into PDUs and gives them to TCP by
 * reference, as many as there are in one go.
 *
 * io_work calls cit_tx() with the socket locked.  Headers are written into a ring
 * of pages.  Header, data and trailer become pieces of tx->frag.  TCP is told that
 * more follows until the queue is empty, so that PDUs share packets.  A command is
 * released when TCP has taken its last byte: TCP holds references to the pages
 * that it still needs.
 */
#include <net/sock.h>
#include <net/tcp.h>

#include <cst/cmd.h>
#include <scsi/scsi_proto.h>

#include "../../compat/socket.h"
#include "cit.h"

/*
 * The longest header piece: BHS, digest, sense data with its length and padding, digest.
 */
#define CIT_HDR_MAX	(ISCSI_BHS_LEN + ISCSI_DIGEST_LEN + 2 + \
			 CST_SENSE_MAX + 2 + ISCSI_DIGEST_LEN)

/* How long to wait when TCP had no memory. */
#define CIT_TX_RETRY	(HZ / 50)

int cit_tx_init(struct cit_tx *tx)
{
	unsigned int i;

	INIT_LIST_HEAD(&tx->queue);
	INIT_LIST_HEAD(&tx->sending);
	for (i = 0; i < CIT_HDR_PAGES; i++) {
		tx->hdr_page[i] = alloc_page(GFP_KERNEL);
		if (!tx->hdr_page[i])
			return -ENOMEM;
	}
	return 0;
}

void cit_tx_destroy(struct cit_tx *tx)
{
	unsigned int i;

	for (i = 0; i < CIT_HDR_PAGES; i++)
		if (tx->hdr_page[i])
			put_page(tx->hdr_page[i]);
}

/*
 * Go on to the next header page: the oldest page of the ring if TCP is done with it, else
 * a new page.  The reference count tells whether TCP is done.  TCP has no reference for
 * pieces that it has not taken yet, so none of these may lie in the oldest page.  The
 * caller has made sure of that with cit_tx_full().
 */
static noinline int cit_hdr_next_page(struct cit_tx *tx)
{
	u8 idx = (tx->hdr_idx + 1) % CIT_HDR_PAGES;

	if (page_ref_count(tx->hdr_page[idx]) != 1) {
		struct cit_conn *conn = container_of(tx, struct cit_conn, tx);
		struct page *page = alloc_page(conn->gfp | __GFP_NOWARN);

		if (!page)
			return -ENOMEM;
		put_page(tx->hdr_page[idx]);
		tx->hdr_page[idx] = page;
	} else {
		/* Write to the page after TCP has dropped its last reference. */
		smp_acquire__after_ctrl_dep();
	}
	tx->hdr_idx = idx;
	tx->hdr_off = 0;
	tx->hdr_new++;
	return 0;
}

/*
 * Is there no room for another piece, or no room for another header?  Adjacent headers
 * share a piece, so the number of pieces alone does not bound the headers.  There is
 * always room when TCP has taken everything.
 */
static bool cit_tx_full(const struct cit_tx *tx)
{
	return tx->tail == CIT_TX_FRAGS ||
	       unlikely(tx->hdr_new == CIT_HDR_PAGES - 1 &&
			tx->hdr_off + CIT_HDR_MAX > PAGE_SIZE);
}

/* Room for a header piece of up to CIT_HDR_MAX bytes, or NULL. */
static void *cit_hdr_get(struct cit_tx *tx)
{
	if (unlikely(tx->hdr_off + CIT_HDR_MAX > PAGE_SIZE) &&
	    cit_hdr_next_page(tx))
		return NULL;
	return page_address(tx->hdr_page[tx->hdr_idx]) + tx->hdr_off;
}

static void cit_tx_put_piece(struct cit_tx *tx, struct page *page, u32 off,
			     u32 len)
{
	struct bio_vec *bv = &tx->frag[tx->tail++];

	bv->bv_page = page;
	bv->bv_offset = off;
	bv->bv_len = len;
	tx->put += len;
}

/* Make a piece of the @len bytes that were written to where cit_hdr_get() has pointed. */
static void cit_hdr_put(struct cit_tx *tx, u32 len)
{
	struct page *page = tx->hdr_page[tx->hdr_idx];
	struct bio_vec *prev = NULL;

	if (tx->tail > tx->head)
		prev = &tx->frag[tx->tail - 1];
	if (prev && prev->bv_page == page &&
	    prev->bv_offset + prev->bv_len == tx->hdr_off) {
		prev->bv_len += len;
		tx->put += len;
	} else {
		cit_tx_put_piece(tx, page, tx->hdr_off, len);
	}
	tx->hdr_off += ALIGN(len, 4);
}

/*
 * Append the header's digest, if there is one.  Return: the length including the digest.
 */
static u32 cit_hdr_digest(struct cit_conn *conn, void *hdr)
{
	if (likely(!conn->keys.header_digest))
		return ISCSI_BHS_LEN;
	cit_crc_put(cit_crc(CIT_CRC_START, hdr, ISCSI_BHS_LEN),
		    hdr + ISCSI_BHS_LEN);
	return ISCSI_BHS_LEN + ISCSI_DIGEST_LEN;
}

/* Set StatSN, ExpCmdSN and MaxCmdSN, which all responses have at the same place. */
static void cit_hdr_numbers(struct cit_conn *conn, struct iscsi_rsp *hdr,
			    bool status)
{
	hdr->statsn = cpu_to_be32(conn->statsn);
	if (status)
		conn->statsn++;
	hdr->expcmdsn = cpu_to_be32(conn->window.exp);
	hdr->maxcmdsn = cpu_to_be32(conn->window.max);
}

/* The PDU being made ends the command: give back the command's place in the window. */
static void cit_cmd_retire(struct cit_cmd *cc)
{
	if (likely(!cc->immediate && !cc->retired)) {
		cc->retired = true;
		cit_conn_retire(cc->conn);
	}
}

static u8 cit_resid_flags(const struct cst_cmd *cmd)
{
	if (likely(!cmd->residual))
		return 0;
	return cmd->overflow ? ISCSI_RESID_OVERFLOW : ISCSI_RESID_UNDERFLOW;
}

static int cit_put_data_in(struct cit_conn *conn, struct cit_cmd *cc)
{
	struct cit_tx *tx = &conn->tx;
	struct cst_cmd *cmd = &cc->cmd;
	struct iscsi_data_in *hdr = cit_hdr_get(tx);
	u32 left = cmd->data_len - tx->sent;
	u32 burst = conn->keys.max_burst - tx->sent % conn->keys.max_burst;
	u32 len = min3(left, burst, conn->keys.max_xmit_dsl);

	if (unlikely(!hdr))
		return -ENOMEM;
	memset(hdr, 0, sizeof(*hdr));
	hdr->opcode = ISCSI_OP_DATA_IN;
	iscsi_set_data_len(hdr->data_len, len);
	hdr->itt = cc->itt;
	hdr->ttt = cpu_to_be32(ISCSI_RESERVED_TAG);
	hdr->datasn = cpu_to_be32(tx->datasn++);
	hdr->offset = cpu_to_be32(tx->sent);
	if (len == left || len == burst)
		hdr->flags = ISCSI_FLAG_FINAL;
	tx->last = len == left && cmd->status == SAM_STAT_GOOD;
	if (tx->last) {
		hdr->flags |= ISCSI_DATA_STATUS | cit_resid_flags(cmd);
		hdr->resid = cpu_to_be32(cmd->residual);
		cit_cmd_retire(cc);
		cit_hdr_numbers(conn, (struct iscsi_rsp *)hdr, true);
	} else {
		hdr->expcmdsn = cpu_to_be32(conn->window.exp);
		hdr->maxcmdsn = cpu_to_be32(conn->window.max);
	}
	cit_hdr_put(tx, cit_hdr_digest(conn, hdr));
	tx->sent += len;
	tx->left = len;
	tx->pad = iscsi_pad(len);
	return 0;
}

static int cit_put_response(struct cit_conn *conn, struct cit_cmd *cc)
{
	struct cit_tx *tx = &conn->tx;
	struct cst_cmd *cmd = &cc->cmd;
	struct iscsi_scsi_rsp *hdr = cit_hdr_get(tx);
	u32 len;

	if (unlikely(!hdr))
		return -ENOMEM;
	memset(hdr, 0, sizeof(*hdr));
	hdr->opcode = ISCSI_OP_SCSI_RSP;
	hdr->flags = ISCSI_FLAG_FINAL | cit_resid_flags(cmd);
	hdr->status = cmd->status;
	hdr->itt = cc->itt;
	hdr->expdatasn = cpu_to_be32(cc->r2tsn + tx->datasn);
	hdr->resid = cpu_to_be32(cmd->residual);
	cit_cmd_retire(cc);
	cit_hdr_numbers(conn, (struct iscsi_rsp *)hdr, true);
	if (unlikely(cmd->sense_len))
		iscsi_set_data_len(hdr->data_len, 2 + cmd->sense_len);
	len = cit_hdr_digest(conn, hdr);

	if (unlikely(cmd->sense_len)) {
		u8 *data = (u8 *)hdr + len;
		u32 data_len = 2 + cmd->sense_len;

		data[0] = 0;
		data[1] = cmd->sense_len;
		memcpy(data + 2, cmd->sense, cmd->sense_len);
		memset(data + data_len, 0, iscsi_pad(data_len));
		data_len += iscsi_pad(data_len);
		if (conn->keys.data_digest) {
			cit_crc_put(cit_crc(CIT_CRC_START, data, data_len),
				    data + data_len);
			data_len += ISCSI_DIGEST_LEN;
		}
		len += data_len;
	}
	cit_hdr_put(tx, len);
	tx->last = true;
	tx->left = 0;
	tx->pad = 0;
	return 0;
}

static int cit_put_r2ts(struct cit_conn *conn, struct cit_cmd *cc)
{
	struct cit_tx *tx = &conn->tx;
	u32 offset, len;

	/* R2Ts for which there is no room are left for later. */
	while (!cit_tx_full(tx) && (len = cit_r2t_next(cc, &offset))) {
		struct iscsi_r2t *hdr = cit_hdr_get(tx);

		if (unlikely(!hdr))
			return -ENOMEM;
		memset(hdr, 0, sizeof(*hdr));
		hdr->opcode = ISCSI_OP_R2T;
		hdr->flags = ISCSI_FLAG_FINAL;
		memcpy(hdr->lun, cc->cmd.lun, sizeof(hdr->lun));
		hdr->itt = cc->itt;
		hdr->ttt = cpu_to_be32(cc->ttt);
		hdr->r2tsn = cpu_to_be32(cc->r2tsn++);
		hdr->offset = cpu_to_be32(offset);
		hdr->desired = cpu_to_be32(len);
		cit_hdr_numbers(conn, (struct iscsi_rsp *)hdr, false);
		cit_hdr_put(tx, cit_hdr_digest(conn, hdr));
	}
	return 0;
}

static int cit_put_pdu(struct cit_conn *conn, struct cit_pdu *pdu)
{
	struct cit_tx *tx = &conn->tx;
	struct iscsi_rsp *hdr;

	tx->last = true;
	tx->left = pdu->len;
	tx->pad = iscsi_pad(pdu->len);
	/* The login response is padded already.  Digests begin only after it. */
	tx->raw = pdu->raw;
	if (pdu->raw)
		return 0;
	hdr = cit_hdr_get(tx);
	if (unlikely(!hdr))
		return -ENOMEM;
	if (pdu->retire)
		cit_conn_retire(conn);
	memcpy(hdr, &pdu->hdr, sizeof(*hdr));
	iscsi_set_data_len(hdr->data_len, pdu->len);
	cit_hdr_numbers(conn, hdr, pdu->status);
	cit_hdr_put(tx, cit_hdr_digest(conn, hdr));
	return 0;
}

static struct cit_cmd *cit_tx_cmd(struct cit_tx_item *item)
{
	return container_of(item, struct cit_cmd, tx);
}

static struct cit_pdu *cit_tx_pdu(struct cit_tx_item *item)
{
	return container_of(item, struct cit_pdu, tx);
}

/* Make the header of the next PDU of tx->cur. */
static int cit_put_next(struct cit_conn *conn)
{
	struct cit_tx *tx = &conn->tx;
	int ret;

	if (tx->cur->type == CIT_TX_PDU) {
		ret = cit_put_pdu(conn, cit_tx_pdu(tx->cur));
	} else {
		struct cit_cmd *cc = cit_tx_cmd(tx->cur);

		tx->raw = false;
		if (likely(cc->cmd.dir == DMA_FROM_DEVICE &&
			   tx->sent < cc->cmd.data_len))
			ret = cit_put_data_in(conn, cc);
		else
			ret = cit_put_response(conn, cc);
	}
	tx->crc = CIT_CRC_START;
	/* cit_put_response() has put the digest of the sense data itself. */
	tx->digest = unlikely(conn->keys.data_digest) && tx->left && !tx->raw;
	return ret;
}

/* Gather the data of the current PDU, as long as there is room for pieces. */
static void cit_put_data(struct cit_conn *conn)
{
	struct cit_tx *tx = &conn->tx;

	while (tx->left && tx->tail < CIT_TX_FRAGS) {
		const struct bio_vec *bv = tx->bvec;
		u32 off = bv->bv_offset + tx->bv_off;
		u32 n = min(tx->left, bv->bv_len - tx->bv_off);

		if (unlikely(tx->digest))
			tx->crc = cit_crc(tx->crc,
					  page_address(bv->bv_page) + off, n);
		cit_tx_put_piece(tx, bv->bv_page, off, n);
		tx->left -= n;
		tx->bv_off += n;
		if (tx->bv_off == bv->bv_len) {
			tx->bvec++;
			tx->bv_off = 0;
		}
	}
}

/* Make the padding and the data digest.  Return: 0, -ENOMEM, or -EAGAIN for no room. */
static int cit_put_trailer(struct cit_tx *tx)
{
	u32 len = tx->pad;
	u8 *to;

	if (cit_tx_full(tx))
		return -EAGAIN;
	to = cit_hdr_get(tx);
	if (!to)
		return -ENOMEM;
	memset(to, 0, len);
	if (tx->digest) {
		cit_crc_put(cit_crc(tx->crc, to, len), to + len);
		len += ISCSI_DIGEST_LEN;
	}
	cit_hdr_put(tx, len);
	return 0;
}

/* Go on with tx->cur.  Return: 0 when it is finished, -EAGAIN for no room, or -ENOMEM. */
static int cit_tx_make(struct cit_conn *conn)
{
	struct cit_tx *tx = &conn->tx;
	int ret;

	for (;;) {
		if (!tx->in_pdu) {
			if (unlikely(cit_tx_full(tx)))
				return -EAGAIN;
			ret = cit_put_next(conn);
			if (unlikely(ret))
				return ret;
			tx->in_pdu = true;
		}
		cit_put_data(conn);
		if (unlikely(tx->left))
			return -EAGAIN;
		if (unlikely(tx->digest || tx->pad)) {
			ret = cit_put_trailer(tx);
			if (ret)
				return ret;
		}
		tx->in_pdu = false;
		if (likely(tx->last))
			return 0;
	}
}

/* Take the next item from the queue.  Return: false when there is none. */
static bool cit_tx_next(struct cit_conn *conn)
{
	struct cit_tx *tx = &conn->tx;
	struct cit_tx_item *item;

	item = list_first_entry_or_null(&tx->queue, struct cit_tx_item, node);
	if (!item)
		return false;
	list_del_init(&item->node);
	tx->cur = item;
	tx->bvec = item->type == CIT_TX_PDU ? cit_tx_pdu(item)->bvec :
					      cit_tx_cmd(item)->cmd.bvec;
	tx->bv_off = 0;
	tx->sent = 0;
	tx->datasn = 0;
	return true;
}

/* Make PDUs of what is queued until nothing is left, or there is no room. */
static int cit_tx_gather(struct cit_conn *conn)
{
	struct cit_tx *tx = &conn->tx;
	int ret;

	while (!cit_tx_full(tx)) {
		if (!tx->cur && !cit_tx_next(conn))
			return 0;
		if (tx->cur->type == CIT_TX_R2T) {
			ret = cit_put_r2ts(conn, cit_tx_cmd(tx->cur));
			if (ret)
				return ret;
			/*
			 * Queue the item again only if it has R2Ts left.  As long as the
			 * queue is not empty, TCP is told that more follows, and may hold
			 * back what it has: an item without an R2T would delay that.
			 */
			if (cit_r2t_left(cit_tx_cmd(tx->cur)))
				list_add(&tx->cur->node, &tx->queue);
			tx->cur = NULL;
			continue;
		}
		ret = cit_tx_make(conn);
		if (ret)
			return ret == -EAGAIN ? 0 : ret;
		tx->cur->end = tx->put;
		list_add_tail(&tx->cur->node, &tx->sending);
		tx->cur = NULL;
	}
	return 0;
}

/* TCP has taken the last byte of an item, or never will: free the item. */
static void cit_tx_item_free(struct cit_conn *conn, struct cit_tx_item *item)
{
	if (likely(item->type == CIT_TX_RESPONSE))
		cit_cmd_free(cit_tx_cmd(item));
	else if (item->type == CIT_TX_PDU)
		cit_pdu_free(conn, cit_tx_pdu(item));
}

/* TCP has taken the last byte of an item. */
static void cit_tx_item_done(struct cit_conn *conn, struct cit_tx_item *item)
{
	if (unlikely(item->type == CIT_TX_PDU && cit_tx_pdu(item)->close)) {
		set_bit(CIT_CONN_GRACEFUL, &conn->flags);
		cit_conn_close(conn);
	}
	cit_tx_item_free(conn, item);
}

static void cit_tx_taken(struct cit_conn *conn, u32 len)
{
	struct cit_tx *tx = &conn->tx;
	struct cit_tx_item *item;

	tx->taken += len;
	conn->budget -= len;
	cit_data_went(conn);
	while (len) {
		struct bio_vec *bv = &tx->frag[tx->head];

		if (unlikely(len < bv->bv_len)) {
			bv->bv_offset += len;
			bv->bv_len -= len;
			break;
		}
		len -= bv->bv_len;
		tx->head++;
	}
	if (likely(tx->head == tx->tail)) {
		tx->head = 0;
		tx->tail = 0;
		tx->hdr_new = 0;
	}

	while ((item = list_first_entry_or_null(&tx->sending,
						struct cit_tx_item, node)) &&
	       (s32)(tx->taken - item->end) >= 0) {
		list_del_init(&item->node);
		cit_tx_item_done(conn, item);
	}
}

/* TCP has not taken everything: from now on a timer watches whether TCP goes on. */
static void cit_tx_blocked(struct cit_conn *conn)
{
	if (!conn->tx_full) {
		conn->tx_full = true;
		conn->tx_full_since = jiffies;
	}
	if (conn->tx_armed || !conn->datain_timeout)
		return;
	conn->tx_armed = true;
	mod_delayed_work(system_percpu_wq, &conn->tx_work,
			 conn->datain_timeout * HZ);
}

void cit_tx_work(struct work_struct *work)
{
	struct cit_conn *conn = container_of(to_delayed_work(work),
					     struct cit_conn, tx_work);

	set_bit(CIT_CONN_TX_DUE, &conn->flags);
	cit_conn_kick(conn);
}

/**
 * cit_tx_due() - the timer has fired: does the peer take what is sent?
 * @conn: a live connection
 *
 * A peer that reads nothing keeps the buffers of its commands and their places in the
 * task set, even if it goes on sending requests.  cit_data_went() sets conn->tx_moved.
 *
 * Context: io_work.  Return: 0, or errno when the connection must be closed.
 */
int cit_tx_due(struct cit_conn *conn)
{
	unsigned long limit = conn->datain_timeout * HZ, stuck;

	clear_bit(CIT_CONN_TX_DUE, &conn->flags);
	conn->tx_armed = false;
	if (!conn->tx_full)
		return 0;
	stuck = min(jiffies - conn->tx_full_since, jiffies - conn->tx_moved);
	if (stuck >= limit) {
		pr_notice_ratelimited("%s: nothing that was sent has been taken for %u s: connection closed\n",
				      conn->sess->sess.initiator_name,
				      conn->datain_timeout);
		return -ETIMEDOUT;
	}
	conn->tx_armed = true;
	mod_delayed_work(system_percpu_wq, &conn->tx_work, limit - stuck);
	return 0;
}

/**
 * cit_tx() - send what is queued, as far as TCP takes it
 * @conn: connection; the caller has locked its socket
 *
 * Context: io_work.
 *
 * Return: 0, or errno when the connection must be closed.  0 is returned also when TCP
 * takes no more.  Then the write_space callback kicks io_work, or, when TCP has nothing
 * under way, the timer again_work does.
 */
int cit_tx(struct cit_conn *conn)
{
	struct cit_tx *tx = &conn->tx;
	int ret;

	for (;;) {
		if (tx->cur || !list_empty(&tx->queue)) {
			ret = cit_tx_gather(conn);
			if (unlikely(ret))
				return ret;
		}
		if (tx->head == tx->tail) {
			conn->tx_full = false;
			return 0;
		}

		WRITE_ONCE(tx->giving, true);
		ret = cst_sock_send_bvec(conn->sock->sk, &tx->frag[tx->head],
					 tx->tail - tx->head,
					 tx->put - tx->taken,
					 tx->cur || !list_empty(&tx->queue));
		WRITE_ONCE(tx->giving, false);
		if (unlikely(ret <= 0)) {
			if (ret && ret != -EAGAIN)
				return ret;
			/*
			 * TCP has nothing under way, so it is out of memory.  No
			 * acknowledgment will come and lead to a write_space callback.
			 * The callback that TCP makes at once is ignored.
			 */
			if (tcp_rtx_and_write_queues_empty(conn->sock->sk))
				cit_conn_again(conn, CIT_TX_RETRY);
			cit_tx_blocked(conn);
			return 0;
		}
		cit_tx_taken(conn, ret);
		/*
		 * The socket's buffer is full: write_space says when there is room again.
		 */
		if (unlikely(tx->head != tx->tail)) {
			cit_tx_blocked(conn);
			return 0;
		}
	}
}

static void cit_tx_drop_list(struct cit_conn *conn, struct list_head *list)
{
	struct cit_tx_item *item, *next;

	list_for_each_entry_safe(item, next, list, node) {
		list_del_init(&item->node);
		cit_tx_item_free(conn, item);
	}
}

/* The connection is dead: free everything that was to be sent. */
void cit_tx_flush(struct cit_conn *conn)
{
	struct cit_tx *tx = &conn->tx;

	cit_tx_drop_list(conn, &tx->sending);
	if (tx->cur) {
		cit_tx_item_free(conn, tx->cur);
		tx->cur = NULL;
	}
	cit_tx_drop_list(conn, &tx->queue);
	tx->head = 0;
	tx->tail = 0;
	tx->hdr_new = 0;
	tx->in_pdu = false;
}
