/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_SCHED_ISOLATION_H
#define _CST_COMPAT_LINUX_SCHED_ISOLATION_H

#include_next <linux/sched/isolation.h>
#include <linux/version.h>

/* Since 5.18 (04d4e665a609) housekeeping_cpumask() takes a type instead of a flag. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
#define HK_TYPE_DOMAIN		HK_FLAG_DOMAIN
#endif

#endif /* _CST_COMPAT_LINUX_SCHED_ISOLATION_H */
