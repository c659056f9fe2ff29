// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS (SPC-5 6.42, 6.34): self-tests, and the list
 * of diagnostic pages, which is the only page.
 *
 * exec.c calls in, and log.c for the results.  The self-test is whether the unit is ready, for
 * which the gates ask, and whether its first block can be read; an extended test reads the last
 * block, too.  That takes no longer than a READ.  So a test in the background has also ended when
 * the status is sent, and there is never one to be aborted, or whose progress could be told.
 *
 * dev->itl_lock protects the results.  They are forgotten with the device.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/unaligned.h>

#include "spc.h"

#define CST_DIAG_PF		0x10
#define CST_DIAG_SELFTEST	0x04
#define CST_DIAG_PAGE_LIST	0x00	/* PAGE CODE */
#define CST_DIAG_PAGE_HEADER	4
#define CST_DIAG_PCV		0x01

/* SELF-TEST RESULTS, SPC-5 7.3.17: no error; the first or the second part has failed */
#define CST_DIAG_PASSED		0x0
#define CST_DIAG_FIRST_FAILED	0x5
#define CST_DIAG_SECOND_FAILED	0x6

/* SELF-TEST CODE: 000b none, the codes of tests, 100b abort; 011b and 111b are reserved. */
static bool cst_diag_is_test(u8 code)
{
	return code == 1 || code == 2 || code == 5 || code == 6;
}

static bool cst_diag_in_background(u8 code)
{
	return code == 1 || code == 2;
}

static bool cst_diag_is_extended(u8 code)
{
	return code == 2 || code == 6;
}

/* --- results --- */

/* @reason: CST_OK, or why the block cmd->lba could not be read in this part of the test */
static void cst_diag_record(struct cst_cmd *cmd, u8 part, cst_sense_t reason)
{
	u64 hours = div_u64(get_jiffies_64() - cmd->dev->made, 3600 * HZ);
	u8 code = cmd->cdb[1] >> 5, result = CST_DIAG_PASSED;
	struct cst_device *dev = cmd->dev;
	unsigned long flags;

	/* The default self-test leaves no result. */
	if (!code)
		return;
	if (reason)
		result = part == 1 ? CST_DIAG_FIRST_FAILED : CST_DIAG_SECOND_FAILED;
	spin_lock_irqsave(&dev->itl_lock, flags);
	dev->self_tests[dev->nr_self_tests++ % CST_SELF_TESTS] = (struct cst_self_test){
		.lba		= reason ? cmd->lba : ~0ULL,
		.hours		= min_t(u64, hours, U16_MAX),
		.result		= code << 5 | result,
		.segment	= reason ? part : 0,
		.sense		= reason,
	};
	/* It does not wrap to a small number. */
	if (dev->nr_self_tests == 2 * CST_SELF_TESTS)
		dev->nr_self_tests = CST_SELF_TESTS;
	spin_unlock_irqrestore(&dev->itl_lock, flags);
}

static void cst_diag_result(const struct cst_self_test *test, u8 *value)
{
	const struct cst_sense_code *code = cst_sense_code(test->sense);

	value[0] = test->result;
	value[1] = test->segment;
	put_unaligned_be16(test->hours, value + 2);
	put_unaligned_be64(test->lba, value + 4);
	if (!test->sense)
		return;
	value[12] = code->key;
	value[13] = code->asc;
	value[14] = code->ascq;
}

/* 10h, SPC-5 7.3.17: the newest result first; parameters without one are zeroes. */
u8 *cst_diag_log(const struct cst_device *cdev, const struct cst_log_counts *counts, u8 *p)
{
	struct cst_device *dev = (struct cst_device *)cdev;	/* for the lock */
	unsigned int i, nr;
	unsigned long flags;
	u8 value[16];

	spin_lock_irqsave(&dev->itl_lock, flags);
	nr = dev->nr_self_tests;
	for (i = 1; i <= CST_SELF_TESTS; i++) {
		memset(value, 0, sizeof(value));
		if (i <= nr)
			cst_diag_result(&dev->self_tests[(nr - i) % CST_SELF_TESTS], value);
		p = cst_log_put(p, i, value, sizeof(value));
	}
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return p;
}

/* --- SEND DIAGNOSTIC --- */

static cst_sense_t cst_spc_parse_send_diagnostic(struct cst_cmd *cmd)
{
	u8 code = cmd->cdb[1] >> 5;

	if (code && (!cst_diag_is_test(code) || cmd->cdb[1] & CST_DIAG_SELFTEST))
		return cst_cdb_invalid(&cmd->detail, 1, 7);
	if (!cmd->cdb_xfer_len)
		return CST_OK;
	/* A test has no parameters, and without PF their format is not known. */
	if (code || cmd->cdb[1] & CST_DIAG_SELFTEST)
		return cst_cdb_invalid(&cmd->detail, 3, 7);
	if (!(cmd->cdb[1] & CST_DIAG_PF))
		return cst_cdb_invalid(&cmd->detail, 1, 4);
	return cmd->cdb_xfer_len == CST_DIAG_PAGE_HEADER ? CST_OK :
	       CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
}

static void cst_diag_finish(struct cst_cmd *cmd, cst_sense_t reason)
{
	cst_buffer_free_scratch(cmd);
	cst_cmd_finish(cmd, reason);
}

static void cst_diag_read(struct cst_io *io, int error);

static cst_sense_t cst_diag_second(struct cst_cmd *cmd)
{
	cmd->step = 2;
	return cmd->type->probe(cmd, true, cst_diag_read);
}

/* A part of the test has ended: cmd->step is its number. */
static void cst_diag_read(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);
	cst_sense_t reason = cst_sense_from_errno(error, false);
	u8 code = cmd->cdb[1] >> 5;

	if (!reason && cst_diag_is_extended(code) && cmd->step == 1) {
		cst_cmd_continue(cmd, cst_diag_second);
		return;
	}
	/* BUSY or a reservation of another host: the test could not be made. */
	if ((__force u32)reason >= CST_SENSE_IDX_NR) {
		cst_diag_finish(cmd, reason);
		return;
	}
	cst_diag_record(cmd, cmd->step, reason);
	/* A test in the background tells its result in the log page only. */
	if (reason && !cst_diag_in_background(code))
		reason = CST_SENSE(LU_FAILED_SELF_TEST);
	else
		reason = CST_OK;
	cst_diag_finish(cmd, reason);
}

static cst_sense_t cst_diag_test(struct cst_cmd *cmd)
{
	if (!cmd->type->probe) {
		cst_diag_record(cmd, 0, CST_OK);
		return CST_OK;
	}
	cmd->step = 1;
	return cmd->type->probe(cmd, false, cst_diag_read);
}

/* The list of pages may be asked for; it has no parameters. */
static cst_sense_t cst_spc_send_diagnostic(struct cst_cmd *cmd)
{
	u8 page[CST_DIAG_PAGE_HEADER];
	unsigned int i;

	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (cmd->cdb[1] >> 5 || cmd->cdb[1] & CST_DIAG_SELFTEST)
		return cst_diag_test(cmd);
	if (!cmd->data_len)
		return CST_OK;
	cst_bvec_read(page, cmd->bvec, 0, sizeof(page));
	/* PAGE CODE, a reserved byte, PAGE LENGTH: the pointer is at the beginning of a field. */
	for (i = 0; i < sizeof(page); i++)
		if (page[i])
			return i == 1 ? cst_list_invalid(&cmd->detail, 1, fls(page[1]) - 1) :
					cst_list_invalid(&cmd->detail, i & 2, 7);
	return CST_OK;
}

/* Without PCV the results are those of the last SEND DIAGNOSTIC: of the only page. */
static cst_sense_t cst_spc_receive_diagnostic(struct cst_cmd *cmd)
{
	static const u8 page[] = { CST_DIAG_PAGE_LIST, 0, 0, 1, CST_DIAG_PAGE_LIST };

	if (cmd->cdb[2] != CST_DIAG_PAGE_LIST)
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	return cst_cmd_respond(cmd, page, sizeof(page));
}

const struct cst_op cst_spc_diagnostic_ops[] = {
	{
		/* SELF-TEST CODE, PF, SELFTEST, DEVOFFL and UNITOFFL */
		CST_CDB(6, SEND_DIAGNOSTIC, 0xf7, 0, 0xff, 0xff),
		.name		= "SEND DIAGNOSTIC",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC16_3,
		.flags		= CST_OP_MEDIUM | CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.ports		= CST_PORTS_STANDBY,
		.timeout	= 60,
		.parse		= cst_spc_parse_send_diagnostic,
		.execute	= cst_spc_send_diagnostic,
	},
	{
		CST_CDB(6, RECEIVE_DIAGNOSTIC, CST_DIAG_PCV, 0xff, 0xff, 0xff),
		.name		= "RECEIVE DIAGNOSTIC RESULTS",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC16_3,
		.resv		= CST_RESV_READ,
		.ports		= CST_PORTS_STANDBY,
		.execute	= cst_spc_receive_diagnostic,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_diagnostic_ops);
