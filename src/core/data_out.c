// SPDX-License-Identifier: GPL-2.0-only
/*
 * The place for a command's data-out: a buffer, and then the fabric is asked for the data.
 *
 * submit.c calls cst_data_out_get().  A command for which there is no buffer waits in a
 * queue, and a work tries again every CST_DATA_OUT_RETRY: buffers come back when responses
 * have been read, and the system's memory may be freed by anybody, so nothing could tell
 * the work when it is worth while.  After CST_DATA_OUT_WAIT the command is answered, so
 * that its initiator hears of it before its own time limit.
 *
 * Two kinds of commands never wait.  When unsolicited data follows a command, the fabric
 * needs the place now.  A command that takes part in ordering (order.c) may have to wait
 * for its turn at the same time, and a command waits in one queue at a time.
 */
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>

#include "core.h"

#define CST_DATA_OUT_RETRY	(HZ / 50)
#define CST_DATA_OUT_WAIT	(5 * NSEC_PER_SEC)
#define CST_DATA_OUT_BATCH	64	/* commands that one run of the work looks at */

static struct cst_waitq cst_data_out_waiting;
static struct delayed_work cst_data_out_retry;

/* An aborted command needs no buffer: it runs, and ends by that. */
static void cst_data_out_leave(struct cst_waitq *q, struct cst_cmd *cmd)
{
	cst_cmd_queue(cmd);
}

static const struct cst_waitq_ops cst_data_out_waitq_ops = {
	.leave	= cst_data_out_leave,
};

/*
 * Take a command off the queue: one that has got a buffer, or one that has waited for too
 * long.  The others go to the end, so that a session that has had its share keeps nobody
 * else waiting.  *budget is the number of commands that may still be looked at.
 */
static struct cst_cmd *cst_data_out_next(unsigned int *budget, bool *got)
{
	struct cst_waitq *q = &cst_data_out_waiting;
	struct cst_cmd *cmd, *found = NULL;

	spin_lock_irq(&q->lock);
	while (!found && *budget) {
		--*budget;
		cmd = list_first_entry_or_null(&q->waiters, struct cst_cmd,
					       wait.node);
		if (!cmd)
			break;
		*got = cst_buffer_alloc(cmd, cmd->data_len);
		/* Clocks of two CPUs may differ by a little. */
		if (*got || (s64)(local_clock() - cmd->start_ns) > CST_DATA_OUT_WAIT) {
			cst_wait_remove(cmd);
			found = cmd;
		} else {
			list_move_tail(&cmd->wait.node, &q->waiters);
		}
	}
	if (!found && !list_empty(&q->waiters))
		queue_delayed_work(cst_wq, &cst_data_out_retry,
				   CST_DATA_OUT_RETRY);
	spin_unlock_irq(&q->lock);
	return found;
}

static void cst_data_out_work(struct work_struct *work)
{
	unsigned int budget = CST_DATA_OUT_BATCH;
	struct cst_cmd *cmd;
	bool got;

	while ((cmd = cst_data_out_next(&budget, &got))) {
		/*
		 * The session may end as soon as the fabric has the command, and then its
		 * module may go: that waits for RCU readers.
		 */
		rcu_read_lock();
		if (got)
			cmd->sess->ops->get_data(cmd);
		else
			cst_cmd_finish(cmd, CST_TASK_SET_FULL);
		rcu_read_unlock();
	}
}

static noinline void cst_data_out_wait(struct cst_cmd *cmd)
{
	struct cst_waitq *q = &cst_data_out_waiting;
	unsigned long flags;
	bool waits;

	if (test_bit(CST_CMD_DATA_FOLLOWS, &cmd->flags) ||
	    !test_bit(CST_CMD_ORDER_FAST, &cmd->flags)) {
		cst_cmd_finish(cmd, CST_TASK_SET_FULL);
		return;
	}
	/* The next attempt is made with the queue's lock held. */
	__clear_bit(CST_CMD_MAY_SLEEP, &cmd->flags);
	spin_lock_irqsave(&q->lock, flags);
	waits = cst_wait_park(q, cmd);
	if (waits)
		queue_delayed_work(cst_wq, &cst_data_out_retry,
				   CST_DATA_OUT_RETRY);
	spin_unlock_irqrestore(&q->lock, flags);
	if (!waits)
		cst_cmd_finish(cmd, CST_SENSE(COMMAND_ABORTED));
}

/**
 * cst_data_out_get() - give a command a place for its data-out and ask for the data
 * @cmd: cst_order_enter() has been called; data_len is not 0, and the fabric has no buffer
 *
 * Calls get_data of the fabric now or later, or ends the command.
 *
 * Context: any up to softirq.
 */
void cst_data_out_get(struct cst_cmd *cmd)
{
	if (likely(cst_buffer_alloc(cmd, cmd->data_len)))
		cmd->sess->ops->get_data(cmd);
	else
		cst_data_out_wait(cmd);
}

void cst_data_out_init(void)
{
	cst_waitq_init(&cst_data_out_waiting, &cst_data_out_waitq_ops);
	INIT_DELAYED_WORK(&cst_data_out_retry, cst_data_out_work);
}

/* No command is left. */
void cst_data_out_exit(void)
{
	cancel_delayed_work_sync(&cst_data_out_retry);
}
