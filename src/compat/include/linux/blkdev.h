/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_BLKDEV_H
#define _CST_COMPAT_LINUX_BLKDEV_H

#include_next <linux/blkdev.h>
#include <linux/version.h>

/* 6.1 replaced blk_queue_nowait() by bdev_nowait() (568ec936bf13). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#define bdev_nowait(bdev)	blk_queue_nowait(bdev_get_queue(bdev))
#endif

/* New in 5.16 (6436bd90f76e). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#define bdev_nr_bytes(bdev)	i_size_read((bdev)->bd_inode)
#endif

/* New in 5.19 (70200574cc22, 7b47ef52d0a2). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 19, 0)
static inline unsigned int cst_bdev_max_discard_sectors(struct block_device *bdev)
{
	struct request_queue *q = bdev_get_queue(bdev);

	return blk_queue_discard(q) ? q->limits.max_discard_sectors : 0;
}

#define bdev_max_discard_sectors(bdev)	cst_bdev_max_discard_sectors(bdev)
#define bdev_discard_granularity(bdev)	(bdev_get_queue(bdev)->limits.discard_granularity)
#endif

#endif /* _CST_COMPAT_LINUX_BLKDEV_H */
