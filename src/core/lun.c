// SPDX-License-Identifier: GPL-2.0-only
/*
 * LUNs on the wire (SAM-5 4.7): eight bytes, of which this target uses the first level.
 *
 * Called for every command by lun.h, and by REPORT LUNS, task management and aborts.  Pure:
 * also compiled in user space.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/unaligned.h>

#include "core.h"

/* ADDRESS METHOD, the top two bits */
#define CST_LUN_PERIPHERAL	0x0000
#define CST_LUN_FLAT		0x4000
#define CST_LUN_METHOD		0xc000

/**
 * cst_lun_decode() - get the number of a LUN
 * @wire: eight bytes
 * @lun: set to the number
 *
 * Initiators differ, so either method is accepted for a number below 256.
 *
 * Return: 0, or -EINVAL when no logical unit of this target can have the LUN: when it has
 * lower levels, a bus identifier or another addressing method.
 */
int cst_lun_decode(const u8 *wire, u32 *lun)
{
	u64 all = get_unaligned_be64(wire);
	u32 top = all >> 48;

	if (unlikely(all << 16))
		return -EINVAL;

	switch (top & CST_LUN_METHOD) {
	case CST_LUN_PERIPHERAL:
		if (top > 0xff)
			return -EINVAL;
		*lun = top;
		return 0;
	case CST_LUN_FLAT:
		*lun = top & ~CST_LUN_METHOD;
		return 0;
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_GPL(cst_lun_decode);

/**
 * cst_lun_is_report_luns() - is it the LUN of the REPORT LUNS well-known logical unit?
 * @wire: eight bytes
 *
 * SAM-5 4.7.10, SPC-5 8.2: extended addressing, well known, W-LUN 01h.
 */
bool cst_lun_is_report_luns(const u8 *wire)
{
	return get_unaligned_be64(wire) == CST_LUN_REPORT_LUNS << 48;
}

/**
 * cst_lun_encode() - make the LUN of a number, as REPORT LUNS reports it
 * @lun: 0..CST_MAX_LUN
 * @wire: set to the LUN, eight bytes
 */
void cst_lun_encode(u32 lun, u8 *wire)
{
	u64 top = lun > 0xff ? CST_LUN_FLAT | lun : lun;

	put_unaligned_be64(top << 48, wire);
}
EXPORT_SYMBOL_GPL(cst_lun_encode);
