// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text Request in the full feature phase, RFC 7143 11.10: SendTargets for the
 * target that the session is with, and what an initiator may still declare.
 *
 * rx.c calls in, from io_work.  A request must be one PDU, and so is the answer.  Each
 * key is answered by itself: "Reject" for keys that only a login may negotiate,
 * "NotUnderstood" for unknown keys.  A request that is no valid text is rejected as a
 * whole.  To list portals, this file takes target->tgt.obj.lock if that is free.
 */
#include <linux/ctype.h>
#include <linux/mm.h>

#include "cit.h"

/* RFC 7143 6.1 */
#define CIT_KEY_MAX	63

/* Keys that belong to the login phase, or that only targets send. */
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
	/* The pair fits with its NUL, or it is not added at all. */
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

/* Answer SendTargets.  Portals for which there is no room are left out. */
static u8 cit_text_targets(struct cit_conn *conn, struct cit_text_buf *buf)
{
	struct cit_target *target = conn->sess->target;
	struct cit_text_told told = { .buf = buf };

	if (!cit_text_add(buf, "TargetName=%s", cst_target_name(&target->tgt)))
		return ISCSI_REJECT_LONG;
	/*
	 * io_work must not wait for this lock: its holder may wait for memory, and so for
	 * I/O of this very session.
	 */
	if (mutex_trylock(&target->tgt.obj.lock)) {
		cit_portals_tell(target, &conn->local, cit_text_address, &told);
		mutex_unlock(&target->tgt.obj.lock);
	}
	/*
	 * If no portal was listed, tell the address that is in use.  A link-local address
	 * cannot be told, because it means nothing without its zone.  An answer without
	 * any address stands for the one in use.
	 */
	if (!told.any && !cit_addr_is_link_local(&conn->local))
		cit_text_address(&told, &conn->local);
	return 0;
}

/*
 * SendTargets of a normal session: only this target is told.  The empty value means it.
 */
static u8 cit_text_send_targets(struct cit_conn *conn, const char *value,
				struct cit_text_buf *buf)
{
	if (!strcmp(value, "All"))
		return ISCSI_REJECT_NOT_SUPPORTED;
	/* The case of a name does not matter (RFC 7143 4.2.7.2), that of other values does. */
	if (*value &&
	    strcasecmp(value, cst_target_name(&conn->sess->target->tgt)))
		return 0;
	return cit_text_targets(conn, buf);
}

/*
 * Read a number of up to 32 bits, decimal or hexadecimal (RFC 7143 6.1).  A decimal number
 * has no leading zeros.
 */
static bool cit_text_number(const char *value, u32 *number)
{
	unsigned int base = 10, digits = 0;
	u64 sum = 0;

	if (value[0] == '0' && (value[1] == 'x' || value[1] == 'X')) {
		base = 16;
		value += 2;
	} else if (value[0] == '0' && value[1]) {
		return false;
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

/* Answer one pair.  Return: a reason to reject the whole request, or 0. */
static u8 cit_text_pair(struct cit_conn *conn, const char *key,
			const char *value, struct cit_text_buf *buf, u32 *dsl)
{
	const char *answer = "Reject";
	u32 len;

	if (!strcmp(key, "SendTargets"))
		return cit_text_send_targets(conn, value, buf);
	/* Declarations need no answer. */
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

/*
 * Cut a pair in two at its equals sign.  "#" is in the names of extension keys alone.
 * Return: the value, or NULL if it is no pair.
 */
static char *cit_text_split(char *pair)
{
	char *p = pair;

	while (isalnum(*p) || (*p && strchr(".-+@_#", *p)))
		p++;
	if (!isalpha(*pair) || p - pair > CIT_KEY_MAX || *p != '=')
		return NULL;
	*p = '\0';
	return p + 1;
}

/*
 * Answer all pairs of a request.  @dsl is set if the initiator has declared its
 * MaxRecvDataSegmentLength.  Return: a reject reason, or 0.
 */
static u8 cit_text_answer(struct cit_conn *conn, char *text, u32 len,
			  struct cit_text_buf *buf, u32 *dsl)
{
	const char *begin = text;
	char *end, *value;
	u8 reject;

	while (len) {
		/* Nothing but NULs may follow the last pair. */
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
 * The initiator has declared the longest data segment that it receives from now on.
 * Longer ones are not sent, nor longer ones than the target's parameters allow.
 */
static void cit_text_commit(struct cit_conn *conn, u32 dsl)
{
	u32 most = READ_ONCE(conn->sess->target->params.keys.max_xmit_dsl);

	WRITE_ONCE(conn->keys.max_xmit_dsl, min(dsl, most));
}

/* The request has been received whole: answer it, and free @req. */
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
