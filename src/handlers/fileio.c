// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdisk_fileio: a disk in a file or on a block device, through its page cache or,
 * with o_direct, past it.
 *
 * This file has the configuration: attributes, making, opening and resizing the file.
 * fileio_io.c moves the data, fileio_space.c gives space back, and fileio_copy.c copies.
 * Core calls in through vdisk_fileio_ops with dev.obj.lock held.  This file has no lock.
 */
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/hashtable.h>
#include <linux/magic.h>
#include <linux/namei.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <scsi/scsi_proto.h>

#include "fileio.h"
#include "vdisk.h"

/* Attributes */

static int fileio_set_size(struct cst_object *obj, union cst_attr_value val);
static int fileio_make_file(struct cst_object *obj, union cst_attr_value val);

CST_ATTR(fileio, filename, 0644, CST_FIELD(vdisk_dev, disk.dev.obj, filename),
	 .type = CST_ATTR_STRING, .when = CST_WHEN_DISABLED,
	 .apply = vdisk_apply_filename,
	 .help = "Absolute path of the file or block device that holds the data.");

CST_ATTR(fileio, size, 0644, CST_FIELD(fileio_dev, vd.disk.dev.obj, size),
	 .type = CST_ATTR_UINT, .max = S64_MAX, .unit = "bytes",
	 .apply = fileio_set_size,
	 .help = "Size of the disk, 0 = as the file is; written while enabled, it grows the file.");

CST_ATTR(fileio, make_file, 0200,
	 .type = CST_ATTR_UINT, .when = CST_WHEN_DISABLED, .min = 1, .max = 1,
	 .apply = fileio_make_file,
	 .help = "Makes the file, new and sparse, of that size; nothing else makes one.");

CST_ATTR(fileio, o_direct, 0644, CST_FIELD(fileio_dev, vd.disk.dev.obj, o_direct),
	 .type = CST_ATTR_BOOL, .when = CST_WHEN_DISABLED,
	 .help = "Bypass the page cache.");

VDISK_ATTR_ACTIVE(fileio);

static const struct cst_attr *const fileio_attrs[] = {
	&fileio_attr_filename,
	&fileio_attr_size,
	&fileio_attr_make_file,
	&fileio_attr_o_direct,
	&fileio_attr_active,
	NULL
};

static loff_t fileio_file_size(const struct file *file)
{
	return i_size_read(file->f_mapping->host);
}

/* Making the file */

/* Open the folder in which the file is to be made. */
static struct file *fileio_open_folder(struct fileio_dev *fd)
{
	size_t len = strrchr(fd->vd.filename, '/') - fd->vd.filename;
	char *name = kmemdup_nul(fd->vd.filename, max_t(size_t, len, 1), GFP_KERNEL);
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
		return vdisk_refuse(&fd->vd, -ENOENT,
				     "is below /dev, where no file is made; the device has to appear by itself");
	file = filp_open(fd->vd.filename, O_LARGEFILE | O_RDWR | O_CREAT | O_EXCL, 0600);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		if (ret == -EEXIST)
			return vdisk_refuse(&fd->vd, ret, "exists; make_file makes a new file only");
		return vdisk_refuse(&fd->vd, ret, "cannot be made: %pe", file);
	}
	ret = vfs_truncate(&file->f_path, fd->size);
	if (!ret)
		ret = fileio_sync_all(file, 0);
	if (!ret)
		ret = fileio_sync_all(folder, 0);
	if (ret) {
		fileio_unmake(file, folder);
		vdisk_refuse(&fd->vd, ret, "cannot be made %llu bytes large: %pe",
			     fd->size, ERR_PTR(ret));
	}
	fput(file);
	return ret;
}

static int fileio_make_file(struct cst_object *obj, union cst_attr_value val)
{
	struct fileio_dev *fd = container_of(obj, struct fileio_dev, vd.disk.dev.obj);
	struct file *folder;
	int ret;

	ret = vdisk_check_filename(&fd->vd);
	if (ret)
		return ret;
	if (!fd->size) {
		cst_config_error(&obj->group.cg_item, "size",
				 "is 0; a file to be made needs one");
		return -EINVAL;
	}
	ret = vdisk_check_multiple(&fd->vd, fd->size);
	if (ret)
		return ret;
	folder = fileio_open_folder(fd);
	if (IS_ERR(folder))
		return vdisk_refuse(&fd->vd, PTR_ERR(folder),
				     "cannot be made, its folder cannot be opened: %pe", folder);
	ret = fileio_make_in(fd, folder);
	fput(folder);
	return ret;
}

/* Opening and closing */

/*
 * Compute the capacity of the device for @size bytes, 0 for those of the file.  The
 * backing is not changed; it must have that many bytes.
 */
static int fileio_get_nblocks(struct fileio_dev *fd, u64 size, u64 *nblocks)
{
	u64 have = fileio_file_size(fd->vd.file);
	int ret;

	size = size ?: have;
	ret = vdisk_check_multiple(&fd->vd, size);
	if (ret)
		return ret;
	if (!size)
		return vdisk_refuse(&fd->vd, -EINVAL, "is empty");
	if (size > have)
		return vdisk_refuse(&fd->vd, -ENODATA,
				     "has %llu bytes, fewer than size, %llu: not all of it is there yet, or size must be smaller",
				     have, size);
	*nblocks = size >> fd->vd.disk.block_shift;
	return 0;
}

/*
 * Make durable what the page cache of the file holds, where no initiator will flush it:
 * with write_through initiators send no flushes, and those that were answered without a
 * flush, because of nv_cache, are not sent again.
 */
static int fileio_settle(struct fileio_dev *fd)
{
	const struct cst_disk *disk = &fd->vd.disk;
	int ret;

	if (disk->nv_cache || !(cst_disk_no_cache(disk) || fd->had_nv_cache))
		return 0;
	ret = fileio_sync_all(fd->vd.file, 1);
	if (ret)
		vdisk_refuse(&fd->vd, ret, "cannot be flushed: %pe", ERR_PTR(ret));
	return ret;
}

/*
 * Tell the disk the block size and the optimal I/O size of the backing.  For a file the
 * block size is that of the file system, which has to read a block to write a part of it.
 */
static void fileio_get_limits(struct fileio_dev *fd)
{
	struct inode *inode = fd->vd.file->f_mapping->host;

	if (S_ISBLK(inode->i_mode)) {
		fd->vd.disk.backing_block = bdev_physical_block_size(I_BDEV(inode));
		fd->vd.disk.backing_opt = bdev_io_opt(I_BDEV(inode));
		fd->vd.disk.backing_rotational = bdev_rot(I_BDEV(inode));
	} else {
		fd->vd.disk.backing_block = i_blocksize(inode);
	}
}

static int fileio_enable(struct cst_device *dev)
{
	struct fileio_dev *fd = to_fileio_dev(dev);
	struct inode *inode;
	struct file *file;
	int ret;

	ret = vdisk_open(&fd->vd, fd->o_direct ? O_DIRECT : 0, true);
	if (ret)
		return ret;

	file = fd->vd.file;
	inode = file->f_mapping->host;
	ret = -EINVAL;
	if (!file->f_op->read_iter || (!dev->read_only && !file->f_op->write_iter)) {
		vdisk_refuse(&fd->vd, ret, "is on a file system without iterative I/O");
		goto close;
	}
	if (!dev->read_only && !file->f_op->fsync) {
		vdisk_refuse(&fd->vd, ret, "is on a file system that cannot flush; read_only may be set");
		goto close;
	}
	ret = fileio_get_nblocks(fd, fd->size, &fd->vd.disk.nblocks);
	if (ret)
		goto close;
	ret = fileio_settle(fd);
	if (ret)
		goto close;

	fileio_get_limits(fd);
	fileio_find_space(fd);
	fileio_find_copy(fd);
	fd->vd.disk.can_prefetch = !fd->o_direct;
	vdisk_follow_size(&fd->vd, !fd->size);
	if (S_ISREG(inode->i_mode) && fd->vd.disk.unmap_granularity &&
	    fd->vd.disk.thin_set != CST_THIN_OFF)
		ret = vdisk_follow_space(&fd->vd);
	if (ret)
		goto close;
	fd->in_memory = inode->i_sb->s_magic == TMPFS_MAGIC ||
			inode->i_sb->s_magic == RAMFS_MAGIC;
	/*
	 * A read through the page cache of a block device waits for the lock of the
	 * device's inode, even with IOCB_NOWAIT.  An initiator on this host may submit
	 * with that lock of its own disk held, and the two must not nest.
	 */
	fd->nowait = (file->f_mode & FMODE_NOWAIT) &&
		     (fd->o_direct || S_ISREG(inode->i_mode));
	/*
	 * Skip errors from before it was first enabled with this file.  Later ones concern
	 * its initiators, and are reported.
	 */
	fd->lost = 0;
	fd->cached = false;
	fd->wb_err = filemap_sample_wb_err(file->f_mapping);
	if (fd->vd.fresh)
		errseq_check_and_advance(&file->f_mapping->wb_err, &fd->wb_err);
	fd->vd.fresh = false;
	fd->had_nv_cache |= fd->vd.disk.nv_cache;
	return 0;

close:
	vdisk_close(&fd->vd);
	return ret;
}

static void fileio_disable(struct cst_device *dev)
{
	struct fileio_dev *fd = to_fileio_dev(dev);

	/* What was lost until now has been reported: do not report it again. */
	fileio_check_lost(fd);
	if (fd->lost)
		errseq_check_and_advance(&fd->vd.file->f_mapping->wb_err,
					 &fd->wb_err);
	vdisk_close(&fd->vd);
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

	if (size <= fd->vd.disk.nblocks << fd->vd.disk.block_shift ||
	    size <= fileio_file_size(fd->vd.file) || fd->vd.disk.dev.read_only ||
	    !S_ISREG(file_inode(fd->vd.file)->i_mode))
		return 0;
	ret = vdisk_check_multiple(&fd->vd, size);
	if (ret)
		return ret;
	ret = vfs_truncate(&fd->vd.file->f_path, size);
	if (!ret)
		ret = fileio_sync_all(fd->vd.file, 0);
	if (ret)
		vdisk_refuse(&fd->vd, ret, "cannot be made %llu bytes large: %pe",
			     size, ERR_PTR(ret));
	return ret;
}

static int fileio_set_size(struct cst_object *obj, union cst_attr_value val)
{
	struct fileio_dev *fd = container_of(obj, struct fileio_dev, vd.disk.dev.obj);
	u64 nblocks;
	int ret;

	if (!cst_device_is_open(&fd->vd.disk.dev))
		return 0;
	ret = fileio_grow(fd, val.num);
	if (!ret)
		ret = fileio_get_nblocks(fd, val.num, &nblocks);
	if (!ret)
		ret = cst_disk_resize(&fd->vd.disk, "size", nblocks);
	if (!ret)
		vdisk_follow_size(&fd->vd, !val.num);
	return ret;
}

static const struct cst_block_ops fileio_block_ops = {
	.submit		= fileio_submit,
	.resync_size	= fileio_resync_size,
	.lost		= fileio_lost,
	.map		= fileio_map,
	.tells_space	= true,
	.backing	= vdisk_backing,
	.backing_key	= vdisk_backing_key,
	.copy		= fileio_copy,
};

const struct cst_handler_ops vdisk_fileio_ops = {
	.owner		= THIS_MODULE,
	.name		= "vdisk_fileio",
	.type		= &cst_disk_type,
	.prod_id	= "fileio",
	.may_block	= true,
	.dev_size	= sizeof(struct fileio_dev),
	.attrs		= fileio_attrs,
	.init		= vdisk_init_dev,
	.enable		= fileio_enable,
	.disable	= fileio_disable,
	.block		= &fileio_block_ops,
};
