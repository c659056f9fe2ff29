// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdisk_fileio: a disk in a file or on a block device, through its page cache or,
 * with o_direct, past it.
 *
 * Core calls in through vdisk_fileio_ops: for configuration with dev.obj.lock held, for
 * submit in a submitter's context (CST_IO_NOWAIT) or in a worker.  The file system is
 * called from here.  fileio_open_lock protects the table of open files.
 *
 * An I/O takes one of three ways:
 *  - In the submitter's context: I/O that memory serves, and direct I/O where a bio may
 *    be submitted.
 *  - Asynchronously, started in a worker: other direct I/O.
 *  - In a worker, which waits for the file system: all other I/O, and each I/O that did
 *    not succeed completely in one of the other ways.  Reads and overwrites can be
 *    repeated, so the worker begins anew or goes on where the other way ended.  The error
 *    that the worker finds is the one that is reported.
 */
#include <linux/blkdev.h>
#include <linux/errseq.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/magic.h>
#include <linux/namei.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <scsi/scsi_proto.h>

#include <cst/disk.h>

#include "vdisk.h"

#define FILEIO_NAME_MAX		1023

/**
 * struct fileio_dev - a vdisk_fileio device
 * @disk: what core knows of it; first
 * @filename: attribute
 * @size: attribute, in bytes; 0: the size of the file
 * @o_direct: attribute
 * @in_memory: the file system keeps its files in memory only
 * @nowait: IOCB_NOWAIT may be used; cleared when the file system does not support it
 * @had_nv_cache: it has had nv_cache: flushes may have been answered but not made
 * @cached: with o_direct, data has been in the page cache all the same
 * @served: it has been enabled with this filename: write-back errors of the file concern
 *	its initiators from then on
 * @lost: cached data could not be written, which has been logged and sent as an event
 * @wb_err: the write-back errors of the file that were known when it was opened
 * @file: open while the device is enabled
 * @open_node: in fileio_open_files; fileio_open_lock
 */
struct fileio_dev {
	struct cst_disk		disk;
	char			filename[FILEIO_NAME_MAX + 1];
	u64			size;
	bool			o_direct;

	bool			in_memory;
	bool			nowait;
	bool			had_nv_cache;
	bool			cached;
	bool			served;
	unsigned int		lost;
	errseq_t		wb_err;
	struct file		*file;
	struct hlist_node	open_node;
};

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

static DEFINE_MUTEX(fileio_open_lock);
/* By inode: enabling one of ten thousand devices must not look at all the others. */
static DEFINE_HASHTABLE(fileio_open_files, 10);

static inline struct fileio_dev *to_fileio_dev(struct cst_device *dev)
{
	return container_of(dev, struct fileio_dev, disk.dev);
}

static inline struct fileio_io *to_fileio_io(struct cst_io *io)
{
	BUILD_BUG_ON(sizeof(struct fileio_io) > sizeof(io->priv));
	return (struct fileio_io *)io->priv;
}

static inline struct cst_io *fileio_to_cst_io(struct fileio_io *fio)
{
	return container_of((void *)fio, struct cst_io, priv);
}

/* Attributes */

static int fileio_apply_filename(struct cst_object *obj, union cst_attr_value val)
{
	if (val.str[0] && val.str[0] != '/') {
		cst_config_error(&obj->group.cg_item, "filename",
				 "\"%s\" is not an absolute path", val.str);
		return -EINVAL;
	}
	container_of(obj, struct fileio_dev, disk.dev.obj)->served = false;
	return 0;
}

static int fileio_check_lost(struct fileio_dev *fd);
static int fileio_set_size(struct cst_object *obj, union cst_attr_value val);
static int fileio_make_file(struct cst_object *obj, union cst_attr_value val);

CST_ATTR(fileio, filename, 0644, CST_FIELD(fileio_dev, disk.dev.obj, filename),
	 .type = CST_ATTR_STRING, .when = CST_WHEN_DISABLED,
	 .apply = fileio_apply_filename,
	 .help = "Absolute path of the file or block device that holds the data.");

CST_ATTR(fileio, size, 0644, CST_FIELD(fileio_dev, disk.dev.obj, size),
	 .type = CST_ATTR_UINT, .max = S64_MAX, .unit = "bytes",
	 .apply = fileio_set_size,
	 .help = "Size of the disk, 0 = as the file is; written while enabled, it grows the file.");

CST_ATTR(fileio, make_file, 0200,
	 .type = CST_ATTR_UINT, .when = CST_WHEN_DISABLED, .min = 1, .max = 1,
	 .apply = fileio_make_file,
	 .help = "Makes the file, new and sparse, of that size; nothing else makes one.");

CST_ATTR(fileio, o_direct, 0644, CST_FIELD(fileio_dev, disk.dev.obj, o_direct),
	 .type = CST_ATTR_BOOL, .when = CST_WHEN_DISABLED,
	 .help = "Bypass the page cache.");

static const struct cst_attr *const fileio_attrs[] = {
	&fileio_attr_filename,
	&fileio_attr_size,
	&fileio_attr_make_file,
	&fileio_attr_o_direct,
	NULL
};

__printf(3, 4)
static int fileio_refuse(struct fileio_dev *fd, int error, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	cst_config_error(&fd->disk.dev.obj.group.cg_item, "filename", "%s %pV",
			 fd->filename, &vaf);
	va_end(args);
	return error;
}

static loff_t fileio_file_size(const struct file *file)
{
	return i_size_read(file->f_mapping->host);
}

/*
 * Make bytes @first to @last of the file durable.  Every flush of this file calls this.
 * A file system that cannot be written (squashfs, iso9660, erofs) has nothing to flush
 * and no fsync.
 */
static int fileio_sync(struct file *file, loff_t first, loff_t last, int datasync)
{
	if (!file->f_op->fsync)
		return 0;
	return vfs_fsync_range(file, first, last, datasync);
}

static int fileio_sync_all(struct file *file, int datasync)
{
	return fileio_sync(file, 0, LLONG_MAX, datasync);
}

/* Making the file */

static int fileio_check_filename(struct fileio_dev *fd)
{
	if (fd->filename[0])
		return 0;
	cst_config_error(&fd->disk.dev.obj.group.cg_item, "filename",
			 "is not set; an absolute path is needed");
	return -EINVAL;
}

static int fileio_check_multiple(struct fileio_dev *fd, u64 size)
{
	if (!(size & (fd->disk.block_size - 1)))
		return 0;
	return fileio_refuse(fd, -EINVAL,
			     "would be %llu bytes, which is not a multiple of the block size, %u; size may limit it",
			     size, fd->disk.block_size);
}

/* Open the folder in which the file is to be made. */
static struct file *fileio_open_folder(struct fileio_dev *fd)
{
	size_t len = strrchr(fd->filename, '/') - fd->filename;
	char *name = kmemdup_nul(fd->filename, max_t(size_t, len, 1), GFP_KERNEL);
	struct file *folder;

	if (!name)
		return ERR_PTR(-ENOMEM);
	folder = filp_open(name, O_RDONLY | O_DIRECTORY | O_LARGEFILE, 0);
	kfree(name);
	return folder;
}

/*
 * No file is made below /dev, where names are those of devices.  Such a file would be
 * lost at the next boot, and would take the name of a device that has not appeared yet.
 */
static bool fileio_is_for_devices(const struct file *folder)
{
	struct path dev;
	bool below;

	if (!strcmp(file_inode(folder)->i_sb->s_type->name, "devtmpfs"))
		return true;
	if (kern_path("/dev", LOOKUP_FOLLOW, &dev))
		return false;
	below = path_is_under(&folder->f_path, &dev);
	path_put(&dev);
	return below;
}

/* Remove the new file again, because it could not be made as large as asked for. */
static void fileio_unmake(struct file *file, struct file *folder)
{
	struct dentry *dentry = file->f_path.dentry;
	struct inode *dir = file_inode(folder);

	if (mnt_want_write_file(folder))
		return;
	/* Without a second reference vfs_unlink() would take the inode from the file. */
	dget(dentry);
	inode_lock_nested(dir, I_MUTEX_PARENT);
	/* Somebody may have moved or removed the file. */
	if (dentry->d_parent == folder->f_path.dentry && !d_unhashed(dentry))
		cst_vfs_unlink(folder->f_path.mnt, dir, dentry);
	inode_unlock(dir);
	dput(dentry);
	mnt_drop_write_file(folder);
}

static int fileio_make_in(struct fileio_dev *fd, struct file *folder)
{
	struct file *file;
	int ret;

	if (fileio_is_for_devices(folder))
		return fileio_refuse(fd, -ENOENT,
				     "is below /dev, where no file is made; the device has to appear by itself");
	file = filp_open(fd->filename, O_LARGEFILE | O_RDWR | O_CREAT | O_EXCL, 0600);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		if (ret == -EEXIST)
			return fileio_refuse(fd, ret, "exists; make_file makes a new file only");
		return fileio_refuse(fd, ret, "cannot be made: %pe", file);
	}
	ret = vfs_truncate(&file->f_path, fd->size);
	if (!ret)
		ret = fileio_sync_all(file, 0);
	if (!ret)
		ret = fileio_sync_all(folder, 0);
	if (ret) {
		fileio_unmake(file, folder);
		fileio_refuse(fd, ret, "cannot be made %llu bytes large: %pe",
			      fd->size, ERR_PTR(ret));
	}
	fput(file);
	return ret;
}

static int fileio_make_file(struct cst_object *obj, union cst_attr_value val)
{
	struct fileio_dev *fd = container_of(obj, struct fileio_dev, disk.dev.obj);
	struct file *folder;
	int ret;

	ret = fileio_check_filename(fd);
	if (ret)
		return ret;
	if (!fd->size) {
		cst_config_error(&obj->group.cg_item, "size",
				 "is 0; a file to be made needs one");
		return -EINVAL;
	}
	ret = fileio_check_multiple(fd, fd->size);
	if (ret)
		return ret;
	folder = fileio_open_folder(fd);
	if (IS_ERR(folder))
		return fileio_refuse(fd, PTR_ERR(folder),
				     "cannot be made, its folder cannot be opened: %pe", folder);
	ret = fileio_make_in(fd, folder);
	fput(folder);
	return ret;
}

/* Opening and closing */

/*
 * Check the type before opening: to open a FIFO or a tty may block or have side effects,
 * and enabling must not block for long.
 */
static int fileio_check_type(struct fileio_dev *fd)
{
	struct path path;
	umode_t mode;
	int ret;

	ret = kern_path(fd->filename, LOOKUP_FOLLOW, &path);
	if (ret == -ENOENT)
		return fileio_refuse(fd, ret, "does not exist; when nothing is to appear there, make_file makes it, of the size set");
	if (ret)
		return fileio_refuse(fd, ret, "cannot be looked up: %pe", ERR_PTR(ret));
	mode = d_backing_inode(path.dentry)->i_mode;
	path_put(&path);
	if (S_ISREG(mode) || S_ISBLK(mode))
		return 0;
	return fileio_refuse(fd, -EINVAL,
			     "is neither a regular file nor a block device");
}

static struct file *fileio_open_file(struct fileio_dev *fd)
{
	/* O_EXCL: a block device that somebody else has claimed cannot be opened. */
	int flags = O_LARGEFILE | O_EXCL;
	struct file *file;
	int ret;

	flags |= fd->disk.dev.read_only ? O_RDONLY : O_RDWR;
	if (fd->o_direct)
		flags |= O_DIRECT;

	ret = fileio_check_type(fd);
	if (ret)
		return ERR_PTR(ret);

	file = filp_open(fd->filename, flags, 0);
	if (!IS_ERR(file)) {
		/*
		 * A read must not write an access time.  O_NOATIME is set after opening,
		 * because filp_open() would refuse it if somebody else owns the file.
		 */
		spin_lock(&file->f_lock);
		file->f_flags |= O_NOATIME;
		spin_unlock(&file->f_lock);
		return file;
	}
	ret = PTR_ERR(file);
	if (ret == -EINVAL && fd->o_direct)
		fileio_refuse(fd, ret, "is on a file system without direct I/O: o_direct must be 0");
	else if (ret == -EBUSY)
		fileio_refuse(fd, ret, "is in use: mounted, or claimed by another driver");
	else if ((ret == -EROFS || ret == -EACCES) && !fd->disk.dev.read_only)
		fileio_refuse(fd, ret, "cannot be written: %pe; read_only may be set", file);
	else
		fileio_refuse(fd, ret, "cannot be opened: %pe", file);
	return file;
}

/*
 * Compute the capacity of the device for @size bytes, 0 for those of the file.  The
 * backing is not changed; it must have that many bytes.
 */
static int fileio_get_nblocks(struct fileio_dev *fd, u64 size, u64 *nblocks)
{
	u64 have = fileio_file_size(fd->file);
	int ret;

	size = size ?: have;
	ret = fileio_check_multiple(fd, size);
	if (ret)
		return ret;
	if (!size)
		return fileio_refuse(fd, -EINVAL, "is empty");
	if (size > have)
		return fileio_refuse(fd, -ENODATA,
				     "has %llu bytes, fewer than size, %llu: not all of it is there yet, or size must be smaller",
				     have, size);
	*nblocks = size >> fd->disk.block_shift;
	return 0;
}

/* Two devices on one file would destroy each other's data, unless both are read-only. */
static int fileio_claim(struct fileio_dev *fd)
{
	unsigned long key = (unsigned long)fd->file->f_mapping->host;
	const struct fileio_dev *other;
	int ret = 0;

	mutex_lock(&fileio_open_lock);
	hash_for_each_possible(fileio_open_files, other, open_node, key) {
		if (other->file->f_mapping->host != fd->file->f_mapping->host ||
		    (other->disk.dev.read_only && fd->disk.dev.read_only))
			continue;
		ret = fileio_refuse(fd, -EBUSY, "is in use by device %s",
				    config_item_name((struct config_item *)
						     &other->disk.dev.obj.group.cg_item));
		break;
	}
	if (!ret)
		hash_add(fileio_open_files, &fd->open_node, key);
	mutex_unlock(&fileio_open_lock);
	return ret;
}

static void fileio_unclaim(struct fileio_dev *fd)
{
	mutex_lock(&fileio_open_lock);
	hash_del(&fd->open_node);
	mutex_unlock(&fileio_open_lock);
}

/*
 * Make durable what the page cache of the file holds, where no initiator will flush it:
 * with write_through initiators send no flushes, and those that were answered without a
 * flush, because of nv_cache, are not sent again.
 */
static int fileio_settle(struct fileio_dev *fd)
{
	const struct cst_disk *disk = &fd->disk;
	int ret;

	if (disk->nv_cache || !(disk->write_through || fd->had_nv_cache))
		return 0;
	ret = fileio_sync_all(fd->file, 1);
	if (ret)
		fileio_refuse(fd, ret, "cannot be flushed: %pe", ERR_PTR(ret));
	return ret;
}

/*
 * Tell the disk the block size and the optimal I/O size of the backing.  For a file the
 * block size is that of the file system, which has to read a block to write a part of it.
 */
static void fileio_get_limits(struct fileio_dev *fd)
{
	struct inode *inode = fd->file->f_mapping->host;

	if (S_ISBLK(inode->i_mode)) {
		fd->disk.backing_block = bdev_physical_block_size(I_BDEV(inode));
		fd->disk.backing_opt = bdev_io_opt(I_BDEV(inode));
	} else {
		fd->disk.backing_block = i_blocksize(inode);
	}
}

static int fileio_enable(struct cst_device *dev)
{
	struct fileio_dev *fd = to_fileio_dev(dev);
	struct inode *inode;
	struct file *file;
	int ret;

	ret = fileio_check_filename(fd);
	if (ret)
		return ret;
	file = fileio_open_file(fd);
	if (IS_ERR(file))
		return PTR_ERR(file);

	fd->file = file;
	inode = file->f_mapping->host;
	ret = -EINVAL;
	if (!file->f_op->read_iter || (!dev->read_only && !file->f_op->write_iter)) {
		fileio_refuse(fd, ret, "is on a file system without iterative I/O");
		goto close;
	}
	if (!dev->read_only && !file->f_op->fsync) {
		fileio_refuse(fd, ret, "is on a file system that cannot flush; read_only may be set");
		goto close;
	}
	if (IS_SWAPFILE(inode)) {
		ret = fileio_refuse(fd, -EBUSY, "is a swap file");
		goto close;
	}
	ret = fileio_claim(fd);
	if (ret)
		goto close;
	ret = fileio_get_nblocks(fd, fd->size, &fd->disk.nblocks);
	if (ret)
		goto unclaim;
	ret = fileio_settle(fd);
	if (ret)
		goto unclaim;

	fileio_get_limits(fd);
	fd->in_memory = inode->i_sb->s_magic == TMPFS_MAGIC ||
			inode->i_sb->s_magic == RAMFS_MAGIC;
	/*
	 * A read through the page cache of a block device waits for the lock of the
	 * device's inode, even with IOCB_NOWAIT.  An initiator on this host may submit
	 * with that lock of its own disk held, and the two must not nest.
	 */
	fd->nowait = (file->f_mode & FMODE_NOWAIT) &&
		     (fd->o_direct || S_ISREG(inode->i_mode));
	/* Skip errors from before it was first enabled; later ones are reported. */
	fd->lost = 0;
	fd->cached = false;
	fd->wb_err = filemap_sample_wb_err(file->f_mapping);
	if (!fd->served)
		errseq_check_and_advance(&file->f_mapping->wb_err, &fd->wb_err);
	fd->served = true;
	fd->had_nv_cache |= fd->disk.nv_cache;
	return 0;

unclaim:
	fileio_unclaim(fd);
close:
	fput(file);
	fd->file = NULL;
	return ret;
}

static void fileio_disable(struct cst_device *dev)
{
	struct fileio_dev *fd = to_fileio_dev(dev);

	/* What was lost until now has been reported: do not report it again. */
	fileio_check_lost(fd);
	if (fd->lost)
		errseq_check_and_advance(&fd->file->f_mapping->wb_err,
					 &fd->wb_err);
	fileio_unclaim(fd);
	fput(fd->file);
	fd->file = NULL;
}

static int fileio_resync_size(struct cst_device *dev, u64 *nblocks)
{
	struct fileio_dev *fd = to_fileio_dev(dev);

	return fileio_get_nblocks(fd, fd->size, nblocks);
}

/* Make a file larger if @size asks for it.  A block device cannot be made larger. */
static int fileio_grow(struct fileio_dev *fd, u64 size)
{
	int ret;

	if (size <= fd->disk.nblocks << fd->disk.block_shift ||
	    size <= fileio_file_size(fd->file) || fd->disk.dev.read_only ||
	    !S_ISREG(file_inode(fd->file)->i_mode))
		return 0;
	ret = fileio_check_multiple(fd, size);
	if (ret)
		return ret;
	ret = vfs_truncate(&fd->file->f_path, size);
	if (!ret)
		ret = fileio_sync_all(fd->file, 0);
	if (ret)
		fileio_refuse(fd, ret, "cannot be made %llu bytes large: %pe",
			      size, ERR_PTR(ret));
	return ret;
}

static int fileio_set_size(struct cst_object *obj, union cst_attr_value val)
{
	struct fileio_dev *fd = container_of(obj, struct fileio_dev, disk.dev.obj);
	u64 nblocks;
	int ret;

	if (!obj->enabled)
		return 0;
	ret = fileio_grow(fd, val.num);
	if (!ret)
		ret = fileio_get_nblocks(fd, val.num, &nblocks);
	return ret ?: cst_disk_resize(&fd->disk, "size", nblocks);
}

/* Moving data */

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
	bool past = cst_file_can_direct(fd->file) && fileio_memory_is_low();
	struct address_space *mapping = fd->file->f_mapping;
	errseq_t since = filemap_sample_wb_err(mapping);
	bool buffered = false;
	struct kiocb iocb;
	ssize_t ret = 0;

	while (done < io->len) {
		init_sync_kiocb(&iocb, fd->file);
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
	       config_item_name(&fd->disk.dev.obj.group.cg_item), fd->filename,
	       ERR_PTR(error));
	cst_device_data_lost(&fd->disk.dev);
}

static int fileio_check_lost(struct fileio_dev *fd)
{
	int ret = filemap_check_wb_err(fd->file->f_mapping, fd->wb_err);

	/*
	 * With write_through all data of writes that were answered GOOD had been written
	 * before.  The same holds with o_direct, unless the file system has put data into
	 * the page cache all the same.
	 */
	if (likely(!ret) || (fd->disk.write_through && !fd->disk.nv_cache) ||
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
		file_start_write(fd->file);
		ret = fileio_rw_rest(fd, io, done);
		file_end_write(fd->file);
	} else {
		if (io->flags & CST_IO_FUA)
			ret = fileio_sync(fd->file, io->pos,
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
	struct file *file = fd->file;
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
	struct file *file = fd->file;
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

	init_sync_kiocb(&iocb, fd->file);
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
	struct inode *inode = fd->file->f_mapping->host;

	if (S_ISBLK(inode->i_mode))
		return i_size_read(inode) <
		       cst_disk_nblocks(&fd->disk) << fd->disk.block_shift;
	/* A file system may become read-only after an error of its disk. */
	return !fd->disk.dev.read_only && sb_rdonly(inode->i_sb);
}

/* With nv_cache no flush finds lost data, but the kernel's own write-back may. */
static int fileio_lost(struct cst_device *dev)
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
	if (fd->o_direct && fileio_is_dirty(fd->file))
		WRITE_ONCE(fd->cached, true);
	if (io->len)
		ret = fileio_sync(fd->file, io->pos, io->pos + io->len - 1, 1);
	else
		ret = fileio_sync_all(fd->file, 1);
	if (!ret)
		ret = fileio_check_lost(fd);
	cst_io_done(io, ret);
	return 0;
}

static int fileio_submit(struct cst_io *io)
{
	struct fileio_dev *fd = to_fileio_dev(io->dev);

	if (io->op == CST_IO_FLUSH)
		return fileio_flush(fd, io);
	if (io->flags & CST_IO_NOWAIT)
		return fileio_rw_nowait(fd, io);
	if (fd->o_direct)
		return fileio_rw_async(fd, io, 0);
	fileio_rw_wait(fd, io, 0);
	return 0;
}

static const struct cst_block_ops fileio_block_ops = {
	.submit		= fileio_submit,
	.resync_size	= fileio_resync_size,
	.lost		= fileio_lost,
};

const struct cst_handler_ops vdisk_fileio_ops = {
	.owner		= THIS_MODULE,
	.name		= "vdisk_fileio",
	.type		= &cst_disk_type,
	.prod_id	= "fileio",
	.may_block	= true,
	.dev_size	= sizeof(struct fileio_dev),
	.attrs		= fileio_attrs,
	.enable		= fileio_enable,
	.disable	= fileio_disable,
	.block		= &fileio_block_ops,
};
