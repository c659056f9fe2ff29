/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Force-included into every file: what older kernels lack.  Each shim names the
 * kernel that made it needed.  Version conditionals live in this folder alone.
 */
#ifndef _CST_COMPAT_H
#define _CST_COMPAT_H

#include <linux/version.h>

/* Since 6.17 a workqueue says which it is; before, per CPU was the default. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define WQ_PERCPU	0
#endif

#endif /* _CST_COMPAT_H */
