/* SPDX-License-Identifier: GPL-2.0-only */
/* From a LUN on the wire to the I_T_L nexus, and the lengths of a command. */
#ifndef _CST_LUN_H
#define _CST_LUN_H

#include "core.h"

/*
 * Set cmd->itl, referenced, and cmd->dev; both NULL when this nexus has no such
 * LUN.
 */
static inline void cst_cmd_lun_get(struct cst_cmd *cmd)
{
	struct cst_itl *itl;
	u32 lun;

	cmd->itl = NULL;
	cmd->dev = NULL;
	if (unlikely(cst_lun_decode(cmd->lun, &lun)))
		return;

	rcu_read_lock();
	itl = xa_load(&cmd->sess->itls, lun);
	if (likely(itl && percpu_ref_tryget_live(&itl->ref))) {
		cmd->itl = itl;
		/* The session's list has it already: see cst_tmf_match(). */
		WRITE_ONCE(cmd->dev, itl->dev);
	}
	rcu_read_unlock();
}

#endif /* _CST_LUN_H */
