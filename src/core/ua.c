// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit attentions of an I_T_L nexus: a short queue without duplicates.
 *
 * Task management, LUN map changes and devices raise unit attentions.  gate.c, REQUEST SENSE
 * and REPORT LUNS have them reported.  A unit attention stays pending until status.c hands
 * the response that reports it to the fabric, because the command may still be aborted or
 * find no memory.  So two concurrent commands may report the same unit attention.
 * itl->ua_lock protects the queue; the fast path reads itl->ua_pending without the lock.
 */
#include <linux/export.h>

#include "core.h"

#define CST_UA_ORDINARY	0x100	/* weakest rank; stronger ranks are smaller, 0 to 0xff */

/*
 * Rank of a unit attention by SAM-5 5.14.1: power on is stronger than a reset, and a reset is
 * stronger than the loss of the nexus.  That is the order of their qualifiers.  All other
 * unit attentions are weaker, and have the same rank.
 */
static unsigned int cst_ua_rank(cst_sense_t ua)
{
	const struct cst_sense_code *code = cst_sense_code(ua);

	return code->asc == 0x29 ? code->ascq : CST_UA_ORDINARY;
}

/**
 * cst_ua_is_reset() - does a unit attention say that everything may have changed?
 * @ua: from cst_ua_peek(), or CST_OK
 *
 * These are POWER ON, resets and I_T NEXUS LOSS.  They are reported before RESERVATION
 * CONFLICT (SAM-5 5.3.3).
 */
bool cst_ua_is_reset(cst_sense_t ua)
{
	return cst_ua_rank(ua) != CST_UA_ORDINARY;
}

/* The caller holds itl->ua_lock. */
static void cst_ua_remove(struct cst_itl *itl, unsigned int i)
{
	itl->ua_count--;
	memmove(&itl->ua[i], &itl->ua[i + 1],
		(itl->ua_count - i) * sizeof(itl->ua[0]));
	WRITE_ONCE(itl->ua_pending, itl->ua_count);
}

/* The caller holds itl->ua_lock.  Return: whether the unit attention was pending. */
static bool cst_ua_clear(struct cst_itl *itl, cst_sense_t ua)
{
	unsigned int i;

	for (i = 0; i < itl->ua_count; i++) {
		if (itl->ua[i] == ua) {
			cst_ua_remove(itl, i);
			return true;
		}
	}
	return false;
}

/**
 * cst_ua_add() - raise a unit attention
 * @itl: the nexus, which the caller keeps from going away
 * @ua: sense reason with key UNIT ATTENTION
 *
 * Of the unit attentions of cst_ua_is_reset() only the strongest is kept, and it is reported
 * first.  Other pending unit attentions are reported after it, although SAM-5 5.14.1 allows
 * them to be dropped, because initiators only repeat a command after a reset, and do not
 * look for what else may have changed.  When the queue is full it is replaced by POWER ON
 * OCCURRED.
 *
 * Context: any.
 */
void cst_ua_add(struct cst_itl *itl, cst_sense_t ua)
{
	unsigned int rank = cst_ua_rank(ua), i;
	unsigned long flags;

	spin_lock_irqsave(&itl->ua_lock, flags);
	/* A unit attention of a reset is always the first of the queue. */
	if (itl->ua_count && cst_ua_is_reset(itl->ua[0])) {
		/* The reset implies that commands were cleared. */
		if (ua == CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR))
			goto unlock;
		if (rank < cst_ua_rank(itl->ua[0]))
			itl->ua[0] = ua;
		if (rank != CST_UA_ORDINARY)
			goto unlock;
	} else if (rank != CST_UA_ORDINARY) {
		cst_ua_clear(itl, CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
	}
	for (i = 0; i < itl->ua_count; i++)
		if (itl->ua[i] == ua)
			goto unlock;
	if (itl->ua_count == CST_UA_MAX) {
		itl->ua_count = 0;
		ua = CST_SENSE(POWER_ON_OCCURRED);
	} else if (rank != CST_UA_ORDINARY) {
		memmove(&itl->ua[1], &itl->ua[0], itl->ua_count * sizeof(itl->ua[0]));
		itl->ua[0] = ua;
		itl->ua_count++;
		goto pending;
	}
	itl->ua[itl->ua_count++] = ua;
pending:
	WRITE_ONCE(itl->ua_pending, true);
unlock:
	spin_unlock_irqrestore(&itl->ua_lock, flags);
}

/**
 * cst_ua_add_device() - raise a unit attention for every nexus of a device
 * @dev: the device
 * @except: session for which it is not raised, or NULL
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

/**
 * cst_ua_peek() - get the unit attention that is to be reported first
 * @itl: the nexus
 *
 * Return: the unit attention, which stays pending, or CST_OK when there is none.
 */
cst_sense_t cst_ua_peek(struct cst_itl *itl)
{
	cst_sense_t ua = CST_OK;
	unsigned long flags;

	spin_lock_irqsave(&itl->ua_lock, flags);
	if (itl->ua_count)
		ua = itl->ua[0];
	spin_unlock_irqrestore(&itl->ua_lock, flags);
	return ua;
}

/**
 * cst_ua_detail() - fill in what sense data says of a unit attention, besides the reason
 * @ua: the unit attention, or CST_OK
 * @detail: all zero
 */
void cst_ua_detail(cst_sense_t ua, struct cst_sense_detail *detail)
{
	if (ua != CST_SENSE(THIN_PROVISIONING_SOFT_THRESHOLD_REACHED))
		return;
	detail->info = CST_THRESHOLD_AT;
	detail->info_valid = true;
}

/**
 * cst_ua_tells() - the response of a command will report a unit attention
 * @cmd: the command
 * @ua: from cst_ua_peek() of the command's nexus
 */
void cst_ua_tells(struct cst_cmd *cmd, cst_sense_t ua)
{
	cmd->ua = ua;
	__set_bit(CST_CMD_TELLS_UA, &cmd->flags);
}

/*
 * REPORTED LUNS DATA CHANGED has been reported for every logical unit, unless the list of LUNs
 * has changed since the command has read it.  Return: whether one has been cleared.
 */
static bool cst_ua_luns_told(struct cst_session *sess, u32 seq)
{
	unsigned long lun, flags;
	bool cleared = false;
	struct cst_itl *itl;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl) {
		if (!READ_ONCE(itl->ua_pending))
			continue;
		spin_lock_irqsave(&itl->ua_lock, flags);
		/*
		 * A change is counted in luns_seq before its unit attention is raised.  So
		 * either the new count is seen here, or the unit attention is raised later.
		 */
		if (READ_ONCE(sess->luns_seq) == seq)
			cleared |= cst_ua_clear(itl, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
		spin_unlock_irqrestore(&itl->ua_lock, flags);
	}
	rcu_read_unlock();
	return cleared;
}

static void cst_ua_luns_untold(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl)
		cst_ua_add(itl, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	rcu_read_unlock();
}

/* SITUA: one nexus has been told of the threshold, so the others of the unit are not. */
static void cst_ua_threshold_told(struct cst_device *dev)
{
	struct cst_itl *itl;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	list_for_each_entry(itl, &dev->itls, dev_node) {
		spin_lock(&itl->ua_lock);
		cst_ua_clear(itl, CST_SENSE(THIN_PROVISIONING_SOFT_THRESHOLD_REACHED));
		spin_unlock(&itl->ua_lock);
	}
	spin_unlock_irqrestore(&dev->itl_lock, flags);
}

/**
 * cst_ua_told() - clear the unit attentions that a response reports
 * @cmd: with CST_CMD_TELLS_UA or CST_CMD_TELLS_LUNS; about to be handed to the fabric
 *
 * Context: any, also hard interrupt.
 */
void cst_ua_told(struct cst_cmd *cmd)
{
	unsigned long flags;

	if (test_bit(CST_CMD_TELLS_UA, &cmd->flags)) {
		spin_lock_irqsave(&cmd->itl->ua_lock, flags);
		cst_ua_clear(cmd->itl, cmd->ua);
		spin_unlock_irqrestore(&cmd->itl->ua_lock, flags);
		if (cmd->ua == CST_SENSE(THIN_PROVISIONING_SOFT_THRESHOLD_REACHED) &&
		    READ_ONCE(cmd->dev->mode.situa))
			cst_ua_threshold_told(cmd->dev);
	}
	/* The bit stays for cst_cmd_unsent(). */
	if (test_bit(CST_CMD_TELLS_LUNS, &cmd->flags) &&
	    !cst_ua_luns_told(cmd->sess, cmd->luns_seq))
		__clear_bit(CST_CMD_TELLS_LUNS, &cmd->flags);
}

void cst_cmd_unsent(struct cst_cmd *cmd)
{
	WRITE_ONCE(cmd->answered, false);
	if (test_bit(CST_CMD_TELLS_UA, &cmd->flags))
		cst_ua_add(cmd->itl, cmd->ua);
	if (test_bit(CST_CMD_TELLS_LUNS, &cmd->flags))
		cst_ua_luns_untold(cmd->sess);
}
EXPORT_SYMBOL_GPL(cst_cmd_unsent);
