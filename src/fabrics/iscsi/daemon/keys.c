// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of login keys and the negotiation of the operational ones, RFC 7143
 * 6.2 and 13.  Pure logic: login.c calls in, one struct negotiation per login.
 *
 * A key that the initiator never mentions keeps the default of the standard.  If the
 * target's configuration does not allow that default, the target itself proposes another
 * value before it agrees to leave the operational stage.
 */
#include "keys.h"

#include <string.h>

#include <cst/iscsi.h>

#include "pdu.h"

#define DSL_MIN	512u
#define DSL_MAX	0xffffffu

#define LO	KEY_F_LEADING
#define NORMAL	KEY_F_NORMAL
#define KEY(_id, _name, _kind, _flags, _min, _max, _initial) \
	[KEY_##_id] = { .id = KEY_##_id, .name = _name, .kind = KEY_KIND_##_kind, \
			.flags = _flags, .min = _min, .max = _max, .initial = _initial }

static const struct key key_table[KEY_COUNT] = {
	KEY(HEADER_DIGEST, "HeaderDigest", DIGEST, 0, 0, 0, CST_ISCSI_DIGEST_NONE),
	KEY(DATA_DIGEST, "DataDigest", DIGEST, 0, 0, 0, CST_ISCSI_DIGEST_NONE),
	KEY(MAX_CONNECTIONS, "MaxConnections", MIN, LO | NORMAL, 1, 65535, 1),
	KEY(INITIAL_R2T, "InitialR2T", OR, LO | NORMAL, 0, 1, 1),
	KEY(IMMEDIATE_DATA, "ImmediateData", AND, LO | NORMAL, 0, 1, 1),
	KEY(MAX_RECV_DSL, "MaxRecvDataSegmentLength", DECLARE, 0, DSL_MIN, DSL_MAX, 8192),
	KEY(MAX_BURST, "MaxBurstLength", MIN, LO | NORMAL, DSL_MIN, DSL_MAX, 262144),
	KEY(FIRST_BURST, "FirstBurstLength", MIN, LO | NORMAL, DSL_MIN, DSL_MAX, 65536),
	KEY(TIME2WAIT, "DefaultTime2Wait", MAX, LO | KEY_F_ADVISORY, 0, 3600, 2),
	KEY(TIME2RETAIN, "DefaultTime2Retain", MIN, LO | KEY_F_ADVISORY, 0, 3600, 20),
	KEY(MAX_OUTSTANDING_R2T, "MaxOutstandingR2T", MIN, LO | NORMAL, 1, 65535, 1),
	KEY(DATA_PDU_IN_ORDER, "DataPDUInOrder", OR, LO | NORMAL, 0, 1, 1),
	KEY(DATA_SEQUENCE_IN_ORDER, "DataSequenceInOrder", OR, LO | NORMAL, 0, 1, 1),
	KEY(ERL, "ErrorRecoveryLevel", MIN, LO, 0, 2, 0),
	KEY(IF_MARKER, "IFMarker", AND, 0, 0, 1, 0),
	KEY(OF_MARKER, "OFMarker", AND, 0, 0, 1, 0),
	KEY(IF_MARK_INT, "IFMarkInt", IRRELEVANT, 0, 0, 0, 0),
	KEY(OF_MARK_INT, "OFMarkInt", IRRELEVANT, 0, 0, 0, 0),
	KEY(TASK_REPORTING, "TaskReporting", REPORTING, LO | NORMAL, 0, 0, 0),
	KEY(PROTOCOL_LEVEL, "iSCSIProtocolLevel", MIN, LO, 0, 31, 1),
	KEY(INITIATOR_NAME, "InitiatorName", IDENTITY, 0, 0, 0, 0),
	KEY(INITIATOR_ALIAS, "InitiatorAlias", IDENTITY, 0, 0, 0, 0),
	KEY(TARGET_NAME, "TargetName", IDENTITY, 0, 0, 0, 0),
	KEY(TARGET_ALIAS, "TargetAlias", IDENTITY, KEY_F_TARGET, 0, 0, 0),
	KEY(TARGET_ADDRESS, "TargetAddress", IDENTITY, KEY_F_TARGET, 0, 0, 0),
	KEY(TARGET_PORTAL_GROUP_TAG, "TargetPortalGroupTag", IDENTITY, KEY_F_TARGET, 0, 0, 0),
	KEY(SESSION_TYPE, "SessionType", IDENTITY, LO, 0, 0, 0),
	KEY(AUTH_METHOD, "AuthMethod", IDENTITY, 0, 0, 0, 0),
	KEY(SEND_TARGETS, "SendTargets", IDENTITY, 0, 0, 0, 0),
};

static const char *const digest_text[] = {
	[CST_ISCSI_DIGEST_NONE] = "None",
	[CST_ISCSI_DIGEST_CRC32C] = "CRC32C",
	[CST_ISCSI_DIGEST_NONE_CRC32C] = "None,CRC32C",
	[CST_ISCSI_DIGEST_CRC32C_NONE] = "CRC32C,None",
};

_Static_assert(KEY_OP_COUNT <= 32, "the bit masks hold one bit per operational key");

const struct key *key_find(const struct text_pair *pair)
{
	size_t i;

	for (i = 0; i < KEY_COUNT; i++)
		if (text_key_is(pair, key_table[i].name))
			return &key_table[i];
	return NULL;
}

const struct key *key_get(enum key_id id)
{
	return &key_table[id];
}

/* The defaults of the standard.  Discovery sessions use them as the target's wishes. */
void key_values_default(struct key_values *values)
{
	size_t i;

	for (i = 0; i < KEY_OP_COUNT; i++)
		values->value[i] = key_table[i].initial;
	values->xmit_dsl_max = DSL_MAX;
}

void negotiation_init(struct negotiation *n, const struct key_values *ours,
		      bool discovery, bool leading)
{
	uint32_t *wish = n->ours.value;
	size_t i;

	memset(n, 0, sizeof(*n));
	n->ours = *ours;
	n->discovery = discovery;
	n->leading = leading;
	for (i = 0; i < KEY_OP_COUNT; i++)
		n->value[i] = key_table[i].initial;
	n->xmit_dsl = key_table[KEY_MAX_RECV_DSL].initial;
	if (wish[KEY_FIRST_BURST] > wish[KEY_MAX_BURST])
		wish[KEY_FIRST_BURST] = wish[KEY_MAX_BURST];
}

static bool key_relevant(const struct negotiation *n, const struct key *key)
{
	if (n->discovery && (key->flags & KEY_F_NORMAL))
		return false;
	return n->leading || !(key->flags & KEY_F_LEADING);
}

static bool digest_allowed(uint32_t wish, uint32_t digest)
{
	return wish == digest || wish == CST_ISCSI_DIGEST_NONE_CRC32C ||
	       wish == CST_ISCSI_DIGEST_CRC32C_NONE;
}

/* Selects the first digest of @list that is supported and that @wish allows. */
static bool digest_select(uint32_t wish, const char *list, uint32_t *digest)
{
	const char *item;
	size_t len;

	while (text_list_next(&list, &item, &len))
		for (*digest = CST_ISCSI_DIGEST_NONE; *digest <= CST_ISCSI_DIGEST_CRC32C;
		     (*digest)++)
			if (text_item_is(item, len, digest_text[*digest]) &&
			    digest_allowed(wish, *digest))
				return true;
	return false;
}

static bool reporting_select(const char *list)
{
	const char *item;
	size_t len;

	while (text_list_next(&list, &item, &len))
		if (text_item_is(item, len, "RFC3720"))
			return true;
	return false;
}

static bool key_is_boolean(const struct key *key)
{
	return key->kind == KEY_KIND_AND || key->kind == KEY_KIND_OR;
}

/* Reads a number or boolean.  False if it is not within the standard's limits. */
static bool key_parse(const struct key *key, const char *text, uint32_t *value)
{
	bool yes;

	if (key_is_boolean(key)) {
		if (!text_boolean(text, &yes))
			return false;
		*value = yes;
		return true;
	}
	return text_number(text, value) && *value >= key->min && *value <= key->max;
}

static uint32_t key_combine(const struct key *key, uint32_t a, uint32_t b)
{
	switch (key->kind) {
	case KEY_KIND_MIN:
		return a < b ? a : b;
	case KEY_KIND_MAX:
		return a > b ? a : b;
	case KEY_KIND_AND:
		return a && b;
	default:
		return a || b;
	}
}

/* May @value be the result if the target wishes @wish? */
static bool key_acceptable(const struct key *key, uint32_t value, uint32_t wish)
{
	switch (key->kind) {
	case KEY_KIND_DIGEST:
		return digest_allowed(wish, value);
	case KEY_KIND_DECLARE:
	case KEY_KIND_REPORTING:
	case KEY_KIND_IRRELEVANT:
		return true;
	default:
		return key->flags & KEY_F_ADVISORY || key_combine(key, value, wish) == value;
	}
}

static void key_put(struct text_out *out, const struct key *key, uint32_t value)
{
	if (key->kind == KEY_KIND_DIGEST)
		text_put(out, key->name, digest_text[value]);
	else if (key_is_boolean(key))
		text_put(out, key->name, value ? "Yes" : "No");
	else
		text_put_number(out, key->name, value);
}

static void negotiation_proposal(struct negotiation *n, const struct key *key,
				 const char *text, struct text_out *out)
{
	uint32_t wish = n->ours.value[key->id], value;

	switch (key->kind) {
	case KEY_KIND_IRRELEVANT:
		text_put(out, key->name, "Irrelevant");
		return;
	case KEY_KIND_REPORTING:
		text_put(out, key->name, reporting_select(text) ? "RFC3720" : "Reject");
		return;
	case KEY_KIND_DIGEST:
		if (!digest_select(wish, text, &value))
			break;
		n->value[key->id] = value;
		key_put(out, key, value);
		return;
	default:
		if (!key_parse(key, text, &value))
			break;
		if (key->id == KEY_FIRST_BURST) {
			n->first_burst = value;
			n->first_burst_waits = true;
			return;
		}
		n->value[key->id] = key_combine(key, value, wish);
		key_put(out, key, n->value[key->id]);
		return;
	}
	text_put(out, key->name, "Reject");
}

/* Takes the initiator's answer to a proposal of the target. */
static uint16_t negotiation_answer(struct negotiation *n, const struct key *key,
				   const char *text)
{
	uint32_t wish = n->ours.value[key->id], value;

	/*
	 * The default stays.  negotiation_finish() checks whether the target allows it.
	 */
	if (!strcmp(text, "Reject") || !strcmp(text, "Irrelevant") ||
	    !strcmp(text, "NotUnderstood"))
		return LOGIN_OK;
	if (key->kind == KEY_KIND_DIGEST) {
		if (strchr(text, ',') || !digest_select(wish, text, &value))
			return LOGIN_INITIATOR_ERROR;
	} else if (!key_parse(key, text, &value) ||
		   key_combine(key, value, wish) != value) {
		return LOGIN_INITIATOR_ERROR;
	}
	n->value[key->id] = value;
	return LOGIN_OK;
}

/*
 * Takes one operational key from the initiator.  The answer, if the key needs one, goes
 * to @out.  Returns LOGIN_OK, or the status with which the login fails.
 */
uint16_t negotiation_receive(struct negotiation *n, const struct key *key,
			     const char *text, struct text_out *out)
{
	uint32_t bit = 1u << key->id;

	/* RFC 7143 6.3: nothing is negotiated twice in one login. */
	if (n->received & bit)
		return LOGIN_INITIATOR_ERROR;
	n->received |= bit;

	if (!key_relevant(n, key)) {
		text_put(out, key->name, "Irrelevant");
		return LOGIN_OK;
	}
	if (key->kind == KEY_KIND_DECLARE)
		return key_parse(key, text, &n->xmit_dsl) ? LOGIN_OK : LOGIN_INITIATOR_ERROR;
	if (n->offered & bit)
		return negotiation_answer(n, key, text);
	if (strlen(text) > TEXT_VALUE_MAX)
		text_put(out, key->name, "Reject");
	else
		negotiation_proposal(n, key, text, out);
	return LOGIN_OK;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* All keys of a text have been received: answers FirstBurstLength, which had to wait. */
void negotiation_end_text(struct negotiation *n, struct text_out *out)
{
	if (!n->first_burst_waits)
		return;
	n->first_burst_waits = false;
	n->value[KEY_FIRST_BURST] = min_u32(min_u32(n->first_burst, n->value[KEY_MAX_BURST]),
					    n->ours.value[KEY_FIRST_BURST]);
	key_put(out, key_get(KEY_FIRST_BURST), n->value[KEY_FIRST_BURST]);
}

/* Declares the target's own MaxRecvDataSegmentLength. */
void negotiation_declare(struct negotiation *n, struct text_out *out)
{
	n->value[KEY_MAX_RECV_DSL] = n->ours.value[KEY_MAX_RECV_DSL];
	key_put(out, key_get(KEY_MAX_RECV_DSL), n->value[KEY_MAX_RECV_DSL]);
}

/*
 * Proposes a value for each key that the initiator has not mentioned and whose default
 * does not suit the target.  True if there was such a key: then the login must not leave
 * the stage yet.
 */
bool negotiation_offer(struct negotiation *n, struct text_out *out)
{
	bool any = false;
	size_t i;

	for (i = 0; i < KEY_OP_COUNT; i++) {
		const struct key *key = &key_table[i];
		uint32_t wish = n->ours.value[i];
		uint32_t bit = 1u << i;

		if ((n->received | n->offered) & bit || !key_relevant(n, key))
			continue;
		if (key->id == KEY_FIRST_BURST)
			wish = min_u32(wish, n->value[KEY_MAX_BURST]);
		if (key_acceptable(key, n->value[i], wish) &&
		    !(key->kind == KEY_KIND_DIGEST && wish == CST_ISCSI_DIGEST_CRC32C_NONE))
			continue;
		n->offered |= bit;
		key_put(out, key, wish);
		any = true;
	}
	return any;
}

/* Checks the results before the full feature phase.  Returns LOGIN_OK or a status. */
uint16_t negotiation_finish(struct negotiation *n)
{
	size_t i;

	for (i = 0; i < KEY_OP_COUNT; i++)
		if (key_relevant(n, &key_table[i]) &&
		    !key_acceptable(&key_table[i], n->value[i], n->ours.value[i]))
			return LOGIN_INITIATOR_ERROR;

	if (n->value[KEY_FIRST_BURST] > n->value[KEY_MAX_BURST]) {
		/* Without unsolicited data FirstBurstLength means nothing. */
		if (!n->value[KEY_INITIAL_R2T] || n->value[KEY_IMMEDIATE_DATA])
			return LOGIN_INITIATOR_ERROR;
		n->value[KEY_FIRST_BURST] = n->value[KEY_MAX_BURST];
	}
	return LOGIN_OK;
}

/* The longest data segment that the target will send. */
uint32_t negotiation_xmit_dsl(const struct negotiation *n)
{
	return min_u32(n->xmit_dsl, n->ours.xmit_dsl_max);
}
