/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RFC 7143 section 11: PDU layouts, opcodes and codes of the full feature phase.
 */
#ifndef _CIT_PROTO_H
#define _CIT_PROTO_H

#include <linux/build_bug.h>
#include <linux/types.h>

#define ISCSI_BHS_LEN		48
#define ISCSI_DIGEST_LEN	4
#define ISCSI_RESERVED_TAG	0xffffffffU
#define ISCSI_PORT		3260

/* Byte 0: opcode and the immediate bit */
#define ISCSI_OP_MASK		0x3f
#define ISCSI_OP_IMMEDIATE	0x40
#define ISCSI_OP_TARGET		0x20	/* in every opcode that targets send */

#define ISCSI_OP_NOP_OUT	0x00
#define ISCSI_OP_SCSI_CMD	0x01
#define ISCSI_OP_TMF		0x02
#define ISCSI_OP_LOGIN		0x03
#define ISCSI_OP_TEXT		0x04
#define ISCSI_OP_DATA_OUT	0x05
#define ISCSI_OP_LOGOUT		0x06
#define ISCSI_OP_SNACK		0x10

#define ISCSI_OP_NOP_IN		0x20
#define ISCSI_OP_SCSI_RSP	0x21
#define ISCSI_OP_TMF_RSP	0x22
#define ISCSI_OP_LOGIN_RSP	0x23
#define ISCSI_OP_TEXT_RSP	0x24
#define ISCSI_OP_DATA_IN	0x25
#define ISCSI_OP_LOGOUT_RSP	0x26
#define ISCSI_OP_R2T		0x31
#define ISCSI_OP_ASYNC		0x32
#define ISCSI_OP_REJECT		0x3f

/* Byte 1 */
#define ISCSI_FLAG_FINAL	0x80
#define ISCSI_CMD_READ		0x40
#define ISCSI_CMD_WRITE		0x20
#define ISCSI_CMD_ATTR_MASK	0x07
#define ISCSI_TEXT_CONTINUE	0x40
#define ISCSI_TMF_FUNC_MASK	0x7f
#define ISCSI_LOGOUT_REASON_MASK 0x7f
#define ISCSI_DATA_STATUS	0x01
#define ISCSI_RESID_UNDERFLOW	0x02
#define ISCSI_RESID_OVERFLOW	0x04

/* Additional header segments */
#define ISCSI_AHS_EXT_CDB	1
#define ISCSI_AHS_BIDI_LEN	2

/* Task management functions and responses, 11.5.1 and 11.6.1 */
#define ISCSI_TMF_ABORT_TASK		1
#define ISCSI_TMF_ABORT_TASK_SET	2
#define ISCSI_TMF_CLEAR_ACA		3
#define ISCSI_TMF_CLEAR_TASK_SET	4
#define ISCSI_TMF_LUN_RESET		5
#define ISCSI_TMF_TARGET_WARM_RESET	6
#define ISCSI_TMF_TARGET_COLD_RESET	7
#define ISCSI_TMF_TASK_REASSIGN		8

#define ISCSI_TMF_RSP_COMPLETE		0
#define ISCSI_TMF_RSP_NO_TASK		1
#define ISCSI_TMF_RSP_NO_LUN		2
#define ISCSI_TMF_RSP_NO_REASSIGN	4
#define ISCSI_TMF_RSP_NOT_SUPPORTED	5
#define ISCSI_TMF_RSP_NOT_AUTHORIZED	6
#define ISCSI_TMF_RSP_REJECTED		255

/* Logout reasons and responses, 11.14.1 and 11.15.1 */
#define ISCSI_LOGOUT_SESSION		0
#define ISCSI_LOGOUT_CONNECTION		1
#define ISCSI_LOGOUT_RECOVERY		2

#define ISCSI_LOGOUT_RSP_DONE		0
#define ISCSI_LOGOUT_RSP_NO_CID		1
#define ISCSI_LOGOUT_RSP_NO_RECOVERY	2

/* Reject reasons, 11.17.1 */
#define ISCSI_REJECT_DATA_DIGEST	0x02
#define ISCSI_REJECT_SNACK		0x03
#define ISCSI_REJECT_PROTOCOL		0x04
#define ISCSI_REJECT_NOT_SUPPORTED	0x05
#define ISCSI_REJECT_IMMEDIATE		0x06
#define ISCSI_REJECT_IN_PROGRESS	0x07
#define ISCSI_REJECT_INVALID_FIELD	0x09
#define ISCSI_REJECT_LONG		0x0a	/* cannot be answered in one PDU */

/* Asynchronous events, 11.9.1 */
#define ISCSI_ASYNC_DROP_ALL		3

struct iscsi_bhs {
	u8	opcode;
	u8	flags;
	u8	spec[2];
	u8	ahs_len;	/* four byte words */
	u8	data_len[3];
	u8	lun[8];
	__be32	itt;
	u8	spec2[28];
};

struct iscsi_scsi_cmd {
	u8	opcode;
	u8	flags;
	u8	rsvd[2];
	u8	ahs_len;
	u8	data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	exp_len;
	__be32	cmdsn;
	__be32	expstatsn;
	u8	cdb[16];
};

struct iscsi_scsi_rsp {
	u8	opcode;
	u8	flags;
	u8	response;
	u8	status;
	u8	ahs_len;
	u8	data_len[3];
	u8	rsvd[8];
	__be32	itt;
	__be32	snack_tag;
	__be32	statsn;
	__be32	expcmdsn;
	__be32	maxcmdsn;
	__be32	expdatasn;
	__be32	bidi_resid;
	__be32	resid;
};

struct iscsi_data_in {
	u8	opcode;
	u8	flags;
	u8	rsvd;
	u8	status;
	u8	ahs_len;
	u8	data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ttt;
	__be32	statsn;
	__be32	expcmdsn;
	__be32	maxcmdsn;
	__be32	datasn;
	__be32	offset;
	__be32	resid;
};

struct iscsi_data_out {
	u8	opcode;
	u8	flags;
	u8	rsvd[2];
	u8	ahs_len;
	u8	data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ttt;
	__be32	rsvd2;
	__be32	expstatsn;
	__be32	rsvd3;
	__be32	datasn;
	__be32	offset;
	__be32	rsvd4;
};

struct iscsi_r2t {
	u8	opcode;
	u8	flags;
	u8	rsvd[2];
	u8	ahs_len;
	u8	data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ttt;
	__be32	statsn;
	__be32	expcmdsn;
	__be32	maxcmdsn;
	__be32	r2tsn;
	__be32	offset;
	__be32	desired;
};

struct iscsi_tmf {
	u8	opcode;
	u8	flags;
	u8	rsvd[2];
	u8	ahs_len;
	u8	data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	rtt;
	__be32	cmdsn;
	__be32	expstatsn;
	__be32	refcmdsn;
	__be32	expdatasn;
	u8	rsvd2[8];
};

/* NOP-Out, Text Request and Logout Request have the same leading fields. */
struct iscsi_req {
	u8	opcode;
	u8	flags;
	u8	rsvd[2];
	u8	ahs_len;
	u8	data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ttt;		/* Logout: CID in the first two bytes */
	__be32	cmdsn;
	__be32	expstatsn;
	u8	rsvd2[16];
};

/* All responses that carry sequence numbers have them at the same place as this one. */
struct iscsi_rsp {
	u8	opcode;
	u8	flags;
	u8	response;
	u8	rsvd;
	u8	ahs_len;
	u8	data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ttt;
	__be32	statsn;
	__be32	expcmdsn;
	__be32	maxcmdsn;
	__be32	spec;		/* Reject: DataSN; Async: event and parameter 1 */
	__be32	spec2;		/* Async: parameters 2 and 3; Logout: Time2Wait, Time2Retain */
	__be32	spec3;
};

static_assert(sizeof(struct iscsi_bhs) == ISCSI_BHS_LEN);
static_assert(sizeof(struct iscsi_scsi_cmd) == ISCSI_BHS_LEN);
static_assert(sizeof(struct iscsi_scsi_rsp) == ISCSI_BHS_LEN);
static_assert(sizeof(struct iscsi_data_in) == ISCSI_BHS_LEN);
static_assert(sizeof(struct iscsi_data_out) == ISCSI_BHS_LEN);
static_assert(sizeof(struct iscsi_r2t) == ISCSI_BHS_LEN);
static_assert(sizeof(struct iscsi_tmf) == ISCSI_BHS_LEN);
static_assert(sizeof(struct iscsi_req) == ISCSI_BHS_LEN);
static_assert(sizeof(struct iscsi_rsp) == ISCSI_BHS_LEN);

/* A whole header of any kind. */
union iscsi_hdr {
	struct iscsi_bhs	bhs;
	struct iscsi_scsi_cmd	cmd;
	struct iscsi_scsi_rsp	rsp;
	struct iscsi_data_in	data_in;
	struct iscsi_data_out	data_out;
	struct iscsi_r2t	r2t;
	struct iscsi_tmf	tmf;
	struct iscsi_req	req;
	struct iscsi_rsp	pdu;
};

static inline u32 iscsi_data_len(const u8 *len)
{
	return len[0] << 16 | len[1] << 8 | len[2];
}

static inline void iscsi_set_data_len(u8 *to, u32 len)
{
	to[0] = len >> 16;
	to[1] = len >> 8;
	to[2] = len;
}

static inline u32 iscsi_pad(u32 len)
{
	return -len & 3;
}

#endif /* _CIT_PROTO_H */
