// SPDX-License-Identifier: GPL-2.0-only
/*
 * The spine of a command: the stages by name, in order.
 *
 * Fabrics enter at cst_cmd_submit() and again, when they have fetched data-out,
 * at cst_cmd_data_received() or cst_cmd_data_failed().  Every stage stands in the
 * file named after it.  Nothing is locked here.
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
	 * The initiator expects data the other way.  What it sends for a read is
	 * not wanted, and it takes nothing: an overflow of everything.  A write
	 * without its data cannot be anything but an error.
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
 * @cmd: its data-out, if any, is in place, and ordering lets it go
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

void cst_cmd_submit(struct cst_cmd *cmd)
{
	cst_sense_t reason;

	cmd->start_ns = local_clock();
	cst_cmd_lun_get(cmd);
	cst_cmd_list_add(cmd);

	reason = cst_cmd_prepare(cmd);
	if (unlikely(reason)) {
		cst_cmd_finish(cmd, reason);
		return;
	}

	/*
	 * The command's place in the task set is that of its arrival, so it is
	 * taken before the data comes; whether it must wait matters only then.
	 */
	cst_order_enter(cmd);

	if (cmd->dir == DMA_TO_DEVICE && cmd->data_len &&
	    !test_bit(CST_CMD_FABRIC_BUF, &cmd->flags)) {
		if (unlikely(!cst_buffer_alloc(cmd, cmd->data_len))) {
			cst_cmd_finish(cmd, CST_TASK_SET_FULL);
			return;
		}
		cmd->sess->ops->get_data(cmd);
		return;
	}
	cst_cmd_data_received(cmd);
}
EXPORT_SYMBOL_GPL(cst_cmd_submit);

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
