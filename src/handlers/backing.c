// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backing of a disk that has a path: finding it, opening it, and keeping it to one
 * device.
 *
 * fileio.c and blockio.c call in with dev.obj.lock held.  vdisk_open_lock protects the table of
 * open backings.
 *
 * The block layer tells user space when a device has another size, but no module.  So while
 * a disk follows the size of its block device, a work looks at all those sizes every few
 * seconds.  A device whose size has changed gets a work of its own, because that needs
 * dev.obj.lock.  Closing the backing waits for this work with the lock held, so the work only
 * tries to take it; the next look tries again.
 *
 * The same work has the file systems of thin disks asked how much space they have left.  A file
 * system may take forever to answer, because its server is gone, for example.  So each of them
 * has a work of its own, which asks without a lock, and is not queued again before it has ended.
 * The work holds a reference to the path that it asks, and so needs no disk to stay.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/wait.h>

#include "backing.h"

static DEFINE_MUTEX(vdisk_open_lock);
/* By inode: enabling one of ten thousand devices must not look at all the others. */
static DEFINE_HASHTABLE(vdisk_open_files, 10);

/**
 * struct vdisk_fs - a file system that holds files of thin disks; vdisk_open_lock
 * @node: in vdisk_file_systems
 * @sb: which file system; never dereferenced
 * @disks: vdisk_dev.fs_node of its disks
 * @path: what @work asks, while @busy
 * @busy: @work has been queued, and has not ended
 * @waiters: disks that wait until @work has ended
 * @work: asks for the space
 *
 * It is freed when it has no disk, no waiter, and is not busy.
 */
struct vdisk_fs {
	struct list_head	node;
	const struct super_block *sb;
	struct list_head	disks;
	struct path		path;
	bool			busy;
	unsigned int		waiters;
	struct work_struct	work;
};

static LIST_HEAD(vdisk_file_systems);
static DECLARE_WAIT_QUEUE_HEAD(vdisk_fs_ended);
static struct workqueue_struct *vdisk_fs_wq;

#define VDISK_LOOK_PERIOD	(2 * HZ)
#define VDISK_FS_PATIENCE	HZ	/* how long closing a disk waits for its file system */

static void vdisk_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(vdisk_look_work, vdisk_look);

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

int vdisk_apply_active(struct cst_object *obj, union cst_attr_value val)
{
	return cst_device_set_active(container_of(obj, struct cst_device, obj), val.num);
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

struct vdisk_holder {
	struct dir_context	ctx;
	char			name[32];	/* of a block device: BDEVNAME_SIZE */
};

/* Take the first name of a folder that does not begin with a dot. */
static CST_FILLDIR(vdisk_take_name, struct dir_context *ctx, const char *name, int len,
		   loff_t pos, u64 ino, unsigned int type)
{
	struct vdisk_holder *holder = container_of(ctx, struct vdisk_holder, ctx);

	if (!len || name[0] == '.' || len >= sizeof(holder->name))
		return CST_FILLDIR_GO_ON(true);
	memcpy(holder->name, name, len);
	holder->name[len] = 0;
	return CST_FILLDIR_GO_ON(false);
}

/*
 * Get the name of a device mapper or RAID device that holds the block device @rdev.  The
 * kernel keeps that only in sysfs, for everybody but its own block layer.  The name stays
 * empty when there is no such device, or no sysfs.
 */
static void vdisk_find_holder(struct vdisk_holder *holder, dev_t rdev)
{
	struct file *folder;
	char path[48];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders", MAJOR(rdev), MINOR(rdev));
	folder = filp_open(path, O_RDONLY | O_DIRECTORY, 0);
	if (IS_ERR(folder))
		return;
	iterate_dir(folder, &holder->ctx);
	fput(folder);
}

/* Somebody has claimed the block device @rdev.  Return: -EBUSY with last_error said. */
static int vdisk_refuse_busy(struct vdisk_dev *vd, dev_t rdev)
{
	struct vdisk_holder holder = { .ctx.actor = vdisk_take_name };
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
	if (ret)
		return ret;
	vdisk_find_holder(&holder, rdev);
	if (holder.name[0])
		return vdisk_refuse(vd, -EBUSY, "is in use by /dev/%s", holder.name);
	return vdisk_refuse(vd, -EBUSY, "is in use: it or a partition of it is mounted, swapped on, or claimed by another driver");
}

/*
 * A device that cannot be written may be the secondary of a mirror.  DRBD answers EROFS to who
 * wants to write there, as a device does that is read-only for good, and EMEDIUMTYPE to who
 * wants to read.
 */
static bool vdisk_is_secondary(const struct vdisk_dev *vd)
{
	struct file *file = filp_open(vd->filename, O_RDONLY | O_LARGEFILE | O_EXCL, 0);

	if (!IS_ERR(file))
		fput(file);
	return file == ERR_PTR(-EMEDIUMTYPE);
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
	if (ret == -EROFS && rdev && vdisk_is_secondary(vd))
		ret = -EMEDIUMTYPE;
	if (ret == -EINVAL && (flags & O_DIRECT))
		vdisk_refuse(vd, ret, "is on a file system without direct I/O: o_direct must be 0");
	else if (ret == -EBUSY)
		vdisk_refuse_busy(vd, rdev);
	else if ((ret == -EROFS || ret == -EACCES) && !vd->disk.dev.read_only)
		vdisk_refuse(vd, ret, "cannot be written: %pe; read_only may be set, or another node of a cluster has to let go of it",
			     file);
	else if (ret == -EMEDIUMTYPE)
		vdisk_refuse(vd, ret, "cannot be opened yet: it is the secondary of a mirror; it can be enabled, or made active, when it has become the primary (drbdadm primary)");
	else if (ret == -ENOMEDIUM)
		vdisk_refuse(vd, ret, "has no medium");
	else if (ret == -ENXIO || ret == -ENODEV)
		vdisk_refuse(vd, ret, "has a node, but there is no such device");
	else
		vdisk_refuse(vd, ret, "cannot be opened: %pe", file);
	return ERR_PTR(ret);
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
	vd->follows = false;
	mutex_unlock(&vdisk_open_lock);
}

/* --- the size of block devices --- */

static u64 vdisk_bytes(const struct vdisk_dev *vd)
{
	return i_size_read(vd->file->f_mapping->host);
}

static bool vdisk_look_at_space(void);

static void vdisk_look(struct work_struct *work)
{
	struct vdisk_dev *vd;
	bool any = false;
	unsigned int bkt;

	mutex_lock(&vdisk_open_lock);
	hash_for_each(vdisk_open_files, bkt, vd, open_node) {
		if (!vd->follows)
			continue;
		any = true;
		if (vdisk_bytes(vd) != READ_ONCE(vd->seen_bytes))
			queue_work(system_percpu_wq, &vd->resize_work);
	}
	any |= vdisk_look_at_space();
	if (any)
		queue_delayed_work(system_percpu_wq, &vdisk_look_work,
				   round_jiffies_relative(VDISK_LOOK_PERIOD));
	mutex_unlock(&vdisk_open_lock);
}

static void vdisk_resize(struct vdisk_dev *vd, u64 bytes)
{
	struct cst_disk *disk = &vd->disk;
	u64 have = disk->nblocks << disk->block_shift;

	if (bytes < have && !disk->allow_shrink) {
		pr_warn("%s: %s has %llu bytes now, fewer than the %llu that initiators know of; with allow_shrink 1, resync_size tells them\n",
			cst_device_name(&disk->dev), vd->filename, bytes, have);
		return;
	}
	if (!bytes)
		return;
	cst_disk_resize(disk, "resync_size", bytes >> disk->block_shift);
}

static void vdisk_resize_work(struct work_struct *work)
{
	struct vdisk_dev *vd = container_of(work, struct vdisk_dev, resize_work);
	u64 bytes;

	if (!mutex_trylock(&vd->disk.dev.obj.lock))
		return;
	/* The handler may have been told meanwhile not to follow the size. */
	if (vd->file && vd->follows) {
		bytes = vdisk_bytes(vd);
		if (bytes != vd->seen_bytes) {
			WRITE_ONCE(vd->seen_bytes, bytes);
			vdisk_resize(vd, bytes);
		}
	}
	mutex_unlock(&vd->disk.dev.obj.lock);
}

void vdisk_follow_size(struct vdisk_dev *vd, bool follow)
{
	follow = follow && S_ISBLK(file_inode(vd->file)->i_mode);
	mutex_lock(&vdisk_open_lock);
	vd->follows = follow;
	vd->seen_bytes = vdisk_bytes(vd);
	if (follow)
		queue_delayed_work(system_percpu_wq, &vdisk_look_work,
				   round_jiffies_relative(VDISK_LOOK_PERIOD));
	mutex_unlock(&vdisk_open_lock);
}

/* --- the space of file systems --- */

/* A file system without a size, tmpfs without a limit for example, has no space to run out of. */
static void vdisk_tell_space(struct vdisk_dev *vd, const struct kstatfs *st)
{
	u64 unit = st->f_frsize ?: st->f_bsize;

	if (st->f_blocks)
		cst_disk_space(&vd->disk, st->f_blocks * unit, st->f_bavail * unit,
			       inode_get_bytes(file_inode(vd->file)));
}

/* Free @fs if nobody needs it.  The caller holds vdisk_open_lock. */
static void vdisk_fs_put(struct vdisk_fs *fs)
{
	if (fs->busy || fs->waiters || !list_empty(&fs->disks))
		return;
	list_del(&fs->node);
	kfree(fs);
}

static void vdisk_fs_work(struct work_struct *work)
{
	struct vdisk_fs *fs = container_of(work, struct vdisk_fs, work);
	struct vdisk_dev *vd;
	struct kstatfs st;
	int ret = vfs_statfs(&fs->path, &st);

	mutex_lock(&vdisk_open_lock);
	/* An error leaves what is known as it is; initiators meet the error itself. */
	list_for_each_entry(vd, &fs->disks, fs_node)
		if (!ret)
			vdisk_tell_space(vd, &st);
	mutex_unlock(&vdisk_open_lock);
	/* Busy until then: whoever closes the last disk may want to unmount the file system. */
	path_put(&fs->path);
	mutex_lock(&vdisk_open_lock);
	fs->busy = false;
	wake_up_all(&vdisk_fs_ended);
	vdisk_fs_put(fs);
	mutex_unlock(&vdisk_open_lock);
}

/* The caller holds vdisk_open_lock.  Return: whether there is a file system to look at. */
static bool vdisk_look_at_space(void)
{
	struct vdisk_fs *fs;

	list_for_each_entry(fs, &vdisk_file_systems, node) {
		/* One without a disk is about to be freed. */
		if (fs->busy || list_empty(&fs->disks))
			continue;
		fs->busy = true;
		fs->path = list_first_entry(&fs->disks, struct vdisk_dev, fs_node)->file->f_path;
		path_get(&fs->path);
		queue_work(vdisk_fs_wq, &fs->work);
	}
	return !list_empty(&vdisk_file_systems);
}

static struct vdisk_fs *vdisk_fs_find(const struct super_block *sb)
{
	struct vdisk_fs *fs;

	list_for_each_entry(fs, &vdisk_file_systems, node)
		if (fs->sb == sb)
			return fs;
	return NULL;
}

int vdisk_follow_space(struct vdisk_dev *vd)
{
	const struct super_block *sb = vd->file->f_path.dentry->d_sb;
	struct vdisk_fs *fs, *new;
	struct kstatfs st;

	if (vfs_statfs(&vd->file->f_path, &st) || !st.f_blocks)
		return 0;
	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return vdisk_refuse(vd, -ENOMEM, "cannot be looked at: no memory");
	INIT_LIST_HEAD(&new->disks);
	INIT_WORK(&new->work, vdisk_fs_work);
	new->sb = sb;

	vdisk_tell_space(vd, &st);
	mutex_lock(&vdisk_open_lock);
	fs = vdisk_fs_find(sb);
	if (fs) {
		kfree(new);
	} else {
		fs = new;
		list_add(&fs->node, &vdisk_file_systems);
	}
	vd->fs = fs;
	list_add(&vd->fs_node, &fs->disks);
	queue_delayed_work(system_percpu_wq, &vdisk_look_work,
			   round_jiffies_relative(VDISK_LOOK_PERIOD));
	mutex_unlock(&vdisk_open_lock);
	return 0;
}

/*
 * The disk leaves its file system.  The last one waits until nobody asks the file system any
 * more, so that it can be unmounted then, but not for one that does not answer.
 */
static void vdisk_leave_fs(struct vdisk_dev *vd)
{
	struct vdisk_fs *fs;

	mutex_lock(&vdisk_open_lock);
	fs = vd->fs;
	if (!fs) {
		mutex_unlock(&vdisk_open_lock);
		return;
	}
	vd->fs = NULL;
	list_del(&vd->fs_node);
	fs->waiters++;
	if (fs->busy && list_empty(&fs->disks)) {
		mutex_unlock(&vdisk_open_lock);
		wait_event_timeout(vdisk_fs_ended, !READ_ONCE(fs->busy), VDISK_FS_PATIENCE);
		mutex_lock(&vdisk_open_lock);
	}
	fs->waiters--;
	vdisk_fs_put(fs);
	mutex_unlock(&vdisk_open_lock);
}

const char *vdisk_backing(struct cst_device *dev)
{
	return to_vdisk_dev(dev)->filename;
}

/* The kernel has no lasting key of a block device.  Its size is better than nothing. */
u64 vdisk_backing_key(struct cst_device *dev)
{
	const struct vdisk_dev *vd = to_vdisk_dev(dev);
	const struct inode *inode = file_inode(vd->file);

	return S_ISREG(inode->i_mode) ? inode->i_ino ^ (u64)inode->i_generation << 32 :
					vdisk_bytes(vd);
}

int vdisk_init_dev(struct cst_device *dev)
{
	INIT_WORK(&to_vdisk_dev(dev)->resize_work, vdisk_resize_work);
	return 0;
}

int vdisk_backing_init(void)
{
	vdisk_fs_wq = alloc_workqueue("cst_vdisk_space", WQ_UNBOUND, 0);
	return vdisk_fs_wq ? 0 : -ENOMEM;
}

void vdisk_backing_exit(void)
{
	cancel_delayed_work_sync(&vdisk_look_work);
	destroy_workqueue(vdisk_fs_wq);
}

/* --- opening and closing --- */

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
	cancel_work_sync(&vd->resize_work);
	vdisk_leave_fs(vd);
	fput(vd->file);
	vd->file = NULL;
}
