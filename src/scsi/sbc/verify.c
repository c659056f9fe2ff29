// SPDX-License-Identifier: GPL-2.0-only
/*
 * VERIFY: the medium read, and compared with what the initiator sends.
 *
 * exec.c calls in; data-out was fetched by submit.c, the buffer for the medium is made
 * here.  May be called twice, as READ (rw.c).
 */
#include <linux/highmem.h>
#include <linux/string.h>

#include "sbc.h"

/* BYTCHK decides whether data moves, and how much (SBC-4 5.33). */
static cst_sense_t cst_sbc_parse_verify(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_check_blocks(cmd);

	if (reason)
		return reason;
	switch (cmd->cdb[1] & CST_CDB_BYTCHK) {
	case 0x00:		/* the medium can be read */
		cmd->dir = DMA_NONE;
		cmd->cdb_xfer_len = 0;
		return CST_OK;
	case 0x02:		/* every block is as sent */
		return CST_OK;
	case 0x06:		/* every block is as the one sent */
		if (cmd->nblocks)
			cmd->cdb_xfer_len /= cmd->nblocks;
		return CST_OK;
	default:
		return cst_cdb_invalid(&cmd->detail, 1, 2);
	}
}

/* A position in a list of bvecs. */
struct cst_bvec_pos {
	const struct bio_vec	*bv;
	u32			done;	/* bytes of *bv */
};

/* Map what is left of the page there; how many bytes that is in *len. */
static u8 *cst_bvec_map(const struct cst_bvec_pos *pos, u32 *len)
{
	u32 at = pos->bv->bv_offset + pos->done;

	*len = min_t(u32, pos->bv->bv_len - pos->done,
		     PAGE_SIZE - offset_in_page(at));
	return kmap_local_page(pos->bv->bv_page + (at >> PAGE_SHIFT)) +
	       offset_in_page(at);
}

static void cst_bvec_advance(struct cst_bvec_pos *pos, u32 len)
{
	pos->done += len;
	if (pos->done == pos->bv->bv_len) {
		pos->bv++;
		pos->done = 0;
	}
}

static u32 cst_first_difference(const u8 *a, const u8 *b, u32 len)
{
	u32 i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

/*
 * Compare the medium with the data-out, which starts again every @period bytes.
 * Answers the offset of the first difference on the medium, or @len.
 */
static u32 cst_sbc_compare(const struct cst_cmd *cmd, u32 len, u32 period)
{
	struct cst_bvec_pos medium = { .bv = cmd->verify_bvec };
	struct cst_bvec_pos sent = { .bv = cmd->bvec };
	u32 offset = 0, left = period;

	while (offset < len) {
		u32 n_medium, n_sent, n, same;
		u8 *a = cst_bvec_map(&medium, &n_medium);
		u8 *b = cst_bvec_map(&sent, &n_sent);

		n = min3(min(n_medium, n_sent), left, len - offset);
		same = memcmp(a, b, n) ? cst_first_difference(a, b, n) : n;
		kunmap_local(b);
		kunmap_local(a);
		offset += same;
		if (same < n)
			return offset;

		cst_bvec_advance(&medium, n);
		left -= n;
		if (left) {
			cst_bvec_advance(&sent, n);
		} else {
			sent = (struct cst_bvec_pos){ .bv = cmd->bvec };
			left = period;
		}
	}
	return len;
}

static void cst_sbc_verify_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = CST_OK;
	u32 offset;

	if (unlikely(error)) {
		reason = cst_sbc_io_sense(cmd, error, false);
	} else if (cmd->data_len) {
		offset = cst_sbc_compare(cmd, io->len, cmd->data_len);
		if (offset < io->len) {
			/* SPC-5 4.4.8: the offset in the data-out buffer */
			cmd->detail.info = offset % cmd->data_len;
			cmd->detail.info_valid = true;
			reason = CST_SENSE(MISCOMPARE_DURING_VERIFY);
		}
	}
	/* Not kept for an initiator that does not take its answers. */
	cst_buffer_free_verify(cmd);
	cst_cmd_complete(cmd, reason);
}

/*
 * VERIFY(10), (12), (16): @cmd has its data-out when BYTCHK asks for a comparison.
 *
 * The medium is really read, past the cache as far as the handler can, into a
 * buffer of our own: a medium error is found whatever BYTCHK says.
 */
static cst_sense_t cst_sbc_verify(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);
	u32 len;

	if (unlikely(reason))
		return reason;
	/* Comparing with less than all would be a success that is none. */
	if (unlikely(cmd->data_len != cmd->cdb_xfer_len))
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!cmd->nblocks)
		return CST_OK;

	len = cmd->nblocks << to_cst_disk(cmd->dev)->block_shift;
	if (!cst_buffer_alloc_verify(cmd, len))
		return cst_cmd_may_sleep(cmd) ? CST_TASK_SET_FULL :
						CST_WOULD_BLOCK;

	cst_sbc_io(cmd, CST_IO_READ, len, cst_sbc_verify_done);
	cmd->io.flags = cst_sbc_cache_flags(cmd) | CST_IO_FUA;
	cmd->io.bvec = cmd->verify_bvec;
	cmd->io.nr_bvec = cmd->verify_nr_bvec;
	return cst_cmd_start_io(cmd);
}

const struct cst_op cst_sbc_verify_ops[] = {
	{
		CST_CDB(10, VERIFY, CST_CDB_DPO | CST_CDB_BYTCHK, CST_USAGE_RW10),
		.name		= "VERIFY(10)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_parse_verify,
		.execute	= cst_sbc_verify,
	},
	{
		CST_CDB(12, VERIFY_12, CST_CDB_DPO | CST_CDB_BYTCHK, CST_USAGE_RW12),
		.name		= "VERIFY(12)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW12,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_parse_verify,
		.execute	= cst_sbc_verify,
	},
	{
		CST_CDB(16, VERIFY_16, CST_CDB_DPO | CST_CDB_BYTCHK, CST_USAGE_RW16),
		.name		= "VERIFY(16)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_READ,
		.timeout	= CST_SBC_TIMEOUT,
		.parse		= cst_sbc_parse_verify,
		.execute	= cst_sbc_verify,
	},
	{}
};
