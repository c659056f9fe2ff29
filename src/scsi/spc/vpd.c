// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vital product data: INQUIRY with EVPD, and the pages of any type (SPC-4 7.8).
 *
 * inquiry.c calls in.  Pages of a fixed size are built on the stack.  Device
 * identification, which can be long, is measured first and then copied to the command's
 * buffer one designator at a time.  Attributes may change between the two passes.  So
 * both passes use one copy of the attributes whose length varies, and get the same
 * length.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/unaligned.h>

#include "../../core/identity.h"
#include "spc.h"

#define CST_VPD_EXTENDED	64	/* page 86h including its header */

/* Designator header, byte 0 low: CODE SET; byte 1: PIV, ASSOCIATION, TYPE */
#define CST_CODE_SET_BINARY	0x1
#define CST_CODE_SET_ASCII	0x2
#define CST_CODE_SET_UTF8	0x3
#define CST_PIV			0x80
#define CST_ASSOC_LU		0x00
#define CST_ASSOC_PORT		0x10
#define CST_ASSOC_TARGET	0x20
#define CST_DESIGNATOR_T10	0x1
#define CST_DESIGNATOR_NAA	0x3
#define CST_DESIGNATOR_REL_PORT	0x4
#define CST_DESIGNATOR_NAME	0x8

/* The longest designator is that of a port: an iSCSI name and more behind it. */
#define CST_DESIGNATOR_MAX	CST_PORT_DESIGNATOR_MAX

void cst_vpd_header(u8 *page, const u8 *header, u16 size)
{
	page[0] = header[0];
	page[1] = header[1];
	put_unaligned_be16(size - CST_VPD_HEADER, page + 2);
}

/* 80h */
static cst_sense_t cst_vpd_serial_number(struct cst_cmd *cmd, const u8 *header)
{
	const struct cst_device *dev = cmd->dev;
	u8 page[CST_VPD_HEADER + sizeof(dev->usn)];
	unsigned int len = strnlen(dev->usn, sizeof(dev->usn) - 1);

	/* Eight spaces say that there is no serial number (SPC-4 7.8.18). */
	if (!len)
		len = 8;
	cst_vpd_header(page, header, CST_VPD_HEADER + len);
	cst_spc_ascii(page + CST_VPD_HEADER, len, dev->usn);
	return cst_cmd_respond(cmd, page, CST_VPD_HEADER + len);
}

/* A copy of the identifiers of a logical unit whose length varies. */
struct cst_lu_ids {
	char	t10_dev_id[sizeof_field(struct cst_device, t10_dev_id)];
	u8	naa[CST_NAA_SIZE];
	u8	naa_len;
};

/*
 * Where designators go: they are only measured when @cmd is NULL, else copied to it.  With
 * @wanted they are compared with that one.
 */
struct cst_designators {
	struct cst_cmd	*cmd;
	u32		offset;
	const u8	*wanted;
	bool		found;
};

static void cst_lu_ids_get(struct cst_lu_ids *ids, const struct cst_device *dev)
{
	char naa_id[sizeof(dev->naa_id)];

	/*
	 * The attribute may be written at the same time: the copy may be half of the old
	 * value and half of the new one, but it is terminated.
	 */
	memcpy(ids->t10_dev_id, dev->t10_dev_id, sizeof(ids->t10_dev_id));
	ids->t10_dev_id[sizeof(ids->t10_dev_id) - 1] = '\0';
	memcpy(naa_id, dev->naa_id, sizeof(naa_id));
	naa_id[sizeof(naa_id) - 1] = '\0';
	if (cst_naa_parse(naa_id, ids->naa, &ids->naa_len))
		ids->naa_len = 0;
}

static void cst_designators_put(struct cst_designators *to, const u8 *d, u32 len)
{
	if (to->cmd)
		cst_cmd_copy_in(to->cmd, to->offset, d, len);
	/* Only CODE SET, ASSOCIATION and type count of the two bytes in front. */
	if (to->wanted && !((d[0] ^ to->wanted[0]) & 0x0f) &&
	    !((d[1] ^ to->wanted[1]) & 0x3f) && len == 4U + to->wanted[3] &&
	    !memcmp(d + 4, to->wanted + 4, len - 4))
		to->found = true;
	to->offset += len;
}

static void cst_designator_add(struct cst_designators *to, u8 *designator,
			       u8 byte0, u8 byte1, unsigned int len)
{
	designator[0] = byte0;
	designator[1] = byte1;
	designator[2] = 0;
	designator[3] = len;
	cst_designators_put(to, designator, 4 + len);
}

static void cst_designators_lu(struct cst_designators *to,
			       const struct cst_device *dev,
			       const struct cst_lu_ids *ids, u8 *d)
{
	unsigned int len = strlen(ids->t10_dev_id);

	cst_spc_ascii(d + 4, 8, dev->t10_vend_id);
	cst_spc_ascii(d + 12, len, ids->t10_dev_id);
	cst_designator_add(to, d, CST_CODE_SET_ASCII,
			   CST_ASSOC_LU | CST_DESIGNATOR_T10, 8 + len);

	if (!ids->naa_len)
		return;
	memcpy(d + 4, ids->naa, ids->naa_len);
	cst_designator_add(to, d, CST_CODE_SET_BINARY,
			   CST_ASSOC_LU | CST_DESIGNATOR_NAA, ids->naa_len);
}

/* The name of an iSCSI node, terminated by NULs up to a multiple of four bytes. */
static void cst_designator_node(struct cst_designators *to, const char *name, u8 *d)
{
	unsigned int len = strnlen(name, CST_NAME_MAX);
	unsigned int padded = ALIGN(len + 1, 4);

	memset(d + 4, 0, padded);
	memcpy(d + 4, name, len);
	cst_designator_add(to, d, CST_PROTOCOL_ISCSI << 4 | CST_CODE_SET_UTF8,
			   CST_PIV | CST_ASSOC_TARGET | CST_DESIGNATOR_NAME, padded);
}

static void cst_designators_port(struct cst_designators *to,
				 const struct cst_target *target, u8 *d)
{
	struct cst_port port;

	cst_target_port(target, &port);
	put_unaligned_be32(READ_ONCE(target->rel_tgt_id), d + 4);
	cst_designator_add(to, d, port.protocol_id << 4 | CST_CODE_SET_BINARY,
			   CST_PIV | CST_ASSOC_PORT | CST_DESIGNATOR_REL_PORT, 4);
	cst_designators_put(to, d, cst_port_designator(&port, d));
	if (port.protocol_id == CST_PROTOCOL_ISCSI)
		cst_designator_node(to, port.name, d);
}

static u32 cst_designators_all(struct cst_cmd *cmd, const struct cst_lu_ids *ids,
			       bool copy)
{
	struct cst_designators to = {
		.cmd = copy ? cmd : NULL,
		.offset = CST_VPD_HEADER,
	};
	u8 d[CST_DESIGNATOR_MAX];

	if (cmd->dev)
		cst_designators_lu(&to, cmd->dev, ids, d);
	cst_designators_port(&to, cmd->sess->target, d);
	return to.offset;
}

bool cst_spc_is_designator(const struct cst_device *dev, const u8 *wanted)
{
	struct cst_designators to = { .wanted = wanted };
	u8 d[CST_DESIGNATOR_MAX];
	struct cst_lu_ids ids;

	cst_lu_ids_get(&ids, dev);
	cst_designators_lu(&to, dev, &ids, d);
	return to.found;
}

/* 83h */
static cst_sense_t cst_vpd_device_identification(struct cst_cmd *cmd, const u8 *header)
{
	u8 head[CST_VPD_HEADER];
	struct cst_lu_ids ids;
	cst_sense_t reason;
	u32 size;

	if (cmd->dev)
		cst_lu_ids_get(&ids, cmd->dev);
	size = cst_designators_all(cmd, &ids, false);
	reason = cst_cmd_data_in_len(cmd, size);
	if (reason)
		return reason;
	cst_vpd_header(head, header, size);
	cst_cmd_copy_in(cmd, 0, head, sizeof(head));
	cst_designators_all(cmd, &ids, true);
	return CST_OK;
}

/* 86h */
static cst_sense_t cst_vpd_extended_inquiry(struct cst_cmd *cmd, const u8 *header)
{
	u8 page[CST_VPD_EXTENDED] = {};

	cst_vpd_header(page, header, sizeof(page));
	page[5] = 0x07;			/* HEADSUP, ORDSUP, SIMPSUP */
	page[7] = 0x01;			/* LUICLR: see REPORT LUNS */
	if (cmd->type->mode_pages)
		page[8] = 0x08;		/* RTD_SUP: see MODE SELECT */
	/* MAXIMUM SUPPORTED SENSE DATA LENGTH */
	page[13] = cmd->type->any ? CST_SENSE_MAX : CST_SENSE_DESC_SIZE;
	if (cmd->type->extended_inquiry)
		cmd->type->extended_inquiry(cmd, page);
	return cst_cmd_respond(cmd, page, sizeof(page));
}

/* 87h: all mode pages and subpages of the logical unit are shared by all of its nexuses. */
static cst_sense_t cst_vpd_mode_page_policy(struct cst_cmd *cmd, const u8 *header)
{
	u8 page[CST_VPD_HEADER + 4] = { [CST_VPD_HEADER] = 0x3f, 0xff };

	cst_vpd_header(page, header, sizeof(page));
	return cst_cmd_respond(cmd, page, sizeof(page));
}

/*
 * 8Ah: there is no power condition that a timer or START STOP UNIT could choose, but stopped;
 * how long that takes to leave is not specified, because it takes no time.
 */
static cst_sense_t cst_vpd_power_condition(struct cst_cmd *cmd, const u8 *header)
{
	u8 page[CST_VPD_HEADER + 14] = {};

	cst_vpd_header(page, header, sizeof(page));
	return cst_cmd_respond(cmd, page, sizeof(page));
}

/* 00h */
static cst_sense_t cst_vpd_supported_pages(struct cst_cmd *cmd, const u8 *header)
{
	const struct cst_type_index *index = cmd->type->index;
	u8 page[CST_VPD_HEADER + CST_TYPE_MAX_PAGES];
	unsigned int i;

	for (i = 0; i < index->nr_vpd; i++)
		page[CST_VPD_HEADER + i] = index->vpd[i]->code;
	cst_vpd_header(page, header, CST_VPD_HEADER + i);
	return cst_cmd_respond(cmd, page, CST_VPD_HEADER + i);
}

cst_sense_t cst_spc_vpd(struct cst_cmd *cmd)
{
	const struct cst_type_index *index = cmd->type->index;
	u8 header[2] = { cmd->type->peripheral, cmd->cdb[2] };
	unsigned int i;

	for (i = 0; i < index->nr_vpd; i++)
		if (index->vpd[i]->code == header[1])
			return index->vpd[i]->respond(cmd, header);
	return cst_cdb_invalid(&cmd->detail, 2, 7);
}

const struct cst_vpd_page cst_spc_vpd_list_pages[] = {
	{ 0x00, cst_vpd_supported_pages },
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_vpd_list_pages);

const struct cst_vpd_page cst_spc_vpd_id_pages[] = {
	{ 0x83, cst_vpd_device_identification },
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_vpd_id_pages);

const struct cst_vpd_page cst_spc_vpd_pages[] = {
	{ 0x80, cst_vpd_serial_number },
	{ 0x86, cst_vpd_extended_inquiry },
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_vpd_pages);

/*
 * There is no page 90h: the protocols here define no information of a logical unit for it.
 */
const struct cst_vpd_page cst_spc_vpd_mode_pages[] = {
	{ 0x87, cst_vpd_mode_page_policy },
	{ 0x8a, cst_vpd_power_condition },
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_vpd_mode_pages);
