/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device type has a row for each of its commands.  The row drives decoding, validation,
 * the gates, ordering and REPORT SUPPORTED OPERATION CODES.  A row is in the file of the
 * function that executes the command; a type lists the tables that it has (dev_type.h).
 */
#ifndef _CST_OP_H
#define _CST_OP_H

#include <linux/bits.h>
#include <linux/types.h>

#include <cst/sense.h>

struct cst_cmd;
struct cst_device;

/* Where LBA and length are in the CDB: SPC-5 4.2.2, and formats that differ from it. */
enum cst_cdb_format {
	CST_CDB_NONE,		/* neither */
	CST_CDB_RW6,		/* LBA 21 bits at 1, blocks at 4 (0 = 256) */
	CST_CDB_RW10,		/* LBA at 2 (32), blocks at 7 (16) */
	CST_CDB_RW12,		/* LBA at 2 (32), blocks at 6 (32) */
	CST_CDB_RW16,		/* LBA at 2 (64), blocks at 10 (32) */
	CST_CDB_RW32,		/* LBA at 12 (64), blocks at 28 (32) */
	CST_CDB_ALLOC8_4,	/* allocation or parameter list length, bytes */
	CST_CDB_ALLOC16_3,
	CST_CDB_ALLOC16_7,
	CST_CDB_ALLOC24_6,
	CST_CDB_ALLOC32_5,
	CST_CDB_ALLOC32_6,
	CST_CDB_ALLOC32_10,
	CST_CDB_FIXED8,		/* always 8 bytes: READ CAPACITY (10) */
};

/* Longest CDB of a row; SPC-5 4.2.4 allows up to 260 bytes */
#define CST_CDB_MAX		32

#define CST_OP_TIMEOUT		30	/* seconds, for a row without a timeout */

/*
 * With which reservations of another nexus a command conflicts (SPC-5 5.14 and SBC-4, the
 * tables of commands that are allowed in the presence of various reservations).
 */
enum cst_resv_class {
	CST_RESV_UNSAID,	/* the row does not say: a mistake */
	CST_RESV_ANY,		/* none */
	CST_RESV_UNIT,		/* the one by RESERVE, which is not persistent (SPC-2 5.5.1) */
	CST_RESV_READ,		/* exclusive access */
	CST_RESV_WRITE,		/* exclusive access and write exclusive */
};

/*
 * The asymmetric access state of a target port for a logical unit (SPC-5 5.17.2).  Active
 * states are one here, because no command is refused in any of them.
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
/* ... of commands with an echo buffer (SPC-5 5.17.2.4, 5.17.2.5) */
#define CST_PORTS_ECHO		(BIT(CST_PORT_STANDBY) | BIT(CST_PORT_UNAVAILABLE))
#define CST_PORTS_ALL		(BIT(CST_PORT_STANDBY) | BIT(CST_PORT_UNAVAILABLE) | \
				 BIT(CST_PORT_OFFLINE) | BIT(CST_PORT_TRANSITIONING))

/* cst_op.flags */
#define CST_OP_MEDIUM		BIT(0)	/* needs an enabled device, and its medium */
#define CST_OP_WRITES		BIT(1)	/* changes the medium: write protection applies */
#define CST_OP_ACTION		BIT(2)	/* SERVICE ACTION: byte 1, or bytes 8, 9 of 7Fh */
#define CST_OP_SKIP_UA		BIT(3)	/* does not report a pending unit attention (SAM-5 5.14) */
#define CST_OP_IMPLICIT_HOQ	BIT(4)	/* never waits for its turn: not in the task set's order */
#define CST_OP_BLOCKS		BIT(5)	/* cst_cmd_blocks_len(); counted as a read or write */
#define CST_OP_SLEEPS		BIT(6)	/* execute always needs a context that may sleep */
#define CST_OP_UNREADY		BIT(7)	/* with CST_OP_MEDIUM: also while stopped or ejected */
#define CST_OP_ALTERS		BIT(8)	/* alters the unit for all: not where a LUN is read_only */
#define CST_OP_LOST		BIT(9)	/* also while reservations are lost (SPC-5 5.14.5.2) */

/**
 * struct cst_op - a command
 * @opcode: OPERATION CODE
 * @cdb_len: bytes of the CDB and of @usage, 6 or 8 to 16; CST_CDB_MAX with opcode 7Fh
 * @service_action: with CST_OP_ACTION: SERVICE ACTION
 * @dir: enum dma_data_direction
 * @format: enum cst_cdb_format
 * @flags: CST_OP_*
 * @resv: enum cst_resv_class
 * @ports: CST_PORTS_*; 0: allowed only where the target port is active
 * @timeout: RECOMMENDED COMMAND TIMEOUT in seconds (SPC-5 6.35.4); 0 is CST_OP_TIMEOUT
 * @usage: CDB usage data (SPC-5 6.35.3): the bits that may be set.  A CDB with any other
 *	bit is refused, with the field pointer at that bit.  No command supports RDPROTECT,
 *	WRPROTECT and VRPROTECT (no protection information), GROUP NUMBER (no grouping),
 *	NACA, or power conditions other than stopped.
 * @name: as in the standard
 * @resv_exempt: optional; true for a CDB that never conflicts with a reservation, whatever
 *	@resv says.  Any context.
 * @exists: optional; false for a unit that does not have the command: then the command is
 *	not reported, and parse.c refuses it as if there were no row.  Any context.
 * @parse: optional; checks and decodes what @format does not cover, after @format has been
 *	decoded.  May set cmd->dir and cmd->cdb_xfer_len.  Any context.  Answers CST_OK or
 *	sense.
 * @execute: runs the command.  Called in the submitter's context (perhaps atomic), and
 *	again in a worker when it has answered CST_WOULD_BLOCK.  Answers CST_OK, sense, a
 *	status of sense.h, or CST_PENDING.  After CST_PENDING either cst_cmd_finish() or
 *	cst_cmd_continue() is called, or the command waits in a queue (cst_range_enter())
 *	and is executed again in a worker.
 * @give_up: optional; the command was aborted before the function of cst_cmd_continue() was
 *	called, and is going to end: frees what execute has made.  In a worker.
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
	bool (*exists)(const struct cst_device *dev);
	cst_sense_t (*parse)(struct cst_cmd *cmd);
	cst_sense_t (*execute)(struct cst_cmd *cmd);
	void (*give_up)(struct cst_cmd *cmd);
};

/* The members that follow from a usage map: length, operation code and the map itself. */
#define CST_CDB(_len, _opcode, ...)					\
	.opcode = (_opcode), .cdb_len = (_len),				\
	.usage = (const u8[_len]){ (_opcode), ##__VA_ARGS__ }

/* The same where the low bits of byte 1 are a service action. */
#define CST_CDB_SA(_len, _opcode, _action, ...)				\
	.opcode = (_opcode), .cdb_len = (_len), .service_action = (_action), \
	.usage = (const u8[_len]){ (_opcode), (_action), ##__VA_ARGS__ }

/*
 * The same for a CDB of variable length, which has CST_CDB_MAX bytes here (SPC-5 4.2.3).  The
 * values begin with byte 10.  CONTROL (byte 1) and GROUP NUMBER (byte 6) are 0.
 */
#define CST_CDB_LONG(_action, ...)					\
	.opcode = VARIABLE_LENGTH_CMD, .cdb_len = CST_CDB_MAX,		\
	.service_action = (_action),					\
	.usage = (const u8[CST_CDB_MAX]){				\
		VARIABLE_LENGTH_CMD, [7] = CST_CDB_MAX - 8,		\
		[8] = (_action) >> 8, [9] = (_action) & 0xff, ##__VA_ARGS__ }

#endif /* _CST_OP_H */
