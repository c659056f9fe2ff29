/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An I/O of blocks that core asks a handler for.
 */
#ifndef _CST_IO_H
#define _CST_IO_H

#include <linux/bits.h>
#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/types.h>

struct cst_device;
struct cst_io;
struct cst_itl;

enum cst_io_op {
	CST_IO_READ,
	CST_IO_WRITE,
	CST_IO_FLUSH,		/* everything completed so far becomes durable */
	CST_IO_ZERO,		/* the bytes become zeroes; cst_disk.can_zero */
	CST_IO_UNMAP,		/* the bytes are not needed any more; cst_disk.unmap_granularity */
	CST_IO_PREFETCH,	/* the bytes are going to be read; cst_disk.can_prefetch */
};

#define CST_IO_NOWAIT	BIT(0)	/* answer -EAGAIN rather than block */
#define CST_IO_FUA	BIT(1)	/* WRITE: durable before done; READ: from the medium */
#define CST_IO_DPO	BIT(2)	/* the cache need not keep the data */
#define CST_IO_ATOMIC	BIT(3)	/* with NOWAIT: may not sleep for a lock or memory either */
#define CST_IO_RELEASE	BIT(4)	/* ZERO: the space may be given back, too; else it is kept */
#define CST_IO_OWN	BIT(5)	/* of the device type itself, and of no command */
#define CST_IO_UNTORN	BIT(6)	/* WRITE: all or nothing; cst_disk.atomic_max */

/*
 * What submit may do depends on the flags, which core sets by the calling context:
 *
 *	flags			called in		may sleep	may allocate	may answer
 *							for		with		-EAGAIN
 *	NOWAIT | ATOMIC		any up to softirq	nothing		GFP_ATOMIC	yes
 *	NOWAIT			process, perhaps on	locks, memory	GFP_NOIO	yes
 *				top of a submit_bio()
 *	none, with		a worker of the device	I/O, too	GFP_NOIO	no
 *	 ops->may_block
 *	none, without		a worker of core's	locks, memory	GFP_NOIO	no
 *
 * ZERO, UNMAP and PREFETCH are submitted without NOWAIT, in the context of the last rows.  They
 * have no pages.  UNMAP is advice: only where cst_disk.unmap_zeroes is set do the bytes become
 * zeroes.  PREFETCH is advice, too, and is done when the read-ahead has begun.
 *
 * A command runs in a worker after -EAGAIN was answered, or after core itself had to wait.
 * UNTORN is submitted without NOWAIT.  A handler that cannot do the write as one answers -EINVAL,
 * and writes nothing.
 *
 * FUA and DPO may be set in every row.  cst_io_done() is called in any context, hard
 * interrupt included.  The table for handlers that execute commands themselves is in
 * command.h.
 */

#define CST_IO_PRIV_LONGS	20	/* a struct bio, and a little more */

/**
 * struct cst_io - one I/O that core asks a handler for
 * @dev: the device
 * @op: enum cst_io_op
 * @flags: CST_IO_*
 * @pos: first byte on the medium; a multiple of the block size.  @pos + @len is within the
 *	capacity
 * @len: bytes, 0 for FLUSH of everything
 * @bvec: READ, WRITE: pages to fill or to write; single and multi page bvecs
 * @nr_bvec: number of entries of @bvec; together they have at least @len bytes
 * @done: the handler calls it exactly once, through cst_io_done()
 * @priv: memory of the handler, uninitialised; valid until done
 */
struct cst_io {
	struct cst_device	*dev;
	u8			op;
	u8			flags;
	u16			nr_bvec;
	u32			len;
	u64			pos;
	struct bio_vec		*bvec;
	void (*done)(struct cst_io *io, int error);
	unsigned long		priv[CST_IO_PRIV_LONGS];
};

/**
 * struct cst_block_ops - blocks that a handler reads and writes for core
 * @submit: starts an I/O, in a context that the flags describe (the table above).  Answers
 *	-EAGAIN when it would have to wait; then nothing has happened.  Answers 0 when
 *	cst_io_done() has been or will be called.  It answers no other value: errors are
 *	reported by cst_io_done().  Core takes care of the order of I/Os.
 * @resync_size: optional; reads the size of the backing again and sets *nblocks to it.
 *	Process context, may sleep, dev->obj.lock held.  Meanwhile I/O goes on.  Answers 0,
 *	or an errno with cst_config_error() said.
 * @lost: optional; answers 0, or an errno when data that was answered GOOD cannot become
 *	durable any more.  Called instead of CST_IO_FLUSH and CST_IO_FUA when nv_cache is
 *	set: that attribute promises that the cache survives a power cut, not that it
 *	survives the loss of the backing.  Any context up to softirq, no I/O, cheap.
 * @map: optional; answers 1 when the byte at @pos is mapped, 0 when it is not, or an errno.
 *	Sets *end to the first byte behind @pos from which on this may differ; it is larger
 *	than @pos, and is a multiple of the block size.  Called in a worker, may wait for I/O.
 *	Without this function every block is mapped.
 * @tells_space: the handler calls cst_disk_space() for the disks whose space it knows; the
 *	attributes of the threshold exist
 * @backing: optional; answers the path of the backing.  Called while the backing is open, also
 *	from within enabling
 * @backing_key: with @backing; another file that has come to the same path has another key
 * @copy: optional; gives @len bytes at @pos of @to the content of those at @from_pos of
 *	@from, without moving data.  Both devices are of this handler and stay open; they may
 *	be the same one, but the bytes do not overlap.  Offsets and length are multiples of
 *	cst_disk.copy_unit of both.  With @durable the copy is durable when the function
 *	answers, else after the next CST_IO_FLUSH of @to.  Called in a worker, may wait for
 *	I/O.  Answers 0 or an errno; then some of the bytes may have been copied, core copies
 *	them by READ and WRITE, and these tell what is wrong.
 */
struct cst_block_ops {
	int (*submit)(struct cst_io *io);
	int (*resync_size)(struct cst_device *dev, u64 *nblocks);
	int (*lost)(struct cst_device *dev);
	int (*map)(struct cst_device *dev, u64 pos, u64 *end);
	bool tells_space;
	const char *(*backing)(struct cst_device *dev);
	u64 (*backing_key)(struct cst_device *dev);
	int (*copy)(struct cst_device *to, u64 pos, struct cst_device *from, u64 from_pos,
		    u32 len, bool durable);
};

/**
 * cst_io_done() - report that an I/O has ended
 * @io: as given to submit; does not belong to the handler any more after the call
 * @error: 0 or a negative errno; cst_sense_from_errno() turns it into sense
 *
 * The command ends in this context, up to the fabric's send_response, or continues in a
 * worker.  This function starts no I/O and waits for nothing.
 *
 * Context: any, also hard interrupt and with interrupts disabled; also from within
 * submit.  The caller holds no lock that submit takes.
 */
static inline void cst_io_done(struct cst_io *io, int error)
{
	io->done(io, error);
}

/**
 * struct cst_io_hold - what keeps the backing open; core's
 */
struct cst_io_hold {
	struct cst_device	*dev;
	struct cst_itl		*itl;
};

/**
 * cst_io_hold() - keep the backing open until the submitter has left it
 * @io: as given to submit, not yet done
 * @hold: filled in, for cst_io_let_go()
 *
 * For a submit that may still run the backing's code when the I/O has already ended in
 * another context.  @io, its command and the session may be freed by then.  Where the
 * backing's code may still use @io, its pages or its list of pages, this is not enough:
 * cst_io_done() has to wait for that code.
 *
 * Context: any.
 */
void cst_io_hold(struct cst_io *io, struct cst_io_hold *hold);

/**
 * cst_io_let_go() - the submitter has left the backing
 * @hold: as cst_io_hold() has filled it in
 *
 * Context: any.
 */
void cst_io_let_go(const struct cst_io_hold *hold);

/**
 * struct cst_job - a piece of work that may wait for a device's backing
 * @node: used by core
 * @func: does the work, in process context.  Core does not touch the job any more once
 *	this has been called, so this function may free or reuse it
 */
struct cst_job {
	struct list_head	node;
	void (*func)(struct cst_job *job);
};

/**
 * cst_job_queue() - have a worker of this CPU and device do a job
 * @dev: device whose handler has set may_block
 * @job: func is set.  The job is part of an I/O or a command that is not done, which keeps
 *	the device enabled
 *
 * Jobs begin in order, and several of them may run at a time.  No job may wait for another
 * job of the same device.
 *
 * Context: any.
 */
void cst_job_queue(struct cst_device *dev, struct cst_job *job);

#endif /* _CST_IO_H */
