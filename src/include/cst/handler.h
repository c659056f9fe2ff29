/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device handler sees: its operations, the device, one I/O.
 */
#ifndef _CST_HANDLER_H
#define _CST_HANDLER_H

#include <linux/bvec.h>
#include <linux/module.h>
#include <linux/types.h>

#include <cst/attr.h>
#include <cst/sense.h>

struct cst_device;
struct cst_itl;
struct cst_io;
struct cst_handler;

enum cst_io_op {
	CST_IO_READ,
	CST_IO_WRITE,
	CST_IO_FLUSH,		/* everything completed so far becomes durable */
};

#define CST_IO_NOWAIT	BIT(0)	/* answer -EAGAIN rather than block */
#define CST_IO_FUA	BIT(1)	/* WRITE: durable before done; READ: from the medium */
#define CST_IO_DPO	BIT(2)	/* the cache need not keep it */
#define CST_IO_ATOMIC	BIT(3)	/* with NOWAIT: may not sleep for a lock or memory either */

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
 * cst_io_done() - report that an I/O has ended
 * @io: as given to submit; not the handler's any more after the call
 * @error: 0 or a negative errno; cst_sense_from_errno() turns it into sense
 *
 * Context: any up to softirq; also from within submit.
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
 * Context: any up to softirq.  Return: what to give to cst_io_let_go().
 */
struct cst_itl *cst_io_hold(struct cst_io *io);

/**
 * cst_io_let_go() - the submitter has left the backing
 * @itl: what cst_io_hold() answered
 *
 * Context: any up to softirq.
 */
void cst_io_let_go(struct cst_itl *itl);

/**
 * struct cst_handler_ops - a device handler
 * @owner: THIS_MODULE
 * @name: directory under handlers/
 * @scsi_type: PERIPHERAL DEVICE TYPE (SPC-5 table 144)
 * @prod_id: default of the attribute prod_id, at most 16 bytes
 * @may_block: @submit without CST_IO_NOWAIT may wait for the backing: each device
 *	gets a work queue of its own while it is enabled
 * @dev_size: bytes of the handler's device structure; struct cst_device must be
 *	its first member.  Core allocates it zeroed.
 * @attrs: the handler's own attributes (NULL terminated); their fields are
 *	given with CST_FIELD(my_device, dev.obj, field)
 * @enable: open the backing and set dev->nblocks, and where they are known
 *	dev->backing_block and dev->backing_opt (block_shift is already set from
 *	block_size).  Process context, may sleep, dev->obj.lock held.  0 or
 *	errno with cst_config_error() said.
 * @disable: close the backing.  No I/O is under way.  Process context, may
 *	sleep, dev->obj.lock held.
 * @resync_size: optional; read the size of the backing again and answer it in
 *	blocks in *nblocks.  Context as @enable, but I/O goes on.
 * @lost: optional; 0, or the errno for data that was answered GOOD and cannot become
 *	durable any more.  Asked instead of CST_IO_FLUSH and CST_IO_FUA where nv_cache
 *	vouches for the cache: against a power cut, not against the end of the
 *	backing.  Any context up to softirq, no I/O, cheap.
 * @submit: start an I/O.  With CST_IO_NOWAIT: must not wait for I/O; with
 *	CST_IO_ATOMIC besides: any context up to softirq, must not sleep at all;
 *	without: process context, perhaps on top of somebody's submit_bio().
 *	-EAGAIN when it would have to, and then nothing has happened.  Without
 *	CST_IO_NOWAIT: a worker, may sleep, and wait only with @may_block.  0 when
 *	cst_io_done() has been or will be called; no other values: errors go
 *	through cst_io_done().  Order between I/Os is core's business.
 */
struct cst_handler_ops {
	struct module			*owner;
	const char			*name;
	u8				scsi_type;
	const char			*prod_id;
	bool				may_block;
	size_t				dev_size;
	const struct cst_attr *const	*attrs;
	int (*enable)(struct cst_device *dev);
	void (*disable)(struct cst_device *dev);
	int (*resync_size)(struct cst_device *dev, u64 *nblocks);
	int (*lost)(struct cst_device *dev);
	int (*submit)(struct cst_io *io);
};

/**
 * cst_handler_register() - make a handler known and show handlers/<name>
 * @ops: static
 *
 * Context: module init, may sleep.  Return: 0 or errno.
 */
int cst_handler_register(const struct cst_handler_ops *ops);

/**
 * cst_handler_unregister() - take handlers/<name> away
 * @ops: as registered; no device of it exists (each pins its module)
 */
void cst_handler_unregister(const struct cst_handler_ops *ops);

#endif /* _CST_HANDLER_H */
