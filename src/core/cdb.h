/* SPDX-License-Identifier: GPL-2.0-only */
/* The sense of a CDB or a parameter list with an invalid field, for all code that checks them. */
#ifndef _CST_CDB_H
#define _CST_CDB_H

#include <cst/sense.h>

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

/* INVALID FIELD IN PARAMETER LIST, with the field pointer at the field's leftmost bit. */
static inline cst_sense_t cst_list_invalid(struct cst_sense_detail *detail,
					   unsigned int byte, unsigned int bit)
{
	cst_cdb_invalid(detail, byte, bit);
	detail->field_in_cdb = false;
	return CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST);
}

#endif /* _CST_CDB_H */
