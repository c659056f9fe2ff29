// SPDX-License-Identifier: GPL-2.0-only
/*
 * fileio_io.c: direct I/O that the file system queues, and how long its kiocb is in use.  The
 * file system is emulated: the I/O may end before the call that started it returns.
 */
#include "../../../src/handlers/fileio_io.c"

#include "emu.h"
#include "test.h"

#define LEN	8192

static struct super_block sb;
static struct inode inode = { .i_mode = S_IFREG | 0600, .i_sb = &sb };
static struct address_space mapping = { .host = &inode };
static struct fileio_dev fd;
static struct cst_dev_stats stats;
static struct cst_cmd command;
static struct cst_io *const io = &command.io;

/* What the file system does, and what it was asked for. */
static struct {
	long		answer;		/* the call's return value */
	long		ends;		/* the result of a queued I/O */
	bool		ends_at_once;	/* before the call returns */
	struct kiocb	*queued;
	unsigned int	calls;
	u32		asked;		/* bytes of the last call */
	u64		advised;	/* first byte behind the last read-ahead */
	unsigned int	dones;		/* calls of io_done() */
	int		error;
} fs;

/* The I/O has ended: from here on the fabric may use the command's memory for another one. */
static void io_done(struct cst_io *done, int error)
{
	CHECK(done == io);
	fs.dones++;
	fs.error = error;
	memset(&command, 0xa5, sizeof(command));
}

static void queued_io_ends(void)
{
	struct kiocb *iocb = fs.queued;

	fs.queued = NULL;
	iocb->ki_complete(iocb, fs.ends);
}

static struct file file;

static ssize_t fs_rw(struct kiocb *iocb, struct iov_iter *iter)
{
	fs.calls++;
	fs.asked = iter->count;
	if (!iocb->ki_complete)
		return iter->count;
	if (fs.answer != -EIOCBQUEUED)
		return fs.answer;
	fs.queued = iocb;
	if (fs.ends_at_once)
		queued_io_ends();
	/* ext4 reads the kiocb on its way out, too. */
	CHECK_EQ(fs.dones, 0);
	CHECK(iocb->ki_filp == &file);
	return -EIOCBQUEUED;
}

static const struct file_operations fs_ops = { .read_iter = fs_rw, .write_iter = fs_rw };
static struct file file = { .f_op = &fs_ops, .f_mapping = &mapping, .f_flags = O_DIRECT };

int fileio_change_space(struct fileio_dev *dev, struct cst_io *changed)
{
	abort();
}

void cst_device_data_lost(struct cst_device *dev)
{
}

/* Read-ahead: each call begins where the last one has ended, and is not too long to be done. */
int vfs_fadvise(struct file *f, loff_t pos, loff_t len, int advice)
{
	CHECK(f == &file && advice == POSIX_FADV_WILLNEED);
	CHECK(!fs.advised || fs.advised == pos);
	CHECK(len && len <= 128 << 10);
	fs.advised = pos + len;
	fs.calls++;
	return fs.answer;
}

static int starts(u8 op, u8 flags, long answer, long ends, bool at_once)
{
	memset(&fs, 0, sizeof(fs));
	fs.answer = answer;
	fs.ends = ends;
	fs.ends_at_once = at_once;
	memset(&fd, 0, sizeof(fd));
	emu_device_init(&fd.vd.disk.dev, &stats);
	fd.vd.file = &file;
	fd.o_direct = true;
	fd.nowait = true;
	memset(&command, 0x5a, sizeof(command));
	io->dev = &fd.vd.disk.dev;
	io->op = op;
	io->flags = flags;
	io->pos = 4096;
	io->len = LEN;
	io->done = io_done;
	return fileio_submit(io);
}

static const struct { u8 op, flags; } ways[] = {
	{ CST_IO_READ, CST_IO_NOWAIT }, { CST_IO_READ, 0 },
	{ CST_IO_WRITE, CST_IO_NOWAIT }, { CST_IO_WRITE, 0 },
};

#define for_each_way(i)	for (i = 0; i < ARRAY_SIZE(ways); i++)

static void it_ends_after_the_call_has_returned(void)
{
	unsigned int i;

	for_each_way(i) {
		CHECK_EQ(starts(ways[i].op, ways[i].flags, -EIOCBQUEUED, LEN, false), 0);
		CHECK_EQ(fs.dones, 0);
		CHECK_EQ(shim_writers, ways[i].op == CST_IO_WRITE);
		queued_io_ends();
		CHECK_EQ(fs.dones, 1);
		CHECK_EQ(fs.error, 0);
		CHECK_EQ(shim_writers, 0);
	}
}

static void it_ends_while_the_file_system_still_uses_it(void)
{
	unsigned int i;

	for_each_way(i) {
		CHECK_EQ(starts(ways[i].op, ways[i].flags, -EIOCBQUEUED, LEN, true), 0);
		CHECK_EQ(fs.dones, 1);
		CHECK_EQ(fs.error, 0);
		CHECK_EQ(shim_writers, 0);
	}
}

/* After a short I/O a worker does the rest, and finds the error if there is one. */
static void one_that_falls_short_goes_on_in_a_worker(void)
{
	static const long ends[] = { 512, -EIO, -EAGAIN };
	unsigned int i, j, at_once;

	for_each_way(i) {
		for (j = 0; j < ARRAY_SIZE(ends); j++) {
			for (at_once = 0; at_once < 2; at_once++) {
				CHECK_EQ(starts(ways[i].op, ways[i].flags, -EIOCBQUEUED,
						ends[j], at_once), 0);
				if (!at_once)
					queued_io_ends();
				CHECK_EQ(fs.dones, 0);
				CHECK(emu_work());
				CHECK_EQ(fs.calls, 2);
				CHECK_EQ(fs.asked, LEN - max(ends[j], 0L));
				CHECK_EQ(fs.dones, 1);
				CHECK_EQ(fs.error, 0);
				CHECK_EQ(shim_writers, 0);
			}
		}
	}
}

static void one_that_is_not_queued_has_one_user(void)
{
	unsigned int i;

	for_each_way(i) {
		CHECK_EQ(starts(ways[i].op, ways[i].flags, LEN, 0, false), 0);
		CHECK_EQ(fs.dones, 1);
		CHECK_EQ(shim_writers, 0);
	}
	CHECK_EQ(starts(CST_IO_WRITE, CST_IO_NOWAIT, -EAGAIN, 0, false), -EAGAIN);
	CHECK_EQ(fs.dones, 0);
	CHECK_EQ(shim_writers, 0);
	CHECK_EQ(starts(CST_IO_READ, CST_IO_NOWAIT, -EOPNOTSUPP, 0, false), -EAGAIN);
	CHECK(!fd.nowait);
	CHECK_EQ(fs.dones, 0);
}

static void read_ahead_is_asked_for_in_pieces(void)
{
	static const u32 lens[] = { 512, 128 << 10, (128 << 10) + 512, 64 << 20 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		memset(&fs, 0, sizeof(fs));
		fd.vd.file = &file;
		io->dev = &fd.vd.disk.dev;
		io->op = CST_IO_PREFETCH;
		io->flags = 0;
		io->pos = 4096;
		io->len = lens[i];
		io->done = io_done;
		CHECK_EQ(fileio_submit(io), 0);
		CHECK_EQ(fs.advised, 4096 + (u64)lens[i]);
		CHECK_EQ(fs.dones, 1);
		CHECK_EQ(fs.error, 0);
	}
	CHECK_EQ(starts(CST_IO_PREFETCH, 0, -EIO, 0, false), 0);
	CHECK_EQ(fs.calls, 1);
	CHECK_EQ(fs.error, -EIO);
}

TEST_MAIN(T(it_ends_after_the_call_has_returned),
	  T(it_ends_while_the_file_system_still_uses_it),
	  T(one_that_falls_short_goes_on_in_a_worker),
	  T(one_that_is_not_queued_has_one_user),
	  T(read_ahead_is_asked_for_in_pieces))
