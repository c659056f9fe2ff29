// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decode a CDB: operation, LBA, blocks, bytes, direction.
 *
 * Called by submit.c for every command, in the context of the submitter.  Of the state of the
 * logical unit, this file only asks whether the unit has the command (cst_op.exists); gate.c
 * and execution do the rest.  Pure: also compiled in user space.
 */
#include <linux/bitops.h>
#include <linux/dma-direction.h>
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>

#include "cdb.h"
#include "core.h"

/* The first byte with a bit that the usage map does not allow; @len when there is none. */
static noinline unsigned int cst_cdb_first_bad(const u8 *cdb, const u8 *usage,
					       unsigned int len)
{
	unsigned int i = 0;

	while (i < len && !(cdb[i] & ~usage[i]))
		i++;
	return i;
}

/* Is a bit set that the usage map does not allow?  Two loads cover up to 16 bytes. */
static __always_inline bool cst_cdb_has_bad_bit(const u8 *cdb, const u8 *usage,
						unsigned int len)
{
	unsigned int last;

	if (len == 6)
		return (get_unaligned((const u32 *)cdb) &
			~get_unaligned((const u32 *)usage)) |
		       (get_unaligned((const u32 *)(cdb + 2)) &
			~get_unaligned((const u32 *)(usage + 2)));

	if (unlikely(len > 16))
		return cst_cdb_first_bad(cdb, usage, len) < len;
	last = len - sizeof(u64);
	return (get_unaligned((const u64 *)cdb) &
		~get_unaligned((const u64 *)usage)) |
	       (get_unaligned((const u64 *)(cdb + last)) &
		~get_unaligned((const u64 *)(usage + last)));
}

/* Sense with the field pointer at the leftmost wrong bit of the first wrong byte. */
static noinline cst_sense_t cst_cdb_bad_bit(struct cst_cmd *cmd)
{
	const struct cst_op *op = cmd->op;
	unsigned int byte = cst_cdb_first_bad(cmd->cdb, op->usage, op->cdb_len);

	return cst_cdb_invalid(&cmd->detail, byte,
			       fls(cmd->cdb[byte] & ~op->usage[byte]) - 1);
}

static __always_inline void cst_parse_fields(struct cst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	switch (cmd->op->format) {
	case CST_CDB_RW10:
		cmd->lba = get_unaligned_be32(cdb + 2);
		cmd->nblocks = get_unaligned_be16(cdb + 7);
		break;
	case CST_CDB_RW16:
		cmd->lba = get_unaligned_be64(cdb + 2);
		cmd->nblocks = get_unaligned_be32(cdb + 10);
		break;
	case CST_CDB_RW32:
		cmd->lba = get_unaligned_be64(cdb + 12);
		cmd->nblocks = get_unaligned_be32(cdb + 28);
		break;
	case CST_CDB_RW12:
		cmd->lba = get_unaligned_be32(cdb + 2);
		cmd->nblocks = get_unaligned_be32(cdb + 6);
		break;
	case CST_CDB_RW6:
		/* The usage map leaves 21 bits. */
		cmd->lba = get_unaligned_be24(cdb + 1);
		cmd->nblocks = cdb[4] ? cdb[4] : 256;
		break;
	case CST_CDB_ALLOC8_4:
		cmd->cdb_xfer_len = cdb[4];
		break;
	case CST_CDB_ALLOC16_3:
		cmd->cdb_xfer_len = get_unaligned_be16(cdb + 3);
		break;
	case CST_CDB_ALLOC16_7:
		cmd->cdb_xfer_len = get_unaligned_be16(cdb + 7);
		break;
	case CST_CDB_ALLOC24_6:
		cmd->cdb_xfer_len = get_unaligned_be24(cdb + 6);
		break;
	case CST_CDB_ALLOC32_5:
		cmd->cdb_xfer_len = get_unaligned_be32(cdb + 5);
		break;
	case CST_CDB_ALLOC32_6:
		cmd->cdb_xfer_len = get_unaligned_be32(cdb + 6);
		break;
	case CST_CDB_ALLOC32_10:
		cmd->cdb_xfer_len = get_unaligned_be32(cdb + 10);
		break;
	case CST_CDB_FIXED8:
		cmd->cdb_xfer_len = 8;
		break;
	default:
		break;
	}
}

/* Refuse a command that the unit does not have, as one without a row is refused. */
static noinline cst_sense_t cst_parse_missing(struct cst_cmd *cmd)
{
	if (cmd->op->flags & CST_OP_ACTION)
		return cmd->op->opcode == VARIABLE_LENGTH_CMD ?
		       cst_cdb_invalid(&cmd->detail, 8, 7) :
		       cst_cdb_invalid(&cmd->detail, 1, 4);
	cst_cdb_invalid(&cmd->detail, 0, 7);
	return CST_SENSE(INVALID_COMMAND_OPERATION_CODE);
}

/**
 * cst_parse() - decode a command's CDB
 * @cmd: as submitted, with its LUN looked up
 *
 * Sets op, dir, lba, nblocks and cdb_xfer_len.
 *
 * Context: any.  Return: CST_OK, or the reason to refuse the CDB.
 */
cst_sense_t cst_parse(struct cst_cmd *cmd)
{
	cst_sense_t reason = CST_OK;
	const struct cst_op *op;

	op = cst_op_find(cmd->type, cmd->cdb, cmd->cdb_len, &reason, &cmd->detail);
	cmd->op = op;
	if (unlikely(!op))
		return reason;
	cmd->dir = op->dir;

	if (unlikely(op->exists && !op->exists(cmd->dev)))
		return cst_parse_missing(cmd);
	if (unlikely(cmd->cdb_len < op->cdb_len))
		return cst_cdb_invalid(&cmd->detail, cmd->cdb_len, 7);
	if (unlikely(cst_cdb_has_bad_bit(cmd->cdb, op->usage, op->cdb_len)))
		return cst_cdb_bad_bit(cmd);

	cst_parse_fields(cmd);
	return op->parse ? op->parse(cmd) : CST_OK;
}
