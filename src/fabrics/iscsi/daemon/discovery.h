/* SPDX-License-Identifier: GPL-2.0-only */
/* The full feature phase of a discovery session, RFC 7143 4.3 and Appendix C. */
#ifndef ISCSID_DISCOVERY_H
#define ISCSID_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pdu.h"
#include "text.h"

/**
 * struct discovery_target - a target to report
 *
 * @name: iSCSI name
 * @tpgt: portal group tag
 * @portals: addresses, each ended by NUL
 * @portals_len: length of @portals; 0 means the address that the initiator is connected
 *	to
 */
struct discovery_target {
	const char *name;
	uint16_t tpgt;
	const char *portals;
	size_t portals_len;
};

typedef int (*discovery_target_fn)(void *arg, const struct discovery_target *target);

/**
 * struct discovery_ops - what a discovery session needs from its surroundings
 *
 * @list_targets: call @fn for every target that @initiator may use, or only for
 *	@target when it is not NULL.  Returns 0, or an error, which may be the one that
 *	@fn has returned.  -EAGAIN: the list has changed meanwhile, and the caller should
 *	start again.
 */
struct discovery_ops {
	int (*list_targets)(void *ctx, const char *initiator, const char *target,
			    discovery_target_fn fn, void *arg);
};

/**
 * struct discovery - state
 *
 * @ops, @ctx: see struct discovery_ops
 * @initiator: name of the initiator
 * @local: the address that the initiator is connected to, "192.0.2.1:3260"; NULL for a
 *	link-local address, whose zone only the initiator knows
 * @in: text received so far, or the data of a NOP-Out
 * @reply: text still to be sent, @reply_len bytes in all, @reply_pos sent
 * @reply_cap: allocated for @reply
 * @req: the request being handled
 * @bhs: header of that request as received, for Reject
 * @data_len: length of its data segment
 * @itt: task tag of the text exchange that is under way, if @ttt is not PDU_TAG_NONE
 * @ttt: transfer tag that the next request of the exchange must have
 * @last_ttt: the last transfer tag that was used
 * @statsn, @exp_cmdsn: numbering, RFC 7143 4.2.2
 * @peer_dsl: the initiator's MaxRecvDataSegmentLength
 * @cid: connection id
 * @requests, @listings, @rejects: counted against the limits in discovery.c
 * @why: why the connection ends, for the log
 */
struct discovery {
	const struct discovery_ops *ops;
	void *ctx;
	const char *initiator;
	const char *local;
	struct text_in in;
	char *reply;
	size_t reply_len;
	size_t reply_pos;
	size_t reply_cap;
	struct pdu_request req;
	uint8_t bhs[PDU_BHS_LEN];
	uint32_t data_len;
	uint32_t itt;
	uint32_t ttt;
	uint32_t last_ttt;
	uint32_t statsn;
	uint32_t exp_cmdsn;
	uint32_t peer_dsl;
	uint16_t cid;
	unsigned int requests;
	unsigned int listings;
	unsigned int rejects;
	const char *why;
};

/* What the login leaves to the session. */
struct discovery_start {
	const char *initiator;
	const char *local;
	uint16_t cid;
	uint32_t statsn;
	uint32_t cmdsn;
	uint32_t peer_dsl;
};

void discovery_init(struct discovery *d, const struct discovery_ops *ops, void *ctx,
		    const struct discovery_start *start);
void discovery_free(struct discovery *d);

enum pdu_verdict discovery_header(struct discovery *d, const uint8_t *bhs, uint8_t **data,
				  size_t *len, struct pdu_out *out);
enum pdu_verdict discovery_payload(struct discovery *d, struct pdu_out *out);
void discovery_sent(struct discovery *d);

#endif /* ISCSID_DISCOVERY_H */
