/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_HIGHMEM_H
#define _CST_COMPAT_LINUX_HIGHMEM_H

#include_next <linux/highmem.h>
#include <linux/version.h>

/*
 * The kernel has kmap_local_page() since 5.11 (f3ba3c710ac5), 5.10 has it with -rt patches.
 * With this substitute the code between mapping and unmapping must not sleep.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0) && !defined(kunmap_local)
#define kmap_local_page(_page)	kmap_atomic(_page)
#define kunmap_local(_addr)	kunmap_atomic(_addr)
#endif

/* The kernel has memzero_page() since 5.13 (28961998f858). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0)
#define memzero_page(_page, _offset, _len)	zero_user(_page, _offset, _len)
#endif

#endif /* _CST_COMPAT_LINUX_HIGHMEM_H */
