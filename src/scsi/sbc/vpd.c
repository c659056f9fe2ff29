// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vital product data of a disk (SBC-3 6.5).
 *
 * spc/vpd.c calls in.
 */
#include <linux/minmax.h>
#include <linux/unaligned.h>

#include "../spc/spc.h"
#include "erasure.h"

#define CST_VPD_BLOCK_PAGE	64	/* B0h and B1h with header */

/* The limits of UNMAP.  All are 0 where there is no UNMAP. */
static void cst_vpd_unmap_limits(const struct cst_disk *disk, u8 *page)
{
	u32 granularity = disk->unmap_granularity / disk->block_size;
	u32 alignment = disk->unmap_alignment / disk->block_size;

	if (!cst_sbc_thin(disk))
		return;
	put_unaligned_be32(cst_sbc_max_unmap(disk), page + 20);
	put_unaligned_be32(CST_UNMAP_MAX_DESCRIPTORS, page + 24);
	put_unaligned_be32(max(granularity, 1U), page + 28);
	put_unaligned_be32(0x80000000 | alignment, page + 32);	/* UGAVALID */
}

/*
 * The limits of WRITE ATOMIC, 0 where there is none.  The limits with an atomic boundary are 0:
 * a command is one atomic write.
 */
static void cst_vpd_atomic_limits(const struct cst_cmd *cmd, u8 *page)
{
	const struct cst_disk *disk = to_cst_disk(cmd->dev);
	u32 max = cst_sbc_max_atomic(cmd);

	if (!max)
		return;
	put_unaligned_be32(max, page + 44);
	put_unaligned_be32(disk->atomic_unit / disk->block_size, page + 48);
	put_unaligned_be32(disk->atomic_unit / disk->block_size, page + 52);
}

/* B0h */
static cst_sense_t cst_vpd_block_limits(struct cst_cmd *cmd, const u8 *header)
{
	const struct cst_disk *disk = to_cst_disk(cmd->dev);
	u32 max = cmd->sess->max_xfer / disk->block_size;
	u8 page[CST_VPD_BLOCK_PAGE] = {};

	cst_vpd_header(page, header, sizeof(page));
	page[4] = 0x01;						/* WSNZ */
	page[5] = cst_sbc_max_compare_write(cmd);
	put_unaligned_be64(cst_sbc_max_write_same(disk), page + 36);
	/* OPTIMAL TRANSFER LENGTH GRANULARITY: a physical block */
	if (disk->lb_per_pb_exp)
		put_unaligned_be16(1U << min_t(u8, disk->lb_per_pb_exp, 15),
				   page + 6);
	put_unaligned_be32(max, page + 8);
	put_unaligned_be32(min(disk->opt_trans_len / disk->block_size, max),
			   page + 12);
	/* A longer PRE-FETCH is no error, and brings so many blocks into the cache. */
	put_unaligned_be32(cst_sbc_max_prefetch(cmd), page + 16);
	cst_vpd_unmap_limits(disk, page);
	cst_vpd_atomic_limits(cmd, page);
	return cst_cmd_respond(cmd, page, sizeof(page));
}

/* B1h */
static cst_sense_t cst_vpd_block_characteristics(struct cst_cmd *cmd, const u8 *header)
{
	u8 page[CST_VPD_BLOCK_PAGE] = {};

	cst_vpd_header(page, header, sizeof(page));
	/* MEDIUM ROTATION RATE: 7200 per minute for any rotating medium, else 1 */
	put_unaligned_be16(to_cst_disk(cmd->dev)->rotational ? 7200 : 1, page + 4);
	/* WABEREQ: after BLOCK ERASE, reads succeed.  There is no CRYPTOGRAPHIC ERASE. */
	if (cst_erasure_can_erase(to_cst_disk(cmd->dev)))
		page[7] = 0x40;
	/*
	 * PRODUCT TYPE and NOMINAL FORM FACTOR are not reported: there is no device of its
	 * own.  ZONED is 0.  FUAB: FUA and SYNCHRONIZE CACHE have the meaning of SBC-4, with a
	 * non-volatile cache (nv_cache) as well.
	 */
	page[8] = 0x02;
	return cst_cmd_respond(cmd, page, sizeof(page));
}

/*
 * B2h.  WRITE SAME unmaps blocks only where they then read as what it would write, so that
 * LBPWS and LBPWS10 come with LBPRZ.  There are no anchored blocks.
 */
static cst_sense_t cst_vpd_provisioning(struct cst_cmd *cmd, const u8 *header)
{
	const struct cst_disk *disk = to_cst_disk(cmd->dev);
	u8 page[8] = {};

	cst_vpd_header(page, header, sizeof(page));
	if (cst_sbc_thin(disk)) {
		page[5] = 0x80;			/* LBPU */
		page[6] = 0x02;			/* PROVISIONING TYPE: thin */
	}
	page[4] = cst_space_exponent(disk);
	if (cst_sbc_thin_zeroes(disk))
		page[5] |= 0x40 | 0x20 | 0x04;	/* LBPWS, LBPWS10, LBPRZ 001b */
	return cst_cmd_respond(cmd, page, sizeof(page));
}

const struct cst_vpd_page cst_sbc_vpd_pages[] = {
	{ 0xb0, cst_vpd_block_limits },
	{ 0xb1, cst_vpd_block_characteristics },
	{ 0xb2, cst_vpd_provisioning },
	{}
};
