// SPDX-License-Identifier: GPL-2.0-only
/*
 * The medium of a removable device: ejected, loaded, held in place.
 *
 * START STOP UNIT (sbc_unit.c), the opcode table and task management (tmf.c) call
 * in; gate.c and exec.c look at dev->ejected.  Its backing stays open, but nobody
 * may use it until an initiator loads it or the device is enabled anew.
 * dev->itl_lock protects ejected and prevents_removal of each nexus.  Pure.
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
	if (eject && !held)
		WRITE_ONCE(dev->ejected, true);
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
 * cst_medium_load() - put the medium in
 * @dev: removable
 * @by: the session that knows, because it did that; the others are told
 */
void cst_medium_load(struct cst_device *dev, struct cst_session *by)
{
	unsigned long flags;
	bool was;

	spin_lock_irqsave(&dev->itl_lock, flags);
	was = dev->ejected;
	WRITE_ONCE(dev->ejected, false);
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	if (was)
		cst_ua_add_device(dev, by, CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
}

/**
 * cst_medium_allow() - a nexus holds the medium no more
 * @itl: which was lost
 */
void cst_medium_allow(struct cst_itl *itl)
{
	unsigned long flags;

	spin_lock_irqsave(&itl->dev->itl_lock, flags);
	itl->prevents_removal = false;
	spin_unlock_irqrestore(&itl->dev->itl_lock, flags);
}

/**
 * cst_medium_allow_all() - nobody holds the medium after a reset
 * @dev: which was reset
 */
void cst_medium_allow_all(struct cst_device *dev)
{
	struct cst_itl *itl;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	list_for_each_entry(itl, &dev->itls, dev_node)
		itl->prevents_removal = false;
	spin_unlock_irqrestore(&dev->itl_lock, flags);
}

/* PREVENT ALLOW MEDIUM REMOVAL; where nothing can be ejected it is in vain. */
cst_sense_t cst_spc_prevent_allow(struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;
	struct cst_itl *itl = cmd->itl;
	cst_sense_t reason = CST_OK;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	/* Taken away while this waited for its turn: see cst_itl_retire(). */
	if (unlikely(percpu_ref_is_dying(&itl->ref)))
		reason = CST_SENSE(LU_NOT_SUPPORTED);
	else
		itl->prevents_removal = cmd->cdb[4] & 0x01;
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return reason;
}
