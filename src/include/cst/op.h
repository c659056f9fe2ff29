/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The opcode table: one row per command.  It drives decoding, validation, the
 * gates, ordering and REPORT SUPPORTED OPERATION CODES.  Pure but for the execute
 * pointer: also compiled in user space.
 */
#ifndef _CST_OP_H
#define _CST_OP_H

#include <linux/types.h>

#include <cst/sense.h>

struct cst_cmd;

/* How LBA and length stand in the CDB. */
enum cst_cdb_format {
	CST_CDB_NONE,		/* neither */
	CST_CDB_RW6,		/* LBA 21 bits at 1, blocks at 4 (0 = 256) */
	CST_CDB_RW10,		/* LBA at 2 (32), blocks at 7 (16) */
	CST_CDB_RW12,		/* LBA at 2 (32), blocks at 6 (32) */
	CST_CDB_RW16,		/* LBA at 2 (64), blocks at 10 (32) */
	CST_CDB_ALLOC8_4,	/* allocation or parameter list length, bytes */
	CST_CDB_ALLOC16_3,
	CST_CDB_ALLOC16_7,
	CST_CDB_ALLOC32_6,
	CST_CDB_ALLOC32_10,
	CST_CDB_FIXED8,		/* always 8 bytes: READ CAPACITY (10) */
};

#define CST_OP_NO_SA		0xffff

/* cst_op.flags */
#define CST_OP_MEDIUM		BIT(0)	/* needs an enabled device */
#define CST_OP_WRITES		BIT(1)	/* changes the medium: write protection applies */
#define CST_OP_NO_LUN		BIT(2)	/* answered even where there is no logical unit */
#define CST_OP_SKIP_UA		BIT(3)	/* does not report a pending unit attention (SAM-5 5.14) */
#define CST_OP_IMPLICIT_HOQ	BIT(4)	/* never waits for ordering */
#define CST_OP_BLOCKS		BIT(5)	/* cdb_xfer_len counts blocks * block size */
#define CST_OP_NO_DATA_BLOCKS	BIT(6)	/* LBA and blocks, but BYTCHK decides what moves (VERIFY) */
#define CST_OP_SLEEPS		BIT(7)	/* execute always needs a context that may sleep */
#define CST_OP_LOADS		BIT(8)	/* with CST_OP_MEDIUM: also while it is ejected */

struct cst_op {
	u8		opcode;
	u8		cdb_len;
	u16		service_action;	/* CST_OP_NO_SA */
	u8		dir;		/* enum dma_data_direction */
	u8		format;		/* enum cst_cdb_format */
	u16		flags;
	u8		usage[16];	/* CDB usage data, SPC-5 6.35: bits that may be set */
	const char	*name;
	/*
	 * Runs the command.  Called in the submitter's context (perhaps atomic) and,
	 * when it answers CST_WOULD_BLOCK, again in a worker.  Answers CST_OK,
	 * sense, CST_PENDING (then cst_cmd_complete() is called) ...
	 */
	cst_sense_t (*execute)(struct cst_cmd *cmd);
};

#endif /* _CST_OP_H */
