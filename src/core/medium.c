// SPDX-License-Identifier: GPL-2.0-only
/*
 * The medium: eject, load and prevention of removal, of a removable device; stop and start,
 * of any device.
 *
 * The commands with these effects, task management (tmf.c), resets (abort.c) and the
 * removal of nexuses (lun_map.c) call in.  gate.c looks at dev->ejected and dev->stopped.
 * The backing of an ejected medium stays open, but commands may not use it until an
 * initiator loads the medium or the device is enabled anew.  The backing of a unit in the
 * stopped power condition (SBC-3 4.20) stays open, too.  Commands may not use it until an
 * initiator starts the unit, the logical unit is reset, or the device is enabled anew.
 * A unit is unfit while its type formats the medium, for example: the type says which
 * commands it refuses.  dev->itl_lock protects ejected, stopped, and prevents_removal of each
 * nexus.
 */
#include "core.h"

/* Stop or start the unit.  Return: whether it was stopped before. */
static bool cst_medium_set_stopped(struct cst_device *dev, bool stopped)
{
	unsigned long flags;
	u8 was;

	spin_lock_irqsave(&dev->itl_lock, flags);
	was = dev->stopped;
	WRITE_ONCE(dev->stopped, stopped ? was | CST_STOPPED : was & ~CST_STOPPED);
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return was & CST_STOPPED;
}

/* The caller holds dev->itl_lock. */
static bool cst_medium_held(const struct cst_device *dev)
{
	struct cst_itl *itl;

	list_for_each_entry(itl, &dev->itls, dev_node)
		if (itl->prevents_removal)
			return true;
	return false;
}

static cst_sense_t cst_medium_try_eject(struct cst_device *dev, bool eject)
{
	unsigned long flags;
	bool held;

	spin_lock_irqsave(&dev->itl_lock, flags);
	held = cst_medium_held(dev);
	if (eject && !held) {
		WRITE_ONCE(dev->ejected, true);
		cst_gate_changed(dev);
	}
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return held ? CST_SENSE(MEDIUM_REMOVAL_PREVENTED) : CST_OK;
}

/**
 * cst_medium_may_eject() - would cst_medium_eject() succeed now?
 * @dev: removable
 */
cst_sense_t cst_medium_may_eject(struct cst_device *dev)
{
	return cst_medium_try_eject(dev, false);
}

/**
 * cst_medium_eject() - take the medium out
 * @dev: removable
 *
 * Return: CST_OK, or sense when an initiator prevents the removal (SPC-4 6.14).
 */
cst_sense_t cst_medium_eject(struct cst_device *dev)
{
	return cst_medium_try_eject(dev, true);
}

/**
 * cst_medium_load() - put the medium in and make it ready
 * @dev: removable
 * @by: session whose command has loaded the medium; all others get a unit attention
 */
void cst_medium_load(struct cst_device *dev, struct cst_session *by)
{
	unsigned long flags;
	bool was;

	cst_medium_start(dev);
	spin_lock_irqsave(&dev->itl_lock, flags);
	was = dev->ejected;
	WRITE_ONCE(dev->ejected, false);
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	if (was) {
		cst_ua_add_device(dev, by, CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
		cst_gate_changed(dev);
	}
}

/**
 * cst_medium_stop() - put the unit into the stopped power condition
 * @dev: everything that has to be durable is durable
 *
 * The unit is stopped for all initiators.  No unit attention is raised, because the medium
 * stays the same.  A command that needs the medium is answered with INITIALIZING COMMAND
 * REQUIRED, which tells the initiator what to do.
 *
 * Context: any.
 */
void cst_medium_stop(struct cst_device *dev)
{
	cst_medium_set_stopped(dev, true);
	cst_gate_changed(dev);
}

/**
 * cst_medium_start() - put the unit into the active power condition
 * @dev: stopped or not
 *
 * Context: any.
 */
void cst_medium_start(struct cst_device *dev)
{
	if (!cst_medium_set_stopped(dev, false))
		return;
	/* Two that start it at once may count once: it is one start. */
	WRITE_ONCE(dev->starts, READ_ONCE(dev->starts) + 1);
	cst_gate_changed(dev);
}

/**
 * cst_medium_set_unfit() - say whether the type refuses most commands
 * @dev: what cst_dev_type.unfit looks at has been set already; itl_lock held.  The caller
 *	calls cst_gate_changed() without the lock
 * @unfit: whether it does
 *
 * Context: any.
 */
void cst_medium_set_unfit(struct cst_device *dev, bool unfit)
{
	lockdep_assert_held(&dev->itl_lock);

	WRITE_ONCE(dev->stopped, unfit ? dev->stopped | CST_UNFIT : dev->stopped & ~CST_UNFIT);
}

/**
 * cst_medium_allow() - a nexus does not prevent removal of the medium any more
 * @itl: the nexus, which was lost, or whose logical unit was reset
 */
void cst_medium_allow(struct cst_itl *itl)
{
	unsigned long flags;

	spin_lock_irqsave(&itl->dev->itl_lock, flags);
	itl->prevents_removal = false;
	spin_unlock_irqrestore(&itl->dev->itl_lock, flags);
}

/**
 * cst_medium_prevent() - set whether a nexus prevents removal of the medium
 * @itl: the nexus
 * @prevent: whether it does
 *
 * Return: CST_OK, or sense when the LUN has been unmapped.
 */
cst_sense_t cst_medium_prevent(struct cst_itl *itl, bool prevent)
{
	struct cst_device *dev = itl->dev;
	cst_sense_t reason = CST_OK;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	/* The LUN was unmapped while the command waited for its turn: see cst_itl_retire(). */
	if (unlikely(percpu_ref_is_dying(&itl->ref)))
		reason = CST_SENSE(LU_NOT_SUPPORTED);
	else
		itl->prevents_removal = prevent;
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return reason;
}
