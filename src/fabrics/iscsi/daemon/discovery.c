// SPDX-License-Identifier: GPL-2.0-only
/*
 * A discovery session after its login: SendTargets, NOP and Logout, RFC 7143
 * 4.3, 11.10, 11.14, 11.18 and Appendix C.  Pure logic: conn.c feeds PDUs and
 * sends what comes out; the targets come through struct discovery_ops.
 *
 * A session has one text exchange at a time.  A request without a target transfer tag
 * drops what was left of the previous exchange.  A long answer is collected once and
 * sent in pieces, as the initiator asks for them.  The memory for answers is limited
 * for each session and for all of them together.
 */
#include "discovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

#define DISCOVERY_REQUESTS_MAX	4096
#define DISCOVERY_LISTINGS_MAX	64
/* How often a listing is tried if the configuration changes meanwhile. */
#define DISCOVERY_LIST_TRIES	4
#define DISCOVERY_REJECTS_MAX	8
#define DISCOVERY_UNKNOWN_MAX	24
#define DISCOVERY_REPLY_MAX	(4u << 20)
#define DISCOVERY_REPLIES_MAX	(32u << 20)
#define DISCOVERY_CHUNK_MAX	262144u
/* How far the initiator may send commands ahead. */
#define DISCOVERY_WINDOW	8

#define LOGOUT_CLOSE_SESSION	0
#define LOGOUT_CLOSE_CONNECTION	1
#define LOGOUT_FOR_RECOVERY	2

#define LOGOUT_DONE		0
#define LOGOUT_CID_NOT_FOUND	1
#define LOGOUT_NO_RECOVERY	2

/* Bytes allocated for the replies of all sessions. */
static size_t discovery_replies;

void discovery_init(struct discovery *d, const struct discovery_ops *ops, void *ctx,
		    const struct discovery_start *start)
{
	memset(d, 0, sizeof(*d));
	d->ops = ops;
	d->ctx = ctx;
	d->initiator = start->initiator;
	d->local = start->local;
	d->cid = start->cid;
	d->statsn = start->statsn;
	d->exp_cmdsn = start->cmdsn;
	d->peer_dsl = start->peer_dsl;
	d->ttt = PDU_TAG_NONE;
}

static void reply_free(struct discovery *d)
{
	discovery_replies -= d->reply_cap;
	free(d->reply);
	d->reply = NULL;
	d->reply_cap = 0;
	d->reply_len = 0;
	d->reply_pos = 0;
}

void discovery_free(struct discovery *d)
{
	reply_free(d);
	text_in_free(&d->in);
}

static int reply_grow(struct discovery *d, size_t need)
{
	size_t cap = d->reply_cap ? d->reply_cap : 1024;
	char *reply;

	while (cap < need)
		cap *= 2;
	if (cap == d->reply_cap)
		return 0;
	if (cap > DISCOVERY_REPLY_MAX ||
	    discovery_replies - d->reply_cap + cap > DISCOVERY_REPLIES_MAX)
		return -ENOBUFS;
	reply = realloc(d->reply, cap);
	if (!reply)
		return -ENOMEM;
	discovery_replies += cap - d->reply_cap;
	d->reply = reply;
	d->reply_cap = cap;
	return 0;
}

static int reply_put(struct discovery *d, const char *key, size_t key_len, const char *value)
{
	size_t value_len = strlen(value);
	int err = reply_grow(d, d->reply_len + key_len + value_len + 2);
	char *p;

	if (err)
		return err;
	p = d->reply + d->reply_len;
	memcpy(p, key, key_len);
	p[key_len] = '=';
	memcpy(p + key_len + 1, value, value_len + 1);
	d->reply_len += key_len + value_len + 2;
	return 0;
}

static struct pdu_sn discovery_sn(struct discovery *d)
{
	return (struct pdu_sn){
		.statsn = d->statsn++,
		.exp_cmdsn = d->exp_cmdsn,
		.max_cmdsn = d->exp_cmdsn + DISCOVERY_WINDOW - 1,
	};
}

static void discovery_out(struct pdu_out *out, const void *data, size_t len)
{
	pdu_set_data_len(out->buf, len);
	out->len = PDU_BHS_LEN;
	out->tail = data;
	out->tail_len = len;
}

static void exchange_end(struct discovery *d)
{
	reply_free(d);
	d->in.len = 0;
	d->ttt = PDU_TAG_NONE;
}

/* The output has been sent.  If the reply is complete, it is not needed any more. */
void discovery_sent(struct discovery *d)
{
	if (d->ttt == PDU_TAG_NONE)
		reply_free(d);
}

static enum pdu_verdict discovery_drop(struct discovery *d, const char *why)
{
	d->why = why;
	return PDU_DROP;
}

static enum pdu_verdict discovery_reject(struct discovery *d, uint8_t reason,
					 struct pdu_out *out)
{
	struct pdu_sn sn = discovery_sn(d);

	pdu_reject(out->buf, reason, &sn);
	discovery_out(out, d->bhs, sizeof(d->bhs));
	if (++d->rejects <= DISCOVERY_REJECTS_MAX)
		return PDU_REPLY;
	d->why = "too many rejected requests";
	return PDU_REPLY_CLOSE;
}

/*
 * Takes the header of the next PDU.  PDU_READ: the caller must read *@len bytes (data and
 * padding, may be 0) to *@data, and then call discovery_payload().
 */
enum pdu_verdict discovery_header(struct discovery *d, const uint8_t *bhs, uint8_t **data,
				  size_t *len, struct pdu_out *out)
{
	(void)out;
	pdu_decode_request(bhs, &d->req);
	memcpy(d->bhs, bhs, sizeof(d->bhs));
	d->data_len = pdu_data_len(bhs);

	if (++d->requests > DISCOVERY_REQUESTS_MAX)
		return discovery_drop(d, "too many requests");
	if (d->req.opcode == PDU_LOGIN_REQUEST)
		return discovery_drop(d, "login request after the login");
	if (pdu_ahs_len(bhs))
		return discovery_drop(d, "additional header segment");
	if (d->data_len > PDU_LOGIN_DATA_MAX)
		return discovery_drop(d, "data segment too long");

	if (d->req.opcode == PDU_TEXT_REQUEST && d->req.ttt == PDU_TAG_NONE)
		exchange_end(d);
	*len = d->data_len + pdu_pad(d->data_len);
	*data = (uint8_t *)text_in_reserve(&d->in, d->data_len);
	if (!*data)
		return discovery_drop(d, "text too long");
	return PDU_READ;
}

static int reply_address(struct discovery *d, const char *portal, uint16_t tpgt)
{
	char value[128];
	int n = snprintf(value, sizeof(value), "%s,%u", portal, tpgt);

	if (n < 0 || (size_t)n >= sizeof(value))
		return -EINVAL;
	return reply_put(d, "TargetAddress", strlen("TargetAddress"), value);
}

static int reply_target(void *arg, const struct discovery_target *target)
{
	struct discovery *d = arg;
	size_t pos;
	int err;

	err = reply_put(d, "TargetName", strlen("TargetName"), target->name);
	/*
	 * If the target has no addresses, tell the one that the initiator is connected
	 * to.  An answer without any address means that one, too (RFC 7143, Appendix C).
	 */
	if (!err && !target->portals_len && d->local)
		err = reply_address(d, d->local, target->tpgt);
	for (pos = 0; !err && pos < target->portals_len;
	     pos += strlen(target->portals + pos) + 1)
		err = reply_address(d, target->portals + pos, target->tpgt);
	return err;
}

static int send_targets(struct discovery *d, const struct text_pair *pair)
{
	char name[TEXT_NAME_SIZE];
	bool all = !strcmp(pair->value, "All");
	size_t start = d->reply_len;
	int err, tries = 0;

	/*
	 * An empty value asks for the target of the session: a discovery session has
	 * none.
	 */
	if (!all && !text_iscsi_name(pair->value, name))
		return reply_put(d, pair->key, pair->key_len, "Reject");
	if (++d->listings > DISCOVERY_LISTINGS_MAX)
		return -EBUSY;
	do {
		d->reply_len = start;
		err = d->ops->list_targets(d->ctx, d->initiator, all ? NULL : name,
					   reply_target, d);
	} while (err == -EAGAIN && ++tries < DISCOVERY_LIST_TRIES);
	return err == -ENOENT ? 0 : err;
}

static int text_key(struct discovery *d, const struct text_pair *pair)
{
	const struct key *key = key_find(pair);
	uint32_t dsl;

	if (!key)
		return reply_put(d, pair->key, pair->key_len, "NotUnderstood");
	if (key->id == KEY_SEND_TARGETS)
		return send_targets(d, pair);
	/* The only other key that is allowed in full feature phase is a declaration. */
	if (key->id == KEY_MAX_RECV_DSL && text_number(pair->value, &dsl) &&
	    dsl >= key->min && dsl <= key->max) {
		d->peer_dsl = dsl;
		return 0;
	}
	return reply_put(d, pair->key, pair->key_len, "Reject");
}

/* Answers all keys of a complete text.  Returns 0 or a reject reason. */
static uint8_t text_keys(struct discovery *d)
{
	unsigned int unknown = 0, send_targets_seen = 0;
	const struct key *key;
	struct text_pair pair;
	size_t pos = 0;
	int more;

	while ((more = text_next(&d->in, &pos, &pair)) > 0) {
		key = key_find(&pair);
		if (!key && ++unknown > DISCOVERY_UNKNOWN_MAX)
			return REJECT_PROTOCOL_ERROR;
		if (key && key->id == KEY_SEND_TARGETS && ++send_targets_seen > 1)
			return REJECT_PROTOCOL_ERROR;
		if (text_key(d, &pair))
			return REJECT_NO_RESOURCES;
	}
	return more < 0 ? REJECT_PROTOCOL_ERROR : 0;
}

static uint32_t next_ttt(struct discovery *d)
{
	if (++d->last_ttt == PDU_TAG_NONE)
		d->last_ttt = 0;
	return d->last_ttt;
}

/* How much of the reply goes into the next PDU: whole pairs, if at least one fits. */
static size_t reply_chunk(const struct discovery *d)
{
	size_t left = d->reply_len - d->reply_pos;
	size_t limit = d->peer_dsl < DISCOVERY_CHUNK_MAX ? d->peer_dsl : DISCOVERY_CHUNK_MAX;
	const char *end;

	if (left <= limit)
		return left;
	end = memrchr(d->reply + d->reply_pos, '\0', limit);
	return end ? (size_t)(end - (d->reply + d->reply_pos)) + 1 : limit;
}

static enum pdu_verdict text_respond(struct discovery *d, bool final, struct pdu_out *out)
{
	size_t chunk = reply_chunk(d);
	bool last = d->reply_pos + chunk == d->reply_len;
	struct pdu_sn sn = discovery_sn(d);
	uint8_t flags = 0;

	d->itt = d->req.itt;
	d->ttt = PDU_TAG_NONE;
	if (last && final)
		flags = PDU_FINAL;
	else
		d->ttt = next_ttt(d);
	if (!last)
		flags = PDU_CONTINUE;
	pdu_text_response(out->buf, flags, d->itt, d->ttt, &sn);
	discovery_out(out, chunk ? d->reply + d->reply_pos : NULL, chunk);
	d->reply_pos += chunk;
	return PDU_REPLY;
}

static enum pdu_verdict text_request(struct discovery *d, struct pdu_out *out)
{
	bool final = d->req.flags & PDU_FINAL, cont = d->req.flags & PDU_CONTINUE;
	uint8_t reason = 0;

	if (d->req.itt == PDU_TAG_NONE || (final && cont))
		reason = REJECT_INVALID_FIELD;
	else if (d->req.ttt != d->ttt || (d->ttt != PDU_TAG_NONE && d->req.itt != d->itt))
		reason = REJECT_PROTOCOL_ERROR;
	if (reason)
		goto reject;

	d->in.len += d->data_len;
	if (d->reply_pos < d->reply_len) {
		/* The initiator must take the whole answer before it sends more text. */
		reason = d->in.len ? REJECT_PROTOCOL_ERROR : 0;
	} else {
		reply_free(d);
		if (!cont) {
			reason = text_keys(d);
			d->in.len = 0;
		}
	}
	if (reason)
		goto reject;
	return text_respond(d, final, out);

reject:
	exchange_end(d);
	return discovery_reject(d, reason, out);
}

static enum pdu_verdict nop_out(struct discovery *d, struct pdu_out *out)
{
	size_t len = d->data_len < d->peer_dsl ? d->data_len : d->peer_dsl;
	struct pdu_sn sn;

	if (d->req.itt == PDU_TAG_NONE)
		return PDU_SILENT;
	sn = discovery_sn(d);
	pdu_nop_in(out->buf, d->req.itt, &sn);
	discovery_out(out, len ? d->in.buf + d->in.len : NULL, len);
	return PDU_REPLY;
}

static enum pdu_verdict logout_request(struct discovery *d, struct pdu_out *out)
{
	uint8_t reason = d->req.flags & 0x7f, response = LOGOUT_DONE;
	struct pdu_sn sn;

	if (reason > LOGOUT_FOR_RECOVERY)
		return discovery_reject(d, REJECT_INVALID_FIELD, out);
	if (reason == LOGOUT_FOR_RECOVERY)
		response = LOGOUT_NO_RECOVERY;
	else if (reason == LOGOUT_CLOSE_CONNECTION && get_be16(d->bhs + 20) != d->cid)
		response = LOGOUT_CID_NOT_FOUND;
	sn = discovery_sn(d);
	pdu_logout_response(out->buf, response, d->req.itt, &sn);
	discovery_out(out, NULL, 0);
	return response == LOGOUT_DONE ? PDU_REPLY_CLOSE : PDU_REPLY;
}

/* Data-Out, SNACK and the opcodes of targets have no CmdSN. */
static bool has_cmdsn(uint8_t opcode)
{
	return opcode != PDU_DATA_OUT && opcode != PDU_SNACK && !(opcode & PDU_TARGET);
}

/* The data segment that discovery_header() asked for has been read. */
enum pdu_verdict discovery_payload(struct discovery *d, struct pdu_out *out)
{
	/* A request counts whatever its answer is, or a Reject would leave a gap. */
	if (!d->req.immediate && has_cmdsn(d->req.opcode)) {
		/* RFC 7143 4.2.2.1: a request outside the window is ignored. */
		if (d->req.cmdsn - d->exp_cmdsn >= DISCOVERY_WINDOW)
			return PDU_SILENT;
		/*
		 * A session with one connection delivers in order: a gap is never filled.
		 */
		if (d->req.cmdsn != d->exp_cmdsn)
			return discovery_drop(d, "gap in CmdSN");
		d->exp_cmdsn++;
	}
	switch (d->req.opcode) {
	case PDU_NOP_OUT:
		return nop_out(d, out);
	case PDU_TEXT_REQUEST:
		return text_request(d, out);
	case PDU_LOGOUT_REQUEST:
		return logout_request(d, out);
	default:
		return discovery_reject(d, REJECT_NOT_SUPPORTED, out);
	}
}
