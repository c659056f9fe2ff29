// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aborts: mark the commands of a scope, know when the last of them has ended.
 *
 * tmf.c and fabrics start them; status.c and cmd.c tell of a marked command's end.
 *
 * An abort stands on one list: that of its nexus, or, when it is about a whole logical
 * unit, that of the device.  It counts the commands that it waits for, so that the end
 * of a command costs a look at the aborts of its own nexus and device, and nobody
 * searches for commands again.  Which aborts have counted a command is known by
 * numbers:
 *
 * - Those of a nexus are marked under its lock, one after the other.  A command keeps
 *   the number of the first that has marked it; every later one within whose scope it
 *   is has found it as well.
 * - Those of a device are marked by its one work.  All have the same scope, so each
 *   command is counted once, by the first that has marked it, and an abort is complete
 *   when it and all before it have nothing left.  Those that come while the work is on
 *   its way through the nexuses are marked together, the next time: the first stands
 *   on the list, the others are its peers.
 *
 * cst_cmd_finish() takes no lock to see whether a command is marked.  One that is
 * answered just then is counted although it has ended; its release tells, and a look
 * each CST_ABORT_LOOK, for it may take long until the initiator has read the response.
 *
 * Locks: sess->aborts.lock, then a list of the session's commands, then the lock of a
 * queue in which commands wait (wait.c); or then dev->aborts.lock, inside which nothing is
 * taken but what a work queue takes.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "core.h"

#define CST_ABORT_LOOK	HZ

/* Calls @fn for each command that a session has; its aborts.lock held. */
static void cst_abort_for_each_cmd(struct cst_session *sess,
				   void (*fn)(struct cst_cmd *cmd, void *arg),
				   void *arg)
{
	lockdep_assert_held(&sess->aborts.lock);

	cst_session_for_each_cmd(sess, fn, arg);
}

/**
 * cst_device_for_each_itl() - look at each nexus of a device that may have a command
 * @dev: the device
 * @fn: called with a reference to the nexus
 * @arg: for @fn
 *
 * Interrupts are on in between: there may be thousands.  A nexus stays on the list while
 * somebody holds it, and without a holder it has no command.
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

/* Its lock held. */
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

/* Locks of the session and of the list held. */
static void cst_abort_mark(struct cst_cmd *cmd, unsigned int bit)
{
	/* A full barrier: a command that is being parked sees the bit, or is seen (wait.c). */
	if (test_and_set_bit(bit, &cmd->aborted))
		return;
	cst_wait_abort(cmd);
	if (cmd->sess->ops->abort_data)
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

/* Has this one, which waits, counted the command? */
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
	/* One that has not been seen to end is counted as by those before. */
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

/* @arg has been given up, and is not on the list any more. */
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

/* One less to wait for. */
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
	/* None: they have been given up, and this is about to lose its mark. */
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

/* Its session's lock held: it has left the task set, once. */
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

/* Has it ended without having seen that somebody waits for that? */
static bool cst_abort_unseen(const struct cst_cmd *cmd, unsigned int bit)
{
	return test_bit(bit, &cmd->aborted) && READ_ONCE(cmd->answered) &&
	       !test_bit(CST_ABORTED_ENDED, &cmd->aborted);
}

/* What the work of a device does with the commands of one nexus. */
struct cst_abort_walk {
	struct cst_itl	*itl;
	u64		seq;	/* of the abort that marks; 0: only look */
	u64		above;	/* give back the marks of those above */
	unsigned int	marked;
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
	cst_ua_add(itl, CST_SENSE(BUS_DEVICE_RESET));
}

/*
 * Take one off the list of a device; its lock held.  Somebody else counts what it had
 * left: the first of its peers, or else who comes next.
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

/* Give up those whose time is over; its lock held.  Are there marks to be given back? */
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

/* Put the new ones on the list, as one; its lock held. */
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

/* Those that have nothing left to wait for; its lock held.  Is one of them a reset? */
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
	/* Before the time of one that has nothing left is looked at. */
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
	/* Those that have ended meanwhile have counted down before this. */
	if (first)
		first->left += walk.marked;
	reset |= cst_aborts_take_complete(aborts, &over);
	if (!list_empty(&aborts->waiting))
		queue_delayed_work(cst_tmf_wq, &aborts->work, CST_ABORT_LOOK);
	spin_unlock_irq(&aborts->lock);

	if (reset) {
		cst_medium_start(dev);
		cst_device_for_each_itl(dev, cst_abort_reset_itl, NULL);
	}
	/* The device goes when it may; that waits for this work. */
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

	/* The session goes when it may; that waits for this work. */
	cst_aborts_done(&over);
	memalloc_noio_restore(noio);
}

/* --- from outside --- */

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
 * Who waits for it may go on.
 *
 * Context: any, also hard interrupt.  Return: false when it has lost its mark and is to be
 * answered.
 */
bool cst_abort_cmd_ended(struct cst_cmd *cmd)
{
	struct cst_aborts *aborts = &cmd->sess->aborts;
	unsigned long flags;
	bool aborted;

	spin_lock_irqsave(&aborts->lock, flags);
	aborted = cst_cmd_aborted(cmd);
	if (aborted) {
		/* TAS is 0: instead of a status, and before the answer of the abort. */
		if (cmd->itl && !cst_cmd_aborted_by_own(cmd))
			cst_ua_add(cmd->itl,
				   CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
		cst_abort_end(cmd);
	}
	spin_unlock_irqrestore(&aborts->lock, flags);
	return aborted;
}

/**
 * cst_abort_cmd_released() - a command that looks marked has been released
 * @cmd: still on its session's list, and not afterwards
 *
 * Context: any, also hard interrupt.
 */
void cst_abort_cmd_released(struct cst_cmd *cmd)
{
	struct cst_session *sess = cmd->sess;
	struct cst_abort *abort;
	unsigned long flags;

	spin_lock_irqsave(&sess->aborts.lock, flags);
	/* With the lock: whoever is on the list now has found it, and nobody will. */
	cst_cmd_list_del(cmd);
	if (cst_cmd_aborted(cmd) &&
	    !test_bit(CST_ABORTED_ENDED, &cmd->aborted))
		cst_abort_end(cmd);
	list_for_each_entry(abort, &sess->aborts.waiting, node) {
		if (abort->dev || !cst_abort_counts(abort, cmd))
			continue;
		/* The mark came too late: its initiator has a status. */
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
	/* The next session may come before this one is taken apart. */
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
