/* SPDX-License-Identifier: GPL-2.0-only */
/* What the primary commands share; the tables that types take from here are in cst/spc.h. */
#ifndef _CST_SPC_H
#define _CST_SPC_H

#include <linux/dma-direction.h>
#include <linux/string.h>
#include <scsi/scsi_proto.h>

#include <cst/spc.h>

#include "../../core/cdb.h"
#include "../../core/core.h"

#define CST_VENDOR_DEFAULT	"CST"

/* DEVICE-SPECIFIC PARAMETER, SBC-3 table 158 */
#define CST_MODE_WP		0x80
#define CST_MODE_DPOFUA		0x10

/* A row that answers anybody at any time: INQUIRY, REPORT LUNS, REQUEST SENSE */
#define CST_OP_TELLS_ANYBODY	(CST_OP_SKIP_UA | CST_OP_IMPLICIT_HOQ)

/* mode.c */
#define CST_MODE_CONTROL	0x0a
#define CST_MODE_CONTROL_SIZE	12
void cst_spc_mode_control(const struct cst_cmd *cmd, u8 *page);	/* cst_mode_page.fill */
/* vpd.c: INQUIRY with EVPD */
cst_sense_t cst_spc_vpd(struct cst_cmd *cmd);

#define CST_VPD_HEADER		4

/* The header of a page of @size bytes with its header; @header: as of respond(). */
void cst_vpd_header(u8 *page, const u8 *header, u16 size);

/*
 * Left-aligned ASCII, padded with spaces (SPC-5 4.3.1): what cannot be said in
 * ASCII becomes a question mark.
 */
static inline void cst_spc_ascii(u8 *field, unsigned int len, const char *text)
{
	unsigned int i;

	for (i = 0; i < len && text[i]; i++)
		field[i] = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
	memset(field + i, ' ', len - i);
}

#endif /* _CST_SPC_H */
