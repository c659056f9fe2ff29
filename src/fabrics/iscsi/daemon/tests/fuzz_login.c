// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: a stream of PDUs through login.c, and through discovery.c once the
 * login gets there.  The first byte chooses the target's configuration, the rest
 * is what a peer sends.  Besides the sanitizers this checks what the rest of the daemon
 * relies on: bounded output, well-formed responses, values in range.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cst/iscsi.h>

#include "../discovery.h"
#include "../login.h"

#define ENSURE(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		abort();						\
	}								\
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find_target(void *ctx, const char *target, const char *initiator,
		       struct target_info *info)
{
	unsigned int variant = *(const unsigned int *)ctx;

	ENSURE(target[0] && strlen(target) <= TEXT_NAME_MAX);
	ENSURE(initiator[0] && strlen(initiator) <= TEXT_NAME_MAX);
	if (variant == 0xff)
		return -ENOENT;
	strcpy(info->name, target);
	memset(info->alias, 'a', variant & 0x40 ? sizeof(info->alias) - 1 : 0);
	info->tpgt = 1;
	key_values_default(&info->values);
	info->values.value[KEY_HEADER_DIGEST] = variant & 3;
	info->values.value[KEY_DATA_DIGEST] = variant >> 2 & 3;
	info->values.value[KEY_IMMEDIATE_DATA] = variant >> 4 & 1;
	info->values.value[KEY_INITIAL_R2T] = variant >> 5 & 1;
	info->values.value[KEY_MAX_BURST] = variant & 0x40 ? 65536 : 1048576;
	info->values.value[KEY_FIRST_BURST] = variant & 0x80 ? 131072 : 8192;
	info->values.value[KEY_MAX_RECV_DSL] = 262144;
	info->values.xmit_dsl_max = variant & 0x80 ? 4096 : 262144;
	return 0;
}

static int list_targets(void *ctx, const char *initiator, const char *target,
			discovery_target_fn fn, void *arg)
{
	static const char portals[] = "10.0.0.1:3260\0[::]:3260";
	const struct discovery_target t = {
		.name = "iqn.2026-01.example:disk", .tpgt = 1,
		.portals = portals, .portals_len = sizeof(portals),
	};
	int i, err = 0;

	(void)ctx;
	(void)initiator;
	for (i = 0; i < 40 && !err; i++)
		if (!target || !strcmp(target, t.name))
			err = fn(arg, &t);
	return err;
}

static const struct login_ops login_ops = { .find_target = find_target };
static const struct discovery_ops discovery_ops = { .list_targets = list_targets };

static void check_out(const struct pdu_out *out)
{
	size_t len = pdu_data_len(out->buf);

	ENSURE(out->len >= PDU_BHS_LEN && out->len <= out->size);
	ENSURE(out->buf[4] == 0);
	if (out->tail_len)
		ENSURE(out->len == PDU_BHS_LEN && len == out->tail_len);
	else
		ENSURE(out->len == PDU_BHS_LEN + len + pdu_pad(len));
	if (out->tail_len) {
		uint8_t *copy = malloc(out->tail_len);

		/* All of the tail must be readable. */
		memcpy(copy, out->tail, out->tail_len);
		free(copy);
	}
}

static void check_handover(const struct login *l, const struct pdu_out *out)
{
	const uint32_t *value = l->keys.value;

	ENSURE(out->len <= CST_ISCSI_LOGIN_RSP_MAX);
	ENSURE((out->buf[1] & 0xc3) == (PDU_FINAL | STAGE_FULL_FEATURE));
	ENSURE(get_be16(out->buf + 36) == 0);
	ENSURE(l->initiator[0] && l->target.name[0]);
	ENSURE(value[KEY_HEADER_DIGEST] <= 1 && value[KEY_DATA_DIGEST] <= 1);
	ENSURE(value[KEY_FIRST_BURST] <= value[KEY_MAX_BURST]);
	ENSURE(value[KEY_FIRST_BURST] >= 512 && value[KEY_MAX_BURST] <= 0xffffff);
	ENSURE(value[KEY_INITIAL_R2T] <= 1 && value[KEY_IMMEDIATE_DATA] <= 1);
	ENSURE(value[KEY_MAX_CONNECTIONS] == 1 && value[KEY_ERL] == 0);
	ENSURE(value[KEY_MAX_OUTSTANDING_R2T] == 1);
	ENSURE(value[KEY_TIME2WAIT] <= 3600 && value[KEY_TIME2RETAIN] <= 3600);
	ENSURE(value[KEY_DATA_PDU_IN_ORDER] == 1 && value[KEY_DATA_SEQUENCE_IN_ORDER] == 1);
	ENSURE(negotiation_xmit_dsl(&l->keys) >= 512);
	ENSURE(negotiation_xmit_dsl(&l->keys) <= l->target.values.xmit_dsl_max);
}

/* Takes the next @len bytes of the stream.  False if there are not so many left. */
static bool feed(const uint8_t **data, size_t *size, uint8_t *to, size_t len)
{
	if (*size < len)
		return false;
	if (len)
		memcpy(to, *data, len);
	*data += len;
	*size -= len;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pdu_out out = { .size = PDU_BHS_LEN + LOGIN_TEXT_OUT_MAX };
	uint8_t bhs[PDU_BHS_LEN], *to = NULL;
	unsigned int variant;
	struct discovery d;
	struct login l;
	bool in_discovery = false;
	enum pdu_verdict verdict;
	size_t len = 0;

	if (!size)
		return 0;
	variant = data[0];
	data++;
	size--;
	out.buf = malloc(out.size);
	login_init(&l, &login_ops, &variant, 1);

	while (feed(&data, &size, bhs, sizeof(bhs))) {
		out.len = 0;
		verdict = in_discovery ? discovery_header(&d, bhs, &to, &len, &out) :
			login_header(&l, bhs, &to, &len, &out);
		if (verdict == PDU_READ) {
			ENSURE(len <= PDU_LOGIN_DATA_MAX);
			if (!feed(&data, &size, to, len))
				break;
			verdict = in_discovery ? discovery_payload(&d, &out) :
				login_payload(&l, &out);
			ENSURE(verdict != PDU_READ);
		}
		if (verdict != PDU_DROP && verdict != PDU_SILENT)
			check_out(&out);
		if (verdict == PDU_HANDOVER)
			check_handover(&l, &out);
		if (verdict == PDU_HANDOVER || verdict == PDU_REPLY_CLOSE || verdict == PDU_DROP)
			break;
		if (verdict == PDU_DISCOVERY) {
			const struct discovery_start start = {
				.initiator = l.initiator, .local = "[fd00::1]:3260",
				.cid = l.req.cid, .statsn = l.statsn + 1,
				.cmdsn = l.req.cmdsn,
				.peer_dsl = negotiation_xmit_dsl(&l.keys),
			};

			ENSURE(!in_discovery);
			discovery_init(&d, &discovery_ops, NULL, &start);
			in_discovery = true;
		} else if (in_discovery) {
			discovery_sent(&d);
		}
	}
	if (in_discovery)
		discovery_free(&d);
	login_free(&l);
	free(out.buf);
	return 0;
}
