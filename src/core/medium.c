// SPDX-License-Identifier: GPL-2.0-only
/*
 * The medium: of a removable device ejected, loaded, held in place; of any stopped and
 * started.
 *
 * The commands that do so, task management (tmf.c) and resets (abort.c) call in; gate.c
 * looks at dev->ejected and dev->stopped.  An ejected medium's backing stays open, but
 * nobody may use it until an initiator loads it or the device is enabled anew.  So does that
 * of a unit in the stopped power condition (SBC-3 4.20), until an initiator starts it, the
 * logical unit is reset, or the device is enabled anew.
 * dev->itl_lock protects ejected and prevents_removal of each nexus; stopped has no
 * lock, the last word counts.  Pure.
 */
#include "core.h"

/* dev->itl_lock held */
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
 * Return: CST_OK, or the reason when an initiator holds it in place (SPC-4 6.14).
 */
cst_sense_t cst_medium_eject(struct cst_device *dev)
{
	return cst_medium_try_eject(dev, true);
}

/**
 * cst_medium_load() - put the medium in and make it ready
 * @dev: removable
 * @by: the session that knows, because it did that; the others are told
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
 * @dev: what is to be durable is
 *
 * For everybody, and nobody is told by a unit attention: the medium stays the same, and
 * each command that needs it says how to go on (INITIALIZING COMMAND REQUIRED).
 *
 * Context: any.
 */
void cst_medium_stop(struct cst_device *dev)
{
	WRITE_ONCE(dev->stopped, true);
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
	if (!READ_ONCE(dev->stopped))
		return;
	WRITE_ONCE(dev->stopped, false);
	cst_gate_changed(dev);
}

/**
 * cst_medium_allow() - a nexus holds the medium no more
 * @itl: which was lost, or whose logical unit was reset
 */
void cst_medium_allow(struct cst_itl *itl)
{
	unsigned long flags;

	spin_lock_irqsave(&itl->dev->itl_lock, flags);
	itl->prevents_removal = false;
	spin_unlock_irqrestore(&itl->dev->itl_lock, flags);
}

/**
 * cst_medium_prevent() - a nexus holds the medium in place, or no more
 * @itl: the nexus
 * @prevent: whether it does
 *
 * Return: CST_OK, or the reason when the nexus has been taken away.
 */
cst_sense_t cst_medium_prevent(struct cst_itl *itl, bool prevent)
{
	struct cst_device *dev = itl->dev;
	cst_sense_t reason = CST_OK;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	/* Taken away while the command waited for its turn: see cst_itl_retire(). */
	if (unlikely(percpu_ref_is_dying(&itl->ref)))
		reason = CST_SENSE(LU_NOT_SUPPORTED);
	else
		itl->prevents_removal = prevent;
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return reason;
}
