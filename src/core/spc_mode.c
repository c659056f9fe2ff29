// SPDX-License-Identifier: GPL-2.0-only
/*
 * MODE SENSE (6) and (10): SPC-4 6.11, 6.12, 7.5; SBC-3 6.4.
 *
 * exec.c calls in.  There is no MODE SELECT: nothing is changeable, nothing is
 * saved, and what is current is also the default.
 */
#include <linux/dma-direction.h>
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

/* DEVICE-SPECIFIC PARAMETER, SBC-3 table 158 */
#define CST_MODE_WP		0x80
#define CST_MODE_DPOFUA		0x10

#define CST_CDB_DBD		0x08
#define CST_CDB_LLBAA		0x10

#define CST_MODE_HEADER_6	4
#define CST_MODE_HEADER_10	8
#define CST_BLOCK_SHORT		8
#define CST_BLOCK_LONG		16
#define CST_CACHING_SIZE	20
#define CST_CONTROL_SIZE	12
#define CST_MODE_MAX	(CST_MODE_HEADER_10 + CST_BLOCK_LONG + \
			 CST_CACHING_SIZE + CST_CONTROL_SIZE)

struct cst_mode_page {
	u8	code;
	u8	size;		/* with its two byte header */
	void (*fill)(const struct cst_cmd *cmd, u8 *page);
};

#define CST_MODE_PAGE_CACHING	0x08
#define CST_MODE_WCE		0x04	/* in byte 2 of it */

/* 08h, SBC-3 6.4.5 */
static void cst_mode_caching(const struct cst_cmd *cmd, u8 *page)
{
	if (!READ_ONCE(cmd->dev->write_through))
		page[2] = CST_MODE_WCE;
}

/* 0Ah, SPC-4 7.5.8 */
static void cst_mode_control(const struct cst_cmd *cmd, u8 *page)
{
	page[2] = 0x02;			/* GLTSD: no log parameters are saved */
	page[3] = 0x10;			/* QUEUE ALGORITHM MODIFIER: unrestricted */
}

static const struct cst_mode_page cst_mode_pages[] = {
	{ CST_MODE_PAGE_CACHING, CST_CACHING_SIZE, cst_mode_caching },
	{ 0x0a, CST_CONTROL_SIZE, cst_mode_control },
};

/*
 * Short or long LBA mode parameter block descriptor, SBC-3 6.4.2.  A medium that is
 * out has no blocks: an initiator must not take the last one's for the next one's.
 */
static unsigned int cst_mode_block_descriptor(const struct cst_cmd *cmd,
					      bool long_lba, u8 *p)
{
	u64 nblocks = READ_ONCE(cmd->dev->ejected) ? 0 :
		      cst_device_nblocks(cmd->dev);
	u32 block_size = cmd->dev->block_size;

	if (long_lba) {
		put_unaligned_be64(nblocks, p);
		put_unaligned_be32(block_size, p + 12);
		return CST_BLOCK_LONG;
	}
	put_unaligned_be32(min_t(u64, nblocks, U32_MAX), p);
	put_unaligned_be24(block_size, p + 5);
	return CST_BLOCK_SHORT;
}

/* The pages that the CDB asks for; 0 when there is none like that. */
static unsigned int cst_mode_pages_fill(const struct cst_cmd *cmd, u8 *buf)
{
	u8 control = cmd->cdb[2] >> 6, code = cmd->cdb[2] & 0x3f;
	const struct cst_mode_page *page;
	unsigned int i, len = 0;

	for (i = 0; i < ARRAY_SIZE(cst_mode_pages); i++) {
		page = &cst_mode_pages[i];
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

cst_sense_t cst_spc_mode_sense(struct cst_cmd *cmd)
{
	bool ten = cmd->cdb[0] == MODE_SENSE_10;
	bool long_lba = ten && cmd->cdb[1] & CST_CDB_LLBAA;
	unsigned int header = ten ? CST_MODE_HEADER_10 : CST_MODE_HEADER_6;
	unsigned int len = header, block_len = 0, pages_len, first;
	u8 specific = CST_MODE_DPOFUA;
	u8 buf[CST_MODE_MAX] = {};
	cst_sense_t reason;

	if (cmd->cdb[3] != CST_SUBPAGE_NONE && cmd->cdb[3] != CST_SUBPAGE_ALL)
		return cst_cdb_invalid(&cmd->detail, 3, 7);

	if (!(cmd->cdb[1] & CST_CDB_DBD))
		block_len = cst_mode_block_descriptor(cmd, long_lba, buf + len);
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
		buf[4] = block_len == CST_BLOCK_LONG;	/* LONGLBA */
		put_unaligned_be16(block_len, buf + 6);
	} else {
		buf[0] = len - 1;
		buf[2] = specific;
		buf[3] = block_len;
	}
	reason = cst_cmd_respond(cmd, buf, len);
	/*
	 * Enabling asks who has been told that there is a cache: who gets the current
	 * value, and as much of the page as has it.  That page is the first.
	 */
	if (!reason && cmd->cdb[2] >> 6 == CST_PC_CURRENT &&
	    (buf[first] & 0x3f) == CST_MODE_PAGE_CACHING &&
	    cmd->data_len > first + 2)
		WRITE_ONCE(cmd->itl->knows_cache,
			   buf[first + 2] & CST_MODE_WCE);
	return reason;
}
