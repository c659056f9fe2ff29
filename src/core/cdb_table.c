// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opcode table of a disk, and how a CDB finds its row.
 *
 * parse.c looks rows up; REPORT SUPPORTED OPERATION CODES prints them.  Rows stand
 * in ascending order of operation code and service action, so that the rows of
 * one operation code are neighbours.  Pure: also compiled in user space.
 *
 * A usage map names the bits that an initiator may set (SPC-5 6.35).  All else
 * is refused by parse.c with the pointer at the bit: RDPROTECT, WRPROTECT and
 * VRPROTECT (no protection information), GROUP NUMBER (no grouping), NACA, power
 * conditions (nothing spins) among them.
 */
#include <linux/bits.h>
#include <linux/dma-direction.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <scsi/scsi_proto.h>

#include "cdb.h"

/* Index of a row: what cst_op_rows and cst_op_index agree on. */
enum cst_op_row {
	ROW_TEST_UNIT_READY,
	ROW_REQUEST_SENSE,
	ROW_READ_6,
	ROW_WRITE_6,
	ROW_INQUIRY,
	ROW_MODE_SENSE_6,
	ROW_START_STOP_UNIT,
	ROW_SEND_DIAGNOSTIC,
	ROW_PREVENT_ALLOW,
	ROW_READ_CAPACITY_10,
	ROW_READ_10,
	ROW_WRITE_10,
	ROW_VERIFY_10,
	ROW_SYNCHRONIZE_CACHE_10,
	ROW_MODE_SENSE_10,
	ROW_READ_16,
	ROW_WRITE_16,
	ROW_VERIFY_16,
	ROW_SYNCHRONIZE_CACHE_16,
	ROW_READ_CAPACITY_16,
	ROW_REPORT_LUNS,
	ROW_REPORT_SUPPORTED_OPCODES,
	ROW_REPORT_SUPPORTED_TMFS,
	ROW_READ_12,
	ROW_WRITE_12,
	ROW_VERIFY_12,
	ROW_NR,
};

#define CST_OP_TELLS_ANYBODY \
	(CST_OP_NO_LUN | CST_OP_SKIP_UA | CST_OP_IMPLICIT_HOQ)

static const struct cst_op cst_op_rows[ROW_NR] = {
	[ROW_TEST_UNIT_READY] = {
		.opcode		= TEST_UNIT_READY,
		.cdb_len	= 6,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_NONE,
		.format		= CST_CDB_NONE,
		.flags		= CST_OP_MEDIUM | CST_OP_IMPLICIT_HOQ,
		.usage		= { TEST_UNIT_READY },
		.name		= "TEST UNIT READY",
		.execute	= cst_spc_test_unit_ready,
	},
	[ROW_REQUEST_SENSE] = {
		.opcode		= REQUEST_SENSE,
		.cdb_len	= 6,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC8_4,
		.flags		= CST_OP_TELLS_ANYBODY,
		.usage		= { REQUEST_SENSE, 0x01, 0, 0, 0xff },
		.name		= "REQUEST SENSE",
		.execute	= cst_spc_request_sense,
	},
	[ROW_READ_6] = {
		.opcode		= READ_6,
		.cdb_len	= 6,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_RW6,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS,
		.usage		= { READ_6, 0x1f, 0xff, 0xff, 0xff },
		.name		= "READ(6)",
		.execute	= cst_sbc_read,
	},
	[ROW_WRITE_6] = {
		.opcode		= WRITE_6,
		.cdb_len	= 6,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW6,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.usage		= { WRITE_6, 0x1f, 0xff, 0xff, 0xff },
		.name		= "WRITE(6)",
		.execute	= cst_sbc_write,
	},
	[ROW_INQUIRY] = {
		.opcode		= INQUIRY,
		.cdb_len	= 6,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC16_3,
		.flags		= CST_OP_TELLS_ANYBODY,
		.usage		= { INQUIRY, 0x01, 0xff, 0xff, 0xff },
		.name		= "INQUIRY",
		.execute	= cst_spc_inquiry,
	},
	[ROW_MODE_SENSE_6] = {
		.opcode		= MODE_SENSE,
		.cdb_len	= 6,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC8_4,
		.usage		= { MODE_SENSE, 0x08, 0xff, 0xff, 0xff },
		.name		= "MODE SENSE(6)",
		.execute	= cst_spc_mode_sense,
	},
	[ROW_START_STOP_UNIT] = {
		.opcode		= START_STOP,
		.cdb_len	= 6,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_NONE,
		.format		= CST_CDB_NONE,
		.flags		= CST_OP_MEDIUM | CST_OP_LOADS,
		.usage		= { START_STOP, 0x01, 0, 0, 0x07 },
		.name		= "START STOP UNIT",
		.execute	= cst_sbc_start_stop,
	},
	[ROW_SEND_DIAGNOSTIC] = {
		.opcode		= SEND_DIAGNOSTIC,
		.cdb_len	= 6,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_NONE,
		.format		= CST_CDB_NONE,
		.flags		= CST_OP_MEDIUM,
		/* PF, SELFTEST, DEVOFFL and UNITOFFL; no parameters */
		.usage		= { SEND_DIAGNOSTIC, 0x17 },
		.name		= "SEND DIAGNOSTIC",
		.execute	= cst_spc_send_diagnostic,
	},
	[ROW_PREVENT_ALLOW] = {
		.opcode		= ALLOW_MEDIUM_REMOVAL,
		.cdb_len	= 6,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_NONE,
		.format		= CST_CDB_NONE,
		.usage		= { ALLOW_MEDIUM_REMOVAL, 0, 0, 0, 0x01 },
		.name		= "PREVENT ALLOW MEDIUM REMOVAL",
		.execute	= cst_spc_prevent_allow,
	},
	[ROW_READ_CAPACITY_10] = {
		.opcode		= READ_CAPACITY,
		.cdb_len	= 10,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_FIXED8,
		.flags		= CST_OP_MEDIUM | CST_OP_IMPLICIT_HOQ,
		.usage		= { READ_CAPACITY, 0, 0xff, 0xff, 0xff, 0xff,
				    0, 0, 0x01 },
		.name		= "READ CAPACITY(10)",
		.execute	= cst_sbc_read_capacity10,
	},
	[ROW_READ_10] = {
		.opcode		= READ_10,
		.cdb_len	= 10,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS,
		.usage		= { READ_10, CST_CDB_DPO | CST_CDB_FUA,
				    0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff },
		.name		= "READ(10)",
		.execute	= cst_sbc_read,
	},
	[ROW_WRITE_10] = {
		.opcode		= WRITE_10,
		.cdb_len	= 10,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.usage		= { WRITE_10, CST_CDB_DPO | CST_CDB_FUA,
				    0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff },
		.name		= "WRITE(10)",
		.execute	= cst_sbc_write,
	},
	[ROW_VERIFY_10] = {
		.opcode		= VERIFY,
		.cdb_len	= 10,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM | CST_OP_NO_DATA_BLOCKS,
		.usage		= { VERIFY, CST_CDB_DPO | CST_CDB_BYTCHK,
				    0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff },
		.name		= "VERIFY(10)",
		.execute	= cst_sbc_verify,
	},
	[ROW_SYNCHRONIZE_CACHE_10] = {
		.opcode		= SYNCHRONIZE_CACHE,
		.cdb_len	= 10,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_NONE,
		.format		= CST_CDB_RW10,
		.flags		= CST_OP_MEDIUM,
		.usage		= { SYNCHRONIZE_CACHE, CST_CDB_SYNC,
				    0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff },
		.name		= "SYNCHRONIZE CACHE(10)",
		.execute	= cst_sbc_synchronize_cache,
	},
	[ROW_MODE_SENSE_10] = {
		.opcode		= MODE_SENSE_10,
		.cdb_len	= 10,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC16_7,
		.usage		= { MODE_SENSE_10, 0x18, 0xff, 0xff, 0, 0, 0,
				    0xff, 0xff },
		.name		= "MODE SENSE(10)",
		.execute	= cst_spc_mode_sense,
	},
	[ROW_READ_16] = {
		.opcode		= READ_16,
		.cdb_len	= 16,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS,
		.usage		= { READ_16, CST_CDB_DPO | CST_CDB_FUA,
				    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				    0xff, 0xff, 0xff, 0xff },
		.name		= "READ(16)",
		.execute	= cst_sbc_read,
	},
	[ROW_WRITE_16] = {
		.opcode		= WRITE_16,
		.cdb_len	= 16,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.usage		= { WRITE_16, CST_CDB_DPO | CST_CDB_FUA,
				    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				    0xff, 0xff, 0xff, 0xff },
		.name		= "WRITE(16)",
		.execute	= cst_sbc_write,
	},
	[ROW_VERIFY_16] = {
		.opcode		= VERIFY_16,
		.cdb_len	= 16,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM | CST_OP_NO_DATA_BLOCKS,
		.usage		= { VERIFY_16, CST_CDB_DPO | CST_CDB_BYTCHK,
				    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				    0xff, 0xff, 0xff, 0xff },
		.name		= "VERIFY(16)",
		.execute	= cst_sbc_verify,
	},
	[ROW_SYNCHRONIZE_CACHE_16] = {
		.opcode		= SYNCHRONIZE_CACHE_16,
		.cdb_len	= 16,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_NONE,
		.format		= CST_CDB_RW16,
		.flags		= CST_OP_MEDIUM,
		.usage		= { SYNCHRONIZE_CACHE_16, CST_CDB_SYNC,
				    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				    0xff, 0xff, 0xff, 0xff },
		.name		= "SYNCHRONIZE CACHE(16)",
		.execute	= cst_sbc_synchronize_cache,
	},
	[ROW_READ_CAPACITY_16] = {
		.opcode		= SERVICE_ACTION_IN_16,
		.cdb_len	= 16,
		.service_action	= SAI_READ_CAPACITY_16,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_10,
		.flags		= CST_OP_MEDIUM | CST_OP_IMPLICIT_HOQ,
		.usage		= { SERVICE_ACTION_IN_16, SAI_READ_CAPACITY_16,
				    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				    0xff, 0xff, 0xff, 0xff, 0x01 },
		.name		= "READ CAPACITY(16)",
		.execute	= cst_sbc_read_capacity16,
	},
	[ROW_REPORT_LUNS] = {
		.opcode		= REPORT_LUNS,
		.cdb_len	= 12,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.flags		= CST_OP_TELLS_ANYBODY,
		.usage		= { REPORT_LUNS, 0, 0xff, 0, 0, 0,
				    0xff, 0xff, 0xff, 0xff },
		.name		= "REPORT LUNS",
		.execute	= cst_spc_report_luns,
	},
	[ROW_REPORT_SUPPORTED_OPCODES] = {
		.opcode		= MAINTENANCE_IN,
		.cdb_len	= 12,
		.service_action	= MI_REPORT_SUPPORTED_OPERATION_CODES,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.usage		= { MAINTENANCE_IN,
				    MI_REPORT_SUPPORTED_OPERATION_CODES,
				    0x87, 0xff, 0xff, 0xff,
				    0xff, 0xff, 0xff, 0xff },
		.name		= "REPORT SUPPORTED OPERATION CODES",
		.execute	= cst_spc_report_supported_opcodes,
	},
	[ROW_REPORT_SUPPORTED_TMFS] = {
		.opcode		= MAINTENANCE_IN,
		.cdb_len	= 12,
		.service_action	= MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.usage		= { MAINTENANCE_IN,
				    MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS,
				    0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
		.name		= "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
		.execute	= cst_spc_report_supported_tmfs,
	},
	[ROW_READ_12] = {
		.opcode		= READ_12,
		.cdb_len	= 12,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_RW12,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS,
		.usage		= { READ_12, CST_CDB_DPO | CST_CDB_FUA,
				    0xff, 0xff, 0xff, 0xff,
				    0xff, 0xff, 0xff, 0xff },
		.name		= "READ(12)",
		.execute	= cst_sbc_read,
	},
	[ROW_WRITE_12] = {
		.opcode		= WRITE_12,
		.cdb_len	= 12,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW12,
		.flags		= CST_OP_MEDIUM | CST_OP_BLOCKS | CST_OP_WRITES,
		.usage		= { WRITE_12, CST_CDB_DPO | CST_CDB_FUA,
				    0xff, 0xff, 0xff, 0xff,
				    0xff, 0xff, 0xff, 0xff },
		.name		= "WRITE(12)",
		.execute	= cst_sbc_write,
	},
	[ROW_VERIFY_12] = {
		.opcode		= VERIFY_12,
		.cdb_len	= 12,
		.service_action	= CST_OP_NO_SA,
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_RW12,
		.flags		= CST_OP_MEDIUM | CST_OP_NO_DATA_BLOCKS,
		.usage		= { VERIFY_12, CST_CDB_DPO | CST_CDB_BYTCHK,
				    0xff, 0xff, 0xff, 0xff,
				    0xff, 0xff, 0xff, 0xff },
		.name		= "VERIFY(12)",
		.execute	= cst_sbc_verify,
	},
};

/* Operation code to 1 + its first row; 0 is not supported. */
static const u8 cst_op_index[256] = {
	[TEST_UNIT_READY]		= ROW_TEST_UNIT_READY + 1,
	[REQUEST_SENSE]			= ROW_REQUEST_SENSE + 1,
	[READ_6]			= ROW_READ_6 + 1,
	[WRITE_6]			= ROW_WRITE_6 + 1,
	[INQUIRY]			= ROW_INQUIRY + 1,
	[MODE_SENSE]			= ROW_MODE_SENSE_6 + 1,
	[START_STOP]			= ROW_START_STOP_UNIT + 1,
	[SEND_DIAGNOSTIC]		= ROW_SEND_DIAGNOSTIC + 1,
	[ALLOW_MEDIUM_REMOVAL]		= ROW_PREVENT_ALLOW + 1,
	[READ_CAPACITY]			= ROW_READ_CAPACITY_10 + 1,
	[READ_10]			= ROW_READ_10 + 1,
	[WRITE_10]			= ROW_WRITE_10 + 1,
	[VERIFY]			= ROW_VERIFY_10 + 1,
	[SYNCHRONIZE_CACHE]		= ROW_SYNCHRONIZE_CACHE_10 + 1,
	[MODE_SENSE_10]			= ROW_MODE_SENSE_10 + 1,
	[READ_16]			= ROW_READ_16 + 1,
	[WRITE_16]			= ROW_WRITE_16 + 1,
	[VERIFY_16]			= ROW_VERIFY_16 + 1,
	[SYNCHRONIZE_CACHE_16]		= ROW_SYNCHRONIZE_CACHE_16 + 1,
	[SERVICE_ACTION_IN_16]		= ROW_READ_CAPACITY_16 + 1,
	[REPORT_LUNS]			= ROW_REPORT_LUNS + 1,
	[MAINTENANCE_IN]		= ROW_REPORT_SUPPORTED_OPCODES + 1,
	[READ_12]			= ROW_READ_12 + 1,
	[WRITE_12]			= ROW_WRITE_12 + 1,
	[VERIFY_12]			= ROW_VERIFY_12 + 1,
};

/* The row of a service action; they stand next to each other. */
static const struct cst_op *cst_op_find_sa(const struct cst_op *op,
					   const u8 *cdb, unsigned int cdb_len,
					   cst_sense_t *reason,
					   struct cst_sense_detail *detail)
{
	const u8 opcode = op->opcode;
	u8 action;

	if (cdb_len < 2) {
		*reason = cst_cdb_invalid(detail, 1, 7);
		return NULL;
	}
	action = cdb[1] & 0x1f;
	for (; op < cst_op_rows + ROW_NR && op->opcode == opcode; op++)
		if (op->service_action == action)
			return op;
	*reason = cst_cdb_invalid(detail, 1, 4);
	return NULL;
}

/**
 * cst_op_find() - the row of a CDB
 * @cdb: at least @cdb_len bytes
 * @cdb_len: as received
 * @reason: why there is none
 * @detail: where in the CDB
 *
 * Return: the row, or NULL.
 */
const struct cst_op *cst_op_find(const u8 *cdb, unsigned int cdb_len,
				 cst_sense_t *reason,
				 struct cst_sense_detail *detail)
{
	const struct cst_op *op;
	unsigned int row;

	row = likely(cdb_len) ? cst_op_index[cdb[0]] : 0;
	if (unlikely(!row)) {
		cst_cdb_invalid(detail, 0, 7);
		*reason = CST_SENSE(INVALID_COMMAND_OPERATION_CODE);
		return NULL;
	}
	op = &cst_op_rows[row - 1];
	if (likely(op->service_action == CST_OP_NO_SA))
		return op;
	return cst_op_find_sa(op, cdb, cdb_len, reason, detail);
}

unsigned int cst_op_count(void)
{
	return ROW_NR;
}

const struct cst_op *cst_op_row(unsigned int i)
{
	return i < ROW_NR ? &cst_op_rows[i] : NULL;
}
