/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One I/O of blocks: what core asks of a handler.
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
};

#define CST_IO_NOWAIT	BIT(0)	/* answer -EAGAIN rather than block */
#define CST_IO_FUA	BIT(1)	/* WRITE: durable before done; READ: from the medium */
#define CST_IO_DPO	BIT(2)	/* the cache need not keep it */
#define CST_IO_ATOMIC	BIT(3)	/* with NOWAIT: may not sleep for a lock or memory either */

/*
 * What the flags of a submit mean, by who sets them and where it is called:
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
 * A command comes to a worker when -EAGAIN was answered, or when core itself had to wait.
 * FUA and DPO go with all of them.  cst_io_done() is called in any context, hard interrupt
 * included.  The table of a handler that executes commands itself is in command.h.
 */

#define CST_IO_PRIV_LONGS	16

/**
 * struct cst_io - one I/O that core asks a handler for
 * @dev: the device
 * @op: what to do
 * @flags: CST_IO_*
 * @pos: first byte on the medium; a multiple of the block size, and with @len
 *	within the capacity
 * @len: bytes, 0 for FLUSH of everything
 * @bvec: pages to fill or to write; single and multi page bvecs
 * @nr_bvec: number of them; together at least @len bytes
 * @done: called by the handler exactly once through cst_io_done()
 * @priv: the handler's own, uninitialised; lives until done
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
 * @submit: start an I/O, in a context that the flags tell (the table above).  -EAGAIN
 *	when it would have to wait, and then nothing has happened.  0 when
 *	cst_io_done() has been or will be called; no other values: errors go
 *	through cst_io_done().  Order between I/Os is core's business.
 * @resync_size: optional; read the size of the backing again and answer it in
 *	blocks in *nblocks.  Process context, may sleep, dev->obj.lock held; I/O goes
 *	on.  0 or errno with cst_config_error() said.
 * @lost: optional; 0, or the errno for data that was answered GOOD and cannot become
 *	durable any more.  Asked instead of CST_IO_FLUSH and CST_IO_FUA where nv_cache
 *	vouches for the cache: against a power cut, not against the end of the
 *	backing.  Any context up to softirq, no I/O, cheap.
 */
struct cst_block_ops {
	int (*submit)(struct cst_io *io);
	int (*resync_size)(struct cst_device *dev, u64 *nblocks);
	int (*lost)(struct cst_device *dev);
};

/**
 * cst_io_done() - report that an I/O has ended
 * @io: as given to submit; not the handler's any more after the call
 * @error: 0 or a negative errno; cst_sense_from_errno() turns it into sense
 *
 * The command ends in this context, up to the fabric's send_response, or goes on in a
 * worker: no I/O is started here, and nothing waited for.
 *
 * Context: any, also hard interrupt and with interrupts disabled; also from within
 * submit.  No lock held that submit takes.
 */
static inline void cst_io_done(struct cst_io *io, int error)
{
	io->done(io, error);
}

/**
 * cst_io_hold() - keep the backing open until the submitter has left it
 * @io: as given to submit, not yet done
 *
 * For a submit that still stands in the backing's code, a file system's say, when
 * the I/O has ended elsewhere already: io, its command and the session may be gone
 * by then.
 *
 * Context: any.  Return: what to give to cst_io_let_go().
 */
struct cst_itl *cst_io_hold(struct cst_io *io);

/**
 * cst_io_let_go() - the submitter has left the backing
 * @itl: what cst_io_hold() answered
 *
 * Context: any.
 */
void cst_io_let_go(struct cst_itl *itl);

/**
 * struct cst_job - something to be done that may wait for a device's backing
 * @node: core's
 * @func: does it; process context, the job's memory is its own
 */
struct cst_job {
	struct list_head	node;
	void (*func)(struct cst_job *job);
};

/**
 * cst_job_queue() - have a worker of this CPU and device do something
 * @dev: of a handler that says may_block
 * @job: part of an I/O that is not done, which keeps the device enabled; with its func
 *
 * Jobs begin in order, and some of them are under way at a time.  No job may wait for
 * another one of the same device.
 *
 * Context: any.
 */
void cst_job_queue(struct cst_device *dev, struct cst_job *job);

#endif /* _CST_IO_H */
