// SPDX-License-Identifier: GPL-2.0-only
/*
 * The space left for a thin disk: SBC-4 4.7.3.7.  Where the handler knows it, log page 0Ch
 * shows it, and initiators are told when it falls to a threshold.  The administrator sets the
 * threshold; mode page 1Ch/02h shows it.  An initiator decides whether anybody is told (LBPERE
 * of mode page 01h), and whether one nexus is enough (SITUA of 1Ch/02h).
 *
 * The handler calls cst_disk_space() every few seconds.  disk.c, mode.c, log.c and vpd.c call
 * the rest.  This file has no lock: each value is read and written as a whole.
 *
 * The unit of all that initiators see is a threshold set (THRESHOLD EXPONENT).  It is 1 MiB, and
 * more where 32 bits would not count the sets: from 4 PiB on.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/unaligned.h>

#include <cst/events.h>

#include "../spc/spc.h"
#include "sbc.h"

#define CST_SPACE_SET_SHIFT	20	/* at least */

/* Mode page 01h, byte 7 */
#define CST_MODE_LBPERE		0x80
/* Mode page 1Ch/02h */
#define CST_MODE_SITUA		0x01	/* byte 4 */
#define CST_THRESHOLD_ENABLED	0x80	/* byte 0 of a threshold descriptor */

/* Log page 0Ch: parameters and SCOPE */
#define CST_LOG_AVAILABLE	0x0001
#define CST_LOG_USED		0x0002
#define CST_LOG_SCOPE_UNIT	0x01	/* of this logical unit alone */
#define CST_LOG_SCOPE_SHARED	0x02	/* of other users, too */

static const struct cst_disk *dev_to_disk(const struct cst_device *dev)
{
	return container_of(dev, struct cst_disk, dev);
}

/*
 * A threshold set has 2 to this power bytes.  SBC-4 6.6.7 asks for less than 2^32 sets in the
 * capacity.  The space of the file system is counted in the same sets.
 */
static unsigned int cst_space_set_shift(const struct cst_disk *disk)
{
	u64 bytes = max(READ_ONCE(disk->space_total),
			cst_disk_nblocks(disk) << disk->block_shift);

	return max_t(int, CST_SPACE_SET_SHIFT, fls64(bytes) - 32);
}

static u32 cst_space_sets(const struct cst_disk *disk, u64 bytes)
{
	return min_t(u64, bytes >> cst_space_set_shift(disk), U32_MAX);
}

/* The threshold in threshold sets; 0: none.  It is rounded up, so that it is never too late. */
static u32 cst_space_threshold(const struct cst_disk *disk)
{
	u64 total = READ_ONCE(disk->space_total);
	u64 share = div_u64(total, 100) * READ_ONCE(disk->threshold_percent);
	u64 bytes = max(READ_ONCE(disk->threshold_bytes), share);

	return cst_space_sets(disk, bytes + BIT_ULL(cst_space_set_shift(disk)) - 1);
}

/* The pages exist where the disk is thin and its handler knows the space. */
bool cst_space_exists(const struct cst_device *dev)
{
	const struct cst_disk *disk = dev_to_disk(dev);

	return cst_sbc_thin(disk) && READ_ONCE(disk->space_total);
}

u8 cst_space_exponent(const struct cst_disk *disk)
{
	return cst_space_exists(&disk->dev) ? cst_space_set_shift(disk) - disk->block_shift : 0;
}

/* --- the threshold is reached --- */

static void cst_space_tell(struct cst_disk *disk, u32 left, u32 threshold)
{
	unsigned int shift = cst_space_set_shift(disk) - 20;	/* from MiB */

	pr_warn("%s: %llu MiB are left for this thin disk, and its threshold is %llu MiB\n",
		cst_device_name(&disk->dev), (u64)left << shift, (u64)threshold << shift);
	cst_event_device(&disk->dev, CST_EVENT_SPACE_LOW);
	/* With SITUA the first nexus that is told takes it from the others (ua.c). */
	if (!READ_ONCE(disk->dev.mode.lbpere_off))
		cst_ua_add_device(&disk->dev, NULL,
				  CST_SENSE(THIN_PROVISIONING_SOFT_THRESHOLD_REACHED));
}

/* The file system or the disk has grown so much that a threshold set is another one. */
static void cst_space_exponent_changed(struct cst_disk *disk, u8 exponent)
{
	WRITE_ONCE(disk->known_space_exponent, exponent);
	cst_ua_add_device(&disk->dev, NULL, CST_SENSE(INQUIRY_DATA_CHANGED));
	cst_ua_add_device(&disk->dev, NULL, CST_SENSE(MODE_PARAMETERS_CHANGED));
}

/*
 * Compare the space left with the threshold.  Initiators are told once.  They are told again
 * only after there has been a sixteenth more than the threshold: space that goes up and down
 * around the threshold tells nothing new.
 */
void cst_space_check(struct cst_disk *disk)
{
	u32 left = cst_space_sets(disk, READ_ONCE(disk->space_left));
	u32 threshold = cst_space_threshold(disk);
	u8 exponent = cst_space_exponent(disk);

	if (!cst_space_exists(&disk->dev))
		return;
	if (exponent != READ_ONCE(disk->known_space_exponent))
		cst_space_exponent_changed(disk, exponent);
	if (threshold && left <= threshold) {
		if (!READ_ONCE(disk->space_low)) {
			WRITE_ONCE(disk->space_low, true);
			cst_space_tell(disk, left, threshold);
		}
	} else if (left - threshold > threshold / 16) {
		WRITE_ONCE(disk->space_low, false);
	}
}

void cst_disk_space(struct cst_disk *disk, u64 total, u64 left, u64 used)
{
	WRITE_ONCE(disk->space_left, left);
	WRITE_ONCE(disk->space_used, used);
	WRITE_ONCE(disk->space_total, total);
	/* Until it is open, it is not known whether the disk is thin. */
	if (cst_device_is_open(&disk->dev))
		cst_space_check(disk);
}
EXPORT_SYMBOL_GPL(cst_disk_space);

/* --- mode page 01h: LBPERE --- */

void cst_space_lbpere_mask(const struct cst_device *dev, u8 *page)
{
	/* Saved values are read before it is known whether the disk is thin. */
	if (dev->ops->block->tells_space)
		page[7] |= CST_MODE_LBPERE;
}

void cst_space_lbpere_get(const struct cst_device *dev, u8 *page)
{
	if (!READ_ONCE(dev->mode.lbpere_off))
		cst_space_lbpere_mask(dev, page);
}

void cst_space_lbpere_set(struct cst_device *dev, const u8 *page)
{
	WRITE_ONCE(dev->mode.lbpere_off, dev->ops->block->tells_space &&
		   !(page[7] & CST_MODE_LBPERE));
}

/* --- mode page 1Ch/02h: SITUA, and one threshold descriptor --- */

void cst_space_mode(const struct cst_device *dev, u8 *page)
{
	u32 threshold = cst_space_threshold(dev_to_disk(dev));
	u8 *descriptor = page + CST_THRESHOLD_AT;

	/* THRESHOLD TYPE 000b, a soft threshold; THRESHOLD ARMING 000b, when it decreases */
	descriptor[0] = threshold ? CST_THRESHOLD_ENABLED : 0;
	descriptor[1] = CST_LOG_AVAILABLE;	/* THRESHOLD RESOURCE */
	put_unaligned_be32(threshold, descriptor + 4);
}

void cst_space_mode_mask(const struct cst_device *dev, u8 *page)
{
	if (dev->ops->block->tells_space)
		page[4] = CST_MODE_SITUA;
}

void cst_space_mode_get(const struct cst_device *dev, u8 *page)
{
	if (READ_ONCE(dev->mode.situa))
		page[4] |= CST_MODE_SITUA;
}

void cst_space_mode_set(struct cst_device *dev, const u8 *page)
{
	WRITE_ONCE(dev->mode.situa, page[4] & CST_MODE_SITUA);
}

/* --- log page 0Ch --- */

static u8 *cst_space_log_count(const struct cst_disk *disk, u8 *p, u16 code, u64 bytes, u8 scope)
{
	u8 value[8] = {};

	put_unaligned_be32(cst_space_sets(disk, bytes), value);
	value[4] = scope;
	return cst_log_put(p, code, value, sizeof(value));
}

u8 *cst_space_log(const struct cst_device *dev, const struct cst_log_counts *counts, u8 *p)
{
	const struct cst_disk *disk = dev_to_disk(dev);

	p = cst_space_log_count(disk, p, CST_LOG_AVAILABLE, READ_ONCE(disk->space_left),
				CST_LOG_SCOPE_SHARED);
	return cst_space_log_count(disk, p, CST_LOG_USED, READ_ONCE(disk->space_used),
				   CST_LOG_SCOPE_UNIT);
}
