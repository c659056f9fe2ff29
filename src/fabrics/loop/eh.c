// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mid-layer's error handler: aborts and resets, as task management functions.
 *
 * The error handler's thread or an ioctl calls in.  Each function submits a task
 * management function to core, and waits for loop_tmf_done().  The wait is bounded,
 * except for the host reset.  SUCCESS is returned only when core has answered that the
 * function is complete, because the mid-layer reuses the commands then.
 */
#include <linux/blk-mq.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <scsi/scsi_device.h>

#include "loop.h"

/* Core answers earlier: its own limit is below this. */
#define LOOP_TMF_TIMEOUT	(60 * HZ)

/* @ref: one reference for loop_tmf(), which waits, and one for core. */
struct loop_tmf {
	struct cst_tmf		tmf;
	struct loop_host	*lh;
	struct completion	done;
	refcount_t		ref;
};

void loop_host_put(struct loop_host *lh)
{
	if (refcount_dec_and_test(&lh->users))
		complete(&lh->unused);
}

static void loop_tmf_put(struct loop_tmf *lt)
{
	if (refcount_dec_and_test(&lt->ref))
		kfree(lt);
}

void loop_tmf_done(struct cst_tmf *tmf)
{
	struct loop_tmf *lt = container_of(tmf, struct loop_tmf, tmf);
	struct loop_host *lh = lt->lh;

	complete(&lt->done);
	loop_tmf_put(lt);
	loop_host_put(lh);
}

/* Execute a function.  Return: the response, or CST_TMF_REJECTED if there is none. */
static u8 loop_tmf(struct scsi_device *sdev, u8 function, u64 tag)
{
	struct loop_host *lh = shost_priv(sdev->host);
	u8 response = CST_TMF_REJECTED;
	struct loop_tmf *lt;

	/* An ioctl may come without a command, so the host may be about to be removed. */
	if (!refcount_inc_not_zero(&lh->users))
		return response;
	lt = kzalloc(sizeof(*lt), GFP_NOIO | __GFP_NOFAIL);
	lt->lh = lh;
	init_completion(&lt->done);
	refcount_set(&lt->ref, 2);
	lt->tmf.sess = &lh->ls->sess;
	lt->tmf.function = function;
	lt->tmf.tag = tag;
	int_to_scsilun(sdev->lun, (struct scsi_lun *)lt->tmf.lun);
	cst_tmf_submit(&lt->tmf);

	if (wait_for_completion_timeout(&lt->done, LOOP_TMF_TIMEOUT))
		response = lt->tmf.response;
	loop_tmf_put(lt);
	return response;
}

/*
 * Has the command timed out, and does core still have it?  A function of core does not
 * find commands that were sent to a LUN before it was taken away.
 */
static bool loop_cmd_stuck(struct scsi_cmnd *sc)
{
	struct loop_cmd *lc = scsi_cmd_priv(sc);

	return READ_ONCE(lc->busy) &&
	       test_bit(SCMD_STATE_COMPLETE, &sc->state);
}

struct loop_eh_scope {
	const struct scsi_device	*sdev;	/* NULL: all devices of the host */
	bool				stuck;
};

static bool loop_eh_find_stuck(CST_BUSY_ITER_ARGS(sc, data))
{
	struct loop_eh_scope *scope = data;

	if (!scope->sdev || sc->device == scope->sdev)
		scope->stuck |= loop_cmd_stuck(sc);
	return !scope->stuck;
}

int loop_eh_abort(struct scsi_cmnd *sc)
{
	u8 response;

	response = loop_tmf(sc->device, CST_TMF_ABORT_TASK,
			    blk_mq_unique_tag(scsi_cmd_to_rq(sc)));
	if (response != CST_TMF_COMPLETE &&
	    response != CST_TMF_TASK_DOES_NOT_EXIST &&
	    response != CST_TMF_LUN_DOES_NOT_EXIST)
		return FAILED;
	synchronize_rcu();
	return loop_cmd_stuck(sc) ? FAILED : SUCCESS;
}

/*
 * Execute a reset.  When core says that it has let go of the commands, wait until
 * loop_finish() does not touch them any more.  Then make sure that core has none left of
 * those that the mid-layer is about to reuse.
 */
static int loop_eh_reset(struct scsi_device *sdev, u8 function)
{
	struct loop_eh_scope scope = {
		.sdev = function == CST_TMF_LUN_RESET ? sdev : NULL,
	};

	if (loop_tmf(sdev, function, 0) != CST_TMF_COMPLETE)
		return FAILED;
	synchronize_rcu();
	scsi_host_busy_iter(sdev->host, loop_eh_find_stuck, &scope);
	return scope.stuck ? FAILED : SUCCESS;
}

int loop_eh_device_reset(struct scsi_cmnd *sc)
{
	return loop_eh_reset(sc->device, CST_TMF_LUN_RESET);
}

int loop_eh_target_reset(struct scsi_cmnd *sc)
{
	return loop_eh_reset(sc->device, CST_TMF_TARGET_RESET);
}

/*
 * The last resort.  It is for the whole nexus, and so reaches commands of LUNs that have
 * been taken away.
 *
 * If this failed, the mid-layer would end the commands, and the initiator would reuse
 * pages that the backing still reads from or writes to.  Hardware can be stopped, but a
 * file system cannot.  So this waits for as long as it takes.  Each wait of loop_tmf() is
 * short enough not to trip the hung-task warning.
 */
int loop_eh_host_reset(struct scsi_cmnd *sc)
{
	struct Scsi_Host *shost = sc->device->host;
	struct loop_host *lh = shost_priv(shost);

	while (loop_eh_reset(sc->device, CST_TMF_NEXUS_LOSS) != SUCCESS) {
		/* The host has been removed, and so all commands have ended. */
		if (!refcount_read(&lh->users))
			return FAILED;
		shost_printk(KERN_WARNING, shost,
			     "still waiting for a device's backing\n");
	}
	return SUCCESS;
}
