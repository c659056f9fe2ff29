/* SPDX-License-Identifier: GPL-2.0-only */
/* Who this host is, and what its devices are called for it. */
#ifndef _CST_IDENTITY_H
#define _CST_IDENTITY_H

#include <linux/types.h>

#define CST_SETUP_ID_SIZE	65
#define CST_NAA_SIZE		16

/*
 * What makes identifiers differ from those of other hosts: the attribute
 * `setup_id` of the root.  Up to CST_SETUP_ID_SIZE - 1 bytes; setting it to
 * nothing brings the default back.  Any context.
 */
void cst_setup_id_get(char id[CST_SETUP_ID_SIZE]);
void cst_setup_id_set(const char *id);
int cst_naa_parse(const char *text, u8 naa[CST_NAA_SIZE], u8 *len);	/* pure */

#endif /* _CST_IDENTITY_H */
