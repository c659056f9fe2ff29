// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying within a file system that lets files share their blocks (XFS, btrfs): no data moves.
 *
 * fileio.c calls fileio_find_copy() in with dev.obj.lock held, core calls fileio_copy() in a
 * worker.  This file has no lock; the file system keeps I/O away from both files while it
 * changes them.
 */
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "fileio.h"

/*
 * Whether the two files are on one file system, and whether that one really can share blocks,
 * is found out by the first copy.
 */
void fileio_find_copy(struct fileio_dev *fd)
{
	struct file *file = fd->vd.file;

	if (S_ISREG(file_inode(file)->i_mode) && file->f_op->remap_file_range)
		fd->vd.disk.copy_unit = i_blocksize(file_inode(file));
}

/*
 * The file system drops the pages that the page cache has of the destination, and writes back
 * those of the source.  Most of the latter is done before, because the file system keeps all
 * I/O of both files waiting meanwhile.
 *
 * Durable means here what it means for a write: the destination is flushed, and with it what
 * the file system has noted about the blocks that are shared.
 */
int fileio_copy(struct cst_device *to, u64 pos, struct cst_device *from, u64 from_pos, u32 len,
		bool durable)
{
	struct file *dst = to_fileio_dev(to)->vd.file, *src = to_fileio_dev(from)->vd.file;
	errseq_t dst_since = filemap_sample_wb_err(dst->f_mapping);
	errseq_t src_since = filemap_sample_wb_err(src->f_mapping);
	loff_t done;
	int ret;

	if (file_inode(dst)->i_sb != file_inode(src)->i_sb)
		return -EXDEV;
	ret = filemap_write_and_wait_range(src->f_mapping, from_pos, from_pos + len - 1);
	if (ret)
		return ret;
	done = vfs_clone_file_range(src, from_pos, dst, pos, len, 0);
	if (done < 0)
		return done;
	if (done != len)
		return -EIO;
	/* The error of a page may have been told to somebody else who waited for it. */
	ret = filemap_check_wb_err(src->f_mapping, src_since);
	if (!ret && durable)
		ret = fileio_sync(dst, pos, pos + len - 1, 1);
	if (!ret && durable)
		ret = filemap_check_wb_err(dst->f_mapping, dst_since);
	return ret;
}
