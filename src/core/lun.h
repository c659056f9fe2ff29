/* SPDX-License-Identifier: GPL-2.0-only */
/* From a LUN on the wire to the I_T_L nexus of a command. */
#ifndef _CST_LUN_H
#define _CST_LUN_H

#include "core.h"

/*
 * Set cmd->itl, with a reference, cmd->dev and cmd->type.  The first two are NULL when the
 * session has no such LUN, and for a well-known logical unit, which has no device.
 */
static inline void cst_cmd_lun_get(struct cst_cmd *cmd)
{
	struct cst_itl *itl, *gone = NULL;
	u32 lun;

	cmd->itl = NULL;
	cmd->dev = NULL;
	cmd->type = &cst_no_lun_type;
	if (unlikely(cst_lun_decode(cmd->lun, &lun))) {
		if (cst_lun_is_report_luns(cmd->lun))
			cmd->type = &cst_report_luns_type;
		return;
	}

	rcu_read_lock();
	for (;;) {
		itl = xa_load(&cmd->sess->itls, lun);
		if (unlikely(!itl || itl == gone))
			break;
		/*
		 * Read gate_seq before anything else of the nexus and of the device: see
		 * gate.c.  The device outlives this section, because the reference that the
		 * nexus has is dropped a grace period after itl->ref was killed.
		 */
		cmd->gate_seq = atomic_long_read_acquire(&itl->dev->gate_seq);
		if (likely(percpu_ref_tryget_live(&itl->ref))) {
			cmd->itl = itl;
			cmd->dev = itl->dev;
			cmd->type = itl->dev->type;
			break;
		}
		gone = itl;
		/* A successor, if there is one, was stored before this nexus was killed. */
		smp_rmb();
	}
	rcu_read_unlock();
}

#endif /* _CST_LUN_H */
