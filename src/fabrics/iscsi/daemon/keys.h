/* SPDX-License-Identifier: GPL-2.0-only */
/* Login keys and their negotiation, RFC 7143 6.2 and 13. */
#ifndef ISCSID_KEYS_H
#define ISCSID_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

enum key_id {
	/* Operational keys: these index the arrays of values. */
	KEY_HEADER_DIGEST,
	KEY_DATA_DIGEST,
	KEY_MAX_CONNECTIONS,
	KEY_INITIAL_R2T,
	KEY_IMMEDIATE_DATA,
	KEY_MAX_RECV_DSL,
	KEY_MAX_BURST,
	KEY_FIRST_BURST,
	KEY_TIME2WAIT,
	KEY_TIME2RETAIN,
	KEY_MAX_OUTSTANDING_R2T,
	KEY_DATA_PDU_IN_ORDER,
	KEY_DATA_SEQUENCE_IN_ORDER,
	KEY_ERL,
	KEY_IF_MARKER,
	KEY_OF_MARKER,
	KEY_IF_MARK_INT,
	KEY_OF_MARK_INT,
	KEY_TASK_REPORTING,
	KEY_PROTOCOL_LEVEL,
	KEY_OP_COUNT,
	/* All other keys. */
	KEY_INITIATOR_NAME = KEY_OP_COUNT,
	KEY_INITIATOR_ALIAS,
	KEY_TARGET_NAME,
	KEY_TARGET_ALIAS,
	KEY_TARGET_ADDRESS,
	KEY_TARGET_PORTAL_GROUP_TAG,
	KEY_SESSION_TYPE,
	KEY_AUTH_METHOD,
	KEY_SEND_TARGETS,
	KEY_COUNT,
};

enum key_kind {
	KEY_KIND_MIN,		/* number, the smaller one wins */
	KEY_KIND_MAX,		/* number, the larger one wins */
	KEY_KIND_AND,		/* boolean, Yes if both say Yes */
	KEY_KIND_OR,		/* boolean, Yes if one says Yes */
	KEY_KIND_DIGEST,	/* list, enum cst_iscsi_digest */
	KEY_KIND_REPORTING,	/* list, only "RFC3720" is supported */
	KEY_KIND_DECLARE,	/* number, each side states its own */
	KEY_KIND_IRRELEVANT,	/* understood, never used */
	KEY_KIND_IDENTITY,	/* not operational: login.c or discovery.c handles it */
};

#define KEY_F_LEADING	0x01	/* leading only: only on the first connection of a session */
#define KEY_F_NORMAL	0x02	/* irrelevant in a discovery session */
#define KEY_F_TARGET	0x04	/* only a target may send it */
#define KEY_F_ADVISORY	0x08	/* its default suits every target */

struct key {
	const char *name;
	enum key_id id;
	enum key_kind kind;
	unsigned int flags;
	uint32_t min;
	uint32_t max;
	uint32_t initial;	/* the value when nobody mentions the key */
};

/**
 * struct key_values - what a target wants of each operational key
 *
 * @value: by key_id; digests as enum cst_iscsi_digest, booleans as 0 and 1
 * @xmit_dsl_max: longest data segment that the target may send
 */
struct key_values {
	uint32_t value[KEY_OP_COUNT];
	uint32_t xmit_dsl_max;
};

/**
 * struct negotiation - the operational keys of one login
 *
 * @ours: the target's wishes
 * @value: the present results; KEY_MAX_RECV_DSL holds what the target has declared
 * @xmit_dsl: what the initiator has declared as its MaxRecvDataSegmentLength
 * @received: a bit for each key that the initiator has sent
 * @offered: a bit for each key that the target has proposed itself
 * @first_burst: the initiator's proposal of FirstBurstLength
 * @first_burst_waits: it is answered at the end of the text, because the answer depends
 *	on MaxBurstLength
 * @discovery: the login is for a discovery session
 * @leading: the connection is the first one of its session
 */
struct negotiation {
	struct key_values ours;
	uint32_t value[KEY_OP_COUNT];
	uint32_t xmit_dsl;
	uint32_t received;
	uint32_t offered;
	uint32_t first_burst;
	bool first_burst_waits;
	bool discovery;
	bool leading;
};

const struct key *key_find(const struct text_pair *pair);
const struct key *key_get(enum key_id id);
void key_values_default(struct key_values *values);

void negotiation_init(struct negotiation *n, const struct key_values *ours,
		      bool discovery, bool leading);
uint16_t negotiation_receive(struct negotiation *n, const struct key *key,
			     const char *value, struct text_out *out);
void negotiation_end_text(struct negotiation *n, struct text_out *out);
void negotiation_declare(struct negotiation *n, struct text_out *out);
bool negotiation_offer(struct negotiation *n, struct text_out *out);
uint16_t negotiation_finish(struct negotiation *n);
uint32_t negotiation_xmit_dsl(const struct negotiation *n);

#endif /* ISCSID_KEYS_H */
