// SPDX-License-Identifier: GPL-2.0-only
/*
 * RESERVE and RELEASE, (6) and (10), of SPC-2, without third parties and extents, and with the
 * exceptions of SPC-4 5.13.3 (CRH).
 *
 * exec.c calls in; lun_map.c, tmf.c and abort.c when a nexus or its reservation ends.
 * dev->itl_lock protects the reservation.
 */
#include <linux/export.h>

#include "pr.h"

/* SPC-4 5.13.3: the nexus has what RESERVE would give it, and keeps it after RELEASE. */
static bool cst_pr_is_reserved_for(const struct cst_itl *itl)
{
	const struct cst_pr *pr = &itl->dev->pr;
	const struct cst_registrant *reg = itl->registrant;

	return cst_pr_holds(&pr->now, reg) ||
	       (reg && reg->key && cst_pr_type_shared(pr->now.type));
}

static cst_sense_t cst_pr_reserve_locked(struct cst_itl *itl)
{
	struct cst_device *dev = itl->dev;
	struct cst_pr *pr = &dev->pr;

	/* It may be about to register somebody, and has seen that there is no reservation. */
	if (READ_ONCE(pr->owner))
		return CST_BUSY;
	if (pr->reserved_by)
		return pr->reserved_by->sess == itl->sess ? CST_OK : CST_RESERVATION_CONFLICT;
	/* A nexus that is being removed has had its reservation taken away, or will have. */
	if (percpu_ref_is_dying(&itl->ref))
		return CST_SENSE(LU_NOT_SUPPORTED);
	WRITE_ONCE(pr->reserved_by, itl);
	cst_pr_set_verdicts(dev);
	return CST_OK;
}

/* SPC-2 7.16: it is no error to release what is not reserved, or by another one. */
static cst_sense_t cst_pr_release_locked(struct cst_itl *itl)
{
	struct cst_device *dev = itl->dev;
	struct cst_pr *pr = &dev->pr;

	if (pr->reserved_by && pr->reserved_by->sess == itl->sess) {
		WRITE_ONCE(pr->reserved_by, NULL);
		cst_pr_set_verdicts(dev);
	}
	return CST_OK;
}

/* SPC-4 5.13.3: what both do while nexuses are registered.  Else @locked does it. */
static cst_sense_t cst_pr_unless_registered(struct cst_itl *itl,
					    cst_sense_t (*locked)(struct cst_itl *itl))
{
	struct cst_device *dev = itl->dev;
	cst_sense_t reason = CST_OK;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	if (!cst_pr_is_reserved_for(itl))
		reason = dev->pr.nr_registered ? CST_RESERVATION_CONFLICT : locked(itl);
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return reason;
}

static cst_sense_t cst_pr_reserve(struct cst_cmd *cmd)
{
	return cst_pr_unless_registered(cmd->itl, cst_pr_reserve_locked);
}

static cst_sense_t cst_pr_release(struct cst_cmd *cmd)
{
	return cst_pr_unless_registered(cmd->itl, cst_pr_release_locked);
}

void cst_pr_let_go(struct cst_itl *itl)
{
	struct cst_device *dev = itl->dev;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	if (dev->pr.reserved_by == itl) {
		WRITE_ONCE(dev->pr.reserved_by, NULL);
		cst_pr_set_verdicts(dev);
	}
	spin_unlock_irqrestore(&dev->itl_lock, flags);
}

#define CST_RESERVE(_len, _opcode, _name, _resv, _execute)		\
	{								\
		CST_CDB(_len, _opcode),					\
		.name		= _name,				\
		.dir		= DMA_NONE,				\
		.resv		= _resv,				\
		.execute	= _execute,				\
	}

const struct cst_op cst_pr_reserve_ops[] = {
	CST_RESERVE(6, RESERVE_6, "RESERVE(6)", CST_RESV_UNIT, cst_pr_reserve),
	CST_RESERVE(6, RELEASE_6, "RELEASE(6)", CST_RESV_ANY, cst_pr_release),
	CST_RESERVE(10, RESERVE_10, "RESERVE(10)", CST_RESV_UNIT, cst_pr_reserve),
	CST_RESERVE(10, RELEASE_10, "RELEASE(10)", CST_RESV_ANY, cst_pr_release),
	{}
};
EXPORT_SYMBOL_GPL(cst_pr_reserve_ops);
