// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a target, and which LUN map an initiator gets.
 *
 * cfs/target.c calls in with target->obj.lock held.
 *
 * Teardown: disabling marks the target as closing, so that no session can register.  The
 * fabric closes its connections.  Each session is unregistered when its commands have
 * ended.  The last session wakes the waiter; when the waiter has given up, the last session
 * marks the target as disabled itself.  Then the target is unpinned and can be removed.
 */
#include <linux/export.h>

#include <cst/events.h>

#include "core.h"

#define CST_CLOSE_TIMEOUT	(30 * HZ)
#define CST_REGROUP_AGAIN	HZ

/* The relative port identifier has changed, which is in VPD page 83h. */
static void cst_target_tell_port(struct cst_target *target)
{
	struct cst_session *sess;
	struct cst_itl *itl;
	unsigned long lun;

	lockdep_assert_held(&target->obj.lock);

	list_for_each_entry(sess, &target->sessions, target_node)
		if (!sess->closing)
			xa_for_each(&sess->itls, lun, itl) {
				cst_ua_add(itl, CST_SENSE(INQUIRY_DATA_CHANGED));
				cst_pr_rejoin(itl);
			}
}

/*
 * Deferred work: give sessions LUNs for which there was no memory, and tell sessions that the
 * port identifier has changed.
 */
static void cst_target_regroup_work(struct work_struct *work)
{
	struct cst_target *target = container_of(to_delayed_work(work),
						 struct cst_target,
						 regroup_work);

	mutex_lock(&target->obj.lock);
	if (READ_ONCE(target->port_changed)) {
		WRITE_ONCE(target->port_changed, false);
		cst_target_tell_port(target);
	}
	cst_target_regroup(target);
	mutex_unlock(&target->obj.lock);
}

/**
 * cst_target_port_changed() - tell sessions that the relative port identifier has changed
 * @target: not yet dropped; the caller may hold the obj.lock of another target
 *
 * Context: process.
 */
void cst_target_port_changed(struct cst_target *target)
{
	WRITE_ONCE(target->port_changed, true);
	mod_delayed_work(system_long_wq, &target->regroup_work, 0);
}

int cst_target_init(struct cst_target *target, struct cst_fabric *fabric)
{
	target->fabric = fabric;
	INIT_LIST_HEAD(&target->ini_groups);
	INIT_LIST_HEAD(&target->sessions);
	init_waitqueue_head(&target->sessions_wait);
	INIT_DELAYED_WORK(&target->regroup_work, cst_target_regroup_work);
	cst_lun_map_init(&target->map, target);
	return 0;
}

/* No session, LUN or group is left. */
void cst_target_destroy(struct cst_target *target)
{
	cancel_delayed_work_sync(&target->regroup_work);
	xa_destroy(&target->map.luns);
}

int cst_target_enable(struct cst_target *target)
{
	int ret;

	lockdep_assert_held(&target->obj.lock);

	if (target->closing) {
		cst_config_error(&target->obj.group.cg_item, "enabled",
				 "sessions are still closing; write 0 again to wait for them");
		return -EBUSY;
	}
	target->obj.enabled = true;
	ret = target->ops->target_enable ? target->ops->target_enable(target) :
					   0;
	if (ret)
		target->obj.enabled = false;
	else
		cst_event_target(target, CST_EVENT_ENABLED);
	return ret;
}

/* The last session is gone: the target is disabled now.  The caller holds obj.lock. */
static void cst_target_closed(struct cst_target *target)
{
	WRITE_ONCE(target->obj.enabled, false);
	WRITE_ONCE(target->closing, false);
	cst_event_target(target, CST_EVENT_DISABLED);
	cst_object_unpin(&target->obj);
}

/**
 * cst_target_session_gone() - a session has left the target's list
 * @target: obj.lock held; referenced, because it may be removed from now on
 *
 * Context: process, may sleep.
 */
void cst_target_session_gone(struct cst_target *target)
{
	lockdep_assert_held(&target->obj.lock);

	if (!list_empty(&target->sessions))
		return;
	if (target->disabling) {
		wake_up_all(&target->sessions_wait);
	} else if (target->closing) {
		/* cst_target_disable() has given up waiting. */
		cst_target_closed(target);
		cst_config_changed();
	}
}

/**
 * cst_target_disable() - close every session and refuse new ones
 * @target: enabled; obj.lock held, dropped while waiting
 *
 * Return: 0, or -ETIMEDOUT when a session has not closed in time.  The target then accepts
 * no session and stays closing until the last session has closed
 * (cst_target_session_gone()).  The write to `enabled` may be repeated.
 */
int cst_target_disable(struct cst_target *target)
{
	struct cst_session *sess;
	bool closed;

	lockdep_assert_held(&target->obj.lock);

	WRITE_ONCE(target->closing, true);
	target->disabling = true;
	mutex_unlock(&target->obj.lock);
	target->ops->target_disable(target);

	mutex_lock(&target->obj.lock);
	list_for_each_entry(sess, &target->sessions, target_node)
		if (!sess->closing)
			target->ops->session_close(sess);
	mutex_unlock(&target->obj.lock);

	closed = wait_event_timeout(target->sessions_wait,
				    list_empty(&target->sessions),
				    CST_CLOSE_TIMEOUT);
	mutex_lock(&target->obj.lock);
	target->disabling = false;
	if (!closed && !list_empty(&target->sessions)) {
		cst_config_error(&target->obj.group.cg_item, "enabled",
				 "a session has not closed within %u s; new ones are refused",
				 CST_CLOSE_TIMEOUT / HZ);
		return -ETIMEDOUT;
	}
	cst_target_closed(target);
	return 0;
}

/**
 * cst_target_find_map() - find the LUN map that an initiator gets
 * @target: target->obj.lock held
 * @initiator_name: its name
 *
 * Return: the map of the first group, in ascending order, that matches.  When none matches,
 * the target's own map, or NULL when that is empty.
 */
struct cst_lun_map *cst_target_find_map(struct cst_target *target,
					const char *initiator_name)
{
	struct cst_ini_group *group;
	struct cst_ini_pattern *pattern;

	lockdep_assert_held(&target->obj.lock);

	list_for_each_entry(group, &target->ini_groups, target_node)
		list_for_each_entry(pattern, &group->patterns, group_node)
			if (cst_pattern_match(config_item_name(&pattern->item),
					      initiator_name))
				return &group->map;
	return xa_empty(&target->map.luns) ? NULL : &target->map;
}

int cst_target_access(struct cst_target *target, const char *initiator_name)
{
	lockdep_assert_held(&target->obj.lock);

	if (!target->obj.enabled || target->closing)
		return -ESHUTDOWN;
	if (cst_target_find_map(target, initiator_name))
		return 0;
	/* When there are groups, an initiator that no group matches is refused. */
	return list_empty(&target->ini_groups) ? -ENODEV : -EACCES;
}
EXPORT_SYMBOL_GPL(cst_target_access);

/**
 * cst_target_regroup() - give each session the map that it should have
 * @target: obj.lock held
 *
 * This cannot fail, because the removal of a pattern cannot.  A session for which there is
 * no memory loses at once the LUNs that it may not see any more, and gets the others a
 * little later.
 */
void cst_target_regroup(struct cst_target *target)
{
	struct cst_session *sess;
	struct cst_lun_map *map;
	bool again = false;

	lockdep_assert_held(&target->obj.lock);

	list_for_each_entry(sess, &target->sessions, target_node) {
		if (sess->closing)
			continue;
		map = cst_target_find_map(target, sess->initiator_name);
		if (map == sess->map && !sess->luns_missing)
			continue;
		sess->luns_missing = cst_session_map_set(sess, map) != 0;
		if (!sess->luns_missing)
			continue;
		pr_warn_ratelimited("%s: out of memory: LUNs of %s come later\n",
				    cst_target_name(target), sess->initiator_name);
		again = true;
	}
	/* The work waits for memory and for locks, so it is on no queue that reclaim needs. */
	if (again)
		queue_delayed_work(system_long_wq, &target->regroup_work,
				   CST_REGROUP_AGAIN);
}
