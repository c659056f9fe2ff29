// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting: queues of parked commands, in which an abort finds them.
 *
 * order.c, range.c and data_out.c park commands and let them go, with the lock of their queue held.
 * abort.c takes a marked command out of its queue.  A command waits in one queue at a
 * time.
 *
 * When a command is parked and aborted at the same time, at least one of the two sides
 * sees the other:
 *
 *	cst_wait_park()				cst_abort_mark()
 *	  cmd->wait.q = q			  set a bit of cmd->aborted
 *	  full barrier				  full barrier
 *	  read cmd->aborted			  read cmd->wait.q, cst_wait_abort()
 *
 * The same holds when the abort has found a command in one queue, and the command is in
 * another queue by the time the abort has the lock.  The command was parked there after
 * the mark was set, and has seen the mark.
 *
 * A command that an abort has taken out of a queue may not execute, even when the abort
 * takes its mark back.  out_of_turn tells cst_cmd_run().
 */
#include "core.h"

void cst_waitq_init(struct cst_waitq *q, const struct cst_waitq_ops *ops)
{
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->waiters);
	q->ops = ops;
}

/**
 * cst_wait_park() - let a command wait
 * @q: the caller holds its lock
 * @cmd: in no queue
 *
 * As soon as the lock is released the command may run in another context, and be freed.
 *
 * Return: false when the command has been aborted.  Then it does not wait, and may not
 * execute.
 */
bool cst_wait_park(struct cst_waitq *q, struct cst_cmd *cmd)
{
	lockdep_assert_held(&q->lock);

	list_add_tail(&cmd->wait.node, &q->waiters);
	WRITE_ONCE(cmd->wait.q, q);
	/* Pairs with the test_and_set_bit() of cst_abort_mark(). */
	smp_mb();
	if (likely(!cst_cmd_aborted(cmd)))
		return true;
	cst_wait_remove(cmd);
	cmd->out_of_turn = true;
	return false;
}

/**
 * cst_wait_remove() - take a command out of its queue
 * @cmd: waits; the caller holds the lock of its queue
 */
void cst_wait_remove(struct cst_cmd *cmd)
{
	lockdep_assert_held(&cmd->wait.q->lock);

	list_del(&cmd->wait.node);
	WRITE_ONCE(cmd->wait.q, NULL);
}

/**
 * cst_wait_abort() - do not let an aborted command wait
 * @cmd: marked, on its session's list; the caller holds the lock of that list
 *
 * Context: any up to softirq.
 */
void cst_wait_abort(struct cst_cmd *cmd)
{
	struct cst_waitq *q = READ_ONCE(cmd->wait.q);
	unsigned long flags;

	if (likely(!q))
		return;
	/* q is there while the command is on the list. */
	spin_lock_irqsave(&q->lock, flags);
	if (cmd->wait.q == q) {
		cst_wait_remove(cmd);
		cmd->out_of_turn = true;
		q->ops->leave(q, cmd);
	}
	spin_unlock_irqrestore(&q->lock, flags);
}
