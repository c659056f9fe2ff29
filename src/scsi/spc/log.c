// SPDX-License-Identifier: GPL-2.0-only
/*
 * LOG SENSE and LOG SELECT, and the log pages of any type: SPC-4 6.5, 6.6, 7.3.
 *
 * exec.c calls in.  A type's table has a row for each of its pages (cst_log_page); the lists of
 * supported pages are made from it.  The counters are those of the device.  LOG SELECT sets
 * them back for initiators only, by noting what has been counted until then (dev->log_base).
 */
#include <linux/dma-direction.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>

#include "spc.h"

/* PAGE CONTROL: SPC-4 table 188 */
#define CST_LOG_CUMULATIVE	1
#define CST_LOG_DEFAULT_CUMULATIVE 3

#define CST_LOG_HEADER		4
#define CST_LOG_PARAMETER	4	/* bytes before the value of a parameter */
#define CST_LOG_SUBPAGE_ALL	0xff

/* Byte 0 of a page */
#define CST_LOG_DS		0x80	/* parameters are not saved */
#define CST_LOG_SPF		0x40

#define CST_LOG_PCR		0x02	/* byte 1 of LOG SELECT */

/* Parameter control byte: TSD, and FORMAT AND LINKING */
#define CST_LOG_COUNTER		0x22
#define CST_LOG_BINARY		0x23

u8 *cst_log_put(u8 *p, u16 code, const void *value, u8 len)
{
	put_unaligned_be16(code, p);
	p[2] = CST_LOG_BINARY;
	p[3] = len;
	memcpy(p + CST_LOG_PARAMETER, value, len);
	return p + CST_LOG_PARAMETER + len;
}

u8 *cst_log_put_counter(u8 *p, u16 code, u64 value)
{
	u8 be[8];

	put_unaligned_be64(value, be);
	cst_log_put(p, code, be, sizeof(be));
	p[2] = CST_LOG_COUNTER;
	return p + CST_LOG_PARAMETER + sizeof(be);
}

/* --- pages --- */

/* 06h, SPC-4 7.3.11: commands that failed, but not because of the medium. */
static u8 *cst_log_non_medium(const struct cst_device *dev, const struct cst_log_counts *counts,
			      u8 *p)
{
	return cst_log_put_counter(p, 0x0000, counts->n[CST_LOG_OTHER_ERRORS]);
}

/* 2Fh, SPC-4 7.3.9: no exception; neither a temperature nor its limit is known. */
static u8 *cst_log_exceptions(const struct cst_device *dev, const struct cst_log_counts *counts,
			      u8 *p)
{
	static const u8 value[4] = { 0x00, 0x00, 0xff, 0xff };

	return cst_log_put(p, 0x0000, value, sizeof(value));
}

const struct cst_log_page cst_spc_log_pages[] = {
	{ .code = 0x06, .fill = cst_log_non_medium,
	  .counts = BIT(CST_LOG_OTHER_ERRORS) },
	{ .code = 0x10, .fill = cst_diag_log },
	{ .code = 0x2f, .fill = cst_log_exceptions },
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_log_pages);

static bool cst_log_exists(const struct cst_device *dev, const struct cst_log_page *log)
{
	return !log->exists || log->exists(dev);
}

static const struct cst_log_page *cst_log_find(const struct cst_device *dev, u8 code,
					       u8 subpage)
{
	const struct cst_type_index *index = dev->type->index;
	unsigned int i;

	for (i = 0; i < index->nr_logs; i++)
		if (index->logs[i]->code == code && index->logs[i]->subpage == subpage &&
		    cst_log_exists(dev, index->logs[i]))
			return index->logs[i];
	return NULL;
}

/* What has been counted since the device was made */
static void cst_log_counts_all(struct cst_device *dev, struct cst_log_counts *counts)
{
	struct cst_dev_stats sum;

	cst_device_stats(dev, &sum);
	counts->n[CST_LOG_READ_COMMANDS] = sum.read_commands;
	counts->n[CST_LOG_WRITE_COMMANDS] = sum.write_commands;
	counts->n[CST_LOG_READ_BYTES] = sum.read_bytes;
	counts->n[CST_LOG_WRITE_BYTES] = sum.write_bytes;
	counts->n[CST_LOG_READ_ERRORS] = sum.read_errors;
	counts->n[CST_LOG_WRITE_ERRORS] = sum.write_errors;
	counts->n[CST_LOG_VERIFY_ERRORS] = sum.verify_errors;
	counts->n[CST_LOG_OTHER_ERRORS] = sum.other_errors;
}

/* What an initiator is told has been counted: without what it has set back. */
static void cst_log_counts_get(struct cst_device *dev, struct cst_log_counts *counts)
{
	unsigned int i;

	cst_log_counts_all(dev, counts);
	for (i = 0; i < CST_NR_LOG_COUNTS; i++)
		counts->n[i] -= READ_ONCE(dev->log_base.n[i]);
}

/* --- LOG SENSE --- */

/* 00h, 00h/FFh, and the subpage FFh of any page: a list of pages. */
static unsigned int cst_log_list(const struct cst_cmd *cmd, u8 *page)
{
	const struct cst_type_index *index = cmd->type->index;
	u8 code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];
	unsigned int len = CST_LOG_HEADER, i;

	if (!code) {
		page[len++] = 0x00;
		if (subpage) {
			page[len++] = 0x00;
			page[len++] = 0x00;
			page[len++] = CST_LOG_SUBPAGE_ALL;
		}
	}
	for (i = 0; i < index->nr_logs; i++) {
		const struct cst_log_page *log = index->logs[i];

		if ((code && log->code != code) || (!subpage && log->subpage) ||
		    !cst_log_exists(cmd->dev, log))
			continue;
		page[len++] = log->code;
		if (subpage)
			page[len++] = log->subpage;
	}
	return len;
}

static cst_sense_t cst_log_respond(struct cst_cmd *cmd, u8 *page, unsigned int len)
{
	page[0] = (cmd->cdb[2] & 0x3f) | CST_LOG_DS;
	page[1] = cmd->cdb[3];
	if (page[1])
		page[0] |= CST_LOG_SPF;
	put_unaligned_be16(len - CST_LOG_HEADER, page + 2);
	return cst_cmd_respond(cmd, page, len);
}

/* Take away the parameters before PARAMETER POINTER.  Return: bytes of the page, or 0. */
static unsigned int cst_log_from(u8 *page, unsigned int len, u16 pointer)
{
	unsigned int at = CST_LOG_HEADER;

	while (at < len && get_unaligned_be16(page + at) < pointer)
		at += CST_LOG_PARAMETER + page[at + 3];
	if (at >= len)
		return 0;
	memmove(page + CST_LOG_HEADER, page + at, len - at);
	return CST_LOG_HEADER + len - at;
}

static cst_sense_t cst_spc_log_sense(struct cst_cmd *cmd)
{
	u8 code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3], control = cmd->cdb[2] >> 6;
	u16 pointer = get_unaligned_be16(cmd->cdb + 5);
	struct cst_log_counts counts = {};
	const struct cst_log_page *log;
	u8 page[CST_LOG_PAGE_MAX] = {};
	unsigned int len;

	/* No parameter has a threshold. */
	if (control != CST_LOG_CUMULATIVE && control != CST_LOG_DEFAULT_CUMULATIVE)
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	if (subpage == CST_LOG_SUBPAGE_ALL || (!code && !subpage)) {
		len = cst_log_list(cmd, page);
		if (len == CST_LOG_HEADER)
			return cst_cdb_invalid(&cmd->detail, 2, 5);
		/* These pages have no parameter codes. */
		return pointer ? cst_cdb_invalid(&cmd->detail, 5, 7) :
				 cst_log_respond(cmd, page, len);
	}
	log = cst_log_find(cmd->dev, code, subpage);
	if (!log)
		return subpage && cst_log_find(cmd->dev, code, 0) ?
		       cst_cdb_invalid(&cmd->detail, 3, 7) :
		       cst_cdb_invalid(&cmd->detail, 2, 5);
	if (control == CST_LOG_CUMULATIVE)
		cst_log_counts_get(cmd->dev, &counts);
	len = log->fill(cmd->dev, &counts, page + CST_LOG_HEADER) - page;
	len = cst_log_from(page, len, pointer);
	return len ? cst_log_respond(cmd, page, len) : cst_cdb_invalid(&cmd->detail, 5, 7);
}

/* --- LOG SELECT --- */

/* Set the counters of a page back. */
static void cst_log_reset(struct cst_device *dev, const struct cst_log_page *log,
			  const struct cst_log_counts *counts)
{
	unsigned int i;

	for (i = 0; i < CST_NR_LOG_COUNTS; i++)
		if (log->counts & BIT(i))
			WRITE_ONCE(dev->log_base.n[i], counts->n[i]);
}

/*
 * PCR sets the counters of one page back, or with page code 0 those of all.  There is no
 * parameter that a list could set, and nothing is saved.
 */
static cst_sense_t cst_spc_log_select(struct cst_cmd *cmd)
{
	u8 code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3], control = cmd->cdb[2] >> 6;
	const struct cst_type_index *index = cmd->type->index;
	struct cst_log_counts counts;
	unsigned int i;

	if (cmd->cdb_xfer_len)
		return cmd->cdb[1] & CST_LOG_PCR ? cst_cdb_invalid(&cmd->detail, 7, 7) :
						   cst_list_invalid(&cmd->detail, 0, 5);
	if (control != CST_LOG_CUMULATIVE && control != CST_LOG_DEFAULT_CUMULATIVE)
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	if ((code || subpage) && !cst_log_find(cmd->dev, code, subpage))
		return cst_cdb_invalid(&cmd->detail, 2, 5);
	/* PC 11b makes the default values the current ones, which is what PCR does. */
	if (!(cmd->cdb[1] & CST_LOG_PCR) && control == CST_LOG_CUMULATIVE)
		return CST_OK;
	cst_log_counts_all(cmd->dev, &counts);
	for (i = 0; i < index->nr_logs; i++)
		if (!code || (index->logs[i]->code == code && index->logs[i]->subpage == subpage))
			cst_log_reset(cmd->dev, index->logs[i], &counts);
	cst_ua_add_device(cmd->dev, cmd->sess, CST_SENSE(LOG_PARAMETERS_CHANGED));
	return CST_OK;
}

const struct cst_op cst_spc_log_ops[] = {
	{
		CST_CDB(10, LOG_SELECT, 0x02, 0xff, 0xff, 0, 0, 0, 0xff, 0xff),
		.name		= "LOG SELECT",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC16_7,
		.flags		= CST_OP_ALTERS,
		.resv		= CST_RESV_WRITE,
		.ports		= CST_PORTS_STANDBY,
		.execute	= cst_spc_log_select,
	},
	{
		CST_CDB(10, LOG_SENSE, 0, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff),
		.name		= "LOG SENSE",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC16_7,
		.flags		= CST_OP_LOST,
		.resv		= CST_RESV_ANY,
		.ports		= CST_PORTS_STANDBY,
		.execute	= cst_spc_log_sense,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_log_ops);
