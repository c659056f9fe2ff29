// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit attentions of an I_T_L nexus: a short queue without duplicates.
 *
 * Raised by task management, LUN map changes and devices; taken by gate.c and
 * REQUEST SENSE.  itl->ua_lock protects the queue; itl->ua_pending lets the fast
 * path look without it.
 */
#include "core.h"

#define CST_UA_ORDINARY	0x100	/* rank; the others' are bytes */

/*
 * SAM-5 5.14.1: power on is stronger than a reset, and that than the loss of the nexus,
 * which is the order of their qualifiers; all others are weaker, and equal.
 */
static unsigned int cst_ua_rank(cst_sense_t ua)
{
	const struct cst_sense_code *code = cst_sense_code(ua);

	return code->asc == 0x29 ? code->ascq : CST_UA_ORDINARY;
}

/**
 * cst_ua_add() - raise a unit attention
 * @itl: the nexus, which the caller keeps from going away
 * @ua: sense reason with key UNIT ATTENTION
 *
 * POWER ON, RESET and the like say that everything may have changed, so weaker ones that
 * were pending need not be told, and neither need a weaker one that follows.  A full
 * queue says the same.
 *
 * Context: any.
 */
void cst_ua_add(struct cst_itl *itl, cst_sense_t ua)
{
	unsigned int rank = cst_ua_rank(ua), i;
	unsigned long flags;

	spin_lock_irqsave(&itl->ua_lock, flags);
	if (rank != CST_UA_ORDINARY) {
		/* One such can only be the first. */
		if (itl->ua_count && cst_ua_rank(itl->ua[0]) <= rank) {
			itl->ua_count = 1;
			goto unlock;
		}
		itl->ua_count = 0;
	}
	for (i = 0; i < itl->ua_count; i++)
		if (itl->ua[i] == ua)
			goto unlock;
	if (itl->ua_count == CST_UA_MAX) {
		itl->ua_count = 0;
		ua = CST_SENSE(POWER_ON_OCCURRED);
	}
	itl->ua[itl->ua_count++] = ua;
	WRITE_ONCE(itl->ua_pending, true);
unlock:
	spin_unlock_irqrestore(&itl->ua_lock, flags);
}

/**
 * cst_ua_add_device() - raise a unit attention for everybody who sees a device
 * @dev: the device
 * @except: a session that need not be told, or NULL
 * @ua: as for cst_ua_add()
 */
void cst_ua_add_device(struct cst_device *dev, struct cst_session *except,
		       cst_sense_t ua)
{
	struct cst_itl *itl;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	list_for_each_entry(itl, &dev->itls, dev_node)
		if (itl->sess != except)
			cst_ua_add(itl, ua);
	spin_unlock_irqrestore(&dev->itl_lock, flags);
}

/* itl->ua_lock held */
static void cst_ua_remove(struct cst_itl *itl, unsigned int i)
{
	itl->ua_count--;
	memmove(&itl->ua[i], &itl->ua[i + 1],
		(itl->ua_count - i) * sizeof(itl->ua[0]));
	WRITE_ONCE(itl->ua_pending, itl->ua_count);
}

/**
 * cst_ua_take() - take the oldest pending unit attention
 * @itl: the nexus
 *
 * Return: it, or CST_OK when there is none.
 */
cst_sense_t cst_ua_take(struct cst_itl *itl)
{
	cst_sense_t ua = CST_OK;
	unsigned long flags;

	spin_lock_irqsave(&itl->ua_lock, flags);
	if (itl->ua_count) {
		ua = itl->ua[0];
		cst_ua_remove(itl, 0);
	}
	spin_unlock_irqrestore(&itl->ua_lock, flags);
	return ua;
}

/**
 * cst_ua_clear() - forget one unit attention, told by other means
 * @itl: the nexus
 * @ua: which
 */
void cst_ua_clear(struct cst_itl *itl, cst_sense_t ua)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&itl->ua_lock, flags);
	for (i = 0; i < itl->ua_count; i++) {
		if (itl->ua[i] == ua) {
			cst_ua_remove(itl, i);
			break;
		}
	}
	spin_unlock_irqrestore(&itl->ua_lock, flags);
}
