// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_hardirq: a disk in memory whose I/O ends in hard interrupt.  With it tests show
 * that core and fabrics can end a command there; lockdep checks their locks.
 *
 * submit copies the data and puts the I/O on a lock-free list.  An irq_work takes the
 * list and reports the ends.  This file has no lock.
 */
#include <linux/highmem.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/vmalloc.h>

#include <cst/bvec_walk.h>
#include <cst/disk.h>

#define HARDIRQ_SIZE	(32U << 20)

/**
 * struct hardirq_dev - a test_hardirq device
 * @disk: what core knows of it; first
 * @data: the medium, while the device is enabled
 * @ended: I/Os to be reported, linked by cst_io.priv
 * @work: reports the I/Os of @ended
 */
struct hardirq_dev {
	struct cst_disk		disk;
	u8			*data;
	struct llist_head	ended;
	struct irq_work		work;
};

static inline struct hardirq_dev *to_hardirq_dev(struct cst_device *dev)
{
	return container_of(dev, struct hardirq_dev, disk.dev);
}

/*
 * Hard interrupt.  The next node is read before cst_io_done(), because the I/O, which the
 * node is in, must not be touched afterwards.
 */
static void hardirq_work(struct irq_work *work)
{
	struct hardirq_dev *hd = container_of(work, struct hardirq_dev, work);
	struct llist_node *node = llist_del_all(&hd->ended);

	WARN_ON_ONCE(!hardirq_count());
	node = llist_reverse_order(node);
	while (node) {
		struct cst_io *io = container_of((void *)node, struct cst_io, priv);

		node = node->next;
		cst_io_done(io, 0);
	}
}

static int hardirq_enable(struct cst_device *dev)
{
	struct hardirq_dev *hd = to_hardirq_dev(dev);

	hd->data = vzalloc(HARDIRQ_SIZE);
	if (!hd->data) {
		cst_config_error(&dev->obj.group.cg_item, "enabled", "out of memory");
		return -ENOMEM;
	}
	init_llist_head(&hd->ended);
	init_irq_work(&hd->work, hardirq_work);
	hd->disk.nblocks = HARDIRQ_SIZE >> hd->disk.block_shift;
	return 0;
}

static void hardirq_disable(struct cst_device *dev)
{
	struct hardirq_dev *hd = to_hardirq_dev(dev);

	irq_work_sync(&hd->work);
	vfree(hd->data);
}

static void hardirq_copy(const struct cst_io *io, u8 *data)
{
	struct cst_bvec_walk walk = { .bv = io->bvec };
	u32 left, at, n;
	struct page *page;

	for (left = io->len; left; left -= n) {
		page = cst_bvec_piece(&walk, &at, &n);
		n = min(n, left);
		if (io->op == CST_IO_READ)
			memcpy_to_page(page, at, data, n);
		else
			memcpy_from_page(data, page, at, n);
		cst_bvec_advance(&walk, n);
		data += n;
	}
}

static int hardirq_submit(struct cst_io *io)
{
	struct hardirq_dev *hd = to_hardirq_dev(io->dev);

	struct cst_io_hold hold;

	if (io->op != CST_IO_FLUSH)
		hardirq_copy(io, hd->data + io->pos);
	/*
	 * The interrupt for an earlier I/O may report this one as soon as it is on the
	 * list, and it may be the last I/O before the device is disabled.
	 */
	cst_io_hold(io, &hold);
	llist_add((struct llist_node *)io->priv, &hd->ended);
	irq_work_queue(&hd->work);
	cst_io_let_go(&hold);
	return 0;
}

static const struct cst_attr *const hardirq_attrs[] = {
	NULL
};

static const struct cst_block_ops hardirq_block_ops = {
	.submit		= hardirq_submit,
};

static const struct cst_handler_ops hardirq_ops = {
	.owner		= THIS_MODULE,
	.name		= "test_hardirq",
	.type		= &cst_disk_type,
	.prod_id	= "hardirq",
	.dev_size	= sizeof(struct hardirq_dev),
	.attrs		= hardirq_attrs,
	.enable		= hardirq_enable,
	.disable	= hardirq_disable,
	.block		= &hardirq_block_ops,
};

static int __init hardirq_init(void)
{
	return cst_handler_register(&hardirq_ops);
}

static void __exit hardirq_exit(void)
{
	cst_handler_unregister(&hardirq_ops);
}

module_init(hardirq_init);
module_exit(hardirq_exit);

MODULE_DESCRIPTION("ConfigFS SCSI Target disk that completes in hard interrupt");
MODULE_LICENSE("GPL");
MODULE_VERSION(CST_VERSION);
