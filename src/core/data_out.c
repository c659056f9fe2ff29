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

/* Let a command wait, at the end of the queue, or end it when it has been aborted. */
static void cst_data_out_park(struct cst_cmd *cmd)
{
	struct cst_waitq *q = &cst_data_out_waiting;
	unsigned long flags;
	bool waits;

	spin_lock_irqsave(&q->lock, flags);
	waits = cst_wait_park(q, cmd);
	if (waits)
		queue_delayed_work(cst_wq, &cst_data_out_retry,
				   CST_DATA_OUT_RETRY);
	spin_unlock_irqrestore(&q->lock, flags);
	if (!waits)
		cst_cmd_finish(cmd, CST_SENSE(COMMAND_ABORTED));
}

/* Take the first command off the queue.  Nothing else but the caller ends it then. */
static struct cst_cmd *cst_data_out_take(void)
{
	struct cst_waitq *q = &cst_data_out_waiting;
	struct cst_cmd *cmd;

	spin_lock_irq(&q->lock);
	cmd = list_first_entry_or_null(&q->waiters, struct cst_cmd, wait.node);
	if (cmd)
		cst_wait_remove(cmd);
	spin_unlock_irq(&q->lock);
	return cmd;
}

/* Clocks of two CPUs may differ by a little. */
static bool cst_data_out_over(const struct cst_cmd *cmd)
{
	return (s64)(local_clock() - cmd->start_ns) > CST_DATA_OUT_WAIT;
}

/*
 * One more attempt for a command that is in no queue.  To allocate a large buffer takes
 * long, so no lock is held meanwhile.  When there is none the command goes to the end of the
 * queue: a session that has had its share keeps nobody else waiting.
 */
static void cst_data_out_try(struct cst_cmd *cmd)
{
	bool got = cst_buffer_alloc(cmd, cmd->data_len);

	/*
	 * The session may end as soon as the fabric has the command, and then its module may
	 * go: that waits for RCU readers.
	 */
	rcu_read_lock();
	if (got)
		cmd->sess->ops->get_data(cmd);
	else if (cst_data_out_over(cmd))
		cst_cmd_finish(cmd, CST_TASK_SET_FULL);
	else
		cst_data_out_park(cmd);
	rcu_read_unlock();
}

static void cst_data_out_work(struct work_struct *work)
{
	struct cst_waitq *q = &cst_data_out_waiting;
	unsigned int budget = CST_DATA_OUT_BATCH;
	struct cst_cmd *cmd;

	while (budget-- && (cmd = cst_data_out_take()))
		cst_data_out_try(cmd);

	spin_lock_irq(&q->lock);
	if (!list_empty(&q->waiters))
		queue_delayed_work(cst_wq, &cst_data_out_retry,
				   CST_DATA_OUT_RETRY);
	spin_unlock_irq(&q->lock);
}

static noinline void cst_data_out_wait(struct cst_cmd *cmd)
{
	if (test_bit(CST_CMD_DATA_FOLLOWS, &cmd->flags) ||
	    !test_bit(CST_CMD_ORDER_FAST, &cmd->flags)) {
		cst_cmd_finish(cmd, CST_TASK_SET_FULL);
		return;
	}
	/* The work of all devices may not wait for memory. */
	__clear_bit(CST_CMD_MAY_SLEEP, &cmd->flags);
	cst_data_out_park(cmd);
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
