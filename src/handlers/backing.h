/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The backing of a disk that has a path: a file or a block device.  vdisk_fileio and
 * vdisk_blockio share this.
 */
#ifndef _CST_BACKING_H
#define _CST_BACKING_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include <cst/disk.h>

#define VDISK_NAME_MAX		1023

/**
 * struct vdisk_dev - a disk whose backing has a path
 * @disk: what core knows of it; first
 * @filename: attribute
 * @fresh: the device has not been enabled with this filename yet
 * @file: the backing; open while the device is enabled
 * @open_node: in the table of open backings; backing.c
 * @follows: the capacity is that of the block device, and follows it
 * @seen_bytes: the size of the block device when it was last looked at
 * @resize_work: gives the disk the new size of the block device
 * @fs: the file system whose space is looked at, or NULL; backing.c
 * @fs_node: among its disks
 */
struct vdisk_dev {
	struct cst_disk		disk;
	char			filename[VDISK_NAME_MAX + 1];
	bool			fresh;
	struct file		*file;
	struct hlist_node	open_node;
	bool			follows;
	u64			seen_bytes;
	struct work_struct	resize_work;
	struct vdisk_fs		*fs;
	struct list_head	fs_node;
};

static inline struct vdisk_dev *to_vdisk_dev(struct cst_device *dev)
{
	return container_of(dev, struct vdisk_dev, disk.dev);
}

/* All of these: process context, may sleep, dev.obj.lock held. */

/* Say in last_error what is wrong with the backing.  Return: @error. */
__printf(3, 4)
int vdisk_refuse(struct vdisk_dev *vd, int error, const char *fmt, ...);

/* cst_attr.apply of filename */
int vdisk_apply_filename(struct cst_object *obj, union cst_attr_value val);

/* cst_attr.apply of active */
int vdisk_apply_active(struct cst_object *obj, union cst_attr_value val);

/* A handler's attribute `active`; its address belongs into the handler's table. */
#define VDISK_ATTR_ACTIVE(_prefix)						\
CST_ATTR(_prefix, active, 0644, CST_FIELD(vdisk_dev, disk.dev.obj, disk.dev.active), \
	 .type = CST_ATTR_BOOL, .dflt = 1, .apply = vdisk_apply_active,		\
	 .help = "0 closes the backing while the LUNs and sessions stay; 1 opens it again.")

/* Is there a filename?  Return: 0 or -EINVAL with last_error said. */
int vdisk_check_filename(struct vdisk_dev *vd);

/* Is @size, in bytes, a multiple of the block size?  Return: 0 or -EINVAL, said. */
int vdisk_check_multiple(struct vdisk_dev *vd, u64 size);

/**
 * vdisk_open() - open the backing, which is this device's alone from then on
 * @vd: disabled; read_only says how the backing is opened
 * @flags: O_DIRECT or 0
 * @regular: a regular file will do; else only a block device
 *
 * Nothing is made where the path leads nowhere.  Two devices on one backing would destroy
 * each other's data, so that is refused unless both are read-only.
 *
 * Return: 0 with @vd->file set, or an errno with last_error said.
 */
int vdisk_open(struct vdisk_dev *vd, int flags, bool regular);

/* Undo vdisk_open(). */
void vdisk_close(struct vdisk_dev *vd);

/*
 * Let the capacity follow the size of the block device, or not (a file).  A device that has
 * become larger is noticed within seconds.  One that has become smaller is only reported in
 * the kernel's log, unless allow_shrink is set.
 */
void vdisk_follow_size(struct vdisk_dev *vd, bool follow);

/*
 * Tell core of the space in the file system of the file (cst_disk_space()), now and every few
 * seconds until vdisk_close().  Nothing is told where the file system has no size.  Return: 0,
 * or -ENOMEM with last_error said.
 */
int vdisk_follow_space(struct vdisk_dev *vd);

/* cst_block_ops.backing, and .backing_key */
const char *vdisk_backing(struct cst_device *dev);
u64 vdisk_backing_key(struct cst_device *dev);

/* cst_handler_ops.init: a new device; it undoes nothing. */
int vdisk_init_dev(struct cst_device *dev);

/* The module is loaded, before there is a device.  Return: 0 or -ENOMEM. */
int vdisk_backing_init(void);

/* The module is being unloaded; no device exists any more. */
void vdisk_backing_exit(void);

#endif /* _CST_BACKING_H */
