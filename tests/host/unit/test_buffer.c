// SPDX-License-Identifier: GPL-2.0-only
/*
 * buffer.c: how much memory a session may have, and what the limit counts.
 *
 * The page allocator and the CPUs are emulated: a chunk of pages is memory behind a small
 * header, and the test sets the CPU that it runs on.
 */
#include <limits.h>
#include <stdlib.h>

#include "core.h"
#include "test.h"

#define TEST_CPUS		4

static int cpu_now;

#define alloc_percpu(type)		((type *)calloc(TEST_CPUS, sizeof(type)))
#define free_percpu(p)			free(p)
#define per_cpu_ptr(p, cpu)		(&(p)[cpu])
#define raw_cpu_ptr(p)			(&(p)[cpu_now])
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < TEST_CPUS; (cpu)++)

#define atomic_long_read(v)		((v)->counter)
#define atomic_long_add_return(n, v)	((v)->counter += (n))
#define atomic_long_sub(n, v)		((void)((v)->counter -= (n)))
#define atomic_long_sub_return(n, v)	((v)->counter -= (n))
#define smp_acquire__after_ctrl_dep()	do { } while (0)
/* No data race is possible: there is one thread. */
#define data_race(x)			(x)
#define WARN_ON(x)			CHECK(!(x))

#define __GFP_NOWARN	0
#define __GFP_COMP	0
#define __GFP_NORETRY	0
#define GFP_NOIO	0
#define GFP_NOWAIT	0
#define GFP_KERNEL	0

#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define LIST_HEAD(l)		struct list_head l = { &(l), &(l) }
#define DECLARE_WORK(w, f)	struct work_struct w = { .func = (f) }

static inline void list_add(struct list_head *n, struct list_head *l)
{
	list_add_tail(n, l->next);
}

/* Queued work runs when a test calls work(). */
struct workqueue_struct *cst_linger_wq;
static struct work_struct *queued;

static void queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	queued = work;
}

static void cancel_work_sync(struct work_struct *work)
{
	queued = NULL;
}

static bool work(void)
{
	struct work_struct *now = queued;

	queued = NULL;
	if (now)
		now->func(now);
	return now;
}

/* The header of a chunk; the chunk's memory begins at a page boundary. */
struct chunk {
	unsigned int	order;
	int		refs;
};

static struct chunk *chunk_of(struct page *page)
{
	return (struct chunk *)((u8 *)page - PAGE_SIZE);
}

static unsigned int asked;	/* calls of alloc_pages() */
static long pages_out;		/* pages taken from the system */
static long pages_max;		/* pages that the system has */
static unsigned int order_max;	/* the order of the largest piece that it has */

static struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;
	u8 *memory;

	asked++;
	if (order > order_max || pages_out + (1L << order) > pages_max)
		return NULL;
	memory = aligned_alloc(PAGE_SIZE, PAGE_SIZE + (PAGE_SIZE << order));
	page = (struct page *)(memory + PAGE_SIZE);
	chunk_of(page)->order = order;
	chunk_of(page)->refs = 1;
	pages_out += 1L << order;
	return page;
}

static void put_page(struct page *page)
{
	struct chunk *chunk = chunk_of(page);

	if (--chunk->refs)
		return;
	pages_out -= 1L << chunk->order;
	free(chunk);
}

#define page_ref_count(page)	(chunk_of(page)->refs)
#define compound_order(page)	(chunk_of(page)->order)
#define page_address(page)	((void *)(page))
#define virt_to_page(p)		((struct page *)(p))
#define totalram_pages()	(1UL << 18)

/* Virtually contiguous memory: a word, and a list of bvecs after it. */
static unsigned int tables_out;
static bool tables_fail;

static void *__vmalloc(unsigned long size, gfp_t gfp)
{
	u8 *memory;

	if (tables_fail)
		return NULL;
	tables_out++;
	memory = aligned_alloc(PAGE_SIZE, PAGE_SIZE + size);
	*(u64 *)memory = 0x7461626c65;
	return memory + PAGE_SIZE;
}

static void vfree(void *p)
{
	tables_out--;
	free((u8 *)p - PAGE_SIZE);
}

static bool is_vmalloc_addr(const void *p)
{
	return *(u64 *)((u8 *)p - PAGE_SIZE) == 0x7461626c65;
}

#define kvzalloc(size, gfp)	calloc(1, size)
#define kvfree(p)		free(p)

/* The shrinker is called by a test. */
#define SHRINK_EMPTY		(~0UL - 1)
#define SHRINK_STOP		(~0UL)

struct shrink_control {
	unsigned long nr_to_scan;
};

struct shrinker {
	unsigned long (*count)(struct shrinker *shrinker, struct shrink_control *sc);
	unsigned long (*scan)(struct shrinker *shrinker, struct shrink_control *sc);
};

static struct shrinker shrinker;

static struct shrinker *
cst_shrinker_register(const char *name, typeof(shrinker.count) count,
		      typeof(shrinker.scan) scan)
{
	shrinker = (struct shrinker){ count, scan };
	return &shrinker;
}

static void cst_shrinker_unregister(struct shrinker *s)
{
	CHECK(s == &shrinker);
}

/* exec.c */
bool cst_cmd_may_sleep(const struct cst_cmd *cmd)
{
	return test_bit(CST_CMD_IN_WORKER, &cmd->flags);
}

#include "../../../src/core/buffer.c"

#define MB	(1024 * 1024L)

static struct cst_session *one, *two;
static struct cst_fabric_ops fabric;
static long base;		/* the number of pages in the reserve */
static struct cst_cmd *cmds[128];
static unsigned int nr;

static void start(unsigned int limit_mb)
{
	pages_max = LONG_MAX;
	order_max = UINT_MAX;
	tables_fail = false;
	CHECK_EQ(cst_buffer_init(), 0);
	CHECK(work());
	base = pages_out;
	cst_buffer_set_limit_mb(limit_mb);
	one = calloc(1, sizeof(*one));
	two = calloc(1, sizeof(*two));
	memset(&fabric, 0, sizeof(fabric));
	one->ops = &fabric;
	two->ops = &fabric;
	cpu_now = 0;
	nr = 0;
}

/* A command of @sess takes @len bytes; false: it may not. */
static bool take(struct cst_session *sess, u32 len)
{
	struct cst_cmd *cmd = calloc(1, sizeof(*cmd));

	cmd->sess = sess;
	if (!cst_buffer_alloc(cmd, len)) {
		free(cmd);
		return false;
	}
	cmds[nr++] = cmd;
	return true;
}

static void give_back(void)
{
	while (nr) {
		cst_buffer_free(cmds[--nr]);
		free(cmds[nr]);
	}
}

static void finish(void)
{
	give_back();
	CHECK_EQ(one->buf_bytes.counter, 0);
	CHECK_EQ(two->buf_bytes.counter, 0);
	cst_buffer_leave_shrinker();
	cst_buffer_exit();
	CHECK_EQ(pages_out, 0);
	CHECK_EQ(tables_out, 0);
	free(one);
	free(two);
}

static void one_that_takes_all_it_can_leaves_room(void)
{
	long taken;

	start(64);
	while (take(one, 256 * 1024))
		;
	taken = one->buf_bytes.counter;
	CHECK(taken >= 16 * MB);
	CHECK(taken <= 24 * MB);
	/* Another session has room for a large command, and for a small one as well. */
	CHECK(take(two, 8 * MB));
	CHECK(take(two, 4096));
	/* A refused command is not counted. */
	CHECK_EQ(one->buf_bytes.counter, taken);
	finish();
}

/* A buffer has no more pieces than the fabric can carry. */
static void no_more_pieces_than_the_fabric_takes(void)
{
	start(64);
	fabric.limits.max_segs = 5;
	CHECK(take(one, 5 * 65536));
	CHECK(!take(one, 6 * 65536));
	CHECK_EQ(one->buf_bytes.counter, 5 * 65536);
	give_back();
	/* The system has memory in single pages only. */
	cst_pool_trim(ULONG_MAX);
	order_max = 0;
	CHECK(take(one, 5 * PAGE_SIZE));
	CHECK(!take(one, 6 * PAGE_SIZE));
	fabric.limits.max_segs = 0;
	CHECK(take(one, 6 * PAGE_SIZE));
	finish();
}

static void its_only_command_may_be_as_large_as_there_is_room(void)
{
	start(16);
	CHECK(take(one, 8 * MB));
	CHECK(!take(one, 8 * MB));
	give_back();
	CHECK(take(one, 8 * MB));
	finish();
}

/* VERIFY needs room for the data-out, and for the blocks of the medium. */
static void its_only_command_may_be_one_that_compares(void)
{
	start(16);
	/* Nothing is left of the memory that sessions share. */
	CHECK(take(two, 8 * MB));
	CHECK(take(one, 4 * MB));
	CHECK(cst_buffer_alloc_scratch(cmds[nr - 1], 3 * MB));
	CHECK_EQ(one->buf_bytes.counter, 7 * MB);
	give_back();

	CHECK(take(two, 8 * MB));
	CHECK(take(one, 4096));
	CHECK(take(one, 2 * MB));
	CHECK(!cst_buffer_alloc_scratch(cmds[nr - 1], 3 * MB));
	finish();
}

/* Fill the pool of every CPU with as many chunks of every size as it keeps. */
static void fill_pools(void)
{
	unsigned int i;

	for (cpu_now = 0; cpu_now < TEST_CPUS; cpu_now++) {
		/* Each command stays within the amount that a session may always have. */
		for (i = 0; i < 32; i++)
			CHECK(take(i & 1 ? one : two, 64 * 1024));
		give_back();
	}
	cpu_now = 0;
}

static void idle_memory_is_nobodys(void)
{
	unsigned int i;

	start(16);
	fill_pools();
	CHECK(pages_out << PAGE_SHIFT >= 8 * MB);
	for (i = 0; i < 5; i++)
		CHECK(take(one, MB));
	/* The session is still limited to its share. */
	CHECK(!take(one, 2 * MB));
	CHECK(take(two, MB));
	finish();
}

static void where_only_single_pages_can_be_had(void)
{
	unsigned int i, before;
	struct bio_vec *bvec;

	start(64);
	order_max = 0;
	CHECK(take(one, 64 * 1024));
	CHECK_EQ(cmds[0]->nr_bvec, 16);
	CHECK(take(one, MB));
	bvec = cmds[1]->bvec;
	CHECK_EQ(cmds[1]->nr_bvec, 256);
	CHECK_EQ(bvec[255].bv_len, PAGE_SIZE);
	/* A page lists 256 pieces; a command may have more, up to the usual maximum length. */
	CHECK(take(one, MB + PAGE_SIZE));
	CHECK_EQ(cmds[2]->nr_bvec, 257);
	before = asked;
	CHECK(take(two, CST_MAX_XFER_BYTES));
	bvec = cmds[3]->bvec;
	CHECK_EQ(cmds[3]->nr_bvec, 2048);
	for (i = 0; i < 2048; i++) {
		CHECK_EQ(bvec[i].bv_len, PAGE_SIZE);
		memset(page_address(bvec[i].bv_page), i, PAGE_SIZE);
	}
	/* A command that was refused a larger chunk does not ask for it again for each piece. */
	CHECK(asked - before < 2048 + 8);
	/* The inline list is short: a longer list moves to a page. */
	CHECK(take(one, 5 * PAGE_SIZE));
	CHECK_EQ(cmds[4]->nr_bvec, 5);
	finish();
}

/* Commands whose lists are longer than a page. */
static void commands_whose_list_is_long(void)
{
	unsigned int i;

	start(256);
	order_max = 0;
	for (i = 0; i < CST_TABLES_MIN; i++)
		CHECK(take(one, 2 * MB));
	CHECK(!queued);
	/* No table is left: the command may be repeated, and work makes one more table. */
	CHECK(!take(one, 2 * MB));
	CHECK_EQ(one->buf_bytes.counter, CST_TABLES_MIN * 2 * MB);
	tables_fail = true;
	CHECK(work());
	CHECK(!take(one, 2 * MB));
	tables_fail = false;
	CHECK(work());
	CHECK(take(one, 2 * MB));
	CHECK(!take(one, 2 * MB));
	CHECK(work());
	CHECK(take(one, 2 * MB));
	CHECK_EQ(tables_out, CST_TABLES_MIN + 2);
	/* Idle tables are kept, until the shrinker asks for memory. */
	give_back();
	CHECK_EQ(tables_out, CST_TABLES_MIN + 2);
	shrinker.scan(&shrinker, &(struct shrink_control){ .nr_to_scan = 1 });
	CHECK_EQ(tables_out, CST_TABLES_MIN + 2);
	CHECK(work());
	CHECK_EQ(tables_out, CST_TABLES_MIN);
	CHECK(take(one, 2 * MB));
	finish();
}

/* There are no more tables than commands that the limit has room for. */
static void lists_are_limited(void)
{
	unsigned int i, more = 0;

	start(16);
	order_max = 0;
	for (i = 0; i < 64; i++) {
		if (!take(i & 1 ? one : two, MB + PAGE_SIZE))
			more += work();
	}
	CHECK(tables_out <= 16);
	CHECK(more < 64);
	CHECK(pages_out - base + (long)tables_out * 8 <= 16 * 256);
	finish();
}

static void where_there_is_no_memory(void)
{
	long out;

	start(64);
	for (pages_max = base; pages_max < base + 300; pages_max++)
		if (take(one, MB + 4096))
			break;
	/* 1 MiB and a page; the list is a table, and the idle chunks have other sizes. */
	CHECK(pages_max >= base + 257 && pages_max < base + 300);
	give_back();
	out = pages_out;
	/* At the limit idle chunks are freed first; after that commands are refused. */
	pages_max = LONG_MAX;
	cst_buffer_set_limit_mb(1);
	CHECK(pages_out < out);
	CHECK(!take(one, MB + 4096));
	CHECK(take(one, MB - 256 * 1024));
	CHECK(!take(two, MB + 4096));
	CHECK(take(two, 64 * 1024));
	give_back();
	CHECK(take(two, MB - 256 * 1024));
	finish();
}

/* The command may be the one whose end frees memory, so it must be able to go on. */
static void without_memory_each_session_goes_on_with_one_command(void)
{
	struct cst_session *sess[CST_RESERVES + 1];
	unsigned int i;

	start(64);
	pages_max = base;
	CHECK(take(one, MB));
	CHECK_EQ(cmds[0]->nr_bvec, 256);
	CHECK_EQ(pages_out, base);
	for (i = 0; i < 256; i++)
		memset(page_address(cmds[0]->bvec[i].bv_page), i, PAGE_SIZE);
	/* The session may have no second command from the reserve, and no larger one. */
	CHECK(!take(one, 4096));
	CHECK(!take(two, MB + 4096));
	CHECK(take(two, 4097));
	CHECK_EQ(cmds[1]->nr_bvec, 2);
	CHECK_EQ(cmds[1]->bvec[1].bv_len, 1);
	CHECK(cmds[1]->bvec[0].bv_page != cmds[0]->bvec[0].bv_page);
	give_back();
	for (i = 0; i <= CST_RESERVES; i++) {
		sess[i] = calloc(1, sizeof(*sess[i]));
		sess[i]->ops = &fabric;
		CHECK(take(sess[i], MB) == (i < CST_RESERVES));
	}
	give_back();
	CHECK(take(sess[CST_RESERVES], MB));
	/* The same when the limit is reached. */
	give_back();
	pages_max = LONG_MAX;
	cst_buffer_set_limit_mb(16);
	CHECK(take(one, 8 * MB));
	CHECK(take(two, 7 * MB));
	CHECK(take(sess[0], MB));
	CHECK(take(sess[1], MB));
	CHECK(test_bit(CST_CMD_BUF_RESERVE, &cmds[3]->flags));
	give_back();
	for (i = 0; i <= CST_RESERVES; i++)
		free(sess[i]);
	finish();
}

/* The network may still read a page of the reserve. */
static void a_page_of_the_reserve_is_waited_for(void)
{
	struct page *held[CST_RESERVES];
	unsigned int i;

	start(64);
	pages_max = base;
	CHECK(take(one, 4096));
	held[0] = cmds[0]->bvec[0].bv_page;
	chunk_of(held[0])->refs++;
	give_back();
	CHECK(take(one, 4096));
	CHECK(cmds[0]->bvec[0].bv_page != held[0]);
	give_back();
	for (i = 1; i < CST_RESERVES; i++) {
		held[i] = cst_reserves[i]->pages[7];
		chunk_of(held[i])->refs++;
	}
	CHECK(!take(one, MB));
	CHECK(take(one, MB - 4096));
	give_back();
	for (i = 0; i < CST_RESERVES; i++)
		put_page(held[i]);
	CHECK(take(one, MB));
	finish();
}

static void fill_ring_of_all(void)
{
	unsigned int i;

	for (cpu_now = 0; cpu_now < TEST_CPUS; cpu_now++) {
		for (i = 0; i < 16; i++)
			CHECK(take(one, 64 * 1024));
		give_back();
	}
	cpu_now = 0;
}

static long idle_of(int cpu)
{
	return per_cpu_ptr(cst_pools, cpu)->ring[2].count;
}

/* At the limit the idle chunks of other CPUs are freed once, not for each command. */
static void the_limit_does_not_empty_all_pools_again_and_again(void)
{
	struct cst_session *three = calloc(1, sizeof(*three));
	unsigned int i;

	start(16);
	three->ops = &fabric;
	fill_ring_of_all();
	CHECK_EQ(idle_of(3), 16);
	CHECK(take(one, 8 * MB));
	CHECK(take(two, 7 * MB));
	CHECK_EQ(idle_of(3), 0);
	/* A chunk that is given back while memory is short does not become idle. */
	CHECK(take(three, 64 * 1024));
	cpu_now = 3;
	nr--;
	cst_buffer_free(cmds[nr]);
	free(cmds[nr]);
	CHECK_EQ(idle_of(3), 0);
	cpu_now = 0;
	/* An idle chunk, put there directly: refused commands do not look for it. */
	cst_ring_push(&per_cpu_ptr(cst_pools, 3)->ring[2], 32, alloc_pages(0, 4));
	CHECK_EQ(cst_pages_charge(16), true);
	for (i = 0; i < 8; i++)
		CHECK(!take(two, 2 * MB));
	CHECK_EQ(idle_of(3), 1);
	/* Once all memory is given back, the pools work as before. */
	give_back();
	fill_ring_of_all();
	CHECK_EQ(idle_of(2), 16);
	free(three);
	finish();
}

/* A session that has its share and asks for more does not empty the pools of others. */
static void who_is_refused_its_share_does_not_empty_the_pools(void)
{
	unsigned int i;

	start(64);
	while (take(one, 256 * 1024))
		;
	CHECK_EQ(cst_tight, true);
	cst_ring_push(&per_cpu_ptr(cst_pools, 3)->ring[2], 32, alloc_pages(0, 4));
	CHECK_EQ(cst_pages_charge(16), true);
	for (i = 0; i < 8; i++)
		CHECK(!take(one, 256 * 1024));
	CHECK_EQ(idle_of(3), 1);
	finish();
}

static void what_is_idle_goes_back_when_memory_is_short(void)
{
	struct shrink_control sc = { .nr_to_scan = 128 };
	unsigned long idle;
	long out;

	start(64);
	CHECK_EQ(shrinker.count(&shrinker, &sc), SHRINK_EMPTY);
	CHECK_EQ(shrinker.scan(&shrinker, &sc), SHRINK_STOP);
	fill_ring_of_all();
	CHECK(take(two, MB));
	idle = shrinker.count(&shrinker, &sc);
	CHECK_EQ(idle, (TEST_CPUS - 1) * 256);
	out = pages_out;
	CHECK_EQ(shrinker.scan(&shrinker, &sc), 128);
	CHECK_EQ(out - pages_out, 128);
	CHECK_EQ(shrinker.count(&shrinker, &sc), idle - 128);
	while (shrinker.scan(&shrinker, &sc) != SHRINK_STOP)
		;
	CHECK_EQ(pages_out - base, 256 + 1);
	finish();
}

static void loading_without_memory(void)
{
	unsigned int i;

	for (i = 0; i < 1024; i += 100) {
		pages_max = pages_out + i;
		CHECK_EQ(cst_buffer_init(), -ENOMEM);
		CHECK_EQ(pages_out, 0);
		CHECK_EQ(tables_out, 0);
	}
	pages_max = LONG_MAX;
	/* Tables that could not be made are made again when a command asks for one. */
	tables_fail = true;
	CHECK_EQ(cst_buffer_init(), 0);
	CHECK(work());
	cst_buffer_leave_shrinker();
	cst_buffer_exit();
	CHECK_EQ(pages_out, 0);
}

static void a_command_compares_with_one_buffer(void)
{
	start(64);
	CHECK(take(one, 4096));
	CHECK(cst_buffer_alloc_scratch(cmds[0], 4096));
	CHECK(cst_buffer_alloc_scratch(cmds[0], 4096));
	CHECK_EQ(one->buf_bytes.counter, 8192);
	give_back();
	CHECK(take(one, 4096));
	pages_max = 0;
	cst_pool_trim(ULONG_MAX);
	CHECK(!cst_buffer_alloc_scratch(cmds[0], 4096));
	CHECK_EQ(one->buf_bytes.counter, 4096);
	finish();
}

/* A page that the network still reads is not handed out again. */
static void who_holds_a_page_keeps_its_bytes(void)
{
	struct page *held;

	start(64);
	CHECK(take(one, 4096));
	held = cmds[0]->bvec[0].bv_page;
	chunk_of(held)->refs++;
	give_back();
	CHECK(take(one, 4096));
	CHECK(cmds[0]->bvec[0].bv_page != held);
	give_back();
	put_page(held);
	CHECK(take(one, 4096));
	CHECK(take(one, 4096));
	CHECK(cmds[0]->bvec[0].bv_page == held || cmds[1]->bvec[0].bv_page == held);
	finish();
}

TEST_MAIN(
	T(no_more_pieces_than_the_fabric_takes),
	T(where_only_single_pages_can_be_had),
	T(commands_whose_list_is_long),
	T(lists_are_limited),
	T(where_there_is_no_memory),
	T(without_memory_each_session_goes_on_with_one_command),
	T(a_page_of_the_reserve_is_waited_for),
	T(the_limit_does_not_empty_all_pools_again_and_again),
	T(who_is_refused_its_share_does_not_empty_the_pools),
	T(what_is_idle_goes_back_when_memory_is_short),
	T(loading_without_memory),
	T(a_command_compares_with_one_buffer),
	T(who_holds_a_page_keeps_its_bytes),
	T(one_that_takes_all_it_can_leaves_room),
	T(its_only_command_may_be_as_large_as_there_is_room),
	T(its_only_command_may_be_one_that_compares),
	T(idle_memory_is_nobodys),
)
