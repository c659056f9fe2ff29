// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backing of a disk that has a path: finding it, opening it, and keeping it to one
 * device.
 *
 * fileio.c and blockio.c call in with dev.obj.lock held.  vdisk_open_lock protects the table of
 * open backings.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/namei.h>

#include "backing.h"

static DEFINE_MUTEX(vdisk_open_lock);
/* By inode: enabling one of ten thousand devices must not look at all the others. */
static DEFINE_HASHTABLE(vdisk_open_files, 10);

int vdisk_apply_filename(struct cst_object *obj, union cst_attr_value val)
{
	if (val.str[0] && val.str[0] != '/') {
		cst_config_error(&obj->group.cg_item, "filename",
				 "\"%s\" is not an absolute path", val.str);
		return -EINVAL;
	}
	container_of(obj, struct vdisk_dev, disk.dev.obj)->fresh = true;
	return 0;
}

int vdisk_refuse(struct vdisk_dev *vd, int error, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	cst_config_error(&vd->disk.dev.obj.group.cg_item, "filename", "%s %pV",
			 vd->filename, &vaf);
	va_end(args);
	return error;
}

static int vdisk_refuse_other(struct vdisk_dev *vd, const struct vdisk_dev *other)
{
	return vdisk_refuse(vd, -EBUSY, "is in use by device %s",
			    config_item_name((struct config_item *)
					     &other->disk.dev.obj.group.cg_item));
}

int vdisk_check_filename(struct vdisk_dev *vd)
{
	if (vd->filename[0])
		return 0;
	cst_config_error(&vd->disk.dev.obj.group.cg_item, "filename",
			 "is not set; an absolute path is needed");
	return -EINVAL;
}

int vdisk_check_multiple(struct vdisk_dev *vd, u64 size)
{
	if (!(size & (vd->disk.block_size - 1)))
		return 0;
	return vdisk_refuse(vd, -EINVAL,
			     "would be %llu bytes, which is not a multiple of the block size, %u; size may limit it",
			     size, vd->disk.block_size);
}

/*
 * Check the type before opening: to open a FIFO or a tty may block or have side effects,
 * and enabling must not block for long.  *rdev is set to the number of a block device.
 */
static int vdisk_check_type(struct vdisk_dev *vd, bool regular, dev_t *rdev)
{
	struct path path;
	umode_t mode;
	int ret;

	ret = kern_path(vd->filename, LOOKUP_FOLLOW, &path);
	if (ret == -ENOENT && regular)
		return vdisk_refuse(vd, ret, "does not exist; when nothing is to appear there, make_file makes it, of the size set");
	if (ret == -ENOENT)
		return vdisk_refuse(vd, ret, "does not exist; the device has to appear by itself");
	if (ret)
		return vdisk_refuse(vd, ret, "cannot be looked up: %pe", ERR_PTR(ret));
	mode = d_backing_inode(path.dentry)->i_mode;
	*rdev = d_backing_inode(path.dentry)->i_rdev;
	path_put(&path);
	if (S_ISBLK(mode) || (regular && S_ISREG(mode)))
		return 0;
	if (S_ISREG(mode))
		return vdisk_refuse(vd, -EINVAL,
				    "is a regular file, not a block device: vdisk_fileio exports it");
	return vdisk_refuse(vd, -EINVAL, regular ?
			    "is neither a regular file nor a block device" :
			    "is not a block device");
}

/* Somebody has claimed the block device @rdev.  Return: -EBUSY with last_error said. */
static int vdisk_refuse_busy(struct vdisk_dev *vd, dev_t rdev)
{
	const struct vdisk_dev *other;
	unsigned int bkt;
	int ret = 0;

	mutex_lock(&vdisk_open_lock);
	hash_for_each(vdisk_open_files, bkt, other, open_node) {
		if (S_ISBLK(file_inode(other->file)->i_mode) &&
		    file_inode(other->file)->i_rdev == rdev) {
			ret = vdisk_refuse_other(vd, other);
			break;
		}
	}
	mutex_unlock(&vdisk_open_lock);
	return ret ?: vdisk_refuse(vd, -EBUSY, "is in use: mounted, or claimed by another driver");
}

static struct file *vdisk_open_file(struct vdisk_dev *vd, int flags, bool regular)
{
	struct file *file;
	dev_t rdev;
	int ret;

	/* O_EXCL: a block device that somebody else has claimed cannot be opened. */
	flags |= O_LARGEFILE | O_EXCL;
	flags |= vd->disk.dev.read_only ? O_RDONLY : O_RDWR;

	ret = vdisk_check_type(vd, regular, &rdev);
	if (ret)
		return ERR_PTR(ret);

	file = filp_open(vd->filename, flags, 0);
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
	if (ret == -EINVAL && (flags & O_DIRECT))
		vdisk_refuse(vd, ret, "is on a file system without direct I/O: o_direct must be 0");
	else if (ret == -EBUSY)
		vdisk_refuse_busy(vd, rdev);
	else if ((ret == -EROFS || ret == -EACCES) && !vd->disk.dev.read_only)
		vdisk_refuse(vd, ret, "cannot be written: %pe; read_only may be set", file);
	else
		vdisk_refuse(vd, ret, "cannot be opened: %pe", file);
	return file;
}

/* Two devices on one file would destroy each other's data, unless both are read-only. */
static int vdisk_claim(struct vdisk_dev *vd)
{
	unsigned long key = (unsigned long)vd->file->f_mapping->host;
	const struct vdisk_dev *other;
	int ret = 0;

	mutex_lock(&vdisk_open_lock);
	hash_for_each_possible(vdisk_open_files, other, open_node, key) {
		if (other->file->f_mapping->host != vd->file->f_mapping->host ||
		    (other->disk.dev.read_only && vd->disk.dev.read_only))
			continue;
		ret = vdisk_refuse_other(vd, other);
		break;
	}
	if (!ret)
		hash_add(vdisk_open_files, &vd->open_node, key);
	mutex_unlock(&vdisk_open_lock);
	return ret;
}

static void vdisk_unclaim(struct vdisk_dev *vd)
{
	mutex_lock(&vdisk_open_lock);
	hash_del(&vd->open_node);
	mutex_unlock(&vdisk_open_lock);
}

int vdisk_open(struct vdisk_dev *vd, int flags, bool regular)
{
	struct file *file;
	int ret;

	ret = vdisk_check_filename(vd);
	if (ret)
		return ret;
	file = vdisk_open_file(vd, flags, regular);
	if (IS_ERR(file))
		return PTR_ERR(file);
	vd->file = file;
	ret = IS_SWAPFILE(file->f_mapping->host) ?
	      vdisk_refuse(vd, -EBUSY, "is a swap file") : vdisk_claim(vd);
	if (ret) {
		fput(file);
		vd->file = NULL;
	}
	return ret;
}

void vdisk_close(struct vdisk_dev *vd)
{
	vdisk_unclaim(vd);
	fput(vd->file);
	vd->file = NULL;
}
