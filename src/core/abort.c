// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aborts: mark the commands of a scope, and report when the last of them has ended.
 *
 * tmf.c and fabrics start aborts.  status.c and cmd.c report the end of a marked command.
 *
 * An abort is on the list of its nexus, or on the list of the device when it is about a
 * whole logical unit.  It has the number of commands that it waits for.  So the end of a
 * command only costs a look at the aborts of its own nexus and device, and commands are
 * not searched for again.  Sequence numbers say which aborts have counted a command:
 *
 * - Aborts of a nexus mark their commands under the lock of the nexus, one after the
 *   other.  A command keeps the number of the first abort that has marked it.  Every later
 *   abort whose scope has the command has found it as well.
 * - The one work of a device marks the commands of the device's aborts.  All these aborts
 *   have the same scope.  So each command is counted once, by the first abort that has
 *   marked it, and an abort is complete when neither it nor any earlier abort has a
 *   command left.  Aborts that are started while the work walks through the nexuses are
 *   marked together in the next walk: the first of them is on the list, the others are its
 *   peers.
 *
 * cst_cmd_finish() takes no lock to see whether a command is marked.  A command that is
 * being answered at that moment is marked and counted although it has ended.  Its end is
 * noticed when it is released.  That may take long, because the initiator has to read the
 * response, so the works also look for such commands every CST_ABORT_LOOK.
 *
 * Lock order: sess->aborts.lock, then the lock of one of the session's lists of commands,
 * then the lock of a queue in which commands wait (wait.c).  dev->aborts.lock may also be
 * taken inside sess->aborts.lock and the list lock; only locks of a work queue are taken
 * inside dev->aborts.lock.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "core.h"

#define CST_ABORT_LOOK	HZ

/* Call @fn for each command of a session.  The caller holds sess->aborts.lock. */
static void cst_abort_for_each_cmd(struct cst_session *sess,
				   void (*fn)(struct cst_cmd *cmd, void *arg),
				   void *arg)
{
	lockdep_assert_held(&sess->aborts.lock);

	cst_session_for_each_cmd(sess, fn, arg);
}

/**
 * cst_device_for_each_itl() - visit each nexus of a device that may have a command
 * @dev: the device
 * @fn: called with a reference to the nexus and no lock held
 * @arg: for @fn
 *
 * Interrupts are enabled between two nexuses, because there may be thousands.  A nexus
 * stays on the list while somebody has a reference to it.  A nexus whose references are
 * gone has no command, and is skipped.
 *
 * Context: process.
 */
void cst_device_for_each_itl(struct cst_device *dev,
			     void (*fn)(struct cst_itl *itl, void *arg), void *arg)
{
	struct cst_itl *itl, *last = NULL;

	spin_lock_irq(&dev->itl_lock);
	list_for_each_entry(itl, &dev->itls, dev_node) {
		if (!percpu_ref_tryget(&itl->ref))
			continue;
		spin_unlock_irq(&dev->itl_lock);
		if (last)
			percpu_ref_put(&last->ref);
		last = itl;
		fn(itl, arg);
		cond_resched();
		spin_lock_irq(&dev->itl_lock);
	}
	spin_unlock_irq(&dev->itl_lock);
	if (last)
		percpu_ref_put(&last->ref);
}

/* The caller holds aborts->lock. */
static void cst_aborts_kick(struct cst_aborts *aborts)
{
	mod_delayed_work(cst_tmf_wq, &aborts->work, 0);
}

static bool cst_abort_is_over(const struct cst_abort *abort)
{
	return time_after_eq(jiffies, abort->end);
}

static void cst_abort_move(struct cst_abort *abort, bool complete,
			   struct list_head *over)
{
	abort->complete = complete;
	list_move_tail(&abort->node, over);
}

static void cst_aborts_done(struct list_head *over)
{
	struct cst_abort *abort, *next;

	list_for_each_entry_safe(abort, next, over, node)
		abort->done(abort);
}

/* The caller holds sess->aborts.lock and the lock of the list that the command is on. */
static void cst_abort_mark(struct cst_cmd *cmd, unsigned int bit)
{
	/*
	 * A full barrier.  When the command is being parked, either cst_wait_park() sees the
	 * bit or cst_wait_abort() sees the queue (wait.c).
	 */
	if (test_and_set_bit(bit, &cmd->aborted))
		return;
	cst_wait_abort(cmd);
	if (cmd->sess->ops->abort_data && !test_bit(CST_CMD_INNER, &cmd->flags))
		cmd->sess->ops->abort_data(cmd);
	cst_command_abort(cmd);
}

/* --- aborts of a nexus --- */

static bool cst_abort_match(const struct cst_abort *abort,
			    const struct cst_cmd *cmd)
{
	u32 lun;

	if (abort->dev && cmd->dev != abort->dev)
		return false;
	if (abort->by_tag && cmd->tag != abort->tag)
		return false;
	return !abort->by_lun || (!cst_lun_decode(cmd->lun, &lun) &&
				  lun == abort->lun);
}

static bool cst_abort_by_nexus(const struct cst_cmd *cmd)
{
	return test_bit(CST_ABORTED_OWN, &cmd->aborted) ||
	       test_bit(CST_ABORTED_OTHER, &cmd->aborted);
}

static unsigned int cst_abort_bit(const struct cst_abort *abort)
{
	return abort->dev ? CST_ABORTED_OTHER : CST_ABORTED_OWN;
}

/* Has this abort, which is on the list `waiting', counted the command? */
static bool cst_abort_counts(const struct cst_abort *abort,
			     const struct cst_cmd *cmd)
{
	return test_bit(cst_abort_bit(abort), &cmd->aborted) &&
	       abort->seq >= cmd->sess_seq && cst_abort_match(abort, cmd);
}

static void cst_abort_mark_nexus(struct cst_cmd *cmd, void *arg)
{
	struct cst_abort *abort = arg;

	if (!cst_abort_match(abort, cmd))
		return;
	/*
	 * With abort->dev a command that has ended is not counted.  A command that is answered
	 * but has not been seen to end is counted if earlier aborts have counted it.
	 */
	if (abort->dev && (test_bit(CST_ABORTED_ENDED, &cmd->aborted) ||
			   (READ_ONCE(cmd->answered) &&
			    !test_bit(CST_ABORTED_OTHER, &cmd->aborted))))
		return;
	abort->hits++;
	abort->left++;
	if (!cst_abort_by_nexus(cmd))
		cmd->sess_seq = abort->seq;
	cst_abort_mark(cmd, cst_abort_bit(abort));
}

/* The abort @arg has been given up and is not on the list any more. */
static void cst_abort_withdraw_nexus(struct cst_cmd *cmd, void *arg)
{
	const struct cst_abort *gone = arg, *abort;
	bool own = false, other = false;

	if (!cst_abort_counts(gone, cmd) ||
	    test_bit(CST_ABORTED_ENDED, &cmd->aborted))
		return;
	list_for_each_entry(abort, &cmd->sess->aborts.waiting, node) {
		if (!cst_abort_counts(abort, cmd))
			continue;
		if (abort->dev)
			other = true;
		else
			own = true;
	}
	if (!own)
		clear_bit(CST_ABORTED_OWN, &cmd->aborted);
	if (!other)
		clear_bit(CST_ABORTED_OTHER, &cmd->aborted);
}

/* The abort has one command less to wait for. */
static void cst_abort_count_down(struct cst_session *sess,
				 struct cst_abort *abort)
{
	if (!--abort->left)
		cst_aborts_kick(&sess->aborts);
}

/* --- aborts of a logical unit --- */

static void cst_abort_device_end(struct cst_device *dev, u64 seq)
{
	struct cst_aborts *aborts = &dev->aborts;
	struct cst_abort *abort;

	spin_lock(&aborts->lock);
	/*
	 * When no abort is found, all aborts that have counted the command have been given
	 * up, and the command is about to lose its mark.
	 */
	list_for_each_entry(abort, &aborts->waiting, node) {
		if (abort->seq < seq)
			continue;
		if (!--abort->left &&
		    list_is_first(&abort->node, &aborts->waiting))
			cst_aborts_kick(aborts);
		break;
	}
	spin_unlock(&aborts->lock);
}

/*
 * A marked command has left the task set.  Called once per command; the caller holds
 * sess->aborts.lock.
 */
static void cst_abort_end(struct cst_cmd *cmd)
{
	struct cst_session *sess = cmd->sess;
	struct cst_abort *abort;

	lockdep_assert_held(&sess->aborts.lock);

	set_bit(CST_ABORTED_ENDED, &cmd->aborted);
	list_for_each_entry(abort, &sess->aborts.waiting, node)
		if (abort->dev && cst_abort_counts(abort, cmd))
			cst_abort_count_down(sess, abort);
	if (test_bit(CST_ABORTED_DEVICE, &cmd->aborted))
		cst_abort_device_end(cmd->dev, cmd->dev_seq);
}

/* Has the command been answered without noticing the mark, and without cst_abort_end()? */
static bool cst_abort_unseen(const struct cst_cmd *cmd, unsigned int bit)
{
	return test_bit(bit, &cmd->aborted) && READ_ONCE(cmd->answered) &&
	       !test_bit(CST_ABORTED_ENDED, &cmd->aborted);
}

/* State of a walk of the work of a device through the commands of its nexuses. */
struct cst_abort_walk {
	struct cst_itl	*itl;	/* the nexus being visited */
	u64		seq;	/* number of the abort that marks; 0: only look for ends */
	u64		above;	/* take back the marks of aborts with a higher number */
	unsigned int	marked;	/* number of commands that have been marked */
};

static void cst_abort_mark_device(struct cst_cmd *cmd, void *arg)
{
	struct cst_abort_walk *walk = arg;

	if (cmd->itl != walk->itl)
		return;
	if (cst_abort_unseen(cmd, CST_ABORTED_DEVICE)) {
		cst_abort_end(cmd);
		return;
	}
	if (!walk->seq || READ_ONCE(cmd->answered) ||
	    test_bit(CST_ABORTED_DEVICE, &cmd->aborted) ||
	    test_bit(CST_ABORTED_ENDED, &cmd->aborted))
		return;
	walk->marked++;
	cmd->dev_seq = walk->seq;
	cst_abort_mark(cmd, CST_ABORTED_DEVICE);
}

static void cst_abort_withdraw_device(struct cst_cmd *cmd, void *arg)
{
	const struct cst_abort_walk *walk = arg;

	if (cmd->itl == walk->itl && cmd->dev_seq > walk->above &&
	    test_bit(CST_ABORTED_DEVICE, &cmd->aborted) &&
	    !test_bit(CST_ABORTED_ENDED, &cmd->aborted))
		clear_bit(CST_ABORTED_DEVICE, &cmd->aborted);
}

static void cst_abort_walk_cmds(struct cst_itl *itl, struct cst_abort_walk *walk,
				void (*fn)(struct cst_cmd *cmd, void *arg))
{
	struct cst_aborts *aborts = &itl->sess->aborts;

	walk->itl = itl;
	spin_lock_irq(&aborts->lock);
	cst_abort_for_each_cmd(itl->sess, fn, walk);
	spin_unlock_irq(&aborts->lock);
}

static void cst_abort_mark_itl(struct cst_itl *itl, void *arg)
{
	cst_abort_walk_cmds(itl, arg, cst_abort_mark_device);
}

static void cst_abort_withdraw_itl(struct cst_itl *itl, void *arg)
{
	cst_abort_walk_cmds(itl, arg, cst_abort_withdraw_device);
}

/* SAM-5 6.3.3 */
static void cst_abort_reset_itl(struct cst_itl *itl, void *arg)
{
	cst_medium_allow(itl);
	cst_pr_let_go(itl);
	cst_ua_add(itl, CST_SENSE(BUS_DEVICE_RESET));
}

/*
 * Take an abort off the list of a device.  The caller holds aborts->lock.  Another abort
 * takes over the count of commands that are left: the first of its peers, or else the next
 * abort on the list.
 */
static void cst_abort_leave(struct cst_aborts *aborts, struct cst_abort *abort,
			    struct list_head *over)
{
	struct cst_abort *heir;

	heir = list_first_entry_or_null(&abort->peers, struct cst_abort, node);
	if (heir) {
		list_move(&heir->node, &abort->node);
		INIT_LIST_HEAD(&heir->peers);
		list_splice_init(&abort->peers, &heir->peers);
		heir->seq = abort->seq;
		heir->left = abort->left;
	} else if (!list_is_last(&abort->node, &aborts->waiting)) {
		heir = list_entry(abort->node.next, struct cst_abort, node);
		heir->left += abort->left;
	}
	cst_abort_move(abort, false, over);
}

/*
 * Give up the aborts whose time is over.  The caller holds aborts->lock.  Return: true when
 * commands of aborts above *above have to lose their marks.
 */
static bool cst_aborts_give_up(struct cst_aborts *aborts,
			       struct list_head *over, u64 *above)
{
	struct cst_abort *abort, *next, *peer, *next_peer;
	u64 last = 0, left = 0;

	list_for_each_entry_safe(abort, next, &aborts->waiting, node) {
		list_for_each_entry_safe(peer, next_peer, &abort->peers, node)
			if (cst_abort_is_over(peer))
				cst_abort_move(peer, false, over);
		last = abort->seq;
		if (cst_abort_is_over(abort))
			cst_abort_leave(aborts, abort, over);
	}
	list_for_each_entry_safe(abort, next, &aborts->fresh, node)
		if (cst_abort_is_over(abort))
			cst_abort_move(abort, false, over);
	if (!list_empty(&aborts->waiting))
		left = list_last_entry(&aborts->waiting, struct cst_abort,
				       node)->seq;
	*above = left;
	return left < last;
}

/*
 * Put the fresh aborts on the list: the first of them, with the others as its peers.  The
 * caller holds aborts->lock.  Return: the first, or NULL.
 */
static struct cst_abort *cst_aborts_take_fresh(struct cst_aborts *aborts)
{
	struct cst_abort *first = list_first_entry_or_null(&aborts->fresh,
							   struct cst_abort,
							   node);

	if (!first)
		return NULL;
	first->seq = ++aborts->seq;
	list_move_tail(&first->node, &aborts->waiting);
	list_splice_init(&aborts->fresh, &first->peers);
	return first;
}

/*
 * Move the aborts that have no command left to wait for to @over.  The caller holds
 * aborts->lock.  Return: whether one of them is a reset.
 */
static bool cst_aborts_take_complete(struct cst_aborts *aborts,
				     struct list_head *over)
{
	struct cst_abort *abort, *next, *peer, *next_peer;
	bool reset = false;

	list_for_each_entry_safe(abort, next, &aborts->waiting, node) {
		if (abort->left)
			break;
		list_for_each_entry_safe(peer, next_peer, &abort->peers, node) {
			reset |= peer->reset;
			cst_abort_move(peer, true, over);
		}
		reset |= abort->reset;
		cst_abort_move(abort, true, over);
	}
	return reset;
}

static void cst_device_aborts_work(struct work_struct *work)
{
	struct cst_device *dev = container_of(to_delayed_work(work),
					      struct cst_device, aborts.work);
	struct cst_aborts *aborts = &dev->aborts;
	unsigned int noio = memalloc_noio_save();
	struct cst_abort_walk walk = {};
	struct cst_abort *first;
	bool look, reset;
	LIST_HEAD(over);

	spin_lock_irq(&aborts->lock);
	/* First, so that an abort that has no command left is not given up below. */
	reset = cst_aborts_take_complete(aborts, &over);
	look = time_after_eq(jiffies, aborts->look);
	if (look)
		aborts->look = jiffies + CST_ABORT_LOOK;
	if (look && cst_aborts_give_up(aborts, &over, &walk.above)) {
		spin_unlock_irq(&aborts->lock);
		cst_device_for_each_itl(dev, cst_abort_withdraw_itl, &walk);
		spin_lock_irq(&aborts->lock);
	}
	first = cst_aborts_take_fresh(aborts);
	spin_unlock_irq(&aborts->lock);

	if (first)
		walk.seq = first->seq;
	if (first || look)
		cst_device_for_each_itl(dev, cst_abort_mark_itl, &walk);

	spin_lock_irq(&aborts->lock);
	/*
	 * Commands that have ended during the walk have already been subtracted.  So left
	 * may have been negative until now.
	 */
	if (first)
		first->left += walk.marked;
	reset |= cst_aborts_take_complete(aborts, &over);
	if (!list_empty(&aborts->waiting))
		queue_delayed_work(cst_tmf_wq, &aborts->work, CST_ABORT_LOOK);
	spin_unlock_irq(&aborts->lock);

	if (reset) {
		cst_mode_reset(dev);
		cst_medium_start(dev);
		cst_device_for_each_itl(dev, cst_abort_reset_itl, NULL);
	}
	/*
	 * After the last done the device may be destroyed.  cst_device_aborts_exit() waits for
	 * this work.
	 */
	cst_aborts_done(&over);
	memalloc_noio_restore(noio);
}

static void cst_abort_look_nexus(struct cst_cmd *cmd, void *arg)
{
	if (cst_abort_unseen(cmd, CST_ABORTED_OTHER))
		cst_abort_end(cmd);
}

static void cst_session_aborts_work(struct work_struct *work)
{
	struct cst_session *sess = container_of(to_delayed_work(work),
						struct cst_session,
						aborts.work);
	struct cst_aborts *aborts = &sess->aborts;
	unsigned int noio = memalloc_noio_save();
	struct cst_abort *abort, *next;
	LIST_HEAD(over);

	spin_lock_irq(&aborts->lock);
	list_for_each_entry(abort, &aborts->waiting, node) {
		if (abort->dev) {
			cst_abort_for_each_cmd(sess, cst_abort_look_nexus, NULL);
			break;
		}
	}
	list_for_each_entry_safe(abort, next, &aborts->waiting, node) {
		if (!abort->left) {
			cst_abort_move(abort, true, &over);
		} else if (cst_abort_is_over(abort)) {
			cst_abort_move(abort, false, &over);
			cst_abort_for_each_cmd(sess, cst_abort_withdraw_nexus,
					       abort);
		}
	}
	if (!list_empty(&aborts->waiting))
		queue_delayed_work(cst_tmf_wq, &aborts->work, CST_ABORT_LOOK);
	spin_unlock_irq(&aborts->lock);

	/*
	 * After the last done the session may be destroyed.  cst_session_aborts_exit() waits
	 * for this work.
	 */
	cst_aborts_done(&over);
	memalloc_noio_restore(noio);
}

/* --- called by other files --- */

static void cst_abort_start_nexus(struct cst_abort *abort)
{
	struct cst_aborts *aborts = &abort->sess->aborts;
	unsigned long flags;

	spin_lock_irqsave(&aborts->lock, flags);
	abort->seq = ++aborts->seq;
	cst_abort_for_each_cmd(abort->sess, cst_abort_mark_nexus, abort);
	list_add_tail(&abort->node, &aborts->waiting);
	if (abort->left)
		queue_delayed_work(cst_tmf_wq, &aborts->work, CST_ABORT_LOOK);
	else
		cst_aborts_kick(aborts);
	spin_unlock_irqrestore(&aborts->lock, flags);
}

static void cst_abort_start_device(struct cst_abort *abort)
{
	struct cst_aborts *aborts = &abort->dev->aborts;
	unsigned long flags;

	spin_lock_irqsave(&aborts->lock, flags);
	if (list_empty(&aborts->waiting) && list_empty(&aborts->fresh))
		aborts->look = jiffies + CST_ABORT_LOOK;
	list_add_tail(&abort->node, &aborts->fresh);
	cst_aborts_kick(aborts);
	spin_unlock_irqrestore(&aborts->lock, flags);
}

void cst_abort_start(struct cst_abort *abort)
{
	abort->hits = 0;
	abort->left = 0;
	INIT_LIST_HEAD(&abort->peers);
	if (abort->sess)
		cst_abort_start_nexus(abort);
	else
		cst_abort_start_device(abort);
}
EXPORT_SYMBOL_GPL(cst_abort_start);

/**
 * cst_abort_cmd_ended() - a command that looks marked has left the task set
 * @cmd: not answered
 *
 * Aborts that wait for the command do not wait for it any more.
 *
 * Context: any, also hard interrupt.  Return: false when the command has lost its mark and
 * is to be answered.
 */
bool cst_abort_cmd_ended(struct cst_cmd *cmd)
{
	struct cst_aborts *aborts = &cmd->sess->aborts;
	unsigned long flags;
	bool aborted;

	spin_lock_irqsave(&aborts->lock, flags);
	aborted = cst_cmd_aborted(cmd);
	if (aborted) {
		/*
		 * SAM-5 5.6: with TAS the initiator gets a status for each command, without
		 * it a unit attention before the abort is done.
		 */
		if (cmd->itl && !cst_cmd_aborted_by_own(cmd)) {
			if (READ_ONCE(cmd->dev->mode.tas))
				__set_bit(CST_CMD_TASK_ABORTED, &cmd->flags);
			else
				cst_ua_add(cmd->itl,
					   CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
		}
		cst_abort_end(cmd);
	}
	spin_unlock_irqrestore(&aborts->lock, flags);
	return aborted;
}

/**
 * cst_abort_cmd_released() - a command that looks marked has been released
 * @cmd: on its session's list; this function takes it off
 *
 * Context: any, also hard interrupt.
 */
void cst_abort_cmd_released(struct cst_cmd *cmd)
{
	struct cst_session *sess = cmd->sess;
	struct cst_abort *abort;
	unsigned long flags;

	spin_lock_irqsave(&sess->aborts.lock, flags);
	/*
	 * Under the lock: every abort that is on the list now has looked at the command, and
	 * no later one will.
	 */
	cst_cmd_list_del(cmd);
	if (cst_cmd_aborted(cmd) &&
	    !test_bit(CST_ABORTED_ENDED, &cmd->aborted))
		cst_abort_end(cmd);
	list_for_each_entry(abort, &sess->aborts.waiting, node) {
		if (abort->dev || !cst_abort_counts(abort, cmd))
			continue;
		/* The mark came too late: the initiator gets a status. */
		if (READ_ONCE(cmd->answered))
			abort->hits--;
		cst_abort_count_down(sess, abort);
	}
	spin_unlock_irqrestore(&sess->aborts.lock, flags);
}

static void cst_abort_mark_lost(struct cst_cmd *cmd, void *arg)
{
	cst_abort_mark(cmd, CST_ABORTED_NEXUS);
}

void cst_session_abort_all(struct cst_session *sess)
{
	unsigned long flags;

	spin_lock_irqsave(&sess->aborts.lock, flags);
	cst_abort_for_each_cmd(sess, cst_abort_mark_lost, NULL);
	spin_unlock_irqrestore(&sess->aborts.lock, flags);
	/* Now: the initiator's next session may come before this one is unregistered. */
	cst_session_let_go(sess);
}
EXPORT_SYMBOL_GPL(cst_session_abort_all);

void cst_session_aborts_init(struct cst_session *sess)
{
	spin_lock_init(&sess->aborts.lock);
	INIT_LIST_HEAD(&sess->aborts.waiting);
	INIT_LIST_HEAD(&sess->aborts.fresh);
	sess->aborts.seq = 0;
	sess->resetting = false;
	INIT_DELAYED_WORK(&sess->aborts.work, cst_session_aborts_work);
}

void cst_session_aborts_exit(struct cst_session *sess)
{
	cancel_delayed_work_sync(&sess->aborts.work);
}

void cst_device_aborts_init(struct cst_device *dev)
{
	spin_lock_init(&dev->aborts.lock);
	INIT_LIST_HEAD(&dev->aborts.waiting);
	INIT_LIST_HEAD(&dev->aborts.fresh);
	INIT_DELAYED_WORK(&dev->aborts.work, cst_device_aborts_work);
}

void cst_device_aborts_exit(struct cst_device *dev)
{
	cancel_delayed_work_sync(&dev->aborts.work);
}
