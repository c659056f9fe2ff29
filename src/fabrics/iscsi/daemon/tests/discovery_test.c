// SPDX-License-Identifier: GPL-2.0-only
/* discovery.c: SendTargets in one and in many PDUs, NOP, Logout, and refusals. */
#include "../discovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

#define F	0x80
#define C	0x40

struct peer {
	struct discovery d;
	struct pdu_out out;
	uint8_t bhs[PDU_BHS_LEN];
	unsigned int targets;
	unsigned int again;
	int error;
	const char *portals;
	size_t portals_len;
};

static int list_targets(void *ctx, const char *initiator, const char *target,
			discovery_target_fn fn, void *arg)
{
	struct peer *p = ctx;
	unsigned int i;
	char name[64];
	int err = 0;

	CHECK_STR(initiator, "iqn.host");
	for (i = 0; i < p->targets && !err; i++) {
		struct discovery_target t = {
			.name = name, .tpgt = 1,
			.portals = p->portals, .portals_len = p->portals_len,
		};

		snprintf(name, sizeof(name), "iqn.2026-01.example:disk%u", i);
		if (!target || !strcmp(target, name))
			err = fn(arg, &t);
	}
	if (p->again) {
		p->again--;
		return -EAGAIN;
	}
	return err ? err : p->error;
}

static const struct discovery_ops ops = { .list_targets = list_targets };

static struct peer *peer_new(unsigned int targets)
{
	const struct discovery_start start = {
		.initiator = "iqn.host", .local = "192.0.2.1:3260", .cid = 3,
		.statsn = 10, .cmdsn = 100, .peer_dsl = 8192,
	};
	struct peer *p = calloc(1, sizeof(*p));

	p->targets = targets;
	p->out.size = 4096;
	p->out.buf = malloc(p->out.size);
	discovery_init(&p->d, &ops, p, &start);
	put_be32(p->bhs + 24, 100);
	return p;
}

static void peer_free(struct peer *p)
{
	discovery_free(&p->d);
	free(p->out.buf);
	free(p);
}

static enum pdu_verdict send_pdu(struct peer *p, uint8_t opcode, uint8_t flags, uint32_t itt,
				 uint32_t ttt, const void *data, size_t len)
{
	enum pdu_verdict verdict;
	size_t padded = 0;
	uint8_t *to;

	p->bhs[0] = opcode;
	p->bhs[1] = flags;
	pdu_set_data_len(p->bhs, len);
	put_be32(p->bhs + 16, itt);
	put_be32(p->bhs + 20, ttt);
	verdict = discovery_header(&p->d, p->bhs, &to, &padded, &p->out);
	if (verdict != PDU_READ)
		return verdict;
	CHECK_EQ(padded, (len + 3) / 4 * 4);
	if (padded) {
		memset(to, 0xa5, padded);
		memcpy(to, data, len);
	}
	verdict = discovery_payload(&p->d, &p->out);
	/* Each non-immediate request advances CmdSN. */
	if (!(opcode & PDU_IMMEDIATE))
		put_be32(p->bhs + 24, get_be32(p->bhs + 24) + 1);
	return verdict;
}

#define TEXT(p, flags, itt, ttt, literal) \
	send_pdu(p, PDU_TEXT_REQUEST, flags, itt, ttt, literal, sizeof(literal) - 1)

static bool text_is(const struct peer *p, const char *text, size_t len)
{
	return pdu_data_len(p->out.buf) == len && p->out.tail_len == len &&
	       (!len || !memcmp(p->out.tail, text, len));
}

#define TEXT_IS(p, literal) CHECK(text_is(p, literal, sizeof(literal) - 1))

static void rejected(struct peer *p, enum pdu_verdict verdict, unsigned int reason)
{
	CHECK_EQ(verdict, PDU_REPLY);
	CHECK_EQ(p->out.buf[0], PDU_REJECT);
	CHECK_EQ(p->out.buf[2], reason);
	CHECK_EQ(get_be32(p->out.buf + 16), PDU_TAG_NONE);
	CHECK_EQ(p->out.tail_len, PDU_BHS_LEN);
	CHECK(!memcmp(p->out.tail + 16, p->bhs + 16, 8));
}

TEST(discovery, all_targets)
{
	struct peer *p = peer_new(2);

	p->portals = "10.0.0.1:3260\0[fd00::1]:3261";
	p->portals_len = sizeof("10.0.0.1:3260\0[fd00::1]:3261");
	CHECK_EQ(TEXT(p, F, 7, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
	CHECK_EQ(p->out.buf[0], PDU_TEXT_RESPONSE);
	CHECK_EQ(p->out.buf[1], F);
	CHECK_EQ(get_be32(p->out.buf + 16), 7);
	CHECK_EQ(get_be32(p->out.buf + 20), PDU_TAG_NONE);
	CHECK_EQ(get_be32(p->out.buf + 24), 10);
	CHECK_EQ(get_be32(p->out.buf + 28), 101);
	CHECK(get_be32(p->out.buf + 32) >= 101);
	TEXT_IS(p, "TargetName=iqn.2026-01.example:disk0\0TargetAddress=10.0.0.1:3260,1\0"
		"TargetAddress=[fd00::1]:3261,1\0"
		"TargetName=iqn.2026-01.example:disk1\0TargetAddress=10.0.0.1:3260,1\0"
		"TargetAddress=[fd00::1]:3261,1\0");
	discovery_sent(&p->d);
	CHECK(!p->d.reply);
	peer_free(p);
}

TEST(discovery, one_target_and_none)
{
	struct peer *p = peer_new(3);

	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=IQN.2026-01.example:disk2\0"),
		 PDU_REPLY);
	TEXT_IS(p, "TargetName=iqn.2026-01.example:disk2\0TargetAddress=192.0.2.1:3260,1\0");
	CHECK_EQ(TEXT(p, F, 2, PDU_TAG_NONE, "SendTargets=iqn.other\0"), PDU_REPLY);
	CHECK_EQ(p->out.buf[1], F);
	TEXT_IS(p, "");
	/* This is a name. */
	CHECK_EQ(TEXT(p, F, 2, PDU_TAG_NONE, "SendTargets=all\0"), PDU_REPLY);
	TEXT_IS(p, "");
	p->error = -ENOENT;
	CHECK_EQ(TEXT(p, F, 3, PDU_TAG_NONE, "SendTargets=iqn.other\0"), PDU_REPLY);
	TEXT_IS(p, "");
	peer_free(p);
}

TEST(discovery, bad_requests)
{
	struct peer *p = peer_new(1);

	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=\0"), PDU_REPLY);
	TEXT_IS(p, "SendTargets=Reject\0");
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=a b\0"), PDU_REPLY);
	TEXT_IS(p, "SendTargets=Reject\0");
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "X-foo=1\0MaxBurstLength=512\0"), PDU_REPLY);
	TEXT_IS(p, "X-foo=NotUnderstood\0MaxBurstLength=Reject\0");
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, ""), PDU_REPLY);
	TEXT_IS(p, "");
	rejected(p, TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=All"), REJECT_PROTOCOL_ERROR);
	rejected(p, TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=All\0SendTargets=All\0"),
		 REJECT_PROTOCOL_ERROR);
	rejected(p, TEXT(p, F | C, 1, PDU_TAG_NONE, "SendTargets=All\0"),
		 REJECT_INVALID_FIELD);
	rejected(p, TEXT(p, F, PDU_TAG_NONE, PDU_TAG_NONE, "SendTargets=All\0"),
		 REJECT_INVALID_FIELD);
	rejected(p, TEXT(p, F, 1, 99, ""), REJECT_PROTOCOL_ERROR);
	p->error = -ENOMEM;
	rejected(p, TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=All\0"), REJECT_NO_RESOURCES);
	peer_free(p);
}

TEST(discovery, long_answer)
{
	struct peer *p = peer_new(500);
	char *all = malloc(65536), line[128];
	size_t len = 0, got = 0;
	unsigned int i, pdus = 0;
	uint32_t ttt = PDU_TAG_NONE;
	int n;

	for (i = 0; i < 500; i++) {
		n = snprintf(line, sizeof(line), "TargetName=iqn.2026-01.example:disk%u", i);
		memcpy(all + len, line, (size_t)n + 1);
		len += (size_t)n + 1;
		n = snprintf(line, sizeof(line), "TargetAddress=192.0.2.1:3260,1");
		memcpy(all + len, line, (size_t)n + 1);
		len += (size_t)n + 1;
	}
	CHECK_EQ(TEXT(p, F, 9, PDU_TAG_NONE, "MaxRecvDataSegmentLength=512\0SendTargets=All\0"),
		 PDU_REPLY);
	for (;;) {
		size_t part = pdu_data_len(p->out.buf);

		pdus++;
		CHECK(part && part <= 512 && got + part <= len);
		CHECK(!memcmp(p->out.tail, all + got, part));
		CHECK_EQ(p->out.tail[part - 1], 0);
		got += part;
		ttt = get_be32(p->out.buf + 20);
		CHECK_EQ(get_be32(p->out.buf + 24), 9 + pdus);
		discovery_sent(&p->d);
		if (p->out.buf[1] == F || pdus > 1000)
			break;
		CHECK_EQ(p->out.buf[1], C);
		CHECK(ttt != PDU_TAG_NONE);
		CHECK_EQ(TEXT(p, F, 9, ttt, ""), PDU_REPLY);
	}
	CHECK_EQ(ttt, PDU_TAG_NONE);
	CHECK_EQ(got, len);
	CHECK(pdus > 60);
	free(all);
	peer_free(p);
}

TEST(discovery, long_answer_disturbed)
{
	struct peer *p = peer_new(500);
	uint32_t ttt;

	CHECK_EQ(TEXT(p, F, 9, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
	ttt = get_be32(p->out.buf + 20);
	CHECK_EQ(p->out.buf[1], C);
	/* Another request in between does no harm to the exchange. */
	CHECK_EQ(send_pdu(p, PDU_NOP_OUT | PDU_IMMEDIATE, F, 5, PDU_TAG_NONE, "ping", 4),
		 PDU_REPLY);
	CHECK_EQ(TEXT(p, F, 9, ttt, ""), PDU_REPLY);
	CHECK_EQ(p->out.buf[1], C);
	/*
	 * An old transfer tag ends the exchange, and so does data where none is allowed.
	 */
	rejected(p, TEXT(p, F, 9, ttt, ""), REJECT_PROTOCOL_ERROR);
	CHECK_EQ(TEXT(p, F, 9, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
	ttt = get_be32(p->out.buf + 20);
	rejected(p, TEXT(p, F, 9, ttt, "SendTargets=All\0"), REJECT_PROTOCOL_ERROR);
	CHECK_EQ(TEXT(p, F, 9, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
	ttt = get_be32(p->out.buf + 20);
	rejected(p, TEXT(p, F, 8, ttt, ""), REJECT_PROTOCOL_ERROR);
	/* A request without a transfer tag begins a new exchange. */
	CHECK_EQ(TEXT(p, F, 10, PDU_TAG_NONE, "SendTargets=iqn.2026-01.example:disk1\0"),
		 PDU_REPLY);
	TEXT_IS(p, "TargetName=iqn.2026-01.example:disk1\0TargetAddress=192.0.2.1:3260,1\0");
	peer_free(p);
}

TEST(discovery, split_request)
{
	struct peer *p = peer_new(1);
	uint32_t ttt;

	CHECK_EQ(TEXT(p, C, 4, PDU_TAG_NONE, "SendTar"), PDU_REPLY);
	CHECK_EQ(p->out.buf[1], 0);
	TEXT_IS(p, "");
	ttt = get_be32(p->out.buf + 20);
	CHECK(ttt != PDU_TAG_NONE);
	CHECK_EQ(send_pdu(p, PDU_NOP_OUT, F, 5, PDU_TAG_NONE, "ping!", 5), PDU_REPLY);
	CHECK(text_is(p, "ping!", 5));
	CHECK_EQ(TEXT(p, F, 4, ttt, "gets=All\0"), PDU_REPLY);
	CHECK_EQ(p->out.buf[1], F);
	TEXT_IS(p, "TargetName=iqn.2026-01.example:disk0\0TargetAddress=192.0.2.1:3260,1\0");

	/* An exchange that is given up half-way is forgotten. */
	CHECK_EQ(TEXT(p, C, 5, PDU_TAG_NONE, "SendTar"), PDU_REPLY);
	CHECK_EQ(TEXT(p, F, 6, PDU_TAG_NONE, "X-a=1\0"), PDU_REPLY);
	TEXT_IS(p, "X-a=NotUnderstood\0");
	peer_free(p);
}

TEST(discovery, more_keys_to_come)
{
	struct peer *p = peer_new(1);
	uint32_t ttt;

	CHECK_EQ(TEXT(p, 0, 4, PDU_TAG_NONE, "X-a=1\0"), PDU_REPLY);
	CHECK_EQ(p->out.buf[1], 0);
	TEXT_IS(p, "X-a=NotUnderstood\0");
	ttt = get_be32(p->out.buf + 20);
	CHECK(ttt != PDU_TAG_NONE);
	CHECK_EQ(TEXT(p, F, 4, ttt, "X-b=1\0"), PDU_REPLY);
	CHECK_EQ(p->out.buf[1], F);
	TEXT_IS(p, "X-b=NotUnderstood\0");
	peer_free(p);
}

TEST(discovery, list_overtaken_by_a_change)
{
	struct peer *p = peer_new(1);

	p->again = 2;
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
	TEXT_IS(p, "TargetName=iqn.2026-01.example:disk0\0TargetAddress=192.0.2.1:3260,1\0");
	p->again = 100;
	rejected(p, TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=All\0"), REJECT_NO_RESOURCES);
	peer_free(p);
}

TEST(discovery, answers_are_bounded)
{
	struct peer *p = peer_new(100000), *q;

	rejected(p, TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=All\0"), REJECT_NO_RESOURCES);
	CHECK(!p->d.reply);
	/*
	 * A reply that one session could not have does not count against other sessions.
	 */
	q = peer_new(1000);
	CHECK_EQ(TEXT(q, F, 1, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
	CHECK_EQ(q->out.buf[0], PDU_TEXT_RESPONSE);
	peer_free(q);
	peer_free(p);
}

TEST(discovery, all_answers_together_are_bounded)
{
	struct peer *p[64];
	unsigned int i, answered = 0;

	for (i = 0; i < 64; i++) {
		p[i] = peer_new(20000);
		CHECK_EQ(TEXT(p[i], F, 1, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
		answered += p[i]->out.buf[0] == PDU_TEXT_RESPONSE;
	}
	CHECK(answered > 4 && answered < 32);
	for (i = 0; i < 64; i++)
		peer_free(p[i]);
	p[0] = peer_new(20000);
	CHECK_EQ(TEXT(p[0], F, 1, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
	CHECK_EQ(p[0]->out.buf[0], PDU_TEXT_RESPONSE);
	peer_free(p[0]);
}

TEST(discovery, nop)
{
	struct peer *p = peer_new(0);
	char data[1024];

	memset(data, 'n', sizeof(data));
	CHECK_EQ(send_pdu(p, PDU_NOP_OUT | PDU_IMMEDIATE, F, 6, PDU_TAG_NONE, "abc", 3),
		 PDU_REPLY);
	CHECK_EQ(p->out.buf[0], PDU_NOP_IN);
	CHECK_EQ(p->out.buf[1], F);
	CHECK_EQ(get_be32(p->out.buf + 16), 6);
	CHECK_EQ(get_be32(p->out.buf + 20), PDU_TAG_NONE);
	CHECK_EQ(get_be32(p->out.buf + 28), 100);
	CHECK(text_is(p, "abc", 3));
	CHECK_EQ(send_pdu(p, PDU_NOP_OUT, F, 6, PDU_TAG_NONE, "", 0), PDU_REPLY);
	CHECK_EQ(get_be32(p->out.buf + 28), 101);
	CHECK_EQ(p->out.tail_len, 0);
	/* A NOP-Out without a task tag wants no answer. */
	CHECK_EQ(send_pdu(p, PDU_NOP_OUT | PDU_IMMEDIATE, F, PDU_TAG_NONE, PDU_TAG_NONE,
			  "x", 1), PDU_SILENT);
	/* The data that is returned is no longer than the initiator can receive. */
	p->d.peer_dsl = 512;
	CHECK_EQ(send_pdu(p, PDU_NOP_OUT, F, 6, PDU_TAG_NONE, data, sizeof(data)), PDU_REPLY);
	CHECK_EQ(p->out.tail_len, 512);
	peer_free(p);
}

/* The initiator is connected to a link-local address, and only it knows the zone. */
TEST(discovery, no_address_of_ones_own)
{
	struct peer *p = peer_new(1);

	p->d.local = NULL;
	CHECK_EQ(TEXT(p, F, 7, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
	TEXT_IS(p, "TargetName=iqn.2026-01.example:disk0\0");
	peer_free(p);
}

TEST(discovery, logout)
{
	struct peer *p = peer_new(0);

	CHECK_EQ(send_pdu(p, PDU_LOGOUT_REQUEST | PDU_IMMEDIATE, F | 1, 6, 0x00040000, "", 0),
		 PDU_REPLY);
	CHECK_EQ(p->out.buf[0], PDU_LOGOUT_RESPONSE);
	CHECK_EQ(p->out.buf[2], 1);
	CHECK_EQ(send_pdu(p, PDU_LOGOUT_REQUEST | PDU_IMMEDIATE, F | 2, 6, 0x00030000, "", 0),
		 PDU_REPLY);
	CHECK_EQ(p->out.buf[2], 2);
	rejected(p, send_pdu(p, PDU_LOGOUT_REQUEST | PDU_IMMEDIATE, F | 3, 6, 0, "", 0),
		 REJECT_INVALID_FIELD);
	CHECK_EQ(send_pdu(p, PDU_LOGOUT_REQUEST | PDU_IMMEDIATE, F | 1, 6, 0x00030000, "", 0),
		 PDU_REPLY_CLOSE);
	CHECK_EQ(p->out.buf[2], 0);
	CHECK_EQ(get_be32(p->out.buf + 16), 6);
	peer_free(p);

	p = peer_new(0);
	CHECK_EQ(send_pdu(p, PDU_LOGOUT_REQUEST, F, 6, 0, "", 0), PDU_REPLY_CLOSE);
	peer_free(p);
}

TEST(discovery, command_numbering)
{
	struct peer *p = peer_new(0);

	/* A request outside the window is ignored. */
	put_be32(p->bhs + 24, 99);
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "X-a=1\0"), PDU_SILENT);
	put_be32(p->bhs + 24, 100 + 8);
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "X-a=1\0"), PDU_SILENT);
	put_be32(p->bhs + 24, 100);
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "X-a=1\0"), PDU_REPLY);
	/* A gap within the window cannot be filled. */
	put_be32(p->bhs + 24, 102);
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "X-a=1\0"), PDU_DROP);
	peer_free(p);

	p = peer_new(0);
	p->d.exp_cmdsn = 0xffffffff;
	put_be32(p->bhs + 24, 0xffffffff);
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "X-a=1\0"), PDU_REPLY);
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "X-a=1\0"), PDU_REPLY);
	CHECK_EQ(p->d.exp_cmdsn, 1);
	peer_free(p);
}

TEST(discovery, other_opcodes)
{
	struct peer *p = peer_new(0);
	unsigned int i;

	for (i = 0; i < 8; i++)
		rejected(p, send_pdu(p, PDU_SCSI_COMMAND, F, 1, 0, "data", 4),
			 REJECT_NOT_SUPPORTED);
	CHECK_EQ(send_pdu(p, PDU_SCSI_COMMAND, F, 1, 0, "", 0), PDU_REPLY_CLOSE);
	peer_free(p);

	p = peer_new(0);
	CHECK_EQ(send_pdu(p, PDU_LOGIN_REQUEST, F, 1, 0, "", 0), PDU_DROP);
	peer_free(p);
}

TEST(discovery, rejected_requests_count)
{
	static const uint8_t requests[] = { PDU_SCSI_COMMAND, 0x02, 0x1c };
	static const uint8_t others[] = { PDU_DATA_OUT, PDU_SNACK, 0x25 };
	struct peer *p = peer_new(0);
	unsigned int i;

	for (i = 0; i < sizeof(requests); i++) {
		rejected(p, send_pdu(p, requests[i], F, 1, 0, "data", 4), REJECT_NOT_SUPPORTED);
		CHECK_EQ(get_be32(p->out.buf + 28), 101 + i);
	}
	/* What has no CmdSN does not count. */
	for (i = 0; i < sizeof(others); i++) {
		rejected(p, send_pdu(p, others[i], F, 1, 0, "data", 4), REJECT_NOT_SUPPORTED);
		CHECK_EQ(get_be32(p->out.buf + 28), 100 + sizeof(requests));
		put_be32(p->bhs + 24, 100 + sizeof(requests));
	}
	CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "X-a=1\0"), PDU_REPLY);
	TEXT_IS(p, "X-a=NotUnderstood\0");
	peer_free(p);
}

TEST(discovery, lengths)
{
	struct peer *p = peer_new(0);
	size_t padded;
	uint8_t *to;

	p->bhs[0] = PDU_TEXT_REQUEST;
	pdu_set_data_len(p->bhs, 8193);
	CHECK_EQ(discovery_header(&p->d, p->bhs, &to, &padded, &p->out), PDU_DROP);
	pdu_set_data_len(p->bhs, 0);
	p->bhs[4] = 1;
	CHECK_EQ(discovery_header(&p->d, p->bhs, &to, &padded, &p->out), PDU_DROP);
	peer_free(p);
}

TEST(discovery, listings_are_bounded)
{
	struct peer *p = peer_new(1);
	unsigned int i;

	for (i = 0; i < 64; i++) {
		CHECK_EQ(TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=All\0"), PDU_REPLY);
		CHECK_EQ(p->out.buf[0], PDU_TEXT_RESPONSE);
	}
	rejected(p, TEXT(p, F, 1, PDU_TAG_NONE, "SendTargets=All\0"), REJECT_NO_RESOURCES);
	peer_free(p);
}
