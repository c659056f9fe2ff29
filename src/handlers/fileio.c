// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdisk_fileio: a disk in a file or on a block device, through its page cache or,
 * with o_direct, past it.
 *
 * Core calls in through vdisk_fileio_ops: configuration with dev.obj.lock held,
 * submit from a submitter's context (CST_IO_NOWAIT) or from a worker.  Calls the
 * file system.  fileio_open_lock protects the list of files that are open.
 *
 * An I/O takes one of three ways:
 *  - at once, in the submitter's context: what is served from memory, and direct
 *    I/O where a bio may be submitted;
 *  - asynchronously, from core's worker: direct I/O;
 *  - in a worker of the device that waits: all the rest, and what the other two left undone.
 *    Reads and overwrites can be repeated, so this starts over or goes on
 *    where they ended, and its errors are the true ones.
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
 * @size: attribute, in bytes; 0: as the file is
 * @o_direct: attribute
 * @in_memory: the file system keeps its files in memory alone
 * @nowait: the file can be asked not to wait; cleared when it turns out that it
 *	cannot
 * @had_nv_cache: flushes may have been answered that were not made
 * @cached: with o_direct, data was in the page cache all the same
 * @served: it has been enabled with this file, whose errors are ours from then on
 * @lost: cached data could not be written, and the log and events have told it
 * @wb_err: the file's errors of that kind, as they were when it was opened
 * @file: open while the device is enabled
 * @open_node: fileio_open_files, fileio_open_lock
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

/* An I/O's own state, in cst_io.priv. */
struct fileio_io {
	union {
		struct kiocb		iocb;	/* while the file system has it */
		struct cst_job		job;	/* then, when something is left */
	};
	u32			done;	/* bytes that have been moved */
};

static DEFINE_MUTEX(fileio_open_lock);
/* By inode: ten thousand of them are looked up when each of them is opened. */
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
 * Make durable what lies there; all flushing is done here.  A file system that
 * cannot be written (squashfs, iso9660, erofs) has nothing to flush, nor a way to.
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

/* The folder that the file is, or is to be, in. */
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
 * What is below /dev is a device's name or nothing: a file there would be lost
 * with the next boot, and be in the way of the disk whose name it has taken.
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

/* Nothing is left of a file that could not be made as it should be. */
static void fileio_unmake(struct file *file, struct file *folder)
{
	struct dentry *dentry = file->f_path.dentry;
	struct inode *dir = file_inode(folder);

	if (mnt_want_write_file(folder))
		return;
	/* Who has the last reference to a name loses its inode with it: not the file. */
	dget(dentry);
	inode_lock_nested(dir, I_MUTEX_PARENT);
	/* Somebody may have moved or removed it. */
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
 * Look before opening: opening a FIFO or a tty would wait or have effects, and
 * nobody may wait here.
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
	/* O_EXCL: nobody else may have claimed the block device. */
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
		 * A read shall write nothing, whoever owns the file: asked for at
		 * opening, that is refused to all but the owner.
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
 * The capacity that the device gets when its size is to be so many bytes.  The
 * backing stays as it is.
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

/* Two disks in one file destroy each other's data; both may read. */
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
 * Who sees no write cache never flushes, nor does anybody flush again what
 * nv_cache has answered for: so what the file holds already is made durable first.
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
 * What is best for the backing.  A file's file system reads a block of its own to
 * write a part of it.
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
	 * A block device reads its page cache under the lock of its inode and
	 * waits for that whatever it is asked, while the initiator may hold the
	 * same lock of its disk.
	 */
	fd->nowait = (file->f_mode & FMODE_NOWAIT) &&
		     (fd->o_direct || S_ISREG(inode->i_mode));
	/* What failed before the first time is not ours; later it has been told, or will be. */
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

	/* Who enables it again has been told of what was lost until now. */
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

/* The explicit word for a larger file; a block device has to be that large. */
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

/* What is left of an I/O, by one call of the file system. */
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
		/* Still direct I/O, or that of a file system that cannot do it? */
		if (direct && ret > 0 &&
		    (!(iocb->ki_flags & IOCB_DIRECT) || fileio_is_dirty(file)))
			WRITE_ONCE(to_fileio_dev(io->dev)->cached, true);
		return ret;
	}
	return file->f_op->read_iter(iocb, &iter);
}

/*
 * The page cache needs memory for what an initiator writes.  An initiator on this host may
 * write for want of memory, to swap on a disk of ours: then all that could be reclaimed
 * waits for the very write.  So where memory is so low that we may be the next to find
 * none, data goes past the cache.
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
			 * Finer than the file's own device can do directly; the
			 * cache shall hold nothing back then.
			 */
			buffered = true;
			continue;
		}
		if (ret <= 0)
			break;
		done += ret;
	}
	/*
	 * The file tells one caller of data that could not be written: who waits
	 * for its own at that moment must look for itself.
	 */
	if (done == io->len)
		return io->op == CST_IO_WRITE &&
		       (iocb.ki_flags & (IOCB_DSYNC | IOCB_DIRECT)) == IOCB_DSYNC ?
		       filemap_check_wb_err(mapping, since) : 0;
	/* A disk that has gone is no full one. */
	if (ret == -ENOSPC && S_ISBLK(mapping->host->i_mode) &&
	    io->pos + io->len > i_size_read(mapping->host))
		return -EIO;
	/*
	 * All of the device lies within the file, so a read that meets the end
	 * has found that it was cut off: that is lost data, not zeroes.
	 */
	return ret < 0 ? ret : -EIO;
}

/*
 * A page that could not be written counts as clean, and the file system tells of
 * it once.  An initiator that repeats its flush then, as they do, must not hear
 * that all is well: the data of writes that were answered GOOD is lost, and stays
 * lost until somebody has looked.
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
	 * With write_through, and with o_direct unless the file system has taken it
	 * into its cache all the same, all that was answered GOOD had been written
	 * by then.
	 */
	if (likely(!ret) || (fd->disk.write_through && !fd->disk.nv_cache) ||
	    (fd->o_direct && !READ_ONCE(fd->cached)))
		return 0;
	fileio_tell_lost(fd, ret);
	return ret;
}

/* Worker: wait for as long as it takes. */
static void fileio_rw_wait(struct fileio_dev *fd, struct cst_io *io, u32 done)
{
	/*
	 * Whoever dirties the pages above is throttled there already; being
	 * throttled here for the same pages could stop both.
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

/* Any context up to softirq. */
static void fileio_async_done(CST_KIOCB_DONE_ARGS(iocb, ret))
{
	fileio_async_end(iocb, ret);
}

/* Direct I/O; ends in fileio_async_end() unless the answer is -EAGAIN. */
static int fileio_rw_async(struct fileio_dev *fd, struct cst_io *io, int nowait)
{
	struct kiocb *iocb = &to_fileio_io(io)->iocb;
	struct file *file = fd->file;
	bool freezes = fileio_freezes(io, file);
	ssize_t ret;

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
	if (ret == -EIOCBQUEUED)
		return 0;
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
 * A file in memory.  Sleeps for locks and memory at most, or for a page that has
 * been swapped out: those bios must not end up on the list of the submit_bio()
 * that may be below us, which goes on only after our return.
 */
static ssize_t fileio_rw_memory(struct fileio_dev *fd, struct cst_io *io)
{
	struct bio_list *bio_list = current->bio_list;
	struct file *file = fd->file;
	struct kiocb iocb;
	unsigned int noio;
	ssize_t ret;

	/*
	 * The limits of whoever happens to submit do not apply, and reclaim must
	 * not spend its own reserve on the file's pages.
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

/* What the page cache has.  No new I/O, not even read-ahead. */
static ssize_t fileio_read_cached(struct fileio_dev *fd, struct cst_io *io)
{
	struct kiocb iocb;

	init_sync_kiocb(&iocb, fd->file);
	iocb.ki_flags |= IOCB_NOWAIT | IOCB_NOIO;
	return fileio_rw_iter(&iocb, io, 0);
}

/*
 * Its completion, on another CPU, may let go of the device while the file system
 * is still on its way out here, where no queue's end waits for it: the file must
 * stay open until then.
 */
static int fileio_rw_submitter(struct fileio_dev *fd, struct cst_io *io)
{
	struct cst_itl *itl = cst_io_hold(io);
	int ret = fileio_rw_async(fd, io, IOCB_NOWAIT);

	cst_io_let_go(itl);
	return ret;
}

/*
 * Submitter's context.  Anything but complete success is left to a worker: also
 * errors, which may come from the submitter (its signals, its memory cgroup)
 * rather than from the file.
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
		 * The file's file system would take the transaction of the one
		 * that submits for its own.
		 */
		return -EAGAIN;
	} else if (fd->o_direct) {
		/* On top of another submission our bios would only be queued. */
		if (current->plug || current->bio_list)
			return -EAGAIN;
		return fileio_rw_submitter(fd, io);
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

/* A disk that has been pulled out takes what is in its page cache with it. */
static bool fileio_is_gone(struct fileio_dev *fd)
{
	struct inode *inode = fd->file->f_mapping->host;

	if (S_ISBLK(inode->i_mode))
		return i_size_read(inode) <
		       cst_disk_nblocks(&fd->disk) << fd->disk.block_shift;
	/* A file system that has met an error of its disk may write no more. */
	return !fd->disk.dev.read_only && sb_rdonly(inode->i_sb);
}

/* With nv_cache nobody flushes, so that nothing but the kernel's writeback tells. */
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
