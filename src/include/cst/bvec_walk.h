/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to the bytes in a list of bvecs, page by page.  An entry may span several pages.
 *
 * Data that goes to or comes from the page cache is moved by the kernel's iov_iter
 * instead.  These functions are for code that reads or writes the bytes itself.
 */
#ifndef _CST_BVEC_WALK_H
#define _CST_BVEC_WALK_H

#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/types.h>

/**
 * struct cst_bvec_walk - a position in a list of bvecs
 * @bv: an entry of the list
 * @done: bytes between the beginning of @bv and the position.  May be more than @bv has;
 *	the position is then in a later entry
 */
struct cst_bvec_walk {
	const struct bio_vec	*bv;
	u32			done;
};

/**
 * cst_bvec_piece() - find the page at a position
 * @walk: the position; the list must not end there
 * @offset: set to the offset of the position in the page
 * @len: set to the number of bytes from there to the end of the entry or of the page,
 *	whichever comes first; at least 1
 *
 * Return: the page.
 */
static inline struct page *cst_bvec_piece(struct cst_bvec_walk *walk, u32 *offset,
					  u32 *len)
{
	u32 at;

	while (walk->done >= walk->bv->bv_len) {
		walk->done -= walk->bv->bv_len;
		walk->bv++;
	}
	at = walk->bv->bv_offset + walk->done;
	*offset = offset_in_page(at);
	*len = min_t(u32, walk->bv->bv_len - walk->done, PAGE_SIZE - *offset);
	return walk->bv->bv_page + (at >> PAGE_SHIFT);
}

/* The same, but mapped.  The caller undoes it by kunmap_local(), in reverse order. */
static inline u8 *cst_bvec_map(struct cst_bvec_walk *walk, u32 *len)
{
	u32 offset;
	struct page *page = cst_bvec_piece(walk, &offset, len);

	return (u8 *)kmap_local_page(page) + offset;
}

/* This reads no entry, so the new position may be the end of the list. */
static inline void cst_bvec_advance(struct cst_bvec_walk *walk, u32 len)
{
	walk->done += len;
}

/* Set the first @len bytes to 0. */
static inline void cst_bvec_zero(const struct bio_vec *bvec, u32 len)
{
	struct cst_bvec_walk walk = { .bv = bvec };
	struct page *page;
	u32 offset, n;

	for (; len; len -= n) {
		page = cst_bvec_piece(&walk, &offset, &n);
		n = min(n, len);
		memzero_page(page, offset, n);
		cst_bvec_advance(&walk, n);
	}
}

#endif /* _CST_BVEC_WALK_H */
