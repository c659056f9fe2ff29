// SPDX-License-Identifier: GPL-2.0-only
/*
 * The login state machine, RFC 7143 6.3, 11.12 and 11.13.  Pure logic: conn.c
 * feeds headers and payloads and sends what comes out.  Struct login_ops asks the kernel
 * about the target.  The rules of the keys are in keys.c.
 *
 * A header is checked completely before a byte of its data segment is read.  Everything
 * that a peer can make grow has a limit: the text (TEXT_IN_MAX), the number of requests,
 * the number of unknown keys.  With these limits the answers fit LOGIN_TEXT_OUT_MAX, so
 * responses are never split.
 */
#include "login.h"

#include <errno.h>
#include <string.h>

#define LOGIN_REQUESTS_MAX	128
#define LOGIN_UNKNOWN_MAX	24

void login_init(struct login *l, const struct login_ops *ops, void *ctx,
		uint16_t discovery_tsih)
{
	memset(l, 0, sizeof(*l));
	l->ops = ops;
	l->ctx = ctx;
	l->discovery_tsih = discovery_tsih;
}

void login_free(struct login *l)
{
	text_in_free(&l->text);
}

static void login_respond(struct login *l, uint8_t flags, uint16_t status,
			  size_t text_len, struct pdu_out *out)
{
	/* A window of one command is enough before full feature phase. */
	struct pdu_sn sn = {
		.statsn = l->statsn,
		.exp_cmdsn = l->req.cmdsn,
		.max_cmdsn = l->req.cmdsn,
	};
	size_t pad = pdu_pad(text_len);

	pdu_login_response(out->buf, &l->req, flags, &sn, status);
	pdu_set_data_len(out->buf, text_len);
	memset(out->buf + PDU_BHS_LEN + text_len, 0, pad);
	out->len = PDU_BHS_LEN + text_len + pad;
	out->tail = NULL;
	out->tail_len = 0;
}

/* Ends the login with @status, RFC 7143 11.13.5. */
enum pdu_verdict login_refuse(struct login *l, uint16_t status, const char *why,
			      struct pdu_out *out)
{
	l->why = why;
	login_respond(l, 0, status, 0, out);
	return PDU_REPLY_CLOSE;
}

static enum pdu_verdict login_refuse_errno(struct login *l, int err, struct pdu_out *out)
{
	switch (err) {
	case -ENOENT:
		return login_refuse(l, LOGIN_NOT_FOUND, "no such target here", out);
	case -EACCES:
		return login_refuse(l, LOGIN_FORBIDDEN, "initiator has no access", out);
	case -ENODEV:
		/*
		 * "Unavailable" makes the initiator try again: there may be LUNs by then.
		 */
		return login_refuse(l, LOGIN_UNAVAILABLE, "target has no LUNs yet", out);
	case -ESHUTDOWN:
		return login_refuse(l, LOGIN_UNAVAILABLE, "target is disabled", out);
	case -ENOMEM:
		return login_refuse(l, LOGIN_NO_RESOURCES, "out of memory", out);
	default:
		return login_refuse(l, LOGIN_UNAVAILABLE, "kernel does not answer", out);
	}
}

/*
 * The kernel has refused to take the connection over.  @err is the answer to
 * CST_ISCSI_CMD_NEW_CONN, but never -ENOTCONN.
 */
enum pdu_verdict login_refuse_handover(struct login *l, int err, struct pdu_out *out)
{
	switch (err) {
	case -ESRCH:
		return login_refuse(l, LOGIN_NO_SESSION, "TSIH names no session", out);
	case -EMLINK:
		if (l->req.tsih)
			return login_refuse(l, LOGIN_TOO_MANY_CONNS,
					    "no more connections in this session", out);
		return login_refuse(l, LOGIN_NO_RESOURCES, "no more sessions", out);
	case -EINVAL:
		return login_refuse(l, LOGIN_TARGET_ERROR,
				    "kernel refuses the negotiated values", out);
	default:
		return login_refuse_errno(l, err, out);
	}
}

static bool login_same(const struct pdu_login *a, const struct pdu_login *b)
{
	return !memcmp(a->isid, b->isid, sizeof(a->isid)) && a->tsih == b->tsih &&
	       a->itt == b->itt && a->cid == b->cid && a->cmdsn == b->cmdsn &&
	       a->version_max == b->version_max && a->version_min == b->version_min;
}

static enum pdu_verdict login_check_header(struct login *l, const uint8_t *bhs,
					   struct pdu_out *out)
{
	const struct pdu_login *req = &l->req;

	if (req->version_min > 0)
		return login_refuse(l, LOGIN_BAD_VERSION, "protocol version", out);
	if (++l->requests > LOGIN_REQUESTS_MAX)
		return login_refuse(l, LOGIN_INITIATOR_ERROR, "too many requests", out);
	if (pdu_ahs_len(bhs))
		return login_refuse(l, LOGIN_INITIATOR_ERROR,
				    "additional header segment", out);
	if (pdu_data_len(bhs) > PDU_LOGIN_DATA_MAX)
		return login_refuse(l, LOGIN_INITIATOR_ERROR, "data segment too long", out);
	if (req->csg != l->stage)
		return login_refuse(l, LOGIN_INITIATOR_ERROR, "wrong current stage", out);
	if (req->transit && req->cont)
		return login_refuse(l, LOGIN_INITIATOR_ERROR, "both T and C are set", out);
	if (req->transit && (req->nsg <= req->csg ||
			     (req->nsg != STAGE_OPERATIONAL && req->nsg != STAGE_FULL_FEATURE)))
		return login_refuse(l, LOGIN_INITIATOR_ERROR, "wrong next stage", out);
	return PDU_READ;
}

/*
 * Takes the header of the next PDU.  PDU_READ: the caller must read *@len bytes (data and
 * padding, may be 0) to *@data, and then call login_payload().
 */
enum pdu_verdict login_header(struct login *l, const uint8_t *bhs, uint8_t **data,
			      size_t *len, struct pdu_out *out)
{
	struct pdu_login req;
	enum pdu_verdict verdict;

	if (pdu_opcode(bhs) != PDU_LOGIN_REQUEST) {
		if (l->started)
			return login_refuse(l, LOGIN_INVALID_DURING,
					    "not a login request", out);
		l->why = "not a login request";
		return PDU_DROP;
	}
	pdu_decode_login(bhs, &req);
	if (!l->started) {
		l->started = true;
		l->req = req;
		/*
		 * An initiator that restarts a connection continues from the ExpStatSN of
		 * its first request.  Otherwise that number is as good as any other.
		 */
		l->statsn = req.exp_statsn;
		l->stage = req.csg;
		if (req.csg != STAGE_SECURITY && req.csg != STAGE_OPERATIONAL)
			return login_refuse(l, LOGIN_INITIATOR_ERROR,
					    "wrong current stage", out);
	} else if (!login_same(&req, &l->req)) {
		return login_refuse(l, LOGIN_INITIATOR_ERROR,
				    "identification changed during login", out);
	}
	l->req = req;

	verdict = login_check_header(l, bhs, out);
	if (verdict != PDU_READ)
		return verdict;

	l->data_len = pdu_data_len(bhs);
	*len = l->data_len + pdu_pad(l->data_len);
	*data = (uint8_t *)text_in_reserve(&l->text, l->data_len);
	if (!*data)
		return login_refuse(l, LOGIN_NO_RESOURCES, "text too long", out);
	return PDU_READ;
}

static uint16_t login_fail(struct login *l, uint16_t status, const char *why)
{
	l->why = why;
	return status;
}

static uint16_t login_identity_key(struct login *l, const struct key *key,
				   const struct text_pair *pair)
{
	switch (key->id) {
	case KEY_INITIATOR_NAME:
		if (!text_iscsi_name(pair->value, l->initiator))
			return login_fail(l, LOGIN_INITIATOR_ERROR, "bad InitiatorName");
		break;
	case KEY_TARGET_NAME:
		if (!text_iscsi_name(pair->value, l->asked))
			return login_fail(l, LOGIN_INITIATOR_ERROR, "bad TargetName");
		break;
	case KEY_SESSION_TYPE:
		l->discovery = !strcmp(pair->value, "Discovery");
		if (!l->discovery && strcmp(pair->value, "Normal"))
			return login_fail(l, LOGIN_BAD_SESSION_TYPE, "bad SessionType");
		break;
	default:
		return LOGIN_OK;
	}
	if (l->identity & 1u << (key->id - KEY_OP_COUNT))
		return login_fail(l, LOGIN_INITIATOR_ERROR, "name given twice");
	l->identity |= 1u << (key->id - KEY_OP_COUNT);
	return LOGIN_OK;
}

static bool login_has(const struct login *l, enum key_id id)
{
	return l->identity & 1u << (id - KEY_OP_COUNT);
}

/*
 * Reads the names and the session type from the first text.  This comes before all other
 * keys, because the answers depend on the target.
 */
static uint16_t login_identify(struct login *l)
{
	struct text_pair pair;
	const struct key *key;
	size_t pos = 0;
	uint16_t status;
	int more;

	while ((more = text_next(&l->text, &pos, &pair)) > 0) {
		key = key_find(&pair);
		status = key ? login_identity_key(l, key, &pair) : LOGIN_OK;
		if (status)
			return status;
	}
	if (more < 0)
		return login_fail(l, LOGIN_INITIATOR_ERROR, "malformed text");
	if (!login_has(l, KEY_INITIATOR_NAME))
		return login_fail(l, LOGIN_MISSING_PARAM, "no InitiatorName");
	if (!l->discovery && !login_has(l, KEY_TARGET_NAME))
		return login_fail(l, LOGIN_MISSING_PARAM, "no TargetName");
	if (l->discovery && l->req.tsih)
		return login_fail(l, LOGIN_NO_SESSION,
				  "discovery sessions have one connection");
	return LOGIN_OK;
}

/*
 * An initiator should declare its identification once.  Some initiators (libiscsi) repeat
 * it when they enter the operational stage.  This is harmless if nothing has changed.
 */
static uint16_t login_repeated_identity(struct login *l, const struct key *key,
					const struct text_pair *pair)
{
	char name[TEXT_NAME_SIZE];
	bool same = false;

	switch (key->id) {
	case KEY_INITIATOR_NAME:
		same = text_iscsi_name(pair->value, name) && !strcmp(name, l->initiator);
		break;
	case KEY_TARGET_NAME:
		same = login_has(l, KEY_TARGET_NAME) &&
			text_iscsi_name(pair->value, name) && !strcmp(name, l->asked);
		break;
	default:
		same = !strcmp(pair->value, l->discovery ? "Discovery" : "Normal");
		break;
	}
	return same ? LOGIN_OK :
		login_fail(l, LOGIN_INITIATOR_ERROR, "name changed during login");
}

static uint16_t login_alias(struct login *l, const struct text_pair *pair)
{
	uint32_t bit = 1u << (KEY_INITIATOR_ALIAS - KEY_OP_COUNT);

	if (l->identity & bit || pair->value_len > TEXT_VALUE_MAX)
		return login_fail(l, LOGIN_INITIATOR_ERROR, "bad InitiatorAlias");
	l->identity |= bit;
	return LOGIN_OK;
}

static uint16_t login_key(struct login *l, const struct text_pair *pair, bool first,
			  struct text_out *text)
{
	const struct key *key = key_find(pair);
	uint16_t status;

	if (!key) {
		if (++l->not_understood > LOGIN_UNKNOWN_MAX)
			return login_fail(l, LOGIN_INITIATOR_ERROR, "too many unknown keys");
		text_put_pair(text, pair, "NotUnderstood");
		return LOGIN_OK;
	}
	if (key->flags & KEY_F_TARGET)
		return login_fail(l, LOGIN_INITIATOR_ERROR, "key that only targets send");

	switch (key->id) {
	case KEY_INITIATOR_NAME:
	case KEY_TARGET_NAME:
	case KEY_SESSION_TYPE:
		return first ? LOGIN_OK : login_repeated_identity(l, key, pair);
	case KEY_INITIATOR_ALIAS:
		return login_alias(l, pair);
	case KEY_AUTH_METHOD:
		if (l->stage != STAGE_SECURITY)
			return login_fail(l, LOGIN_INITIATOR_ERROR,
					  "AuthMethod outside the security stage");
		status = auth_negotiate(&l->auth, pair->value, text);
		return status ? login_fail(l, status, "no common AuthMethod") : LOGIN_OK;
	case KEY_SEND_TARGETS:
		return login_fail(l, LOGIN_INITIATOR_ERROR, "SendTargets during login");
	default:
		/* MaxRecvDataSegmentLength may be declared at any time. */
		if (l->stage == STAGE_SECURITY && key->kind != KEY_KIND_DECLARE)
			return login_fail(l, LOGIN_INITIATOR_ERROR,
					  "operational key in the security stage");
		status = negotiation_receive(&l->keys, key, pair->value, text);
		return status ? login_fail(l, status, key->name) : LOGIN_OK;
	}
}

static uint16_t login_keys(struct login *l, bool first, struct text_out *text)
{
	struct text_pair pair;
	size_t pos = 0;
	uint16_t status;
	int more;

	while ((more = text_next(&l->text, &pos, &pair)) > 0) {
		status = login_key(l, &pair, first, text);
		if (status)
			return status;
	}
	if (more < 0)
		return login_fail(l, LOGIN_INITIATOR_ERROR, "malformed text");
	negotiation_end_text(&l->keys, text);
	return LOGIN_OK;
}

/* Asks the kernel for the target, and prepares the negotiation. */
static int login_open(struct login *l)
{
	int err;

	if (l->discovery) {
		key_values_default(&l->target.values);
	} else {
		err = l->ops->find_target(l->ctx, l->asked, l->initiator, &l->target);
		if (err)
			return err;
	}
	negotiation_init(&l->keys, &l->target.values, l->discovery, !l->req.tsih);
	return 0;
}

/* RFC 7143 13.9: the portal group tag must be in the first response. */
static void login_introduce(struct login *l, struct text_out *text)
{
	if (l->discovery)
		return;
	text_put_number(text, key_get(KEY_TARGET_PORTAL_GROUP_TAG)->name, l->target.tpgt);
	if (l->target.alias[0])
		text_put(text, key_get(KEY_TARGET_ALIAS)->name, l->target.alias);
}

/*
 * Decides whether to grant the stage transition that the initiator asks for.  *@granted
 * says whether the response has the T bit.
 */
static uint16_t login_transit(struct login *l, struct text_out *text, bool *granted)
{
	uint16_t status;

	*granted = false;
	if (!l->req.transit || (l->stage == STAGE_SECURITY && !auth_complete(&l->auth)))
		return LOGIN_OK;
	if (l->req.nsg == STAGE_FULL_FEATURE) {
		if (l->stage == STAGE_OPERATIONAL && negotiation_offer(&l->keys, text))
			return LOGIN_OK;
		status = negotiation_finish(&l->keys);
		if (status)
			return login_fail(l, status, "negotiated values do not suit the target");
	}
	*granted = true;
	return LOGIN_OK;
}

static enum pdu_verdict login_answer(struct login *l, struct pdu_out *out)
{
	struct text_out text = {
		.buf = (char *)out->buf + PDU_BHS_LEN,
		.size = out->size - PDU_BHS_LEN,
	};
	bool first = !l->identified, granted;
	uint8_t flags = (uint8_t)(l->stage << 2);
	uint16_t status;
	int err;

	if (first) {
		status = login_identify(l);
		if (status)
			return login_refuse(l, status, l->why, out);
		err = login_open(l);
		if (err)
			return login_refuse_errno(l, err, out);
		l->identified = true;
		login_introduce(l, &text);
	}
	status = login_keys(l, first, &text);
	if (status)
		return login_refuse(l, status, l->why, out);
	if (l->stage == STAGE_OPERATIONAL && !l->declared) {
		negotiation_declare(&l->keys, &text);
		l->declared = true;
	}
	status = login_transit(l, &text, &granted);
	if (status)
		return login_refuse(l, status, l->why, out);
	if (text.overflow)
		return login_refuse(l, LOGIN_NO_RESOURCES, "answer too long", out);

	l->text.len = 0;
	if (granted) {
		flags |= PDU_FINAL | l->req.nsg;
		l->stage = l->req.nsg;
	}
	login_respond(l, flags, LOGIN_OK, text.len, out);
	if (l->stage != STAGE_FULL_FEATURE) {
		l->statsn++;
		return PDU_REPLY;
	}
	text_in_free(&l->text);
	if (!l->discovery)
		return PDU_HANDOVER;
	put_be16(out->buf + 14, l->discovery_tsih);
	return PDU_DISCOVERY;
}

/* The data segment that login_header() asked for has been read. */
enum pdu_verdict login_payload(struct login *l, struct pdu_out *out)
{
	l->text.len += l->data_len;
	if (!l->req.cont)
		return login_answer(l, out);

	/* RFC 7143 6.2: more text follows.  The answer to a part of the text is empty. */
	login_respond(l, (uint8_t)(l->stage << 2), LOGIN_OK, 0, out);
	l->statsn++;
	return PDU_REPLY;
}
