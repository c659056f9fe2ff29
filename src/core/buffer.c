// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data buffers: chunks of pages from per-CPU pools, under one memory limit.
 *
 * Called by submit.c, xfer.c, the emulation and the kernel's reclaim.  A pool has a ring of
 * chunks for each chunk size.  Each CPU has a pool; other CPUs take the pool's lock only
 * to trim it.  Fabrics send chunks by reference and release the command before the network
 * has dropped its references.  So a chunk may come back while it is still being read.  It
 * is used again only when its reference count says that there is no other user.  That is
 * most likely true for the oldest chunk of a ring.  Chunks keep old data: a user that takes
 * a chunk must fill all bytes that it passes on.
 *
 * The limit counts pages taken from the system, whether they are in use or idle in a pool.
 * So the shared counter is not touched in the steady state.  When an allocation meets the
 * limit, all idle chunks are freed once.  Chunks that come back from then on are freed
 * instead of kept, until three quarters of the limit are free.  So the pools of other CPUs
 * are not searched for each command.  Idle chunks are also freed when the system is short
 * of memory.
 *
 * When memory is fragmented a buffer is made of single pages, and its list of bvecs may be
 * longer than a page.  Such a list is stored in one of a few tables, which are virtually
 * contiguous.  A work makes tables in advance, because making one may sleep.  A command that
 * finds no table has the work make one more for the next attempt.
 *
 * The initiator may run on this host, and its command may be what frees memory.  So a
 * command that finds no memory, or meets the limit, gets a buffer of a reserve.  Such a
 * buffer has CST_RESERVE_BYTES at most, and each session has one at a time.  The limit does
 * not count the reserve.
 *
 * An initiator decides how long its commands keep their buffers: it may send no data, or
 * read none.  So a session may always have CST_SHARE_MIN, and more only while its buffers
 * are not larger than what is still free of three quarters of the limit.  A session that
 * takes as much as it can leaves room for large commands of others, and many such sessions
 * together leave the last quarter for small commands.  Chunks that are idle in the pools
 * count as free for this.
 */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "core.h"

#define CST_POOL_CLASSES	3
#define CST_POOL_RING		256	/* power of two, slots of the smallest class */
#define CST_POOL_LOOK		4	/* chunks to look at before taking pages from the system */
#define CST_SHARE_MIN		(1024 * 1024L)	/* bytes that a session may always ask for */

/* bvecs in a page, and in a table: one for each page of the longest command */
#define CST_BVECS_PAGE		(PAGE_SIZE / sizeof(struct bio_vec))
#define CST_BVECS_TABLE		(CST_MAX_XFER_BYTES / PAGE_SIZE)
#define CST_TABLE_PAGES		DIV_ROUND_UP(CST_BVECS_TABLE * sizeof(struct bio_vec), PAGE_SIZE)
#define CST_TABLES_MIN		4

#define CST_RESERVES		4
#define CST_RESERVE_BYTES	(1024U * 1024)	/* longest command of most initiators */
#define CST_RESERVE_PAGES	(CST_RESERVE_BYTES / PAGE_SIZE)

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

/* A table of bvecs that is not in use: its memory holds the link instead of bvecs. */
struct cst_table {
	struct list_head	node;
};

/**
 * struct cst_reserve - a buffer that is allocated before it is needed
 * @sess: session whose command has the buffer, or NULL; cst_reserve_lock
 * @pages: pages of the buffer.  The network may still read some of them after the command
 *	has given the buffer back
 * @bvec: the pages that the command has been given
 */
struct cst_reserve {
	struct cst_session	*sess;
	struct page		*pages[CST_RESERVE_PAGES];
	struct bio_vec		bvec[CST_RESERVE_PAGES];
};

static struct cst_pool __percpu *cst_pools;
static atomic_long_t cst_pages;		/* taken from the system */
static unsigned long cst_pages_max;	/* cmd_mem_limit_mb, in pages */
/*
 * The limit has been met, and no chunk is kept idle.  Set before trimming takes the locks
 * of the pools, and read under them: no chunk is put into a pool after it was trimmed.
 */
static bool cst_tight;
static struct shrinker *cst_shrinker;

static LIST_HEAD(cst_tables);		/* idle ones */
static unsigned int cst_tables_nr;	/* idle and in use */
static unsigned int cst_tables_want;	/* how many there should be */
static DEFINE_SPINLOCK(cst_tables_lock);	/* protects the three above */

static struct cst_reserve *cst_reserves[CST_RESERVES];
static DEFINE_SPINLOCK(cst_reserve_lock);

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

static void cst_pages_uncharge(long pages)
{
	long left = atomic_long_sub_return(pages, &cst_pages);

	if (unlikely(READ_ONCE(cst_tight)) && left < READ_ONCE(cst_pages_max) / 4)
		WRITE_ONCE(cst_tight, false);
}

static void cst_page_free(struct page *page, unsigned int class)
{
	cst_pages_uncharge(1L << cst_pool_order[class]);
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
	kept = ring->count < slots && likely(!READ_ONCE(cst_tight));
	if (likely(kept))
		cst_ring_push(ring, slots, page);
	spin_unlock_irqrestore(&pool->lock, flags);
	if (unlikely(!kept))
		cst_page_free(page, class);
}

/* Give idle chunks back to the system, @want pages or a few more.  Return: how many. */
static unsigned long cst_pool_trim(unsigned long want)
{
	unsigned long flags, freed = 0;
	struct page *page;
	unsigned int class;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cst_pool *pool = per_cpu_ptr(cst_pools, cpu);

		for (class = 0; class < CST_POOL_CLASSES; class++) {
			struct cst_pool_ring *ring = &pool->ring[class];

			while (freed < want) {
				page = NULL;
				spin_lock_irqsave(&pool->lock, flags);
				if (ring->count)
					page = cst_ring_pop(ring,
							    cst_pool_slots[class]);
				spin_unlock_irqrestore(&pool->lock, flags);
				if (!page)
					break;
				freed += 1UL << cst_pool_order[class];
				cst_page_free(page, class);
			}
		}
	}
	return freed;
}

/* The approximate number of pages in the pools of all CPUs, which are in use meanwhile. */
static unsigned long cst_pages_idle(void)
{
	unsigned long idle = 0;
	unsigned int class;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct cst_pool *pool = per_cpu_ptr(cst_pools, cpu);

		for (class = 0; class < CST_POOL_CLASSES; class++) {
			/* data_race: an old count will do. */
			unsigned long count = data_race(pool->ring[class].count);

			idle += count << cst_pool_order[class];
		}
	}
	return idle;
}

/*
 * The limit has been met: give back all idle chunks.  Return: false when the limit had been
 * met before, so that no chunk is idle.
 */
static noinline bool cst_tighten(void)
{
	if (READ_ONCE(cst_tight))
		return false;
	WRITE_ONCE(cst_tight, true);
	cst_pool_trim(ULONG_MAX);
	return true;
}

static bool cst_pages_charge(long pages)
{
	if (likely(atomic_long_add_return(pages, &cst_pages) <=
		   READ_ONCE(cst_pages_max)))
		return true;
	atomic_long_sub(pages, &cst_pages);
	return false;
}

/* False when the limit has been met and @len more bytes would exceed it. */
static bool cst_pages_room(u32 len)
{
	return likely(!READ_ONCE(cst_tight)) ||
	       atomic_long_read(&cst_pages) + DIV_ROUND_UP(len, PAGE_SIZE) <=
		       READ_ONCE(cst_pages_max);
}

static noinline struct page *cst_page_alloc(unsigned int class, bool may_sleep)
{
	unsigned int order = cst_pool_order[class];
	gfp_t gfp = __GFP_NOWARN | __GFP_COMP;
	struct page *page;

	/* At the limit, free the idle chunks of all sizes and CPUs and try once more. */
	if (unlikely(!cst_pages_charge(1L << order)) &&
	    (!cst_tighten() || !cst_pages_charge(1L << order)))
		return NULL;
	/*
	 * Wait only for a single page, because smaller chunks do as well.  Never start reclaim
	 * that could come back to this target.
	 */
	gfp |= may_sleep && !order ? GFP_NOIO | __GFP_NORETRY : GFP_NOWAIT;
	page = alloc_pages(gfp, order);
	if (!page)
		cst_pages_uncharge(1L << order);
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

/*
 * Get a chunk for @len bytes, or a smaller one for the first of them.  *top is the largest
 * class that is to be tried; it is lowered when an allocation fails.
 */
static struct page *cst_chunk_get(u32 len, bool may_sleep, unsigned int *top,
				  u32 *size)
{
	unsigned int class = min(cst_chunk_class(len), *top);
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
		if (!class)
			return NULL;
		*top = --class;
	}
}

static void cst_chunk_put(struct page *page)
{
	cst_pool_put(page, cst_page_class(page));
}

/* Tables of bvecs */

static void cst_table_put(struct bio_vec *bvec)
{
	struct cst_table *table = (struct cst_table *)bvec;
	unsigned long flags;

	spin_lock_irqsave(&cst_tables_lock, flags);
	list_add(&table->node, &cst_tables);
	spin_unlock_irqrestore(&cst_tables_lock, flags);
}

static struct cst_table *cst_table_pop(void)
{
	struct cst_table *table;

	lockdep_assert_held(&cst_tables_lock);

	table = list_first_entry_or_null(&cst_tables, struct cst_table, node);
	if (table)
		list_del(&table->node);
	return table;
}

static void cst_tables_more(void)
{
	struct cst_table *table;
	bool missing;

	for (;;) {
		spin_lock_irq(&cst_tables_lock);
		missing = cst_tables_nr < cst_tables_want;
		spin_unlock_irq(&cst_tables_lock);
		if (!missing || !cst_pages_charge(CST_TABLE_PAGES))
			return;
		table = __vmalloc(CST_TABLE_PAGES * PAGE_SIZE,
				  GFP_KERNEL | __GFP_NOWARN);
		if (!table) {
			cst_pages_uncharge(CST_TABLE_PAGES);
			return;
		}
		spin_lock_irq(&cst_tables_lock);
		cst_tables_nr++;
		list_add(&table->node, &cst_tables);
		spin_unlock_irq(&cst_tables_lock);
	}
}

/* Free idle tables until @keep tables are left, idle and in use. */
static void cst_tables_less(unsigned int keep)
{
	struct cst_table *table;

	for (;;) {
		spin_lock_irq(&cst_tables_lock);
		table = cst_tables_nr > keep ? cst_table_pop() : NULL;
		if (table)
			cst_tables_nr--;
		spin_unlock_irq(&cst_tables_lock);
		if (!table)
			return;
		cst_pages_uncharge(CST_TABLE_PAGES);
		vfree(table);
	}
}

static void cst_tables_adjust(struct work_struct *work)
{
	cst_tables_more();
	cst_tables_less(READ_ONCE(cst_tables_want));
}

static DECLARE_WORK(cst_tables_work, cst_tables_adjust);

static struct bio_vec *cst_table_get(void)
{
	struct cst_table *table;
	unsigned long flags;

	spin_lock_irqsave(&cst_tables_lock, flags);
	table = cst_table_pop();
	/* Bounded: each table in use describes more than CST_BVECS_PAGE pages. */
	if (!table && cst_tables_want < READ_ONCE(cst_pages_max) / CST_BVECS_PAGE)
		cst_tables_want = cst_tables_nr + 1;
	spin_unlock_irqrestore(&cst_tables_lock, flags);
	if (unlikely(!table))
		queue_work(cst_linger_wq, &cst_tables_work);
	return (struct bio_vec *)table;
}

/*
 * Have the work free idle tables above the minimum.  They are not freed here, because the
 * caller is reclaim.
 */
static void cst_tables_shrink(void)
{
	unsigned long flags;
	bool more;

	spin_lock_irqsave(&cst_tables_lock, flags);
	cst_tables_want = CST_TABLES_MIN;
	more = cst_tables_nr > cst_tables_want && !list_empty(&cst_tables);
	spin_unlock_irqrestore(&cst_tables_lock, flags);
	if (more)
		queue_work(cst_linger_wq, &cst_tables_work);
}

/* The system is short of memory. */

static unsigned long cst_shrink_count(struct shrinker *shrinker,
				      struct shrink_control *sc)
{
	return cst_pages_idle() ?: SHRINK_EMPTY;
}

static unsigned long cst_shrink_scan(struct shrinker *shrinker,
				     struct shrink_control *sc)
{
	cst_tables_shrink();
	return cst_pool_trim(sc->nr_to_scan) ?: SHRINK_STOP;
}

/* The list @bvec is full with @n chunks.  Return: a longer copy of it, or NULL. */
static struct bio_vec *cst_bvec_longer(struct bio_vec *bvec, unsigned int n,
				       bool may_sleep, unsigned int *max)
{
	struct bio_vec *longer = NULL;
	unsigned int top = 0;
	struct page *page;
	u32 size;

	if (n < CST_BVECS_PAGE) {
		page = cst_chunk_get(PAGE_SIZE, may_sleep, &top, &size);
		if (page)
			longer = page_address(page);
		*max = CST_BVECS_PAGE;
	} else if (n < CST_BVECS_TABLE) {
		longer = cst_table_get();
		*max = CST_BVECS_TABLE;
	}
	if (longer && n)
		memcpy(longer, bvec, n * sizeof(*bvec));
	return longer;
}

/* Free a list, but not its chunks. */
static void cst_bvec_put(struct bio_vec *bvec)
{
	if (is_vmalloc_addr(bvec))
		cst_table_put(bvec);
	else
		cst_chunk_put(virt_to_page(bvec));
}

void cst_bvec_free(struct bio_vec *bvec, u16 nr, bool alloced)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		cst_chunk_put(bvec[i].bv_page);
	if (unlikely(alloced))
		cst_bvec_put(bvec);
}

struct bio_vec *cst_bvec_alloc(struct bio_vec *inl, unsigned int nr_inline,
			       u32 len, bool may_sleep, u16 *nr, bool *alloced)
{
	unsigned int top = CST_POOL_CLASSES - 1;
	unsigned int max = nr_inline;
	struct bio_vec *bvec = inl;
	struct page *page;
	unsigned int n = 0;
	u32 size;

	*alloced = false;
	/* Do not take pages from the system only to find that there are not enough. */
	if (unlikely(!cst_pages_room(len)))
		return NULL;
	if (unlikely(len > nr_inline * (PAGE_SIZE << cst_pool_order[CST_POOL_CLASSES - 1]))) {
		bvec = cst_bvec_longer(NULL, 0, may_sleep, &max);
		if (!bvec)
			return NULL;
		*alloced = true;
	}

	while (len) {
		if (unlikely(n == max)) {
			struct bio_vec *longer;

			/* Some chunks are smaller than the largest class. */
			longer = cst_bvec_longer(bvec, n, may_sleep, &max);
			if (!longer)
				goto fail;
			if (*alloced)
				cst_bvec_put(bvec);
			bvec = longer;
			*alloced = true;
		}
		page = cst_chunk_get(len, may_sleep, &top, &size);
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

/*
 * Does a list have more entries than the fabric can take?  CST_INLINE_BVECS entries never
 * are too many.
 */
static bool cst_too_many_segs(const struct cst_session *sess, u16 nr)
{
	u16 max = sess->ops->limits.max_segs;

	return max && nr > max;
}

/* The reserve */

/*
 * Fill reserve->bvec with pages for @len bytes, skipping pages that still have another
 * user.  Return: number of pages, or 0 when there are not enough.
 */
static u16 cst_reserve_fill(struct cst_reserve *reserve, u32 len)
{
	unsigned int i;
	u16 n = 0;

	for (i = 0; i < CST_RESERVE_PAGES && len; i++) {
		struct bio_vec *bv = &reserve->bvec[n];

		if (page_ref_count(reserve->pages[i]) != 1)
			continue;
		/* Pairs with the release of the last foreign reference. */
		smp_acquire__after_ctrl_dep();
		bv->bv_page = reserve->pages[i];
		bv->bv_offset = 0;
		bv->bv_len = min_t(u32, len, PAGE_SIZE);
		len -= bv->bv_len;
		n++;
	}
	return len ? 0 : n;
}

static noinline struct bio_vec *cst_reserve_get(struct cst_session *sess,
						u32 len, u16 *nr)
{
	struct cst_reserve *reserve, *found = NULL;
	unsigned long flags;
	unsigned int i;

	if (len > CST_RESERVE_BYTES ||
	    cst_too_many_segs(sess, DIV_ROUND_UP(len, PAGE_SIZE)))
		return NULL;
	spin_lock_irqsave(&cst_reserve_lock, flags);
	for (i = 0; i < CST_RESERVES; i++) {
		reserve = cst_reserves[i];
		if (reserve->sess == sess) {
			found = NULL;
			break;
		}
		if (found || reserve->sess)
			continue;
		*nr = cst_reserve_fill(reserve, len);
		if (*nr)
			found = reserve;
	}
	if (found)
		found->sess = sess;
	spin_unlock_irqrestore(&cst_reserve_lock, flags);
	return found ? found->bvec : NULL;
}

static void cst_reserve_put(struct bio_vec *bvec)
{
	struct cst_reserve *reserve = container_of(bvec, struct cst_reserve,
						   bvec[0]);
	unsigned long flags;

	spin_lock_irqsave(&cst_reserve_lock, flags);
	reserve->sess = NULL;
	spin_unlock_irqrestore(&cst_reserve_lock, flags);
}

static void cst_reserve_destroy(struct cst_reserve *reserve)
{
	unsigned int i;

	if (!reserve)
		return;
	for (i = 0; i < CST_RESERVE_PAGES; i++)
		if (reserve->pages[i])
			put_page(reserve->pages[i]);
	kvfree(reserve);
}

static struct cst_reserve *cst_reserve_create(void)
{
	struct cst_reserve *reserve = kvzalloc(sizeof(*reserve), GFP_KERNEL);
	unsigned int i;

	if (!reserve)
		return NULL;
	for (i = 0; i < CST_RESERVE_PAGES; i++) {
		reserve->pages[i] = alloc_pages(GFP_KERNEL, 0);
		if (!reserve->pages[i]) {
			cst_reserve_destroy(reserve);
			return NULL;
		}
	}
	return reserve;
}

/*
 * Charge @len bytes for a command that already has @own bytes to its session.  Return: false
 * when that is more than the session's share.  A command that is the only one of its session
 * with a buffer is never refused.
 */
static bool cst_share_charge(struct cst_session *sess, u32 len, u32 own)
{
	long bytes = atomic_long_add_return(len, &sess->buf_bytes);
	long left;

	if (likely(bytes <= CST_SHARE_MIN) || bytes == (long)own + len)
		return true;
	do {
		left = READ_ONCE(cst_pages_max) / 4 * 3 -
		       atomic_long_read(&cst_pages);
		if (likely(bytes >> PAGE_SHIFT <= left))
			return true;
		/* Idle chunks are free for everybody, but have been charged. */
	} while (cst_tighten());
	atomic_long_sub(len, &sess->buf_bytes);
	return false;
}

/**
 * cst_buffer_alloc() - give a command a buffer of its own
 * @cmd: without one
 * @len: bytes, not 0
 *
 * Context: any up to softirq.  Return: false when the session has had its share; or when
 * there is no memory, the limit has been met, or the memory is in more pieces than the
 * fabric takes, and there is no buffer in the reserve either.
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
		bvec = cst_reserve_get(cmd->sess, len, &nr);
		if (!bvec) {
			atomic_long_sub(len, &cmd->sess->buf_bytes);
			return false;
		}
		__set_bit(CST_CMD_BUF_RESERVE, &cmd->flags);
		alloced = false;
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
		if (unlikely(test_bit(CST_CMD_BUF_RESERVE, &cmd->flags)))
			cst_reserve_put(cmd->bvec);
		else
			cst_bvec_free(cmd->bvec, cmd->nr_bvec,
				      test_bit(CST_CMD_BVEC_ALLOCED, &cmd->flags));
		atomic_long_sub(cmd->buf_len, &cmd->sess->buf_bytes);
	}
	cst_buffer_free_scratch(cmd);
}

/**
 * cst_buffer_alloc_scratch() - give a command a second buffer
 * @cmd: may have one already
 * @len: bytes, not 0
 *
 * VERIFY needs it, for example, for the data that it reads from the medium.
 *
 * Context: any up to softirq.  Return: false when the session has had its share, there is
 * no memory, or the limit has been met; the reserve is not used.
 */
bool cst_buffer_alloc_scratch(struct cst_cmd *cmd, u32 len)
{
	u32 own = test_bit(CST_CMD_OWN_BUF, &cmd->flags) ? cmd->buf_len : 0;
	bool alloced;

	if (cmd->scratch_bvec)
		return true;
	if (!cst_share_charge(cmd->sess, len, own))
		return false;
	/* Without inline_bvec, which may describe the data-out. */
	cmd->scratch_bvec = cst_bvec_alloc(NULL, 0, len, cst_cmd_may_sleep(cmd),
					   &cmd->scratch_nr_bvec, &alloced);
	if (!cmd->scratch_bvec) {
		atomic_long_sub(len, &cmd->sess->buf_bytes);
		return false;
	}
	cmd->scratch_len = len;
	if (alloced)
		__set_bit(CST_CMD_SCRATCH_ALLOCED, &cmd->flags);
	return true;
}

void cst_buffer_free_scratch(struct cst_cmd *cmd)
{
	if (likely(!cmd->scratch_bvec))
		return;
	cst_bvec_free(cmd->scratch_bvec, cmd->scratch_nr_bvec,
		      test_bit(CST_CMD_SCRATCH_ALLOCED, &cmd->flags));
	atomic_long_sub(cmd->scratch_len, &cmd->sess->buf_bytes);
	cmd->scratch_bvec = NULL;
}

/**
 * cst_buffer_set_limit_mb() - set how much memory buffers may take
 * @mb: MiB; 0: a quarter of all memory
 *
 * Idle chunks go back to the system at once.  Buffers that are in use may exceed a smaller
 * limit until they are given back.
 */
void cst_buffer_set_limit_mb(u32 mb)
{
	if (!mb)
		mb = max_t(unsigned long, CST_MEM_LIMIT_MIN_MB,
			   totalram_pages() / 4 >> (20 - PAGE_SHIFT));
	WRITE_ONCE(cst_pages_max, (unsigned long)mb << (20 - PAGE_SHIFT));
	/* Idle chunks count for the limit, too. */
	cst_pool_trim(ULONG_MAX);
}

static void cst_reserves_destroy(void)
{
	unsigned int i;

	for (i = 0; i < CST_RESERVES; i++) {
		cst_reserve_destroy(cst_reserves[i]);
		cst_reserves[i] = NULL;
	}
}

int cst_buffer_init(void)
{
	unsigned int i;
	int cpu;

	cst_pools = alloc_percpu(struct cst_pool);
	if (!cst_pools)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(cst_pools, cpu)->lock);
	cst_buffer_set_limit_mb(0);

	for (i = 0; i < CST_RESERVES; i++) {
		cst_reserves[i] = cst_reserve_create();
		if (!cst_reserves[i])
			goto destroy;
	}
	cst_tables_want = CST_TABLES_MIN;
	cst_shrinker = cst_shrinker_register("cst-buffers", cst_shrink_count,
					     cst_shrink_scan);
	if (!cst_shrinker)
		goto destroy;
	queue_work(cst_linger_wq, &cst_tables_work);
	return 0;

destroy:
	cst_reserves_destroy();
	free_percpu(cst_pools);
	return -ENOMEM;
}

/* From here on reclaim does not call in any more; it would need cst_linger_wq. */
void cst_buffer_leave_shrinker(void)
{
	cst_shrinker_unregister(cst_shrinker);
}

void cst_buffer_exit(void)
{
	cst_pool_trim(ULONG_MAX);
	cancel_work_sync(&cst_tables_work);
	cst_tables_less(0);
	cst_reserves_destroy();
	WARN_ON(atomic_long_read(&cst_pages));
	free_percpu(cst_pools);
}
