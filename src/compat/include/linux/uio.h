/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_UIO_H
#define _CST_COMPAT_LINUX_UIO_H

#include_next <linux/uio.h>

/* Since 6.2; some stable kernels before it have them too. */
#ifndef ITER_SOURCE
#define ITER_SOURCE	WRITE
#define ITER_DEST	READ
#endif

#endif /* _CST_COMPAT_LINUX_UIO_H */
