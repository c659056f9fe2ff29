// SPDX-License-Identifier: GPL-2.0-only
/*
 * Items that linger after rmdir: configfs gives up its reference to an item
 * while the directory's name can still be looked up, which ends only when rmdir
 * unlocks the parent directory.  symlink(2) looks its target up in between and
 * takes a reference to the item, so one must be left: without it a race of
 * rmdir against ln touches freed memory.
 *
 * Called by every drop_item; locks the parent directory's inode, from a worker.
 */
#include <linux/configfs.h>
#include <linux/dcache.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../core.h"

struct cst_linger {
	struct work_struct	work;
	struct dentry		*parent;
	struct config_item	*item;
};

static void cst_linger_work(struct work_struct *work)
{
	struct cst_linger *linger = container_of(work, struct cst_linger, work);
	struct inode *dir = d_inode(linger->parent);

	/* rmdir holds this until the name is gone. */
	inode_lock(dir);
	inode_unlock(dir);
	dput(linger->parent);
	config_item_put(linger->item);
	kfree(linger);
}

/* Before code or types that items need go: wait for those that linger. */
void cst_linger_flush(void)
{
	flush_workqueue(cst_linger_wq);
}

/**
 * cst_item_linger() - keep an item until nobody can look it up any more
 * @parent: the group that it is dropped from
 * @item: what drop_item was called for
 *
 * Context: drop_item of a configfs group, before it gives up its reference.
 */
void cst_item_linger(struct config_group *parent, struct config_item *item)
{
	struct cst_linger *linger;

	/* rmdir cannot fail here, and this is small. */
	linger = kmalloc(sizeof(*linger), GFP_KERNEL | __GFP_NOFAIL);
	INIT_WORK(&linger->work, cst_linger_work);
	linger->parent = dget(parent->cg_item.ci_dentry);
	linger->item = config_item_get(item);
	queue_work(cst_linger_wq, &linger->work);
}
EXPORT_SYMBOL_GPL(cst_item_linger);
