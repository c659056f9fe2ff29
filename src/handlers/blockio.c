// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdisk_blockio: a disk on a block device, past the page cache.  One bio inside the
 * command, on the command's own pages, becomes each I/O: nothing is copied, and nothing is
 * allocated.
 *
 * Core calls in through vdisk_blockio_ops: for configuration with dev.obj.lock held, for
 * submit in a submitter's context (CST_IO_NOWAIT) or in a worker.  The block layer calls
 * blockio_end_io() in any context, hard interrupt included.  This file has no lock.
 *
 * In the submitter's context a bio has REQ_NOWAIT: a device that is busy must not keep the
 * other devices of the submitter waiting.  When the block layer would have to wait, the bio
 * ends with BLK_STS_AGAIN, and a worker submits it anew and may wait.  Bios that the block
 * layer would have to split, which it does not do without waiting, go to a worker at once.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/sched/task_stack.h>

#include "backing.h"
#include "vdisk.h"

/**
 * struct blockio_dev - a vdisk_blockio device
 * @vd: its backing; first
 * @bdev: the block device; while open
 * @volatile_cache: the device had a write cache when it was opened; attribute
 * @nowait: the device takes bios with REQ_NOWAIT
 * @max_bytes: the largest bio that is not split for its size
 * @max_segs: ... or for the number of its pages
 */
struct blockio_dev {
	struct vdisk_dev	vd;
	struct block_device	*bdev;
	bool			volatile_cache;
	bool			nowait;
	u32			max_bytes;
	u16			max_segs;
};

/* State of one I/O, in cst_io.priv. */
struct blockio_io {
	int	error;		/* of a flush or a FUA write that has ended */
	/* at the end, because old kernels have an array of no size at the end of a bio */
	union {
		struct bio	bio;	/* while the block layer has it */
		struct cst_job	job;	/* afterwards, when a worker goes on with the I/O */
	};
};

static inline struct blockio_dev *to_blockio_dev(struct cst_device *dev)
{
	return container_of(dev, struct blockio_dev, vd.disk.dev);
}

static inline struct blockio_io *to_blockio_io(struct cst_io *io)
{
	BUILD_BUG_ON(sizeof(struct blockio_io) > sizeof(io->priv));
	return (struct blockio_io *)io->priv;
}

static inline struct cst_io *blockio_to_cst_io(struct blockio_io *bi)
{
	return container_of((void *)bi, struct cst_io, priv);
}

CST_ATTR(blockio, filename, 0644, CST_FIELD(vdisk_dev, disk.dev.obj, filename),
	 .type = CST_ATTR_STRING, .when = CST_WHEN_DISABLED,
	 .apply = vdisk_apply_filename,
	 .help = "Absolute path of the block device that holds the data.");

CST_ATTR(blockio, volatile_cache, 0444,
	 CST_FIELD(blockio_dev, vd.disk.dev.obj, volatile_cache),
	 .type = CST_ATTR_BOOL,
	 .help = "The block device has a cache that flushes empty; 0 while it is not open.");

VDISK_ATTR_ACTIVE(blockio);

static const struct cst_attr *const blockio_attrs[] = {
	&blockio_attr_filename,
	&blockio_attr_volatile_cache,
	&blockio_attr_active,
	NULL
};

/* Configuration */

static int blockio_get_nblocks(struct blockio_dev *bd, u64 *nblocks)
{
	u64 bytes = bdev_nr_bytes(bd->bdev);
	int ret = vdisk_check_multiple(&bd->vd, bytes);

	if (ret)
		return ret;
	if (!bytes)
		return vdisk_refuse(&bd->vd, -ENOMEDIUM, "has no blocks: no medium, perhaps, or not set up");
	*nblocks = bytes >> bd->vd.disk.block_shift;
	return 0;
}

/* Can the device be a disk with the attributes as they are set? */
static int blockio_check(struct blockio_dev *bd)
{
	unsigned int lbs = bdev_logical_block_size(bd->bdev);

	if (lbs > bd->vd.disk.block_size)
		return vdisk_refuse(&bd->vd, -EINVAL,
				    "has blocks of %u bytes: blocksize must be %u",
				    lbs, lbs);
	if (bdev_is_zoned(bd->bdev))
		return vdisk_refuse(&bd->vd, -EOPNOTSUPP,
				    "is zoned: initiators of a disk write anywhere, and it can be written in order only");
	/* Such a device can be opened for writing all the same. */
	if (!bd->vd.disk.dev.read_only && bdev_read_only(bd->bdev))
		return vdisk_refuse(&bd->vd, -EROFS,
				    "cannot be written, because the device is read-only; read_only may be set");
	return blockio_get_nblocks(bd, &bd->vd.disk.nblocks);
}

/* Tell the disk what the device is, and how it discards blocks and makes zeroes of them. */
static void blockio_get_limits(struct blockio_dev *bd)
{
	struct block_device *bdev = bd->bdev;
	struct request_queue *q = bdev_get_queue(bdev);
	struct cst_disk *disk = &bd->vd.disk;

	bd->nowait = bdev_nowait(bdev);
	bd->max_bytes = queue_max_sectors(q) << SECTOR_SHIFT;
	bd->max_segs = queue_max_segments(q);
	bd->volatile_cache = bdev_write_cache(bdev);
	disk->backing_block = bdev_physical_block_size(bdev);
	disk->backing_opt = bdev_io_opt(bdev);
	disk->backing_rotational = bdev_rot(bdev);
	if (disk->dev.read_only)
		return;
	disk->can_zero = bdev_write_zeroes_sectors(bdev);
	/*
	 * Blocks are unmapped by WRITE ZEROES, which leaves zeroes.  A discard need not.  So
	 * the disk is thin when the device has both.
	 */
	if (!disk->can_zero || !bdev_max_discard_sectors(bdev))
		return;
	disk->unmap_granularity = max_t(u32, bdev_discard_granularity(bdev),
					bdev_logical_block_size(bdev));
	disk->unmap_alignment = max_t(int, bdev_discard_alignment(bdev), 0);
	disk->unmap_zeroes = true;
}

/*
 * Does the device promise that a write is never torn?  Its promise is for sizes that are a power
 * of two, at a multiple of the size.  Other sizes hold as well within a boundary of the device
 * and within one part of a device that is made of several, which chunk_sectors tells.
 */
static void blockio_get_atomic_limits(struct blockio_dev *bd)
{
	struct request_queue *q = bdev_get_queue(bd->bdev);
	struct cst_disk *disk = &bd->vd.disk;
	u32 max = queue_atomic_write_unit_max_bytes(q), unit;

	if (disk->dev.read_only || !bdev_can_atomic_write(bd->bdev))
		return;
	unit = max_t(u32, queue_atomic_write_unit_min_bytes(q), disk->block_size);
	if (max < unit)
		return;
	disk->atomic_unit = unit;
	disk->atomic_boundary = queue_atomic_write_boundary_bytes(q);
	if (!disk->atomic_boundary && q->limits.chunk_sectors <= U32_MAX >> SECTOR_SHIFT)
		disk->atomic_boundary = q->limits.chunk_sectors << SECTOR_SHIFT;
	WRITE_ONCE(disk->atomic_max, max);
}

static int blockio_enable(struct cst_device *dev)
{
	struct blockio_dev *bd = to_blockio_dev(dev);
	int ret;

	ret = vdisk_open(&bd->vd, 0, false);
	if (ret)
		return ret;
	bd->bdev = I_BDEV(bd->vd.file->f_mapping->host);
	ret = blockio_check(bd);
	if (ret)
		goto close;
	/*
	 * What somebody has written through the page cache goes to the device first.  The
	 * device's own cache is flushed, too: with write_through, or without nv_cache, which may
	 * be new, initiators do not flush what they wrote before.
	 */
	ret = dev->read_only ? sync_blockdev(bd->bdev) : vfs_fsync(bd->vd.file, 0);
	if (ret) {
		vdisk_refuse(&bd->vd, ret, "cannot be written back: %pe", ERR_PTR(ret));
		goto close;
	}
	invalidate_bdev(bd->bdev);

	blockio_get_limits(bd);
	blockio_get_atomic_limits(bd);
	vdisk_follow_size(&bd->vd, true);
	bd->vd.fresh = false;
	return 0;

close:
	vdisk_close(&bd->vd);
	return ret;
}

static void blockio_disable(struct cst_device *dev)
{
	struct blockio_dev *bd = to_blockio_dev(dev);

	/* Pages that somebody has read meanwhile are older than what initiators have written. */
	invalidate_bdev(bd->bdev);
	vdisk_close(&bd->vd);
	bd->bdev = NULL;
	bd->volatile_cache = false;
}

static int blockio_resync_size(struct cst_device *dev, u64 *nblocks)
{
	return blockio_get_nblocks(to_blockio_dev(dev), nblocks);
}

/* I/O */

static void blockio_submit_job(struct cst_job *job);

/* A device that has been removed has no bytes, and answers as if I/O went beyond its end. */
static bool blockio_is_gone(const struct blockio_dev *bd)
{
	return !bdev_nr_bytes(bd->bdev);
}

static int blockio_errno(const struct blockio_dev *bd, blk_status_t status)
{
	if (likely(!status))
		return 0;
	return status == BLK_STS_IOERR && blockio_is_gone(bd) ?
	       -ENODEV : blk_status_to_errno(status);
}

/* In a worker. */
static void blockio_end_job(struct cst_job *job)
{
	struct blockio_io *bi = container_of(job, struct blockio_io, job);

	cst_io_done(blockio_to_cst_io(bi), bi->error);
}

static void blockio_queue(struct blockio_io *bi, void (*func)(struct cst_job *job))
{
	bi->job.func = func;
	cst_job_queue(blockio_to_cst_io(bi)->dev, &bi->job);
}

static void blockio_end_io(struct bio *bio)
{
	struct blockio_io *bi = container_of(bio, struct blockio_io, bio);
	struct cst_io *io = blockio_to_cst_io(bi);
	struct blockio_dev *bd = to_blockio_dev(io->dev);
	blk_status_t status = bio->bi_status;
	bool nowait = bio->bi_opf & REQ_NOWAIT;

	bio_uninit(bio);
	if (unlikely(nowait && (status == BLK_STS_AGAIN || status == BLK_STS_NOTSUPP))) {
		/* A device mapper's table may have been replaced by one that has to wait. */
		if (status == BLK_STS_NOTSUPP)
			WRITE_ONCE(to_blockio_dev(io->dev)->nowait, false);
		blockio_queue(bi, blockio_submit_job);
	} else if (io->op == CST_IO_FLUSH ||
		   (io->op == CST_IO_WRITE && (io->flags & CST_IO_FUA))) {
		/*
		 * The block layer may hold the lock of the device's flushes.  The initiator
		 * may be on this host, with a lock of the same kind to take.
		 */
		bi->error = blockio_errno(bd, status);
		blockio_queue(bi, blockio_end_job);
	} else {
		cst_io_done(io, blockio_errno(bd, status));
	}
}

static void blockio_submit_bio(struct blockio_dev *bd, struct cst_io *io,
			       blk_opf_t nowait)
{
	struct bio *bio = &to_blockio_io(io)->bio;
	blk_opf_t opf = nowait;

	switch (io->op) {
	case CST_IO_READ:
		opf |= REQ_OP_READ;
		break;
	case CST_IO_WRITE:
		opf |= REQ_OP_WRITE | REQ_SYNC | REQ_IDLE;
		if (io->flags & CST_IO_FUA)
			opf |= REQ_FUA;
		if (io->flags & CST_IO_UNTORN)
			opf |= REQ_ATOMIC;
		break;
	default:
		opf |= REQ_OP_WRITE | REQ_PREFLUSH | REQ_SYNC;
		break;
	}
	bio_init(bio, bd->bdev, io->bvec, io->nr_bvec, opf);
	if (io->op != CST_IO_FLUSH) {
		bio->bi_vcnt = io->nr_bvec;
		bio->bi_iter.bi_sector = io->pos >> SECTOR_SHIFT;
		bio->bi_iter.bi_size = io->len;
	}
	bio->bi_end_io = blockio_end_io;
	submit_bio(bio);
}

/* In a worker. */
static void blockio_submit_job(struct cst_job *job)
{
	struct blockio_io *bi = container_of(job, struct blockio_io, job);
	struct cst_io *io = blockio_to_cst_io(bi);

	blockio_submit_bio(to_blockio_dev(io->dev), io, 0);
}

/*
 * An initiator on this host may be in its own submit_bio(), or have a plug.  Either would keep
 * the bio back, behind bios that may wait for what this one is going to free.  So the bio is
 * submitted outside of both.
 */
static void blockio_submit_now(struct blockio_dev *bd, struct cst_io *io)
{
	struct bio_list *bio_list = current->bio_list;
	struct blk_plug *outer = current->plug, plug;

	current->bio_list = NULL;
	if (outer) {
		/* A task that has asked its plug for the time must not lose the CPU without one. */
		preempt_disable();
		current->plug = NULL;
		blk_start_plug(&plug);
		preempt_enable();
	}
	blockio_submit_bio(bd, io, REQ_NOWAIT);
	if (outer) {
		blk_finish_plug(&plug);
		current->plug = outer;
	}
	current->bio_list = bio_list;
}

/*
 * Submitting below another submit_bio() uses the stack of both, and the device may be made of
 * disks of this host in turn.
 */
static bool blockio_has_stack(void)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);

	return !current->bio_list ||
	       here - (unsigned long)task_stack_page(current) > THREAD_SIZE / 2;
}

/* Can the bio be submitted without waiting?  It may still end with BLK_STS_AGAIN. */
static bool blockio_may_submit(const struct blockio_dev *bd, const struct cst_io *io)
{
	return READ_ONCE(bd->nowait) && !(io->flags & CST_IO_ATOMIC) &&
	       io->op != CST_IO_FLUSH && io->len <= bd->max_bytes &&
	       io->nr_bvec <= bd->max_segs && blockio_has_stack();
}

/* In a worker: zeroes and unmapping, which wait for the device. */
static void blockio_other(struct blockio_dev *bd, struct cst_io *io)
{
	sector_t sector = io->pos >> SECTOR_SHIFT, nr = io->len >> SECTOR_SHIFT;
	int ret = 0;

	switch (io->op) {
	case CST_IO_ZERO:
		/* Where the device has no command for it, zeroes are written. */
		ret = blkdev_issue_zeroout(bd->bdev, sector, nr, GFP_NOIO,
					   io->flags & CST_IO_RELEASE ?
					   0 : BLKDEV_ZERO_NOUNMAP);
		break;
	case CST_IO_UNMAP:
		ret = blkdev_issue_zeroout(bd->bdev, sector, nr, GFP_NOIO,
					   BLKDEV_ZERO_NOFALLBACK);
		break;
	default:	/* CST_IO_PREFETCH: there is no cache here to read into */
		break;
	}
	if (!ret && (io->flags & CST_IO_FUA))
		ret = blkdev_issue_flush(bd->bdev);
	cst_io_done(io, ret == -EIO && blockio_is_gone(bd) ? -ENODEV : ret);
}

static bool blockio_changes_medium(const struct cst_io *io)
{
	return io->op == CST_IO_WRITE || io->op == CST_IO_ZERO || io->op == CST_IO_UNMAP;
}

static int blockio_submit(struct cst_io *io)
{
	struct blockio_dev *bd = to_blockio_dev(io->dev);

	/* The block layer writes to a device that has become read-only. */
	if (blockio_changes_medium(io) && unlikely(bdev_read_only(bd->bdev))) {
		cst_io_done(io, -EROFS);
		return 0;
	}
	if (unlikely(io->op > CST_IO_FLUSH)) {
		blockio_other(bd, io);
		return 0;
	}
	/* Without a cache in the device all that has been answered is durable. */
	if (io->op == CST_IO_FLUSH && !bdev_write_cache(bd->bdev)) {
		cst_io_done(io, blockio_is_gone(bd) ? -ENODEV : 0);
		return 0;
	}
	if (!(io->flags & CST_IO_NOWAIT)) {
		blockio_submit_bio(bd, io, 0);
		return 0;
	}
	if (!blockio_may_submit(bd, io))
		return -EAGAIN;
	blockio_submit_now(bd, io);
	return 0;
}

static const struct cst_block_ops blockio_block_ops = {
	.submit		= blockio_submit,
	.resync_size	= blockio_resync_size,
	.backing	= vdisk_backing,
	.backing_key	= vdisk_backing_key,
};

const struct cst_handler_ops vdisk_blockio_ops = {
	.owner		= THIS_MODULE,
	.name		= "vdisk_blockio",
	.type		= &cst_disk_type,
	.prod_id	= "blockio",
	.may_block	= true,
	.dev_size	= sizeof(struct blockio_dev),
	.attrs		= blockio_attrs,
	.init		= vdisk_init_dev,
	.enable		= blockio_enable,
	.disable	= blockio_disable,
	.block		= &blockio_block_ops,
};
