/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_FS_H
#define _CST_COMPAT_LINUX_FS_H

#include_next <linux/fs.h>
#include <linux/mount.h>
#include <linux/version.h>

/* Before 5.16 ki_complete had a second result. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#define CST_KIOCB_DONE_ARGS(_iocb, _ret)				\
	struct kiocb *_iocb, long _ret, long cst_kiocb_ret2
#else
#define CST_KIOCB_DONE_ARGS(_iocb, _ret)	struct kiocb *_iocb, long _ret
#endif

/* Since 5.19 a flag of the file says whether it supports direct I/O. */
static inline bool cst_file_can_direct(const struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 19, 0)
	return file->f_mode & FMODE_CAN_ODIRECT;
#else
	return file->f_mapping->a_ops && file->f_mapping->a_ops->direct_IO;
#endif
}

/*
 * Freeze protection that may be released in another context than it was taken in.  The kernel
 * has kiocb_start_write() and kiocb_end_write() since 6.6.  Some older stable kernels have
 * them, too, so these functions have other names.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
static inline void cst_kiocb_start_write(struct kiocb *iocb)
{
	struct super_block *sb = file_inode(iocb->ki_filp)->i_sb;

	sb_start_write(sb);
	__sb_writers_release(sb, SB_FREEZE_WRITE);
}

static inline void cst_kiocb_end_write(struct kiocb *iocb)
{
	struct super_block *sb = file_inode(iocb->ki_filp)->i_sb;

	__sb_writers_acquired(sb, SB_FREEZE_WRITE);
	sb_end_write(sb);
}

#define kiocb_start_write	cst_kiocb_start_write
#define kiocb_end_write		cst_kiocb_end_write
#endif

/* Since 5.12 vfs_unlink() takes the ID mapping of the mount, whose type changed in 6.3. */
static inline int cst_vfs_unlink(struct vfsmount *mnt, struct inode *dir,
				 struct dentry *dentry)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 12, 0)
	return vfs_unlink(dir, dentry, NULL);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return vfs_unlink(mnt_user_ns(mnt), dir, dentry, NULL);
#else
	return vfs_unlink(mnt_idmap(mnt), dir, dentry, NULL);
#endif
}

/* Since 6.1 (25885a35a720) a dir_context.actor answers true to go on; before, 0. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#define CST_FILLDIR(_name, ...)	int _name(__VA_ARGS__)
#define CST_FILLDIR_GO_ON(_on)	((_on) ? 0 : -EINTR)
#else
#define CST_FILLDIR(_name, ...)	bool _name(__VA_ARGS__)
#define CST_FILLDIR_GO_ON(_on)	(_on)
#endif

#endif /* _CST_COMPAT_LINUX_FS_H */
