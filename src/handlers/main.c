// SPDX-License-Identifier: GPL-2.0-only
/*
 * cst_vdisk.ko: virtual disks.  This file registers the handlers with core; each handler
 * is a file of its own.
 */
#include "vdisk.h"

static int __init vdisk_init(void)
{
	int ret;

	ret = cst_handler_register(&vdisk_fileio_ops);
	if (ret)
		return ret;
	ret = cst_handler_register(&vdisk_nullio_ops);
	if (ret)
		goto unregister_fileio;
	return 0;

unregister_fileio:
	cst_handler_unregister(&vdisk_fileio_ops);
	return ret;
}

static void __exit vdisk_exit(void)
{
	cst_handler_unregister(&vdisk_nullio_ops);
	cst_handler_unregister(&vdisk_fileio_ops);
}

module_init(vdisk_init);
module_exit(vdisk_exit);

MODULE_DESCRIPTION("ConfigFS SCSI Target virtual disks");
MODULE_LICENSE("GPL");
/* targetctl loads the module of a handler by this alias: cst-handler-<handler>. */
MODULE_ALIAS("cst-handler-vdisk_fileio");
MODULE_ALIAS("cst-handler-vdisk_nullio");
MODULE_VERSION(CST_VERSION);
