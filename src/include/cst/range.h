/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of blocks that one command holds for exclusive use, range.c.
 */
#ifndef _CST_RANGE_H
#define _CST_RANGE_H

#include <linux/rbtree.h>
#include <linux/types.h>

#include <cst/wait.h>

/* cst_range.state */
enum cst_range_state {
	CST_RANGE_NONE,		/* has not entered, or waits for a held range */
	CST_RANGE_WRITES,	/* writes its blocks */
	CST_RANGE_AWAITED,	/* writes its blocks, and a holder of some of them waits */
	CST_RANGE_HOLDS,	/* holds its blocks */
	CST_RANGE_DONE,		/* has ended */
};

/**
 * struct cst_range - a command's blocks, cst_cmd.lba and cst_cmd.nblocks
 * @state: enum cst_range_state
 * @exclusive: of a command that waits for its range: it is going to hold its blocks,
 *	not only to write them
 * @drains: the command holds its blocks and waits for commands that still write them
 * @kick: a write has ended while the holder was searching for writes
 * @rb: node in cst_ranges.tree while the command holds its blocks
 * @last_in_subtree: used by the tree
 *
 * All members but @state are protected by the lock of cst_ranges.waiting.
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
 * @held: number of held ranges; written with the lock of @waiting, read without
 * @tree: held ranges (struct cst_range.rb) by block; no two of them overlap
 * @waiting: commands that wait for a held range, to write or to hold their blocks, and
 *	holders that wait for writes.  Its lock protects all members
 */
struct cst_ranges {
	unsigned int		held;
	struct rb_root_cached	tree;
	struct cst_waitq	waiting;
};

#endif /* _CST_RANGE_H */
