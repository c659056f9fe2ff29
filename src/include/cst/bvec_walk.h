/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes in a list of bvecs, page by page: an entry may span several pages.
 *
 * What is to be read or written to the page cache goes by the kernel's iov_iter instead;
 * this is for who looks at the bytes itself.
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
 * @bv: the entry
 * @done: bytes from its beginning; more than it has: of the next ones
 */
struct cst_bvec_walk {
	const struct bio_vec	*bv;
	u32			done;
};

/**
 * cst_bvec_piece() - what lies there in one page
 * @walk: the position; the list goes on there
 * @offset: set to that of the position in the page
 * @len: set to the bytes that the entry has from there on in this page, at least 1
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

/* The same, mapped: kunmap_local(), the last one first. */
static inline u8 *cst_bvec_map(struct cst_bvec_walk *walk, u32 *len)
{
	u32 offset;
	struct page *page = cst_bvec_piece(walk, &offset, len);

	return (u8 *)kmap_local_page(page) + offset;
}

/* Nothing is read of the list: it may end there. */
static inline void cst_bvec_advance(struct cst_bvec_walk *walk, u32 len)
{
	walk->done += len;
}

/* The first @len bytes become 0. */
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
