/* SPDX-License-Identifier: GPL-2.0-only */
/* Identifiers that are made from the identity of this host. */
#ifndef _CST_IDENTITY_H
#define _CST_IDENTITY_H

#include <linux/types.h>

#define CST_SETUP_ID_SIZE	65
#define CST_NAA_SIZE		16

/*
 * setup_id is the attribute `setup_id` of the root.  It makes generated identifiers differ
 * from those of other hosts.  It has up to CST_SETUP_ID_SIZE - 1 bytes; an empty one brings
 * the default back.  Context: process.
 */
void cst_setup_id_get(char id[CST_SETUP_ID_SIZE]);
void cst_setup_id_set(const char *id);
int cst_naa_parse(const char *text, u8 naa[CST_NAA_SIZE], u8 *len);	/* pure */

#endif /* _CST_IDENTITY_H */
