// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of blocks that a command has for itself.
 *
 * Commands that write call cst_range_enter(), a command that must not be disturbed by
 * them calls cst_range_hold(); cst_cmd_finish() calls cst_range_leave() for both.  Ranges
 * that do not overlap never meet.  While none is held, a write stores its state in its own
 * command and reads one number, dev->ranges.held.
 *
 * Who holds a range must find the writes that have begun without it.  It searches the
 * commands of all nexuses of the device, and this is how none is missed:
 *
 *	a write, cst_range_enter()		a holder, cst_range_hold()
 *	  lba, nblocks are set			  held++, its range into the tree
 *	  state = WRITES			  full barrier
 *	  full barrier				  read the state of each command
 *	  read held
 *
 * One of the two sees the other.  A command is on its session's list, and its nexus on
 * the device's, before it executes.  So a holder that does not find it there has had the
 * lock of that list before it was put there, and the write reads what the holder
 * had stored.  The locks of the lists keep a command from being released while it is
 * looked at.  The holder reads lba and nblocks after the state, with acquire.
 *
 * - The holder changes the WRITES of a write within its range to AWAITED.  When that ends,
 *   its state becomes DONE, and by the old value it knows that it has to tell.  The change
 *   and the end are atomic operations on one word, so either the holder does not find it any
 *   more or the write tells.  It tells with the lock held: a holder that still looks has
 *   `kick` set and looks again, one that waits is let go, and looks again.
 * - A write that sees a holder looks with the lock held whether their ranges overlap.  It
 *   goes on or goes back to NONE and waits; it tells if it was AWAITED in between.
 * - Who gives a range back lets go, in order, those who wait for it and now overlap none that
 *   is held.  A write becomes one that WRITES with the lock held, so the next holder, which needs
 *   the lock, finds it.  A holder gets its range at once, and then looks for writes.
 *
 * DONE is set when a command ends, before its response: nobody waits for an initiator that
 * does not read.  A write whose data has not come has not entered.
 *
 * Nobody waits in a circle: what a holder waits for either writes or holds a range, and
 * neither of these waits for a range.  Who waits and is aborted is let go by wait.c and
 * ends.  Who waits holds the device's io_ref: disabling the device waits until those
 * before it have ended.
 */
#include <linux/interval_tree_generic.h>

#include "core.h"

static inline u64 cst_range_first(const struct cst_range *range)
{
	return container_of(range, struct cst_cmd, range)->lba;
}

static inline u64 cst_range_last(const struct cst_range *range)
{
	const struct cst_cmd *cmd = container_of(range, struct cst_cmd, range);

	return cmd->lba + cmd->nblocks - 1;
}

INTERVAL_TREE_DEFINE(struct cst_range, rb, u64, last_in_subtree, cst_range_first,
		     cst_range_last, static inline, cst_range_tree)

static bool cst_range_overlap(const struct cst_range *a, const struct cst_range *b)
{
	return cst_range_first(a) <= cst_range_last(b) &&
	       cst_range_first(b) <= cst_range_last(a);
}

/* The lock is held: the first held range in which blocks of the command are, or NULL. */
static struct cst_range *cst_range_held(struct cst_ranges *ranges,
					const struct cst_cmd *cmd)
{
	lockdep_assert_held(&ranges->waiting.lock);

	return cst_range_tree_iter_first(&ranges->tree, cst_range_first(&cmd->range),
					 cst_range_last(&cmd->range));
}

/* The lock is held: it does not overlap with one that is held. */
static void cst_range_insert(struct cst_ranges *ranges, struct cst_cmd *cmd)
{
	cmd->range.kick = false;
	cmd->range.drains = false;
	cst_range_tree_insert(&cmd->range, &ranges->tree);
	WRITE_ONCE(ranges->held, ranges->held + 1);
	atomic_set(&cmd->range.state, CST_RANGE_HOLDS);
}

/* The lock is held: an AWAITED write does not write any more. */
static void cst_range_kick(struct cst_ranges *ranges, const struct cst_cmd *cmd)
{
	struct cst_range *range;

	for (range = cst_range_held(ranges, cmd); range;
	     range = cst_range_tree_iter_next(range, cst_range_first(&cmd->range),
					      cst_range_last(&cmd->range))) {
		struct cst_cmd *holder = container_of(range, struct cst_cmd, range);

		if (!range->drains) {
			range->kick = true;
			continue;
		}
		range->drains = false;
		cst_wait_remove(holder);
		cst_cmd_queue(holder);
	}
}

/* The lock is held: let go those who waited for the range of @gone. */
static void cst_range_grant(struct cst_ranges *ranges, const struct cst_cmd *gone)
{
	struct cst_cmd *cmd, *next;

	list_for_each_entry_safe(cmd, next, &ranges->waiting.waiters, wait.node) {
		/* One that drains holds a range, which overlaps with no other. */
		if (!cst_range_overlap(&cmd->range, &gone->range) ||
		    cst_range_held(ranges, cmd))
			continue;
		cst_wait_remove(cmd);
		if (cmd->range.exclusive)
			cst_range_insert(ranges, cmd);
		else
			atomic_set(&cmd->range.state, CST_RANGE_WRITES);
		cst_cmd_queue(cmd);
	}
}

/* The lock is held: a held range is in the way. */
static cst_sense_t cst_range_wait(struct cst_ranges *ranges, struct cst_cmd *cmd,
				  bool exclusive)
{
	cmd->range.exclusive = exclusive;
	return cst_wait_park(&ranges->waiting, cmd) ? CST_PENDING :
						      CST_SENSE(COMMAND_ABORTED);
}

/* Some range is held: see cst_range_enter(). */
cst_sense_t cst_range_enter_slow(struct cst_cmd *cmd)
{
	struct cst_ranges *ranges = &cmd->dev->ranges;
	cst_sense_t reason = CST_OK;
	unsigned long flags;

	spin_lock_irqsave(&ranges->waiting.lock, flags);
	if (cst_range_held(ranges, cmd)) {
		if (atomic_xchg(&cmd->range.state, CST_RANGE_NONE) == CST_RANGE_AWAITED)
			cst_range_kick(ranges, cmd);
		reason = cst_range_wait(ranges, cmd, false);
	}
	spin_unlock_irqrestore(&ranges->waiting.lock, flags);
	return reason;
}

/* See cst_range_leave(); @was is the state before DONE. */
void cst_range_leave_slow(struct cst_cmd *cmd, int was)
{
	struct cst_ranges *ranges = &cmd->dev->ranges;
	unsigned long flags;

	/* It was aborted while it waited. */
	if (was == CST_RANGE_NONE)
		return;
	spin_lock_irqsave(&ranges->waiting.lock, flags);
	if (was == CST_RANGE_HOLDS) {
		cst_range_tree_remove(&cmd->range, &ranges->tree);
		WRITE_ONCE(ranges->held, ranges->held - 1);
		cst_range_grant(ranges, cmd);
	} else {
		cst_range_kick(ranges, cmd);
	}
	spin_unlock_irqrestore(&ranges->waiting.lock, flags);
}

struct cst_range_walk {
	const struct cst_cmd	*holder;
	const struct cst_itl	*itl;
	bool			found;
};

/* The command's list is locked: have it tell the holder when it has written. */
static void cst_range_await(struct cst_cmd *cmd, void *arg)
{
	struct cst_range_walk *walk = arg;
	int state;

	if (cmd->itl != walk->itl)
		return;
	/* Before its blocks are looked at. */
	state = atomic_read_acquire(&cmd->range.state);
	if (state != CST_RANGE_WRITES && state != CST_RANGE_AWAITED)
		return;
	if (!cst_range_overlap(&cmd->range, &walk->holder->range))
		return;
	/* AWAITED by another holder is as good: it tells all. */
	state = atomic_cmpxchg(&cmd->range.state, CST_RANGE_WRITES, CST_RANGE_AWAITED);
	if (state == CST_RANGE_WRITES || state == CST_RANGE_AWAITED)
		walk->found = true;
}

static void cst_range_await_itl(struct cst_itl *itl, void *arg)
{
	struct cst_range_walk *walk = arg;

	walk->itl = itl;
	cst_session_for_each_cmd(itl->sess, cst_range_await, walk);
}

static bool cst_range_find_writes(struct cst_cmd *cmd)
{
	struct cst_range_walk walk = { .holder = cmd };

	/* Pairs with that of cst_range_enter(). */
	smp_mb();
	cst_device_for_each_itl(cmd->dev, cst_range_await_itl, &walk);
	return walk.found;
}

static cst_sense_t cst_range_take(struct cst_ranges *ranges, struct cst_cmd *cmd)
{
	cst_sense_t reason = CST_OK;

	__set_bit(CST_CMD_RANGE, &cmd->flags);
	spin_lock_irq(&ranges->waiting.lock);
	if (cst_range_held(ranges, cmd))
		reason = cst_range_wait(ranges, cmd, true);
	else
		cst_range_insert(ranges, cmd);
	spin_unlock_irq(&ranges->waiting.lock);
	return reason;
}

/* Writes have been found; CST_OK: they may have ended meanwhile. */
static cst_sense_t cst_range_drain(struct cst_ranges *ranges, struct cst_cmd *cmd)
{
	cst_sense_t reason = CST_OK;

	spin_lock_irq(&ranges->waiting.lock);
	if (cmd->range.kick) {
		cmd->range.kick = false;
	} else if (cst_wait_park(&ranges->waiting, cmd)) {
		cmd->range.drains = true;
		reason = CST_PENDING;
	} else {
		reason = CST_SENSE(COMMAND_ABORTED);
	}
	spin_unlock_irq(&ranges->waiting.lock);
	return reason;
}

/**
 * cst_range_hold() - have the blocks of a command for itself
 * @cmd: executes, holds io_ref; its blocks are on the medium, and there are some
 *
 * No write to them, and no other holder of any of them, is under way from then on until
 * the command ends.
 *
 * Context: process, in the worker; does not sleep for long.  Return: CST_OK: it has them;
 * CST_PENDING: it waits, and will be executed again and call this again; else it was
 * aborted, and is to end with that.
 */
cst_sense_t cst_range_hold(struct cst_cmd *cmd)
{
	struct cst_ranges *ranges = &cmd->dev->ranges;
	cst_sense_t reason = CST_OK;

	if (!test_bit(CST_CMD_RANGE, &cmd->flags))
		reason = cst_range_take(ranges, cmd);
	while (!reason && cst_range_find_writes(cmd))
		reason = cst_range_drain(ranges, cmd);
	return reason;
}

/* An aborted command has been taken out of the queue; what it holds goes when it ends. */
static void cst_range_waiter_leaves(struct cst_waitq *q, struct cst_cmd *cmd)
{
	cmd->range.drains = false;
	cst_cmd_queue(cmd);
}

static const struct cst_waitq_ops cst_ranges_waitq_ops = {
	.leave	= cst_range_waiter_leaves,
};

void cst_ranges_init(struct cst_ranges *ranges)
{
	ranges->held = 0;
	ranges->tree = RB_ROOT_CACHED;
	cst_waitq_init(&ranges->waiting, &cst_ranges_waitq_ops);
}
