// SPDX-License-Identifier: GPL-2.0-only
/*
 * MODE SENSE (6) and (10): SPC-4 6.11, 6.12, 7.5; SBC-3 6.4.
 *
 * exec.c calls in.  There is no MODE SELECT.  So no parameter can be changed or saved,
 * and the current values are also the default values.
 */
#include <linux/dma-direction.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>

#include "spc.h"

/* PAGE CONTROL */
#define CST_PC_CURRENT		0
#define CST_PC_CHANGEABLE	1
#define CST_PC_DEFAULT		2
#define CST_PC_SAVED		3

#define CST_PAGE_ALL		0x3f
#define CST_SUBPAGE_NONE	0x00
#define CST_SUBPAGE_ALL		0xff

#define CST_CDB_DBD		0x08
#define CST_CDB_LLBAA		0x10

#define CST_MODE_HEADER_6	4
#define CST_MODE_HEADER_10	8
#define CST_MODE_BLOCK_MAX	16
#define CST_MODE_MAX	(CST_MODE_HEADER_10 + CST_MODE_BLOCK_MAX + \
			 CST_MODE_PAGES_MAX)

/* 0Ah, SPC-4 7.5.8 */
void cst_spc_mode_control(const struct cst_cmd *cmd, u8 *page)
{
	page[2] = 0x02;			/* GLTSD: log parameters are not saved */
	page[3] = 0x10;			/* QUEUE ALGORITHM MODIFIER: unrestricted */
}

/*
 * Write the pages that the CDB asks for to @buf.  Returns their length in bytes, 0 when
 * there is no such page.
 */
static unsigned int cst_mode_pages_fill(const struct cst_cmd *cmd, u8 *buf)
{
	u8 control = cmd->cdb[2] >> 6, code = cmd->cdb[2] & 0x3f;
	const struct cst_mode_page *page;
	unsigned int len = 0;

	for (page = cmd->type->mode_pages; page->fill; page++) {
		if (code != CST_PAGE_ALL && code != page->code)
			continue;
		buf[len] = page->code;
		buf[len + 1] = page->size - 2;
		if (control != CST_PC_CHANGEABLE)
			page->fill(cmd, buf + len);
		len += page->size;
	}
	return len;
}

/*
 * Tell the type, by cst_mode_page.told, which values this nexus has been sent: the first
 * @sent bytes of the pages in @buf.
 */
static void cst_mode_told(const struct cst_cmd *cmd, const u8 *buf,
			  unsigned int sent)
{
	const struct cst_mode_page *page;
	unsigned int len;

	for (page = cmd->type->mode_pages; sent && page->fill; page++) {
		if (page->code != (buf[0] & 0x3f))
			continue;
		len = min_t(unsigned int, sent, page->size);
		if (page->told)
			page->told(cmd->itl, buf, len);
		sent -= len;
		buf += len;
	}
}

static cst_sense_t cst_spc_mode_sense(struct cst_cmd *cmd)
{
	bool ten = cmd->cdb[0] == MODE_SENSE_10;
	bool long_lba = ten && cmd->cdb[1] & CST_CDB_LLBAA;
	unsigned int header = ten ? CST_MODE_HEADER_10 : CST_MODE_HEADER_6;
	unsigned int len = header, block_len = 0, pages_len, first;
	u8 specific = cmd->type->mode_specific;
	u8 buf[CST_MODE_MAX] = {};
	cst_sense_t reason;

	if (cmd->cdb[3] != CST_SUBPAGE_NONE && cmd->cdb[3] != CST_SUBPAGE_ALL)
		return cst_cdb_invalid(&cmd->detail, 3, 7);

	if (!(cmd->cdb[1] & CST_CDB_DBD) && cmd->type->mode_block)
		block_len = cmd->type->mode_block(cmd, long_lba, buf + len);
	len += block_len;

	first = len;
	pages_len = cst_mode_pages_fill(cmd, buf + len);
	if (!pages_len)
		return cst_cdb_invalid(&cmd->detail, 2, 5);
	len += pages_len;

	if (cmd->cdb[2] >> 6 == CST_PC_SAVED)
		return CST_SENSE(SAVING_PARAMETERS_NOT_SUPPORTED);

	if (READ_ONCE(cmd->itl->read_only) || cmd->dev->read_only)
		specific |= CST_MODE_WP;
	if (ten) {
		put_unaligned_be16(len - 2, buf);
		buf[3] = specific;
		buf[4] = block_len && long_lba;		/* LONGLBA */
		put_unaligned_be16(block_len, buf + 6);
	} else {
		buf[0] = len - 1;
		buf[2] = specific;
		buf[3] = block_len;
	}
	reason = cst_cmd_respond(cmd, buf, len);
	if (!reason && cmd->cdb[2] >> 6 == CST_PC_CURRENT && cmd->data_len > first)
		cst_mode_told(cmd, buf + first, cmd->data_len - first);
	return reason;
}

const struct cst_op cst_spc_mode_ops[] = {
	{
		CST_CDB(6, MODE_SENSE, 0x08, 0xff, 0xff, 0xff),
		.name		= "MODE SENSE(6)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC8_4,
		.resv		= CST_RESV_READ,
		.ports		= CST_PORTS_STANDBY,
		.execute	= cst_spc_mode_sense,
	},
	{
		CST_CDB(10, MODE_SENSE_10, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff),
		.name		= "MODE SENSE(10)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC16_7,
		.resv		= CST_RESV_READ,
		.ports		= CST_PORTS_STANDBY,
		.execute	= cst_spc_mode_sense,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_mode_ops);
