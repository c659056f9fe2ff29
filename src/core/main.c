// SPDX-License-Identifier: GPL-2.0-only
/*
 * cst.ko: module init and exit.  Everything that handlers and fabrics need exists before the
 * first of them registers.
 */
#include <linux/module.h>
#include <linux/workqueue.h>

#include "core.h"

struct workqueue_struct *cst_wq;
struct workqueue_struct *cst_tmf_wq;
struct workqueue_struct *cst_linger_wq;

static int __init cst_init(void)
{
	int ret = cst_types_init();

	if (ret)
		return ret;
	ret = -ENOMEM;
	cst_wq = alloc_workqueue("cst", WQ_MEM_RECLAIM | WQ_PERCPU, 0);
	if (!cst_wq)
		return ret;
	cst_tmf_wq = alloc_workqueue("cst_tmf", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!cst_tmf_wq)
		goto destroy_wq;
	/* No rescuer: it would run the items one after the other, and each may wait. */
	cst_linger_wq = alloc_workqueue("cst_linger", WQ_UNBOUND, 0);
	if (!cst_linger_wq)
		goto destroy_tmf_wq;
	ret = cst_worker_init();
	if (ret)
		goto destroy_linger_wq;
	ret = cst_buffer_init();
	if (ret)
		goto exit_worker;
	cst_data_out_init();
	ret = cst_events_init();
	if (ret)
		goto exit_buffer;
	ret = cst_cfs_init();
	if (ret)
		goto exit_events;
	return 0;

exit_events:
	cst_events_exit();
exit_buffer:
	cst_buffer_leave_shrinker();
	cst_buffer_exit();
exit_worker:
	cst_worker_exit();
destroy_linger_wq:
	destroy_workqueue(cst_linger_wq);
destroy_tmf_wq:
	destroy_workqueue(cst_tmf_wq);
destroy_wq:
	destroy_workqueue(cst_wq);
	return ret;
}

static void __exit cst_exit(void)
{
	cst_cfs_exit();
	cst_events_exit();
	cst_worker_exit();
	cst_data_out_exit();
	cst_buffer_leave_shrinker();
	/* Work of a queue may drop a last reference, and a later queue then does the rest. */
	destroy_workqueue(cst_linger_wq);
	destroy_workqueue(cst_tmf_wq);
	destroy_workqueue(cst_wq);
	/* No rcu_barrier(): I_T_L nexuses are freed by kfree_rcu(), which is kernel code. */
	cst_buffer_exit();
}

module_init(cst_init);
module_exit(cst_exit);

MODULE_DESCRIPTION("ConfigFS SCSI Target core");
MODULE_LICENSE("GPL");
MODULE_VERSION(CST_VERSION);
