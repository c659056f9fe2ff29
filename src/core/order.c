// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task attributes: the order in which commands of a logical unit may execute
 * (SAM-5 8.6).  One task set per logical unit for all nexuses (TST = 000b).
 *
 * While nobody uses ORDERED, a command holds the percpu reference `simple` from
 * its arrival to its end and meets no lock.  The first ORDERED command kills
 * that reference: from then on everybody counts under order.lock, and what may
 * not run yet waits in `blocked`.  A second after the last ORDERED command the
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

/* order->lock held */
static void cst_order_unblock(struct cst_order *order, struct cst_cmd *cmd)
{
	list_del_init(&cmd->order_node);
	cmd->order_blocked = false;
	order->running++;
	if (cmd->data_ready)
		cst_cmd_queue(cmd);
}

/* order->lock held: let go what no longer has to wait. */
static void cst_order_promote(struct cst_order *order)
{
	struct cst_cmd *cmd;

	lockdep_assert_held(&order->lock);

	while (!order->ordered &&
	       (cmd = list_first_entry_or_null(&order->blocked, struct cst_cmd,
					       order_node))) {
		if (cmd->task_attr == CST_TASK_ORDERED) {
			if (order->running || order->draining)
				return;
			order->ordered = true;
		}
		cst_order_unblock(order, cmd);
	}
}

static void cst_order_simple_gone(struct percpu_ref *ref)
{
	struct cst_order *order = container_of(ref, struct cst_order, simple);
	unsigned long flags;

	spin_lock_irqsave(&order->lock, flags);
	order->draining = false;
	cst_order_promote(order);
	spin_unlock_irqrestore(&order->lock, flags);
}

static void cst_order_relax_work(struct work_struct *work)
{
	struct cst_order *order = container_of(to_delayed_work(work),
					       struct cst_order, relax);

	spin_lock_irq(&order->lock);
	if (order->slow) {
		if (order->draining || order->running ||
		    !list_empty(&order->blocked)) {
			queue_delayed_work(cst_wq, &order->relax,
					   CST_ORDER_RELAX);
		} else {
			percpu_ref_reinit(&order->simple);
			order->slow = false;
		}
	}
	spin_unlock_irq(&order->lock);
}

/* order->lock held */
static bool cst_order_must_wait(struct cst_order *order, struct cst_cmd *cmd)
{
	switch (cmd->task_attr) {
	case CST_TASK_HEAD_OF_QUEUE:
		return false;
	case CST_TASK_ORDERED:
		return order->running || order->draining ||
		       !list_empty(&order->blocked);
	default:
		return order->ordered || !list_empty(&order->blocked);
	}
}

static noinline void cst_order_enter_slow(struct cst_order *order,
					  struct cst_cmd *cmd)
{
	unsigned long flags;

	spin_lock_irqsave(&order->lock, flags);
	/*
	 * Marked on its way here, too early for cst_order_abort(), and that is not
	 * called again: it must not wait, and it touches nothing.
	 */
	if (unlikely(cst_cmd_aborted(cmd))) {
		cmd->task_attr = CST_TASK_HEAD_OF_QUEUE;
		cmd->out_of_turn = true;
	}
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
	if (cst_order_must_wait(order, cmd)) {
		cmd->order_blocked = true;
		list_add_tail(&cmd->order_node, &order->blocked);
	} else {
		order->running++;
		if (cmd->task_attr == CST_TASK_ORDERED)
			order->ordered = true;
	}
	if (cmd->task_attr == CST_TASK_ORDERED)
		mod_delayed_work(cst_wq, &order->relax, CST_ORDER_RELAX);
unlock:
	spin_unlock_irqrestore(&order->lock, flags);
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
	spin_lock_irqsave(&order->lock, flags);
	cmd->data_ready = true;
	run = !cmd->order_blocked;
	spin_unlock_irqrestore(&order->lock, flags);
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
	spin_lock_irqsave(&order->lock, flags);
	if (cmd->order_blocked) {
		list_del_init(&cmd->order_node);
		cmd->order_blocked = false;
	} else {
		order->running--;
		if (cmd->task_attr == CST_TASK_ORDERED)
			order->ordered = false;
	}
	cst_order_promote(order);
	spin_unlock_irqrestore(&order->lock, flags);
}

/**
 * cst_order_abort() - do not let an aborted command wait for its turn
 * @cmd: marked aborted, on its session's list, whose lock is held
 *
 * It is let go out of turn, for good: cst_cmd_run() ends it, so it touches nothing, also
 * when the mark is taken back.
 */
void cst_order_abort(struct cst_cmd *cmd)
{
	struct cst_order *order;
	unsigned long flags;

	/* There is no logical unit: it has been answered, and not been released yet. */
	if (!cmd->dev)
		return;
	order = &cmd->dev->order;
	spin_lock_irqsave(&order->lock, flags);
	if (cmd->order_blocked) {
		cmd->out_of_turn = true;
		cst_order_unblock(order, cmd);
		/* As if ORDERED ran: its exit clears that, and nobody passes it. */
		if (cmd->task_attr == CST_TASK_ORDERED)
			cmd->task_attr = CST_TASK_SIMPLE;
	}
	spin_unlock_irqrestore(&order->lock, flags);
}

int cst_order_init(struct cst_order *order)
{
	spin_lock_init(&order->lock);
	INIT_LIST_HEAD(&order->blocked);
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
	spin_lock_irq(&order->lock);
	draining = order->draining;
	spin_unlock_irq(&order->lock);
	if (draining)
		rcu_barrier();
	percpu_ref_exit(&order->simple);
}
