// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a CDB to what it asks for: operation, LBA, blocks, bytes, direction.
 *
 * Called by submit.c for every command, in its context.  Nothing that depends on
 * the state of the logical unit is judged here: that is gate.c and execution.
 * Pure: also compiled in user space.
 */
#include <linux/bitops.h>
#include <linux/dma-direction.h>
#include <linux/unaligned.h>

#include "cdb.h"

/* Is a bit set that the usage map does not allow?  Two loads cover any length. */
static __always_inline bool cst_cdb_has_bad_bit(const u8 *cdb, const u8 *usage,
						unsigned int len)
{
	unsigned int last;

	if (len == 6)
		return (get_unaligned((const u32 *)cdb) &
			~get_unaligned((const u32 *)usage)) |
		       (get_unaligned((const u32 *)(cdb + 2)) &
			~get_unaligned((const u32 *)(usage + 2)));

	last = len - sizeof(u64);
	return (get_unaligned((const u64 *)cdb) &
		~get_unaligned((const u64 *)usage)) |
	       (get_unaligned((const u64 *)(cdb + last)) &
		~get_unaligned((const u64 *)(usage + last)));
}

/* Point at the first byte, and in it the leftmost bit, that is wrong. */
static noinline cst_sense_t cst_cdb_bad_bit(struct cst_cmd *cmd)
{
	const struct cst_op *op = cmd->op;
	unsigned int byte;
	u8 bad = 0;

	for (byte = 1; byte < op->cdb_len; byte++) {
		bad = cmd->cdb[byte] & ~op->usage[byte];
		if (bad)
			break;
	}
	return cst_cdb_invalid(&cmd->detail, byte, fls(bad) - 1);
}

/* VERIFY: BYTCHK decides whether data moves, and how much (SBC-4 5.33). */
static cst_sense_t cst_parse_verify(struct cst_cmd *cmd, unsigned int shift)
{
	switch (cmd->cdb[1] & CST_CDB_BYTCHK) {
	case 0x00:		/* the medium can be read */
		cmd->dir = DMA_NONE;
		cmd->cdb_xfer_len = 0;
		return CST_OK;
	case 0x02:		/* every block is as sent */
		cmd->cdb_xfer_len = cmd->nblocks << shift;
		return CST_OK;
	case 0x06:		/* every block is as the one sent */
		cmd->cdb_xfer_len = cmd->nblocks ? 1U << shift : 0;
		return CST_OK;
	default:
		return cst_cdb_invalid(&cmd->detail, 1, 2);
	}
}

/* LBA and blocks are decoded; @field is where the number of blocks stands. */
static __always_inline cst_sense_t cst_parse_blocks(struct cst_cmd *cmd,
						    unsigned int field)
{
	unsigned int flags = cmd->op->flags;
	unsigned int shift;

	if (!(flags & (CST_OP_BLOCKS | CST_OP_NO_DATA_BLOCKS)))
		return CST_OK;
	if (unlikely(!cmd->dev))
		return CST_SENSE(LU_NOT_SUPPORTED);

	/* VPD B0h MAXIMUM TRANSFER LENGTH, which counts for VERIFY as well. */
	shift = READ_ONCE(cmd->dev->block_shift);
	if (unlikely(cmd->nblocks > CST_MAX_XFER_BYTES >> shift))
		return cst_cdb_invalid(&cmd->detail, field, 7);

	if (unlikely(flags & CST_OP_NO_DATA_BLOCKS))
		return cst_parse_verify(cmd, shift);
	cmd->cdb_xfer_len = cmd->nblocks << shift;
	return CST_OK;
}

static cst_sense_t cst_parse_fields(struct cst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	switch (cmd->op->format) {
	case CST_CDB_RW10:
		cmd->lba = get_unaligned_be32(cdb + 2);
		cmd->nblocks = get_unaligned_be16(cdb + 7);
		return cst_parse_blocks(cmd, 7);
	case CST_CDB_RW16:
		cmd->lba = get_unaligned_be64(cdb + 2);
		cmd->nblocks = get_unaligned_be32(cdb + 10);
		return cst_parse_blocks(cmd, 10);
	case CST_CDB_RW12:
		cmd->lba = get_unaligned_be32(cdb + 2);
		cmd->nblocks = get_unaligned_be32(cdb + 6);
		return cst_parse_blocks(cmd, 6);
	case CST_CDB_RW6:
		/* The usage map leaves 21 bits. */
		cmd->lba = get_unaligned_be24(cdb + 1);
		cmd->nblocks = cdb[4] ? cdb[4] : 256;
		return cst_parse_blocks(cmd, 4);
	case CST_CDB_ALLOC8_4:
		cmd->cdb_xfer_len = cdb[4];
		return CST_OK;
	case CST_CDB_ALLOC16_3:
		cmd->cdb_xfer_len = get_unaligned_be16(cdb + 3);
		return CST_OK;
	case CST_CDB_ALLOC16_7:
		cmd->cdb_xfer_len = get_unaligned_be16(cdb + 7);
		return CST_OK;
	case CST_CDB_ALLOC32_6:
		cmd->cdb_xfer_len = get_unaligned_be32(cdb + 6);
		return CST_OK;
	case CST_CDB_ALLOC32_10:
		cmd->cdb_xfer_len = get_unaligned_be32(cdb + 10);
		return CST_OK;
	case CST_CDB_FIXED8:
		cmd->cdb_xfer_len = 8;
		return CST_OK;
	default:
		return CST_OK;
	}
}

/*
 * A wrong LUN outweighs a wrong CDB (SAM-5 4.7.5), but only for commands that
 * there is nobody to answer.
 */
static noinline cst_sense_t cst_parse_refuse(struct cst_cmd *cmd,
					     cst_sense_t reason)
{
	if (cmd->dev || (cmd->op && (cmd->op->flags & CST_OP_NO_LUN)))
		return reason;
	cmd->detail = (struct cst_sense_detail){};
	return CST_SENSE(LU_NOT_SUPPORTED);
}

/**
 * cst_parse() - understand a command's CDB
 * @cmd: as submitted, with its LUN looked up
 *
 * Sets op, dir, lba, nblocks and cdb_xfer_len.
 *
 * Context: any.  Return: CST_OK, or why the CDB is refused.
 */
cst_sense_t cst_parse(struct cst_cmd *cmd)
{
	cst_sense_t reason = CST_OK;
	const struct cst_op *op;

	op = cst_op_find(cmd->cdb, cmd->cdb_len, &reason, &cmd->detail);
	cmd->op = op;
	if (unlikely(!op))
		return cst_parse_refuse(cmd, reason);
	cmd->dir = op->dir;

	if (unlikely(cmd->cdb_len < op->cdb_len))
		return cst_parse_refuse(cmd, cst_cdb_invalid(&cmd->detail,
							     cmd->cdb_len, 7));
	if (unlikely(cst_cdb_has_bad_bit(cmd->cdb, op->usage, op->cdb_len)))
		return cst_parse_refuse(cmd, cst_cdb_bad_bit(cmd));

	return cst_parse_fields(cmd);
}
