/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The disk, a device type: SBC commands on top of a handler that reads and writes blocks.
 */
#ifndef _CST_DISK_H
#define _CST_DISK_H

#include <cst/device.h>

#define CST_OPT_XFER_BYTES	(1024U << 10)
#define CST_MAX_LB_PER_PB_EXP	8

enum cst_disk_thin {
	CST_THIN_AUTO,		/* if the backing can give space back */
	CST_THIN_ON,
	CST_THIN_OFF,
};

/* What is done to the whole medium, or was not done to its end */
enum cst_erasure_state {
	CST_ERASURE_NONE,
	CST_ERASURE_FORMATS,		/* FORMAT UNIT is under way */
	CST_ERASURE_SANITIZES,		/* SANITIZE is under way */
	CST_ERASURE_CORRUPT,		/* a FORMAT UNIT has failed, or was broken off */
	CST_ERASURE_FAILED,		/* a SANITIZE has failed */
};

struct cst_erasure_run;

/**
 * struct cst_erasure - FORMAT UNIT and SANITIZE, scsi/sbc/erasure.c
 * @state: enum cst_erasure_state; written under dev.itl_lock
 * @restricted: after a failure, only another SANITIZE makes the medium usable (AUSE was 0)
 * @passes: how often each block is written
 * @pass: number of passes that are done
 * @pos: bytes that are done in this pass
 * @run: what is under way, or goes on when the device is enabled; dev.itl_lock
 *
 * The members but @run are read without a lock, for sense data.
 */
struct cst_erasure {
	u8			state;
	bool			restricted;
	u8			passes;
	u8			pass;
	u64			pos;
	struct cst_erasure_run	*run;
};

/**
 * struct cst_disk - a logical unit of type 00h
 *
 * Attribute fields are protected by dev.obj.lock.  The data path reads attributes that
 * cannot change while the device is enabled without the lock.
 */
struct cst_disk {
	struct cst_device	dev;

	/* attributes */
	u32			block_size;	/* bytes, 512..4096 */
	bool			write_through;	/* WCE is 0, and cannot be changed */
	bool			nv_cache;	/* ignore FUA and flushes */
	u8			rotational_set;	/* 0 or 1, + 1; 0: from the backing */
	u8			lb_per_pb_set;	/* exponent + 1; 0: from the backing */
	u32			opt_trans_set;	/* bytes; 0: from the backing */
	bool			allow_shrink;	/* the next resize may make it smaller */
	u8			thin_set;	/* enum cst_disk_thin */
	/* may change while enabled: READ_ONCE/WRITE_ONCE */
	u32			threshold_percent; /* of space_total; 0: none */
	u64			threshold_bytes; /* 0: none */

	/* fixed while enabled */
	u8			block_shift;
	u8			lb_per_pb_exp;	/* READ CAPACITY(16) */
	bool			rotational;	/* VPD B1h */
	bool			told_no_cache;	/* has had WCE 0 since it was last enabled */
	u32			opt_trans_len;	/* bytes, VPD B0h */

	/* sizes that ops->enable has found, bytes; 0: unknown */
	u32			backing_block;	/* physical block of the backing */
	u32			backing_opt;	/* optimal I/O of the backing */
	u32			unmap_granularity; /* 0: the backing cannot unmap */
	u32			unmap_alignment; /* first byte that is the beginning of a unit */
	/* ... of writes that are never torn; powers of two, but for the boundary */
	u32			atomic_max;	/* 0: the backing does not promise that */
	u32			atomic_unit;	/* what length and position are multiples of */
	u32			atomic_boundary; /* none crosses a multiple of it; 0: no limit */
	/* ... and what else it has found */
	bool			backing_rotational;
	bool			unmap_zeroes;	/* unmapped blocks read as zeroes, always */
	bool			can_zero;	/* CST_IO_ZERO is cheaper than writing */
	bool			can_prefetch;	/* CST_IO_PREFETCH makes a later read faster */
	u32			copy_unit;	/* bytes, of cst_block_ops.copy; 0: none */

	/* what initiators have known since it was last enabled; dev.obj.lock */
	u64			known_nblocks;
	u32			known_opt_trans_len;
	u32			known_unmap_granularity; /* bytes, 0: not thin */
	u32			known_unmap_alignment;
	u32			known_atomic_max;
	u32			known_atomic_unit;
	bool			known_unmap_zeroes;
	u8			known_lb_per_pb_exp;
	bool			known_rotational;
	u8			known_space_exponent; /* space.c; READ_ONCE/WRITE_ONCE */
	bool			known_erase;	/* BLOCK ERASE */

	/* may change while enabled: READ_ONCE/WRITE_ONCE */
	u64			nblocks;	/* by a resize */
	bool			thin;		/* initiators can unmap blocks; becomes false */
	bool			wce_off;	/* an initiator has turned the cache off */
	unsigned long		prefetching;	/* bit 0: a PRE-FETCH reads; prefetch.c */

	/* cst_disk_space(), bytes: READ_ONCE/WRITE_ONCE */
	u64			space_total;	/* 0: not known */
	u64			space_left;
	u64			space_used;
	bool			space_low;	/* initiators have been told */

	struct cst_erasure	erasure;
};

/*
 * cst_disk_type - for cst_handler_ops.type
 *
 * cst_handler_ops.enable of such a handler sets nblocks, and what else it finds out about
 * the backing.  All that has been cleared, and block_shift set from block_size, before.
 */
extern const struct cst_dev_type cst_disk_type;

static inline struct cst_disk *to_cst_disk(struct cst_device *dev)
{
	return container_of(dev, struct cst_disk, dev);
}

/* Is a finished write durable for every initiator?  WCE of mode page 08h is 0 then. */
static inline bool cst_disk_no_cache(const struct cst_disk *disk)
{
	return disk->write_through | READ_ONCE(disk->wce_off);
}

static inline u64 cst_disk_nblocks(const struct cst_disk *disk)
{
	return READ_ONCE(disk->nblocks);
}

/**
 * cst_disk_resize() - give an enabled disk another capacity
 * @disk: its backing has room for the capacity already; dev.obj.lock held
 * @attr: the attribute that asks for the change, for last_error
 * @nblocks: capacity in blocks
 *
 * Initiators are told.  A smaller capacity is refused unless the administrator has
 * allowed it, because initiators cannot reach the data behind the new end.
 *
 * Context: may sleep.  Return: 0, or -EPERM with last_error set.
 */
int cst_disk_resize(struct cst_disk *disk, const char *attr, u64 nblocks);

/**
 * cst_disk_space() - how much space has a thin disk?
 * @disk: its handler has set cst_block_ops.tells_space
 * @total: bytes of the place that holds the disk, and perhaps other things; not 0
 * @left: bytes of it that can still be written
 * @used: bytes of it that the disk takes
 *
 * Called by enable, if the space can be known, and then again and again while the disk is
 * enabled.  When little is left, by the attributes, initiators are told.
 *
 * Context: may sleep.  Two calls for one disk do not overlap; each has ended when disable ends.
 */
void cst_disk_space(struct cst_disk *disk, u64 total, u64 left, u64 used);

#endif /* _CST_DISK_H */
