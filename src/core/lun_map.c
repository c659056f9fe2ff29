// SPDX-License-Identifier: GPL-2.0-only
/*
 * LUN maps, and the I_T_L nexuses of live sessions.
 *
 * A map says which device has which LUN.  Each session that uses the map has an I_T_L nexus
 * (struct cst_itl) for each entry.  The functions that change maps run under
 * target->obj.lock; configfs (cfs/target.c) and session.c call in.
 *
 * Teardown of an I_T_L nexus, without waiting:
 *  1. unpublish: the nexus is erased from sess->itls, and its reference is killed;
 *  2. the percpu_ref reaches zero after a grace period, when no command holds it;
 *  3. then free_work is queued.  It takes the nexus off the device's list and drops the
 *     device.  It frees the nexus after another grace period, because a reader may still be
 *     between loading the pointer and failing to get the reference.
 */
#include <linux/slab.h>

#include "core.h"

void cst_lun_map_init(struct cst_lun_map *map, struct cst_target *target)
{
	xa_init(&map->luns);
	map->target = target;
}

/* The waiter frees the session, so nothing of it is touched after complete(). */
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

	if (dev->type->itl_exit)
		dev->type->itl_exit(itl);
	percpu_ref_exit(&itl->ref);
	kfree(itl->echo_buffer);
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
 * Make a nexus and reserve its place in sess->itls, before anything is changed, so that
 * publishing cannot fail.  The prepared nexus is put on the caller's list @fresh by its
 * dev_node.
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
		/* Releases only a reservation: a nexus that is stored there stays. */
		xa_release(&itl->sess->itls, itl->lun);
		percpu_ref_exit(&itl->ref);
		kfree(itl);
	}
}

/*
 * The initiator does not prevent removal of the medium any more, however long its commands
 * take.  A command that would prevent it again finds the reference dying
 * (cst_medium_prevent()).  The RCU read-side section keeps the nexus until the end of this
 * function, also when the killed reference was the last.
 */
static void cst_itl_retire(struct cst_itl *itl)
{
	rcu_read_lock();
	percpu_ref_kill(&itl->ref);
	cst_medium_allow(itl);
	cst_pr_let_go(itl);
	cst_gate_changed(itl->dev);
	rcu_read_unlock();
}

/* Make a prepared nexus visible.  It replaces a nexus of the same LUN. */
static void cst_itl_publish(struct cst_itl *itl)
{
	struct cst_session *sess = itl->sess;
	struct cst_itl *old;

	list_del(&itl->dev_node);
	config_item_get(&itl->dev->obj.group.cg_item);
	atomic_inc(&sess->nr_itls);
	/* Before the nexus can have a command */
	cst_pr_join(itl);

	/* The entry is reserved or in use, so nothing is allocated. */
	old = xa_store(&sess->itls, itl->lun, itl, GFP_KERNEL);
	if (old)
		cst_itl_retire(old);
}

/**
 * cst_itl_remove() - unpublish a nexus: step 1 of the teardown
 * @sess: the session; target->obj.lock held
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

/* SPC-5 6.33: the nexuses that stay report that the list of LUNs has changed. */
static void cst_session_luns_changed(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;

	/* After the change of itls and before the unit attentions: see cst_ua_luns_told(). */
	smp_store_release(&sess->luns_seq, sess->luns_seq + 1);
	xa_for_each(&sess->itls, lun, itl)
		cst_ua_add(itl, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	cst_session_tell_fabric(sess);
}

/* Does @itl, which may be NULL, have the device and the access of the map's entry @lun? */
static bool cst_itl_serves(const struct cst_itl *itl, const struct cst_lun *lun)
{
	return itl && itl->dev == lun->dev && itl->read_only == lun->read_only;
}

/**
 * cst_session_map_set() - give a session another LUN map
 * @sess: not closing; target->obj.lock held
 * @map: the new map; NULL: the session sees no LUN
 *
 * A LUN at which both maps have the same device with the same access keeps its nexus, so
 * I/O to it is not disturbed.
 *
 * Return: 0 or -ENOMEM.  After -ENOMEM the session has lost the LUNs that it may not see any
 * more, and has not got new ones; the call may be repeated.
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
		/* Where the new map has another device, publishing replaces the nexus. */
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
		/* Every LUN is new to the initiator, and reports POWER ON OCCURRED. */
		cst_session_tell_fabric(sess);
	else if (changed)
		cst_session_luns_changed(sess);
	return ret;
}

/* Do changes of @map affect this session? */
static bool cst_session_uses(const struct cst_session *sess,
			     const struct cst_lun_map *map)
{
	return sess->map == map && !sess->closing;
}

/*
 * Put a LUN on its device's list, behind other LUNs of the same target, because
 * scsi/spc/vpd_ports.c needs a target's LUNs together.
 */
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
 * cst_lun_map_link() - map a device to a LUN
 * @lun: has no device; target->obj.lock held
 * @dev: the symbolic link in configfs holds a reference to it while it exists
 *
 * Return: 0, or -ENOMEM with nothing changed.
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
		/* So far this LUN has answered INQUIRY for another device, or for none. */
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
 * cst_lun_map_unlink() - unmap the device of a LUN
 * @lun: has a device; target->obj.lock held
 *
 * New commands are refused at once.  Commands that wait for their data or for their turn
 * are refused when their turn comes.  Commands that execute finish; this function does not
 * wait for them.
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
 * Works while sessions use the LUN.  A unit attention has initiators read it by MODE SENSE.
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
