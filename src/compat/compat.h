/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Force-included into every file: what older kernels lack.  Each shim names the
 * kernel that made it needed.  Version conditionals live in this folder alone.
 */
#ifndef _CST_COMPAT_H
#define _CST_COMPAT_H

#include <linux/version.h>

#endif /* _CST_COMPAT_H */
