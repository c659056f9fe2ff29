// SPDX-License-Identifier: GPL-2.0-only
/*
 * Items that linger after rmdir.  configfs drops its reference to an item while the
 * directory's name can still be looked up; that ends only when rmdir unlocks the parent
 * directory.  In between symlink(2) may look the name up and take a reference to the item.
 * So a reference must be left until then.  Without it a race of rmdir against ln accesses
 * freed memory.
 *
 * Every drop_item calls in.  A worker locks the inode of the parent directory.
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

	/* rmdir holds the lock until the name cannot be looked up any more. */
	inode_lock(dir);
	inode_unlock(dir);
	dput(linger->parent);
	config_item_put(linger->item);
	kfree(linger);
}

/*
 * Wait until no item lingers.  To be called before code or types that lingering items need go
 * away.
 */
void cst_linger_flush(void)
{
	flush_workqueue(cst_linger_wq);
}

/**
 * cst_item_linger() - keep an item until its name cannot be looked up any more
 * @parent: the group that the item is dropped from
 * @item: the item that drop_item was called for
 *
 * Context: drop_item of a configfs group, before it drops its own reference.
 */
void cst_item_linger(struct config_group *parent, struct config_item *item)
{
	struct cst_linger *linger;

	/* __GFP_NOFAIL: rmdir cannot fail any more, and the allocation is small. */
	linger = kmalloc(sizeof(*linger), GFP_KERNEL | __GFP_NOFAIL);
	INIT_WORK(&linger->work, cst_linger_work);
	linger->parent = dget(parent->cg_item.ci_dentry);
	linger->item = config_item_get(item);
	queue_work(cst_linger_wq, &linger->work);
}
EXPORT_SYMBOL_GPL(cst_item_linger);
