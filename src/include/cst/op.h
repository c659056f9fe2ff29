/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A row per command of a device type.  It drives decoding, validation, the gates,
 * ordering and REPORT SUPPORTED OPERATION CODES.  A row stands beside the function
 * that executes it; a type lists the tables that it has (dev_type.h).
 */
#ifndef _CST_OP_H
#define _CST_OP_H

#include <linux/bits.h>
#include <linux/types.h>

#include <cst/sense.h>

struct cst_cmd;

/* How LBA and length stand in the CDB: SPC-5 4.2.2, and what differs from it. */
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

/* Longest CDB of a row, SPC-5 4.2.4 leaves up to 260 */
#define CST_CDB_MAX		32

#define CST_OP_TIMEOUT		30	/* seconds, of a row that says none */

/*
 * When a command conflicts with a reservation of another nexus (SPC-5 5.14 and SBC-4,
 * the tables of commands that are allowed in the presence of various reservations).
 */
enum cst_resv_class {
	CST_RESV_UNSAID,	/* the row does not say: a mistake */
	CST_RESV_ANY,		/* never */
	CST_RESV_READ,		/* with one for exclusive access */
	CST_RESV_WRITE,		/* with that, and with a write exclusive one */
};

/*
 * What a target port is for a logical unit (SPC-5 5.17.2): its asymmetric access state, as far
 * as commands are refused for it.
 */
enum cst_port_state {
	CST_PORT_ACTIVE,	/* optimized or not: all commands */
	CST_PORT_STANDBY,
	CST_PORT_UNAVAILABLE,
	CST_PORT_OFFLINE,
	CST_PORT_TRANSITIONING,
};

/* cst_op.ports: the states in which a command is allowed besides the active ones */
#define CST_PORTS_STANDBY	BIT(CST_PORT_STANDBY)
#define CST_PORTS_ALL		(BIT(CST_PORT_STANDBY) | BIT(CST_PORT_UNAVAILABLE) | \
				 BIT(CST_PORT_OFFLINE) | BIT(CST_PORT_TRANSITIONING))

/* cst_op.flags */
#define CST_OP_MEDIUM		BIT(0)	/* needs an enabled device, and its medium */
#define CST_OP_WRITES		BIT(1)	/* changes the medium: write protection applies */
#define CST_OP_ACTION		BIT(2)	/* byte 1 holds a service action */
#define CST_OP_SKIP_UA		BIT(3)	/* does not report a pending unit attention (SAM-5 5.14) */
#define CST_OP_IMPLICIT_HOQ	BIT(4)	/* ordering class: never waits for it */
#define CST_OP_BLOCKS		BIT(5)	/* cst_cmd_blocks_len(); counted as a read or write */
#define CST_OP_SLEEPS		BIT(6)	/* execute always needs a context that may sleep */
#define CST_OP_UNREADY		BIT(7)	/* with CST_OP_MEDIUM: also while stopped or ejected */

/**
 * struct cst_op - a command
 * @opcode: OPERATION CODE
 * @cdb_len: bytes of the CDB and of @usage, 6 to CST_CDB_MAX
 * @service_action: with CST_OP_ACTION
 * @dir: enum dma_data_direction
 * @format: enum cst_cdb_format
 * @flags: CST_OP_*
 * @resv: enum cst_resv_class
 * @ports: CST_PORTS_*; 0: allowed where the target port is active
 * @timeout: RECOMMENDED COMMAND TIMEOUT in seconds (SPC-5 6.35.4); 0 is CST_OP_TIMEOUT
 * @usage: CDB usage data (SPC-5 6.35.3): the bits that may be set; the rest is refused
 *	with the pointer at the bit.  RDPROTECT, WRPROTECT and VRPROTECT (no protection
 *	information), GROUP NUMBER (no grouping), NACA and power conditions (but the
 *	stopped one) no command supports yet.
 * @name: as in the standard
 * @resv_exempt: optional; a CDB that never conflicts with a reservation, whatever @resv
 *	says of the others.  Any context.
 * @parse: optional; more of the CDB once @format is decoded: what it may not be, what
 *	moves (cmd->dir, cmd->cdb_xfer_len).  Any context.  CST_OK or sense.
 * @execute: runs the command.  Called in the submitter's context (perhaps atomic) and,
 *	when it answers CST_WOULD_BLOCK, again in a worker.  CST_OK, sense, a status of
 *	sense.h, or CST_PENDING: then cst_cmd_finish() or cst_cmd_continue() is called,
 *	or it has been told to wait and is executed again in a worker.
 */
struct cst_op {
	u8		opcode;
	u8		cdb_len;
	u8		dir;
	u8		format;
	u16		service_action;
	u16		flags;
	u16		timeout;
	u8		resv;
	u8		ports;
	const u8	*usage;
	const char	*name;
	bool (*resv_exempt)(const struct cst_cmd *cmd);
	cst_sense_t (*parse)(struct cst_cmd *cmd);
	cst_sense_t (*execute)(struct cst_cmd *cmd);
};

/* The members that a usage map decides: its length, the code and the bytes after it. */
#define CST_CDB(_len, _opcode, ...)					\
	.opcode = (_opcode), .cdb_len = (_len),				\
	.usage = (const u8[_len]){ (_opcode), ##__VA_ARGS__ }

/* The same where the low bits of byte 1 are a service action. */
#define CST_CDB_SA(_len, _opcode, _action, ...)				\
	.opcode = (_opcode), .cdb_len = (_len), .service_action = (_action), \
	.usage = (const u8[_len]){ (_opcode), (_action), ##__VA_ARGS__ }

#endif /* _CST_OP_H */
