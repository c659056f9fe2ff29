// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mid-layer's error handler: aborts and resets, as task management functions.
 *
 * Called from the error handler's thread or from an ioctl; calls core and waits,
 * bounded but for the host reset, for loop_tmf_done().  SUCCESS is said only when
 * core has answered that the function is complete: the mid-layer reuses the
 * commands then.
 */
#include <linux/blk-mq.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <scsi/scsi_device.h>

#include "loop.h"

/* Core's own limit is below it. */
#define LOOP_TMF_TIMEOUT	(60 * HZ)

/* Freed by whoever comes last: the one who waits or core. */
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

/* The response, or REJECTED when there is none. */
static u8 loop_tmf(struct scsi_device *sdev, u8 function, u64 tag)
{
	struct loop_host *lh = shost_priv(sdev->host);
	u8 response = CST_TMF_REJECTED;
	struct loop_tmf *lt;

	/* The host may be going: an ioctl needs no command. */
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

/* Timed out, and core still has it: a LUN that has been taken away hides some. */
static bool loop_cmd_stuck(struct scsi_cmnd *sc)
{
	struct loop_cmd *lc = scsi_cmd_priv(sc);

	return READ_ONCE(lc->busy) &&
	       test_bit(SCMD_STATE_COMPLETE, &sc->state);
}

struct loop_eh_scope {
	const struct scsi_device	*sdev;	/* NULL: all of the host */
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
 * Core says that it has let go of the commands: let loop_finish() let go of them
 * too, and see that none is left that the mid-layer is about to reuse.
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
 * The last resort, for the whole nexus, with LUNs that have been taken away.
 *
 * Were this to fail, the mid-layer would end the commands, and the initiator would
 * reuse pages that the backing still reads from or writes to.  Hardware could be
 * stopped; a file system cannot: so this waits for as long as it takes.  The
 * waits of loop_tmf() are short enough not to look like a hung task.
 */
int loop_eh_host_reset(struct scsi_cmnd *sc)
{
	struct Scsi_Host *shost = sc->device->host;
	struct loop_host *lh = shost_priv(shost);

	while (loop_eh_reset(sc->device, CST_TMF_NEXUS_LOSS) != SUCCESS) {
		/* Removed: it has been drained. */
		if (!refcount_read(&lh->users))
			return FAILED;
		shost_printk(KERN_WARNING, shost,
			     "still waiting for a device's backing\n");
	}
	return SUCCESS;
}
