/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_SCSI_CMND_H
#define _CST_COMPAT_SCSI_CMND_H

#include_next <scsi/scsi_cmnd.h>
#include <linux/version.h>

/* The kernel has scsi_cmd_to_rq() since 5.15. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 15, 0)
#define scsi_cmd_to_rq(_scmd)	((_scmd)->request)
#endif

/*
 * The kernel has scsi_done_direct() since 5.18 (b84b6ec0f976).  Before, a completion goes
 * through a softirq.  Before 5.16 the mid-layer puts the function into each command.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
static inline void cst_scsi_done(struct scsi_cmnd *scmd)
{
	scmd->scsi_done(scmd);
}

#define scsi_done_direct(_scmd)	cst_scsi_done(_scmd)
#define scsi_done(_scmd)	cst_scsi_done(_scmd)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
#define scsi_done_direct(_scmd)	scsi_done(_scmd)
#endif

#endif /* _CST_COMPAT_SCSI_CMND_H */
