// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ, WRITE and VERIFY: from blocks to one I/O of the handler and back.
 *
 * exec.c calls in; buffers were made by submit.c, but for what VERIFY compares
 * with.  The execute functions may be called twice, the second time in a worker,
 * and start from the beginning then.
 */
#include <linux/highmem.h>
#include <linux/string.h>

#include "sbc.h"

/* Sense of a failed I/O.  Which block it was is known only when there is one. */
static noinline cst_sense_t cst_sbc_io_sense(struct cst_cmd *cmd, int error,
					     bool write)
{
	cst_sense_t reason = cst_sense_from_errno(error, write);

	if (cmd->nblocks == 1 && (reason == CST_SENSE(WRITE_ERROR) ||
				  reason == CST_SENSE(UNRECOVERED_READ_ERROR))) {
		cmd->detail.info = cmd->lba;
		cmd->detail.info_valid = true;
	}
	return reason;
}

static void cst_sbc_rw_done(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = CST_OK;

	if (unlikely(error))
		reason = cst_sbc_io_sense(cmd, error, io->op == CST_IO_WRITE);
	cst_cmd_complete(cmd, reason);
}

/* FUA and DPO of the CDBs that have them: all but the six byte ones. */
static u8 cst_sbc_cache_flags(const struct cst_cmd *cmd)
{
	u8 flags = 0;

	if (cmd->op->cdb_len == 6)
		return 0;
	if (unlikely(cmd->cdb[1] & (CST_CDB_DPO | CST_CDB_FUA))) {
		if (cmd->cdb[1] & CST_CDB_FUA)
			flags |= CST_IO_FUA;
		if (cmd->cdb[1] & CST_CDB_DPO)
			flags |= CST_IO_DPO;
	}
	return flags;
}

/* Of FUA nothing is left where the cache is vouched for; its data must be safe there. */
static cst_sense_t cst_sbc_vouch_fua(const struct cst_cmd *cmd, u8 *flags)
{
	if (likely(!cmd->dev->nv_cache || !(*flags & CST_IO_FUA)))
		return CST_OK;
	*flags &= ~CST_IO_FUA;
	return cst_sbc_vouched(cmd->dev);
}

/**
 * cst_sbc_read() - READ(6), (10), (12), (16)
 * @cmd: with its buffer
 *
 * All that the CDB asks for is read, even when the initiator expects less: the
 * buffer has room.  A buffer of the fabric has room for data_len only, which
 * submit.c has made whole blocks.
 */
cst_sense_t cst_sbc_read(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_sbc_range(cmd);
	u8 flags = cst_sbc_cache_flags(cmd);
	u32 len = cmd->cdb_xfer_len;

	if (unlikely(reason))
		return reason;
	if (unlikely(!cmd->data_len))
		return CST_OK;
	reason = cst_sbc_vouch_fua(cmd, &flags);
	if (unlikely(reason))
		return reason;
	if (test_bit(CST_CMD_FABRIC_BUF, &cmd->flags))
		len = cmd->data_len;

	cst_sbc_io(cmd, CST_IO_READ, len, cst_sbc_rw_done);
	cmd->io.flags = flags;
	cmd->io.bvec = cmd->bvec;
	cmd->io.nr_bvec = cmd->nr_bvec;
	return cst_cmd_start_io(cmd);
}

/**
 * cst_sbc_write() - WRITE(6), (10), (12), (16)
 * @cmd: with its data-out
 *
 * When the initiator sends less than the CDB says, the blocks that it sends are
 * written and the residual tells; part of a block cannot be written, so nothing
 * is.
 */
cst_sense_t cst_sbc_write(struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;
	cst_sense_t reason = cst_sbc_range(cmd);
	u8 flags = cst_sbc_cache_flags(cmd);

	if (unlikely(reason))
		return reason;
	if (unlikely(cmd->data_len & (dev->block_size - 1)))
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (unlikely(!cmd->data_len))
		return CST_OK;
	if (dev->write_through)
		flags |= CST_IO_FUA;
	reason = cst_sbc_vouch_fua(cmd, &flags);
	if (unlikely(reason))
		return reason;

	cst_sbc_io(cmd, CST_IO_WRITE, cmd->data_len, cst_sbc_rw_done);
	cmd->io.flags = flags;
	cmd->io.bvec = cmd->bvec;
	cmd->io.nr_bvec = cmd->nr_bvec;
	return cst_cmd_start_io(cmd);
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

/**
 * cst_sbc_verify() - VERIFY(10), (12), (16)
 * @cmd: with its data-out, when BYTCHK asks for a comparison
 *
 * The medium is really read, past the cache as far as the handler can, into a
 * buffer of our own: a medium error is found whatever BYTCHK says.
 */
cst_sense_t cst_sbc_verify(struct cst_cmd *cmd)
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

	len = cmd->nblocks << cmd->dev->block_shift;
	if (!cst_buffer_alloc_verify(cmd, len))
		return cst_cmd_may_sleep(cmd) ? CST_TASK_SET_FULL :
						CST_WOULD_BLOCK;

	cst_sbc_io(cmd, CST_IO_READ, len, cst_sbc_verify_done);
	cmd->io.flags = cst_sbc_cache_flags(cmd) | CST_IO_FUA;
	cmd->io.bvec = cmd->verify_bvec;
	cmd->io.nr_bvec = cmd->verify_nr_bvec;
	return cst_cmd_start_io(cmd);
}
