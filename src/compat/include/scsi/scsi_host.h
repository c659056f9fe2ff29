/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_SCSI_HOST_H
#define _CST_COMPAT_SCSI_HOST_H

#include_next <scsi/scsi_host.h>
#include <linux/blk-mq.h>
#include <linux/version.h>

/* The type that queuecommand answers: int, and a type of its own since 7.0. */
typedef typeof(((struct scsi_host_template *)NULL)->queuecommand(NULL, NULL))
	cst_qc_status_t;

/*
 * Since 6.5 a host template may say that queuecommand sleeps.  Before 6.2 cst sets the same
 * flag of blk-mq itself once the tag set exists, without the mid-layer's knowledge.  The flag
 * takes effect for devices that are added afterwards.  Only scsi_host_block() does not work
 * with it, and nothing calls that for a host of cst.  From 6.2 to 6.4 the flag must be set
 * when the tag set is made, because the tag set then allocates what the flag needs
 * (80bd4a7aab4c).  So queuecommand may not sleep on these kernels.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define CST_QUEUECOMMAND_MAY_BLOCK
#else
#define CST_QUEUECOMMAND_MAY_BLOCK	.queuecommand_may_block = true,
#endif

static inline void cst_shost_set_may_block(struct Scsi_Host *shost)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	shost->tag_set.flags |= BLK_MQ_F_BLOCKING;
#endif
}

/* Since 6.6, and in some older stable kernels, scsi_rescan_device() takes the SCSI device. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define scsi_rescan_device(_sdev)					\
	scsi_rescan_device(__builtin_choose_expr(			\
		__builtin_types_compatible_p(typeof(&scsi_rescan_device), \
					     void (*)(struct device *)), \
		(void *)&(_sdev)->sdev_gendev, (void *)(_sdev)))
#endif

/* Before 6.0 an iterator also had an argument that says whether the command is reserved. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)
#define CST_BUSY_ITER_ARGS(_sc, _data)					\
	struct scsi_cmnd *_sc, void *_data, bool cst_reserved
#else
#define CST_BUSY_ITER_ARGS(_sc, _data)	struct scsi_cmnd *_sc, void *_data
#endif

/* Since 6.10 (5b7dfbeff92a) the host has the alignment of memory; before, each disk. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
static inline int cst_slave_configure(struct scsi_device *sdev)
{
	blk_queue_update_dma_alignment(sdev->request_queue, SECTOR_SIZE - 1);
	return 0;
}

#define CST_DMA_OF_SECTORS	.slave_configure = cst_slave_configure,
#else
#define CST_DMA_OF_SECTORS	.dma_alignment = SECTOR_SIZE - 1,
#endif

#endif /* _CST_COMPAT_SCSI_HOST_H */
