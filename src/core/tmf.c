// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task management (SAM-5 7): which commands a function affects, and its response.
 *
 * A function starts one abort (abort.c) of the commands that its own nexus has sent,
 * selected by the LUN that they were sent to.  A function that affects other nexuses starts
 * one more abort for each logical unit.  The first abort is started, and so its commands
 * are marked, in the caller's context, so that a command submitted later is not affected.
 * The abort that is done last has the function answered.
 *
 * No worker sleeps until the aborts are done.  The time is limited: after CST_TMF_TIMEOUT
 * the response is REJECTED, which is the truth, and the initiator escalates.  A command
 * that still executes then continues and is answered.
 *
 * Locks: only sess->aborts.lock, for sess->resetting.
 */
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "core.h"

/*
 * open-iscsi waits 15 seconds for the response to ABORT TASK and then drops the session
 * (node.session.err_timeo.abort_timeout).  An abort may be given up a second late.
 */
#define CST_TMF_TIMEOUT	(10 * HZ)

static void cst_tmf_nexus_lost(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl)
		cst_ua_add(itl, CST_SENSE(I_T_NEXUS_LOSS));
	rcu_read_unlock();
}

void cst_session_let_go(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl) {
		cst_medium_allow(itl);
		cst_pr_let_go(itl);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(cst_session_let_go);

/* The response of a function all of whose aborts are done. */
static u8 cst_tmf_response(const struct cst_tmf *tmf)
{
	if (tmf->response != CST_TMF_COMPLETE)
		return tmf->response;
	if (READ_ONCE(tmf->given_up))
		return CST_TMF_REJECTED;
	switch (tmf->function) {
	case CST_TMF_ABORT_TASK:
	case CST_TMF_ABORT_TASK_SET:
	case CST_TMF_CLEAR_TASK_SET:
	case CST_TMF_LUN_RESET:
		/* Also commands that were sent to the LUN before it was unmapped. */
		if (tmf->nexus.hits)
			return CST_TMF_COMPLETE;
		if (!tmf->lun_exists)
			return CST_TMF_LUN_DOES_NOT_EXIST;
		return tmf->function == CST_TMF_ABORT_TASK ?
			CST_TMF_TASK_DOES_NOT_EXIST : CST_TMF_COMPLETE;
	default:
		return CST_TMF_COMPLETE;
	}
}

static void cst_tmf_answer(struct cst_tmf *tmf)
{
	struct cst_session *sess = tmf->sess;

	tmf->response = cst_tmf_response(tmf);
	if (tmf->function == CST_TMF_NEXUS_LOSS &&
	    tmf->response == CST_TMF_COMPLETE) {
		cst_session_let_go(sess);
		cst_tmf_nexus_lost(sess);
	}
	if (tmf->resets) {
		spin_lock_irq(&sess->aborts.lock);
		sess->resetting = false;
		spin_unlock_irq(&sess->aborts.lock);
	}
	cst_event_tmf(tmf);
	/*
	 * The session may end with its last response, and then the fabric's module may be
	 * unloaded.  That waits for RCU read-side sections.
	 */
	rcu_read_lock();
	sess->ops->tmf_done(tmf);
	rcu_read_unlock();
}

static void cst_tmf_part_done(struct cst_tmf *tmf, bool complete)
{
	if (!complete)
		WRITE_ONCE(tmf->given_up, true);
	if (atomic_dec_and_test(&tmf->parts))
		cst_tmf_answer(tmf);
}

static void cst_tmf_nexus_done(struct cst_abort *abort)
{
	cst_tmf_part_done(container_of(abort, struct cst_tmf, nexus),
			  abort->complete);
}

static void cst_tmf_unit_done(struct cst_abort *abort)
{
	struct cst_tmf_unit *unit = container_of(abort, struct cst_tmf_unit,
						 abort);
	struct cst_tmf *tmf = unit->tmf;

	/* After the last reference a work frees the nexus and drops the device's item. */
	percpu_ref_put(&unit->itl->ref);
	cst_tmf_part_done(tmf, abort->complete);
}

/* As cst_tmf_unit_done(), for a unit that cst_tmf_add_unit() has allocated. */
static void cst_tmf_target_unit_done(struct cst_abort *abort)
{
	struct cst_tmf_unit *unit = container_of(abort, struct cst_tmf_unit,
						 abort);
	struct cst_tmf *tmf = unit->tmf;
	bool complete = abort->complete;

	percpu_ref_put(&unit->itl->ref);
	kfree(unit);
	cst_tmf_part_done(tmf, complete);
}

/* Called in an RCU read-side section.  Return: false when the LUN is being unmapped. */
static bool cst_tmf_unit_init(struct cst_tmf *tmf, struct cst_tmf_unit *unit,
			      struct cst_itl *itl,
			      void (*done)(struct cst_abort *abort))
{
	if (!percpu_ref_tryget_live(&itl->ref))
		return false;
	unit->abort = (struct cst_abort){
		.dev = itl->dev,
		.reset = tmf->function != CST_TMF_CLEAR_TASK_SET,
		.end = tmf->nexus.end,
		.done = done,
	};
	unit->tmf = tmf;
	unit->itl = itl;
	unit->next = NULL;
	return true;
}

/* The logical unit that a function affects for all nexuses, or NULL. */
static struct cst_tmf_unit *cst_tmf_lun_unit(struct cst_tmf *tmf)
{
	struct cst_tmf_unit *unit = NULL;
	struct cst_itl *itl;

	rcu_read_lock();
	itl = xa_load(&tmf->sess->itls, tmf->nexus.lun);
	tmf->lun_exists = itl;
	if (itl && tmf->function != CST_TMF_ABORT_TASK &&
	    tmf->function != CST_TMF_ABORT_TASK_SET &&
	    cst_tmf_unit_init(tmf, &tmf->unit, itl, cst_tmf_unit_done))
		unit = &tmf->unit;
	rcu_read_unlock();
	return unit;
}

static void cst_tmf_free_units(struct cst_tmf_unit *unit)
{
	struct cst_tmf_unit *next;

	for (; unit; unit = next) {
		next = unit->next;
		percpu_ref_put(&unit->itl->ref);
		kfree(unit);
	}
}

static bool cst_tmf_add_unit(struct cst_tmf *tmf, struct cst_itl *itl,
			     struct cst_tmf_unit **units)
{
	struct cst_tmf_unit *unit;

	unit = kmalloc(sizeof(*unit), GFP_NOWAIT | __GFP_NOWARN);
	if (!unit)
		return false;
	if (!cst_tmf_unit_init(tmf, unit, itl, cst_tmf_target_unit_done)) {
		kfree(unit);
		return true;
	}
	unit->next = *units;
	*units = unit;
	return true;
}

/*
 * For TARGET RESET: every logical unit that the nexus sees.  A nexus may have one TARGET
 * RESET under way at a time, so that an initiator cannot take much memory.  Another one is
 * rejected, and so is one for which there is no memory.
 */
static struct cst_tmf_unit *cst_tmf_target_units(struct cst_tmf *tmf)
{
	struct cst_session *sess = tmf->sess;
	struct cst_tmf_unit *units = NULL;
	struct cst_itl *itl;
	unsigned long flags, lun;
	bool ok = true;

	spin_lock_irqsave(&sess->aborts.lock, flags);
	tmf->resets = !sess->resetting;
	sess->resetting = true;
	spin_unlock_irqrestore(&sess->aborts.lock, flags);

	if (tmf->resets) {
		rcu_read_lock();
		xa_for_each(&sess->itls, lun, itl) {
			ok = cst_tmf_add_unit(tmf, itl, &units);
			if (!ok)
				break;
		}
		rcu_read_unlock();
	}
	if (ok && tmf->resets)
		return units;
	cst_tmf_free_units(units);
	tmf->response = CST_TMF_REJECTED;
	return NULL;
}

/*
 * Set the scope of the abort of the own nexus.  Return: the list of logical units that the
 * function affects for all nexuses.
 */
static struct cst_tmf_unit *cst_tmf_prepare(struct cst_tmf *tmf)
{
	switch (tmf->function) {
	case CST_TMF_ABORT_TASK:
		tmf->nexus.by_tag = true;
		tmf->nexus.tag = tmf->tag;
		fallthrough;
	case CST_TMF_ABORT_TASK_SET:
	case CST_TMF_CLEAR_TASK_SET:
	case CST_TMF_LUN_RESET:
		tmf->nexus.by_lun = true;
		if (!cst_lun_decode(tmf->lun, &tmf->nexus.lun))
			return cst_tmf_lun_unit(tmf);
		/* The well-known logical unit has no command that waits for anything. */
		tmf->lun_exists = cst_lun_is_report_luns(tmf->lun);
		tmf->nexus.lun = CST_NO_LUN;
		return NULL;
	case CST_TMF_TARGET_RESET:
		return cst_tmf_target_units(tmf);
	case CST_TMF_NEXUS_LOSS:
		return NULL;
	default:
		tmf->response = CST_TMF_NOT_SUPPORTED;
		return NULL;
	}
}

void cst_tmf_submit(struct cst_tmf *tmf)
{
	struct cst_tmf_unit *units, *unit;
	int parts = 1;

	tmf->response = CST_TMF_COMPLETE;
	tmf->lun_exists = false;
	tmf->given_up = false;
	tmf->resets = false;
	tmf->nexus = (struct cst_abort){
		.sess = tmf->sess,
		.end = jiffies + CST_TMF_TIMEOUT,
		.done = cst_tmf_nexus_done,
	};
	units = cst_tmf_prepare(tmf);
	if (tmf->response != CST_TMF_COMPLETE) {
		/* The abort finds no command, but lets a worker answer as always. */
		tmf->nexus.by_lun = true;
		tmf->nexus.lun = CST_NO_LUN;
	}
	for (unit = units; unit; unit = unit->next)
		parts++;
	atomic_set(&tmf->parts, parts);

	cst_abort_start(&tmf->nexus);
	/* tmf stays valid here, because this unit's abort is not done yet. */
	while ((unit = units)) {
		units = unit->next;
		cst_abort_start(&unit->abort);
	}
}
EXPORT_SYMBOL_GPL(cst_tmf_submit);
