// SPDX-License-Identifier: GPL-2.0-only
/*
 * The space that a file of vdisk_fileio takes: making zeroes, giving space back, and which
 * parts take space.
 *
 * fileio.c calls fileio_find_space() in with dev.obj.lock held.  Core calls the others in a
 * worker.  This file has no lock.
 */
#include <linux/blkdev.h>
#include <linux/falloc.h>
#include <linux/minmax.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#include "fileio.h"

static u64 fileio_space_size(const struct file *file)
{
	return i_size_read(file->f_mapping->host);
}

/*
 * Can the file system punch holes?  A hole behind the end of the file changes nothing, and a
 * file system that cannot punch holes refuses that one, too.  The hole is so far behind the
 * end that nobody who makes the file larger at this moment has data there.  A file so large
 * that there is no such place is not called thin.
 */
static bool fileio_can_punch(struct file *file)
{
	struct inode *inode = file_inode(file);
	u64 at = round_up(fileio_space_size(file), SZ_1M) + SZ_1G;
	u32 len = i_blocksize(inode);
	int ret;

	if (at + len > inode->i_sb->s_maxbytes)
		return false;
	/* A file system that is frozen must not keep the configuration waiting. */
	if (!file_start_write_trylock(file))
		return false;
	ret = file->f_op->fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
				    len);
	file_end_write(file);
	return !ret;
}

/*
 * A block device unmaps by WRITE ZEROES, which leaves zeroes, and never by a mere discard.
 * So it needs both to be thin.
 */
static void fileio_find_space_bdev(struct cst_disk *disk, struct block_device *bdev)
{
	u32 lbs = bdev_logical_block_size(bdev);

	/* The device can only zero its own blocks. */
	if (lbs > disk->block_size)
		return;
	disk->can_zero = true;
	if (!bdev_write_zeroes_sectors(bdev) || !bdev_max_discard_sectors(bdev))
		return;
	disk->unmap_granularity = max_t(u32, bdev_discard_granularity(bdev), lbs);
	disk->unmap_alignment = bdev_discard_alignment(bdev);
	disk->unmap_zeroes = true;
}

void fileio_find_space(struct fileio_dev *fd)
{
	struct file *file = fd->vd.file;
	struct inode *inode = file->f_mapping->host;
	struct cst_disk *disk = &fd->vd.disk;

	fd->zero_range = true;
	if (disk->dev.read_only || !file->f_op->fallocate)
		return;
	if (S_ISBLK(inode->i_mode)) {
		fileio_find_space_bdev(disk, I_BDEV(inode));
		return;
	}
	disk->can_zero = true;
	if (!fileio_can_punch(file))
		return;
	disk->unmap_granularity = i_blocksize(inode);
	disk->unmap_zeroes = true;
}

static int fileio_fallocate(struct fileio_dev *fd, const struct cst_io *io)
{
	bool release = io->op == CST_IO_UNMAP || (io->flags & CST_IO_RELEASE);
	int mode = FALLOC_FL_KEEP_SIZE |
		   (release ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);
	struct file *file = fd->vd.file;
	int ret;

	/* tmpfs, for example, punches holes, and cannot make zeroes that take space. */
	if (!release && !READ_ONCE(fd->zero_range))
		return -EOPNOTSUPP;
	ret = vfs_fallocate(file, mode, io->pos, io->len);
	if (ret == -EOPNOTSUPP && !release)
		WRITE_ONCE(fd->zero_range, false);
	/* Behind the end of a file that was truncated nothing is made. */
	if (!ret && io->pos + io->len > fileio_space_size(file))
		ret = -EIO;
	return ret;
}

int fileio_change_space(struct fileio_dev *fd, struct cst_io *io)
{
	struct file *file = fd->vd.file;
	errseq_t since = filemap_sample_wb_err(file->f_mapping);
	unsigned int noio = memalloc_noio_save();
	int ret = fileio_fallocate(fd, io);

	/* The file system writes zeroes to a part of its block through the page cache. */
	if (fd->o_direct && mapping_tagged(file->f_mapping, PAGECACHE_TAG_DIRTY))
		WRITE_ONCE(fd->cached, true);
	if (!ret && (io->flags & CST_IO_FUA)) {
		ret = fileio_sync(file, io->pos, io->pos + io->len - 1, 1);
		if (!ret)
			ret = filemap_check_wb_err(file->f_mapping, since);
	}
	memalloc_noio_restore(noio);
	cst_io_done(io, ret);
	return 0;
}

/*
 * A part of a file that was allocated and not written yet counts as a hole: it reads as
 * zeroes.  A block with a part that is no hole is mapped.
 */
int fileio_map(struct cst_device *dev, u64 pos, u64 *end)
{
	struct cst_disk *disk = to_cst_disk(dev);
	struct file *file = to_vdisk_dev(dev)->file;
	loff_t data, hole;

	*end = cst_disk_nblocks(disk) << disk->block_shift;
	/* What a block device maps is not known. */
	if (!S_ISREG(file_inode(file)->i_mode))
		return 1;
	if (pos >= fileio_space_size(file))
		return -EIO;
	data = vfs_llseek(file, pos, SEEK_DATA);
	if (data == -ENXIO)
		return 0;
	if (data < 0)
		return data;
	if (round_down(data, disk->block_size) > pos) {
		*end = round_down(data, disk->block_size);
		return 0;
	}
	hole = vfs_llseek(file, data, SEEK_HOLE);
	if (hole < 0)
		return hole;
	*end = max_t(u64, round_up(hole, disk->block_size), pos + disk->block_size);
	return 1;
}
