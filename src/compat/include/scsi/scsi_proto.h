/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_SCSI_SCSI_PROTO_H
#define _CST_COMPAT_SCSI_SCSI_PROTO_H

#include_next <scsi/scsi_proto.h>
#include <linux/version.h>

/* In 7.2 these names have a length; in 6.1 they have none. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 2, 0) && !defined(RESERVE_6)
#define RESERVE_6		0x16
#define RELEASE_6		0x17
#endif

#endif /* _CST_COMPAT_SCSI_SCSI_PROTO_H */
