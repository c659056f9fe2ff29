/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_BLKDEV_H
#define _CST_COMPAT_LINUX_BLKDEV_H

#include_next <linux/blkdev.h>
#include <linux/version.h>

/* Since 5.18 */
static inline bool cst_bdev_nowait(struct block_device *bdev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
	return blk_queue_nowait(bdev_get_queue(bdev));
#else
	return bdev_nowait(bdev);
#endif
}

#endif /* _CST_COMPAT_LINUX_BLKDEV_H */
