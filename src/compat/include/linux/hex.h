/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before 6.4 this was a part of <linux/kernel.h>, which does not include it any more since 7.0
 * (24c776355f40).
 */
#ifndef _CST_COMPAT_LINUX_HEX_H
#define _CST_COMPAT_LINUX_HEX_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#include <linux/kernel.h>
#else
#include_next <linux/hex.h>
#endif

#endif /* _CST_COMPAT_LINUX_HEX_H */
