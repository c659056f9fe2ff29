// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit attentions of an I_T_L nexus: a short queue without duplicates.
 *
 * Raised by task management, LUN map changes and devices; told by gate.c, REQUEST SENSE
 * and REPORT LUNS.  One stays pending until status.c hands over the response that tells
 * it: a command may still be aborted or find no memory.  Two commands at once may so
 * tell the same.  itl->ua_lock protects the queue; itl->ua_pending lets the fast path
 * look without it.
 */
#include <linux/export.h>

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
 * cst_ua_is_reset() - does a unit attention say that everything may have changed?
 * @ua: from cst_ua_peek(), or CST_OK
 *
 * POWER ON, resets, I_T NEXUS LOSS: those that go before RESERVATION CONFLICT (SAM-5 5.3.3).
 */
bool cst_ua_is_reset(cst_sense_t ua)
{
	return cst_ua_rank(ua) != CST_UA_ORDINARY;
}

/* itl->ua_lock held */
static void cst_ua_remove(struct cst_itl *itl, unsigned int i)
{
	itl->ua_count--;
	memmove(&itl->ua[i], &itl->ua[i + 1],
		(itl->ua_count - i) * sizeof(itl->ua[0]));
	WRITE_ONCE(itl->ua_pending, itl->ua_count);
}

/* itl->ua_lock held */
static void cst_ua_clear(struct cst_itl *itl, cst_sense_t ua)
{
	unsigned int i;

	for (i = 0; i < itl->ua_count; i++) {
		if (itl->ua[i] == ua) {
			cst_ua_remove(itl, i);
			break;
		}
	}
}

/**
 * cst_ua_add() - raise a unit attention
 * @itl: the nexus, which the caller keeps from going away
 * @ua: sense reason with key UNIT ATTENTION
 *
 * Of POWER ON, RESET and the like only the strongest is told, and first.  Others that are
 * pending are told after it, although SAM-5 5.14.1 lets them be forgotten: initiators
 * repeat a command after a reset, and look for nothing that may have changed.  A full queue
 * has had too many to tell, and says POWER ON.
 *
 * Context: any.
 */
void cst_ua_add(struct cst_itl *itl, cst_sense_t ua)
{
	unsigned int rank = cst_ua_rank(ua), i;
	unsigned long flags;

	spin_lock_irqsave(&itl->ua_lock, flags);
	/* One such can only be the first. */
	if (itl->ua_count && cst_ua_is_reset(itl->ua[0])) {
		/* It has cleared the commands. */
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

/**
 * cst_ua_peek() - the unit attention that is to be told first
 * @itl: the nexus
 *
 * Return: it, still pending, or CST_OK when there is none.
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
 * cst_ua_tells() - the response of a command tells a unit attention
 * @cmd: whose nexus has it
 * @ua: from cst_ua_peek()
 */
void cst_ua_tells(struct cst_cmd *cmd, cst_sense_t ua)
{
	cmd->ua = ua;
	__set_bit(CST_CMD_TELLS_UA, &cmd->flags);
}

/* Of every logical unit, unless the list has changed since the command has read it. */
static void cst_ua_luns_told(struct cst_session *sess, u32 seq)
{
	struct cst_itl *itl;
	unsigned long lun, flags;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl) {
		if (!READ_ONCE(itl->ua_pending))
			continue;
		spin_lock_irqsave(&itl->ua_lock, flags);
		/* Raised only after this has been counted: seen with the lock, or raised anew. */
		if (READ_ONCE(sess->luns_seq) == seq)
			cst_ua_clear(itl, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
		spin_unlock_irqrestore(&itl->ua_lock, flags);
	}
	rcu_read_unlock();
}

/**
 * cst_ua_told() - forget what a response tells
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
	}
	if (test_bit(CST_CMD_TELLS_LUNS, &cmd->flags))
		cst_ua_luns_told(cmd->sess, cmd->luns_seq);
}

void cst_cmd_unsent(struct cst_cmd *cmd)
{
	WRITE_ONCE(cmd->answered, false);
	if (test_bit(CST_CMD_TELLS_UA, &cmd->flags))
		cst_ua_add(cmd->itl, cmd->ua);
}
EXPORT_SYMBOL_GPL(cst_cmd_unsent);
