// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gates: everything that may refuse a well-formed command because of the state of
 * the logical unit or of the nexus.
 *
 * There are two gates, each with its list of checks: cst_gate() when a command arrives, and
 * cst_gate_again() before the command executes.  submit.c calls the first after parsing.
 * Between the two a command may wait for its data or for its turn, and its initiator can
 * make that long.  exec.c calls the second gate when dev->gate_seq has changed meanwhile.
 *
 * No change is missed between the gates.  A command reads gate_seq (lun.h), with acquire,
 * before the first gate looks at anything.  Code that changes state that a gate looks at
 * first makes the change visible, and then counts it (cst_gate_changed()), fully ordered.
 * So a command that has passed the first gate by the old state has read a number from
 * before the count, and meets the second gate.  A command that has read the new number has
 * met the new state.  When a change is counted after exec.c has compared the numbers, the
 * command executes as if it had begun before the change.  Code that must know that no such
 * command is left has to wait for these commands: disabling waits for io_ref, task
 * management waits for the commands themselves.
 *
 * No lock is taken here.  The state that is looked at belongs to device.c (io_ref),
 * lun_map.c (the nexus, read_only), mode.c (software write protection), medium.c (ejected,
 * stopped, unfit) and ua.c (unit attentions).
 * The verdict of a reservation and the state of the port are set here.
 */
#include <linux/export.h>
#include <linux/jiffies.h>

#include "core.h"

/**
 * cst_gate_changed() - count a change of something that the gates look at
 * @dev: device that has changed, or whose nexus has changed; the change is visible already
 *
 * Commands that have come before, and do not execute yet, meet the second gate.
 *
 * Context: any.  Return: the number of the change.
 */
unsigned long cst_gate_changed(struct cst_device *dev)
{
	return atomic_long_inc_return(&dev->gate_seq);
}

/**
 * cst_device_not_ready() - get the reason to refuse commands of a device without backing
 * @dev: disabled or let go, or about to be
 *
 * Context: any.  Return: sense with key NOT READY.
 */
cst_sense_t cst_device_not_ready(const struct cst_device *dev)
{
	u64 until = READ_ONCE(dev->back_until);

	if (READ_ONCE(dev->let_go))
		return CST_SENSE(PORT_UNAVAILABLE);
	if (until && time_before64(get_jiffies_64(), until))
		return CST_SENSE(BECOMING_READY);
	return CST_SENSE(MANUAL_INTERVENTION_REQUIRED);
}

/**
 * cst_itl_set_verdict() - set what a reservation refuses to a nexus from now on
 * @itl: kept from going away by the caller
 * @verdict: CST_RESERVED_NOTHING for the holder of the reservation, for a registered nexus
 *	when the type of the reservation admits registrants, and without a reservation
 *
 * Commands that come from now on, and commands that wait, are answered with RESERVATION
 * CONFLICT.  Commands that execute finish; PREEMPT AND ABORT has to abort them.  A verdict
 * is one byte, so it can be set for every nexus of a unit without allocating memory.
 *
 * Context: any.
 */
void cst_itl_set_verdict(struct cst_itl *itl, enum cst_verdict verdict)
{
	WRITE_ONCE(itl->verdict, verdict);
	cst_gate_changed(itl->dev);
}

/**
 * cst_itl_set_port_state() - set the access state of the target port of a nexus
 * @itl: kept from going away by the caller
 * @state: state for the logical unit; CST_PORT_ACTIVE is active/optimized and
 *	active/non-optimized
 *
 * Commands that come from now on, and commands that wait, are refused with NOT READY, unless
 * cst_op.ports allows them.  Commands that execute finish.
 *
 * Context: any.
 */
void cst_itl_set_port_state(struct cst_itl *itl, enum cst_port_state state)
{
	WRITE_ONCE(itl->port_state, state);
	cst_gate_changed(itl->dev);
}

/* --- the checks --- */

/* SAM-5 5.14: all commands but INQUIRY, REPORT LUNS and REQUEST SENSE report it. */
static cst_sense_t cst_gate_unit_attention(struct cst_cmd *cmd)
{
	cst_sense_t ua;

	if (!READ_ONCE(cmd->itl->ua_pending) || (cmd->op->flags & CST_OP_SKIP_UA) ||
	    test_bit(CST_CMD_INNER, &cmd->flags))
		return CST_OK;
	ua = cst_ua_peek(cmd->itl);
	if (ua) {
		cst_ua_detail(ua, &cmd->detail);
		cst_ua_tells(cmd, ua);
	}
	return ua;
}

/* SAM-5 5.3.3: a unit attention of a power on, a reset or a nexus loss comes first. */
static cst_sense_t cst_gate_reset_attention(struct cst_cmd *cmd)
{
	if (READ_ONCE(cmd->itl->ua_pending) && cst_ua_is_reset(cst_ua_peek(cmd->itl)))
		return cst_gate_unit_attention(cmd);
	return CST_OK;
}

static cst_sense_t cst_gate_reservation(const struct cst_cmd *cmd)
{
	u8 verdict = READ_ONCE(cmd->itl->verdict);
	const struct cst_op *op = cmd->op;

	if (unlikely(verdict & CST_RESERVED_LOST))
		return op->flags & (CST_OP_LOST | CST_OP_SKIP_UA) &&
		       (!op->resv_exempt || op->resv_exempt(cmd)) ? CST_OK :
		       CST_SENSE(PERSISTENT_RESERVATION_INFORMATION_LOST);
	if (!(verdict & BIT(op->resv)))
		return CST_OK;
	return op->resv_exempt && op->resv_exempt(cmd) ? CST_OK :
	       CST_RESERVATION_CONFLICT;
}

/* SPC-5 5.17.2 */
static cst_sense_t cst_gate_port_state(const struct cst_cmd *cmd)
{
	static const cst_sense_t reasons[] = {
		[CST_PORT_STANDBY]	 = CST_SENSE(PORT_STANDBY),
		[CST_PORT_UNAVAILABLE]	 = CST_SENSE(PORT_UNAVAILABLE),
		[CST_PORT_OFFLINE]	 = CST_SENSE(LU_OFFLINE),
		[CST_PORT_TRANSITIONING] = CST_SENSE(PORT_TRANSITIONING),
	};
	u8 state = READ_ONCE(cmd->itl->port_state);

	return cmd->op->ports & BIT(state) ? CST_OK : reasons[state];
}

static cst_sense_t cst_gate_write_protection(const struct cst_cmd *cmd)
{
	if (!(cmd->op->flags & (CST_OP_WRITES | CST_OP_ALTERS)))
		return CST_OK;
	if (READ_ONCE(cmd->itl->read_only))
		return CST_SENSE(WRITE_PROTECTED);
	if (!(cmd->op->flags & CST_OP_WRITES))
		return CST_OK;
	/* SPC-4 7.5.8: SWP has no sense data of its own. */
	return cmd->dev->read_only || READ_ONCE(cmd->dev->swp) ? CST_SENSE(WRITE_PROTECTED) :
								 CST_OK;
}

static cst_sense_t cst_gate_ready(const struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;

	if (!(cmd->op->flags & CST_OP_MEDIUM))
		return CST_OK;
	/* A command that holds io_ref may go on: disabling waits for it. */
	if (percpu_ref_is_dying(&dev->io_ref) &&
	    !test_bit(CST_CMD_IO_REF, &cmd->flags))
		return cst_device_not_ready(dev);
	return cmd->op->flags & CST_OP_UNREADY ? CST_OK : cst_medium_state(dev);
}

/*
 * Refuse a command whose LUN has been unmapped.  A command that is answered even for a LUN
 * without a logical unit (SAM-5 4.7.5) is answered for the unit that had the LUN when the
 * command came.
 */
static cst_sense_t cst_gate_nexus(const struct cst_cmd *cmd)
{
	return percpu_ref_is_dying(&cmd->itl->ref) &&
	       !(cmd->op->flags & CST_OP_SKIP_UA) ?
	       CST_SENSE(LU_NOT_SUPPORTED) : CST_OK;
}

/* Refuse a command that came before the device was enabled: see cst_device_enable(). */
static cst_sense_t cst_gate_backing(const struct cst_cmd *cmd)
{
	if (!(cmd->op->flags & CST_OP_MEDIUM))
		return CST_OK;
	return (long)(READ_ONCE(cmd->dev->enabled_seq) - cmd->gate_seq) > 0 ?
	       CST_SENSE(MEDIUM_MAY_HAVE_CHANGED) : CST_OK;
}

/* --- the lists --- */

/*
 * SAM-5 5.3.3: a unit attention of a reset comes before RESERVATION CONFLICT.  RESERVATION
 * CONFLICT comes before all other sense that a well-formed command can meet.  Of the other
 * sense, a unit attention is reported before anything else about the unit (SAM-5 5.14), also
 * when the port is in standby.  The state of the port comes before the state of the unit
 * behind it.  Write protection comes before readiness, because the unit has it whether it
 * is ready or not.
 */
static noinline cst_sense_t cst_gate_arrival(struct cst_cmd *cmd)
{
	return cst_gate_reset_attention(cmd) ?:
	       cst_gate_reservation(cmd) ?:
	       cst_gate_unit_attention(cmd) ?:
	       cst_gate_port_state(cmd) ?:
	       cst_gate_write_protection(cmd) ?:
	       cst_gate_ready(cmd) ?:
	       cst_medium_unfit(cmd);
}

/**
 * cst_gate_again() - may a command that has waited still execute?
 * @cmd: past cst_gate(), has a device
 *
 * The first checks are whether this nexus may use the unit: by its LUN, a reservation and
 * the port.  The checks of the unit's own state follow.  A pending unit attention is not
 * reported: one that was established since the command came is for later commands (SAM-5
 * 5.14).  But when the medium may be another than the command was meant for, this command
 * itself is refused.
 *
 * Context: any up to softirq, or core's worker.  Return: CST_OK or the reason to refuse.
 */
cst_sense_t cst_gate_again(struct cst_cmd *cmd)
{
	unsigned long seq = atomic_long_read_acquire(&cmd->dev->gate_seq);
	cst_sense_t reason;

	reason = cst_gate_nexus(cmd) ?:
		 cst_gate_reservation(cmd) ?:
		 cst_gate_port_state(cmd) ?:
		 cst_gate_backing(cmd) ?:
		 cst_gate_write_protection(cmd) ?:
		 cst_gate_ready(cmd) ?:
		 cst_medium_unfit(cmd);
	if (!reason)
		cmd->gate_seq = seq;
	return reason;
}

/* Can every check be skipped?  One load for each of them, and one branch. */
static __always_inline bool cst_gates_open(struct cst_itl *itl,
					   struct cst_device *dev)
{
	return !(READ_ONCE(itl->ua_pending) | READ_ONCE(itl->verdict) |
		 READ_ONCE(itl->port_state) | READ_ONCE(itl->read_only) |
		 dev->read_only | READ_ONCE(dev->swp) |
		 READ_ONCE(dev->ejected) | READ_ONCE(dev->stopped) |
		 percpu_ref_is_dying(&dev->io_ref));
}

/**
 * cst_gate() - may this command go on?
 * @cmd: parsed
 *
 * Context: any up to softirq.  Return: CST_OK or the reason to refuse.
 */
cst_sense_t cst_gate(struct cst_cmd *cmd)
{
	/* SAM-5 8.6: NORMACA is 0, so there is never an ACA condition. */
	if (unlikely(cmd->task_attr == CST_TASK_ACA))
		return CST_SENSE(INVALID_MESSAGE);

	/* Types without a device have no nexus, and no command that could be refused here. */
	if (unlikely(!cmd->itl) || likely(cst_gates_open(cmd->itl, cmd->dev)))
		return CST_OK;
	return cst_gate_arrival(cmd);
}
