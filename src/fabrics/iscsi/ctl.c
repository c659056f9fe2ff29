// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control PDUs: everything that is sent but SCSI data and status.
 *
 * The files of NOP, text, logout, task management and reject make them here and
 * put them on the transmit queue; tx.c gives them back.  Their number and their
 * bytes are bounded per connection: reception pauses at the bound, so an
 * initiator that does not read its answers fills its own send buffer.  All in
 * io_work or before it starts; owns no lock.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "cit.h"

/**
 * cit_ctl_alloc() - make a control PDU
 * @conn: connection
 * @len: bytes of data
 *
 * The header is zeroed but for the final bit, the reserved target transfer tag,
 * and what most responses are: status that advances StatSN.
 *
 * Context: may sleep.  Return: NULL when there is no memory.
 */
struct cit_ctl *cit_ctl_alloc(struct cit_conn *conn, u32 len)
{
	unsigned int nr = DIV_ROUND_UP(len, PAGE_SIZE);
	struct cit_ctl *ctl;
	unsigned int i;

	ctl = kzalloc(struct_size(ctl, bvec, nr), GFP_NOIO | __GFP_NOWARN);
	if (!ctl)
		return NULL;
	conn->ctls++;
	conn->ctl_bytes += len;
	ctl->len = len;
	INIT_LIST_HEAD(&ctl->tx.node);
	ctl->tx.type = CIT_TX_CTL;
	ctl->status = true;
	ctl->hdr.ctl.flags = ISCSI_FLAG_FINAL;
	ctl->hdr.ctl.ttt = cpu_to_be32(ISCSI_RESERVED_TAG);
	for (i = 0; i < nr; i++) {
		ctl->bvec[i].bv_page = alloc_page(GFP_NOIO | __GFP_NOWARN);
		if (!ctl->bvec[i].bv_page) {
			cit_ctl_free(conn, ctl);
			return NULL;
		}
		ctl->bvec[i].bv_len = min_t(u32, len, PAGE_SIZE);
		len -= ctl->bvec[i].bv_len;
		ctl->nr_bvec++;
	}
	return ctl;
}

void cit_ctl_free(struct cit_conn *conn, struct cit_ctl *ctl)
{
	unsigned int i;

	conn->ctls--;
	conn->ctl_bytes -= ctl->len;
	for (i = 0; i < ctl->nr_bvec; i++)
		put_page(ctl->bvec[i].bv_page);
	kfree(ctl);
	if (unlikely(conn->rx.paused))
		cit_conn_kick(conn);
}

/* May a request be taken that makes another one? */
bool cit_ctl_room(const struct cit_conn *conn)
{
	return conn->ctls < CIT_CTL_MAX && conn->ctl_bytes < CIT_CTL_BYTES;
}

/* Fill the data of a PDU of which nothing has been filled. */
void cit_ctl_fill(struct cit_ctl *ctl, const void *data, u32 len)
{
	unsigned int i;

	for (i = 0; i < ctl->nr_bvec && len; i++) {
		u32 n = min(len, ctl->bvec[i].bv_len);

		memcpy(page_address(ctl->bvec[i].bv_page), data, n);
		data += n;
		len -= n;
	}
}

/**
 * cit_cmdsn_accept() - count a request in the command window
 * @conn: its header is in rx.hdr
 * @cmdsn: its CmdSN; that of an immediate request does not count
 *
 * Return: false when the request must be ignored.
 */
bool cit_cmdsn_accept(struct cit_conn *conn, __be32 cmdsn)
{
	if (conn->rx.hdr.bhs.opcode & ISCSI_OP_IMMEDIATE)
		return true;
	if (unlikely(cit_window_check(&conn->window, be32_to_cpu(cmdsn)) !=
		     CIT_CMDSN_ACCEPT))
		return false;
	cit_window_accept(&conn->window);
	return true;
}
