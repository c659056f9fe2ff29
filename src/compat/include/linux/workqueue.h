/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_WORKQUEUE_H
#define _CST_COMPAT_LINUX_WORKQUEUE_H

#include_next <linux/workqueue.h>
#include <linux/version.h>

/*
 * Since 6.17 (930c2ea566af, 128ea9f6ccfb) a flag says that a work queue is per CPU.  Before,
 * that was the default.  Some older stable kernels have these names, too; the definitions
 * here hide them.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define WQ_PERCPU		0
#define system_percpu_wq	system_wq
#endif

#endif /* _CST_COMPAT_LINUX_WORKQUEUE_H */
