// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text Request in the full feature phase, RFC 7143 11.10: SendTargets for the
 * target that the session is with, and what an initiator may still declare.
 *
 * rx.c calls in, from io_work.  A request is one PDU, and so is the answer: each key
 * is answered by itself, those that only a login may negotiate are refused, those that
 * nobody knows are not understood.  What is no text is rejected as a whole.  Tries
 * target->obj.lock to list portals.
 */
#include <linux/ctype.h>
#include <linux/mm.h>

#include "cit.h"

/* RFC 7143 6.1 */
#define CIT_KEY_MAX	63

/* Keys that are for the login phase, or for targets to say. */
static const char *const cit_login_keys[] = {
	"AuthMethod", "DataDigest", "DataPDUInOrder", "DataSequenceInOrder",
	"DefaultTime2Retain", "DefaultTime2Wait", "ErrorRecoveryLevel",
	"FirstBurstLength", "HeaderDigest", "IFMarkInt", "IFMarker",
	"ImmediateData", "InitialR2T", "InitiatorName", "MaxBurstLength",
	"MaxConnections", "MaxOutstandingR2T", "OFMarkInt", "OFMarker",
	"SessionType", "TargetAddress", "TargetAlias", "TargetName",
	"TargetPortalGroupTag", "TaskReporting", "iSCSIProtocolLevel",
};

int cit_text_rx(struct cit_conn *conn)
{
	const struct iscsi_req *hdr = &conn->rx.hdr.req;
	struct cit_rx *rx = &conn->rx;
	struct cit_pdu *req;

	if (!(hdr->flags & ISCSI_FLAG_FINAL) ||
	    (hdr->flags & ISCSI_TEXT_CONTINUE) ||
	    hdr->ttt != cpu_to_be32(ISCSI_RESERVED_TAG) ||
	    rx->data_len > CIT_TEXT_MAX)
		return cit_reject_cmd(conn, ISCSI_REJECT_PROTOCOL);
	if (!cit_cmdsn_accept(conn, hdr->cmdsn))
		return 0;
	req = cit_pdu_alloc(conn, rx->data_len);
	if (!req)
		return -ENOMEM;
	req->retire = !(hdr->opcode & ISCSI_OP_IMMEDIATE);
	if (!rx->data_len)
		return cit_text_data(conn, req);
	rx->dest = CIT_DEST_PDU;
	rx->pdu = req;
	rx->take = rx->data_len;
	return 0;
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

struct cit_text_told {
	struct cit_text_buf	*buf;
	bool			any;
};

static bool cit_text_address(void *arg, const struct sockaddr_storage *ss)
{
	struct cit_text_told *told = arg;
	char addr[CIT_ADDR_LEN];

	cit_addr_print(ss, addr);
	if (!cit_text_add(told->buf, "TargetAddress=%s,%u", addr, CIT_TPGT))
		return false;
	told->any = true;
	return true;
}

/* Portals that there is no room for are left out. */
static u8 cit_text_targets(struct cit_conn *conn, struct cit_text_buf *buf)
{
	struct cit_target *target = conn->sess->target;
	struct cit_text_told told = { .buf = buf };

	if (!cit_text_add(buf, "TargetName=%s", cst_target_name(&target->tgt)))
		return ISCSI_REJECT_LONG;
	/*
	 * Who holds the lock may wait for memory, and that for I/O of this very
	 * session: io_work does not wait for it.
	 */
	if (mutex_trylock(&target->tgt.obj.lock)) {
		cit_portals_tell(target, &conn->local, cit_text_address, &told);
		mutex_unlock(&target->tgt.obj.lock);
	}
	/* No address means the one in use, which has no name without its zone. */
	if (!told.any && !cit_addr_is_link_local(&conn->local))
		cit_text_address(&told, &conn->local);
	return 0;
}

/* SendTargets: only about this target, which is the one that the empty value means. */
static u8 cit_text_send_targets(struct cit_conn *conn, const char *value,
				struct cit_text_buf *buf)
{
	if (!strcasecmp(value, "All"))
		return ISCSI_REJECT_NOT_SUPPORTED;
	if (*value &&
	    strcasecmp(value, cst_target_name(&conn->sess->target->tgt)))
		return 0;
	return cit_text_targets(conn, buf);
}

/* A number as RFC 7143 6.1 has it, decimal or hexadecimal, of 32 bits. */
static bool cit_text_number(const char *value, u32 *number)
{
	unsigned int base = 10, digits = 0;
	u64 sum = 0;

	if (value[0] == '0' && (value[1] == 'x' || value[1] == 'X')) {
		base = 16;
		value += 2;
	}
	for (; *value; value++, digits++) {
		unsigned int digit = 16;

		if (isdigit(*value))
			digit = *value - '0';
		else if (isxdigit(*value))
			digit = (*value | 0x20) - 'a' + 10;

		if (digit >= base)
			return false;
		sum = sum * base + digit;
		if (sum > U32_MAX)
			return false;
	}
	*number = sum;
	return digits;
}

static bool cit_text_is_login_key(const char *key)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cit_login_keys); i++)
		if (!strcmp(key, cit_login_keys[i]))
			return true;
	return false;
}

/* Answer one pair.  A reject reason for all of the request, or 0. */
static u8 cit_text_pair(struct cit_conn *conn, const char *key,
			const char *value, struct cit_text_buf *buf, u32 *dsl)
{
	const char *answer = "Reject";
	u32 len;

	if (!strcmp(key, "SendTargets"))
		return cit_text_send_targets(conn, value, buf);
	/* What is declared needs no answer. */
	if (!strcmp(key, "InitiatorAlias"))
		return 0;
	if (!strcmp(key, "MaxRecvDataSegmentLength")) {
		if (cit_text_number(value, &len) && cit_dsl_ok(len)) {
			*dsl = len;
			return 0;
		}
	} else if (!cit_text_is_login_key(key)) {
		answer = "NotUnderstood";
	}
	return cit_text_add(buf, "%s=%s", key, answer) ? 0 : ISCSI_REJECT_LONG;
}

/* Cut a pair in two at its equals sign; its value, or NULL: it is none. */
static char *cit_text_split(char *pair)
{
	char *p = pair;

	while (isalnum(*p) || (*p && strchr(".-+@_", *p)))
		p++;
	if (p == pair || p - pair > CIT_KEY_MAX || *p != '=')
		return NULL;
	*p = '\0';
	return p + 1;
}

/*
 * Answer all pairs of a request; dsl is what the initiator declares, else as it was.
 * A reject reason, or 0.
 */
static u8 cit_text_answer(struct cit_conn *conn, char *text, u32 len,
			  struct cit_text_buf *buf, u32 *dsl)
{
	const char *begin = text;
	char *end, *value;
	u8 reject;

	while (len) {
		/* Behind the last pair nothing but NULs. */
		if (!*text && text != begin && !memchr_inv(text, 0, len))
			return 0;
		end = memchr(text, '\0', len);
		value = end ? cit_text_split(text) : NULL;
		if (!value)
			return ISCSI_REJECT_NOT_SUPPORTED;
		reject = cit_text_pair(conn, text, value, buf, dsl);
		if (reject)
			return reject;
		len -= end + 1 - text;
		text = end + 1;
	}
	return 0;
}

/*
 * The initiator declares what it receives from now on: data segments are no longer, and
 * no longer than we were told to send.
 */
static void cit_text_commit(struct cit_conn *conn, u32 dsl)
{
	u32 most = READ_ONCE(conn->sess->target->params.keys.max_xmit_dsl);

	WRITE_ONCE(conn->keys.max_xmit_dsl, min(dsl, most));
}

/* The whole request is there: answer it, and free it. */
int cit_text_data(struct cit_conn *conn, struct cit_pdu *req)
{
	const struct iscsi_req *hdr = &conn->rx.hdr.req;
	struct cit_text_buf buf = {
		.size = min_t(u32, PAGE_SIZE, conn->keys.max_xmit_dsl),
	};
	struct cit_pdu *rsp = cit_pdu_alloc(conn, buf.size);
	bool retire = req->retire;
	u32 dsl = 0;
	u8 reject = 0;

	if (!rsp) {
		cit_pdu_free(conn, req);
		return -ENOMEM;
	}
	buf.text = page_address(rsp->bvec[0].bv_page);
	if (req->len)
		reject = cit_text_answer(conn,
					 page_address(req->bvec[0].bv_page),
					 req->len, &buf, &dsl);
	cit_pdu_free(conn, req);
	if (reject) {
		cit_pdu_free(conn, rsp);
		if (retire)
			cit_conn_retire(conn);
		return cit_reject(conn, reject);
	}

	if (dsl)
		cit_text_commit(conn, dsl);
	conn->pdu_bytes -= rsp->len - buf.len;
	rsp->len = buf.len;
	rsp->hdr.pdu.opcode = ISCSI_OP_TEXT_RSP;
	rsp->hdr.pdu.itt = hdr->itt;
	rsp->retire = retire;
	cit_tx_queue(conn, &rsp->tx);
	return 0;
}
