/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers of everything that looks into a CDB. */
#ifndef _CST_CDB_H
#define _CST_CDB_H

#include "core.h"

/* Byte 1 of READ, WRITE and VERIFY with 10, 12 and 16 bytes */
#define CST_CDB_BYTCHK		0x06
#define CST_CDB_FUA		0x08
#define CST_CDB_DPO		0x10
/* Byte 1 of SYNCHRONIZE CACHE: SYNC_NV, which SBC-4 has no more, and IMMED */
#define CST_CDB_SYNC		0x06

/* INVALID FIELD IN CDB, with the field pointer at the field's leftmost bit. */
static inline cst_sense_t cst_cdb_invalid(struct cst_sense_detail *detail,
					  unsigned int byte, unsigned int bit)
{
	detail->field = byte;
	detail->bit = bit;
	detail->field_valid = true;
	detail->field_in_cdb = true;
	detail->bit_valid = true;
	return CST_SENSE(INVALID_FIELD_IN_CDB);
}

#endif /* _CST_CDB_H */
