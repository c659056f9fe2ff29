// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data buffers: chunks of pages from per-CPU pools, under one memory limit.
 *
 * Called by submit.c, xfer.c and the emulation.  A pool is a ring per chunk size
 * and CPU under a lock that only trimming shares.  Fabrics send chunks by
 * reference and release the command before the network has let go of them, so
 * a chunk may come back while somebody still reads it: it is used again only when
 * its reference count says that nobody does, which the oldest one of a ring most
 * likely is.  Chunks keep old data: whoever takes one fills what it hands on.
 *
 * The limit counts pages taken from the system, in use or idle in a pool, so
 * that the shared counter is not touched in the steady state.
 *
 * An initiator decides how long its commands keep their buffers: it may send no
 * data, or read none.  So a session may have CST_SHARE_MIN, and beyond that no
 * more than it leaves free of three quarters of the limit: one that takes what it
 * can get leaves room for large commands of others, and many together leave
 * the last quarter for small ones.  What is idle in the pools is free here.
 */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include "core.h"

#define CST_POOL_CLASSES	3
#define CST_POOL_RING		256	/* power of two, slots of the smallest class */
#define CST_POOL_LOOK		4	/* busy chunks to pass over before asking the system */
#define CST_SHARE_MIN		(1024 * 1024L)	/* bytes that a session may always ask for */

static const u8 cst_pool_order[CST_POOL_CLASSES] = { 0, 2, 4 };
static const u16 cst_pool_slots[CST_POOL_CLASSES] = { 256, 64, 32 };

struct cst_pool_ring {
	unsigned int	head;		/* next to take */
	unsigned int	count;
	struct page	*slots[CST_POOL_RING];
};

struct cst_pool {
	spinlock_t		lock;	/* protects the rings */
	struct cst_pool_ring	ring[CST_POOL_CLASSES];
};

static struct cst_pool __percpu *cst_pools;
static atomic_long_t cst_pages;		/* taken from the system */
static unsigned long cst_pages_max;	/* cmd_mem_limit_mb, in pages */

static struct page *cst_ring_pop(struct cst_pool_ring *ring, unsigned int slots)
{
	struct page *page = ring->slots[ring->head];

	ring->head = (ring->head + 1) & (slots - 1);
	ring->count--;
	return page;
}

static void cst_ring_push(struct cst_pool_ring *ring, unsigned int slots,
			  struct page *page)
{
	ring->slots[(ring->head + ring->count) & (slots - 1)] = page;
	ring->count++;
}

static struct page *cst_pool_get(unsigned int class)
{
	struct cst_pool *pool = raw_cpu_ptr(cst_pools);
	struct cst_pool_ring *ring = &pool->ring[class];
	unsigned int slots = cst_pool_slots[class];
	struct page *page = NULL;
	unsigned long flags;
	unsigned int look;

	spin_lock_irqsave(&pool->lock, flags);
	for (look = min_t(unsigned int, ring->count, CST_POOL_LOOK); look;
	     look--) {
		page = cst_ring_pop(ring, slots);
		if (likely(page_ref_count(page) == 1)) {
			/* Pairs with the release of the last foreign reference. */
			smp_acquire__after_ctrl_dep();
			break;
		}
		cst_ring_push(ring, slots, page);
		page = NULL;
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	return page;
}

static void cst_page_free(struct page *page, unsigned int class)
{
	atomic_long_sub(1L << cst_pool_order[class], &cst_pages);
	put_page(page);
}

static void cst_pool_put(struct page *page, unsigned int class)
{
	struct cst_pool *pool = raw_cpu_ptr(cst_pools);
	struct cst_pool_ring *ring = &pool->ring[class];
	unsigned int slots = cst_pool_slots[class];
	unsigned long flags;
	bool kept;

	spin_lock_irqsave(&pool->lock, flags);
	kept = ring->count < slots;
	if (likely(kept))
		cst_ring_push(ring, slots, page);
	spin_unlock_irqrestore(&pool->lock, flags);
	if (unlikely(!kept))
		cst_page_free(page, class);
}

/* Give every idle chunk of every CPU back to the system. */
static void cst_pool_trim(void)
{
	struct page *page;
	unsigned long flags;
	unsigned int class;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cst_pool *pool = per_cpu_ptr(cst_pools, cpu);

		for (class = 0; class < CST_POOL_CLASSES; class++) {
			struct cst_pool_ring *ring = &pool->ring[class];

			for (;;) {
				page = NULL;
				spin_lock_irqsave(&pool->lock, flags);
				if (ring->count)
					page = cst_ring_pop(ring,
							    cst_pool_slots[class]);
				spin_unlock_irqrestore(&pool->lock, flags);
				if (!page)
					break;
				cst_page_free(page, class);
			}
		}
	}
}

static bool cst_pages_charge(long pages)
{
	if (likely(atomic_long_add_return(pages, &cst_pages) <=
		   READ_ONCE(cst_pages_max)))
		return true;
	atomic_long_sub(pages, &cst_pages);
	return false;
}

static noinline struct page *cst_page_alloc(unsigned int class, bool may_sleep)
{
	unsigned int order = cst_pool_order[class];
	gfp_t gfp = __GFP_NOWARN | __GFP_COMP;
	struct page *page;

	if (!cst_pages_charge(1L << order)) {
		/* Idle chunks of other sizes and CPUs count too. */
		cst_pool_trim();
		if (!cst_pages_charge(1L << order))
			return NULL;
	}
	/*
	 * Never a wait for memory that a larger chunk alone would need, and never
	 * reclaim that could come back to this target.
	 */
	gfp |= may_sleep && !order ? GFP_NOIO | __GFP_NORETRY : GFP_NOWAIT;
	page = alloc_pages(gfp, order);
	if (!page)
		atomic_long_sub(1L << order, &cst_pages);
	return page;
}

static unsigned int cst_chunk_class(u32 len)
{
	unsigned int class = CST_POOL_CLASSES - 1;

	/* The largest chunk that is more than half used. */
	while (class && len <= (PAGE_SIZE << cst_pool_order[class]) / 2)
		class--;
	return class;
}

static unsigned int cst_page_class(struct page *page)
{
	unsigned int order = compound_order(page);
	unsigned int class = 0;

	while (cst_pool_order[class] != order)
		class++;
	return class;
}

/* A chunk for @len bytes or the first of them: whatever size can be had. */
static struct page *cst_chunk_get(u32 len, bool may_sleep, u32 *size)
{
	unsigned int class = cst_chunk_class(len);
	struct page *page;

	for (;;) {
		page = cst_pool_get(class);
		if (unlikely(!page))
			page = cst_page_alloc(class, may_sleep);
		if (likely(page)) {
			*size = min_t(u32, len,
				      PAGE_SIZE << cst_pool_order[class]);
			return page;
		}
		if (!class--)
			return NULL;
	}
}

static void cst_chunk_put(struct page *page)
{
	cst_pool_put(page, cst_page_class(page));
}

void cst_bvec_free(struct bio_vec *bvec, u16 nr, bool alloced)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		cst_chunk_put(bvec[i].bv_page);
	if (unlikely(alloced))
		cst_chunk_put(virt_to_page(bvec));
}

struct bio_vec *cst_bvec_alloc(struct bio_vec *inl, unsigned int nr_inline,
			       u32 len, bool may_sleep, u16 *nr, bool *alloced)
{
	unsigned int max = nr_inline;
	struct bio_vec *bvec = inl;
	struct page *page;
	unsigned int n = 0;
	u32 size;

	*alloced = false;
	if (unlikely(len > nr_inline * (PAGE_SIZE << cst_pool_order[CST_POOL_CLASSES - 1]))) {
		page = cst_chunk_get(PAGE_SIZE, may_sleep, &size);
		if (!page)
			return NULL;
		bvec = page_address(page);
		max = PAGE_SIZE / sizeof(*bvec);
		*alloced = true;
	}

	while (len) {
		if (unlikely(n == max)) {
			struct bio_vec *table;

			/* Small chunks only: the inline entries do not suffice. */
			if (*alloced)
				goto fail;
			page = cst_chunk_get(PAGE_SIZE, may_sleep, &size);
			if (!page)
				goto fail;
			table = page_address(page);
			memcpy(table, bvec, n * sizeof(*bvec));
			bvec = table;
			max = PAGE_SIZE / sizeof(*bvec);
			*alloced = true;
		}
		page = cst_chunk_get(len, may_sleep, &size);
		if (unlikely(!page))
			goto fail;
		bvec[n].bv_page = page;
		bvec[n].bv_offset = 0;
		bvec[n].bv_len = size;
		n++;
		len -= size;
	}
	*nr = n;
	return bvec;

fail:
	cst_bvec_free(bvec, n, *alloced);
	return NULL;
}

/* Pages in the pools of all CPUs, about: they go on working meanwhile. */
static noinline long cst_pages_idle(void)
{
	unsigned int class;
	long idle = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct cst_pool *pool = per_cpu_ptr(cst_pools, cpu);

		for (class = 0; class < CST_POOL_CLASSES; class++) {
			/* data_race: an old count will do. */
			long count = data_race(pool->ring[class].count);

			idle += count << cst_pool_order[class];
		}
	}
	return idle;
}

/*
 * May a command of the session that has @own have @len more?  The only one always
 * may.
 */
static bool cst_share_charge(struct cst_session *sess, u32 len, u32 own)
{
	long bytes = atomic_long_add_return(len, &sess->buf_bytes);
	long left;

	if (likely(bytes <= CST_SHARE_MIN) || bytes == (long)own + len)
		return true;
	left = READ_ONCE(cst_pages_max) / 4 * 3 - atomic_long_read(&cst_pages);
	if (likely(bytes >> PAGE_SHIFT <= left) ||
	    bytes >> PAGE_SHIFT <= left + cst_pages_idle())
		return true;
	atomic_long_sub(len, &sess->buf_bytes);
	return false;
}

/* More pieces than the fabric can take?  A short list fits always. */
static bool cst_too_many_segs(const struct cst_session *sess, u16 nr)
{
	u16 max = sess->ops->limits.max_segs;

	return max && nr > max;
}

/**
 * cst_buffer_alloc() - give a command a buffer of its own
 * @cmd: without one
 * @len: bytes, not 0
 *
 * Context: any up to softirq.  Return: false at the memory limit, when the session has
 * had its share of it, or when what is left is in more pieces than the fabric takes.
 */
bool cst_buffer_alloc(struct cst_cmd *cmd, u32 len)
{
	struct bio_vec *bvec;
	bool alloced;
	u16 nr;

	if (unlikely(!cst_share_charge(cmd->sess, len, 0)))
		return false;
	bvec = cst_bvec_alloc(cmd->inline_bvec, CST_INLINE_BVECS, len,
			      test_bit(CST_CMD_MAY_SLEEP, &cmd->flags), &nr,
			      &alloced);
	if (unlikely(alloced && bvec && cst_too_many_segs(cmd->sess, nr))) {
		cst_bvec_free(bvec, nr, alloced);
		bvec = NULL;
	}
	if (unlikely(!bvec)) {
		atomic_long_sub(len, &cmd->sess->buf_bytes);
		return false;
	}
	cmd->buf_len = len;
	cmd->bvec = bvec;
	cmd->nr_bvec = nr;
	__set_bit(CST_CMD_OWN_BUF, &cmd->flags);
	if (alloced)
		__set_bit(CST_CMD_BVEC_ALLOCED, &cmd->flags);
	return true;
}

void cst_buffer_free(struct cst_cmd *cmd)
{
	if (likely(test_bit(CST_CMD_OWN_BUF, &cmd->flags))) {
		cst_bvec_free(cmd->bvec, cmd->nr_bvec,
			      test_bit(CST_CMD_BVEC_ALLOCED, &cmd->flags));
		atomic_long_sub(cmd->buf_len, &cmd->sess->buf_bytes);
	}
	cst_buffer_free_verify(cmd);
}

/**
 * cst_buffer_alloc_verify() - give a VERIFY room for what the medium holds
 * @cmd: may have it already
 * @len: bytes, not 0
 *
 * Context: any up to softirq.  Return: as cst_buffer_alloc().
 */
bool cst_buffer_alloc_verify(struct cst_cmd *cmd, u32 len)
{
	u32 own = test_bit(CST_CMD_OWN_BUF, &cmd->flags) ? cmd->buf_len : 0;
	bool alloced;

	if (cmd->verify_bvec)
		return true;
	if (!cst_share_charge(cmd->sess, len, own))
		return false;
	/* inline_bvec may hold the data-out. */
	cmd->verify_bvec = cst_bvec_alloc(NULL, 0, len, cst_cmd_may_sleep(cmd),
					  &cmd->verify_nr_bvec, &alloced);
	if (!cmd->verify_bvec) {
		atomic_long_sub(len, &cmd->sess->buf_bytes);
		return false;
	}
	cmd->verify_len = len;
	if (alloced)
		__set_bit(CST_CMD_VERIFY_ALLOCED, &cmd->flags);
	return true;
}

void cst_buffer_free_verify(struct cst_cmd *cmd)
{
	if (likely(!cmd->verify_bvec))
		return;
	cst_bvec_free(cmd->verify_bvec, cmd->verify_nr_bvec,
		      test_bit(CST_CMD_VERIFY_ALLOCED, &cmd->flags));
	atomic_long_sub(cmd->verify_len, &cmd->sess->buf_bytes);
	cmd->verify_bvec = NULL;
}

/**
 * cst_buffer_set_limit_mb() - set how much memory buffers may take
 * @mb: MiB; 0: a quarter of all memory
 *
 * Idle chunks go back to the system at once.  What is in use already may exceed a
 * smaller limit until it is given back.
 */
void cst_buffer_set_limit_mb(u32 mb)
{
	if (!mb)
		mb = max_t(unsigned long, CST_MEM_LIMIT_MIN_MB,
			   totalram_pages() / 4 >> (20 - PAGE_SHIFT));
	WRITE_ONCE(cst_pages_max, (unsigned long)mb << (20 - PAGE_SHIFT));
	/* Idle chunks count, too. */
	cst_pool_trim();
}

int cst_buffer_init(void)
{
	int cpu;

	cst_pools = alloc_percpu(struct cst_pool);
	if (!cst_pools)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(cst_pools, cpu)->lock);
	cst_buffer_set_limit_mb(0);
	return 0;
}

void cst_buffer_exit(void)
{
	cst_pool_trim();
	WARN_ON(atomic_long_read(&cst_pages));
	free_percpu(cst_pools);
}
