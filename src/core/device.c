// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a logical unit: made inert, enabled, disabled, destroyed.
 *
 * cfs/device.c calls in; the handler opens and closes the backing.  A command
 * executes only with a reference to io_ref, which is live exactly while the
 * device is enabled.
 *
 * Teardown, in this order:
 *  1. disable kills io_ref: gate.c refuses with NOT READY from then on;
 *  2. io_ref reaches zero: no I/O of the handler is under way; that takes a grace
 *     period, which a device that no session sees does not wait for;
 *  3. its lanes go, when workers have left the last commands behind;
 *  4. the handler closes the backing.
 * Until an administrator's restart can be expected to be over the device is said to
 * be becoming ready, which initiators wait for; from then on that somebody has to
 * do something, which they report.
 *
 * What waits for its turn or for data meanwhile ends with NOT READY when it gets
 * there, so disabling waits for the backing only, never for an initiator.  An
 * I_T_L nexus holds a reference to the device's item, so destroy comes after the
 * last of them.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/percpu.h>

#include <cst/events.h>

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
 * Context: process.  Return: 0 or -ENOMEM, and then nothing is left.
 */
int cst_device_init(struct cst_device *dev, const struct cst_handler_ops *ops)
{
	int ret;

	dev->ops = ops;
	dev->type = ops->type;
	spin_lock_init(&dev->itl_lock);
	INIT_LIST_HEAD(&dev->itls);
	INIT_LIST_HEAD(&dev->luns);
	cst_device_aborts_init(dev);
	cst_ranges_init(&dev->ranges);
	init_completion(&dev->io_drained);
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
	/* Its last aborts are done; the worker that has done them may still be in there. */
	cst_device_aborts_exit(dev);
	cst_order_destroy(&dev->order);
	/* The last kill holds a callback into this structure until then. */
	wait_for_completion(&dev->io_drained);
	percpu_ref_exit(&dev->io_ref);
	free_percpu(dev->stats);
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

/* Nobody holds io_ref. */
static void cst_device_drop_lanes(struct cst_device *dev)
{
	if (dev->lanes)
		cst_lanes_destroy(dev->lanes);
	dev->lanes = NULL;
}

/**
 * cst_device_enable() - open the backing and let commands in
 * @dev: disabled; obj.lock held
 *
 * Return: 0, -ENOMEM, -EBUSY or the handler's errno, with last_error said.
 */
int cst_device_enable(struct cst_device *dev)
{
	const struct cst_dev_type *type = dev->type;
	int ret;

	lockdep_assert_held(&dev->obj.lock);

	ret = cst_device_make_lanes(dev);
	if (ret)
		return ret;
	ret = type->enable ? type->enable(dev) : dev->ops->enable(dev);
	if (ret) {
		cst_device_drop_lanes(dev);
		return ret;
	}

	/* Of the last disabling, which may not have waited: a grace period at most. */
	wait_for_completion(&dev->io_drained);
	WRITE_ONCE(dev->ejected, false);
	WRITE_ONCE(dev->stopped, false);
	reinit_completion(&dev->io_drained);
	cst_ua_add_device(dev, NULL, CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
	if (type->enabled)
		type->enabled(dev);
	/*
	 * A command that came before this executes no more, one that came after
	 * it finds the unit attention: none reaches another backing unawares.
	 */
	WRITE_ONCE(dev->enabled_seq, cst_gate_changed(dev));
	/* Who gets the reference sees both numbers: pairs with the smp_rmb() of exec.c. */
	smp_wmb();
	percpu_ref_reinit(&dev->io_ref);
	dev->obj.enabled = true;

	cst_device_changed(dev);
	cst_event_device(dev, CST_EVENT_ENABLED);
	return 0;
}

/*
 * Can anybody be inside the backing?  Each command holds a nexus, and so does its
 * submitter when the command may end before it has left (cst_io_hold()); a worker
 * that has not is waited for with the device's lanes.  A nexus stays on the list
 * until nobody holds it.  One that is put there after this look, with the same
 * lock, already sees that io_ref has been killed.
 */
static bool cst_device_is_seen(struct cst_device *dev)
{
	bool seen;

	spin_lock_irq(&dev->itl_lock);
	seen = !list_empty(&dev->itls);
	spin_unlock_irq(&dev->itl_lock);
	return seen;
}

/**
 * cst_device_disable() - drain and close the backing
 * @dev: enabled; obj.lock held
 *
 * Return: 0, or -ETIMEDOUT when the backing did not finish what it has in hand:
 * the device is then still enabled and serves on.
 */
int cst_device_disable(struct cst_device *dev)
{
	lockdep_assert_held(&dev->obj.lock);

	/* Before the first command is refused. */
	WRITE_ONCE(dev->back_until, dev->restart_time ?
		   get_jiffies_64() + (u64)dev->restart_time * HZ : 0);
	percpu_ref_kill(&dev->io_ref);
	cst_gate_changed(dev);
	if (cst_device_is_seen(dev) &&
	    !wait_for_completion_timeout(&dev->io_drained,
					 CST_DRAIN_TIMEOUT)) {
		/*
		 * A last I/O may end right now: keep the count from reaching
		 * zero while the reference is brought back to life.
		 */
		if (percpu_ref_tryget(&dev->io_ref)) {
			percpu_ref_resurrect(&dev->io_ref);
			percpu_ref_put(&dev->io_ref);
			cst_config_error(&dev->obj.group.cg_item, "enabled",
					 "the backing has not finished its I/O within %u s; still enabled",
					 CST_DRAIN_TIMEOUT / HZ);
			return -ETIMEDOUT;
		}
		wait_for_completion(&dev->io_drained);
	}
	dev->obj.enabled = false;
	cst_device_drop_lanes(dev);
	dev->ops->disable(dev);
	cst_event_device(dev, CST_EVENT_DISABLED);
	return 0;
}
