// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of a command through core: the stages by name, in order.
 *
 * Fabrics call cst_cmd_submit() and, when they have fetched data-out,
 * cst_cmd_data_received() or cst_cmd_data_failed().  Every stage is in the file that is
 * named after it.  No lock is taken here.
 */
#include <linux/export.h>
#include <linux/sched/clock.h>

#include "core.h"
#include "lun.h"

static cst_sense_t cst_cmd_prepare(struct cst_cmd *cmd)
{
	cst_sense_t reason;

	reason = cst_parse(cmd);
	if (reason)
		return reason;

	reason = cst_gate(cmd);
	if (reason)
		return reason;

	/*
	 * The initiator expects data in the other direction.  For a read, the data that it
	 * sends is not used, and it accepts no data-in: the residual is an overflow of all
	 * bytes.  A write without data is an error.
	 */
	if (unlikely(cmd->exp_len && cmd->cdb_xfer_len &&
		     cmd->dir != DMA_NONE && cmd->exp_dir != cmd->dir)) {
		if (cmd->dir == DMA_TO_DEVICE)
			return CST_SENSE(INVALID_MESSAGE);
		cmd->exp_dir = DMA_NONE;
		cmd->exp_len = 0;
	}

	if (cmd->dir == DMA_NONE) {
		cst_cmd_set_len(cmd, 0);
		return CST_OK;
	}
	if (cmd->op->flags & CST_OP_BLOCKS)
		return cst_cmd_blocks_len(cmd);
	if (cmd->dir == DMA_TO_DEVICE)
		cst_cmd_set_len(cmd, cmd->cdb_xfer_len);
	return CST_OK;
}

/**
 * cst_cmd_run() - execute a command whose turn has come
 * @cmd: its data-out, if any, is in place
 *
 * Context: any up to softirq, or core's worker.
 */
void cst_cmd_run(struct cst_cmd *cmd)
{
	if (unlikely(cst_cmd_aborted(cmd) || cmd->out_of_turn)) {
		cst_cmd_finish(cmd, CST_SENSE(COMMAND_ABORTED));
		return;
	}
	cst_cmd_execute(cmd);
}

/* The command's logical unit has been looked up. */
static __always_inline void cst_cmd_start(struct cst_cmd *cmd)
{
	cst_sense_t reason;

	cst_cmd_list_add(cmd);

	reason = cst_cmd_prepare(cmd);
	if (unlikely(reason)) {
		cst_cmd_finish(cmd, reason);
		return;
	}

	/*
	 * A command's place in the task set is given by its arrival, so it is taken before the
	 * data comes.  Whether the command must wait is checked when the data has come.
	 */
	cst_order_enter(cmd);

	if (cmd->dir == DMA_TO_DEVICE && cmd->data_len &&
	    !test_bit(CST_CMD_FABRIC_BUF, &cmd->flags)) {
		cst_data_out_get(cmd);
		return;
	}
	cst_cmd_data_received(cmd);
}

void cst_cmd_submit(struct cst_cmd *cmd)
{
	cmd->start_ns = local_clock();
	cst_cmd_lun_get(cmd);
	cst_cmd_start(cmd);
}
EXPORT_SYMBOL_GPL(cst_cmd_submit);

/**
 * cst_cmd_submit_found() - start a command whose logical unit is known
 * @cmd: filled in; itl, with a reference, dev, type and gate_seq are set, too
 *
 * Context: as cst_cmd_submit().
 */
void cst_cmd_submit_found(struct cst_cmd *cmd)
{
	cmd->start_ns = local_clock();
	cst_cmd_start(cmd);
}

void cst_cmd_data_received(struct cst_cmd *cmd)
{
	__set_bit(CST_CMD_DATA_MOVED, &cmd->flags);
	if (likely(cst_order_data_ready(cmd)))
		cst_cmd_run(cmd);
}
EXPORT_SYMBOL_GPL(cst_cmd_data_received);

void cst_cmd_data_failed(struct cst_cmd *cmd, cst_sense_t reason)
{
	cst_cmd_finish(cmd, reason);
}
EXPORT_SYMBOL_GPL(cst_cmd_data_failed);
