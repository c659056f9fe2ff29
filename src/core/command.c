// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that their handler parses, executes and aborts itself.
 *
 * For a CDB that its handler executes cst_op_find() answers the row cst_any_op.  parse.c and
 * exec.c call in by that row, abort.c by cst_command_abort(), handlers by cst_cmd_answer().
 *
 * cst_cmd.handed is the state of the command.  While the handler's execute runs,
 * cst_cmd_answer() only stores the answer, and the caller of execute ends the command.  So
 * the command stays valid until execute has returned.  After execute has returned the
 * command belongs to the handler until it answers; meanwhile the handler may be told of an
 * abort.  The lock of the list that the command is on orders these steps: the command
 * cannot be released while the lock is held, and abort.c marks commands with it held.
 */
#include <linux/bug.h>
#include <linux/dma-direction.h>
#include <linux/export.h>
#include <linux/percpu.h>
#include <scsi/scsi_proto.h>

#include <cst/command.h>

#include "cdb.h"
#include "core.h"

#define CST_VARIABLE_LENGTH	0x7f

static cst_sense_t cst_command_check_len(struct cst_cmd *cmd)
{
	/*
	 * Least length by group code, SPC-5 4.2.5.1.  0: the group is vendor specific or
	 * reserved, and its CDBs may have any length that parse.c accepts.
	 */
	static const u8 lens[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };
	unsigned int len = lens[cmd->cdb[0] >> 5];

	if (cmd->cdb[0] == CST_VARIABLE_LENGTH) {
		len = 8;
		/* ADDITIONAL CDB LENGTH */
		if (cmd->cdb_len >= len && cmd->cdb[7] > cmd->cdb_len - len)
			return cst_cdb_invalid(&cmd->detail, 7, 7);
	}
	return cmd->cdb_len < len ?
	       cst_cdb_invalid(&cmd->detail, cmd->cdb_len, 7) : CST_OK;
}

static cst_sense_t cst_command_parse(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_command_check_len(cmd);

	if (reason)
		return reason;
	reason = cmd->dev->ops->commands->parse(cmd);
	if (reason)
		return reason;
	if (WARN_ONCE(cmd->dir != DMA_NONE && cmd->dir != DMA_TO_DEVICE &&
		      cmd->dir != DMA_FROM_DEVICE,
		      "cst: %s: direction %u", cmd->dev->ops->name, cmd->dir)) {
		cmd->dir = DMA_NONE;
		return CST_SENSE(INTERNAL_TARGET_FAILURE);
	}
	if (cmd->dir == DMA_NONE)
		cmd->cdb_xfer_len = 0;
	if (cmd->cdb_xfer_len > cmd->sess->max_xfer)
		return CST_SENSE(INVALID_FIELD_IN_CDB);
	return CST_OK;
}

/*
 * execute has returned CST_PENDING: the command belongs to the handler, unless it has been
 * answered already.
 */
static cst_sense_t cst_command_pends(struct cst_cmd *cmd)
{
	struct cst_cmd_list *list = per_cpu_ptr(cmd->sess->active, cmd->cpu);
	unsigned long flags;
	bool answered;

	spin_lock_irqsave(&list->lock, flags);
	answered = cmd->handed == CST_HANDED_ANSWERED;
	if (!answered) {
		cmd->handed = CST_HANDED_PENDING;
		/* An abort that came before could not call the handler. */
		if (unlikely(cst_cmd_aborted(cmd)))
			cst_command_abort(cmd);
	}
	spin_unlock_irqrestore(&list->lock, flags);
	/* cst_command_set_answer() has set the whole response, so the reason is CST_OK. */
	return answered ? CST_OK : CST_PENDING;
}

static cst_sense_t cst_command_execute(struct cst_cmd *cmd)
{
	const struct cst_handler_ops *ops = cmd->dev->ops;
	cst_sense_t reason;

	if (cmd->dir == DMA_FROM_DEVICE) {
		reason = cst_cmd_data_in_len(cmd, cmd->cdb_xfer_len);
		if (reason)
			return reason;
	}
	WRITE_ONCE(cmd->handed, CST_HANDED_EXECUTES);
	reason = ops->commands->execute(cmd);
	if (reason == CST_PENDING)
		return cst_command_pends(cmd);
	WRITE_ONCE(cmd->handed, CST_HANDED_NOT);
	if (WARN_ONCE(reason == CST_WOULD_BLOCK &&
		      (!ops->may_block || cst_cmd_may_sleep(cmd)),
		      "cst: %s: would block, and must not", ops->name))
		return CST_SENSE(INTERNAL_TARGET_FAILURE);
	return reason;
}

static bool cst_status_exists(u8 status)
{
	switch (status) {
	case SAM_STAT_GOOD:
	case SAM_STAT_CHECK_CONDITION:
	case SAM_STAT_CONDITION_MET:
	case SAM_STAT_BUSY:
	case SAM_STAT_RESERVATION_CONFLICT:
	case SAM_STAT_TASK_SET_FULL:
	case SAM_STAT_ACA_ACTIVE:
	case SAM_STAT_TASK_ABORTED:
		return true;
	default:
		return false;
	}
}

/* The caller holds the lock of the list that the command is on. */
static void cst_command_set_answer(struct cst_cmd *cmd, const struct cst_answer *answer)
{
	const char *name = cmd->dev->ops->name;
	unsigned int len = answer->sense_len;
	const u8 *sense = answer->sense;
	u32 moved = answer->moved;

	cmd->status = answer->status;
	if (WARN_ONCE(moved > cmd->data_len, "cst: %s: %u bytes moved of %u", name, moved,
		      cmd->data_len))
		moved = cmd->data_len;
	if (moved < cmd->data_len) {
		cmd->data_len = moved;
		cmd->residual = cmd->exp_len - moved;
		cmd->overflow = false;
	}
	if (WARN_ONCE(!cst_status_exists(cmd->status), "cst: %s: status %02xh", name,
		      cmd->status)) {
		cmd->status = SAM_STAT_CHECK_CONDITION;
		len = 0;
	}
	if (cmd->status != SAM_STAT_CHECK_CONDITION)
		return;
	if (WARN_ONCE(len > CST_SENSE_MAX, "cst: %s: %u bytes of sense", name, len))
		len = CST_SENSE_MAX;
	if (WARN_ONCE(!len, "cst: %s: no sense", name)) {
		cmd->sense_len = cst_sense_build(cmd->sense, sizeof(cmd->sense), false,
						 cmd->type->peripheral,
						 CST_SENSE(INTERNAL_TARGET_FAILURE), NULL);
		return;
	}
	/* The handler's sense may be in cst_cmd_priv(), which is the same memory. */
	memmove(cmd->sense, sense, len);
	cmd->sense_len = len;
}

void cst_cmd_answer(struct cst_cmd *cmd, const struct cst_answer *answer)
{
	struct cst_cmd_list *list = per_cpu_ptr(cmd->sess->active, cmd->cpu);
	unsigned long flags;
	u8 handed;

	spin_lock_irqsave(&list->lock, flags);
	handed = cmd->handed;
	if (WARN_ONCE(handed == CST_HANDED_NOT || handed == CST_HANDED_ANSWERED,
		      "cst: answer to a command that the handler does not have")) {
		spin_unlock_irqrestore(&list->lock, flags);
		return;
	}
	cst_command_set_answer(cmd, answer);
	cmd->handed = CST_HANDED_ANSWERED;
	spin_unlock_irqrestore(&list->lock, flags);
	/* Else cst_command_pends() has it ended, and it may be gone already. */
	if (handed != CST_HANDED_EXECUTES)
		cst_cmd_finish(cmd, CST_OK);
}
EXPORT_SYMBOL_GPL(cst_cmd_answer);

/* parse.c requires at least six bytes, of any value. */
const struct cst_op cst_any_op = {
	CST_CDB(6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
	.name		= "any",
	.dir		= DMA_NONE,
	.flags		= CST_OP_MEDIUM,
	.resv		= CST_RESV_WRITE,	/* core does not know what the command does */
	.parse		= cst_command_parse,
	.execute	= cst_command_execute,
};
EXPORT_SYMBOL_GPL(cst_any_op);
