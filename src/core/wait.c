// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting: the one place in which an abort finds a command that has been parked.
 *
 * order.c and range.c park commands and let them go, with the lock of their queue held;
 * abort.c takes out of it whoever has been marked.  A command waits in one queue at a
 * time.
 *
 * An abort that comes while a command is being parked is seen by one of the two:
 *
 *	cst_wait_park()				cst_abort_mark()
 *	  cmd->wait.q = q			  set a bit of cmd->aborted
 *	  full barrier				  full barrier
 *	  read cmd->aborted			  read cmd->wait.q, cst_wait_abort()
 *
 * The same holds for a command that the abort has found in one queue, and that is in
 * another one when the abort has the lock: it has been parked there after the mark was
 * set, and has seen it.
 *
 * Whoever is taken out by an abort may not execute, also when the mark is taken back:
 * out_of_turn says so to cst_cmd_run().
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
 * @q: its lock is held
 * @cmd: waits nowhere
 *
 * As soon as the lock is released the command may run elsewhere, and be gone.
 *
 * Return: false when it has been aborted: then it does not wait, and may not execute.
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
 * cst_wait_remove() - a command waits no longer
 * @cmd: waits; the lock of its queue is held
 */
void cst_wait_remove(struct cst_cmd *cmd)
{
	lockdep_assert_held(&cmd->wait.q->lock);

	list_del(&cmd->wait.node);
	WRITE_ONCE(cmd->wait.q, NULL);
}

/**
 * cst_wait_abort() - do not let an aborted command wait
 * @cmd: marked, on its session's list, whose lock is held
 *
 * Context: any up to softirq.
 */
void cst_wait_abort(struct cst_cmd *cmd)
{
	struct cst_waitq *q = READ_ONCE(cmd->wait.q);
	unsigned long flags;

	if (likely(!q))
		return;
	/* It is still there: the command's device stays while the command is on the list. */
	spin_lock_irqsave(&q->lock, flags);
	if (cmd->wait.q == q) {
		cst_wait_remove(cmd);
		cmd->out_of_turn = true;
		q->ops->leave(q, cmd);
	}
	spin_unlock_irqrestore(&q->lock, flags);
}
