/* SPDX-License-Identifier: GPL-2.0-only */
/* iSCSI PDU layout, RFC 7143 11, as far as login and discovery need it. */
#ifndef ISCSID_PDU_H
#define ISCSID_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PDU_BHS_LEN	48
/* The default of MaxRecvDataSegmentLength, which holds for the whole login phase. */
#define PDU_LOGIN_DATA_MAX	8192
#define PDU_TAG_NONE	0xffffffffu

enum pdu_opcode {
	PDU_NOP_OUT = 0x00,
	PDU_SCSI_COMMAND = 0x01,
	PDU_LOGIN_REQUEST = 0x03,
	PDU_TEXT_REQUEST = 0x04,
	PDU_DATA_OUT = 0x05,
	PDU_LOGOUT_REQUEST = 0x06,
	PDU_SNACK = 0x10,
	PDU_NOP_IN = 0x20,
	PDU_LOGIN_RESPONSE = 0x23,
	PDU_TEXT_RESPONSE = 0x24,
	PDU_LOGOUT_RESPONSE = 0x26,
	PDU_REJECT = 0x3f,
};

#define PDU_OPCODE_MASK		0x3f
#define PDU_TARGET		0x20	/* in every opcode that targets send */
#define PDU_IMMEDIATE		0x40
#define PDU_FINAL		0x80	/* F; T in login PDUs */
#define PDU_CONTINUE		0x40	/* C */

enum login_stage {
	STAGE_SECURITY = 0,
	STAGE_OPERATIONAL = 1,
	STAGE_FULL_FEATURE = 3,
};

/* Status class << 8 | status detail, RFC 7143 11.13.5. */
enum login_status {
	LOGIN_OK = 0x0000,
	LOGIN_INITIATOR_ERROR = 0x0200,
	LOGIN_AUTH_FAILED = 0x0201,
	LOGIN_FORBIDDEN = 0x0202,
	LOGIN_NOT_FOUND = 0x0203,
	LOGIN_BAD_VERSION = 0x0205,
	LOGIN_TOO_MANY_CONNS = 0x0206,
	LOGIN_MISSING_PARAM = 0x0207,
	LOGIN_CANNOT_INCLUDE = 0x0208,
	LOGIN_BAD_SESSION_TYPE = 0x0209,
	LOGIN_NO_SESSION = 0x020a,
	LOGIN_INVALID_DURING = 0x020b,
	LOGIN_TARGET_ERROR = 0x0300,
	LOGIN_UNAVAILABLE = 0x0301,
	LOGIN_NO_RESOURCES = 0x0302,
};

enum reject_reason {
	REJECT_PROTOCOL_ERROR = 0x04,
	REJECT_NOT_SUPPORTED = 0x05,
	REJECT_INVALID_FIELD = 0x09,
	REJECT_NO_RESOURCES = 0x0a,
};

/**
 * enum pdu_verdict - what the caller does after a header or a payload
 *
 * @PDU_READ: read the data segment to where the handler said, then call payload
 * @PDU_REPLY: send the PDU in the output, then read the next header
 * @PDU_SILENT: nothing to send, read the next header
 * @PDU_HANDOVER: the output holds the final login response of a normal session
 * @PDU_DISCOVERY: send the output; the connection is a discovery session now
 * @PDU_REPLY_CLOSE: send the output, then close
 * @PDU_DROP: close without an answer
 */
enum pdu_verdict {
	PDU_READ,
	PDU_REPLY,
	PDU_SILENT,
	PDU_HANDOVER,
	PDU_DISCOVERY,
	PDU_REPLY_CLOSE,
	PDU_DROP,
};

/**
 * struct pdu_out - a PDU to send
 *
 * @buf: header and small data segments; the owner allocates it
 * @size: size of @buf
 * @len: bytes used in @buf
 * @tail: the rest of the data segment, if it is too long to be copied to @buf; it
 *	belongs to the handler, and stays valid until the handler's next call
 * @tail_len: bytes in @tail, without padding
 */
struct pdu_out {
	uint8_t *buf;
	size_t size;
	size_t len;
	const uint8_t *tail;
	size_t tail_len;
};

static inline uint16_t get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | get_be24(p + 1);
}

static inline void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put_be24(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 16);
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)v;
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	put_be24(p + 1, v);
}

static inline size_t pdu_pad(size_t len)
{
	return (4 - (len & 3)) & 3;
}

static inline uint8_t pdu_opcode(const uint8_t *bhs)
{
	return bhs[0] & PDU_OPCODE_MASK;
}

static inline uint32_t pdu_ahs_len(const uint8_t *bhs)
{
	return (uint32_t)bhs[4] * 4;
}

static inline uint32_t pdu_data_len(const uint8_t *bhs)
{
	return get_be24(bhs + 5);
}

/* A Login Request header. */
struct pdu_login {
	bool transit;
	bool cont;
	uint8_t csg;
	uint8_t nsg;
	uint8_t version_max;
	uint8_t version_min;
	uint8_t isid[6];
	uint16_t tsih;
	uint32_t itt;
	uint16_t cid;
	uint32_t cmdsn;
	uint32_t exp_statsn;
};

/* The header fields of all requests in the full feature phase of a discovery session. */
struct pdu_request {
	uint8_t opcode;
	bool immediate;
	uint8_t flags;
	uint32_t itt;
	uint32_t ttt;
	uint32_t cmdsn;
};

/* The sequence numbers of a response. */
struct pdu_sn {
	uint32_t statsn;
	uint32_t exp_cmdsn;
	uint32_t max_cmdsn;
};

void pdu_decode_login(const uint8_t *bhs, struct pdu_login *req);
void pdu_decode_request(const uint8_t *bhs, struct pdu_request *req);

void pdu_login_response(uint8_t *bhs, const struct pdu_login *req, uint8_t flags,
			const struct pdu_sn *sn, uint16_t status);
void pdu_text_response(uint8_t *bhs, uint8_t flags, uint32_t itt, uint32_t ttt,
		       const struct pdu_sn *sn);
void pdu_nop_in(uint8_t *bhs, uint32_t itt, const struct pdu_sn *sn);
void pdu_logout_response(uint8_t *bhs, uint8_t response, uint32_t itt,
			 const struct pdu_sn *sn);
void pdu_reject(uint8_t *bhs, uint8_t reason, const struct pdu_sn *sn);
void pdu_set_data_len(uint8_t *bhs, size_t len);

#endif /* ISCSID_PDU_H */
