// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a session: a directory made by an administrator, and a SCSI host while
 * its target is enabled.
 *
 * Core calls in from configfs callbacks, which must not wait for a host or its disks.  So
 * the callbacks only set loop_session.wanted.  loop_session.work adds or removes the
 * host, one run at a time.  loop_target.lock protects loop_session.wanted.
 *
 * Teardown, in the work:
 *  1. scsi_remove_host() removes the disks and drains their queues.  After that no new
 *     command comes, and every old one has been released.
 *  2. The work waits for task management functions.
 *  3. cst_session_unregister(): core forgets the session and unpins the target.
 *  4.  The host's reference to the item of the directory is dropped.  When the directory
 *     is gone, too, the reference of the work is the last one, and frees the session.
 */
#include <linux/slab.h>

#include "loop.h"

#define LOOP_AGAIN	HZ	/* when to try again after a lack of memory */

/*
 * Queue the work, which looks at loop_session.wanted itself.  A queued or running work
 * holds a reference to the item.  The reference dropped here is never the last one: the
 * directory or the host has another.
 */
static void loop_session_kick(struct loop_session *ls)
{
	config_item_get(&ls->sess.obj.group.cg_item);
	if (mod_delayed_work(loop_wq, &ls->work, 0))
		config_item_put(&ls->sess.obj.group.cg_item);
}

static void loop_session_want(struct loop_session *ls, bool wanted)
{
	lockdep_assert_held(&ls->lt->lock);
	ls->wanted = wanted;
	loop_session_kick(ls);
}

/* Return: 0 or an errno; after -ENOMEM it may be tried again. */
static int loop_session_up(struct loop_session *ls)
{
	struct cst_target *target = &ls->lt->tgt;
	const char *name = config_item_name(&ls->sess.obj.group.cg_item);
	int ret;

	/* The number of tags of all queues, as host.c tells the mid-layer. */
	ls->sess.depth = ls->lt->queue_depth * loop_hw_queues();
	ret = cst_session_register(&ls->sess, target, name, false,
				   cst_fabric_session_type(target->ops));
	/*
	 * The target is being disabled, which sets loop_session.wanted, and kicks the
	 * work.
	 */
	if (ret == -ESHUTDOWN)
		return 0;
	if (ret) {
		pr_err("session %s of target %s: %pe\n", name,
		       cst_target_name(target), ERR_PTR(ret));
		return ret;
	}
	ret = loop_host_add(ls);
	if (ret) {
		pr_err("session %s of target %s: no SCSI host: %pe\n", name,
		       cst_target_name(target), ERR_PTR(ret));
		cst_session_unregister(&ls->sess);
		return ret;
	}
	config_item_get(&ls->sess.obj.group.cg_item);
	WRITE_ONCE(ls->host_no, ls->shost->host_no);
	return 0;
}

static void loop_session_down(struct loop_session *ls)
{
	WRITE_ONCE(ls->host_no, -1);
	loop_host_remove(ls);
	cst_session_unregister(&ls->sess);
	config_item_put(&ls->sess.obj.group.cg_item);
}

static void loop_session_work(struct work_struct *work)
{
	struct loop_session *ls = container_of(to_delayed_work(work),
					       struct loop_session, work);
	struct loop_target *lt = ls->lt;
	int ret = 0;
	bool wanted;

	mutex_lock(&lt->lock);
	wanted = ls->wanted;
	mutex_unlock(&lt->lock);

	if (wanted && !ls->shost)
		ret = loop_session_up(ls);
	else if (!wanted && ls->shost)
		loop_session_down(ls);
	if (ls->shost)
		ret = loop_host_sync_luns(ls);
	/* The work that is queued again keeps the reference. */
	if (ret == -ENOMEM &&
	    queue_delayed_work(loop_wq, &ls->work, LOOP_AGAIN))
		return;
	config_item_put(&ls->sess.obj.group.cg_item);
}

int loop_session_enable(struct cst_session *sess)
{
	struct loop_session *ls = to_loop_session(sess);
	struct loop_target *lt = to_loop_target(sess->target);

	ls->lt = lt;
	ls->address = cst_local_address(cst_target_name(&lt->tgt),
					sess->initiator_name);
	ls->host_no = -1;
	INIT_DELAYED_WORK(&ls->work, loop_session_work);

	mutex_lock(&lt->lock);
	list_add_tail(&ls->node, &lt->sessions);
	loop_session_want(ls, lt->open);
	mutex_unlock(&lt->lock);
	return 0;
}

void loop_session_disable(struct cst_session *sess)
{
	struct loop_session *ls = to_loop_session(sess);
	struct loop_target *lt = ls->lt;

	mutex_lock(&lt->lock);
	list_del(&ls->node);
	loop_session_want(ls, false);
	mutex_unlock(&lt->lock);
}

/*
 * The session stays down until the target is enabled again or the directory is made anew.
 */
void loop_session_close(struct cst_session *sess)
{
	struct loop_session *ls = to_loop_session(sess);
	struct loop_target *lt = ls->lt;

	mutex_lock(&lt->lock);
	loop_session_want(ls, false);
	mutex_unlock(&lt->lock);
}

void loop_session_free(struct cst_session *sess)
{
	kfree(to_loop_session(sess));
}

/* Atomic context.  The work finds out what has changed. */
void loop_notify(struct cst_session *sess, enum cst_notice notice)
{
	loop_session_kick(to_loop_session(sess));
}

int loop_target_init(struct cst_target *target)
{
	struct loop_target *lt = to_loop_target(target);

	/*
	 * cst_local_address() makes the address of a session's port of the target's name
	 * and that of the session.  No target is called "loop/", so no port of a session
	 * gets the address of a target's port.
	 */
	lt->address = cst_local_address("loop/", cst_target_name(target));
	mutex_init(&lt->lock);
	INIT_LIST_HEAD(&lt->sessions);
	return 0;
}

static void loop_target_open(struct loop_target *lt, bool open)
{
	struct loop_session *ls;

	mutex_lock(&lt->lock);
	lt->open = open;
	list_for_each_entry(ls, &lt->sessions, node)
		loop_session_want(ls, open);
	mutex_unlock(&lt->lock);
}

int loop_target_enable(struct cst_target *target)
{
	loop_target_open(to_loop_target(target), true);
	return 0;
}

void loop_target_disable(struct cst_target *target)
{
	loop_target_open(to_loop_target(target), false);
}
