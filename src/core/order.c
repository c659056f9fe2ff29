// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task attributes: the order in which commands of a logical unit may execute
 * (SAM-5 8.6).  One task set per logical unit for all nexuses (TST = 000b).
 *
 * While nobody uses ORDERED, a command holds the percpu reference `simple` from
 * its arrival to its end and meets no lock.  The first ORDERED command kills
 * that reference: from then on everybody counts under the lock of `blocked`, and
 * what may not run yet waits there (wait.c).  A second after the last ORDERED command the
 * fast way is opened again, so that an initiator that orders often does not pay
 * for a grace period each time.
 *
 * A command may wait for its data and for its turn at once; it executes in the
 * context of whichever comes last, a turn always through the worker.
 *
 * Rules in slow mode, by attribute of the arriving command:
 *	SIMPLE		waits behind a waiting or a running ORDERED
 *	ORDERED		waits until nothing older is left
 *	HEAD OF QUEUE	never waits, but an ORDERED waits for it
 */
#include "core.h"

#define CST_ORDER_RELAX		HZ

/* The lock is held; the command has just left the queue. */
static void cst_order_run(struct cst_order *order, struct cst_cmd *cmd)
{
	order->running++;
	if (cmd->data_ready)
		cst_cmd_queue(cmd);
}

/* The lock is held: let go what no longer has to wait. */
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

/* The lock is held. */
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
 * An aborted command does not wait for its turn (cst_waitq_ops.leave).  It touches
 * nothing, so it runs beside whoever has the turn.
 */
static void cst_order_leave(struct cst_waitq *q, struct cst_cmd *cmd)
{
	/* It has not become the ORDERED one that runs: its exit must not clear that. */
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
		/* The fast way may have opened again since we looked. */
		if (cmd->task_attr != CST_TASK_ORDERED &&
		    percpu_ref_tryget_live(&order->simple)) {
			__set_bit(CST_CMD_ORDER_FAST, &cmd->flags);
			goto unlock;
		}
		order->slow = true;
		order->draining = true;
		/*
		 * Does not wait: the only switch that could be under way ended
		 * before relax opened the fast way.
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
		/* It has no data yet, so this only counts it. */
		cst_order_leave(&order->blocked, cmd);
	}
unlock:
	spin_unlock_irqrestore(&order->blocked.lock, flags);
}

/**
 * cst_order_enter() - take a command's place in the task set
 * @cmd: past the gates, in order of arrival
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
 * cst_order_data_ready() - nothing but its turn keeps this command from executing
 * @cmd: entered
 *
 * Return: true when it is the caller's to execute; false when the worker will.
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
 * cst_order_exit() - a command has left the task set
 * @cmd: entered or not; may still be blocked when its data failed
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
	 * The switch to atomic mode after the last kill holds a callback into
	 * this structure until its grace period ends; exit waits for nothing.
	 * With the lock: the callback may be inside it right now.
	 */
	spin_lock_irq(&order->blocked.lock);
	draining = order->draining;
	spin_unlock_irq(&order->blocked.lock);
	if (draining)
		rcu_barrier();
	percpu_ref_exit(&order->simple);
}
