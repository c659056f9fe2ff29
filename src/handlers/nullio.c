// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdisk_nullio: a disk of any size that reads as zeroes and discards what is written.  It
 * is for measurements, and is the handler to copy from: it has all that a handler needs.
 *
 * Core calls in through vdisk_nullio_ops.  This file has no lock.
 */
#include <cst/bvec_walk.h>
#include <cst/disk.h>

#include "vdisk.h"

#define NULLIO_DEFAULT_SIZE	BIT_ULL(40)

/**
 * struct nullio_dev - a vdisk_nullio device
 * @disk: what core knows of it; first
 * @size: attribute, in bytes; disk.dev.obj.lock
 */
struct nullio_dev {
	struct cst_disk		disk;
	u64			size;
};

static inline struct nullio_dev *to_nullio_dev(struct cst_device *dev)
{
	return container_of(dev, struct nullio_dev, disk.dev);
}

static int nullio_set_size(struct cst_object *obj, union cst_attr_value val);

CST_ATTR(nullio, size, 0644, CST_FIELD(nullio_dev, disk.dev.obj, size),
	 .type = CST_ATTR_UINT, .min = 512, .max = S64_MAX, .dflt = NULLIO_DEFAULT_SIZE,
	 .unit = "bytes", .apply = nullio_set_size,
	 .help = "Size of the disk.");

static const struct cst_attr *const nullio_attrs[] = {
	&nullio_attr_size,
	NULL
};

static int nullio_get_nblocks(struct cst_disk *disk, u64 size, u64 *nblocks)
{
	if (size & (disk->block_size - 1)) {
		cst_config_error(&disk->dev.obj.group.cg_item, "size",
				 "%llu is not a multiple of the block size, %u",
				 size, disk->block_size);
		return -EINVAL;
	}
	*nblocks = size >> disk->block_shift;
	return 0;
}

static int nullio_set_size(struct cst_object *obj, union cst_attr_value val)
{
	struct cst_disk *disk = container_of(obj, struct cst_disk, dev.obj);
	u64 nblocks;
	int ret;

	if (!obj->enabled)
		return 0;
	ret = nullio_get_nblocks(disk, val.num, &nblocks);
	return ret ?: cst_disk_resize(disk, "size", nblocks);
}

static int nullio_resync_size(struct cst_device *dev, u64 *nblocks)
{
	return nullio_get_nblocks(to_cst_disk(dev), to_nullio_dev(dev)->size,
				  nblocks);
}

static int nullio_enable(struct cst_device *dev)
{
	struct cst_disk *disk = to_cst_disk(dev);

	/* No block ever takes space. */
	disk->unmap_granularity = disk->block_size;
	disk->unmap_zeroes = true;
	disk->can_zero = true;
	/* Reads never wait, as if all blocks were in a cache. */
	disk->can_prefetch = true;
	return nullio_resync_size(dev, &disk->nblocks);
}

static void nullio_disable(struct cst_device *dev)
{
}

/* This never blocks, so CST_IO_NOWAIT and CST_IO_ATOMIC make no difference. */
static int nullio_submit(struct cst_io *io)
{
	if (io->op == CST_IO_READ)
		cst_bvec_zero(io->bvec, io->len);
	cst_io_done(io, 0);
	return 0;
}

/* No block is mapped. */
static int nullio_map(struct cst_device *dev, u64 pos, u64 *end)
{
	*end = S64_MAX & ~(u64)(to_cst_disk(dev)->block_size - 1);
	return 0;
}

static const struct cst_block_ops nullio_block_ops = {
	.submit		= nullio_submit,
	.resync_size	= nullio_resync_size,
	.map		= nullio_map,
};

const struct cst_handler_ops vdisk_nullio_ops = {
	.owner		= THIS_MODULE,
	.name		= "vdisk_nullio",
	.type		= &cst_disk_type,
	.prod_id	= "nullio",
	.dev_size	= sizeof(struct nullio_dev),
	.attrs		= nullio_attrs,
	.enable		= nullio_enable,
	.disable	= nullio_disable,
	.block		= &nullio_block_ops,
};
