// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block descriptor and the mode pages of a disk: SBC-3 6.4.
 *
 * spc/mode.c calls in.
 */
#include <linux/kernel.h>
#include <linux/unaligned.h>

#include "../spc/spc.h"
#include "sbc.h"

#define CST_BLOCK_SHORT		8
#define CST_BLOCK_LONG		16
#define CST_CACHING_SIZE	20
#define CST_MODE_PAGE_CACHING	0x08
#define CST_MODE_WCE		0x04	/* in byte 2 of the caching page */

/*
 * Short or long LBA mode parameter block descriptor, SBC-3 6.4.2.  While the medium is
 * ejected the number of blocks is 0: an initiator must not take the capacity of the old
 * medium for that of the next one.
 */
unsigned int cst_sbc_mode_block(const struct cst_cmd *cmd, bool long_lba, u8 *p)
{
	const struct cst_disk *disk = to_cst_disk(cmd->dev);
	u64 nblocks = READ_ONCE(disk->dev.ejected) ? 0 : cst_disk_nblocks(disk);

	if (long_lba) {
		put_unaligned_be64(nblocks, p);
		put_unaligned_be32(disk->block_size, p + 12);
		return CST_BLOCK_LONG;
	}
	put_unaligned_be32(min_t(u64, nblocks, U32_MAX), p);
	put_unaligned_be24(disk->block_size, p + 5);
	return CST_BLOCK_SHORT;
}

/* 08h, SBC-3 6.4.5 */
static void cst_mode_caching(const struct cst_cmd *cmd, u8 *page)
{
	if (!READ_ONCE(to_cst_disk(cmd->dev)->write_through))
		page[2] = CST_MODE_WCE;
}

/*
 * WCE is in byte 2.  A nexus that was sent this byte knows whether there is a cache;
 * enabling the disk asks for that (disk.c).
 */
static void cst_mode_caching_told(struct cst_itl *itl, const u8 *page,
				  unsigned int len)
{
	if (len > 2)
		WRITE_ONCE(itl->knows_cache, page[2] & CST_MODE_WCE);
}

const struct cst_mode_page cst_sbc_mode_pages[] = {
	{ CST_MODE_PAGE_CACHING, CST_CACHING_SIZE, cst_mode_caching,
	  cst_mode_caching_told },
	{ CST_MODE_CONTROL, CST_MODE_CONTROL_SIZE, cst_spc_mode_control },
	{}
};
