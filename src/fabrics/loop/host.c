// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SCSI host of a session, and its disks, which come and go as the session's
 * LUN map and the devices do.
 *
 * Only the work of session.c calls in, so no lock is needed.  This file calls the SCSI
 * mid-layer.  The mid-layer's commands arrive in cmd.c, its error handler calls eh.c.
 */
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <scsi/scsi_device.h>

#include "loop.h"

#define LOOP_MAX_BVECS		(CST_MAX_XFER_BYTES / PAGE_SIZE)
#define LOOP_FLAT_LUN		0x4000	/* SAM-5 4.7.3, flat space addressing */
#define LOOP_PERIPHERAL_LUNS	256

/* What the mid-layer has been told about a LUN. */
struct loop_lun {
	/*
	 * Only compared with the device that a LUN has now.  It is referenced, so that no
	 * other device can have the same address.
	 */
	struct cst_device	*dev;
	u64			nblocks;
	bool			enabled;
};

static struct device *loop_root;

static struct scsi_host_template loop_sht = {
	.module			= THIS_MODULE,
	.name			= "ConfigFS SCSI Target",
	.proc_name		= "cst_loop",
	.queuecommand		= loop_queuecommand,
	.init_cmd_priv		= loop_init_cmd_priv,
	.eh_abort_handler	= loop_eh_abort,
	.eh_device_reset_handler = loop_eh_device_reset,
	.eh_target_reset_handler = loop_eh_target_reset,
	.eh_host_reset_handler	= loop_eh_host_reset,
	.change_queue_depth	= scsi_change_queue_depth,
	.cmd_size		= sizeof(struct loop_cmd),
	.this_id		= -1,
	.sg_tablesize		= LOOP_MAX_BVECS,
	.max_sectors		= CST_MAX_XFER_BYTES >> SECTOR_SHIFT,
	.max_segment_size	= CST_MAX_XFER_BYTES,
	.skip_settle_delay	= 1,
	.emulated		= 1,
	/*
	 * The pages of a command go on to the backing as they are, and the queues of many
	 * block devices take no memory that is less aligned.
	 */
	CST_DMA_OF_SECTORS
	CST_QUEUECOMMAND_MAY_BLOCK
};

/* The number by which the mid-layer's own scan would name a LUN. */
static u64 loop_scsi_lun(unsigned long lun)
{
	return lun < LOOP_PERIPHERAL_LUNS ? lun : lun | LOOP_FLAT_LUN;
}

static void loop_dev_put(struct cst_device *dev)
{
	config_item_put(&dev->obj.group.cg_item);
}

static void loop_lun_free(struct loop_lun *known)
{
	loop_dev_put(known->dev);
	kfree(known);
}

int loop_host_add(struct loop_session *ls)
{
	struct Scsi_Host *shost;
	struct loop_host *lh;
	int ret = -ENOMEM;

	shost = scsi_host_alloc(&loop_sht, sizeof(*lh));
	if (!shost)
		return ret;
	shost->can_queue = ls->lt->queue_depth;
	shost->cmd_per_lun = ls->lt->queue_depth;
	shost->nr_hw_queues = loop_hw_queues();
	shost->max_id = 1;
	shost->max_lun = loop_scsi_lun(CST_MAX_LUN) + 1;
	shost->max_channel = 0;
	/*
	 * As long as the mid-layer has found no LUN 0, it takes the target for SCSI-2,
	 * and would put the LUN into the CDB.
	 */
	shost->no_scsi2_lun_in_cdb = 1;
	shost->max_cmd_len = LOOP_MAX_CDB;

	lh = shost_priv(shost);
	lh->ls = ls;
	refcount_set(&lh->users, 1);
	init_completion(&lh->unused);
	xa_init(&lh->luns);
	/* __GFP_NOWARN: a failure is logged, and loop_session_work() tries again. */
	lh->reserve = kvmalloc_array(LOOP_MAX_BVECS, sizeof(*lh->reserve),
				     GFP_KERNEL | __GFP_NOWARN);
	if (!lh->reserve)
		goto put_host;

	ret = scsi_add_host(shost, loop_root);
	if (ret)
		goto free_reserve;
	/*
	 * Set this before the first disk is added.  A disk added by hand before works,
	 * too.
	 */
	cst_shost_set_may_block(shost);
	ls->shost = shost;
	return 0;

free_reserve:
	kvfree(lh->reserve);
put_host:
	scsi_host_put(shost);
	return ret;
}

void loop_host_remove(struct loop_session *ls)
{
	struct Scsi_Host *shost = ls->shost;
	struct loop_host *lh = shost_priv(shost);
	struct loop_lun *known;
	unsigned long i;

	scsi_remove_host(shost);
	loop_host_put(lh);
	wait_for_completion(&lh->unused);

	xa_for_each(&lh->luns, i, known)
		loop_lun_free(known);
	xa_destroy(&lh->luns);
	kvfree(lh->reserve);
	ls->shost = NULL;
	scsi_host_put(shost);
}

/*
 * Find the first LUN of the session from *lun on, and fill @now with its present state.
 * The device in @now is referenced.  The reference to the nexus is dropped before this
 * returns, because the caller scans disks, which waits for I/O.
 */
static bool loop_lun_next(struct cst_session *sess, unsigned long *lun,
			  struct loop_lun *now)
{
	struct cst_itl *itl;
	bool found = false;

	rcu_read_lock();
	for (itl = xa_find(&sess->itls, lun, ULONG_MAX, XA_PRESENT); itl;
	     itl = xa_find_after(&sess->itls, lun, ULONG_MAX, XA_PRESENT)) {
		if (!percpu_ref_tryget_live(&itl->ref))
			continue;
		now->dev = itl->dev;
		config_item_get(&itl->dev->obj.group.cg_item);
		now->nblocks = cst_device_capacity(itl->dev);
		now->enabled = cst_device_is_open(itl->dev);
		percpu_ref_put(&itl->ref);
		found = true;
		break;
	}
	rcu_read_unlock();
	return found;
}

static void loop_lun_remove(struct Scsi_Host *shost, unsigned long lun)
{
	struct loop_host *lh = shost_priv(shost);
	struct scsi_device *sdev;

	loop_lun_free(xa_erase(&lh->luns, lun));
	sdev = scsi_device_lookup(shost, 0, 0, loop_scsi_lun(lun));
	if (!sdev)
		return;
	scsi_remove_device(sdev);
	scsi_device_put(sdev);
}

/*
 * Have the mid-layer probe a LUN.  Every LUN answers its probe.  So if no disk has come
 * of it, memory was short, whatever the error says.  The LUN is forgotten then, so that
 * the next run of the work adds it again.
 */
static bool loop_lun_probe(struct Scsi_Host *shost, unsigned long lun)
{
	struct loop_host *lh = shost_priv(shost);
	struct scsi_device *sdev;

	sdev = __scsi_add_device(shost, 0, 0, loop_scsi_lun(lun), NULL);
	if (IS_ERR(sdev)) {
		loop_lun_free(xa_erase(&lh->luns, lun));
		return false;
	}
	scsi_device_put(sdev);
	return true;
}

/*
 * Add a LUN.  This takes over the reference to the device in @now.  Return: false if
 * there was no memory.
 */
static bool loop_lun_add(struct Scsi_Host *shost, unsigned long lun,
			 const struct loop_lun *now)
{
	struct loop_host *lh = shost_priv(shost);
	struct loop_lun *known = kmemdup(now, sizeof(*now), GFP_KERNEL);

	if (!known || xa_err(xa_store(&lh->luns, lun, known, GFP_KERNEL))) {
		shost_printk(KERN_ERR, shost,
			     "out of memory: LUN %lu comes later\n", lun);
		kfree(known);
		loop_dev_put(now->dev);
		return false;
	}
	/* The kernel's log and sysfs show what the probe finds. */
	return loop_lun_probe(shost, lun);
}

/* Scan a LUN again whose device has become ready, or has another size now. */
static bool loop_lun_rescan(struct Scsi_Host *shost, unsigned long lun)
{
	struct scsi_device *sdev;

	sdev = scsi_device_lookup(shost, 0, 0, loop_scsi_lun(lun));
	if (!sdev)
		return loop_lun_probe(shost, lun);
	scsi_rescan_device(sdev);
	scsi_device_put(sdev);
	return true;
}

static void loop_luns_forget_gone(struct loop_session *ls)
{
	struct loop_host *lh = shost_priv(ls->shost);
	struct loop_lun *known, now;
	unsigned long i;

	xa_for_each(&lh->luns, i, known) {
		unsigned long lun = i;
		bool same = false;

		if (loop_lun_next(&ls->sess, &lun, &now)) {
			same = lun == i && now.dev == known->dev;
			loop_dev_put(now.dev);
		}
		if (!same)
			loop_lun_remove(ls->shost, i);
	}
}

/**
 * loop_host_sync_luns() - give the host the disks that the session has now
 * @ls: a session that has a host
 *
 * A change that comes meanwhile queues loop_session.work again.
 *
 * Return: 0, or -ENOMEM when some disks are missing: the caller should try again.
 */
int loop_host_sync_luns(struct loop_session *ls)
{
	struct loop_host *lh = shost_priv(ls->shost);
	struct loop_lun *known, now;
	unsigned long lun;
	int ret = 0;

	loop_luns_forget_gone(ls);
	for (lun = 0; loop_lun_next(&ls->sess, &lun, &now); lun++) {
		bool stale;

		known = xa_load(&lh->luns, lun);
		/* The LUN has got another device since loop_luns_forget_gone(). */
		if (known && known->dev != now.dev) {
			loop_lun_remove(ls->shost, lun);
			known = NULL;
		}
		if (!known) {
			if (!loop_lun_add(ls->shost, lun, &now))
				ret = -ENOMEM;
			continue;
		}
		/*
		 * A disk whose device was disabled stays: its commands fail with the
		 * reason.
		 */
		stale = now.enabled &&
			(!known->enabled || known->nblocks != now.nblocks);
		known->nblocks = now.nblocks;
		known->enabled = now.enabled;
		loop_dev_put(now.dev);
		if (stale && !loop_lun_rescan(ls->shost, lun))
			ret = -ENOMEM;
	}
	return ret;
}

int loop_host_init(void)
{
	loop_root = root_device_register("cst_loop");
	return PTR_ERR_OR_ZERO(loop_root);
}

void loop_host_exit(void)
{
	root_device_unregister(loop_root);
}
