// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text Request in the full feature phase, RFC 7143 11.10: SendTargets for the
 * target that the session is with.
 *
 * rx.c calls in, from io_work.  Nothing can be negotiated any more, so one key in
 * one PDU is all there is to parse; whatever else comes is rejected.  Tries
 * target->obj.lock to list portals.
 */
#include <linux/mm.h>

#include "cit.h"

#define CIT_SEND_TARGETS	"SendTargets="

int cit_text_rx(struct cit_conn *conn)
{
	const struct iscsi_req *hdr = &conn->rx.hdr.req;
	struct cit_rx *rx = &conn->rx;
	struct cit_ctl *req;

	if (!(hdr->flags & ISCSI_FLAG_FINAL) ||
	    (hdr->flags & ISCSI_TEXT_CONTINUE) ||
	    hdr->ttt != cpu_to_be32(ISCSI_RESERVED_TAG) ||
	    rx->data_len > CIT_TEXT_MAX)
		return cit_reject_cmd(conn, ISCSI_REJECT_PROTOCOL);
	if (!cit_cmdsn_accept(conn, hdr->cmdsn))
		return 0;
	req = cit_ctl_alloc(conn, rx->data_len);
	if (!req)
		return -ENOMEM;
	req->retire = !(hdr->opcode & ISCSI_OP_IMMEDIATE);
	if (!rx->data_len)
		return cit_text_data(conn, req);
	rx->dest = CIT_DEST_CTL;
	rx->ctl = req;
	rx->take = rx->data_len;
	return 0;
}

/* Is the request the one that we know, and about this target? */
static bool cit_text_wants(const struct cit_ctl *req, const char *target, bool *known)
{
	const char *text = req->len ? page_address(req->bvec[0].bv_page) : "";
	size_t key = strlen(CIT_SEND_TARGETS);
	const char *end = memchr(text, '\0', req->len);

	*known = true;
	if (!req->len)
		return false;
	/* One pair, ended by a NUL, and nothing but NULs behind it. */
	if (!end || memchr_inv(end, 0, req->len - (end - text)) ||
	    strncmp(text, CIT_SEND_TARGETS, key)) {
		*known = false;
		return false;
	}
	text += key;
	if (!strcasecmp(text, "All"))
		*known = false;
	return !*text || !strcasecmp(text, target);
}

struct cit_text_buf {
	char	*text;
	u32	len;
	u32	size;
};

__printf(2, 3)
static bool cit_text_add(struct cit_text_buf *buf, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf->text + buf->len, buf->size - buf->len, fmt, args);
	va_end(args);
	/* With its NUL, or not at all. */
	if (n + 1 > buf->size - buf->len)
		return false;
	buf->len += n + 1;
	return true;
}

static void cit_text_targets(struct cit_conn *conn, struct cit_text_buf *buf)
{
	struct cit_target *target = conn->sess->target;
	struct cit_portal *portal;
	char addr[CIT_ADDR_LEN];
	bool any = false;

	cit_text_add(buf, "TargetName=%s", cst_target_name(&target->tgt));
	/*
	 * Who holds the lock may wait for memory, and that for I/O of this very
	 * session: io_work does not wait for it.
	 */
	if (mutex_trylock(&target->tgt.obj.lock)) {
		list_for_each_entry(portal, &target->portals, node) {
			if (cit_addr_is_any(&portal->addr))
				continue;
			cit_addr_print(&portal->addr, addr);
			any = cit_text_add(buf, "TargetAddress=%s,%u", addr,
					   CIT_TPGT);
			if (!any)
				break;
		}
		mutex_unlock(&target->tgt.obj.lock);
	}
	if (!any) {
		cit_addr_print(&conn->local, addr);
		cit_text_add(buf, "TargetAddress=%s,%u", addr, CIT_TPGT);
	}
}

/* The whole request is there: answer it, and free it. */
int cit_text_data(struct cit_conn *conn, struct cit_ctl *req)
{
	const struct iscsi_req *hdr = &conn->rx.hdr.req;
	struct cit_text_buf buf = {
		.size = min_t(u32, PAGE_SIZE, conn->keys.max_xmit_dsl),
	};
	bool retire = req->retire;
	struct cit_ctl *rsp;
	bool known, wanted;

	wanted = cit_text_wants(req, cst_target_name(&conn->sess->target->tgt),
				&known);
	cit_ctl_free(conn, req);
	if (!known) {
		if (retire)
			cit_window_retire(&conn->window);
		return cit_reject(conn, ISCSI_REJECT_NOT_SUPPORTED);
	}

	rsp = cit_ctl_alloc(conn, wanted ? buf.size : 0);
	if (!rsp)
		return -ENOMEM;
	if (wanted) {
		buf.text = page_address(rsp->bvec[0].bv_page);
		cit_text_targets(conn, &buf);
		conn->ctl_bytes -= rsp->len - buf.len;
		rsp->len = buf.len;
	}
	rsp->hdr.ctl.opcode = ISCSI_OP_TEXT_RSP;
	rsp->hdr.ctl.itt = hdr->itt;
	rsp->retire = retire;
	cit_tx_queue(conn, &rsp->tx);
	return 0;
}
