/* SPDX-License-Identifier: GPL-2.0-only */
/* Before 6.12 (5f60d5f6bbc1) this header was <asm/unaligned.h>. */
#ifndef _CST_COMPAT_LINUX_UNALIGNED_H
#define _CST_COMPAT_LINUX_UNALIGNED_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include_next <linux/unaligned.h>
#endif

#endif /* _CST_COMPAT_LINUX_UNALIGNED_H */
