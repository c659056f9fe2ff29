/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of blocks that a command has for itself, range.c.
 */
#ifndef _CST_RANGE_H
#define _CST_RANGE_H

#include <linux/rbtree.h>
#include <linux/types.h>

#include <cst/wait.h>

/* cst_range.state */
enum cst_range_state {
	CST_RANGE_NONE,		/* not in there, or waits to be */
	CST_RANGE_WRITES,	/* writes its blocks */
	CST_RANGE_AWAITED,	/* the same, and somebody who holds some of them waits */
	CST_RANGE_HOLDS,	/* holds its blocks */
	CST_RANGE_DONE,		/* has ended */
};

/**
 * struct cst_range - a command's blocks, cst_cmd.lba and cst_cmd.nblocks
 * @state: enum cst_range_state
 * @exclusive: is to hold them, not only to write; of a command that waits
 * @drains: holds them, and waits for those who still write
 * @kick: while it looked for those who write, one of them has ended
 * @rb: in cst_ranges.tree while it holds them
 * @last_in_subtree: the tree's own
 *
 * Protected by the lock of cst_ranges.waiting, but for @state.
 */
struct cst_range {
	atomic_t		state;
	bool			exclusive;
	bool			drains;
	bool			kick;
	struct rb_node		rb;
	u64			last_in_subtree;
};

/**
 * struct cst_ranges - the ranges of a device that are held
 * @held: how many; written with the lock of @waiting, read without
 * @tree: struct cst_range.rb, by block; no two of them overlap
 * @waiting: writes and holders that wait for a range, and holders that wait for writes;
 *	its lock protects all this
 */
struct cst_ranges {
	unsigned int		held;
	struct rb_root_cached	tree;
	struct cst_waitq	waiting;
};

#endif /* _CST_RANGE_H */
