/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_UIO_H
#define _CST_COMPAT_LINUX_UIO_H

#include_next <linux/uio.h>
#include <linux/version.h>

/* The kernel has these names since 6.2 (de4eda9de2d9); some older stable kernels do, too. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0) && !defined(ITER_SOURCE)
#define ITER_SOURCE	WRITE
#define ITER_DEST	READ
#endif

#endif /* _CST_COMPAT_LINUX_UIO_H */
