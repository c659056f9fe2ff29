/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command that core itself sends to a logical unit, on behalf of an initiator's command.
 */
#ifndef _CST_INNER_H
#define _CST_INNER_H

#include "core.h"

/**
 * struct cst_inner - an inner command
 * @cmd: the command.  When @done is called, its status, and its sense with CHECK CONDITION,
 *	say how it has ended; after an abort its status is TASK ABORTED
 * @instead: of a WRITE that has no data: its owner's way to write the blocks, called in its place
 *	when all gates are passed; NULL: nothing is written.  Context and return value are those
 *	of cst_op.execute.  cst_inner_init() sets it to NULL
 * @done: called exactly once, when the command has ended and refers to nothing any more.
 *	The structure belongs to the owner again.  Any context, also hard interrupt, and
 *	also from within cst_inner_submit()
 */
struct cst_inner {
	struct cst_cmd	cmd;
	cst_sense_t (*instead)(struct cst_cmd *cmd);
	void (*done)(struct cst_inner *inner);
};

/**
 * cst_inner_init() - start an inner command
 * @inner: may have any content
 * @itl: the logical unit that the command is for, as the initiator sees it.  The caller keeps
 *	it from being freed, and has a command of the same session wait for the inner one
 * @done: as cst_inner.done
 *
 * The caller then sets cdb_inline and cdb_len of the command and, when it moves data,
 * exp_dir, exp_len, and bvec and nr_bvec with the data or with room for it.  What it reads of
 * the device for that, the block size for example, still holds when the command executes:
 * a command is refused when its device has been enabled anew since this call.
 *
 * Context: any.
 */
void cst_inner_init(struct cst_inner *inner, struct cst_itl *itl,
		    void (*done)(struct cst_inner *inner));

/**
 * cst_inner_submit() - send an inner command
 * @inner: initialised and filled in
 *
 * The command passes every gate that a command of the initiator would pass, and counts, is
 * ordered and is aborted as such a command.  Three things differ: it has no tag; it neither
 * reports nor clears a unit attention, because that is for the initiator; and it never waits
 * for its turn in the task set, because the command that waits for it may be an ORDERED one of
 * the same task set.
 *
 * Context: any up to softirq.  Return: true: done will be or has been called.  False: the
 * LUN has been unmapped, and nothing has happened.
 */
bool cst_inner_submit(struct cst_inner *inner);

/* Execute a WRITE that has no data. */
static inline cst_sense_t cst_inner_instead(struct cst_cmd *cmd)
{
	const struct cst_inner *inner = container_of(cmd, struct cst_inner, cmd);

	if (!test_bit(CST_CMD_INNER, &cmd->flags) || !inner->instead)
		return CST_OK;
	return inner->instead(cmd);
}

/* status.c: the command has ended; @aborted: it was aborted, and no status stands. */
void cst_inner_ended(struct cst_cmd *cmd, bool aborted);

#endif /* _CST_INNER_H */
