/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a command waits for something other than its data and its I/O.
 */
#ifndef _CST_WAIT_H
#define _CST_WAIT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct cst_cmd;
struct cst_waitq;

/**
 * struct cst_waitq_ops - what the owner of a queue does for those who wait in it
 * @leave: an aborted command has been taken off the queue; it is to be run as soon as
 *	nothing else keeps it from that (cst_cmd_queue()), and then it ends.  Called with
 *	the queue's lock held and interrupts off.
 */
struct cst_waitq_ops {
	void (*leave)(struct cst_waitq *q, struct cst_cmd *cmd);
};

/**
 * struct cst_waitq - commands that wait for one thing, wait.c
 * @lock: protects @waiters, and what the owner wants to protect with it
 * @waiters: struct cst_cmd.wait.node, in the order in which they came
 * @ops: the owner's
 *
 * Part of a device, which outlives each command that may wait in it.
 */
struct cst_waitq {
	spinlock_t			lock;
	struct list_head		waiters;
	const struct cst_waitq_ops	*ops;
};

/**
 * struct cst_wait - a command's place in a queue
 * @q: the queue that it waits in, or NULL; written with the lock of that
 * @node: in @q->waiters
 */
struct cst_wait {
	struct cst_waitq	*q;
	struct list_head	node;
};

#endif /* _CST_WAIT_H */
