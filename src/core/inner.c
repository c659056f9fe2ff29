// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inner commands: those that core itself sends to logical units, on behalf of an initiator's
 * command.  EXTENDED COPY reads and writes by them.
 *
 * The owner calls cst_inner_init() and cst_inner_submit().  The command goes the way of all
 * commands, but ends in cst_inner_ended() where another command is handed to its fabric: the
 * fabric never sees it.  Its buffer is the owner's.  This file has no lock.
 *
 * Lifetime: the command is on the lists of its nexus like any other, so an abort finds it.
 * The nexus cannot end before, because the initiator's command, which waits for this one,
 * is on the same lists.
 */
#include <scsi/scsi_proto.h>

#include "inner.h"

/* No initiator's tag: those of iSCSI and of the mid-layer (loop) have 32 bits. */
#define CST_INNER_TAG	U64_MAX

void cst_inner_init(struct cst_inner *inner, struct cst_itl *itl,
		    void (*done)(struct cst_inner *inner))
{
	struct cst_cmd *cmd = &inner->cmd;

	cst_cmd_init(cmd, itl->sess);
	__set_bit(CST_CMD_INNER, &cmd->flags);
	__set_bit(CST_CMD_FABRIC_BUF, &cmd->flags);
	cmd->tag = CST_INNER_TAG;
	cmd->task_attr = CST_TASK_HEAD_OF_QUEUE;
	memset(cmd->cdb_inline, 0, sizeof(cmd->cdb_inline));
	cmd->itl = itl;
	cmd->dev = itl->dev;
	cmd->type = itl->dev->type;
	cst_lun_encode(itl->lun, cmd->lun);
	/* Before anything else of the device is read: see gate.c. */
	cmd->gate_seq = atomic_long_read_acquire(&itl->dev->gate_seq);
	inner->instead = NULL;
	inner->done = done;
}

bool cst_inner_submit(struct cst_inner *inner)
{
	struct cst_cmd *cmd = &inner->cmd;
	bool mapped;

	rcu_read_lock();
	mapped = percpu_ref_tryget_live(&cmd->itl->ref);
	rcu_read_unlock();
	if (mapped)
		cst_cmd_submit_found(cmd);
	return mapped;
}

void cst_inner_ended(struct cst_cmd *cmd, bool aborted)
{
	struct cst_inner *inner = container_of(cmd, struct cst_inner, cmd);

	if (aborted)
		cmd->status = SAM_STAT_TASK_ABORTED;
	else
		WRITE_ONCE(cmd->answered, true);
	cst_cmd_release(cmd);
	inner->done(inner);
}
