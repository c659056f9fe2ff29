/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_BIO_H
#define _CST_COMPAT_LINUX_BIO_H

#include_next <linux/bio.h>
#include <linux/version.h>

/* Before 5.18 bio_init() was given neither the device nor the operation. */
static inline void cst_bio_init(struct bio *bio, struct block_device *bdev,
				struct bio_vec *bvec, unsigned short nr,
				unsigned int opf)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
	bio_init(bio, bvec, nr);
	bio_set_dev(bio, bdev);
	bio->bi_opf = opf;
#else
	bio_init(bio, bdev, bvec, nr, (__force blk_opf_t)opf);
#endif
}

#endif /* _CST_COMPAT_LINUX_BIO_H */
