// SPDX-License-Identifier: GPL-2.0-only
/*
 * I_T nexuses: registration by a fabric, and teardown.
 *
 * Teardown, started by cst_session_unregister():
 *  1. the session is marked as closing: maps do not add I_T_L nexuses to it any more;
 *  2. every I_T_L nexus is unpublished and killed.  The fabric has released every command,
 *     so the nexuses are freed after grace periods.  This is waited for;
 *  3. a worker removes the directory that core has made, and waits for processes that read
 *     it.  They find that the session is closing, and do not use the rest of it;
 *  4. the session is taken off the target's list, which may wake cst_target_disable().  This
 *     comes last, so that a target whose list is empty has no directory of a session.
 */
#include <linux/export.h>
#include <linux/percpu.h>

#include <cst/events.h>

#include "cfs/cfs.h"
#include "core.h"

static int cst_session_init(struct cst_session *sess, struct cst_target *target,
			    const char *initiator_name)
{
	int cpu;

	sess->target = target;
	sess->ops = target->ops;
	sess->max_xfer = CST_MAX_XFER_BYTES;
	if (target->ops->limits.max_xfer)
		sess->max_xfer = min_t(u32, sess->max_xfer,
				       target->ops->limits.max_xfer);
	sess->closing = false;
	sess->luns_missing = false;
	sess->luns_seq = 0;
	sess->map = NULL;
	xa_init(&sess->itls);
	/* One for the session itself, which cst_session_destroy() drops. */
	atomic_set(&sess->nr_itls, 1);
	atomic_long_set(&sess->buf_bytes, 0);
	init_completion(&sess->itls_gone);
	cst_session_aborts_init(sess);
	strscpy(sess->initiator_name, initiator_name,
		sizeof(sess->initiator_name));

	sess->active = alloc_percpu(struct cst_cmd_list);
	if (!sess->active)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct cst_cmd_list *list = per_cpu_ptr(sess->active, cpu);

		spin_lock_init(&list->lock);
		INIT_LIST_HEAD(&list->cmds);
	}
	return 0;
}

static void cst_session_drop_luns(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;

	xa_for_each(&sess->itls, lun, itl)
		cst_itl_remove(sess, itl);
}

/* Wait for the last I_T_L nexus; then free everything but the directory. */
static void cst_session_destroy(struct cst_session *sess)
{
	cst_session_itl_put(sess);
	wait_for_completion(&sess->itls_gone);
	cst_session_aborts_exit(sess);
	xa_destroy(&sess->itls);
	free_percpu(sess->active);
	sess->active = NULL;
}

/* Step 1 of the teardown, and step 2 without the wait */
static void cst_session_close(struct cst_session *sess)
{
	mutex_lock(&sess->target->obj.lock);
	sess->closing = true;
	cst_session_drop_luns(sess);
	mutex_unlock(&sess->target->obj.lock);
}

/* Step 4 of the teardown */
void cst_session_leave(struct cst_session *sess)
{
	struct cst_target *target = sess->target;

	config_item_get(&target->obj.group.cg_item);
	mutex_lock(&target->obj.lock);
	list_del(&sess->target_node);
	cst_target_session_gone(target);
	mutex_unlock(&target->obj.lock);
	cst_target_put(target);
}

int cst_session_register(struct cst_session *sess, struct cst_target *target,
			 const char *initiator_name, bool create_dir,
			 const struct cst_item_type *it)
{
	int ret;

	might_sleep();
	if (WARN_ON(!sess->depth))
		return -EINVAL;
	ret = cst_session_init(sess, target, initiator_name);
	if (ret)
		return ret;
	sess->own_dir = create_dir;

	mutex_lock(&target->obj.lock);
	ret = cst_target_access(target, initiator_name);
	/* A session that an administrator has made may exist before its LUNs do. */
	if (ret && (create_dir || ret == -ESHUTDOWN))
		goto unlock;
	ret = cst_session_map_set(sess, cst_target_find_map(target,
							    initiator_name));
	if (ret)
		goto drop_luns;
	list_add_tail(&sess->target_node, &target->sessions);
	mutex_unlock(&target->obj.lock);

	if (create_dir) {
		ret = cst_cfs_session_add(sess, it);
		if (ret) {
			cst_session_close(sess);
			cst_session_destroy(sess);
			cst_session_leave(sess);
			return ret;
		}
	}
	cst_event_session(sess, CST_EVENT_LOGIN);
	return 0;

drop_luns:
	cst_session_drop_luns(sess);
unlock:
	mutex_unlock(&target->obj.lock);
	cst_session_destroy(sess);
	return ret;
}
EXPORT_SYMBOL_GPL(cst_session_register);

void cst_session_unregister(struct cst_session *sess)
{
	might_sleep();
	cst_session_close(sess);
	cst_event_session(sess, CST_EVENT_LOGOUT);

	cst_session_destroy(sess);
	if (sess->own_dir) {
		cst_cfs_session_remove(sess);
		return;
	}
	/* Without this reference sess could be freed as soon as it has left its target. */
	config_item_get(&sess->obj.group.cg_item);
	cst_session_leave(sess);
	config_item_put(&sess->obj.group.cg_item);
}
EXPORT_SYMBOL_GPL(cst_session_unregister);
