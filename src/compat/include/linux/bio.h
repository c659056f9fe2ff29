/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_BIO_H
#define _CST_COMPAT_LINUX_BIO_H

#include_next <linux/bio.h>
#include <linux/version.h>

/* 6.0 gave the operation and its flags a type (342a72a33407). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)
#define blk_opf_t	unsigned int
#endif

/* 5.18 gave bio_init() the device and the operation (49add4966d79). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
static inline void cst_bio_init(struct bio *bio, struct block_device *bdev,
				struct bio_vec *bvec, unsigned short nr,
				blk_opf_t opf)
{
	bio_init(bio, bvec, nr);
	bio_set_dev(bio, bdev);
	bio->bi_opf = opf;
}

#define bio_init(bio, bdev, bvec, nr, opf)	\
	cst_bio_init(bio, bdev, bvec, nr, opf)
#endif

#endif /* _CST_COMPAT_LINUX_BIO_H */
