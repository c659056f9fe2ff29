// SPDX-License-Identifier: GPL-2.0-only
/*
 * login.c: stages, header rules, identification, key rules by stage, split text,
 * and the status of every refusal.  Not tested here: single keys (keys_test.c).
 */
#include "../login.h"

#include <errno.h>
#include <stdlib.h>

#include <cst/iscsi.h>

#include "test.h"

#define T	0x80
#define C	0x40
#define SEC	(STAGE_SECURITY << 2)
#define OP	(STAGE_OPERATIONAL << 2)
#define TO_OP	(T | SEC | STAGE_OPERATIONAL)
#define TO_FFP	(T | OP | STAGE_FULL_FEATURE)

#define INITIATOR	"InitiatorName=iqn.2026-01.example:host\0"
#define TARGET		"TargetName=iqn.2026-01.example:disk\0"
#define NAMES		INITIATOR TARGET
#define DISCOVERY	INITIATOR "SessionType=Discovery\0"

struct peer {
	struct login login;
	struct pdu_out out;
	uint8_t bhs[PDU_BHS_LEN];
	int error;
	unsigned int lookups;
	struct key_values values;
	const char *alias;
};

static int find_target(void *ctx, const char *target, const char *initiator,
		       struct target_info *info)
{
	struct peer *p = ctx;

	p->lookups++;
	if (p->error)
		return p->error;
	CHECK_STR(target, "iqn.2026-01.example:disk");
	CHECK_STR(initiator, "iqn.2026-01.example:host");
	strcpy(info->name, target);
	strcpy(info->alias, p->alias ? p->alias : "");
	info->tpgt = 7;
	info->values = p->values;
	return 0;
}

static const struct login_ops ops = { .find_target = find_target };

static struct peer *peer_new(void)
{
	struct peer *p = calloc(1, sizeof(*p));

	login_init(&p->login, &ops, p, 0x1234);
	p->out.size = PDU_BHS_LEN + LOGIN_TEXT_OUT_MAX;
	p->out.buf = malloc(p->out.size);
	p->bhs[0] = PDU_IMMEDIATE | PDU_LOGIN_REQUEST;
	memcpy(p->bhs + 8, "\x40\x01\x02\x03\x04\x05", 6);
	put_be32(p->bhs + 16, 0xcafe);		/* ITT */
	put_be16(p->bhs + 20, 3);		/* CID */
	put_be32(p->bhs + 24, 100);		/* CmdSN */
	put_be32(p->bhs + 28, 5000);		/* ExpStatSN */
	key_values_default(&p->values);
	p->values.value[KEY_MAX_RECV_DSL] = 65536;
	return p;
}

static void peer_free(struct peer *p)
{
	login_free(&p->login);
	free(p->out.buf);
	free(p);
}

static enum pdu_verdict send_header(struct peer *p, uint8_t flags, size_t len, uint8_t **data,
				    size_t *padded)
{
	p->bhs[1] = flags;
	pdu_set_data_len(p->bhs, len);
	return login_header(&p->login, p->bhs, data, padded, &p->out);
}

static enum pdu_verdict send_bytes(struct peer *p, uint8_t flags, const void *text, size_t len)
{
	enum pdu_verdict verdict;
	size_t padded = 0;
	uint8_t *data;

	verdict = send_header(p, flags, len, &data, &padded);
	if (verdict != PDU_READ)
		return verdict;
	CHECK_EQ(padded, (len + 3) / 4 * 4);
	if (len) {
		memcpy(data, text, len);
		/* The target ignores the padding, whatever it holds. */
		memset(data + len, 0xa5, padded - len);
	}
	return login_payload(&p->login, &p->out);
}

#define SEND(p, flags, literal) send_bytes(p, flags, literal, sizeof(literal) - 1)

static unsigned int status(const struct peer *p)
{
	return get_be16(p->out.buf + 36);
}

static unsigned int flags(const struct peer *p)
{
	return p->out.buf[1];
}

/* The value of @key in the response. */
static const char *answer(const struct peer *p, const char *key)
{
	size_t pos = 0, len = pdu_data_len(p->out.buf), n = strlen(key);
	const char *text = (const char *)p->out.buf + PDU_BHS_LEN;

	while (pos < len) {
		if (!strncmp(text + pos, key, n) && text[pos + n] == '=')
			return text + pos + n + 1;
		pos += strlen(text + pos) + 1;
	}
	return NULL;
}

static void refused(struct peer *p, enum pdu_verdict verdict, unsigned int expected)
{
	CHECK_EQ(verdict, PDU_REPLY_CLOSE);
	CHECK_EQ(status(p), expected);
	CHECK_EQ(flags(p), 0);
	CHECK_EQ(p->out.len, PDU_BHS_LEN);
	CHECK(p->login.why);
	peer_free(p);
}

TEST(login, two_stages)
{
	struct peer *p = peer_new();

	p->alias = "backup disk";
	CHECK_EQ(SEND(p, TO_OP, NAMES "SessionType=Normal\0AuthMethod=CHAP,None\0"
		      "InitiatorAlias=host one\0"), PDU_REPLY);
	CHECK_EQ(status(p), 0);
	CHECK_EQ(flags(p), TO_OP);
	CHECK_EQ(p->out.buf[0], PDU_LOGIN_RESPONSE);
	CHECK_EQ(p->out.buf[2], 0);
	CHECK_EQ(p->out.buf[3], 0);
	CHECK(!memcmp(p->out.buf + 8, p->bhs + 8, 8));
	CHECK_EQ(get_be32(p->out.buf + 16), 0xcafe);
	CHECK_EQ(get_be32(p->out.buf + 24), 5000);
	CHECK_EQ(get_be32(p->out.buf + 28), 100);
	CHECK_EQ(p->out.len % 4, 0);
	CHECK_STR(answer(p, "TargetPortalGroupTag"), "7");
	CHECK_STR(answer(p, "TargetAlias"), "backup disk");
	CHECK_STR(answer(p, "AuthMethod"), "None");
	CHECK(!answer(p, "InitiatorAlias"));
	CHECK(!answer(p, "InitiatorName"));
	CHECK(!answer(p, "MaxRecvDataSegmentLength"));

	CHECK_EQ(SEND(p, TO_FFP, "HeaderDigest=None\0MaxRecvDataSegmentLength=131072\0"
		      "InitialR2T=No\0X-com.example.extra=1\0"), PDU_HANDOVER);
	CHECK_EQ(status(p), 0);
	CHECK_EQ(flags(p), TO_FFP);
	CHECK_EQ(get_be32(p->out.buf + 24), 5001);
	CHECK_STR(answer(p, "HeaderDigest"), "None");
	CHECK_STR(answer(p, "InitialR2T"), "Yes");
	CHECK_STR(answer(p, "MaxRecvDataSegmentLength"), "65536");
	CHECK_STR(answer(p, "X-com.example.extra"), "NotUnderstood");
	CHECK(!answer(p, "TargetPortalGroupTag"));
	CHECK_EQ(p->lookups, 1);
	CHECK_EQ(p->login.statsn, 5001);
	CHECK_EQ(negotiation_xmit_dsl(&p->login.keys), 131072);
	CHECK_EQ(p->login.keys.value[KEY_MAX_RECV_DSL], 65536);
	peer_free(p);
}

TEST(login, directly_operational)
{
	struct peer *p = peer_new();

	CHECK_EQ(SEND(p, TO_FFP, NAMES), PDU_HANDOVER);
	CHECK_EQ(flags(p), TO_FFP);
	CHECK_STR(answer(p, "TargetPortalGroupTag"), "7");
	CHECK_STR(answer(p, "MaxRecvDataSegmentLength"), "65536");
	CHECK_EQ(get_be16(p->out.buf + 14), 0);
	peer_free(p);
}

TEST(login, security_directly_to_full_feature)
{
	struct peer *p = peer_new();

	CHECK_EQ(SEND(p, T | SEC | STAGE_FULL_FEATURE, NAMES "AuthMethod=None\0"),
		 PDU_HANDOVER);
	/* The target has declared nothing in this stage, so the default holds. */
	CHECK(!answer(p, "MaxRecvDataSegmentLength"));
	CHECK_EQ(p->login.keys.value[KEY_MAX_RECV_DSL], 8192);
	peer_free(p);

	p = peer_new();
	p->values.value[KEY_DATA_DIGEST] = CST_ISCSI_DIGEST_CRC32C;
	refused(p, SEND(p, T | SEC | STAGE_FULL_FEATURE, NAMES), LOGIN_INITIATOR_ERROR);
}

TEST(login, step_by_step)
{
	struct peer *p = peer_new();

	CHECK_EQ(SEND(p, SEC, NAMES), PDU_REPLY);
	CHECK_EQ(flags(p), SEC);
	CHECK_EQ(SEND(p, SEC, "AuthMethod=None\0"), PDU_REPLY);
	CHECK_EQ(flags(p), SEC);
	CHECK_EQ(SEND(p, TO_OP, ""), PDU_REPLY);
	CHECK_EQ(flags(p), TO_OP);
	CHECK_EQ(pdu_data_len(p->out.buf), 0);
	CHECK_EQ(SEND(p, OP, ""), PDU_REPLY);
	CHECK_EQ(flags(p), OP);
	CHECK_STR(answer(p, "MaxRecvDataSegmentLength"), "65536");
	CHECK_EQ(SEND(p, OP, "MaxBurstLength=4096\0FirstBurstLength=4096\0"), PDU_REPLY);
	CHECK(!answer(p, "MaxRecvDataSegmentLength"));
	CHECK_EQ(SEND(p, TO_FFP, ""), PDU_HANDOVER);
	CHECK_EQ(get_be32(p->out.buf + 24), 5005);
	peer_free(p);
}

TEST(login, discovery)
{
	struct peer *p = peer_new();

	CHECK_EQ(SEND(p, TO_FFP, DISCOVERY "HeaderDigest=CRC32C,None\0DataDigest=None\0"
		      "DefaultTime2Wait=0\0IFMarker=No\0MaxBurstLength=262144\0"
		      "MaxRecvDataSegmentLength=32768\0"), PDU_DISCOVERY);
	CHECK_EQ(flags(p), TO_FFP);
	CHECK_EQ(get_be16(p->out.buf + 14), 0x1234);
	CHECK_STR(answer(p, "HeaderDigest"), "None");
	CHECK_STR(answer(p, "IFMarker"), "No");
	CHECK_STR(answer(p, "MaxBurstLength"), "Irrelevant");
	CHECK_STR(answer(p, "MaxRecvDataSegmentLength"), "8192");
	CHECK(!answer(p, "TargetPortalGroupTag"));
	CHECK_EQ(p->lookups, 0);
	peer_free(p);

	/* A discovery session may name a target, but the name is ignored. */
	p = peer_new();
	CHECK_EQ(SEND(p, TO_FFP, DISCOVERY TARGET), PDU_DISCOVERY);
	CHECK_EQ(p->lookups, 0);
	peer_free(p);
}

TEST(login, target_makes_offers)
{
	struct peer *p = peer_new();

	p->values.value[KEY_HEADER_DIGEST] = CST_ISCSI_DIGEST_CRC32C;
	p->values.value[KEY_MAX_BURST] = 65536;
	CHECK_EQ(SEND(p, TO_FFP, NAMES), PDU_REPLY);
	CHECK_EQ(flags(p), OP);
	CHECK_STR(answer(p, "HeaderDigest"), "CRC32C");
	CHECK_STR(answer(p, "MaxBurstLength"), "65536");
	CHECK_EQ(SEND(p, TO_FFP, "HeaderDigest=CRC32C\0MaxBurstLength=32768\0"
		      "FirstBurstLength=4096\0"), PDU_HANDOVER);
	CHECK(!answer(p, "HeaderDigest"));
	CHECK(!answer(p, "MaxBurstLength"));
	CHECK_STR(answer(p, "FirstBurstLength"), "4096");
	CHECK_EQ(p->login.keys.value[KEY_HEADER_DIGEST], CST_ISCSI_DIGEST_CRC32C);
	CHECK_EQ(p->login.keys.value[KEY_MAX_BURST], 32768);
	peer_free(p);

	p = peer_new();
	p->values.value[KEY_HEADER_DIGEST] = CST_ISCSI_DIGEST_CRC32C;
	CHECK_EQ(SEND(p, TO_FFP, NAMES), PDU_REPLY);
	refused(p, SEND(p, TO_FFP, ""), LOGIN_INITIATOR_ERROR);
}

TEST(login, lookup_errors)
{
	static const struct {
		int error;
		unsigned int status;
	} cases[] = {
		{ -ENOENT, LOGIN_NOT_FOUND },
		{ -EACCES, LOGIN_FORBIDDEN },
		{ -ENODEV, LOGIN_UNAVAILABLE },
		{ -ESHUTDOWN, LOGIN_UNAVAILABLE },
		{ -ENOMEM, LOGIN_NO_RESOURCES },
		{ -ETIMEDOUT, LOGIN_UNAVAILABLE },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer *p = peer_new();

		p->error = cases[i].error;
		refused(p, SEND(p, TO_FFP, NAMES), cases[i].status);
	}
}

TEST(login, handover_errors)
{
	static const struct {
		int error;
		uint16_t tsih;
		unsigned int status;
	} cases[] = {
		{ -ENOENT, 0, LOGIN_NOT_FOUND },
		{ -EACCES, 0, LOGIN_FORBIDDEN },
		{ -ENODEV, 0, LOGIN_UNAVAILABLE },
		{ -ESHUTDOWN, 0, LOGIN_UNAVAILABLE },
		{ -ESRCH, 9, LOGIN_NO_SESSION },
		{ -EMLINK, 9, LOGIN_TOO_MANY_CONNS },
		{ -EMLINK, 0, LOGIN_NO_RESOURCES },
		{ -ENOMEM, 0, LOGIN_NO_RESOURCES },
		{ -EINVAL, 0, LOGIN_TARGET_ERROR },
		{ -ETIMEDOUT, 0, LOGIN_UNAVAILABLE },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer *p = peer_new();

		put_be16(p->bhs + 14, cases[i].tsih);
		CHECK_EQ(SEND(p, TO_FFP, NAMES), PDU_HANDOVER);
		refused(p, login_refuse_handover(&p->login, cases[i].error, &p->out),
			cases[i].status);
	}
}

TEST(login, missing_names)
{
	struct peer *p;

	p = peer_new();
	refused(p, SEND(p, TO_FFP, ""), LOGIN_MISSING_PARAM);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, TARGET), LOGIN_MISSING_PARAM);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, INITIATOR), LOGIN_MISSING_PARAM);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, INITIATOR "SessionType=Normal\0"), LOGIN_MISSING_PARAM);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, "SessionType=Discovery\0"), LOGIN_MISSING_PARAM);
	p = peer_new();
	refused(p, SEND(p, SEC, "AuthMethod=None\0"), LOGIN_MISSING_PARAM);
}

TEST(login, bad_names)
{
	char text[400];
	struct peer *p;
	int n;

	p = peer_new();
	refused(p, SEND(p, TO_FFP, "InitiatorName=\0" TARGET), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, "InitiatorName=iqn a\0" TARGET), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, INITIATOR "TargetName=a/b\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	n = 14;
	memcpy(text, "InitiatorName=", 14);
	memset(text + n, 'a', 224);
	memcpy(text + n + 224, "\0" TARGET, sizeof(TARGET) + 1);
	refused(p, send_bytes(p, TO_FFP, text, (size_t)n + 224 + sizeof(TARGET)),
		LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES TARGET), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "SessionType=Other\0"), LOGIN_BAD_SESSION_TYPE);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "SessionType=\0"), LOGIN_BAD_SESSION_TYPE);
}

TEST(login, names_are_folded)
{
	struct peer *p = peer_new();

	CHECK_EQ(SEND(p, TO_FFP, "InitiatorName=IQN.2026-01.Example:HOST\0"
		      "TargetName=iqn.2026-01.EXAMPLE:disk\0"), PDU_HANDOVER);
	peer_free(p);
}

TEST(login, repeated_identification)
{
	struct peer *p;

	/* libiscsi does this. */
	p = peer_new();
	CHECK_EQ(SEND(p, TO_OP, NAMES "SessionType=Normal\0AuthMethod=None\0"), PDU_REPLY);
	CHECK_EQ(SEND(p, TO_FFP, NAMES "SessionType=Normal\0"), PDU_HANDOVER);
	peer_free(p);

	p = peer_new();
	CHECK_EQ(SEND(p, TO_OP, NAMES), PDU_REPLY);
	refused(p, SEND(p, TO_FFP, "InitiatorName=iqn.2026-01.example:other\0"),
		LOGIN_INITIATOR_ERROR);
	p = peer_new();
	CHECK_EQ(SEND(p, TO_OP, NAMES), PDU_REPLY);
	refused(p, SEND(p, TO_FFP, "TargetName=iqn.2026-01.example:other\0"),
		LOGIN_INITIATOR_ERROR);
	p = peer_new();
	CHECK_EQ(SEND(p, TO_OP, NAMES), PDU_REPLY);
	refused(p, SEND(p, TO_FFP, "SessionType=Discovery\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	CHECK_EQ(SEND(p, SEC, DISCOVERY), PDU_REPLY);
	refused(p, SEND(p, SEC, TARGET), LOGIN_INITIATOR_ERROR);
}

TEST(login, authentication_method)
{
	struct peer *p;

	p = peer_new();
	refused(p, SEND(p, TO_OP, NAMES "AuthMethod=CHAP\0"), LOGIN_AUTH_FAILED);
	p = peer_new();
	refused(p, SEND(p, TO_OP, NAMES "AuthMethod=\0"), LOGIN_AUTH_FAILED);
	p = peer_new();
	refused(p, SEND(p, TO_OP, NAMES "AuthMethod=Nonesuch\0"), LOGIN_AUTH_FAILED);
	p = peer_new();
	refused(p, SEND(p, TO_OP, NAMES "AuthMethod=None\0AuthMethod=None\0"),
		LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "AuthMethod=None\0"), LOGIN_INITIATOR_ERROR);
}

TEST(login, keys_out_of_place)
{
	struct peer *p;

	p = peer_new();
	refused(p, SEND(p, TO_OP, NAMES "HeaderDigest=None\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	CHECK_EQ(SEND(p, TO_OP, NAMES "MaxRecvDataSegmentLength=4096\0"), PDU_REPLY);
	CHECK_EQ(negotiation_xmit_dsl(&p->login.keys), 4096);
	peer_free(p);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "SendTargets=All\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "TargetAlias=x\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "TargetPortalGroupTag=1\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "TargetAddress=10.0.0.1\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "InitiatorAlias=a\0InitiatorAlias=a\0"),
		LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "HeaderDigest=None\0HeaderDigest=None\0"),
		LOGIN_INITIATOR_ERROR);
	p = peer_new();
	CHECK_EQ(SEND(p, OP, NAMES "HeaderDigest=None\0"), PDU_REPLY);
	refused(p, SEND(p, TO_FFP, "HeaderDigest=None\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "MaxRecvDataSegmentLength=1\0"),
		LOGIN_INITIATOR_ERROR);
}

TEST(login, malformed_text)
{
	struct peer *p;

	p = peer_new();
	refused(p, SEND(p, TO_FFP, "InitiatorName=iqn.2026-01.example:host\0"
			"TargetName=iqn.2026-01.example:disk"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "HeaderDigest\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, TO_FFP, NAMES "=None\0"), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	CHECK_EQ(SEND(p, OP, NAMES), PDU_REPLY);
	refused(p, SEND(p, TO_FFP, "HeaderDigest\0"), LOGIN_INITIATOR_ERROR);
}

TEST(login, unknown_keys_are_bounded)
{
	char text[4096], key[80];
	struct peer *p = peer_new();
	size_t len = sizeof(NAMES) - 1;
	int i;

	/* The answer to as many and as long keys as are allowed fits. */
	memcpy(text, NAMES, len);
	memset(key, 'K', sizeof(key));
	for (i = 0; i < 24; i++) {
		memcpy(text + len, key, TEXT_KEY_MAX);
		text[len + 1] = (char)('a' + i);
		memcpy(text + len + TEXT_KEY_MAX, "=v", 3);
		len += TEXT_KEY_MAX + 3;
	}
	p->alias = key;
	key[79] = '\0';
	CHECK_EQ(send_bytes(p, OP, text, len), PDU_REPLY);
	CHECK_EQ(status(p), 0);
	CHECK(p->out.len <= p->out.size);
	/* One more unknown key, in another request, is too many. */
	refused(p, SEND(p, TO_FFP, "X-one=1\0"), LOGIN_INITIATOR_ERROR);
}

TEST(login, all_answers_fit)
{
	static const char all[] = "HeaderDigest=x\0DataDigest=x\0MaxConnections=x\0"
		"InitialR2T=x\0ImmediateData=x\0MaxBurstLength=x\0FirstBurstLength=16777215\0"
		"DefaultTime2Wait=x\0DefaultTime2Retain=x\0MaxOutstandingR2T=x\0"
		"DataPDUInOrder=x\0DataSequenceInOrder=x\0ErrorRecoveryLevel=x\0IFMarker=x\0"
		"OFMarker=x\0IFMarkInt=x\0OFMarkInt=x\0TaskReporting=x\0iSCSIProtocolLevel=x\0";
	char text[8192], alias[LOGIN_ALIAS_SIZE];
	size_t len = sizeof(NAMES) - 1;
	struct peer *p = peer_new();
	int i;

	memcpy(text, NAMES, len);
	memcpy(text + len, all, sizeof(all) - 1);
	len += sizeof(all) - 1;
	for (i = 0; i < 24; i++) {
		memset(text + len, 'K', TEXT_KEY_MAX);
		memcpy(text + len + TEXT_KEY_MAX, "=", 2);
		len += TEXT_KEY_MAX + 2;
	}
	memset(alias, 'x', sizeof(alias));
	alias[sizeof(alias) - 1] = '\0';
	p->alias = alias;
	CHECK_EQ(send_bytes(p, OP, text, len), PDU_REPLY);
	CHECK_EQ(status(p), 0);
	CHECK_STR(answer(p, "IFMarkInt"), "Irrelevant");
	CHECK_STR(answer(p, "ErrorRecoveryLevel"), "Reject");
	peer_free(p);
}

TEST(login, header_rules)
{
	struct peer *p;

	p = peer_new();
	p->bhs[3] = 1;
	refused(p, SEND(p, TO_FFP, NAMES), LOGIN_BAD_VERSION);
	p = peer_new();
	p->bhs[2] = 4;
	CHECK_EQ(SEND(p, TO_FFP, NAMES), PDU_HANDOVER);
	peer_free(p);
	p = peer_new();
	p->bhs[4] = 1;
	refused(p, SEND(p, TO_FFP, NAMES), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, T | C | OP | STAGE_FULL_FEATURE, NAMES), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, 2 << 2, NAMES), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, 3 << 2, NAMES), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, T | SEC | STAGE_SECURITY, NAMES), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, T | SEC | 2, NAMES), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, T | OP | STAGE_SECURITY, NAMES), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, SEND(p, T | OP | STAGE_OPERATIONAL, NAMES), LOGIN_INITIATOR_ERROR);
	/* Without the T bit, NSG is reserved and ignored. */
	p = peer_new();
	CHECK_EQ(SEND(p, OP | 2, NAMES), PDU_REPLY);
	peer_free(p);
}

TEST(login, stage_must_match)
{
	struct peer *p;

	p = peer_new();
	CHECK_EQ(SEND(p, SEC, NAMES), PDU_REPLY);
	refused(p, SEND(p, TO_FFP, ""), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	CHECK_EQ(SEND(p, TO_OP, NAMES), PDU_REPLY);
	refused(p, SEND(p, SEC, ""), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	CHECK_EQ(SEND(p, OP, NAMES), PDU_REPLY);
	refused(p, SEND(p, TO_OP, ""), LOGIN_INITIATOR_ERROR);
}

TEST(login, identification_must_not_change)
{
	static const size_t fields[] = { 2, 8, 13, 15, 19, 21, 27 };
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct peer *p = peer_new();

		CHECK_EQ(SEND(p, OP, NAMES), PDU_REPLY);
		p->bhs[fields[i]] ^= 1;
		refused(p, SEND(p, TO_FFP, ""), LOGIN_INITIATOR_ERROR);
	}
}

TEST(login, data_segment_length)
{
	struct peer *p;
	size_t padded;
	uint8_t *data;

	p = peer_new();
	refused(p, send_header(p, OP, 8193, &data, &padded), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	refused(p, send_header(p, OP, 0xffffff, &data, &padded), LOGIN_INITIATOR_ERROR);
	p = peer_new();
	CHECK_EQ(send_header(p, OP, 8192, &data, &padded), PDU_READ);
	CHECK_EQ(padded, 8192);
	memset(data, 0, padded);
	refused(p, login_payload(&p->login, &p->out), LOGIN_MISSING_PARAM);
}

TEST(login, other_opcodes)
{
	struct peer *p;

	p = peer_new();
	p->bhs[0] = PDU_SCSI_COMMAND;
	CHECK_EQ(SEND(p, T, ""), PDU_DROP);
	peer_free(p);

	p = peer_new();
	CHECK_EQ(SEND(p, OP, NAMES), PDU_REPLY);
	p->bhs[0] = PDU_TEXT_REQUEST;
	refused(p, SEND(p, T, ""), LOGIN_INVALID_DURING);
}

TEST(login, too_many_requests)
{
	struct peer *p = peer_new();
	int i;

	CHECK_EQ(SEND(p, OP, NAMES), PDU_REPLY);
	for (i = 1; i < 128; i++)
		CHECK_EQ(SEND(p, OP, ""), PDU_REPLY);
	refused(p, SEND(p, OP, ""), LOGIN_INITIATOR_ERROR);
}

TEST(login, split_text)
{
	struct peer *p;
	size_t cut;
	static const char text[] = NAMES "HeaderDigest=None\0MaxBurstLength=4096\0"
		"FirstBurstLength=4096\0";

	/*
	 * Split the text at every place, also inside of keys and values, and before the
	 * NUL.
	 */
	for (cut = 0; cut < sizeof(text); cut++) {
		p = peer_new();
		CHECK_EQ(send_bytes(p, C | OP, text, cut), PDU_REPLY);
		CHECK_EQ(flags(p), OP);
		CHECK_EQ(pdu_data_len(p->out.buf), 0);
		CHECK_EQ(p->lookups, 0);
		CHECK_EQ(send_bytes(p, TO_FFP, text + cut, sizeof(text) - 1 - cut),
			 PDU_HANDOVER);
		CHECK_STR(answer(p, "TargetPortalGroupTag"), "7");
		CHECK_STR(answer(p, "MaxBurstLength"), "4096");
		CHECK_EQ(p->login.keys.value[KEY_MAX_BURST], 4096);
		peer_free(p);
	}
}

TEST(login, split_in_three)
{
	struct peer *p = peer_new();

	CHECK_EQ(SEND(p, C | SEC, "InitiatorName=iqn.2026-"), PDU_REPLY);
	CHECK_EQ(SEND(p, C | SEC, "01.example:host\0TargetName=iqn.2026-01.exam"), PDU_REPLY);
	CHECK_EQ(SEND(p, TO_OP, "ple:disk\0AuthMethod=None\0"), PDU_REPLY);
	CHECK_EQ(flags(p), TO_OP);
	CHECK_STR(answer(p, "AuthMethod"), "None");
	/* A text of the next stage is split, too. */
	CHECK_EQ(SEND(p, C | OP, "HeaderDig"), PDU_REPLY);
	CHECK_EQ(SEND(p, TO_FFP, "est=None\0"), PDU_HANDOVER);
	CHECK_STR(answer(p, "HeaderDigest"), "None");
	peer_free(p);
}

TEST(login, split_text_is_bounded)
{
	struct peer *p = peer_new();
	char text[4096];
	uint8_t *data;
	size_t padded;

	memset(text, 'A', sizeof(text));
	CHECK_EQ(send_bytes(p, C | OP, text, sizeof(text)), PDU_REPLY);
	CHECK_EQ(send_bytes(p, C | OP, text, sizeof(text)), PDU_REPLY);
	CHECK_EQ(SEND(p, C | OP, ""), PDU_REPLY);
	refused(p, send_header(p, C | OP, 1, &data, &padded), LOGIN_NO_RESOURCES);
}

TEST(login, split_text_without_end)
{
	struct peer *p = peer_new();

	CHECK_EQ(SEND(p, C | OP, "InitiatorName"), PDU_REPLY);
	refused(p, SEND(p, TO_FFP, ""), LOGIN_INITIATOR_ERROR);
}

TEST(login, second_connection)
{
	struct peer *p = peer_new();

	put_be16(p->bhs + 14, 0x77);
	CHECK_EQ(SEND(p, TO_FFP, NAMES "MaxConnections=4\0DataDigest=None\0"), PDU_HANDOVER);
	CHECK_STR(answer(p, "MaxConnections"), "Irrelevant");
	CHECK_STR(answer(p, "DataDigest"), "None");
	CHECK_EQ(get_be16(p->out.buf + 14), 0x77);
	peer_free(p);

	p = peer_new();
	put_be16(p->bhs + 14, 0x77);
	refused(p, SEND(p, TO_FFP, DISCOVERY), LOGIN_NO_SESSION);
}
