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

#endif /* _CST_COMPAT_LINUX_BLKDEV_H */
