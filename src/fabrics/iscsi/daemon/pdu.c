// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding and decoding of basic header segments, RFC 7143 11.  Pure functions:
 * login.c and discovery.c call in.  These files also check the fields, because the checks
 * depend on the state of the protocol.
 */
#include "pdu.h"

#include <string.h>

void pdu_decode_login(const uint8_t *bhs, struct pdu_login *req)
{
	req->transit = bhs[1] & PDU_FINAL;
	req->cont = bhs[1] & PDU_CONTINUE;
	req->csg = bhs[1] >> 2 & 3;
	req->nsg = bhs[1] & 3;
	req->version_max = bhs[2];
	req->version_min = bhs[3];
	memcpy(req->isid, bhs + 8, sizeof(req->isid));
	req->tsih = get_be16(bhs + 14);
	req->itt = get_be32(bhs + 16);
	req->cid = get_be16(bhs + 20);
	req->cmdsn = get_be32(bhs + 24);
	req->exp_statsn = get_be32(bhs + 28);
}

void pdu_decode_request(const uint8_t *bhs, struct pdu_request *req)
{
	req->opcode = pdu_opcode(bhs);
	req->immediate = bhs[0] & PDU_IMMEDIATE;
	req->flags = bhs[1];
	req->itt = get_be32(bhs + 16);
	req->ttt = get_be32(bhs + 20);
	req->cmdsn = get_be32(bhs + 24);
}

static void pdu_start(uint8_t *bhs, uint8_t opcode, uint8_t flags, uint32_t itt,
		      const struct pdu_sn *sn)
{
	memset(bhs, 0, PDU_BHS_LEN);
	bhs[0] = opcode;
	bhs[1] = flags;
	put_be32(bhs + 16, itt);
	put_be32(bhs + 24, sn->statsn);
	put_be32(bhs + 28, sn->exp_cmdsn);
	put_be32(bhs + 32, sn->max_cmdsn);
}

void pdu_login_response(uint8_t *bhs, const struct pdu_login *req, uint8_t flags,
			const struct pdu_sn *sn, uint16_t status)
{
	pdu_start(bhs, PDU_LOGIN_RESPONSE, flags, req->itt, sn);
	/* Version-max and Version-active stay 0, which is the only version. */
	memcpy(bhs + 8, req->isid, sizeof(req->isid));
	put_be16(bhs + 14, req->tsih);
	put_be16(bhs + 36, status);
}

void pdu_text_response(uint8_t *bhs, uint8_t flags, uint32_t itt, uint32_t ttt,
		       const struct pdu_sn *sn)
{
	pdu_start(bhs, PDU_TEXT_RESPONSE, flags, itt, sn);
	put_be32(bhs + 20, ttt);
}

void pdu_nop_in(uint8_t *bhs, uint32_t itt, const struct pdu_sn *sn)
{
	pdu_start(bhs, PDU_NOP_IN, PDU_FINAL, itt, sn);
	put_be32(bhs + 20, PDU_TAG_NONE);
}

void pdu_logout_response(uint8_t *bhs, uint8_t response, uint32_t itt,
			 const struct pdu_sn *sn)
{
	pdu_start(bhs, PDU_LOGOUT_RESPONSE, PDU_FINAL, itt, sn);
	bhs[2] = response;
}

void pdu_reject(uint8_t *bhs, uint8_t reason, const struct pdu_sn *sn)
{
	pdu_start(bhs, PDU_REJECT, PDU_FINAL, PDU_TAG_NONE, sn);
	bhs[2] = reason;
}

void pdu_set_data_len(uint8_t *bhs, size_t len)
{
	put_be24(bhs + 5, (uint32_t)len);
}
