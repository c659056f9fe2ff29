/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the configuration of vdisk_fileio, fileio.c, and its I/O, fileio_io.c, fileio_space.c
 * and fileio_copy.c, share.
 */
#ifndef _CST_FILEIO_H
#define _CST_FILEIO_H

#include <linux/errseq.h>
#include <linux/fs.h>

#include "backing.h"

/**
 * struct fileio_dev - a vdisk_fileio device
 * @vd: its backing; first
 * @size: attribute, in bytes; 0: the size of the file
 * @o_direct: attribute
 * @in_memory: the file system keeps its files in memory only
 * @nowait: IOCB_NOWAIT may be used; cleared when the file system does not support it
 * @had_nv_cache: it has had nv_cache: flushes may have been answered but not made
 * @zero_range: the file system has not refused to make zeroes that take space
 * @cached: with o_direct, data has been in the page cache all the same
 * @lost: cached data could not be written, which has been logged and sent as an event
 * @wb_err: the write-back errors of the file that were known when it was opened
 */
struct fileio_dev {
	struct vdisk_dev	vd;
	u64			size;
	bool			o_direct;

	bool			in_memory;
	bool			nowait;
	bool			had_nv_cache;
	bool			zero_range;
	bool			cached;
	unsigned int		lost;
	errseq_t		wb_err;
};

static inline struct fileio_dev *to_fileio_dev(struct cst_device *dev)
{
	return container_of(dev, struct fileio_dev, vd.disk.dev);
}

/* fileio_io.c */
/*
 * Make bytes @first to @last of the file durable.  Every flush of the file calls this.  May
 * sleep.  Return: 0 or errno.
 */
int fileio_sync(struct file *file, loff_t first, loff_t last, int datasync);

static inline int fileio_sync_all(struct file *file, int datasync)
{
	return fileio_sync(file, 0, LLONG_MAX, datasync);
}

/*
 * Has data been lost that was in the page cache?  Any context.  Return: 0, or the errno with
 * which write-back has failed; that is told once, and flushes fail from then on.
 */
int fileio_check_lost(struct fileio_dev *fd);
/* cst_block_ops.submit and .lost */
int fileio_submit(struct cst_io *io);
int fileio_lost(struct cst_device *dev);

/* fileio_copy.c */
/* Can the file share blocks with others?  Process context, dev.obj.lock held. */
void fileio_find_copy(struct fileio_dev *fd);
/* cst_block_ops.copy */
int fileio_copy(struct cst_device *to, u64 pos, struct cst_device *from, u64 from_pos, u32 len,
		bool durable);

/* fileio_space.c */
/*
 * Find out whether the backing can make zeroes and give space back, without changing any of
 * its data.  Process context, dev.obj.lock held.
 */
void fileio_find_space(struct fileio_dev *fd);
/* CST_IO_ZERO and CST_IO_UNMAP of fileio_submit() */
int fileio_change_space(struct fileio_dev *fd, struct cst_io *io);
/* cst_block_ops.map */
int fileio_map(struct cst_device *dev, u64 pos, u64 *end);

#endif /* _CST_FILEIO_H */
