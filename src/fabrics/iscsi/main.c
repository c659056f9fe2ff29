// SPDX-License-Identifier: GPL-2.0-only
/*
 * cst_iscsi.ko: the iSCSI target's full feature phase (RFC 7143, error recovery
 * level 0, one connection per session).  The daemon cst-iscsid listens, and does login
 * and discovery.
 *
 * Core calls in through cit_ops, TCP through the callbacks of conn.c, the daemon through
 * genl.c.  This file owns the work queues and nothing else.
 */
#include <linux/module.h>

#include "cit.h"

struct cit_fabric cit_fabric;
struct workqueue_struct *cit_io_wq;
struct workqueue_struct *cit_close_wq;

static int cit_target_enable(struct cst_target *target)
{
	cit_config_notify();
	return 0;
}

/*
 * Core closes the sessions that are registered.  It does not know logins that still wait
 * to be registered, so these are cancelled here.
 */
static void cit_target_disable(struct cst_target *target)
{
	cit_config_notify();
	cit_session_cancel_logins(to_cit_target(target));
}

/* The initiator and target ports of RFC 7143 4.4.1 */
static void cit_target_port(const struct cst_target *target, struct cst_port *port)
{
	strscpy(port->name, cst_target_name(target), sizeof(port->name));
	port->tpgt = CIT_TPGT;
}

static void cit_initiator_port(const struct cst_session *sess, struct cst_port *port)
{
	const struct cit_session *cs = container_of(sess, struct cit_session, sess);

	strscpy(port->name, cs->initiator, sizeof(port->name));
	memcpy(port->isid, cs->isid, sizeof(port->isid));
	port->has_isid = true;
}

/*
 * There is no operation notify.  Core would tell of unit attentions.  RFC 7143 11.9.1
 * lets an Async Message report these only if INQUIRY data has a certain bit, which no
 * longer exists since SPC-3.
 */
const struct cst_fabric_ops cit_ops = {
	.owner			= THIS_MODULE,
	.name			= "iscsi",
	.protocol_id		= CST_PROTOCOL_ISCSI,
	.limits.max_cdb		= CIT_CDB_MAX,
	.target_size		= sizeof(struct cit_target),
	.fabric_attrs		= cit_fabric_attrs,
	.fabric_obj		= &cit_fabric.obj,
	.session_attrs		= cit_session_attrs,

	.target_port		= cit_target_port,
	.initiator_port		= cit_initiator_port,

	.target_check_name	= cit_target_check_name,
	.target_init		= cit_target_init,
	.target_enable		= cit_target_enable,
	.target_disable		= cit_target_disable,

	.session_dir_init	= cit_session_dir_init,
	.session_close		= cit_session_close,
	.session_shown		= cit_session_shown,
	.session_free		= cit_session_free,

	.get_data		= cit_scsi_get_data,
	.abort_data		= cit_scsi_abort_data,
	.send_response		= cit_scsi_send_response,
	.drop			= cit_scsi_drop,
	.tmf_done		= cit_tmf_done,
};

static int __init cit_init(void)
{
	int ret = -ENOMEM;

	cit_io_wq = alloc_workqueue("cst_iscsi_io",
				    WQ_PERCPU | WQ_MEM_RECLAIM, 0);
	if (!cit_io_wq)
		return ret;
	/*
	 * The works of this queue allocate memory, and wait for locks and grace periods.
	 * So the queue has no rescuer (WQ_MEM_RECLAIM), which would run the works one
	 * after the other.  No work waits for a backing, for a peer or for another work.
	 */
	cit_close_wq = alloc_workqueue("cst_iscsi_close", WQ_UNBOUND, 0);
	if (!cit_close_wq)
		goto destroy_io;
	ret = cit_cfs_init();
	if (ret)
		goto destroy_close;
	ret = cst_fabric_register(&cit_ops);
	if (ret)
		goto exit_cfs;
	ret = cit_genl_init();
	if (ret)
		goto unregister;
	return 0;

unregister:
	cst_fabric_unregister(&cit_ops);
exit_cfs:
	cit_cfs_exit();
destroy_close:
	destroy_workqueue(cit_close_wq);
destroy_io:
	destroy_workqueue(cit_io_wq);
	return ret;
}

/*
 * No target exists and no attribute is open, because each of them would pin the module.
 * The last steps of a session's end may still be running, with a reference to the target:
 * flush_workqueue() waits for them.
 */
static void __exit cit_exit(void)
{
	cit_genl_exit();
	flush_workqueue(cit_close_wq);
	cst_fabric_unregister(&cit_ops);
	destroy_workqueue(cit_close_wq);
	destroy_workqueue(cit_io_wq);
	cit_cfs_exit();
}

module_init(cit_init);
module_exit(cit_exit);

MODULE_DESCRIPTION("cst iSCSI target");
MODULE_LICENSE("GPL");
MODULE_ALIAS("cst-fabric-iscsi");
MODULE_VERSION(CST_VERSION);
MODULE_SOFTDEP("pre: crc32c");
