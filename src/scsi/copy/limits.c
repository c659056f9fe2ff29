// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a third-party copy may ask for: RECEIVE COPY OPERATING PARAMETERS (SPC-4 6.22) and VPD
 * page 8Fh (SPC-4 7.8.17), which say the same.
 *
 * exec.c and spc/vpd.c call in.
 */
#include <linux/log2.h>
#include <linux/unaligned.h>

#include "../spc/spc.h"
#include "copy.h"

/* Types of descriptors, in ascending order */
static const u8 cst_copy_descriptors[] = {
	CST_SEGMENT_BLOCKS, CST_SEGMENT_BYTES, CST_CSCD_IDENTIFICATION,
};

/* DATA SEGMENT GRANULARITY, log 2 of bytes: a block */
static u8 cst_copy_granularity(const struct cst_cmd *cmd)
{
	return ilog2(READ_ONCE(to_cst_disk(cmd->dev)->block_size));
}

/* The length of the Supported Descriptors descriptor below */
static_assert(sizeof(cst_copy_descriptors) == 3);

#define CST_COPY_PARAMETERS	44	/* bytes in front of the list of types */

/* RECEIVE COPY OPERATING PARAMETERS; a field that is 0 says none, or no limit. */
static cst_sense_t cst_copy_operating_parameters(struct cst_cmd *cmd)
{
	u8 buf[CST_COPY_PARAMETERS + sizeof(cst_copy_descriptors)] = {};

	put_unaligned_be32(sizeof(buf) - 4, buf);
	buf[4] = 0x01;				/* SNLID */
	put_unaligned_be16(CST_COPY_MAX_CSCDS, buf + 8);
	put_unaligned_be16(CST_COPY_MAX_SEGMENTS, buf + 10);
	put_unaligned_be32(CST_COPY_LIST_MAX, buf + 12);
	put_unaligned_be32(CST_COPY_MAX_SEGMENT, buf + 16);
	put_unaligned_be16(CST_COPY_MAX_RUNNING, buf + 34);	/* TOTAL CONCURRENT COPIES */
	buf[36] = CST_COPY_MAX_RUNNING;
	buf[37] = cst_copy_granularity(cmd);
	buf[43] = sizeof(cst_copy_descriptors);
	memcpy(buf + CST_COPY_PARAMETERS, cst_copy_descriptors, sizeof(cst_copy_descriptors));
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

const struct cst_op cst_copy_limits_ops[] = {
	{
		CST_CDB_SA(16, RECEIVE_COPY_RESULTS, 0x03, 0, 0, 0, 0, 0, 0, 0, 0,
			   0xff, 0xff, 0xff, 0xff),
		.name		= "RECEIVE COPY OPERATING PARAMETERS",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_10,
		.flags		= CST_OP_ACTION,
		.resv		= CST_RESV_ANY,
		.execute	= cst_copy_operating_parameters,
	},
	{}
};

/* --- page 8Fh --- */

/* Begin a third-party copy descriptor.  Return: where its parameters go. */
static u8 *cst_copy_descriptor(u8 *p, u16 type, u16 len)
{
	put_unaligned_be16(type, p);
	put_unaligned_be16(len, p + 2);
	return p + 4;
}

/* The service actions of an operation code that the type has.  Return: their end. */
static u8 *cst_copy_actions(const struct cst_type_index *index, u8 opcode, u8 *p)
{
	unsigned int i = index->first[opcode];
	u8 *count = p + 1;

	p[0] = opcode;
	for (p += 2; i && i <= index->nr_ops && index->ops[i - 1]->opcode == opcode; i++)
		*p++ = index->ops[i - 1]->service_action;
	*count = p - count - 1;
	return p;
}

/* Supported Commands: operation codes with their service actions */
static u8 *cst_copy_supported_commands(const struct cst_type_index *index, u8 *start)
{
	u8 *p = cst_copy_descriptor(start, 0x0001, 0) + 1;

	p = cst_copy_actions(index, EXTENDED_COPY, p);
	p = cst_copy_actions(index, RECEIVE_COPY_RESULTS, p);
	start[4] = p - start - 5;
	p = start + ALIGN(p - start, 4);
	put_unaligned_be16(p - start - 4, start + 2);
	return p;
}

static cst_sense_t cst_copy_vpd(struct cst_cmd *cmd, const u8 *header)
{
	u8 page[192] = {}, *p = page + CST_VPD_HEADER, *q;

	p = cst_copy_supported_commands(cmd->type->index, p);

	q = cst_copy_descriptor(p, 0x0004, 0x1c);	/* Parameter Data */
	put_unaligned_be16(CST_COPY_MAX_CSCDS, q + 4);
	put_unaligned_be16(CST_COPY_MAX_SEGMENTS, q + 6);
	put_unaligned_be32(CST_COPY_LIST_MAX, q + 8);
	p = q + 0x1c;

	q = cst_copy_descriptor(p, 0x0008, 4);		/* Supported Descriptors */
	q[0] = sizeof(cst_copy_descriptors);
	memcpy(q + 1, cst_copy_descriptors, sizeof(cst_copy_descriptors));
	p = q + 4;

	q = cst_copy_descriptor(p, 0x000c, 4);		/* Supported CSCD IDs */
	put_unaligned_be16(2, q);
	put_unaligned_be16(CST_CSCD_SELF, q + 2);
	p = q + 4;

	q = cst_copy_descriptor(p, 0x8001, 0x20);	/* General Copy Operations */
	put_unaligned_be32(CST_COPY_MAX_RUNNING, q);	/* TOTAL CONCURRENT COPIES */
	put_unaligned_be32(CST_COPY_MAX_RUNNING, q + 4);	/* MAXIMUM IDENTIFIED ... */
	put_unaligned_be32(CST_COPY_MAX_SEGMENT, q + 8);
	q[12] = cst_copy_granularity(cmd);
	p = q + 0x20;

	q = cst_copy_descriptor(p, 0xc001, 0x1c);	/* Held Data: none */
	p = q + 0x1c;

	cst_vpd_header(page, header, p - page);
	return cst_cmd_respond(cmd, page, p - page);
}

const struct cst_vpd_page cst_copy_vpd_pages[] = {
	{ 0x8f, cst_copy_vpd },
	{}
};
