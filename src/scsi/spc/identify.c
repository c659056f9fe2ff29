// SPDX-License-Identifier: GPL-2.0-only
/*
 * REPORT IDENTIFYING INFORMATION and SET IDENTIFYING INFORMATION (SPC-5 6.36, 6.44): what
 * initiators write on a logical unit to recognise it by.  It is kept in /var/lib/cst.
 *
 * exec.c calls in, in a worker.  The first command reads the record of the unit, so both
 * commands continue where they may wait for the file system of /var/lib, and there take
 * dev->obj.lock, which protects everything here.  When the lock is taken they answer BUSY.
 */
#include <linux/export.h>
#include <linux/unaligned.h>

#include "../../core/store.h"
#include "spc.h"

#define CST_IDENT_KIND		"ident"		/* of the store's record */
#define CST_IDENT_VERSION	1

/* IDENTIFYING INFORMATION TYPE, in bits 7 to 1 of byte 10 */
#define CST_IDENT_TYPE_INFO	0x00
#define CST_IDENT_TYPE_TEXT	0x02
#define CST_IDENT_TYPE_LIST	0x7f

#define CST_IDENT_HEADER	4

/* The record: the lengths of both kinds of information, and then the information. */
#define CST_IDENT_RECORD	(2 * 2 + CST_IDENT_INFO_MAX + CST_IDENT_TEXT_MAX)

struct cst_ident_part {
	u8	*bytes;
	u16	*len;
	u16	max;
};

/* The information that the CDB is about.  Return: false when there is none of this type. */
static bool cst_ident_part(struct cst_ident *ident, const struct cst_cmd *cmd,
			   struct cst_ident_part *part)
{
	switch (cmd->cdb[10] >> 1) {
	case CST_IDENT_TYPE_INFO:
		*part = (struct cst_ident_part){
			ident->info, &ident->info_len, CST_IDENT_INFO_MAX
		};
		return true;
	case CST_IDENT_TYPE_TEXT:
		*part = (struct cst_ident_part){
			ident->text, &ident->text_len, CST_IDENT_TEXT_MAX
		};
		return true;
	default:
		return false;
	}
}

static void cst_ident_pack(const struct cst_ident *ident, u8 *record)
{
	put_unaligned_be16(ident->info_len, record);
	put_unaligned_be16(ident->text_len, record + 2);
	memcpy(record + 4, ident->info, CST_IDENT_INFO_MAX);
	memcpy(record + 4 + CST_IDENT_INFO_MAX, ident->text, CST_IDENT_TEXT_MAX);
}

static bool cst_ident_unpack(struct cst_ident *ident, const u8 *record)
{
	ident->info_len = get_unaligned_be16(record);
	ident->text_len = get_unaligned_be16(record + 2);
	memcpy(ident->info, record + 4, CST_IDENT_INFO_MAX);
	memcpy(ident->text, record + 4 + CST_IDENT_INFO_MAX, CST_IDENT_TEXT_MAX);
	return ident->info_len <= CST_IDENT_INFO_MAX && ident->text_len <= CST_IDENT_TEXT_MAX;
}

/*
 * Read the record, unless that has been done for the unit's present identifier.  A record
 * that cannot be used is set aside by the store, and is as if there were none.
 */
static cst_sense_t cst_ident_load(struct cst_device *dev)
{
	struct cst_ident *ident = &dev->ident;
	u8 record[CST_IDENT_RECORD];
	int ret;

	if (!strcmp(ident->name, dev->t10_dev_id))
		return CST_OK;
	memset(ident, 0, sizeof(*ident));
	ret = cst_store_load(CST_IDENT_KIND, dev->t10_dev_id, CST_IDENT_VERSION, record,
			     sizeof(record));
	if (ret < 0 && ret != -ENOENT && ret != -EBADMSG)
		return CST_SENSE(INTERNAL_TARGET_FAILURE);
	if (ret == sizeof(record) && !cst_ident_unpack(ident, record))
		memset(ident, 0, sizeof(*ident));
	strscpy(ident->name, dev->t10_dev_id, sizeof(ident->name));
	return CST_OK;
}

/* Types 0 and 2, and how long the information of each may be. */
static cst_sense_t cst_ident_list(struct cst_cmd *cmd)
{
	u8 buf[CST_IDENT_HEADER + 2 * 4] = {};

	put_unaligned_be16(sizeof(buf) - CST_IDENT_HEADER, buf + 2);
	buf[4] = CST_IDENT_TYPE_INFO << 1;
	put_unaligned_be16(CST_IDENT_INFO_MAX, buf + 6);
	buf[8] = CST_IDENT_TYPE_TEXT << 1;
	put_unaligned_be16(CST_IDENT_TEXT_MAX, buf + 10);
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

static cst_sense_t cst_ident_report(struct cst_cmd *cmd)
{
	u8 buf[CST_IDENT_HEADER + CST_IDENT_TEXT_MAX] = {};
	struct cst_ident_part part;
	cst_sense_t reason;

	if (!mutex_trylock(&cmd->dev->obj.lock))
		return CST_BUSY;
	reason = cst_ident_load(cmd->dev);
	if (!reason && cst_ident_part(&cmd->dev->ident, cmd, &part)) {
		put_unaligned_be16(*part.len, buf + 2);
		memcpy(buf + CST_IDENT_HEADER, part.bytes, *part.len);
	}
	mutex_unlock(&cmd->dev->obj.lock);
	return reason ?: cst_cmd_respond(cmd, buf,
					 CST_IDENT_HEADER + get_unaligned_be16(buf + 2));
}

static cst_sense_t cst_spc_report_ident(struct cst_cmd *cmd)
{
	struct cst_ident_part part;

	if (cmd->cdb[10] >> 1 == CST_IDENT_TYPE_LIST)
		return cst_ident_list(cmd);
	if (!cst_ident_part(&cmd->dev->ident, cmd, &part))
		return cst_cdb_invalid(&cmd->detail, 10, 7);
	cst_cmd_continue_slowly(cmd, cst_ident_report);
	return CST_PENDING;
}

static cst_sense_t cst_spc_parse_set_ident(struct cst_cmd *cmd)
{
	struct cst_ident_part part;

	if (!cst_ident_part(&cmd->dev->ident, cmd, &part))
		return cst_cdb_invalid(&cmd->detail, 10, 7);
	if (cmd->cdb_xfer_len > part.max)
		return cst_cdb_invalid(&cmd->detail, 6, 7);
	return CST_OK;
}

/* Text ends with a NUL, and has no other (SPC-5 4.3.2). */
static bool cst_ident_is_text(const u8 *list, u32 len)
{
	return !len || (!list[len - 1] && !memchr(list, 0, len - 1));
}

/* The information becomes what the data-out has.  It is saved before it is used. */
static cst_sense_t cst_ident_set_locked(struct cst_cmd *cmd, const u8 *list)
{
	struct cst_ident fresh, *ident = &cmd->dev->ident;
	u8 record[CST_IDENT_RECORD];
	struct cst_ident_part part;
	cst_sense_t reason;

	reason = cst_ident_load(cmd->dev);
	if (reason)
		return reason;
	fresh = *ident;
	cst_ident_part(&fresh, cmd, &part);
	memset(part.bytes, 0, part.max);
	memcpy(part.bytes, list, cmd->data_len);
	*part.len = cmd->data_len;
	cst_ident_pack(&fresh, record);
	if (cst_store_save(CST_IDENT_KIND, fresh.name, CST_IDENT_VERSION, record, sizeof(record)))
		return CST_SENSE(INTERNAL_TARGET_FAILURE);
	*ident = fresh;
	return CST_OK;
}

static cst_sense_t cst_ident_set(struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;
	u8 list[CST_IDENT_TEXT_MAX];
	cst_sense_t reason;

	cst_bvec_read(list, cmd->bvec, 0, cmd->data_len);
	if (cmd->cdb[10] >> 1 == CST_IDENT_TYPE_TEXT && !cst_ident_is_text(list, cmd->data_len))
		return cst_list_invalid(&cmd->detail, 0, 7);
	if (!mutex_trylock(&dev->obj.lock))
		return CST_BUSY;
	reason = cst_ident_set_locked(cmd, list);
	mutex_unlock(&dev->obj.lock);
	if (!reason)
		cst_ua_add_device(dev, cmd->sess, CST_SENSE(DEVICE_IDENTIFIER_CHANGED));
	return reason;
}

static cst_sense_t cst_spc_set_ident(struct cst_cmd *cmd)
{
	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	cst_cmd_continue_slowly(cmd, cst_ident_set);
	return CST_PENDING;
}

const struct cst_op cst_spc_identify_ops[] = {
	{
		CST_CDB_SA(12, MAINTENANCE_IN, MI_REPORT_IDENTIFYING_INFORMATION,
			   0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe),
		.name		= "REPORT IDENTIFYING INFORMATION",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.flags		= CST_OP_ACTION | CST_OP_SLEEPS,
		.resv		= CST_RESV_ANY,
		.execute	= cst_spc_report_ident,
	},
	{
		CST_CDB_SA(12, MAINTENANCE_OUT, MO_SET_IDENTIFYING_INFORMATION,
			   0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe),
		.name		= "SET IDENTIFYING INFORMATION",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.flags		= CST_OP_ALTERS | CST_OP_ACTION | CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.parse		= cst_spc_parse_set_ident,
		.execute	= cst_spc_set_ident,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_identify_ops);
