// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gates: everything that may refuse a well-formed command because of the
 * state of the logical unit or the nexus, in one place and in this order.
 *
 * Called by submit.c after parsing.  One load each where there is nothing to say.
 */
#include <linux/jiffies.h>

#include "core.h"

/**
 * cst_device_not_ready() - why a disabled device does not serve
 * @dev: disabled, or being disabled
 *
 * Context: any.
 */
cst_sense_t cst_device_not_ready(const struct cst_device *dev)
{
	u64 until = READ_ONCE(dev->back_until);

	if (until && time_before64(get_jiffies_64(), until))
		return CST_SENSE(BECOMING_READY);
	return CST_SENSE(MANUAL_INTERVENTION_REQUIRED);
}

/**
 * cst_gate() - may this command go on?
 * @cmd: parsed
 *
 * The order is that of SAM-5 5.14 and SPC-5: an attribute that no command may have; a
 * unit attention, which must be told before anything else about the unit; write protection,
 * which is a property of the unit whether it is ready or not; the medium.
 *
 * Return: CST_OK or the reason to refuse.
 */
cst_sense_t cst_gate(struct cst_cmd *cmd)
{
	const unsigned int flags = cmd->op->flags;
	struct cst_itl *itl = cmd->itl;
	cst_sense_t ua;

	/* SAM-5 8.6: NORMACA is 0, so there never is an ACA condition. */
	if (unlikely(cmd->task_attr == CST_TASK_ACA))
		return CST_SENSE(INVALID_MESSAGE);

	/* A type without a device has no commands that need one. */
	if (unlikely(!itl))
		return CST_OK;

	if (unlikely(READ_ONCE(itl->ua_pending)) && !(flags & CST_OP_SKIP_UA)) {
		ua = cst_ua_peek(itl);
		if (ua) {
			cst_ua_tells(cmd, ua);
			return ua;
		}
	}

	/* From here on all is asked again, and then for good, when it executes: exec.c. */
	if (unlikely((flags & CST_OP_WRITES) &&
		     (READ_ONCE(itl->read_only) || cmd->dev->read_only)))
		return CST_SENSE(WRITE_PROTECTED);

	if (unlikely((flags & CST_OP_MEDIUM) &&
		     percpu_ref_is_dying(&cmd->dev->io_ref)))
		return cst_device_not_ready(cmd->dev);

	if (cst_medium_missing(cmd))
		return CST_SENSE(MEDIUM_NOT_PRESENT);

	return CST_OK;
}
