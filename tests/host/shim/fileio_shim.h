/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What fileio.c needs of the kernel besides core_shim.h.  The test defines the file system's
 * read_iter and write_iter; opening, making and resizing a file do not work.
 */
#ifndef _CST_FILEIO_SHIM_H
#define _CST_FILEIO_SHIM_H

#include <sys/stat.h>

#include "core_shim.h"

#define BUILD_BUG_ON(cond)	static_assert(!(cond))
#define EIOCBQUEUED		529
#define PTR_ERR(p)		((long)(p))
#define ERR_PTR(e)		((void *)(long)(e))
#define IS_ERR(p)		((unsigned long)(p) >= (unsigned long)-4095)
#define DEFINE_MUTEX(x)		struct mutex x
#define mutex_lock(m)		((m)->held = true)
#define mutex_unlock(m)		((m)->held = false)
#define DEFINE_HASHTABLE(x, bits) struct hlist_node x
#define hash_add(t, n, key)	((void)&(t), (void)(n), (void)(key))
#define hash_del(n)		((void)(n))
#define hash_for_each_possible(t, p, m, key) for (p = NULL; p;)
#define xchg(p, v) ({ typeof(*(p)) _was = *(p); *(p) = (v); _was; })

/* Never called by these tests. */
#define shim_never(type, ...)	({ abort(); (type)0; })

/* <linux/sched.h> */
#define PF_MEMALLOC		1
#define PF_LOCAL_THROTTLE	2
#define RLIMIT_FSIZE		1
struct bio_list;
struct shim_current {
	unsigned int	flags;
	struct bio_list	*bio_list;
	void		*plug;
	void		*journal_info;
};

static struct shim_current shim_current;
#define current			(&shim_current)
#define rlimit(limit)		(~0UL)
#define si_mem_available()	(1L << 20)
#define totalram_pages()	(1UL << 20)

/* <linux/fs.h> */
#define O_RDONLY		0
#define O_RDWR			2
#define O_CREAT			0100
#define O_EXCL			0200
#define O_DIRECT		040000
#define O_LARGEFILE		0100000
#define O_DIRECTORY		0200000
#define O_NOATIME		01000000
#define FMODE_NOWAIT		1
#define IOCB_NOWAIT		1
#define IOCB_DIRECT		2
#define IOCB_DSYNC		4
#define IOCB_NOIO		8
#define TMPFS_MAGIC		0x01021994
#define RAMFS_MAGIC		0x858458f6
#define PAGECACHE_TAG_DIRTY	0
#define SB_FREEZE_WRITE		1
#define LOOKUP_FOLLOW		1
#define I_MUTEX_PARENT		1
#define ITER_DEST		0
#define ITER_SOURCE		1

typedef unsigned short umode_t;
typedef unsigned int errseq_t;
struct vfsmount;
struct dentry { struct dentry *d_parent; };
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file_system_type { const char *name; };
struct super_block { unsigned long s_magic; struct file_system_type *s_type; };
struct inode { umode_t i_mode; struct super_block *i_sb; loff_t i_size; };
struct address_space { struct inode *host; errseq_t wb_err; };
struct iov_iter { size_t count; };
struct va_format { const char *fmt; void *va; };

struct kiocb {
	struct file	*ki_filp;
	loff_t		ki_pos;
	void		(*ki_complete)(struct kiocb *iocb, long ret);
	void		*private;
	int		ki_flags;
};

struct file_operations {
	ssize_t	(*read_iter)(struct kiocb *iocb, struct iov_iter *iter);
	ssize_t	(*write_iter)(struct kiocb *iocb, struct iov_iter *iter);
	int	(*fsync)(struct file *file, loff_t first, loff_t last, int datasync);
};

struct file {
	const struct file_operations *f_op;
	struct address_space	*f_mapping;
	unsigned int		f_flags, f_mode;
	spinlock_t		f_lock;		/* protects f_flags */
	struct path		f_path;
};

/* src/compat's <linux/fs.h> */
#define CST_KIOCB_DONE_ARGS(_iocb, _ret)	struct kiocb *_iocb, long _ret
#define cst_file_can_direct(file)	false
#define cst_vfs_unlink(mnt, dir, dentry) shim_never(int)

#define file_inode(file)		((file)->f_mapping->host)
#define i_size_read(inode)		((inode)->i_size)
#define i_blocksize(inode)		4096
#define IS_SWAPFILE(inode)		false
#define sb_rdonly(sb)			((void)(sb), false)
#define I_BDEV(inode)			(inode)
#define bdev_physical_block_size(bdev)	((void)(bdev), 512)
#define bdev_io_opt(bdev)		((void)(bdev), 0)
#define mapping_tagged(mapping, tag)	((void)(mapping), false)
#define filemap_sample_wb_err(mapping)	((mapping)->wb_err)
#define filemap_check_wb_err(mapping, since) ((void)(since), 0)
#define errseq_check_and_advance(err, since) ((void)(err), (void)(since))
#define vfs_fsync_range(file, first, last, datasync)	0

#define POSIX_FADV_WILLNEED		3
int vfs_fadvise(struct file *file, loff_t pos, loff_t len, int advice);

#define filp_open(name, flags, mode)	shim_never(struct file *)
#define fput(file)			((void)(file))
#define kern_path(name, flags, path)	((void)(path), shim_never(int))
#define path_put(path)			abort()
#define path_is_under(a, b)		shim_never(bool)
#define d_backing_inode(dentry)		shim_never(struct inode *)
#define vfs_truncate(path, size)	shim_never(int)
#define mnt_want_write_file(file)	shim_never(int)
#define mnt_drop_write_file(file)	abort()
#define inode_lock_nested(inode, class)	((void)(inode))
#define inode_unlock(inode)		((void)(inode))
#define dget(dentry)			((void)(dentry))
#define dput(dentry)			((void)(dentry))
#define d_unhashed(dentry)		((void)(dentry), false)
#define kmemdup_nul(s, len, gfp)	((void)(len), shim_never(char *))

/* The number of writes that keep the file system from being frozen. */
static int shim_writers;
#define file_start_write(file)		((void)shim_writers++)
#define file_start_write_trylock(file)	((void)(file), shim_writers++, true)
#define file_end_write(file)		((void)shim_writers--)
#define kiocb_start_write(iocb)		((void)shim_writers++)
#define kiocb_end_write(iocb)		((void)(iocb)->ki_filp->f_mapping, (void)shim_writers--)
#define __sb_writers_release(sb, level)	((void)(sb))

static inline void init_sync_kiocb(struct kiocb *iocb, struct file *file)
{
	*iocb = (struct kiocb){
		.ki_filp = file,
		.ki_flags = file->f_flags & O_DIRECT ? IOCB_DIRECT : 0,
	};
}

#define iov_iter_bvec(iter, dir, bvec, nr, len)	((iter)->count = (len))
#define iov_iter_advance(iter, n)		((iter)->count -= (n))

#endif /* _CST_FILEIO_SHIM_H */
