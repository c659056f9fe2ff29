/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the primary commands share.  cst/spc.h declares the tables that
 * device types list.
 */
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

/*
 * INQUIRY, REPORT LUNS and REQUEST SENSE: a unit attention does not stop them, and they
 * are executed ahead of the task set.
 */
#define CST_OP_TELLS_ANYBODY	(CST_OP_SKIP_UA | CST_OP_IMPLICIT_HOQ)

/* mode_pages.c: pages that are the same for every type, for tables of cst_mode_page */
void cst_mode_zeroes(const struct cst_device *dev, u8 *page);	/* all values are 0 */
void cst_mode_control(const struct cst_device *dev, u8 *page);
void cst_mode_control_extension(const struct cst_device *dev, u8 *page);
void cst_mode_control_mask(const struct cst_device *dev, u8 *page);
void cst_mode_control_get(const struct cst_device *dev, u8 *page);
void cst_mode_control_set(struct cst_device *dev, const u8 *page);
bool cst_mode_control_settle(const u8 *old, const u8 *page);
void cst_mode_exceptions(const struct cst_device *dev, u8 *page);
#define CST_MODE_DISCONNECT_PAGE					\
	{ .code = 0x02, .size = 16, .fill = cst_mode_zeroes }
#define CST_MODE_CONTROL_PAGE						\
	{ .code = 0x0a, .size = 12, .fill = cst_mode_control,		\
	  .mask = cst_mode_control_mask, .get = cst_mode_control_get,	\
	  .set = cst_mode_control_set, .settle = cst_mode_control_settle }
#define CST_MODE_CONTROL_EXTENSION_PAGE					\
	{ .code = 0x0a, .subpage = 0x01, .size = 32,				\
	  .fill = cst_mode_control_extension }
#define CST_MODE_POWER_PAGE						\
	{ .code = 0x1a, .size = 40, .fill = cst_mode_zeroes }
#define CST_MODE_EXCEPTIONS_PAGE					\
	{ .code = 0x1c, .size = 12, .fill = cst_mode_exceptions }
/* diagnostic.c: log page 10h */
u8 *cst_diag_log(const struct cst_device *dev, const struct cst_log_counts *counts, u8 *p);
/* log.c: for cst_log_page.fill: write a parameter at @p.  Return: its end. */
u8 *cst_log_put(u8 *p, u16 code, const void *value, u8 len);
u8 *cst_log_put_counter(u8 *p, u16 code, u64 value);
/* vpd.c: INQUIRY with EVPD */
cst_sense_t cst_spc_vpd(struct cst_cmd *cmd);
/*
 * Does page 83h of @dev have this designator of a logical unit?  @wanted: the designator with
 * its header of four bytes, in the format of the page, as far as its length says.
 */
bool cst_spc_is_designator(const struct cst_device *dev, const u8 *wanted);

#define CST_VPD_HEADER		4

/*
 * Write the header of a VPD page.  @size: bytes of the page, including the header;
 * @header: the first two bytes, as given to cst_vpd_page.respond.
 */
void cst_vpd_header(u8 *page, const u8 *header, u16 size);

/*
 * Write a field of left-aligned ASCII, padded with spaces (SPC-5 4.3.1).  A byte that
 * is no printable ASCII becomes a question mark.
 */
static inline void cst_spc_ascii(u8 *field, unsigned int len, const char *text)
{
	unsigned int i;

	for (i = 0; i < len && text[i]; i++)
		field[i] = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
	memset(field + i, ' ', len - i);
}

#endif /* _CST_SPC_H */
