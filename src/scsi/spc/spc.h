/* SPDX-License-Identifier: GPL-2.0-only */
/* What the primary commands share, and the tables that types take from here. */
#ifndef _CST_SPC_H
#define _CST_SPC_H

#include <linux/dma-direction.h>
#include <linux/string.h>
#include <scsi/scsi_proto.h>

#include "../../core/cdb.h"
#include "../../core/core.h"

#define CST_VENDOR_DEFAULT	"CST"

/* DEVICE-SPECIFIC PARAMETER, SBC-3 table 158 */
#define CST_MODE_WP		0x80
#define CST_MODE_DPOFUA		0x10

/* A row that answers anybody at any time: INQUIRY, REPORT LUNS, REQUEST SENSE */
#define CST_OP_TELLS_ANYBODY	(CST_OP_SKIP_UA | CST_OP_IMPLICIT_HOQ)

/* inquiry.c */
extern const struct cst_op cst_spc_inquiry_ops[];
/* luns.c */
extern const struct cst_op cst_spc_luns_ops[];
/* mode.c */
extern const struct cst_op cst_spc_mode_ops[];
#define CST_MODE_CONTROL	0x0a
#define CST_MODE_CONTROL_SIZE	12
void cst_spc_mode_control(const struct cst_cmd *cmd, u8 *page);	/* cst_mode_page.fill */
/* opcodes.c */
extern const struct cst_op cst_spc_opcodes_ops[];
extern const struct cst_op cst_spc_tmfs_ops[];
/* prevent_allow.c */
extern const struct cst_op cst_spc_prevent_allow_ops[];
/* unit.c */
extern const struct cst_op cst_spc_request_sense_ops[];
extern const struct cst_op cst_spc_unit_ops[];
/* vpd.c */
extern const struct cst_vpd_page cst_spc_vpd_pages[];		/* 80h, 86h: of a device */
extern const struct cst_vpd_page cst_spc_vpd_list_pages[];	/* 00h */
extern const struct cst_vpd_page cst_spc_vpd_id_pages[];	/* 83h */
/* vpd_ports.c */
extern const struct cst_vpd_page cst_spc_vpd_ports_pages[];	/* 88h: of a device */

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
