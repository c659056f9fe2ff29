/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_NAMEI_H
#define _CST_COMPAT_LINUX_NAMEI_H

#include_next <linux/namei.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/version.h>

/* 6.18 renamed these two. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define start_creating_path	kern_path_create
#define end_creating_path	done_path_create
#endif

/* Make a folder, whose parent exists.  Return: 0, also when it exists, or an errno. */
static inline int cst_make_folder(const char *name, umode_t mode)
{
	struct dentry *dentry;
	struct path parent;
	int ret;

	dentry = start_creating_path(AT_FDCWD, name, &parent, LOOKUP_DIRECTORY);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry) == -EEXIST ? 0 : PTR_ERR(dentry);
	/* 5.12 and 6.3: ID mappings; 6.15: the dentry is returned; 6.19: delegations. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 12, 0)
	ret = vfs_mkdir(d_inode(parent.dentry), dentry, mode);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	ret = vfs_mkdir(mnt_user_ns(parent.mnt), d_inode(parent.dentry), dentry, mode);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	ret = vfs_mkdir(mnt_idmap(parent.mnt), d_inode(parent.dentry), dentry, mode);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
	dentry = vfs_mkdir(mnt_idmap(parent.mnt), d_inode(parent.dentry), dentry, mode);
	ret = PTR_ERR_OR_ZERO(dentry);
#else
	dentry = vfs_mkdir(mnt_idmap(parent.mnt), d_inode(parent.dentry), dentry, mode, NULL);
	ret = PTR_ERR_OR_ZERO(dentry);
#endif
	end_creating_path(&parent, dentry);
	return ret;
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
static inline struct dentry *cst_lookup_in(struct dentry *dir, const char *name)
{
	/* 6.16 renamed it, and gave it a struct qstr. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
	return lookup_one_len(name, dir, strlen(name));
#else
	return lookup_noperm(&QSTR(name), dir);
#endif
}

static inline int cst_rename_locked(const struct path *dir, struct dentry *from,
				    struct dentry *to)
{
	/* 5.10.220 and 5.12 made the arguments a structure, of which 6.18 made one of folders. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 220)
	return vfs_rename(d_inode(dir->dentry), from, d_inode(dir->dentry), to, NULL, 0);
#else
	struct renamedata rd = {
		.old_dentry = from,
		.new_dentry = to,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
		.old_dir = d_inode(dir->dentry),
		.new_dir = d_inode(dir->dentry),
#else
		.mnt_idmap = mnt_idmap(dir->mnt),
		.old_parent = dir->dentry,
		.new_parent = dir->dentry,
#endif
	};

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	rd.old_mnt_userns = mnt_user_ns(dir->mnt);
	rd.new_mnt_userns = rd.old_mnt_userns;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	rd.old_mnt_idmap = mnt_idmap(dir->mnt);
	rd.new_mnt_idmap = rd.old_mnt_idmap;
#endif
	return vfs_rename(&rd);
#endif
}

static inline int cst_rename_names(const struct path *dir, const char *from, const char *to)
{
	struct dentry *old, *new;
	int ret;

	lock_rename(dir->dentry, dir->dentry);
	old = cst_lookup_in(dir->dentry, from);
	ret = PTR_ERR_OR_ZERO(old);
	if (ret)
		goto unlock;
	new = cst_lookup_in(dir->dentry, to);
	ret = PTR_ERR_OR_ZERO(new);
	if (ret)
		goto put_old;
	ret = d_is_negative(old) ? -ENOENT : cst_rename_locked(dir, old, new);
	dput(new);
put_old:
	dput(old);
unlock:
	unlock_rename(dir->dentry, dir->dentry);
	return ret;
}
#else
static inline int cst_rename_names(const struct path *dir, const char *from, const char *to)
{
	struct renamedata rd = {
		.mnt_idmap = mnt_idmap(dir->mnt),
		.old_parent = dir->dentry,
		.new_parent = dir->dentry,
	};
	int ret = start_renaming(&rd, 0, &QSTR(from), &QSTR(to));

	if (ret)
		return ret;
	ret = vfs_rename(&rd);
	end_renaming(&rd);
	return ret;
}
#endif

/* Rename @from to @to in the folder @dir.  An existing @to is replaced. */
static inline int cst_rename_in(const struct path *dir, const char *from, const char *to)
{
	int ret = mnt_want_write(dir->mnt);

	if (ret)
		return ret;
	ret = cst_rename_names(dir, from, to);
	mnt_drop_write(dir->mnt);
	return ret;
}

#endif /* _CST_COMPAT_LINUX_NAMEI_H */
