// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block descriptor and the mode pages of a disk: SBC-3 6.4.
 *
 * spc/mode.c calls in.  Where a page is about a real disk that turns, the values are those
 * that old initiators make a geometry of; the medium has none.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../spc/spc.h"
#include "sbc.h"

#define CST_BLOCK_SHORT		8
#define CST_BLOCK_LONG		16
#define CST_MODE_WCE		0x04	/* in byte 2 of the caching page */

/* The geometry that every PC firmware has taken for large disks */
#define CST_HEADS		255
#define CST_SECTORS		63

static const struct cst_disk *dev_to_disk(const struct cst_device *dev)
{
	return container_of(dev, struct cst_disk, dev);
}

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

/*
 * Neither the block size nor the capacity can be set.  NUMBER OF LOGICAL BLOCKS of 0, or all
 * ones, leaves the capacity as it is (SBC-3 6.4.2.2).
 */
int cst_sbc_mode_block_bad(const struct cst_cmd *cmd, bool long_lba, const u8 *p)
{
	static const u8 ones[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	unsigned int blocks = long_lba ? 8 : 4, len, i;
	u8 now[CST_BLOCK_LONG] = {};

	len = cst_sbc_mode_block(cmd, long_lba, now);
	if (memchr_inv(p, 0, blocks) && memcmp(p, ones, blocks) && memcmp(p, now, blocks))
		return 0;
	for (i = blocks; i < len; i++)
		if (p[i] != now[i])
			/* the field that begins there: reserved or density, else the length */
			return long_lba && i >= 12 ? 12 : !long_lba && i >= 5 ? 5 : i;
	return -1;
}

/*
 * 01h, read-write error recovery, SBC-3 6.4.7: the backing gives a bad block another place by
 * itself (AWRE, ARRE); a command is not tried again here, and has no time limit of its own.
 */
static void cst_mode_error_recovery(const struct cst_device *dev, u8 *page)
{
	page[2] = 0xc0;
	cst_space_lbpere_mask(dev, page);	/* LBPERE is 1 until an initiator clears it */
}

/*
 * 03h, format device, SBC-2 6.3.5, obsolete since: one zone without alternate blocks, hard
 * sectors (HSEC).
 */
static void cst_mode_format(const struct cst_device *dev, u8 *page)
{
	put_unaligned_be16(CST_SECTORS, page + 10);
	put_unaligned_be16(dev_to_disk(dev)->block_size, page + 12);
	put_unaligned_be16(1, page + 14);		/* INTERLEAVE: none */
	page[20] = 0x40 | (dev->removable ? 0x20 : 0);	/* HSEC, RMB */
}

/* 04h, rigid disk geometry, SBC-2 6.3.21, obsolete since. */
static void cst_mode_geometry(const struct cst_device *dev, u8 *page)
{
	const struct cst_disk *disk = dev_to_disk(dev);
	u64 cylinders = div_u64(cst_disk_nblocks(disk), CST_HEADS * CST_SECTORS);

	put_unaligned_be24(clamp_t(u64, cylinders, 1, 0xffffff), page + 2);
	page[5] = CST_HEADS;
	/* MEDIUM ROTATION RATE: as in VPD page B1h; 0 when nothing rotates */
	put_unaligned_be16(disk->rotational ? 7200 : 0, page + 20);
}

/*
 * 08h, caching, SBC-3 6.4.5: only WCE is known.  Without it a finished write is durable.  The
 * other fields tell how a disk keeps data in its cache, which the backing decides.
 */
static void cst_mode_caching(const struct cst_device *dev, u8 *page)
{
	if (!dev_to_disk(dev)->write_through)
		page[2] = CST_MODE_WCE;
}

/* With write_through the administrator wants no cache, whatever an initiator wants. */
static void cst_mode_caching_mask(const struct cst_device *dev, u8 *page)
{
	if (!dev_to_disk(dev)->write_through)
		page[2] = CST_MODE_WCE;
}

static void cst_mode_caching_get(const struct cst_device *dev, u8 *page)
{
	page[2] = cst_disk_no_cache(dev_to_disk(dev)) ? 0 : CST_MODE_WCE;
}

static void cst_mode_caching_set(struct cst_device *dev, const u8 *page)
{
	struct cst_disk *disk = to_cst_disk(dev);
	bool off = !disk->write_through && !(page[2] & CST_MODE_WCE);

	/* First: the nexus of a login that comes now believes what the one before was told. */
	if (off)
		WRITE_ONCE(disk->told_no_cache, true);
	WRITE_ONCE(disk->wce_off, off);
}

/* What is in the cache must be durable before initiators stop to flush. */
static bool cst_mode_caching_settle(const u8 *old, const u8 *page)
{
	return old[2] & ~page[2] & CST_MODE_WCE;
}

/*
 * WCE is in byte 2.  A nexus that was sent this byte, or has set it, knows whether there is a
 * cache; enabling the disk, and writing, ask for that (disk.c).
 */
static void cst_mode_caching_told(struct cst_itl *itl, const u8 *page,
				  unsigned int len)
{
	if (len > 2)
		WRITE_ONCE(itl->knows_cache, page[2] & CST_MODE_WCE);
}

/* 0Ah/02h, application tag, SBC-3 6.4.3: one descriptor, which is the last and names no block. */
static void cst_mode_application_tag(const struct cst_device *dev, u8 *page)
{
	page[16] = 0x80;
}

const struct cst_mode_page cst_sbc_mode_pages[] = {
	{ .code = 0x01, .size = 12, .fill = cst_mode_error_recovery,
	  .mask = cst_space_lbpere_mask, .get = cst_space_lbpere_get,
	  .set = cst_space_lbpere_set },
	CST_MODE_DISCONNECT_PAGE,
	{ .code = 0x03, .size = 24, .fill = cst_mode_format },
	{ .code = 0x04, .size = 24, .fill = cst_mode_geometry },
	{ .code = 0x08, .size = 20, .fill = cst_mode_caching,
	  .mask = cst_mode_caching_mask, .get = cst_mode_caching_get,
	  .set = cst_mode_caching_set, .settle = cst_mode_caching_settle,
	  .told = cst_mode_caching_told },
	CST_MODE_CONTROL_PAGE,
	CST_MODE_CONTROL_EXTENSION_PAGE,
	{ .code = 0x0a, .subpage = 0x02, .size = 40, .fill = cst_mode_application_tag },
	CST_MODE_POWER_PAGE,
	CST_MODE_EXCEPTIONS_PAGE,
	{ .code = 0x1c, .subpage = 0x02, .size = 24, .fill = cst_space_mode,
	  .mask = cst_space_mode_mask, .get = cst_space_mode_get, .set = cst_space_mode_set,
	  .exists = cst_space_exists },
	{}
};
