// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of blocks that one command holds for exclusive use.
 *
 * A command that writes (a write below) calls cst_range_enter().  A command during which no
 * other command may write its blocks (a holder below) calls cst_range_hold().
 * cst_cmd_finish() calls cst_range_leave() for both.  Ranges that do not overlap do not
 * affect each other.  While no range is held, a write stores its state in its own command
 * and reads one number, dev->ranges.held.
 *
 * A holder must find the writes that have begun before its range was held.  It searches the
 * commands of all nexuses of the device.  No write is missed, for this reason:
 *
 *	a write, cst_range_enter()		a holder, cst_range_hold()
 *	  lba, nblocks are set			  held++, its range into the tree
 *	  state = WRITES			  full barrier
 *	  full barrier				  read the state of each command
 *	  read held
 *
 * At least one of the two sees the other.  A command is on its session's list, and its nexus
 * on the device's list, before the command executes.  So when a holder does not find a
 * write on a list, the holder has had the lock of the list before the write was put there,
 * and the write reads what the holder had stored.  The locks of the lists keep a command
 * from being released, and from going on with other blocks (cst_range_next()), while it is
 * looked at.  The holder reads the state of a write with
 * acquire, and then its lba and nblocks.
 *
 * - A holder changes the state of a write within its range from WRITES to AWAITED.  When the
 *   write ends, its state becomes DONE.  The old value tells the write whether it has to
 *   tell holders.  Both changes are atomic operations on one word.  So either the holder
 *   does not find the write any more, or the write tells.  The write tells with the lock
 *   held: it sets `kick` of a holder that is still searching, and lets go a holder that
 *   waits.  In both cases the holder searches again.
 * - A write that sees that a range is held takes the lock and checks whether the ranges
 *   overlap.  When they do not, it goes on.  When they do, its state goes back to NONE and
 *   it waits; if its state was AWAITED it tells holders.
 * - When a holder ends, it lets go, in order, the commands that wait for its range and do not
 *   overlap with any other held range.  A waiting write gets the state WRITES with the lock
 *   held, so the next holder, which needs the lock, finds it.  A waiting holder gets its
 *   range at once, and then searches for writes.
 * - No holder gets a range that overlaps with that of the oldest waiting command, even if
 *   no held range overlaps.  Otherwise initiators that lock single blocks in turn could keep
 *   a command that needs several of these blocks waiting for ever.  Each waiting command
 *   becomes the oldest, and what the oldest waits for ends.  Writes may pass the oldest,
 *   because no command waits for a write before its range is held.  The oldest lets go the
 *   commands that have waited for it: a holder when it ends, a write when it gets the state
 *   WRITES, and an aborted command when it ends.
 *
 * DONE is set when a command ends, before its response.  So no command waits for an
 * initiator that does not read.  A write whose data has not come has not entered.
 *
 * Commands do not wait in a circle: a holder waits for commands that write or hold a range,
 * and such a command does not wait for a range itself.  A command that is aborted while it
 * waits is let go by wait.c and ends.  A command that waits holds the device's io_ref, so
 * disabling the device waits until the commands before it have ended.
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

/*
 * The first held range that overlaps with the command's blocks, or NULL.  The caller holds
 * waiting.lock.
 */
static struct cst_range *cst_range_held(struct cst_ranges *ranges,
					const struct cst_cmd *cmd)
{
	lockdep_assert_held(&ranges->waiting.lock);

	return cst_range_tree_iter_first(&ranges->tree, cst_range_first(&cmd->range),
					 cst_range_last(&cmd->range));
}

/*
 * The oldest command that waits for a held range, or NULL.  The caller holds waiting.lock.
 */
static struct cst_cmd *cst_range_oldest(struct cst_ranges *ranges)
{
	struct cst_cmd *cmd;

	list_for_each_entry(cmd, &ranges->waiting.waiters, wait.node)
		if (!cmd->range.drains)
			return cmd;
	return NULL;
}

/* The command's range becomes held; no held range overlaps.  The caller holds waiting.lock. */
static void cst_range_insert(struct cst_ranges *ranges, struct cst_cmd *cmd)
{
	cmd->range.kick = false;
	cmd->range.drains = false;
	cst_range_tree_insert(&cmd->range, &ranges->tree);
	WRITE_ONCE(ranges->held, ranges->held + 1);
	atomic_set(&cmd->range.state, CST_RANGE_HOLDS);
}

/* An AWAITED write does not write any more: tell holders.  The caller holds waiting.lock. */
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

/*
 * May a waiting command go on?  @oldest is the oldest one that may not, or NULL if there is
 * none.  The caller holds waiting.lock.
 */
static bool cst_range_may_go(struct cst_ranges *ranges, const struct cst_cmd *cmd,
			     const struct cst_cmd *oldest)
{
	if (cst_range_held(ranges, cmd))
		return false;
	return !cmd->range.exclusive || !oldest ||
	       !cst_range_overlap(&cmd->range, &oldest->range);
}

/*
 * Let go commands that have waited for the range of @gone, which has held its range, or has
 * been aborted while it waited.  The caller holds waiting.lock.
 */
static void cst_range_grant(struct cst_ranges *ranges, const struct cst_cmd *gone)
{
	const struct cst_cmd *first = cst_range_oldest(ranges), *oldest = NULL;
	u64 from = cst_range_first(&gone->range), to = cst_range_last(&gone->range);
	struct cst_cmd *cmd, *next;

	list_for_each_entry_safe(cmd, next, &ranges->waiting.waiters, wait.node) {
		/* A holder that drains is skipped: its range does not overlap with @gone's. */
		if (cmd->range.drains)
			continue;
		if (cst_range_first(&cmd->range) > to || cst_range_last(&cmd->range) < from ||
		    !cst_range_may_go(ranges, cmd, oldest)) {
			oldest = oldest ?: cmd;
			continue;
		}
		cst_wait_remove(cmd);
		if (cmd->range.exclusive) {
			cst_range_insert(ranges, cmd);
		} else {
			/* Holders may have waited only because this was the oldest. */
			if (cmd == first) {
				from = min(from, cst_range_first(&cmd->range));
				to = max(to, cst_range_last(&cmd->range));
			}
			atomic_set(&cmd->range.state, CST_RANGE_WRITES);
		}
		cst_cmd_queue(cmd);
	}
}

/* Wait for a held range, or for the oldest.  The caller holds waiting.lock. */
static cst_sense_t cst_range_wait(struct cst_ranges *ranges, struct cst_cmd *cmd,
				  bool exclusive)
{
	cmd->range.exclusive = exclusive;
	cmd->range.drains = false;
	return cst_wait_park(&ranges->waiting, cmd) ? CST_PENDING :
						      CST_SENSE(COMMAND_ABORTED);
}

/* The command's blocks are its own, or it is in the way of others who want them. */
static cst_sense_t cst_range_gate(struct cst_cmd *cmd)
{
	return cmd->gate_seq == atomic_long_read(&cmd->dev->gate_seq) ? CST_OK :
									cst_gate_again(cmd);
}

/* Called by cst_range_enter() when a range is held, or the gates have to be passed again. */
cst_sense_t cst_range_enter_slow(struct cst_cmd *cmd)
{
	struct cst_ranges *ranges = &cmd->dev->ranges;
	cst_sense_t reason = cst_range_gate(cmd);
	unsigned long flags;

	if (reason)
		return reason;
	spin_lock_irqsave(&ranges->waiting.lock, flags);
	if (cst_range_held(ranges, cmd)) {
		if (atomic_xchg(&cmd->range.state, CST_RANGE_NONE) == CST_RANGE_AWAITED)
			cst_range_kick(ranges, cmd);
		reason = cst_range_wait(ranges, cmd, false);
	}
	spin_unlock_irqrestore(&ranges->waiting.lock, flags);
	return reason;
}

/*
 * Called by cst_range_leave(); @was is the state before DONE.  With NONE the command was
 * aborted while it waited, and others may have waited because it was the oldest.
 */
void cst_range_leave_slow(struct cst_cmd *cmd, int was)
{
	struct cst_ranges *ranges = &cmd->dev->ranges;
	unsigned long flags;

	spin_lock_irqsave(&ranges->waiting.lock, flags);
	if (was == CST_RANGE_HOLDS) {
		cst_range_tree_remove(&cmd->range, &ranges->tree);
		WRITE_ONCE(ranges->held, ranges->held - 1);
	}
	if (was == CST_RANGE_AWAITED)
		cst_range_kick(ranges, cmd);
	else
		cst_range_grant(ranges, cmd);
	spin_unlock_irqrestore(&ranges->waiting.lock, flags);
}

void cst_range_next(struct cst_cmd *cmd, u64 lba, u32 nblocks)
{
	struct cst_cmd_list *list = per_cpu_ptr(cmd->sess->active, cmd->cpu);

	if (test_bit(CST_CMD_RANGE, &cmd->flags)) {
		cst_range_leave(cmd);
		__clear_bit(CST_CMD_RANGE, &cmd->flags);
	}
	/*
	 * With the lock held no holder is between reading the blocks and setting AWAITED.  So
	 * AWAITED always means the blocks that the command has then, and the kick for it
	 * reaches the holder.
	 */
	spin_lock_irq(&list->lock);
	cmd->lba = lba;
	cmd->nblocks = nblocks;
	atomic_set(&cmd->range.state, CST_RANGE_NONE);
	spin_unlock_irq(&list->lock);
}

struct cst_range_walk {
	const struct cst_cmd	*holder;
	const struct cst_itl	*itl;
	bool			found;
};

/*
 * If @cmd writes blocks of the holder, have it tell when it has ended.  The caller holds the
 * lock of the command's list.
 */
static void cst_range_await(struct cst_cmd *cmd, void *arg)
{
	struct cst_range_walk *walk = arg;
	int state;

	if (cmd->itl != walk->itl)
		return;
	/* Read before the command's blocks are. */
	state = atomic_read_acquire(&cmd->range.state);
	if (state != CST_RANGE_WRITES && state != CST_RANGE_AWAITED)
		return;
	if (!cst_range_overlap(&cmd->range, &walk->holder->range))
		return;
	/* If another holder has set AWAITED, this one is told as well. */
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

	/* Pairs with the atomic_xchg() of cst_range_enter(). */
	smp_mb();
	cst_device_for_each_itl(cmd->dev, cst_range_await_itl, &walk);
	return walk.found;
}

static cst_sense_t cst_range_take(struct cst_ranges *ranges, struct cst_cmd *cmd)
{
	const struct cst_cmd *oldest;
	cst_sense_t reason = CST_OK;

	__set_bit(CST_CMD_RANGE, &cmd->flags);
	spin_lock_irq(&ranges->waiting.lock);
	oldest = cst_range_oldest(ranges);
	if (cst_range_held(ranges, cmd) ||
	    (oldest && cst_range_overlap(&cmd->range, &oldest->range)))
		reason = cst_range_wait(ranges, cmd, true);
	else
		cst_range_insert(ranges, cmd);
	spin_unlock_irq(&ranges->waiting.lock);
	return reason;
}

/* Writes have been found: wait for them.  Return: CST_OK to search again at once. */
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
 * cst_range_hold() - hold the blocks of a command for exclusive use
 * @cmd: executes, holds io_ref; it has at least one block, and all are on the medium.  With
 *	lba 0 and nblocks 0 it is all blocks that there can be
 *
 * From CST_OK until the command ends there is no write to these blocks, and no other holder
 * of any of them.
 *
 * Context: process, in the worker; does not sleep for long.  Return: CST_OK: the command
 * holds the blocks.  CST_PENDING: the command waits; it will be executed again, and has to
 * call this again.  Else the command was aborted, and has to end with the returned reason.
 */
cst_sense_t cst_range_hold(struct cst_cmd *cmd)
{
	struct cst_ranges *ranges = &cmd->dev->ranges;
	cst_sense_t reason = CST_OK;

	if (!test_bit(CST_CMD_RANGE, &cmd->flags))
		reason = cst_range_take(ranges, cmd);
	while (!reason && cst_range_find_writes(cmd))
		reason = cst_range_drain(ranges, cmd);
	return reason ?: cst_range_gate(cmd);
}

/* An aborted command has left the queue.  A range that it holds is given back when it ends. */
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
