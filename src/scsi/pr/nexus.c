// SPDX-License-Identifier: GPL-2.0-only
/*
 * What reservations are for the nexuses of a logical unit: the registration of each, and the
 * verdict that the gate sees.
 *
 * lun_map.c calls in before a nexus is published, target.c when a port has another number, and
 * out.c, reserve.c and record.c when something has changed.  The verdict of a nexus is set
 * under dev->itl_lock, from what is protected by this lock.  So the last one to set it has
 * seen everything.
 */
#include "pr.h"

static enum cst_verdict cst_pr_verdict(const struct cst_itl *itl)
{
	const struct cst_pr *pr = &itl->dev->pr;
	const struct cst_registrant *reg = itl->registrant;

	if (pr->lost)
		return CST_RESERVED_LOST;
	if (pr->reserved_by && pr->reserved_by->sess != itl->sess)
		return CST_RESERVED_UNIT;
	return cst_pr_type_verdict(pr->now.type, reg && reg->key, cst_pr_holds(&pr->now, reg));
}

static void cst_pr_set_verdict(struct cst_itl *itl)
{
	enum cst_verdict verdict = cst_pr_verdict(itl);

	lockdep_assert_held(&itl->dev->itl_lock);

	if (verdict != itl->verdict)
		cst_itl_set_verdict(itl, verdict);
}

void cst_pr_set_verdicts(struct cst_device *dev)
{
	struct cst_itl *itl;

	list_for_each_entry(itl, &dev->itls, dev_node)
		cst_pr_set_verdict(itl);
}

void cst_pr_join(struct cst_itl *itl)
{
	struct cst_device *dev = itl->dev;
	struct cst_registrant *reg;

	mutex_lock(&dev->pr.lock);
	reg = cst_pr_find_session(&dev->pr, itl->sess);
	spin_lock_irq(&dev->itl_lock);
	itl->registrant = reg;
	list_add_tail(&itl->dev_node, &dev->itls);
	cst_pr_set_verdict(itl);
	spin_unlock_irq(&dev->itl_lock);
	mutex_unlock(&dev->pr.lock);
}

/* pr->lock held */
static void cst_pr_find_nexus(struct cst_itl *itl, void *arg)
{
	struct cst_device *dev = itl->dev;
	struct cst_registrant *reg = cst_pr_find_session(&dev->pr, itl->sess);

	spin_lock_irq(&dev->itl_lock);
	itl->registrant = reg;
	cst_pr_set_verdict(itl);
	spin_unlock_irq(&dev->itl_lock);
}

void cst_pr_rejoin(struct cst_itl *itl)
{
	mutex_lock(&itl->dev->pr.lock);
	cst_pr_find_nexus(itl, NULL);
	mutex_unlock(&itl->dev->pr.lock);
}

void cst_pr_find_nexuses(struct cst_device *dev)
{
	cst_device_for_each_itl(dev, cst_pr_find_nexus, NULL);
}
