/* SPDX-License-Identifier: GPL-2.0-only */
/* The login phase of one connection, RFC 7143 6.3, 11.12 and 11.13. */
#ifndef ISCSID_LOGIN_H
#define ISCSID_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "auth.h"
#include "keys.h"
#include "pdu.h"
#include "text.h"

/*
 * Length of the text of a Login Response.  The answers to any request fit, see login.c.
 */
#define LOGIN_TEXT_OUT_MAX	4096
#define LOGIN_ALIAS_SIZE	256

/* What the kernel says about a target, for a certain initiator at a certain address. */
struct target_info {
	char name[TEXT_NAME_SIZE];
	char alias[LOGIN_ALIAS_SIZE];
	uint16_t tpgt;
	struct key_values values;
};

/**
 * struct login_ops - what the login needs from its surroundings
 *
 * @find_target: fill @info for @initiator, which asks for @target.  Returns 0, or
 *	-ENOENT, -EACCES, -ENODEV, -ESHUTDOWN or another error.  Called once per normal
 *	login.
 */
struct login_ops {
	int (*find_target)(void *ctx, const char *target, const char *initiator,
			   struct target_info *info);
};

/**
 * struct login - the state of a login
 *
 * @ops, @ctx: see struct login_ops
 * @text: text of the current sequence, complete when the C bit is 0
 * @req: the current request; isid, tsih, itt, cid and cmdsn never change
 * @statsn: StatSN of the next response
 * @identity: a bit for each key, from KEY_OP_COUNT on, that has been received
 * @discovery_tsih: TSIH to give to a discovery session
 * @stage: the current stage, RFC 7143 6.3.1
 * @data_len: length of the data segment that is being read
 * @requests: how many Login Requests have come
 * @not_understood: how many unknown keys have come
 * @started: a Login Request has come; @req is valid
 * @identified: the first text is complete, and the target is known
 * @declared: the target's MaxRecvDataSegmentLength has been sent
 * @discovery: SessionType=Discovery
 * @auth: authentication
 * @keys: operational keys
 * @target: the target; its values become @keys.ours
 * @initiator: InitiatorName, in lower case
 * @asked: TargetName, in lower case
 * @why: what went wrong, for the log
 */
struct login {
	const struct login_ops *ops;
	void *ctx;
	struct text_in text;
	struct pdu_login req;
	uint32_t statsn;
	uint32_t identity;
	uint16_t discovery_tsih;
	uint8_t stage;
	uint32_t data_len;
	unsigned int requests;
	unsigned int not_understood;
	bool started;
	bool identified;
	bool declared;
	bool discovery;
	struct auth auth;
	struct negotiation keys;
	struct target_info target;
	char initiator[TEXT_NAME_SIZE];
	char asked[TEXT_NAME_SIZE];
	const char *why;
};

void login_init(struct login *l, const struct login_ops *ops, void *ctx,
		uint16_t discovery_tsih);
void login_free(struct login *l);

enum pdu_verdict login_header(struct login *l, const uint8_t *bhs, uint8_t **data,
			      size_t *len, struct pdu_out *out);
enum pdu_verdict login_payload(struct login *l, struct pdu_out *out);
enum pdu_verdict login_refuse(struct login *l, uint16_t status, const char *why,
			      struct pdu_out *out);
enum pdu_verdict login_refuse_handover(struct login *l, int err, struct pdu_out *out);

#endif /* ISCSID_LOGIN_H */
