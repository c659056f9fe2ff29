// SPDX-License-Identifier: GPL-2.0-only
/*
 * The length of the data that moves, and copies and comparisons of data in buffers.
 *
 * Every command has up to three lengths: the length that the CDB asks for, the length that
 * the initiator expects, and, for emulated data-in, the length of the data that there is.
 * The smallest of them moves.  The difference between the target's length and the
 * initiator's is the residual (SAM-5 5.1, RFC 7143 11.4.5).
 */
#include <linux/highmem.h>
#include <linux/string.h>

#include <cst/bvec_walk.h>

#include "core.h"

/**
 * cst_cmd_set_len() - set data_len, residual and overflow
 * @cmd: parsed
 * @want: bytes that the target has to move
 */
void cst_cmd_set_len(struct cst_cmd *cmd, u32 want)
{
	if (likely(want == cmd->exp_len)) {
		cmd->data_len = want;
		cmd->residual = 0;
		cmd->overflow = false;
	} else if (want > cmd->exp_len) {
		cmd->data_len = cmd->exp_len;
		cmd->residual = want - cmd->exp_len;
		cmd->overflow = true;
	} else {
		cmd->data_len = want;
		cmd->residual = cmd->exp_len - want;
		cmd->overflow = false;
	}
}

/**
 * cst_cmd_blocks_len() - set lengths and make the buffer of a command that moves blocks
 * @cmd: has passed the gate; its row has CST_OP_BLOCKS
 *
 * A read has a buffer for all blocks that the CDB asks for, and moves as many bytes as the
 * initiator expects.  A buffer of the fabric has no more room than the initiator expects.
 * So only whole blocks are read into it; a partial block at the end does not move.
 *
 * Return: CST_OK, or CST_TASK_SET_FULL when there is no buffer.
 */
cst_sense_t cst_cmd_blocks_len(struct cst_cmd *cmd)
{
	bool fabric_buf = test_bit(CST_CMD_FABRIC_BUF, &cmd->flags);

	cst_cmd_set_len(cmd, cmd->cdb_xfer_len);
	if (cmd->dir != DMA_FROM_DEVICE || !cmd->cdb_xfer_len)
		return CST_OK;

	if (fabric_buf) {
		if (unlikely(cmd->overflow)) {
			u32 len = rounddown(cmd->data_len,
					    cmd->cdb_xfer_len / cmd->nblocks);

			cmd->residual += cmd->data_len - len;
			cmd->data_len = len;
		}
		return CST_OK;
	}
	if (unlikely(!cst_buffer_alloc(cmd, cmd->cdb_xfer_len)))
		return CST_TASK_SET_FULL;
	return CST_OK;
}

cst_sense_t cst_cmd_data_in_len(struct cst_cmd *cmd, u32 len)
{
	cst_cmd_set_len(cmd, min(len, cmd->cdb_xfer_len));
	if (cmd->data_len && !test_bit(CST_CMD_FABRIC_BUF, &cmd->flags) &&
	    !test_bit(CST_CMD_OWN_BUF, &cmd->flags) &&
	    !cst_buffer_alloc(cmd, cmd->data_len)) {
		cmd->data_len = 0;
		return CST_TASK_SET_FULL;
	}
	return CST_OK;
}

void cst_cmd_copy_in(struct cst_cmd *cmd, u32 offset, const void *src, u32 len)
{
	struct cst_bvec_walk walk = { .bv = cmd->bvec, .done = offset };
	struct page *page;
	u32 at, n;

	if (offset >= cmd->data_len)
		return;
	len = min(len, cmd->data_len - offset);

	for (; len; len -= n) {
		page = cst_bvec_piece(&walk, &at, &n);
		n = min(n, len);
		memcpy_to_page(page, at, src, n);
		cst_bvec_advance(&walk, n);
		src += n;
	}
}

void cst_bvec_read(void *dst, const struct bio_vec *src, u32 offset, u32 len)
{
	struct cst_bvec_walk walk = { .bv = src, .done = offset };
	u32 n;
	u8 *p;

	for (; len; len -= n) {
		p = cst_bvec_map(&walk, &n);
		n = min(n, len);
		memcpy(dst, p, n);
		kunmap_local(p);
		cst_bvec_advance(&walk, n);
		dst += n;
	}
}

bool cst_bvec_is_zero(const struct bio_vec *bvec, u32 len)
{
	struct cst_bvec_walk walk = { .bv = bvec };
	bool zero = true;
	u32 n;
	u8 *p;

	for (; len && zero; len -= n) {
		p = cst_bvec_map(&walk, &n);
		n = min(n, len);
		zero = !memchr_inv(p, 0, n);
		kunmap_local(p);
		cst_bvec_advance(&walk, n);
	}
	return zero;
}

/* Positions in two lists.  The second starts again at b_start every period bytes. */
struct cst_bvec_pair {
	struct cst_bvec_walk	a;
	struct cst_bvec_walk	b;
	struct cst_bvec_walk	b_start;
	u32			period;
	u32			left;	/* bytes left of the current period */
};

/*
 * Map both positions.  Return: number of bytes, at most @len, that both have in the mapped
 * page and in the current period.
 */
static u32 cst_bvec_pair_map(struct cst_bvec_pair *pair, u32 len, u8 **a, u8 **b)
{
	u32 n_a, n_b;

	if (!pair->left) {
		pair->b = pair->b_start;
		pair->left = pair->period;
	}
	*a = cst_bvec_map(&pair->a, &n_a);
	*b = cst_bvec_map(&pair->b, &n_b);
	return min(min(n_a, n_b), min(pair->left, len));
}

static void cst_bvec_pair_next(struct cst_bvec_pair *pair, u32 n, u8 *a, u8 *b)
{
	kunmap_local(b);
	kunmap_local(a);
	cst_bvec_advance(&pair->a, n);
	cst_bvec_advance(&pair->b, n);
	pair->left -= n;
}

static u32 cst_first_difference(const u8 *a, const u8 *b, u32 len)
{
	u32 i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

u32 cst_bvec_compare(const struct bio_vec *a, const struct bio_vec *b, u32 len,
		     u32 period)
{
	struct cst_bvec_pair pair = { .a.bv = a, .b_start.bv = b, .period = period };
	u32 offset = 0, n, same;
	u8 *p, *q;

	while (offset < len) {
		n = cst_bvec_pair_map(&pair, len - offset, &p, &q);
		same = memcmp(p, q, n) ? cst_first_difference(p, q, n) : n;
		cst_bvec_pair_next(&pair, n, p, q);
		offset += same;
		if (same < n)
			break;
	}
	return offset;
}

void cst_bvec_copy(const struct bio_vec *dst, const struct bio_vec *src, u32 offset,
		   u32 len, u32 period)
{
	struct cst_bvec_pair pair = {
		.a.bv = dst, .b_start.bv = src, .b_start.done = offset,
		.period = period,
	};
	u8 *p, *q;
	u32 n;

	for (; len; len -= n) {
		n = cst_bvec_pair_map(&pair, len, &p, &q);
		memcpy(p, q, n);
		cst_bvec_pair_next(&pair, n, p, q);
	}
}

void cst_bvec_or(const struct bio_vec *dst, const struct bio_vec *src, u32 len)
{
	struct cst_bvec_pair pair = { .a.bv = dst, .b_start.bv = src, .period = len };
	u8 *p, *q;
	u32 n, i;

	for (; len; len -= n) {
		n = cst_bvec_pair_map(&pair, len, &p, &q);
		for (i = 0; i < n; i++)
			p[i] |= q[i];
		cst_bvec_pair_next(&pair, n, p, q);
	}
}

cst_sense_t cst_cmd_respond(struct cst_cmd *cmd, const void *buf, u32 len)
{
	cst_sense_t reason = cst_cmd_data_in_len(cmd, len);

	if (reason)
		return reason;
	cst_cmd_copy_in(cmd, 0, buf, len);
	return CST_OK;
}
