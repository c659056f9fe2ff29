// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much data moves, and copies between linear memory and a command's buffer.
 *
 * Three lengths meet in every command: what the CDB asks for, what the initiator
 * expects, and, for emulated data-in, what there is.  The smallest moves; the
 * difference is the residual (SAM-5 5.1, RFC 7143 11.4.5).
 */
#include <linux/highmem.h>

#include "core.h"

/**
 * cst_cmd_set_len() - set what moves, and the residual
 * @cmd: parsed
 * @want: bytes that the target would move
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
 * cst_cmd_blocks_len() - lengths and buffer of a command that moves blocks
 * @cmd: past the gates; CST_OP_BLOCKS
 *
 * A read fills a buffer for all that the CDB asks for and moves what the
 * initiator expects.  A buffer of the fabric holds no more than that, so there
 * whole blocks move and a broken one at the end does not.
 *
 * Return: CST_OK, or CST_TASK_SET_FULL at the memory limit.
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
	const struct bio_vec *bv = cmd->bvec;
	u32 n;

	if (offset >= cmd->data_len)
		return;
	len = min(len, cmd->data_len - offset);

	while (len) {
		while (offset >= bv->bv_len) {
			offset -= bv->bv_len;
			bv++;
		}
		/* A bvec may span pages; map one at a time. */
		n = min_t(u32, len, bv->bv_len - offset);
		n = min_t(u32, n, PAGE_SIZE -
				  offset_in_page(bv->bv_offset + offset));
		memcpy_to_page(bv->bv_page +
			       ((bv->bv_offset + offset) >> PAGE_SHIFT),
			       offset_in_page(bv->bv_offset + offset), src, n);
		src += n;
		offset += n;
		len -= n;
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
