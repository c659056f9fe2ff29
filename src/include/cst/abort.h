/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Aborts: an abort marks commands that are to end, and reports when they have ended.
 *
 * Task management (tmf.c) is the first user.  An abort knows nothing of task management
 * functions, responses or fabrics.  The implementation is abort.c.
 */
#ifndef _CST_ABORT_H
#define _CST_ABORT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct cst_device;
struct cst_session;

#define CST_NO_LUN	(~0U)	/* for cst_abort.lun: no command was sent to this LUN */

/**
 * struct cst_abort - an abort
 *
 * The caller sets the scope.  The scope has @sess or @dev or both:
 * @sess: the abort affects commands of this nexus
 * @dev: the abort affects commands of this logical unit
 * @by_lun: with @sess: the abort affects only commands that were sent to @lun
 * @lun: LUN as a number, decoded from the LUN on the wire (cst_lun_decode()).  Which
 *	device has that number now does not matter
 * @by_tag: with @sess: the abort affects only commands with @tag
 * @tag: tag that the initiator gave the command
 *
 * The caller also sets:
 * @reset: with @dev alone: the logical unit is reset as soon as the commands have ended
 *	(SAM-5 6.3.3).  No nexus prevents removal of its medium any more, every nexus gets
 *	the unit attention BUS DEVICE RESET FUNCTION OCCURRED, and a stopped unit is
 *	started.  A reset that is given up resets nothing
 * @end: time at which the abort is given up, in jiffies; checked once a second
 * @done: called once, after @complete has been set.  The abort then belongs to the caller
 *	again and may be freed.  Runs in a worker with no lock held; may not wait
 *
 * Core sets before @done:
 * @complete: false when the abort was given up
 * @hits: with @sess and without @dev: number of commands that the abort has found, less
 *	those whose response was sent nevertheless
 *
 * Without @dev the initiator of @sess has asked for the abort, or the nexus is lost.  A
 * command has ended when the fabric has released it, because none of the responses may
 * follow the answer to the abort.  No unit attention is raised.
 *
 * With @dev another initiator has asked.  A command has ended when it cannot touch the
 * medium any more and its response, if it has one, has been handed to the fabric.  Nobody
 * has to wait until an initiator reads its responses.  The initiator of a dropped command
 * gets the unit attention COMMANDS CLEARED BY ANOTHER INITIATOR before @done, unless that
 * initiator has asked for the abort of this command, too.  With TAS (mode page 0Ah) the
 * command is not dropped, but answered with TASK ABORTED, and there is no unit attention.
 *
 * An abort that is given up takes its mark back from the commands that have not ended.
 * Unless another abort has marked them, too, these commands are answered as if the abort
 * had never been started.  A command that left its wait queue because of the mark has not
 * been executed and is answered with ABORTED COMMAND.
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

	/* abort.c: protected by the lock of the struct cst_aborts that this abort is in */
	u64			seq;
	int			left;
	struct list_head	node;
	struct list_head	peers;
};

/**
 * struct cst_aborts - the aborts of a nexus, or of a whole logical unit
 * @lock: protects all members but @work.  The lock of a nexus also protects what the
 *	commands of the nexus record of aborts (cst_cmd.aborted, sess_seq, dev_seq)
 * @waiting: aborts whose commands have been marked, in order of cst_abort.seq
 * @fresh: of a logical unit: aborts whose commands @work has yet to mark
 * @seq: cst_abort.seq of the newest abort
 * @look: of a logical unit: time at which @work checks all aborts again, in jiffies
 * @work: marks commands and ends aborts
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
 * @abort: scope, end and done are set.  The abort belongs to core until done is called,
 *	which may be before this function returns.  The caller keeps the session and the
 *	device from going away until then
 *
 * With cst_abort.sess the commands are marked when this function returns.  No command
 * that comes later is affected.  The commands of a whole logical unit are marked soon by
 * a worker, which walks the commands once for all aborts that have been started meanwhile.
 *
 * A marked command ends without further help.  A command that waits for its turn leaves
 * its queue.  The fabric is told not to wait for the data of a command.  A command that
 * executes is waited for, because an I/O that the backing has begun cannot be cancelled.
 *
 * Context: any up to softirq.  The caller holds none of the locks that doc/locking.md
 * numbers 7 and up.
 */
void cst_abort_start(struct cst_abort *abort);

#endif /* _CST_ABORT_H */
