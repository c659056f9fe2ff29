// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a session: a directory made by an administrator, and a SCSI host while
 * its target is enabled.
 *
 * Core calls in from configfs callbacks, where neither a host nor its disks may be
 * waited for; so the callbacks only say what is wanted, and loop_session.work
 * brings it about, one run at a time.  loop_target.lock protects the wishes.
 *
 * Teardown, in the work:
 *  1. scsi_remove_host() removes the disks and drains their queues: no new
 *     command, and every old one has been released;
 *  2. task management functions are waited for;
 *  3. cst_session_unregister(): core forgets the session and unpins the target;
 *  4. the host's reference to the directory's item is dropped; when the directory
 *     is gone too, that of the work is the last and frees the session.
 */
#include <linux/slab.h>

#include "loop.h"

#define LOOP_AGAIN	HZ	/* when there was no memory */

/*
 * The work looks at the wishes itself.  Each run holds a reference, which is not
 * the last one here: the caller's directory or the host has another.
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

/* Return: 0 or an error; -ENOMEM may pass. */
static int loop_session_up(struct loop_session *ls)
{
	struct cst_target *target = &ls->lt->tgt;
	const char *name = config_item_name(&ls->sess.obj.group.cg_item);
	int ret;

	/* Each queue's tags, as the mid-layer is told in host.c. */
	ls->sess.depth = ls->lt->queue_depth * loop_hw_queues();
	ret = cst_session_register(&ls->sess, target, name, false,
				   cst_fabric_session_type(target->ops));
	/* The target is being disabled: that says what is wanted now. */
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
	/* The reference goes along. */
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

/* Stays down until the target is enabled again or the directory made anew. */
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

/* Atomic context.  The work finds out what it was. */
void loop_notify(struct cst_session *sess, enum cst_notice notice)
{
	loop_session_kick(to_loop_session(sess));
}

int loop_target_init(struct cst_target *target)
{
	struct loop_target *lt = to_loop_target(target);

	/* With a slash no target, which owns its sessions' ports, is called. */
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
