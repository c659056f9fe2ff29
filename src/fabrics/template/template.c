// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fabric to copy from, as small as a working one can be.  It has an attribute in place
 * of a wire: writing a LUN to sessions/<name>/test_unit_ready sends that command, and
 * `status` shows how it ended.
 *
 * Core calls in through template_ops.  It calls the operations for configuration from
 * configfs callbacks, which must not wait, and those of the data path from any context.
 * template_session.work does what has to wait.  template_session.lock protects
 * template_session.wanted.
 *
 * Teardown, in the work:
 *  1. @wanted is false, so no new command is sent.
 *  2. The work waits for the command that is under way.
 *  3. Core forgets the session.
 *  4. The last reference to the item of the directory frees the session.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <scsi/scsi_proto.h>

#include <cst/fabric.h>

#define TEMPLATE_NO_STATUS	0xff

/* Core's part must be first.  A fabric puts its portals, limits ... here. */
struct template_target {
	struct cst_target	tgt;
	u64			address;	/* address of the target port */
};

/**
 * struct template_session - an I_T nexus
 * @sess: core's part; must be first
 * @lock: protects @wanted and @busy
 * @wanted: the session should be registered
 * @busy: @cmd is under way
 * @up: the session is registered; only @work changes it
 * @work: registers or unregisters the session as @wanted says
 * @idle: woken when @busy becomes false
 * @cmd: the pool of commands; a real fabric has one for each slot of its queue
 * @status: SCSI status of the last command
 * @address: address of the initiator port
 */
struct template_session {
	struct cst_session	sess;
	spinlock_t		lock;		/* see above */
	bool			wanted;
	bool			busy;
	bool			up;
	struct work_struct	work;
	wait_queue_head_t	idle;
	struct cst_cmd		cmd;
	u8			status;
	u64			address;
};

static struct workqueue_struct *template_wq;

static inline struct template_session *to_template_session(struct cst_session *sess)
{
	return container_of(sess, struct template_session, sess);
}

/* Data path */

/*
 * Take @cmd.  Return: false if it is under way, or the session is not up or going down.
 */
static bool template_cmd_get(struct template_session *ts)
{
	unsigned long flags;
	bool got;

	spin_lock_irqsave(&ts->lock, flags);
	got = ts->wanted && ts->up && !ts->busy;
	if (got)
		ts->busy = true;
	spin_unlock_irqrestore(&ts->lock, flags);
	return got;
}

static void template_cmd_put(struct template_session *ts)
{
	unsigned long flags;

	spin_lock_irqsave(&ts->lock, flags);
	ts->busy = false;
	/*
	 * Wake under the lock: the session may be freed as soon as the lock is released.
	 */
	wake_up_all(&ts->idle);
	spin_unlock_irqrestore(&ts->lock, flags);
}

/* Receive a command: fill in what has come from the wire, and submit. */
static int template_test_unit_ready(struct cst_object *obj, union cst_attr_value val)
{
	struct cst_session *sess = container_of(obj, struct cst_session, obj);
	struct template_session *ts = to_template_session(sess);
	struct cst_cmd *cmd = &ts->cmd;

	if (!template_cmd_get(ts)) {
		cst_config_error(&obj->group.cg_item, "test_unit_ready",
				 "a command is under way, or the target is not enabled");
		return -EBUSY;
	}
	cst_cmd_init(cmd, sess);
	cmd->tag = 1;
	memset(cmd->lun, 0, sizeof(cmd->lun));
	cmd->lun[1] = val.num;
	memset(cmd->cdb_inline, 0, sizeof(cmd->cdb_inline));
	cmd->cdb_inline[0] = TEST_UNIT_READY;
	cmd->cdb_len = 6;
	/* This is process context, and no lock is held that the data path needs. */
	__set_bit(CST_CMD_MAY_SLEEP, &cmd->flags);
	cst_cmd_submit(cmd);
	return 0;
}

/*
 * Fetch cmd->data_len bytes of data-out into cmd->bvec, then call
 * cst_cmd_data_received(); or cst_cmd_data_failed() if the data will not come.  Core
 * calls this in any context up to softirq, from within cst_cmd_submit() or later.  Here
 * no command has data-out, so there is nothing to fetch.
 */
static void template_get_data(struct cst_cmd *cmd)
{
	cst_cmd_data_failed(cmd, CST_SENSE(DATA_PHASE_ERROR));
}

/*
 * Send cmd->data_len bytes of data-in, if any, and the status with cmd->sense.  Then
 * release the command.  The fabric may reuse the command's memory after that, not
 * before.  Core calls this in any context, also in hard interrupts.
 */
static void template_send_response(struct cst_cmd *cmd)
{
	struct template_session *ts = to_template_session(cmd->sess);

	WRITE_ONCE(ts->status, cmd->status);
	cst_cmd_release(cmd);
	template_cmd_put(ts);
}

/* Release a command that was aborted.  The initiator is told nothing.  Any context. */
static void template_drop(struct cst_cmd *cmd)
{
	struct template_session *ts = to_template_session(cmd->sess);

	cst_cmd_release(cmd);
	template_cmd_put(ts);
}

/*
 * tmf->response is the answer to a function that the fabric gave to cst_tmf_submit().
 * The fabric may reuse the memory of the function.  Core calls this from a worker; it
 * must not sleep.  No initiator of this fabric sends task management functions.
 */
static void template_tmf_done(struct cst_tmf *tmf)
{
}

/* Identity.  Core asks in any context, so the answers are prepared before. */

static void template_target_port(const struct cst_target *target, struct cst_port *port)
{
	port->address = container_of(target, struct template_target, tgt)->address;
}

static void template_initiator_port(const struct cst_session *sess, struct cst_port *port)
{
	port->address = container_of(sess, struct template_session, sess)->address;
}

/* A fabric whose ports have names or addresses of their own uses those instead. */
static int template_target_init(struct cst_target *target)
{
	struct template_target *tt = container_of(target, struct template_target, tgt);

	tt->address = cst_local_address("template/", cst_target_name(target));
	return 0;
}

/* Sessions */

static void template_session_up(struct template_session *ts)
{
	struct cst_session *sess = &ts->sess;
	unsigned long flags;
	int ret;

	/* The number of commands in the pool. */
	sess->depth = 1;
	/*
	 * This takes target->obj.lock, so it must not be called from a configfs callback.
	 */
	ret = cst_session_register(sess, sess->target, sess->initiator_name, false,
				   cst_fabric_session_type(sess->ops));
	if (ret) {
		pr_err("session %s: %pe\n", sess->initiator_name, ERR_PTR(ret));
		return;
	}
	config_item_get(&sess->obj.group.cg_item);
	spin_lock_irqsave(&ts->lock, flags);
	ts->up = true;
	spin_unlock_irqrestore(&ts->lock, flags);
}

static bool template_session_is_idle(struct template_session *ts)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&ts->lock, flags);
	idle = !ts->busy;
	spin_unlock_irqrestore(&ts->lock, flags);
	return idle;
}

static void template_session_down(struct template_session *ts)
{
	cst_session_abort_all(&ts->sess);
	wait_event(ts->idle, template_session_is_idle(ts));
	ts->up = false;
	cst_session_unregister(&ts->sess);
	config_item_put(&ts->sess.obj.group.cg_item);
}

static void template_session_work(struct work_struct *work)
{
	struct template_session *ts = container_of(work, struct template_session,
						   work);
	unsigned long flags;
	bool wanted;

	spin_lock_irqsave(&ts->lock, flags);
	wanted = ts->wanted;
	spin_unlock_irqrestore(&ts->lock, flags);

	if (wanted && !ts->up)
		template_session_up(ts);
	else if (!wanted && ts->up)
		template_session_down(ts);
	config_item_put(&ts->sess.obj.group.cg_item);
}

/*
 * Set @wanted, and queue the work.  A queued or running work holds a reference to the
 * item.  The reference dropped here is never the last one: the directory or the
 * registered session has another.
 */
static void template_session_want(struct template_session *ts, bool wanted)
{
	unsigned long flags;

	spin_lock_irqsave(&ts->lock, flags);
	ts->wanted = wanted;
	spin_unlock_irqrestore(&ts->lock, flags);
	config_item_get(&ts->sess.obj.group.cg_item);
	if (!queue_work(template_wq, &ts->work))
		config_item_put(&ts->sess.obj.group.cg_item);
}

/*
 * Core calls this from mkdir.  A fabric whose initiators log in has no session_size and
 * no such operation.  The loop fabric shows how sessions can come and go with their
 * target.
 */
static int template_session_enable(struct cst_session *sess)
{
	struct template_session *ts = to_template_session(sess);

	if (!READ_ONCE(sess->target->obj.enabled)) {
		cst_config_error(&sess->target->obj.group.cg_item, sess->initiator_name,
				 "the target is not enabled");
		return -ESHUTDOWN;
	}
	spin_lock_init(&ts->lock);
	init_waitqueue_head(&ts->idle);
	INIT_WORK(&ts->work, template_session_work);
	ts->status = TEMPLATE_NO_STATUS;
	ts->address = cst_local_address(cst_target_name(sess->target),
					sess->initiator_name);
	template_session_want(ts, true);
	return 0;
}

/* Core calls this from rmdir. */
static void template_session_disable(struct cst_session *sess)
{
	template_session_want(to_template_session(sess), false);
}

/* Start to close the session.  Core may hold target->obj.lock, so this must not wait. */
static void template_session_close(struct cst_session *sess)
{
	template_session_want(to_template_session(sess), false);
}

/* The last reference to the item of the directory is gone. */
static void template_session_free(struct cst_session *sess)
{
	kfree(to_template_session(sess));
}

/*
 * Stop listening.  Core does not hold target->obj.lock, and refuses new sessions already.
 * It closes the registered sessions itself, and waits for them.
 */
static void template_target_disable(struct cst_target *target)
{
}

/* Attributes */

CST_ATTR(template, test_unit_ready, 0200,
	 .type = CST_ATTR_UINT, .max = 255, .apply = template_test_unit_ready,
	 .help = "Sends TEST UNIT READY to the LUN written.");

static ssize_t template_status_show(struct cst_object *obj, char *page)
{
	struct cst_session *sess = container_of(obj, struct cst_session, obj);

	return sysfs_emit(page, "%u\n",
			  READ_ONCE(to_template_session(sess)->status));
}

CST_ATTR(template, status, 0444,
	 .type = CST_ATTR_UINT, .max = 255, .show = template_status_show,
	 .help = "SCSI status of the last command; 255 before the first.");

static const struct cst_attr *const template_session_attrs[] = {
	&template_attr_test_unit_ready,
	&template_attr_status,
	NULL
};

static struct cst_object template_object;

static const struct cst_fabric_ops template_ops = {
	.owner			= THIS_MODULE,
	.name			= "template",
	.protocol_id		= CST_PROTOCOL_SAS,
	.limits.max_cdb		= CST_CDB_INLINE,
	.target_size		= sizeof(struct template_target),
	.session_size		= sizeof(struct template_session),
	.fabric_obj		= &template_object,
	.session_attrs		= template_session_attrs,

	.target_port		= template_target_port,
	.initiator_port		= template_initiator_port,

	.target_init		= template_target_init,
	.target_disable		= template_target_disable,
	.session_enable		= template_session_enable,
	.session_disable	= template_session_disable,
	.session_close		= template_session_close,
	.session_free		= template_session_free,

	.get_data		= template_get_data,
	.send_response		= template_send_response,
	.drop			= template_drop,
	.tmf_done		= template_tmf_done,
};

static int __init template_init(void)
{
	int ret;

	template_wq = alloc_workqueue("cst_template", WQ_UNBOUND, 0);
	if (!template_wq)
		return -ENOMEM;
	ret = cst_fabric_register(&template_ops);
	if (ret)
		destroy_workqueue(template_wq);
	return ret;
}

/* No target is left.  The last work of a session may still be running: wait for it. */
static void __exit template_exit(void)
{
	flush_workqueue(template_wq);
	cst_fabric_unregister(&template_ops);
	destroy_workqueue(template_wq);
}

module_init(template_init);
module_exit(template_exit);

MODULE_DESCRIPTION("ConfigFS SCSI Target fabric to copy from");
MODULE_LICENSE("GPL");
MODULE_VERSION(CST_VERSION);
