// SPDX-License-Identifier: GPL-2.0-only
/*
 * buffer.c: how much a session may have, and what the limit counts.
 *
 * The page allocator and the CPUs are played by hand: a chunk of pages is memory
 * behind a small header, and a test says on which CPU it runs.
 */
#include <limits.h>
#include <stdlib.h>

/* emu.c has its own of these. */
#define cst_bvec_alloc		pool_bvec_alloc
#define cst_bvec_free		pool_bvec_free
#define cst_buffer_alloc	pool_buffer_alloc
#define cst_buffer_free		pool_buffer_free
#define cst_buffer_alloc_verify	pool_buffer_alloc_verify
#define cst_buffer_free_verify	pool_buffer_free_verify

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
#define smp_acquire__after_ctrl_dep()	do { } while (0)
/* data_race: nobody else is there. */
#define data_race(x)			(x)
#define WARN_ON(x)			CHECK(!(x))

#define __GFP_NOWARN	0
#define __GFP_COMP	0
#define __GFP_NORETRY	0
#define GFP_NOIO	0
#define GFP_NOWAIT	0

/* What the kernel knows of a chunk; its memory begins at a page. */
struct chunk {
	unsigned int	order;
	int		refs;
};

static struct chunk *chunk_of(struct page *page)
{
	return (struct chunk *)((u8 *)page - PAGE_SIZE);
}

static long pages_out;		/* taken from the system */
static long pages_max;		/* that the system has */
static unsigned int order_max;	/* in pieces no larger than that */

static struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;
	u8 *memory;

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

#include "../../src/core/buffer.c"

#define MB	(1024 * 1024L)

static struct cst_session *one, *two;
static struct cst_fabric_ops fabric;
static struct cst_cmd *cmds[128];
static unsigned int nr;

static void start(unsigned int limit_mb)
{
	CHECK_EQ(cst_buffer_init(), 0);
	cst_buffer_set_limit_mb(limit_mb);
	one = calloc(1, sizeof(*one));
	two = calloc(1, sizeof(*two));
	memset(&fabric, 0, sizeof(fabric));
	one->ops = &fabric;
	two->ops = &fabric;
	cpu_now = 0;
	nr = 0;
	pages_max = LONG_MAX;
	order_max = UINT_MAX;
}

/* A command of that session takes so much, if it may. */
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
	cst_buffer_exit();
	CHECK_EQ(pages_out, 0);
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
	/* Large commands of another find room, and its small ones always do. */
	CHECK(take(two, 8 * MB));
	CHECK(take(two, 4096));
	/* What was refused is not counted. */
	CHECK_EQ(one->buf_bytes.counter, taken);
	finish();
}

/* What a fabric cannot carry is no buffer. */
static void no_more_pieces_than_the_fabric_takes(void)
{
	start(64);
	fabric.limits.max_segs = 5;
	CHECK(take(one, 5 * 65536));
	CHECK(!take(one, 6 * 65536));
	CHECK_EQ(one->buf_bytes.counter, 5 * 65536);
	give_back();
	/* Memory in single pages */
	cst_pool_trim();
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

/* VERIFY needs room for what comes, and for what the medium holds. */
static void its_only_command_may_be_one_that_compares(void)
{
	start(16);
	/* Nothing is left of what several may share. */
	CHECK(take(two, 8 * MB));
	CHECK(take(one, 4 * MB));
	CHECK(cst_buffer_alloc_verify(cmds[nr - 1], 3 * MB));
	CHECK_EQ(one->buf_bytes.counter, 7 * MB);
	give_back();

	CHECK(take(two, 8 * MB));
	CHECK(take(one, 4096));
	CHECK(take(one, 2 * MB));
	CHECK(!cst_buffer_alloc_verify(cmds[nr - 1], 3 * MB));
	finish();
}

/* Chunks of every size, on every CPU, as many as a pool keeps. */
static void fill_pools(void)
{
	unsigned int i;

	for (cpu_now = 0; cpu_now < TEST_CPUS; cpu_now++) {
		/* Each within what a session may always have. */
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
	/* Still a share. */
	CHECK(!take(one, 2 * MB));
	CHECK(take(two, MB));
	finish();
}

static void where_only_single_pages_can_be_had(void)
{
	static struct bio_vec *bvec;

	start(64);
	order_max = 0;
	/* Four pages are listed in place; a fifth, and none to list them. */
	pages_max = 4;
	CHECK(!take(one, 5 * PAGE_SIZE));
	CHECK_EQ(one->buf_bytes.counter, 0);
	pages_max = LONG_MAX;
	CHECK(take(one, 64 * 1024));
	CHECK_EQ(cmds[0]->nr_bvec, 16);
	CHECK(take(one, MB));
	bvec = cmds[1]->bvec;
	CHECK_EQ(cmds[1]->nr_bvec, 256);
	CHECK_EQ(bvec[255].bv_len, PAGE_SIZE);
	/* A page lists no more of them. */
	CHECK(!take(one, MB + PAGE_SIZE));
	/* Nor is all that many inline: the list moves to a page when it is too long. */
	CHECK(take(one, 5 * PAGE_SIZE));
	CHECK_EQ(cmds[2]->nr_bvec, 5);
	finish();
}

static void where_there_is_no_memory(void)
{
	long out;

	start(64);
	for (pages_max = 0; pages_max < 300; pages_max++)
		if (take(one, MB + 4096))
			break;
	/* 1 MiB and a page, and their list; what is idle is of other sizes. */
	CHECK(pages_max >= 258 && pages_max < 300);
	give_back();
	out = pages_out;
	/* At the limit what is idle goes first, then commands are refused. */
	pages_max = LONG_MAX;
	cst_buffer_set_limit_mb(1);
	CHECK(pages_out < out);
	CHECK(!take(one, MB + 4096));
	CHECK(take(one, MB - 128 * 1024));
	CHECK(!take(two, MB));
	CHECK(take(two, 64 * 1024));
	give_back();
	CHECK(take(two, MB - 128 * 1024));
	finish();
}

static void a_command_compares_with_one_buffer(void)
{
	start(64);
	CHECK(take(one, 4096));
	CHECK(cst_buffer_alloc_verify(cmds[0], 4096));
	CHECK(cst_buffer_alloc_verify(cmds[0], 4096));
	CHECK_EQ(one->buf_bytes.counter, 8192);
	give_back();
	CHECK(take(one, 4096));
	pages_max = 0;
	cst_pool_trim();
	CHECK(!cst_buffer_alloc_verify(cmds[0], 4096));
	CHECK_EQ(one->buf_bytes.counter, 4096);
	finish();
}

/* What the network still reads is not handed out again. */
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
	T(where_there_is_no_memory),
	T(a_command_compares_with_one_buffer),
	T(who_holds_a_page_keeps_its_bytes),
	T(one_that_takes_all_it_can_leaves_room),
	T(its_only_command_may_be_as_large_as_there_is_room),
	T(its_only_command_may_be_one_that_compares),
	T(idle_memory_is_nobodys),
)
