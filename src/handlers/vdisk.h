/* SPDX-License-Identifier: GPL-2.0-only */
/* The handlers of cst_vdisk.ko, which main.c registers. */
#ifndef _CST_VDISK_H
#define _CST_VDISK_H

#include <cst/handler.h>

/* blockio.c */
extern const struct cst_handler_ops vdisk_blockio_ops;

/* fileio.c */
extern const struct cst_handler_ops vdisk_fileio_ops;

/* nullio.c */
extern const struct cst_handler_ops vdisk_nullio_ops;

#endif /* _CST_VDISK_H */
