/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The backing of a disk that has a path: a file or a block device.  vdisk_fileio and
 * vdisk_blockio share this.
 */
#ifndef _CST_BACKING_H
#define _CST_BACKING_H

#include <linux/fs.h>
#include <linux/list.h>

#include <cst/disk.h>

#define VDISK_NAME_MAX		1023

/**
 * struct vdisk_dev - a disk whose backing has a path
 * @disk: what core knows of it; first
 * @filename: attribute
 * @fresh: the device has not been enabled with this filename yet
 * @file: the backing; open while the device is enabled
 * @open_node: in the table of open backings; backing.c
 */
struct vdisk_dev {
	struct cst_disk		disk;
	char			filename[VDISK_NAME_MAX + 1];
	bool			fresh;
	struct file		*file;
	struct hlist_node	open_node;
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

#endif /* _CST_BACKING_H */
