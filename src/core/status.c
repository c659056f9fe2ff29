// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a command: build status and sense, leave the task set, count, and hand the
 * response to the fabric.  A command that was aborted is dropped instead.
 */
#include <linux/log2.h>
#include <linux/sched/clock.h>
#include <scsi/scsi_proto.h>

#include "core.h"
#include "inner.h"

#define CST_KEY_MEDIUM_ERROR	0x3
#define CST_KEY_HARDWARE_ERROR	0x4
#define CST_KEY_ABORTED_COMMAND	0xb

/* The log pages tell errors by what they are about: SPC-4 7.3.8, 7.3.11. */
static noinline void cst_cmd_count_error(const struct cst_cmd *cmd, cst_sense_t reason)
{
	struct cst_dev_stats __percpu *stats = cmd->dev->stats;

	this_cpu_inc(stats->errors);
	switch (cst_sense_code(reason)->key) {
	case CST_KEY_MEDIUM_ERROR:
		if (reason == CST_SENSE(WRITE_ERROR))
			this_cpu_inc(stats->write_errors);
		else if (cmd->op && cmd->op->dir == DMA_FROM_DEVICE)
			this_cpu_inc(stats->read_errors);
		else	/* VERIFY, or another command that compares */
			this_cpu_inc(stats->verify_errors);
		break;
	case CST_KEY_HARDWARE_ERROR:
	case CST_KEY_ABORTED_COMMAND:
		this_cpu_inc(stats->other_errors);
		break;
	}
}

/* Called in any context.  this_cpu operations, because an interrupt may count meanwhile. */
static void cst_cmd_account(struct cst_cmd *cmd, cst_sense_t reason, bool aborted)
{
	struct cst_dev_stats __percpu *stats = cmd->dev->stats;
	/* May be negative: the clocks of two CPUs may differ by a little. */
	s64 us = (s64)(local_clock() - cmd->start_ns) >> 10;
	unsigned int bucket = us > 0 ? min_t(unsigned int, ilog2(us) + 1,
					     CST_LATENCY_BUCKETS - 1) : 0;

	this_cpu_inc(stats->latency[bucket]);
	if (!cmd->op || !(cmd->op->flags & CST_OP_BLOCKS)) {
		this_cpu_inc(stats->other_commands);
	} else if (cmd->dir == DMA_FROM_DEVICE) {
		this_cpu_inc(stats->read_commands);
		this_cpu_add(stats->read_bytes, cmd->data_len);
	} else {
		this_cpu_inc(stats->write_commands);
		this_cpu_add(stats->write_bytes, cmd->data_len);
	}
	if (unlikely(aborted))
		this_cpu_inc(stats->aborted);
	else if (unlikely(cmd->status == SAM_STAT_CHECK_CONDITION))
		cst_cmd_count_error(cmd, reason);
}

/* No data moves, unless the data-out has been received already. */
static void cst_cmd_no_data(struct cst_cmd *cmd)
{
	if (cmd->exp_dir == DMA_TO_DEVICE &&
	    test_bit(CST_CMD_DATA_MOVED, &cmd->flags))
		return;
	cmd->data_len = 0;
	cmd->residual = cmd->exp_len;
	cmd->overflow = false;
}

/* The status that @reason stands for; CHECK CONDITION for sense. */
static u8 cst_status_of(struct cst_cmd *cmd, cst_sense_t reason)
{
	switch ((__force u32)reason) {
	case CST_SENSE_IDX_CONDITION_MET:
		return SAM_STAT_CONDITION_MET;
	case CST_SENSE_IDX_BUSY:
		return SAM_STAT_BUSY;
	case CST_SENSE_IDX_RESERVATION_CONFLICT:
		return SAM_STAT_RESERVATION_CONFLICT;
	case CST_SENSE_IDX_TASK_SET_FULL:
		/* SAM-5 5.3.1: see cst_session_other_active() */
		return cst_session_other_active(cmd->sess) ?
		       SAM_STAT_TASK_SET_FULL : SAM_STAT_BUSY;
	case CST_SENSE_IDX_ACA_ACTIVE:
		return SAM_STAT_ACA_ACTIVE;
	default:
		return SAM_STAT_CHECK_CONDITION;
	}
}

static noinline void cst_cmd_set_status(struct cst_cmd *cmd, cst_sense_t reason)
{
	cmd->status = cst_status_of(cmd, reason);
	if (cmd->status == SAM_STAT_CONDITION_MET)
		return;
	cst_cmd_no_data(cmd);
	if (cmd->status != SAM_STAT_CHECK_CONDITION)
		return;
	cmd->sense_len = cst_sense_build(cmd->sense, sizeof(cmd->sense),
					 cmd->dev && READ_ONCE(cmd->dev->mode.d_sense),
					 cmd->type->peripheral, reason, &cmd->detail);
}

/* TAS: the initiator learns by this status that another one has aborted the command. */
static noinline void cst_cmd_set_task_aborted(struct cst_cmd *cmd)
{
	cmd->status = SAM_STAT_TASK_ABORTED;
	cmd->sense_len = 0;
	cmd->flags &= ~(BIT(CST_CMD_TELLS_UA) | BIT(CST_CMD_TELLS_LUNS));
	cst_cmd_no_data(cmd);
}

/* Does the response report a unit attention or the list of LUNs? */
static bool cst_cmd_tells(const struct cst_cmd *cmd)
{
	return cmd->flags & (BIT(CST_CMD_TELLS_UA) | BIT(CST_CMD_TELLS_LUNS));
}

/**
 * cst_cmd_finish() - end a command
 * @cmd: does not execute any more; to be called exactly once
 * @reason: CST_OK, sense or a status of sense.h
 *
 * An abort that marks the command after cst_cmd_aborted() was tested does not keep the
 * response from being sent.  An abort by the command's own initiator waits until the fabric
 * has released the command.
 *
 * Context: any, also hard interrupt, because a handler may end its I/O there.
 */
void cst_cmd_finish(struct cst_cmd *cmd, cst_sense_t reason)
{
	bool aborted;

	if (unlikely(reason))
		cst_cmd_set_status(cmd, reason);

	if (likely(cmd->dev))
		cst_order_exit(cmd);
	aborted = unlikely(cst_cmd_aborted(cmd)) && cst_abort_cmd_ended(cmd);
	if (likely(cmd->dev)) {
		cst_cmd_account(cmd, reason, aborted);
		if (test_bit(CST_CMD_IO_REF, &cmd->flags)) {
			__clear_bit(CST_CMD_IO_REF, &cmd->flags);
			if (test_bit(CST_CMD_RANGE, &cmd->flags))
				cst_range_leave(cmd);
			percpu_ref_put(&cmd->dev->io_ref);
		}
	}

	if (unlikely(test_bit(CST_CMD_INNER, &cmd->flags))) {
		cst_inner_ended(cmd, aborted);
		return;
	}
	/*
	 * The session may end as soon as the fabric has the command, and then the fabric's
	 * module may be unloaded.  That waits for RCU read-side sections.
	 */
	rcu_read_lock();
	if (unlikely(aborted && !test_bit(CST_CMD_TASK_ABORTED, &cmd->flags))) {
		cmd->sess->ops->drop(cmd);
	} else {
		if (unlikely(aborted))
			cst_cmd_set_task_aborted(cmd);
		WRITE_ONCE(cmd->answered, true);
		if (unlikely(cst_cmd_tells(cmd)))
			cst_ua_told(cmd);
		cmd->sess->ops->send_response(cmd);
	}
	rcu_read_unlock();
}
