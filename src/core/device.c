// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a logical unit: initialised, enabled, disabled, destroyed.
 *
 * cfs/device.c calls in; the handler opens and closes the backing.  A command that needs
 * the device executes only with a reference to io_ref, which is live exactly while the
 * backing is open.  That is while the device is enabled, unless an administrator has let go
 * of the backing (cst_device_set_active()).  Letting go is teardown, too, and costs commands
 * nothing: they meet the same check of io_ref.
 *
 * Teardown, in this order:
 *  1. disable kills io_ref: gate.c refuses commands with NOT READY from then on;
 *  2. io_ref reaches zero: no I/O of the handler is under way.  That takes a grace period,
 *     which is not waited for when no session sees the device;
 *  3. the device's lanes are destroyed, after the workers have left the last commands;
 *  4. the handler closes the backing.
 * For restart_time seconds the device answers BECOMING READY, because the administrator may
 * be restarting it; initiators wait then.  After that time it answers MANUAL INTERVENTION
 * REQUIRED, which initiators report.
 *
 * A command that waits for its turn or for its data meanwhile ends with NOT READY when its
 * turn comes.  So disabling waits only for the backing, never for an initiator.  An I_T_L
 * nexus holds a reference to the device's item, so the device is destroyed after its last
 * nexus.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include <cst/events.h>

#include "../scsi/pr/pr.h"
#include "core.h"

#define CST_DRAIN_TIMEOUT	(30 * HZ)

static void cst_device_drained(struct percpu_ref *ref)
{
	struct cst_device *dev = container_of(ref, struct cst_device, io_ref);

	complete_all(&dev->io_drained);
}

/**
 * cst_device_init() - prepare the data path of a zeroed device
 * @dev: allocated by cfs/device.c
 * @ops: its handler
 *
 * Context: process.  Return: 0, or -ENOMEM with nothing left behind.
 */
int cst_device_init(struct cst_device *dev, const struct cst_handler_ops *ops)
{
	int ret;

	dev->ops = ops;
	dev->type = ops->type;
	dev->active = true;
	spin_lock_init(&dev->itl_lock);
	INIT_LIST_HEAD(&dev->itls);
	INIT_LIST_HEAD(&dev->luns);
	cst_device_aborts_init(dev);
	cst_ranges_init(&dev->ranges);
	cst_pr_init(&dev->pr);
	init_completion(&dev->io_drained);
	spin_lock_init(&dev->mode.lock);
	dev->made = get_jiffies_64();
	complete_all(&dev->io_drained);

	dev->stats = alloc_percpu(struct cst_dev_stats);
	if (!dev->stats)
		return -ENOMEM;

	ret = percpu_ref_init(&dev->io_ref, cst_device_drained,
			      PERCPU_REF_INIT_DEAD | PERCPU_REF_ALLOW_REINIT,
			      GFP_KERNEL);
	if (ret)
		goto free_stats;

	ret = cst_order_init(&dev->order);
	if (ret)
		goto exit_io_ref;
	return 0;

exit_io_ref:
	percpu_ref_exit(&dev->io_ref);
free_stats:
	free_percpu(dev->stats);
	return ret;
}

void cst_device_destroy(struct cst_device *dev)
{
	/* The last aborts are done, but the work that has called done may still be running. */
	cst_device_aborts_exit(dev);
	cst_order_destroy(&dev->order);
	/* A grace period after the last kill calls back into this structure before that. */
	wait_for_completion(&dev->io_drained);
	percpu_ref_exit(&dev->io_ref);
	free_percpu(dev->stats);
	kfree(dev->data_buffer);
	cst_pr_exit(&dev->pr);
}

void cst_device_changed(struct cst_device *dev)
{
	struct cst_itl *itl;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	list_for_each_entry(itl, &dev->itls, dev_node)
		if (itl->sess->ops->notify)
			itl->sess->ops->notify(itl->sess, CST_NOTICE_LUN_STATE);
	spin_unlock_irqrestore(&dev->itl_lock, flags);
}

static int cst_device_make_lanes(struct cst_device *dev)
{
	if (!dev->ops->may_block)
		return 0;
	dev->lanes = cst_lanes_create(cst_device_name(dev));
	if (dev->lanes)
		return 0;
	cst_config_error(&dev->obj.group.cg_item, "enabled",
			 "no memory for the device's workers");
	return -ENOMEM;
}

/* Called when no reference to io_ref is left, or before there is one. */
static void cst_device_drop_lanes(struct cst_device *dev)
{
	if (dev->lanes)
		cst_lanes_destroy(dev->lanes);
	dev->lanes = NULL;
}

/*
 * Open the backing and let commands in.  Return: 0, -ENOMEM, or the errno of the type or
 * handler, with last_error said.
 */
static int cst_device_open(struct cst_device *dev)
{
	const struct cst_dev_type *type = dev->type;
	int ret;

	ret = cst_device_make_lanes(dev);
	if (ret)
		return ret;
	ret = cst_mode_load(dev) ?: cst_pr_load(dev);
	if (!ret)
		ret = type->enable ? type->enable(dev) : dev->ops->enable(dev);
	if (ret) {
		cst_device_drop_lanes(dev);
		return ret;
	}

	/* The last disabling may not have waited for this: it takes a grace period at most. */
	wait_for_completion(&dev->io_drained);
	WRITE_ONCE(dev->ejected, false);
	spin_lock_irq(&dev->itl_lock);
	/* Whether it is unfit, the type has found out when it was enabled. */
	WRITE_ONCE(dev->stopped, dev->stopped & ~CST_STOPPED);
	spin_unlock_irq(&dev->itl_lock);
	WRITE_ONCE(dev->own_io, false);
	reinit_completion(&dev->io_drained);
	cst_ua_add_device(dev, NULL, CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
	if (type->enabled)
		type->enabled(dev);
	/*
	 * A command that came before this does not execute any more, and a command that comes
	 * after this finds the unit attention.  So no command reaches another backing without
	 * its initiator being told.
	 */
	WRITE_ONCE(dev->enabled_seq, cst_gate_changed(dev));
	/*
	 * A command that gets a reference to io_ref sees gate_seq and enabled_seq: pairs with
	 * the smp_rmb() of exec.c.
	 */
	smp_wmb();
	percpu_ref_reinit(&dev->io_ref);
	if (type->opened)
		type->opened(dev);
	return 0;
}

/**
 * cst_device_enable() - open the backing, unless active is 0, and let commands in
 * @dev: disabled; obj.lock held
 *
 * Return: 0, -ENOMEM, or the errno of the type or handler, with last_error said.
 */
int cst_device_enable(struct cst_device *dev)
{
	int ret = 0;

	lockdep_assert_held(&dev->obj.lock);

	if (dev->active)
		ret = cst_device_open(dev);
	else
		WRITE_ONCE(dev->let_go, true);
	if (ret)
		return ret;
	WRITE_ONCE(dev->obj.enabled, true);
	cst_device_changed(dev);
	cst_event_device(dev, CST_EVENT_ENABLED);
	return 0;
}

/*
 * May code of the backing be running?  Each command holds a reference to its nexus.  So does
 * a submitter that may still be in the backing's code when its command ends
 * (cst_io_hold()).  A worker that is still in there is waited for when the lanes are
 * destroyed.  A nexus stays on the list until its last reference is gone.  A nexus that is
 * put on the list after this look takes the same lock, so its commands see that io_ref has
 * been killed.  I/O of the type itself needs no nexus.
 */
static bool cst_device_is_seen(struct cst_device *dev)
{
	bool seen;

	spin_lock_irq(&dev->itl_lock);
	seen = READ_ONCE(dev->own_io) || !list_empty(&dev->itls);
	spin_unlock_irq(&dev->itl_lock);
	return seen;
}

/* Make io_ref live again.  The caller holds a reference, which is put. */
static void cst_device_stay_open(struct cst_device *dev)
{
	percpu_ref_resurrect(&dev->io_ref);
	percpu_ref_put(&dev->io_ref);
	if (dev->type->opened)
		dev->type->opened(dev);
}

/* Return: whether the backing of the unit has to stay with this host, with last_error said. */
static bool cst_device_refuse_unfit(struct cst_device *dev)
{
	if (!(READ_ONCE(dev->stopped) & CST_UNFIT))
		return false;
	cst_config_error(&dev->obj.group.cg_item, "active",
			 "the medium is being formatted or sanitized, or was not to the end, which another node would not know");
	return true;
}

/*
 * Refuse commands, and close the backing when those under way have ended.  Return: 0, or
 * -ETIMEDOUT when the backing has not finished its I/O in time.  It is still open then, and
 * @attr of last_error says so.
 */
static int cst_device_close(struct cst_device *dev, const char *attr)
{
	/* The count must not reach zero while io_ref may still be made live again. */
	percpu_ref_get(&dev->io_ref);
	percpu_ref_kill(&dev->io_ref);
	cst_gate_changed(dev);
	/* The type may have just made it unfit.  If it does so now, it sees io_ref dying. */
	if (dev->let_go && cst_device_refuse_unfit(dev)) {
		cst_device_stay_open(dev);
		return -EBUSY;
	}
	percpu_ref_put(&dev->io_ref);
	if (cst_device_is_seen(dev) &&
	    !wait_for_completion_timeout(&dev->io_drained,
					 CST_DRAIN_TIMEOUT)) {
		/*
		 * The last I/O may end at this moment.  Hold a reference, so that the count
		 * does not reach zero while io_ref is made live again.
		 */
		if (percpu_ref_tryget(&dev->io_ref)) {
			cst_device_stay_open(dev);
			cst_config_error(&dev->obj.group.cg_item, attr,
					 "the backing has not finished its I/O within %u s; still %s",
					 CST_DRAIN_TIMEOUT / HZ, attr);
			return -ETIMEDOUT;
		}
		wait_for_completion(&dev->io_drained);
	}
	cst_device_drop_lanes(dev);
	dev->ops->disable(dev);
	if (dev->type->closed)
		dev->type->closed(dev);
	return 0;
}

/**
 * cst_device_disable() - drain and close the backing
 * @dev: enabled; obj.lock held
 *
 * Return: 0, or -ETIMEDOUT when the backing has not finished its I/O in time.  The device
 * is then still enabled and continues to serve.
 */
int cst_device_disable(struct cst_device *dev)
{
	int ret = 0;

	lockdep_assert_held(&dev->obj.lock);

	/* Set before the first command is refused. */
	WRITE_ONCE(dev->back_until, dev->restart_time ?
		   get_jiffies_64() + (u64)dev->restart_time * HZ : 0);
	if (dev->let_go)
		WRITE_ONCE(dev->let_go, false);
	else
		ret = cst_device_close(dev, "enabled");
	if (ret)
		return ret;
	WRITE_ONCE(dev->obj.enabled, false);
	cst_event_device(dev, CST_EVENT_DISABLED);
	return 0;
}

int cst_device_set_active(struct cst_device *dev, bool active)
{
	int ret;

	lockdep_assert_held(&dev->obj.lock);

	if (!dev->obj.enabled || dev->let_go == !active)
		return 0;
	if (active) {
		ret = cst_device_open(dev);
		if (ret)
			return ret;
		WRITE_ONCE(dev->let_go, false);
		cst_device_changed(dev);
		return 0;
	}
	if (cst_device_refuse_unfit(dev))
		return -EBUSY;
	/* Set before the first command is refused. */
	WRITE_ONCE(dev->let_go, true);
	ret = cst_device_close(dev, "active");
	if (ret)
		WRITE_ONCE(dev->let_go, false);
	return ret;
}
EXPORT_SYMBOL_GPL(cst_device_set_active);
