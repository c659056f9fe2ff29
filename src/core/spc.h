/* SPDX-License-Identifier: GPL-2.0-only */
/* What the primary commands share. */
#ifndef _CST_SPC_H
#define _CST_SPC_H

#include <linux/string.h>

#include "cdb.h"

/* PERIPHERAL QUALIFIER 011b, DEVICE TYPE 1Fh: no logical unit here (SPC-5 6.7.2) */
#define CST_PERIPHERAL_NONE	0x7f

#define CST_VENDOR_DEFAULT	"CST"

static inline u8 cst_spc_peripheral(const struct cst_cmd *cmd)
{
	return cmd->dev ? cmd->dev->ops->scsi_type : CST_PERIPHERAL_NONE;
}

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

/* INQUIRY with EVPD. */
cst_sense_t cst_spc_vpd(struct cst_cmd *cmd);

#endif /* _CST_SPC_H */
