// SPDX-License-Identifier: GPL-2.0-only
/*
 * cst_loop.ko: exports logical units to this very machine.  Only the module's
 * life is here.
 *
 * Exit: no directory of the fabric is left, or the module would be in use; but the
 * work that took the last ones down may still be at its end, so it is waited for
 * first.
 */
#include <linux/module.h>

#include "loop.h"

struct workqueue_struct *loop_wq;

static int __init loop_init(void)
{
	int ret;

	/* Its work scans for disks, which waits for I/O: not for reclaim. */
	loop_wq = alloc_workqueue("cst_loop", WQ_UNBOUND, 0);
	if (!loop_wq)
		return -ENOMEM;
	ret = loop_host_init();
	if (ret)
		goto destroy_wq;
	ret = cst_fabric_register(&loop_fabric_ops);
	if (ret)
		goto exit_host;
	return 0;

exit_host:
	loop_host_exit();
destroy_wq:
	destroy_workqueue(loop_wq);
	return ret;
}

static void __exit loop_exit(void)
{
	flush_workqueue(loop_wq);
	cst_fabric_unregister(&loop_fabric_ops);
	loop_host_exit();
	destroy_workqueue(loop_wq);
}

module_init(loop_init);
module_exit(loop_exit);

MODULE_DESCRIPTION("ConfigFS SCSI Target fabric: this machine itself");
MODULE_LICENSE("GPL");
MODULE_ALIAS("cst-fabric-loop");
MODULE_VERSION(CST_VERSION);
