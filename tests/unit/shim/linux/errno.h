/* SPDX-License-Identifier: GPL-2.0-only */
/* The C library takes its errno values from this header. */
#include_next <linux/errno.h>
