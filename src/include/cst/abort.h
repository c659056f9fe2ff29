/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Aborts: commands that are to end, and somebody who waits until they have.
 *
 * Task management is the first user.  An abort knows nothing of functions,
 * responses or fabrics.  abort.c.
 */
#ifndef _CST_ABORT_H
#define _CST_ABORT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct cst_device;
struct cst_session;

#define CST_NO_LUN	(~0U)	/* cst_abort.lun: of no command */

/**
 * struct cst_abort - an abort
 *
 * The scope, set by the caller.  It has @sess or @dev or both:
 * @sess: commands of this nexus
 * @dev: commands of this logical unit
 * @by_lun: with @sess: only those that were sent to @lun
 * @lun: number, decoded from the LUN on the wire (cst_lun_decode()).  What stands at
 *	that number now does not matter
 * @by_tag: with @sess: only those with @tag
 * @tag: the initiator's
 *
 * Besides:
 * @reset: with @dev alone: the unit is reset as soon as the commands have ended
 *	(SAM-5 6.3.3): nobody prevents removal of its medium, everybody gets the
 *	unit attention BUS DEVICE RESET FUNCTION OCCURRED, and one that was stopped is
 *	started.  A reset that is given up resets nothing
 * @end: when it is given up, jiffies; looked at once a second
 * @done: called once.  @complete is set.  The abort is the caller's again and may be
 *	freed.  From a worker with nothing locked; may not wait
 *
 * Set by core before @done:
 * @complete: false when it was given up
 * @hits: with @sess and without @dev: how many commands it has found, less those whose
 *	response went out all the same
 *
 * Without @dev the initiator of @sess itself has asked for it, or has gone.  Its
 * commands have ended when the fabric has released them, because none of their
 * responses may follow the answer.  Nobody is told.
 *
 * With @dev somebody else has asked.  A command has ended when it cannot touch the
 * medium any more and its response, if it has one, has been handed to the fabric:
 * whether an initiator reads its responses is nothing that others have to wait for.
 * The initiator of a command that is dropped gets the unit attention COMMANDS
 * CLEARED BY ANOTHER INITIATOR before @done, unless it has asked for the same itself.
 *
 * An abort that is given up takes its mark back from the commands that have not ended:
 * unless another abort wants them gone, they are answered as if it had never been.
 * One that was not executed, because it was let go out of its turn, is answered with
 * ABORTED COMMAND.
 */
struct cst_abort {
	struct cst_session	*sess;
	struct cst_device	*dev;
	u64			tag;
	u32			lun;
	bool			by_lun;
	bool			by_tag;
	bool			reset;
	unsigned long		end;
	void (*done)(struct cst_abort *abort);

	bool			complete;
	unsigned int		hits;

	/* abort.c: under the lock of the struct cst_aborts that has it */
	u64			seq;
	int			left;
	struct list_head	node;
	struct list_head	peers;
};

/**
 * struct cst_aborts - the aborts of a nexus, or those of a whole logical unit
 * @lock: protects all but @work.  A nexus's one protects what its commands know of
 *	aborts, too
 * @waiting: those whose commands have been marked, in order of seq
 * @fresh: of a logical unit: those whose commands @work has yet to mark
 * @seq: the last one's
 * @look: when @work looks at all of them again, jiffies
 * @work: marks, ends them
 */
struct cst_aborts {
	spinlock_t		lock;
	struct list_head	waiting;
	struct list_head	fresh;
	u64			seq;
	unsigned long		look;
	struct delayed_work	work;
};

/**
 * cst_abort_start() - start an abort
 * @abort: scope, end and done are set; core's until done is called, which may be
 *	before this returns.  The caller keeps the session, and the device, from going
 *	until then
 *
 * With cst_abort.sess the commands are marked when this returns, and none that comes
 * later is hit.  Those of a whole logical unit are marked soon, by a worker, which does
 * it once for all that have asked meanwhile.
 *
 * A marked command ends by itself: it is let go when it waits for its turn, the fabric
 * is told not to wait for its data, and one that executes is waited for, because what
 * a backing has begun cannot be called back.
 *
 * Context: any up to softirq; outside of the locks that doc/locking.md numbers 7 and up.
 */
void cst_abort_start(struct cst_abort *abort);

#endif /* _CST_ABORT_H */
