/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_BLKDEV_H
#define _CST_COMPAT_LINUX_BLKDEV_H

#include_next <linux/blkdev.h>
#include <linux/version.h>

/* 6.1 replaced blk_queue_nowait() by bdev_nowait() (568ec936bf13). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#define bdev_nowait(bdev)	blk_queue_nowait(bdev_get_queue(bdev))
#endif

/* 7.0 turned blk_queue_nonrot() into blk_queue_rot(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0) && !defined(blk_queue_rot)
#define bdev_rot(bdev)		(!blk_queue_nonrot(bdev_get_queue(bdev)))
#endif

/* New in 5.19 (08e688fdb8f7). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 19, 0)
#define bdev_write_cache(bdev)		\
	test_bit(QUEUE_FLAG_WC, &bdev_get_queue(bdev)->queue_flags)
#endif

/* Before 5.12 blkdev_issue_flush() was given the flags of allocation (c6bf3f0e25f4). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 12, 0)
#define blkdev_issue_flush(bdev)	blkdev_issue_flush(bdev, GFP_NOIO)
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

/* New in 6.11 (9da3d1e912f3).  Before, no device promises writes that are never torn. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0) && !defined(REQ_ATOMIC)
#define REQ_ATOMIC				((__force blk_opf_t)0)
#define bdev_can_atomic_write(bdev)		((void)(bdev), false)
#define queue_atomic_write_unit_min_bytes(q)	((void)(q), 0U)
#define queue_atomic_write_unit_max_bytes(q)	((void)(q), 0U)
#define queue_atomic_write_boundary_bytes(q)	((void)(q), 0U)
#endif

#endif /* _CST_COMPAT_LINUX_BLKDEV_H */
