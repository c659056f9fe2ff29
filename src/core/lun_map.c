// SPDX-License-Identifier: GPL-2.0-only
/*
 * LUN maps and what live sessions see of them.
 *
 * A map says which device stands at which number; each session that uses the map
 * has an I_T_L nexus (struct cst_itl) per entry.  Everything here runs under
 * target->obj.lock, from configfs (cfs/target.c) and from session.c.
 *
 * Teardown of an I_T_L nexus, without waiting:
 *  1. unpublish: erased from sess->itls, its reference killed;
 *  2. percpu_ref waits for readers and for the commands that hold it;
 *  3. the last one queues free_work, which takes it off the device's list, drops
 *     the device and frees it after a grace period, because a reader may still
 *     be between loading the pointer and failing to get the reference.
 */
#include <linux/slab.h>

#include "core.h"

void cst_lun_map_init(struct cst_lun_map *map, struct cst_target *target)
{
	xa_init(&map->luns);
	map->target = target;
}

/* The waiter frees the session: nothing of it is touched after complete(). */
void cst_session_itl_put(struct cst_session *sess)
{
	if (atomic_dec_and_test(&sess->nr_itls))
		complete(&sess->itls_gone);
}

static void cst_itl_free_work(struct work_struct *work)
{
	struct cst_itl *itl = container_of(work, struct cst_itl, free_work);
	struct cst_session *sess = itl->sess;
	struct cst_device *dev = itl->dev;

	spin_lock_irq(&dev->itl_lock);
	list_del(&itl->dev_node);
	spin_unlock_irq(&dev->itl_lock);

	percpu_ref_exit(&itl->ref);
	kfree_rcu(itl, rcu);
	config_item_put(&dev->obj.group.cg_item);

	cst_session_itl_put(sess);
}

static void cst_itl_unused(struct percpu_ref *ref)
{
	struct cst_itl *itl = container_of(ref, struct cst_itl, ref);

	queue_work(cst_wq, &itl->free_work);
}

/*
 * A nexus and its place, before anything is changed: what follows cannot fail.
 * Prepared ones stand on a list of the caller's, by their dev_node.
 */
static int cst_itl_prepare(struct cst_session *sess, const struct cst_lun *lun,
			   struct list_head *fresh)
{
	struct cst_itl *itl;
	int ret;

	itl = kzalloc(sizeof(*itl), GFP_KERNEL);
	if (!itl)
		return -ENOMEM;
	itl->sess = sess;
	itl->dev = lun->dev;
	itl->lun = lun->lun;
	itl->read_only = lun->read_only;
	if (lun->dev->type->itl_init)
		lun->dev->type->itl_init(itl);
	spin_lock_init(&itl->ua_lock);
	INIT_WORK(&itl->free_work, cst_itl_free_work);
	ret = percpu_ref_init(&itl->ref, cst_itl_unused, 0, GFP_KERNEL);
	if (ret)
		goto free_itl;
	ret = xa_reserve(&sess->itls, itl->lun, GFP_KERNEL);
	if (ret)
		goto exit_ref;
	cst_ua_add(itl, CST_SENSE(POWER_ON_OCCURRED));
	list_add_tail(&itl->dev_node, fresh);
	return 0;

exit_ref:
	percpu_ref_exit(&itl->ref);
free_itl:
	kfree(itl);
	return ret;
}

static void cst_itls_discard(struct list_head *fresh)
{
	struct cst_itl *itl, *next;

	list_for_each_entry_safe(itl, next, fresh, dev_node) {
		list_del(&itl->dev_node);
		/* Only the reservation: what stands there stays. */
		xa_release(&itl->sess->itls, itl->lun);
		percpu_ref_exit(&itl->ref);
		kfree(itl);
	}
}

/*
 * What the initiator held is free from now on, however long its commands take; the
 * one that would hold it again finds the reference dying.  Without its last user
 * the nexus still stays for a grace period.
 */
static void cst_itl_retire(struct cst_itl *itl)
{
	rcu_read_lock();
	percpu_ref_kill(&itl->ref);
	cst_medium_allow(itl);
	cst_gate_changed(itl->dev);
	rcu_read_unlock();
}

/* Takes the place of a nexus that stands there. */
static void cst_itl_publish(struct cst_itl *itl)
{
	struct cst_session *sess = itl->sess;
	struct cst_itl *old;

	list_del(&itl->dev_node);
	config_item_get(&itl->dev->obj.group.cg_item);
	atomic_inc(&sess->nr_itls);
	spin_lock_irq(&itl->dev->itl_lock);
	list_add_tail(&itl->dev_node, &itl->dev->itls);
	spin_unlock_irq(&itl->dev->itl_lock);

	/* Reserved or occupied, so nothing is allocated. */
	old = xa_store(&sess->itls, itl->lun, itl, GFP_KERNEL);
	if (old)
		cst_itl_retire(old);
}

/**
 * cst_itl_remove() - step 1 of the teardown
 * @sess: target->obj.lock held
 * @itl: one of its nexuses
 */
void cst_itl_remove(struct cst_session *sess, struct cst_itl *itl)
{
	xa_erase(&sess->itls, itl->lun);
	cst_itl_retire(itl);
}

static void cst_session_tell_fabric(struct cst_session *sess)
{
	if (sess->ops->notify)
		sess->ops->notify(sess, CST_NOTICE_LUNS);
}

/* SPC-5 6.33: those that stay are told that the list is another. */
static void cst_session_luns_changed(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;

	/* Behind the change of the map, before it is told: see cst_ua_told(). */
	smp_store_release(&sess->luns_seq, sess->luns_seq + 1);
	xa_for_each(&sess->itls, lun, itl)
		cst_ua_add(itl, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	cst_session_tell_fabric(sess);
}

/* Does a nexus, if there is one, give the access that a map's entry says? */
static bool cst_itl_serves(const struct cst_itl *itl, const struct cst_lun *lun)
{
	return itl && itl->dev == lun->dev && itl->read_only == lun->read_only;
}

/**
 * cst_session_map_set() - give a session another LUN map
 * @sess: not closing; target->obj.lock held
 * @map: the new one; NULL: it sees nothing
 *
 * A number at which both maps have the same device with the same access keeps
 * its nexus, so I/O to it goes on undisturbed.
 *
 * Return: 0 or -ENOMEM: then it has lost what it may no longer see and gained
 * nothing; the call may be repeated.
 */
int cst_session_map_set(struct cst_session *sess, struct cst_lun_map *map)
{
	bool saw_none = xa_empty(&sess->itls);
	bool changed = false;
	struct cst_itl *itl, *next;
	struct cst_lun *lun;
	LIST_HEAD(fresh);
	unsigned long i;
	int ret = 0;

	lockdep_assert_held(&sess->target->obj.lock);

	if (map) {
		xa_for_each(&map->luns, i, lun) {
			if (!lun->dev || cst_itl_serves(xa_load(&sess->itls, i), lun))
				continue;
			ret = cst_itl_prepare(sess, lun, &fresh);
			if (ret)
				break;
		}
	}
	if (ret)
		cst_itls_discard(&fresh);

	xa_for_each(&sess->itls, i, itl) {
		lun = map ? xa_load(&map->luns, i) : NULL;
		if (lun && cst_itl_serves(itl, lun))
			continue;
		changed = true;
		/* Where there is another device, publishing replaces it. */
		if (ret || !lun || !lun->dev)
			cst_itl_remove(sess, itl);
	}
	list_for_each_entry_safe(itl, next, &fresh, dev_node) {
		if (!saw_none)
			cst_ua_add(itl, CST_SENSE(INQUIRY_DATA_CHANGED));
		cst_itl_publish(itl);
		changed = true;
	}
	sess->map = map;
	if (changed && saw_none)
		/* Every LUN is new to it, and POWER ON OCCURRED says so. */
		cst_session_tell_fabric(sess);
	else if (changed)
		cst_session_luns_changed(sess);
	return ret;
}

/* Does this session see a map's changes? */
static bool cst_session_uses(const struct cst_session *sess,
			     const struct cst_lun_map *map)
{
	return sess->map == map && !sess->closing;
}

/* On its device's list, behind what else the target has of it: see scsi/spc/vpd_ports.c. */
static void cst_lun_list(struct cst_lun *lun)
{
	struct cst_device *dev = lun->dev;
	struct list_head *before;
	struct cst_lun *other;

	spin_lock_irq(&dev->itl_lock);
	before = dev->luns.prev;
	list_for_each_entry_reverse(other, &dev->luns, dev_node) {
		if (other->map->target == lun->map->target) {
			before = &other->dev_node;
			break;
		}
	}
	list_add(&lun->dev_node, before);
	spin_unlock_irq(&dev->itl_lock);
}

/**
 * cst_lun_map_link() - put a device at a number
 * @lun: without a device; target->obj.lock held
 * @dev: referenced by the link for as long as it stands
 *
 * Return: 0 or -ENOMEM, and then nothing has changed.
 */
int cst_lun_map_link(struct cst_lun *lun, struct cst_device *dev)
{
	struct cst_lun_map *map = lun->map;
	struct cst_itl *itl, *next;
	struct cst_session *sess;
	LIST_HEAD(fresh);
	int ret;

	lockdep_assert_held(&map->target->obj.lock);

	lun->dev = dev;
	list_for_each_entry(sess, &map->target->sessions, target_node) {
		if (!cst_session_uses(sess, map))
			continue;
		ret = cst_itl_prepare(sess, lun, &fresh);
		if (ret)
			goto discard;
	}
	ret = xa_err(xa_store(&map->luns, lun->lun, lun, GFP_KERNEL));
	if (ret)
		goto discard;
	cst_lun_list(lun);

	list_for_each_entry_safe(itl, next, &fresh, dev_node) {
		/* What this number answered so far was another device's, or none's. */
		cst_ua_add(itl, CST_SENSE(INQUIRY_DATA_CHANGED));
		cst_itl_publish(itl);
		cst_session_luns_changed(itl->sess);
	}
	/* A map that was empty may give access to sessions that had none. */
	cst_target_regroup(map->target);
	return 0;

discard:
	cst_itls_discard(&fresh);
	lun->dev = NULL;
	return ret;
}

/**
 * cst_lun_map_unlink() - take a device away from a number
 * @lun: with a device; target->obj.lock held
 *
 * New commands are refused at once, and so are those that wait for their data or
 * for their turn when it comes; those that execute finish, and nobody waits for
 * them here.
 */
void cst_lun_map_unlink(struct cst_lun *lun)
{
	struct cst_lun_map *map = lun->map;
	struct cst_session *sess;
	struct cst_itl *itl;

	lockdep_assert_held(&map->target->obj.lock);

	xa_erase(&map->luns, lun->lun);
	spin_lock_irq(&lun->dev->itl_lock);
	list_del(&lun->dev_node);
	spin_unlock_irq(&lun->dev->itl_lock);
	lun->dev = NULL;

	list_for_each_entry(sess, &map->target->sessions, target_node) {
		if (!cst_session_uses(sess, map))
			continue;
		itl = xa_load(&sess->itls, lun->lun);
		if (!itl)
			continue;
		cst_itl_remove(sess, itl);
		cst_session_luns_changed(sess);
	}
}

/**
 * cst_lun_set_read_only() - change the access of a LUN
 * @lun: target->obj.lock held
 * @read_only: whether writes are refused
 *
 * Live: initiators learn it from MODE SENSE, after a unit attention.
 */
void cst_lun_set_read_only(struct cst_lun *lun, bool read_only)
{
	struct cst_session *sess;
	struct cst_itl *itl;

	lockdep_assert_held(&lun->map->target->obj.lock);

	if (lun->read_only == read_only)
		return;
	lun->read_only = read_only;
	list_for_each_entry(sess, &lun->map->target->sessions, target_node) {
		if (!cst_session_uses(sess, lun->map))
			continue;
		itl = xa_load(&sess->itls, lun->lun);
		if (!itl)
			continue;
		WRITE_ONCE(itl->read_only, read_only);
		cst_ua_add(itl, CST_SENSE(MODE_PARAMETERS_CHANGED));
		cst_gate_changed(itl->dev);
	}
}
