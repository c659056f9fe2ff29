// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O of vdisk_fileio, which takes one of three ways:
 *  - In the submitter's context: I/O that memory serves, and direct I/O where a bio may
 *    be submitted.
 *  - Asynchronously, started in a worker: other direct I/O.
 *  - In a worker, which waits for the file system: all other I/O, and each I/O that did
 *    not succeed completely in one of the other ways.  Reads and overwrites can be
 *    repeated, so the worker begins anew or goes on where the other way ended.  The error
 *    that the worker finds is the one that is reported.
 *
 * Core calls fileio_submit() in a submitter's context (CST_IO_NOWAIT) or in a worker.  The
 * file system is called from here.  This file has no lock.
 */
#include <linux/blkdev.h>
#include <linux/fadvise.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "fileio.h"

#define FILEIO_READ_AHEAD	(128U << 10)	/* bytes */

/**
 * struct fileio_io - state of one I/O, in cst_io.priv
 * @iocb: used while the file system has the I/O
 * @job: used afterwards, for what is left of the I/O
 * @done: bytes that have been moved
 * @users: of @iocb, when the file system has queued the I/O: the call that has started it,
 *	and the I/O
 * @ret: what the file system has answered at the end of a queued I/O
 */
struct fileio_io {
	union {
		struct kiocb		iocb;
		struct cst_job		job;
	};
	u32			done;
	atomic_t		users;
	long			ret;
};

static inline struct fileio_io *to_fileio_io(struct cst_io *io)
{
	BUILD_BUG_ON(sizeof(struct fileio_io) > sizeof(io->priv));
	return (struct fileio_io *)io->priv;
}

static inline struct cst_io *fileio_to_cst_io(struct fileio_io *fio)
{
	return container_of((void *)fio, struct cst_io, priv);
}

int fileio_sync(struct file *file, loff_t first, loff_t last, int datasync)
{
	/*
	 * A file system that cannot be written (squashfs, iso9660, erofs) has nothing to
	 * flush and no fsync.
	 */
	if (!file->f_op->fsync)
		return 0;
	return vfs_fsync_range(file, first, last, datasync);
}

static bool fileio_is_dirty(const struct file *file)
{
	return mapping_tagged(file->f_mapping, PAGECACHE_TAG_DIRTY);
}

/* Move what follows the first @done bytes of an I/O, by one call of the file system. */
static ssize_t fileio_rw_iter(struct kiocb *iocb, const struct cst_io *io, u32 done)
{
	struct file *file = iocb->ki_filp;
	struct iov_iter iter;

	iov_iter_bvec(&iter, io->op == CST_IO_WRITE ? ITER_SOURCE : ITER_DEST,
		      io->bvec, io->nr_bvec, io->len);
	if (done)
		iov_iter_advance(&iter, done);
	iocb->ki_pos = io->pos + done;

	if (io->op == CST_IO_WRITE) {
		bool direct = iocb->ki_flags & IOCB_DIRECT;
		ssize_t ret;

		if (io->flags & CST_IO_FUA)
			iocb->ki_flags |= IOCB_DSYNC;
		ret = file->f_op->write_iter(iocb, &iter);
		/* Has the file system used the page cache instead of direct I/O? */
		if (direct && ret > 0 &&
		    (!(iocb->ki_flags & IOCB_DIRECT) || fileio_is_dirty(file)))
			WRITE_ONCE(to_fileio_dev(io->dev)->cached, true);
		return ret;
	}
	return file->f_op->read_iter(iocb, &iter);
}

/*
 * The page cache needs memory for what an initiator writes.  An initiator on this host
 * may write in order to free memory, for example to swap on a disk of ours.  Then all
 * memory that could be reclaimed waits for that write.  So when memory is so low that
 * the write itself may find none, its data goes past the page cache.
 */
static bool fileio_memory_is_low(void)
{
	return si_mem_available() < (long)(totalram_pages() / 16);
}

static int fileio_rw_rest(struct fileio_dev *fd, const struct cst_io *io, u32 done)
{
	bool past = cst_file_can_direct(fd->vd.file) && fileio_memory_is_low();
	struct address_space *mapping = fd->vd.file->f_mapping;
	errseq_t since = filemap_sample_wb_err(mapping);
	bool buffered = false;
	struct kiocb iocb;
	ssize_t ret = 0;

	while (done < io->len) {
		init_sync_kiocb(&iocb, fd->vd.file);
		if (unlikely(past))
			iocb.ki_flags |= IOCB_DIRECT;
		if (buffered)
			iocb.ki_flags = (iocb.ki_flags & ~IOCB_DIRECT) | IOCB_DSYNC;
		ret = fileio_rw_iter(&iocb, io, done);
		if (ret == -EINVAL && (iocb.ki_flags & IOCB_DIRECT)) {
			/*
			 * Direct I/O needs a coarser alignment on the file's
			 * device.  Use the page cache, but with IOCB_DSYNC, so that
			 * nothing stays there only.
			 */
			buffered = true;
			continue;
		}
		if (ret <= 0)
			break;
		done += ret;
	}
	/*
	 * When data could not be written back, the file returns the error to one of the
	 * callers that wait, which may be another one than the caller whose data it was.
	 * So each of them looks for errors since it began.
	 */
	if (done == io->len)
		return io->op == CST_IO_WRITE &&
		       (iocb.ki_flags & (IOCB_DSYNC | IOCB_DIRECT)) == IOCB_DSYNC ?
		       filemap_check_wb_err(mapping, since) : 0;
	/* A block device that was removed has size 0, and answers as if it were full. */
	if (ret == -ENOSPC && S_ISBLK(mapping->host->i_mode) &&
	    io->pos + io->len > i_size_read(mapping->host))
		return -EIO;
	/*
	 * The whole disk lies within the file.  So a read that meets the end of the file
	 * has found that the file was truncated: that is lost data, and not zeroes.
	 */
	return ret < 0 ? ret : -EIO;
}

/*
 * The kernel marks a page that could not be written as clean, and returns the error
 * once.  An initiator then repeats its flush, and that must not succeed: data of writes
 * that were answered GOOD is lost.  So flushes fail until the administrator disables
 * the device.
 */
static void fileio_tell_lost(struct fileio_dev *fd, int error)
{
	if (READ_ONCE(fd->lost) || xchg(&fd->lost, 1))
		return;
	pr_err("%s: cached data of %s could not be written: %pe; flushes fail until the device is disabled\n",
	       config_item_name(&fd->vd.disk.dev.obj.group.cg_item), fd->vd.filename,
	       ERR_PTR(error));
	cst_device_data_lost(&fd->vd.disk.dev);
}

int fileio_check_lost(struct fileio_dev *fd)
{
	int ret = filemap_check_wb_err(fd->vd.file->f_mapping, fd->wb_err);

	/*
	 * With write_through all data of writes that were answered GOOD had been written
	 * before.  The same holds with o_direct, unless the file system has put data into
	 * the page cache all the same.
	 */
	if (likely(!ret) || (fd->vd.disk.write_through && !fd->vd.disk.nv_cache) ||
	    (fd->o_direct && !READ_ONCE(fd->cached)))
		return 0;
	fileio_tell_lost(fd, ret);
	return ret;
}

/* In a worker: do what follows the first @done bytes of an I/O, and wait for its end. */
static void fileio_rw_wait(struct fileio_dev *fd, struct cst_io *io, u32 done)
{
	/*
	 * An initiator on this host that dirties pages of our disk is throttled for them
	 * already.  If this worker, which writes the same data, were throttled as well,
	 * both could stop for good.
	 */
	unsigned int throttle = current->flags & PF_LOCAL_THROTTLE;
	unsigned int noio = memalloc_noio_save();
	int ret = 0;

	current->flags |= PF_LOCAL_THROTTLE;
	if (io->op == CST_IO_WRITE) {
		file_start_write(fd->vd.file);
		ret = fileio_rw_rest(fd, io, done);
		file_end_write(fd->vd.file);
	} else {
		if (io->flags & CST_IO_FUA)
			ret = fileio_sync(fd->vd.file, io->pos,
					  io->pos + io->len - 1, 1);
		if (!ret && (io->flags & CST_IO_FUA))
			ret = fileio_check_lost(fd);
		if (!ret)
			ret = fileio_rw_rest(fd, io, done);
	}
	if (!throttle)
		current->flags &= ~PF_LOCAL_THROTTLE;
	memalloc_noio_restore(noio);
	cst_io_done(io, ret);
}

static void fileio_rest_job(struct cst_job *job)
{
	struct fileio_io *fio = container_of(job, struct fileio_io, job);
	struct cst_io *io = fileio_to_cst_io(fio);

	fileio_rw_wait(to_fileio_dev(io->dev), io, fio->done);
}

static bool fileio_freezes(const struct cst_io *io, const struct file *file)
{
	return io->op == CST_IO_WRITE && S_ISREG(file_inode(file)->i_mode);
}

static void fileio_async_end(struct kiocb *iocb, long ret)
{
	struct fileio_io *fio = container_of(iocb, struct fileio_io, iocb);
	struct cst_io *io = fileio_to_cst_io(fio);
	struct fileio_dev *fd = to_fileio_dev(io->dev);

	if (fileio_freezes(io, iocb->ki_filp))
		kiocb_end_write(iocb);
	if (likely(ret == io->len)) {
		cst_io_done(io, 0);
		return;
	}
	if (ret == -EOPNOTSUPP && (iocb->ki_flags & IOCB_NOWAIT))
		WRITE_ONCE(fd->nowait, false);
	fio->done = max(ret, 0L);
	fio->job.func = fileio_rest_job;
	cst_job_queue(io->dev, &fio->job);
}

/*
 * A queued I/O may end on another CPU before the file system has returned to
 * fileio_rw_async(), and until it returns the file system may use @iocb and the list of
 * pages: ext4 looks at ki_filp, NFS turns its iterator back.  So the later of the two ends
 * the I/O.  It also keeps the file open until nobody runs the file system's code.
 */
static void fileio_async_put(struct fileio_io *fio)
{
	if (atomic_dec_and_test(&fio->users))
		fileio_async_end(&fio->iocb, fio->ret);
}

/* Context: any up to softirq. */
static void fileio_async_done(CST_KIOCB_DONE_ARGS(iocb, ret))
{
	struct fileio_io *fio = container_of(iocb, struct fileio_io, iocb);

	fio->ret = ret;
	fileio_async_put(fio);
}

/* Start direct I/O.  It ends in fileio_async_end() unless this returns -EAGAIN. */
static int fileio_rw_async(struct fileio_dev *fd, struct cst_io *io, int nowait)
{
	struct fileio_io *fio = to_fileio_io(io);
	struct kiocb *iocb = &fio->iocb;
	struct file *file = fd->vd.file;
	bool freezes = fileio_freezes(io, file);
	ssize_t ret;

	atomic_set(&fio->users, 2);
	init_sync_kiocb(iocb, file);
	iocb->ki_complete = fileio_async_done;
	iocb->ki_flags |= nowait;
	if (freezes) {
		if (!nowait) {
			kiocb_start_write(iocb);
		} else {
			if (!file_start_write_trylock(file))
				return -EAGAIN;
			__sb_writers_release(file_inode(file)->i_sb,
					     SB_FREEZE_WRITE);
		}
	}

	ret = fileio_rw_iter(iocb, io, 0);
	if (ret == -EIOCBQUEUED) {
		fileio_async_put(fio);
		return 0;
	}
	if (nowait && (ret == -EAGAIN || ret == -EOPNOTSUPP)) {
		if (freezes)
			kiocb_end_write(iocb);
		if (ret == -EOPNOTSUPP)
			WRITE_ONCE(fd->nowait, false);
		return -EAGAIN;
	}
	fileio_async_end(iocb, ret);
	return 0;
}

/*
 * I/O to a file in memory.  This sleeps for locks and memory at most, or until a page
 * that was swapped out has been read.  The caller may be inside a submit_bio(), which
 * would put the bios of such a read on current->bio_list, and start them only after our
 * return.  So the list is hidden meanwhile.
 */
static ssize_t fileio_rw_memory(struct fileio_dev *fd, struct cst_io *io)
{
	struct bio_list *bio_list = current->bio_list;
	struct file *file = fd->vd.file;
	struct kiocb iocb;
	unsigned int noio;
	ssize_t ret;

	/*
	 * The file system would apply the file size limit of the task that submits,
	 * which does not apply to the disk.  A task in memory reclaim must not use the
	 * reserve of reclaim for pages of the file.
	 */
	if (io->op == CST_IO_WRITE &&
	    (rlimit(RLIMIT_FSIZE) < io->pos + io->len ||
	     (current->flags & PF_MEMALLOC)))
		return -EAGAIN;

	init_sync_kiocb(&iocb, file);
	noio = memalloc_noio_save();
	current->bio_list = NULL;
	if (io->op == CST_IO_READ) {
		ret = fileio_rw_iter(&iocb, io, 0);
	} else if (file_start_write_trylock(file)) {
		ret = fileio_rw_iter(&iocb, io, 0);
		file_end_write(file);
	} else {
		ret = -EAGAIN;
	}
	current->bio_list = bio_list;
	memalloc_noio_restore(noio);
	return ret;
}

/* Read what the page cache has.  This starts no I/O, not even read-ahead. */
static ssize_t fileio_read_cached(struct fileio_dev *fd, struct cst_io *io)
{
	struct kiocb iocb;

	init_sync_kiocb(&iocb, fd->vd.file);
	iocb.ki_flags |= IOCB_NOWAIT | IOCB_NOIO;
	return fileio_rw_iter(&iocb, io, 0);
}

/*
 * In the submitter's context.  An I/O that does not succeed completely is left to a
 * worker.  This includes errors, because the submitter (its signals, its memory cgroup)
 * may be the reason, and not the file.
 */
static int fileio_rw_nowait(struct fileio_dev *fd, struct cst_io *io)
{
	ssize_t ret;

	if (io->flags & CST_IO_ATOMIC)
		return -EAGAIN;

	if (fd->in_memory) {
		ret = fileio_rw_memory(fd, io);
	} else if (!READ_ONCE(fd->nowait) || current->journal_info) {
		/*
		 * With journal_info set, the submitter is a file system within a
		 * transaction.  The file system of our file would take this transaction
		 * for one of its own.
		 */
		return -EAGAIN;
	} else if (fd->o_direct) {
		/* With a plug, or in a submit_bio(), our bios would only be queued. */
		if (current->plug || current->bio_list)
			return -EAGAIN;
		return fileio_rw_async(fd, io, IOCB_NOWAIT);
	} else if (io->op == CST_IO_READ && !(io->flags & CST_IO_FUA)) {
		ret = fileio_read_cached(fd, io);
	} else {
		return -EAGAIN;
	}
	if (unlikely(ret != io->len))
		return -EAGAIN;
	cst_io_done(io, 0);
	return 0;
}

/* Has the backing gone?  With a block device the data in its page cache has, too. */
static bool fileio_is_gone(struct fileio_dev *fd)
{
	struct inode *inode = fd->vd.file->f_mapping->host;

	if (S_ISBLK(inode->i_mode))
		return i_size_read(inode) <
		       cst_disk_nblocks(&fd->vd.disk) << fd->vd.disk.block_shift;
	/* A file system may become read-only after an error of its disk. */
	return !fd->vd.disk.dev.read_only && sb_rdonly(inode->i_sb);
}

/* With nv_cache no flush finds lost data, but the kernel's own write-back may. */
int fileio_lost(struct cst_device *dev)
{
	struct fileio_dev *fd = to_fileio_dev(dev);
	int ret = fileio_check_lost(fd);

	if (unlikely(!ret && (READ_ONCE(fd->lost) || fileio_is_gone(fd)))) {
		ret = -EIO;
		fileio_tell_lost(fd, ret);
	}
	return ret;
}

static int fileio_flush(struct fileio_dev *fd, struct cst_io *io)
{
	int ret;

	if ((io->flags & CST_IO_ATOMIC) ||
	    ((io->flags & CST_IO_NOWAIT) && !fd->in_memory))
		return -EAGAIN;
	if (fd->o_direct && fileio_is_dirty(fd->vd.file))
		WRITE_ONCE(fd->cached, true);
	if (io->len)
		ret = fileio_sync(fd->vd.file, io->pos, io->pos + io->len - 1, 1);
	else
		ret = fileio_sync_all(fd->vd.file, 1);
	if (!ret)
		ret = fileio_check_lost(fd);
	cst_io_done(io, ret);
	return 0;
}

/*
 * Have the kernel read what is not in the page cache yet.  One call for a file reads as much
 * as the read-ahead of its device, which is 128 KiB unless an administrator has changed it.
 */
static int fileio_prefetch(struct fileio_dev *fd, struct cst_io *io)
{
	unsigned int noio = memalloc_noio_save();
	u32 done, n;
	int ret = 0;

	for (done = 0; done < io->len && !ret; done += n) {
		n = min_t(u32, io->len - done, FILEIO_READ_AHEAD);
		ret = vfs_fadvise(fd->vd.file, io->pos + done, n, POSIX_FADV_WILLNEED);
	}
	memalloc_noio_restore(noio);
	cst_io_done(io, ret);
	return 0;
}

int fileio_submit(struct cst_io *io)
{
	struct fileio_dev *fd = to_fileio_dev(io->dev);

	if (io->op == CST_IO_FLUSH)
		return fileio_flush(fd, io);
	if (io->op == CST_IO_PREFETCH)
		return fileio_prefetch(fd, io);
	if (io->op == CST_IO_ZERO || io->op == CST_IO_UNMAP)
		return fileio_change_space(fd, io);
	if (io->flags & CST_IO_NOWAIT)
		return fileio_rw_nowait(fd, io);
	if (fd->o_direct)
		return fileio_rw_async(fd, io, 0);
	fileio_rw_wait(fd, io, 0);
	return 0;
}
