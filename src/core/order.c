// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task attributes: the order in which commands of a logical unit may execute
 * (SAM-5 8.6).  A logical unit has one task set for all nexuses (TST = 000b).
 *
 * Fast mode: while no initiator uses ORDERED, a command holds the percpu reference `simple`
 * from its arrival to its end and takes no lock.  The first ORDERED command kills that
 * reference and starts slow mode: every command is counted under the lock of `blocked`, and
 * a command that may not run yet waits in `blocked` (wait.c).  A second after the last
 * ORDERED command slow mode ends, so that an initiator that uses ORDERED often does not pay
 * for a grace period each time.
 *
 * A command may wait for its data and for its turn at the same time.  When its data comes
 * last it executes in the context that brings the data; when its turn comes last it
 * executes in a worker.
 *
 * Rules in slow mode, by attribute of the arriving command:
 *	SIMPLE		waits behind a waiting or a running ORDERED
 *	ORDERED		waits until nothing older is left
 *	HEAD OF QUEUE	never waits, but an ORDERED waits for it
 */
#include "core.h"

#define CST_ORDER_RELAX		HZ

/* The caller holds blocked.lock.  The command is not, or no longer, in the queue. */
static void cst_order_run(struct cst_order *order, struct cst_cmd *cmd)
{
	order->running++;
	if (cmd->data_ready)
		cst_cmd_queue(cmd);
}

/* Let go commands that do not have to wait any more.  The caller holds blocked.lock. */
static void cst_order_promote(struct cst_order *order)
{
	struct cst_cmd *cmd;

	lockdep_assert_held(&order->blocked.lock);

	while (!order->ordered &&
	       (cmd = list_first_entry_or_null(&order->blocked.waiters,
					       struct cst_cmd, wait.node))) {
		if (cmd->task_attr == CST_TASK_ORDERED) {
			if (order->running || order->draining)
				return;
			order->ordered = true;
		}
		cst_wait_remove(cmd);
		cst_order_run(order, cmd);
	}
}

static void cst_order_simple_gone(struct percpu_ref *ref)
{
	struct cst_order *order = container_of(ref, struct cst_order, simple);
	unsigned long flags;

	spin_lock_irqsave(&order->blocked.lock, flags);
	order->draining = false;
	cst_order_promote(order);
	spin_unlock_irqrestore(&order->blocked.lock, flags);
}

static void cst_order_relax_work(struct work_struct *work)
{
	struct cst_order *order = container_of(to_delayed_work(work),
					       struct cst_order, relax);

	spin_lock_irq(&order->blocked.lock);
	if (order->slow) {
		if (order->draining || order->running ||
		    !list_empty(&order->blocked.waiters)) {
			queue_delayed_work(cst_wq, &order->relax,
					   CST_ORDER_RELAX);
		} else {
			percpu_ref_reinit(&order->simple);
			order->slow = false;
		}
	}
	spin_unlock_irq(&order->blocked.lock);
}

/* The caller holds blocked.lock. */
static bool cst_order_must_wait(struct cst_order *order, struct cst_cmd *cmd)
{
	switch (cmd->task_attr) {
	case CST_TASK_HEAD_OF_QUEUE:
		return false;
	case CST_TASK_ORDERED:
		return order->running || order->draining ||
		       !list_empty(&order->blocked.waiters);
	default:
		return order->ordered || !list_empty(&order->blocked.waiters);
	}
}

/*
 * An aborted command does not wait for its turn (cst_waitq_ops.leave).  It does not touch
 * the medium, so it may run at the same time as the command whose turn it is.
 */
static void cst_order_leave(struct cst_waitq *q, struct cst_cmd *cmd)
{
	/* cst_order_exit() must not clear order->ordered for it: it never has set that. */
	if (cmd->task_attr == CST_TASK_ORDERED)
		cmd->task_attr = CST_TASK_SIMPLE;
	cst_order_run(container_of(q, struct cst_order, blocked), cmd);
}

static const struct cst_waitq_ops cst_order_waitq_ops = {
	.leave	= cst_order_leave,
};

static noinline void cst_order_enter_slow(struct cst_order *order,
					  struct cst_cmd *cmd)
{
	unsigned long flags;

	spin_lock_irqsave(&order->blocked.lock, flags);
	if (!order->slow) {
		/* Slow mode may have ended since cst_order_enter() looked. */
		if (cmd->task_attr != CST_TASK_ORDERED &&
		    percpu_ref_tryget_live(&order->simple)) {
			__set_bit(CST_CMD_ORDER_FAST, &cmd->flags);
			goto unlock;
		}
		order->slow = true;
		order->draining = true;
		/*
		 * This does not wait: the last switch of the reference was over before
		 * cst_order_relax_work() ended slow mode.
		 */
		percpu_ref_kill(&order->simple);
	}
	__set_bit(CST_CMD_ORDER_SLOW, &cmd->flags);
	if (cmd->task_attr == CST_TASK_ORDERED)
		mod_delayed_work(cst_wq, &order->relax, CST_ORDER_RELAX);
	if (!cst_order_must_wait(order, cmd)) {
		order->running++;
		if (cmd->task_attr == CST_TASK_ORDERED)
			order->ordered = true;
	} else if (unlikely(!cst_wait_park(&order->blocked, cmd))) {
		/* data_ready is not set yet, so this only counts the command as running. */
		cst_order_leave(&order->blocked, cmd);
	}
unlock:
	spin_unlock_irqrestore(&order->blocked.lock, flags);
}

/**
 * cst_order_enter() - take a command's place in the task set
 * @cmd: has passed the gate; called in the order of arrival
 *
 * Context: any up to softirq.
 */
void cst_order_enter(struct cst_cmd *cmd)
{
	struct cst_order *order;

	if (!cmd->dev || (cmd->op->flags & CST_OP_IMPLICIT_HOQ))
		return;

	order = &cmd->dev->order;
	if (likely(cmd->task_attr != CST_TASK_ORDERED &&
		   percpu_ref_tryget_live(&order->simple))) {
		__set_bit(CST_CMD_ORDER_FAST, &cmd->flags);
		return;
	}
	cst_order_enter_slow(order, cmd);
}

/**
 * cst_order_data_ready() - the data of a command is in place
 * @cmd: cst_order_enter() has been called
 *
 * Context: any up to softirq.  Return: true when the caller has to execute the command;
 * false when a worker will do that as soon as its turn comes.
 */
bool cst_order_data_ready(struct cst_cmd *cmd)
{
	struct cst_order *order;
	unsigned long flags;
	bool run;

	if (likely(!test_bit(CST_CMD_ORDER_SLOW, &cmd->flags)))
		return true;

	order = &cmd->dev->order;
	spin_lock_irqsave(&order->blocked.lock, flags);
	cmd->data_ready = true;
	run = !cmd->wait.q;
	spin_unlock_irqrestore(&order->blocked.lock, flags);
	return run;
}

/**
 * cst_order_exit() - take a command out of the task set
 * @cmd: cst_order_enter() may have been called or not.  The command may still wait for its
 *	turn when its data has failed
 *
 * Context: any.
 */
void cst_order_exit(struct cst_cmd *cmd)
{
	struct cst_order *order;
	unsigned long flags;

	if (likely(test_bit(CST_CMD_ORDER_FAST, &cmd->flags))) {
		__clear_bit(CST_CMD_ORDER_FAST, &cmd->flags);
		percpu_ref_put(&cmd->dev->order.simple);
		return;
	}
	if (!test_bit(CST_CMD_ORDER_SLOW, &cmd->flags))
		return;

	__clear_bit(CST_CMD_ORDER_SLOW, &cmd->flags);
	order = &cmd->dev->order;
	spin_lock_irqsave(&order->blocked.lock, flags);
	if (cmd->wait.q) {
		cst_wait_remove(cmd);
	} else {
		order->running--;
		if (cmd->task_attr == CST_TASK_ORDERED)
			order->ordered = false;
	}
	cst_order_promote(order);
	spin_unlock_irqrestore(&order->blocked.lock, flags);
}

int cst_order_init(struct cst_order *order)
{
	cst_waitq_init(&order->blocked, &cst_order_waitq_ops);
	INIT_DELAYED_WORK(&order->relax, cst_order_relax_work);
	return percpu_ref_init(&order->simple, cst_order_simple_gone,
			       PERCPU_REF_ALLOW_REINIT, GFP_KERNEL);
}

/* No command is left, and none can come. */
void cst_order_destroy(struct cst_order *order)
{
	bool draining;

	cancel_delayed_work_sync(&order->relax);
	/*
	 * After the last kill, the switch to atomic mode calls back into this structure at the
	 * end of its grace period.  percpu_ref_exit() does not wait for that.  Take the lock,
	 * because the callback may hold it at this moment.
	 */
	spin_lock_irq(&order->blocked.lock);
	draining = order->draining;
	spin_unlock_irq(&order->blocked.lock);
	if (draining)
		rcu_barrier();
	percpu_ref_exit(&order->simple);
}
