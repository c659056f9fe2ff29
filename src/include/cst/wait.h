/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues in which a command waits for something other than its data and its I/O.
 */
#ifndef _CST_WAIT_H
#define _CST_WAIT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct cst_cmd;
struct cst_waitq;

/**
 * struct cst_waitq_ops - operations that the owner of a queue implements
 * @leave: an aborted command has been taken off the queue.  The owner has the command run
 *	(cst_cmd_queue()) as soon as it waits for nothing else, so that it ends.  Called
 *	with the queue's lock held and interrupts off.
 */
struct cst_waitq_ops {
	void (*leave)(struct cst_waitq *q, struct cst_cmd *cmd);
};

/**
 * struct cst_waitq - queue of commands that wait for the same thing, wait.c
 * @lock: protects @waiters, and other members of the owner as the owner chooses
 * @waiters: struct cst_cmd.wait.node, in the order of arrival
 * @ops: operations of the owner
 *
 * The queue outlives each command that waits in it: it is part of a device, or of core.
 */
struct cst_waitq {
	spinlock_t			lock;
	struct list_head		waiters;
	const struct cst_waitq_ops	*ops;
};

/**
 * struct cst_wait - a command's place in a queue
 * @q: the queue that the command waits in, or NULL; written with the lock of that queue
 * @node: node in @q->waiters
 */
struct cst_wait {
	struct cst_waitq	*q;
	struct list_head	node;
};

#endif /* _CST_WAIT_H */
