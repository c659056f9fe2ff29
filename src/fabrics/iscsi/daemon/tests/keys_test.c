// SPDX-License-Identifier: GPL-2.0-only
/* keys.c: the result of every negotiation, with proposals of either side. */
#include "../keys.h"

#include <cst/iscsi.h>

#include "../pdu.h"
#include "test.h"

struct talk {
	struct key_values ours;
	struct negotiation n;
	struct text_out out;
	char buf[2048];
};

static void talk_open(struct talk *t, bool discovery, bool leading)
{
	key_values_default(&t->ours);
	t->ours.value[KEY_MAX_CONNECTIONS] = 4;
	t->ours.value[KEY_INITIAL_R2T] = 0;
	t->ours.value[KEY_IMMEDIATE_DATA] = 1;
	t->ours.value[KEY_MAX_RECV_DSL] = 262144;
	t->ours.value[KEY_MAX_BURST] = 1048576;
	t->ours.value[KEY_FIRST_BURST] = 131072;
	t->ours.value[KEY_TIME2WAIT] = 2;
	t->ours.value[KEY_TIME2RETAIN] = 20;
	t->ours.value[KEY_MAX_OUTSTANDING_R2T] = 8;
	negotiation_init(&t->n, &t->ours, discovery, leading);
	t->out = (struct text_out){ .buf = t->buf, .size = sizeof(t->buf) };
}

static void talk_start(struct talk *t)
{
	talk_open(t, false, true);
}

/* The target's answer to key=value; "" for no answer, "status" when the login fails. */
static const char *say(struct talk *t, enum key_id id, const char *value)
{
	size_t prefix = strlen(key_get(id)->name) + 1;

	t->out.len = 0;
	if (negotiation_receive(&t->n, key_get(id), value, &t->out))
		return "status";
	negotiation_end_text(&t->n, &t->out);
	if (!t->out.len)
		return "";
	if (!CHECK(!strncmp(t->buf, key_get(id)->name, prefix - 1) && t->buf[prefix - 1] == '='))
		return "another key";
	return t->buf + prefix;
}

struct negotiated {
	enum key_id id;
	const char *offer;
	const char *answer;
	uint32_t value;
};

static void outcomes(const struct negotiated *cases, size_t count)
{
	struct talk t;
	size_t i;

	for (i = 0; i < count; i++) {
		const char *answer;

		talk_start(&t);
		answer = say(&t, cases[i].id, cases[i].offer);
		test_check(!strcmp(answer, cases[i].answer) &&
			   t.n.value[cases[i].id] == cases[i].value, __FILE__, __LINE__,
			   "%s=%s: answered \"%s\", value %u", key_get(cases[i].id)->name,
			   cases[i].offer, answer, t.n.value[cases[i].id]);
	}
}

#define OUTCOMES(cases) outcomes(cases, sizeof(cases) / sizeof((cases)[0]))

TEST(keys, minimum_wins)
{
	static const struct negotiated cases[] = {
		{ KEY_MAX_CONNECTIONS, "1", "1", 1 },
		{ KEY_MAX_CONNECTIONS, "65535", "4", 4 },
		{ KEY_MAX_CONNECTIONS, "0", "Reject", 1 },
		{ KEY_MAX_CONNECTIONS, "65536", "Reject", 1 },
		{ KEY_MAX_BURST, "512", "512", 512 },
		{ KEY_MAX_BURST, "16776192", "1048576", 1048576 },
		{ KEY_MAX_BURST, "0x40000", "262144", 262144 },
		{ KEY_MAX_BURST, "511", "Reject", 262144 },
		{ KEY_MAX_BURST, "16777215", "1048576", 1048576 },
		{ KEY_MAX_BURST, "16777216", "Reject", 262144 },
		{ KEY_MAX_BURST, "many", "Reject", 262144 },
		{ KEY_FIRST_BURST, "512", "512", 512 },
		{ KEY_FIRST_BURST, "262144", "131072", 131072 },
		{ KEY_FIRST_BURST, "511", "Reject", 65536 },
		{ KEY_TIME2RETAIN, "0", "0", 0 },
		{ KEY_TIME2RETAIN, "3600", "20", 20 },
		{ KEY_TIME2RETAIN, "3601", "Reject", 20 },
		{ KEY_MAX_OUTSTANDING_R2T, "1", "1", 1 },
		{ KEY_MAX_OUTSTANDING_R2T, "65535", "8", 8 },
		{ KEY_MAX_OUTSTANDING_R2T, "0", "Reject", 1 },
		{ KEY_ERL, "0", "0", 0 },
		{ KEY_ERL, "2", "0", 0 },
		{ KEY_ERL, "3", "Reject", 0 },
		{ KEY_PROTOCOL_LEVEL, "0", "0", 0 },
		{ KEY_PROTOCOL_LEVEL, "2", "1", 1 },
		{ KEY_PROTOCOL_LEVEL, "32", "Reject", 1 },
	};

	OUTCOMES(cases);
}

TEST(keys, maximum_wins)
{
	static const struct negotiated cases[] = {
		{ KEY_TIME2WAIT, "0", "2", 2 },
		{ KEY_TIME2WAIT, "5", "5", 5 },
		{ KEY_TIME2WAIT, "3600", "3600", 3600 },
		{ KEY_TIME2WAIT, "3601", "Reject", 2 },
		{ KEY_TIME2WAIT, "-1", "Reject", 2 },
	};

	OUTCOMES(cases);
}

TEST(keys, booleans)
{
	static const struct negotiated cases[] = {
		/* OR; the target says No */
		{ KEY_INITIAL_R2T, "Yes", "Yes", 1 },
		{ KEY_INITIAL_R2T, "No", "No", 0 },
		{ KEY_INITIAL_R2T, "no", "Reject", 1 },
		/* AND; the target says Yes */
		{ KEY_IMMEDIATE_DATA, "Yes", "Yes", 1 },
		{ KEY_IMMEDIATE_DATA, "No", "No", 0 },
		{ KEY_IMMEDIATE_DATA, "1", "Reject", 1 },
		/* OR; the target says Yes */
		{ KEY_DATA_PDU_IN_ORDER, "No", "Yes", 1 },
		{ KEY_DATA_PDU_IN_ORDER, "Yes", "Yes", 1 },
		{ KEY_DATA_SEQUENCE_IN_ORDER, "No", "Yes", 1 },
		/* AND; the target says No */
		{ KEY_IF_MARKER, "Yes", "No", 0 },
		{ KEY_OF_MARKER, "Yes", "No", 0 },
		{ KEY_OF_MARKER, "No", "No", 0 },
		{ KEY_OF_MARKER, "", "Reject", 0 },
	};
	struct talk t;

	OUTCOMES(cases);
	talk_start(&t);
	t.n.ours.value[KEY_INITIAL_R2T] = 1;
	t.n.ours.value[KEY_IMMEDIATE_DATA] = 0;
	CHECK_STR(say(&t, KEY_INITIAL_R2T, "No"), "Yes");
	CHECK_STR(say(&t, KEY_IMMEDIATE_DATA, "Yes"), "No");
}

TEST(keys, markers_and_reporting)
{
	static const struct negotiated cases[] = {
		{ KEY_IF_MARK_INT, "2048", "Irrelevant", 0 },
		{ KEY_OF_MARK_INT, "1~65535", "Irrelevant", 0 },
		{ KEY_TASK_REPORTING, "RFC3720", "RFC3720", 0 },
		{ KEY_TASK_REPORTING, "FastAbort,ResponseFence,RFC3720", "RFC3720", 0 },
		{ KEY_TASK_REPORTING, "FastAbort", "Reject", 0 },
	};

	OUTCOMES(cases);
}

TEST(keys, digests)
{
	static const struct {
		uint32_t wish;
		const char *offer;
		const char *answer;
		uint32_t value;
	} cases[] = {
		{ CST_ISCSI_DIGEST_NONE, "None", "None", 0 },
		{ CST_ISCSI_DIGEST_NONE, "CRC32C,None", "None", 0 },
		{ CST_ISCSI_DIGEST_NONE, "CRC32C", "Reject", 0 },
		{ CST_ISCSI_DIGEST_CRC32C, "None,CRC32C", "CRC32C", 1 },
		{ CST_ISCSI_DIGEST_CRC32C, "None", "Reject", 0 },
		/* The initiator's order decides, RFC 7143 6.2.1. */
		{ CST_ISCSI_DIGEST_NONE_CRC32C, "CRC32C,None", "CRC32C", 1 },
		{ CST_ISCSI_DIGEST_CRC32C_NONE, "None,CRC32C", "None", 0 },
		{ CST_ISCSI_DIGEST_NONE_CRC32C, "X-foo,CRC32C", "CRC32C", 1 },
		{ CST_ISCSI_DIGEST_NONE_CRC32C, "CRC32,CRC32CC,none", "Reject", 0 },
		{ CST_ISCSI_DIGEST_NONE_CRC32C, "", "Reject", 0 },
	};
	struct talk t;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		talk_start(&t);
		t.n.ours.value[KEY_DATA_DIGEST] = cases[i].wish;
		CHECK_STR(say(&t, KEY_DATA_DIGEST, cases[i].offer), cases[i].answer);
		CHECK_EQ(t.n.value[KEY_DATA_DIGEST], cases[i].value);
	}
}

TEST(keys, required_digest)
{
	struct talk t;

	talk_start(&t);
	t.n.ours.value[KEY_HEADER_DIGEST] = CST_ISCSI_DIGEST_CRC32C;
	CHECK_STR(say(&t, KEY_HEADER_DIGEST, "None"), "Reject");
	CHECK(!negotiation_offer(&t.n, &t.out));
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_INITIATOR_ERROR);

	talk_start(&t);
	t.n.ours.value[KEY_HEADER_DIGEST] = CST_ISCSI_DIGEST_CRC32C;
	CHECK(negotiation_offer(&t.n, &t.out));
	CHECK_STR(t.buf, "HeaderDigest=CRC32C");
	CHECK_STR(say(&t, KEY_HEADER_DIGEST, "CRC32C"), "");
	CHECK_EQ(t.n.value[KEY_HEADER_DIGEST], CST_ISCSI_DIGEST_CRC32C);
	CHECK(!negotiation_offer(&t.n, &t.out));
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_OK);
}

TEST(keys, preferred_digest_is_offered)
{
	struct talk t;

	talk_start(&t);
	t.n.ours.value[KEY_DATA_DIGEST] = CST_ISCSI_DIGEST_CRC32C_NONE;
	CHECK(negotiation_offer(&t.n, &t.out));
	CHECK_STR(t.buf, "DataDigest=CRC32C,None");
	CHECK(!negotiation_offer(&t.n, &t.out));
	/* If the offer is not answered, the default holds. */
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_OK);
	CHECK_STR(say(&t, KEY_DATA_DIGEST, "CRC32C,None"), "status");
}

TEST(keys, twice_is_an_error)
{
	struct talk t;
	size_t id;

	for (id = 0; id < KEY_OP_COUNT; id++) {
		talk_start(&t);
		CHECK(strcmp(say(&t, (enum key_id)id, "1024"), "status"));
		CHECK_STR(say(&t, (enum key_id)id, "1024"), "status");
	}
}

TEST(keys, declared_length)
{
	struct talk t;

	talk_start(&t);
	CHECK_EQ(negotiation_xmit_dsl(&t.n), 8192);
	CHECK_STR(say(&t, KEY_MAX_RECV_DSL, "65536"), "");
	CHECK_EQ(negotiation_xmit_dsl(&t.n), 65536);
	t.n.ours.xmit_dsl_max = 4096;
	CHECK_EQ(negotiation_xmit_dsl(&t.n), 4096);

	talk_start(&t);
	CHECK_EQ(t.n.value[KEY_MAX_RECV_DSL], 8192);
	t.out.len = 0;
	negotiation_declare(&t.n, &t.out);
	CHECK_STR(t.buf, "MaxRecvDataSegmentLength=262144");
	CHECK_EQ(t.n.value[KEY_MAX_RECV_DSL], 262144);

	talk_start(&t);
	CHECK_STR(say(&t, KEY_MAX_RECV_DSL, "511"), "status");
	talk_start(&t);
	CHECK_STR(say(&t, KEY_MAX_RECV_DSL, "16777216"), "status");
	talk_start(&t);
	CHECK_STR(say(&t, KEY_MAX_RECV_DSL, "512"), "");
	talk_start(&t);
	CHECK_STR(say(&t, KEY_MAX_RECV_DSL, "16777215"), "");
}

TEST(keys, first_burst_follows_max_burst)
{
	struct talk t;

	/* Both keys are in one text, in the unfavourable order. */
	talk_start(&t);
	CHECK_EQ(negotiation_receive(&t.n, key_get(KEY_FIRST_BURST), "65536", &t.out), 0);
	CHECK_EQ(negotiation_receive(&t.n, key_get(KEY_MAX_BURST), "16384", &t.out), 0);
	CHECK_STR(t.buf, "MaxBurstLength=16384");
	negotiation_end_text(&t.n, &t.out);
	CHECK_STR(t.buf + strlen(t.buf) + 1, "FirstBurstLength=16384");
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_OK);

	/* Too late to correct FirstBurstLength, but there is no unsolicited data. */
	talk_start(&t);
	say(&t, KEY_FIRST_BURST, "65536");
	say(&t, KEY_MAX_BURST, "16384");
	say(&t, KEY_IMMEDIATE_DATA, "No");
	say(&t, KEY_INITIAL_R2T, "Yes");
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_OK);
	CHECK_EQ(t.n.value[KEY_FIRST_BURST], 16384);

	/* Too late to correct FirstBurstLength, and there is unsolicited data. */
	talk_start(&t);
	say(&t, KEY_FIRST_BURST, "65536");
	say(&t, KEY_MAX_BURST, "16384");
	say(&t, KEY_INITIAL_R2T, "Yes");
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_INITIATOR_ERROR);

	/* Only MaxBurstLength is mentioned: the target proposes FirstBurstLength. */
	talk_start(&t);
	say(&t, KEY_MAX_BURST, "16384");
	t.out.len = 0;
	CHECK(negotiation_offer(&t.n, &t.out));
	CHECK_STR(t.buf, "FirstBurstLength=16384");
	CHECK_STR(say(&t, KEY_FIRST_BURST, "8192"), "");
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_OK);
	CHECK_EQ(t.n.value[KEY_FIRST_BURST], 8192);
}

TEST(keys, configured_first_burst_is_capped)
{
	struct talk t;

	talk_start(&t);
	t.ours.value[KEY_MAX_BURST] = 32768;
	negotiation_init(&t.n, &t.ours, false, true);
	CHECK(negotiation_offer(&t.n, &t.out));
	CHECK_STR(t.buf, "MaxBurstLength=32768");
	CHECK_STR(t.buf + strlen(t.buf) + 1, "FirstBurstLength=32768");
}

TEST(keys, our_offers)
{
	struct talk t;

	/* The target offers nothing if the defaults suit it. */
	talk_start(&t);
	CHECK(!negotiation_offer(&t.n, &t.out));
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_OK);

	/* The initiator refuses a value that the target needs. */
	talk_start(&t);
	t.n.ours.value[KEY_IMMEDIATE_DATA] = 0;
	CHECK(negotiation_offer(&t.n, &t.out));
	CHECK_STR(t.buf, "ImmediateData=No");
	CHECK_STR(say(&t, KEY_IMMEDIATE_DATA, "Reject"), "");
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_INITIATOR_ERROR);

	/* The initiator ignores a value that the target needs. */
	talk_start(&t);
	t.n.ours.value[KEY_IMMEDIATE_DATA] = 0;
	CHECK(negotiation_offer(&t.n, &t.out));
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_INITIATOR_ERROR);

	/* The answer is outside the offer. */
	talk_start(&t);
	t.n.ours.value[KEY_IMMEDIATE_DATA] = 0;
	CHECK(negotiation_offer(&t.n, &t.out));
	CHECK_STR(say(&t, KEY_IMMEDIATE_DATA, "Yes"), "status");
	talk_start(&t);
	t.n.ours.value[KEY_MAX_BURST] = 65536;
	CHECK(negotiation_offer(&t.n, &t.out));
	CHECK_STR(say(&t, KEY_MAX_BURST, "65537"), "status");

	/* The target never offers the two times: they are only advice. */
	talk_start(&t);
	t.n.ours.value[KEY_TIME2WAIT] = 10;
	t.n.ours.value[KEY_TIME2RETAIN] = 0;
	CHECK(!negotiation_offer(&t.n, &t.out));
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_OK);
}

TEST(keys, discovery)
{
	static const enum key_id irrelevant[] = {
		KEY_MAX_CONNECTIONS, KEY_INITIAL_R2T, KEY_IMMEDIATE_DATA, KEY_MAX_BURST,
		KEY_FIRST_BURST, KEY_MAX_OUTSTANDING_R2T, KEY_DATA_PDU_IN_ORDER,
		KEY_DATA_SEQUENCE_IN_ORDER, KEY_TASK_REPORTING,
	};
	struct talk t;
	size_t i;

	talk_open(&t, true, true);
	for (i = 0; i < sizeof(irrelevant) / sizeof(irrelevant[0]); i++)
		CHECK_STR(say(&t, irrelevant[i], "1"), "Irrelevant");
	CHECK_STR(say(&t, KEY_HEADER_DIGEST, "CRC32C,None"), "None");
	CHECK_STR(say(&t, KEY_ERL, "0"), "0");
	CHECK_STR(say(&t, KEY_TIME2WAIT, "0"), "2");
	CHECK(!negotiation_offer(&t.n, &t.out));
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_OK);
}

TEST(keys, second_connection)
{
	struct talk t;

	talk_open(&t, false, false);
	t.n.ours.value[KEY_IMMEDIATE_DATA] = 0;
	CHECK_STR(say(&t, KEY_MAX_BURST, "16384"), "Irrelevant");
	CHECK_STR(say(&t, KEY_ERL, "0"), "Irrelevant");
	CHECK_STR(say(&t, KEY_HEADER_DIGEST, "None"), "None");
	t.out.len = 0;
	CHECK(!negotiation_offer(&t.n, &t.out));
	CHECK_EQ(negotiation_finish(&t.n), LOGIN_OK);
}

TEST(keys, long_value)
{
	char value[TEXT_VALUE_MAX + 2];
	struct talk t;

	memset(value, '1', sizeof(value));
	value[TEXT_VALUE_MAX + 1] = '\0';
	talk_start(&t);
	CHECK_STR(say(&t, KEY_TASK_REPORTING, value), "Reject");
}

TEST(keys, table)
{
	struct text_pair pair;
	size_t i;

	for (i = 0; i < KEY_COUNT; i++) {
		const struct key *key = key_get((enum key_id)i);

		pair = (struct text_pair){ .key = key->name, .key_len = strlen(key->name) };
		CHECK(key_find(&pair) == key);
		pair.key_len--;
		CHECK(key_find(&pair) != key);
	}
}
