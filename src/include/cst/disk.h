/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The disk, a device type: SBC commands over a handler that reads and writes blocks.
 */
#ifndef _CST_DISK_H
#define _CST_DISK_H

#include <cst/device.h>

#define CST_OPT_XFER_BYTES	(1024U << 10)
#define CST_MAX_LB_PER_PB_EXP	8

/**
 * struct cst_disk - a logical unit of type 00h
 *
 * Attribute fields are protected by dev.obj.lock; the data path reads those that
 * cannot change while enabled without it.
 */
struct cst_disk {
	struct cst_device	dev;

	/* attributes */
	u32			block_size;	/* bytes, 512..4096 */
	bool			write_through;	/* WCE 0 */
	bool			nv_cache;	/* ignore FUA and flushes */
	bool			rotational;
	u8			lb_per_pb_set;	/* exponent + 1; 0: from the backing */
	u32			opt_trans_set;	/* bytes; 0: from the backing */
	bool			allow_shrink;	/* the next resize */

	/* fixed while enabled */
	u8			block_shift;
	u8			lb_per_pb_exp;	/* READ CAPACITY(16) */
	bool			told_no_cache;	/* had WCE 0 when it was last enabled */
	u32			opt_trans_len;	/* bytes, VPD B0h */

	/* what ops->enable has found, bytes; 0: nothing */
	u32			backing_block;	/* its physical block */
	u32			backing_opt;	/* its optimal I/O */

	/* what initiators have known since it was last enabled; dev.obj.lock */
	u64			known_nblocks;
	u32			known_opt_trans_len;
	u8			known_lb_per_pb_exp;

	/* may change while enabled (resync_size): READ_ONCE/WRITE_ONCE */
	u64			nblocks;
};

/*
 * cst_disk_type - for cst_handler_ops.type
 *
 * Enabling a handler's device sets nblocks, and where they are known backing_block and
 * backing_opt; block_shift is already set from block_size.
 */
extern const struct cst_dev_type cst_disk_type;

static inline struct cst_disk *to_cst_disk(struct cst_device *dev)
{
	return container_of(dev, struct cst_disk, dev);
}

static inline u64 cst_disk_nblocks(const struct cst_disk *disk)
{
	return READ_ONCE(disk->nblocks);
}

/**
 * cst_disk_resize() - an enabled disk gets another capacity
 * @disk: its backing has room for it already; dev.obj.lock held
 * @attr: the attribute that asks for it, for last_error
 * @nblocks: blocks
 *
 * Initiators are told.  A smaller one is refused unless the administrator has
 * allowed it: what lies behind the new end is out of the initiators' reach.
 *
 * Context: may sleep.  Return: 0, or -EPERM with last_error said.
 */
int cst_disk_resize(struct cst_disk *disk, const char *attr, u64 nblocks);

#endif /* _CST_DISK_H */
