/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_NET_GENETLINK_H
#define _CST_COMPAT_NET_GENETLINK_H

#include_next <net/genetlink.h>
#include <linux/version.h>

/* The attributes of a dump request; since 6.6 (7288dd2fd488) in a struct genl_info. */
static inline struct nlattr **cst_genl_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_info_dump(cb)->attrs;
#endif
}

#endif /* _CST_COMPAT_NET_GENETLINK_H */
