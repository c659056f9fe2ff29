// SPDX-License-Identifier: GPL-2.0-only
/*
 * cst_vdisk.ko: virtual disks.  This file registers the handlers with core; each handler
 * is a file of its own.
 */
#include "backing.h"
#include "vdisk.h"

static const struct cst_handler_ops *const vdisk_handlers[] = {
	&vdisk_blockio_ops,
	&vdisk_fileio_ops,
	&vdisk_nullio_ops,
};

static void vdisk_unregister(unsigned int nr)
{
	while (nr)
		cst_handler_unregister(vdisk_handlers[--nr]);
}

static int __init vdisk_init(void)
{
	unsigned int i;
	int ret;

	ret = vdisk_backing_init();
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(vdisk_handlers); i++) {
		ret = cst_handler_register(vdisk_handlers[i]);
		if (ret) {
			vdisk_unregister(i);
			vdisk_backing_exit();
			return ret;
		}
	}
	return 0;
}

static void __exit vdisk_exit(void)
{
	vdisk_unregister(ARRAY_SIZE(vdisk_handlers));
	vdisk_backing_exit();
}

module_init(vdisk_init);
module_exit(vdisk_exit);

MODULE_DESCRIPTION("ConfigFS SCSI Target virtual disks");
MODULE_LICENSE("GPL");
/* targetctl loads the module of a handler by this alias: cst-handler-<handler>. */
MODULE_ALIAS("cst-handler-vdisk_blockio");
MODULE_ALIAS("cst-handler-vdisk_fileio");
MODULE_ALIAS("cst-handler-vdisk_nullio");
MODULE_VERSION(CST_VERSION);
