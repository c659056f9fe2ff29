// SPDX-License-Identifier: GPL-2.0-only
/*
 * cst_loop.ko: exports logical units to this very machine.  This file only has the
 * initialisation and exit of the module.
 *
 * When the module exits, no directory of the fabric is left, because a directory keeps
 * the module in use.  The work that took down the last session may still be running, so
 * the exit waits for it first.
 */
#include <linux/module.h>

#include "loop.h"

struct workqueue_struct *loop_wq;

static int __init loop_init(void)
{
	int ret;

	/*
	 * No WQ_MEM_RECLAIM: the work scans for disks, which waits for I/O.  Reclaim does
	 * not depend on this work.
	 */
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
