// SPDX-License-Identifier: GPL-2.0-only
/*
 * xfer.c: how much moves, what the residual is, and copies and comparisons across entries
 * and pages of lists.
 *
 * A test names the ways in which a list is cut into entries.  All entries lie in one piece of
 * the heap, so an entry may span pages, and the sanitizer notices an access beyond the last.
 */
#include <cst/bvec_walk.h>

#include "emu.h"
#include "test.h"

static struct task task;
static struct cst_cmd *const cmd = &task.cmd;

/* Make a command of @dir; the CDB asks for @asked bytes, the initiator expects @exp. */
static void a_command(enum dma_data_direction dir, u32 asked, u32 exp)
{
	emu_reset();
	emu_task_init(&task, emu.sess, 0);
	cmd->dir = dir;
	cmd->exp_dir = dir;
	cmd->exp_len = exp;
	cmd->cdb_xfer_len = asked;
	cmd->nblocks = asked / 512;
}

#define CHECK_LEN(_data_len, _residual, _overflow) do {			\
	CHECK_EQ(cmd->data_len, _data_len);				\
	CHECK_EQ(cmd->residual, _residual);				\
	CHECK_EQ(cmd->overflow, _overflow);				\
} while (0)

/* --- lengths --- */

static void the_smaller_one_moves(void)
{
	a_command(DMA_TO_DEVICE, 0, 512);
	cst_cmd_set_len(cmd, 512);
	CHECK_LEN(512, 0, false);
	cst_cmd_set_len(cmd, 100);
	CHECK_LEN(100, 412, false);
	cst_cmd_set_len(cmd, 600);
	CHECK_LEN(512, 88, true);
	/* A second call replaces the values of the first. */
	cst_cmd_set_len(cmd, 512);
	CHECK_LEN(512, 0, false);
	cst_cmd_set_len(cmd, 0);
	CHECK_LEN(0, 512, false);
	cst_cmd_set_len(cmd, 0xffffffff);
	CHECK_LEN(512, 0xffffffff - 512, true);
	cmd->exp_len = 0;
	cst_cmd_set_len(cmd, 0);
	CHECK_LEN(0, 0, false);
	cst_cmd_set_len(cmd, 1);
	CHECK_LEN(0, 1, true);
}

static u32 bytes(const struct bio_vec *bv, u16 nr)
{
	u32 sum = 0;

	while (nr--)
		sum += bv++->bv_len;
	return sum;
}

/* The handler fills whole blocks, however much of them the initiator takes. */
static void a_read_has_room_for_all_its_blocks(void)
{
	static const u32 expected[] = { 0, 1, 511, 512, 5 * 512 - 1, 5 * 512, 9 * 512 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		u32 exp = expected[i];

		a_command(DMA_FROM_DEVICE, 5 * 512, exp);
		CHECK_REASON(cst_cmd_blocks_len(cmd), CST_OK);
		CHECK(bytes(cmd->bvec, cmd->nr_bvec) >= 5 * 512);
		CHECK_LEN(min(exp, 5 * 512U), exp < 5 * 512 ? 5 * 512 - exp : exp - 5 * 512,
			  exp < 5 * 512);
		cst_buffer_free(cmd);
	}
	a_command(DMA_FROM_DEVICE, 0, 512);
	CHECK_REASON(cst_cmd_blocks_len(cmd), CST_OK);
	CHECK_LEN(0, 512, false);
	CHECK(!cmd->bvec);
	/* A write gets its buffer later, when its data is asked for. */
	a_command(DMA_TO_DEVICE, 512, 512);
	CHECK_REASON(cst_cmd_blocks_len(cmd), CST_OK);
	CHECK_LEN(512, 0, false);
	CHECK(!cmd->bvec);
	a_command(DMA_FROM_DEVICE, 512, 512);
	emu.no_buffer = true;
	CHECK_REASON(cst_cmd_blocks_len(cmd), CST_TASK_SET_FULL);
}

/* A fabric's buffer holds only what the initiator expects, so part of a block does not fit. */
static void a_buffer_of_the_fabric_takes_whole_blocks(void)
{
	static const struct {
		u32 exp, data_len;
	} cases[] = {
		{ 0, 0 }, { 511, 0 }, { 512, 512 }, { 1023, 512 },
		{ 5 * 512 - 1, 4 * 512 }, { 5 * 512, 5 * 512 }, { 9 * 512, 5 * 512 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 exp = cases[i].exp, len = cases[i].data_len;

		a_command(DMA_FROM_DEVICE, 5 * 512, exp);
		__set_bit(CST_CMD_FABRIC_BUF, &cmd->flags);
		CHECK_REASON(cst_cmd_blocks_len(cmd), CST_OK);
		CHECK_LEN(len, exp > 5 * 512 ? exp - len : 5 * 512 - len, exp < 5 * 512);
		CHECK(!cmd->bvec);
	}
	/* A write takes its data from the buffer as it is. */
	a_command(DMA_TO_DEVICE, 1024, 1000);
	__set_bit(CST_CMD_FABRIC_BUF, &cmd->flags);
	CHECK_REASON(cst_cmd_blocks_len(cmd), CST_OK);
	CHECK_LEN(1000, 24, true);
}

static void emulated_data_has_three_lengths(void)
{
	a_command(DMA_FROM_DEVICE, 100, 200);
	CHECK_REASON(cst_cmd_data_in_len(cmd, 96), CST_OK);
	CHECK_LEN(96, 104, false);
	CHECK(bytes(cmd->bvec, cmd->nr_bvec) >= 96);
	/* A second call keeps the same buffer. */
	CHECK_REASON(cst_cmd_data_in_len(cmd, 50), CST_OK);
	CHECK_LEN(50, 150, false);
	cst_buffer_free(cmd);

	a_command(DMA_FROM_DEVICE, 100, 200);
	CHECK_REASON(cst_cmd_data_in_len(cmd, 300), CST_OK);
	CHECK_LEN(100, 100, false);
	cst_buffer_free(cmd);

	a_command(DMA_FROM_DEVICE, 100, 30);
	CHECK_REASON(cst_cmd_data_in_len(cmd, 96), CST_OK);
	CHECK_LEN(30, 66, true);
	cst_buffer_free(cmd);

	/* No data moves, so no buffer is needed. */
	a_command(DMA_FROM_DEVICE, 0, 30);
	emu.no_buffer = true;
	CHECK_REASON(cst_cmd_data_in_len(cmd, 96), CST_OK);
	CHECK_LEN(0, 30, false);
	a_command(DMA_FROM_DEVICE, 100, 30);
	emu.no_buffer = true;
	CHECK_REASON(cst_cmd_data_in_len(cmd, 96), CST_TASK_SET_FULL);
	CHECK_EQ(cmd->data_len, 0);
}

/* --- lists --- */

#define PAGES	6

struct list {
	u8		*memory;
	struct bio_vec	*bv;	/* an array of exactly @nr entries */
	u16		nr;
	u32		len;
};

/*
 * A list of @len bytes in all.  Each entry begins at @offset of a page; its length is the next
 * of @cuts, which repeat from the first.
 */
static struct list a_list(u32 len, u32 offset, const u16 *cuts, unsigned int nr_cuts)
{
	struct list list = { .len = len };
	u32 at = offset, left = len, n;
	unsigned int i;

	for (i = 0; left; i++) {
		n = min_t(u32, cuts[i % nr_cuts], left);
		left -= n;
		list.nr++;
	}
	list.bv = calloc(list.nr, sizeof(*list.bv));
	/* In memory, consecutive entries are some pages apart. */
	list.memory = aligned_alloc(PAGE_SIZE, (u32)list.nr * PAGES * PAGE_SIZE);
	memset(list.memory, 0xee, (u32)list.nr * PAGES * PAGE_SIZE);
	left = len;
	for (i = 0; i < list.nr; i++) {
		n = min_t(u32, cuts[i % nr_cuts], left);
		list.bv[i].bv_page = (struct page *)(list.memory + i * PAGES * PAGE_SIZE);
		list.bv[i].bv_offset = at;
		list.bv[i].bv_len = n;
		shim_must(at + n <= PAGES * PAGE_SIZE);
		left -= n;
		at = (at + n) % PAGE_SIZE;
	}
	return list;
}

static u8 *byte_of(const struct list *list, u32 i)
{
	const struct bio_vec *bv = list->bv;

	for (; i >= bv->bv_len; bv++)
		i -= bv->bv_len;
	return bv->bv_page->data + bv->bv_offset + i;
}

static void fill(const struct list *list, unsigned int seed)
{
	u32 i;

	for (i = 0; i < list->len; i++)
		*byte_of(list, i) = i * 7 + (i >> 8) * 3 + seed;
}

/* Check that nothing outside of the entries was written, and free the list. */
static void free_list(struct list *list)
{
	unsigned int i, j;

	for (i = 0; i < list->nr; i++) {
		const u8 *page = list->bv[i].bv_page->data;

		for (j = 0; j < list->bv[i].bv_offset; j++)
			if (page[j] != 0xee)
				test_say(__FILE__, __LINE__, "written before entry %u", i);
		for (j += list->bv[i].bv_len; j < PAGES * PAGE_SIZE; j++)
			if (page[j] != 0xee)
				test_say(__FILE__, __LINE__, "written behind entry %u", i);
	}
	free(list->bv);
	free(list->memory);
}

static const struct {
	u32		offset;
	unsigned int	nr;
	u16		cuts[4];
} shapes[] = {
	{ 0, 1, { 4096 } },			/* page by page */
	{ 0, 1, { 16384 } },			/* some pages at once */
	{ 4095, 1, { 8192 } },			/* from the last byte of a page */
	{ 512, 3, { 1, 511, 4096 } },
	{ 100, 4, { 9000, 3, 4093, 1 } },
	{ 0, 1, { 512 } },
};

static struct list shaped(unsigned int shape, u32 len)
{
	return a_list(len, shapes[shape].offset, shapes[shape].cuts, shapes[shape].nr);
}

static void linear_data_goes_into_any_list(void)
{
	static const struct {
		u32 offset, len;
	} copies[] = {
		{ 0, 1 }, { 0, 9000 }, { 1, 8999 }, { 4095, 2 }, { 4096, 4096 },
		{ 8999, 1 }, { 8999, 100 }, { 9000, 1 }, { 9001, 1 }, { 20000, 1 },
		{ 0, 20000 }, { 5, 0 },
	};
	unsigned int shape, i, j;
	u8 src[20000];

	for (i = 0; i < sizeof(src); i++)
		src[i] = i % 251;
	for (shape = 0; shape < ARRAY_SIZE(shapes); shape++) {
		for (i = 0; i < ARRAY_SIZE(copies); i++) {
			struct list list = shaped(shape, 9000);

			a_command(DMA_FROM_DEVICE, 9000, 9000);
			cmd->bvec = list.bv;
			cmd->nr_bvec = list.nr;
			__set_bit(CST_CMD_FABRIC_BUF, &cmd->flags);
			CHECK_REASON(cst_cmd_data_in_len(cmd, 9000), CST_OK);
			cst_cmd_copy_in(cmd, copies[i].offset, src, copies[i].len);
			for (j = 0; j < 9000; j++) {
				bool in = j >= copies[i].offset &&
					  j < copies[i].offset + copies[i].len;

				if (*byte_of(&list, j) != (in ? src[j - copies[i].offset] : 0xee))
					test_say(__FILE__, __LINE__,
						 "shape %u, copy %u: byte %u", shape, i, j);
			}
			free_list(&list);
		}
	}
}

/* Data that the initiator does not take is not written. */
static void what_is_cut_off_is_dropped(void)
{
	static const u16 cut = 30;
	struct list list = a_list(30, 4090, &cut, 1);
	u8 src[96];
	unsigned int i;

	for (i = 0; i < sizeof(src); i++)
		src[i] = i;
	a_command(DMA_FROM_DEVICE, 100, 30);
	cmd->bvec = list.bv;
	cmd->nr_bvec = 1;
	__set_bit(CST_CMD_FABRIC_BUF, &cmd->flags);
	CHECK_REASON(cst_cmd_respond(cmd, src, sizeof(src)), CST_OK);
	CHECK_LEN(30, 66, true);
	for (i = 0; i < 30; i++)
		CHECK_EQ(*byte_of(&list, i), i);
	free_list(&list);

	a_command(DMA_FROM_DEVICE, 100, 30);
	emu.no_buffer = true;
	CHECK_REASON(cst_cmd_respond(cmd, src, sizeof(src)), CST_TASK_SET_FULL);
}

/* --- two lists --- */

#define LEN	9216

static const u32 periods[] = { LEN, 4608, 512, 96, 1 };
/* Bytes of the list behind the period: the period ends with the list, or within an entry. */
static const u32 behind[] = { 0, 700 };

/* The byte of @b that byte @i is compared with, or comes from. */
static u8 *partner(const struct list *b, u32 offset, u32 i, u32 period)
{
	return byte_of(b, offset + i % period);
}

static void differ_and_look(unsigned int x, unsigned int y, u32 period, u32 more)
{
	static const u32 flips[] = { 0, 1, 95, 511, 512, 4095, 4096, 4607, 8191, 8192, LEN - 1 };
	struct list a = shaped(x, LEN), b = shaped(y, period + more);
	unsigned int f;
	u32 i;

	fill(&b, x);
	for (i = 0; i < LEN; i++)
		*byte_of(&a, i) = *partner(&b, 0, i, period);
	CHECK_EQ(cst_bvec_compare(a.bv, b.bv, LEN, period), LEN);
	for (f = 0; f < ARRAY_SIZE(flips); f++) {
		*byte_of(&a, flips[f]) ^= 0x10;
		*byte_of(&a, LEN - 1) ^= 0x01;
		CHECK_EQ(cst_bvec_compare(a.bv, b.bv, LEN, period), flips[f]);
		/* A difference beyond the length is not found. */
		CHECK_EQ(cst_bvec_compare(a.bv, b.bv, flips[f], period), flips[f]);
		*byte_of(&a, flips[f]) ^= 0x10;
		*byte_of(&a, LEN - 1) ^= 0x01;
	}
	free_list(&a);
	free_list(&b);
}

static void each_difference_is_found_where_it_is(void)
{
	unsigned int x, y, p, m;

	for (x = 0; x < ARRAY_SIZE(shapes); x++)
		for (y = 0; y < ARRAY_SIZE(shapes); y++)
			for (p = 0; p < ARRAY_SIZE(periods); p++)
				for (m = 0; m < ARRAY_SIZE(behind); m++)
					differ_and_look(x, y, periods[p], behind[m]);
}

static void copy_and_look(unsigned int x, unsigned int y, u32 offset, u32 period)
{
	struct list dst = shaped(x, LEN);
	/* The list has @offset bytes before the period, and 4096 - @offset behind it. */
	struct list src = shaped(y, 4096 + period);
	/* The last byte is not copied. */
	u32 i, len = LEN - 1;

	fill(&src, y);
	cst_bvec_copy(dst.bv, src.bv, offset, len, period);
	for (i = 0; i < len; i++)
		if (*byte_of(&dst, i) != *partner(&src, offset, i, period))
			break;
	CHECK_EQ(i, len);
	CHECK_EQ(*byte_of(&dst, len), 0xee);
	free_list(&dst);
	free_list(&src);
}

static void copies_begin_again_every_period(void)
{
	static const u32 offsets[] = { 0, 1, 4095, 4096 };
	unsigned int x, y, p, o;

	for (x = 0; x < ARRAY_SIZE(shapes); x++)
		for (y = 0; y < ARRAY_SIZE(shapes); y++)
			for (p = 0; p < ARRAY_SIZE(periods); p++)
				for (o = 0; o < ARRAY_SIZE(offsets); o++)
					copy_and_look(x, y, offsets[o], periods[p]);
}

static void zeroes_stop_where_they_are_to(void)
{
	unsigned int x;
	u32 i, len = 5000;

	for (x = 0; x < ARRAY_SIZE(shapes); x++) {
		struct list list = shaped(x, LEN);

		cst_bvec_zero(list.bv, len);
		for (i = 0; i < LEN && *byte_of(&list, i) == (i < len ? 0 : 0xee); i++)
			;
		CHECK_EQ(i, LEN);
		free_list(&list);
	}
}

TEST_MAIN(T(the_smaller_one_moves), T(a_read_has_room_for_all_its_blocks),
	  T(a_buffer_of_the_fabric_takes_whole_blocks), T(emulated_data_has_three_lengths),
	  T(linear_data_goes_into_any_list), T(what_is_cut_off_is_dropped),
	  T(each_difference_is_found_where_it_is), T(copies_begin_again_every_period),
	  T(zeroes_stop_where_they_are_to))
