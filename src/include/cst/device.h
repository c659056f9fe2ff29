/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A logical unit of any device type: its identity, its state and its users.
 */
#ifndef _CST_DEVICE_H
#define _CST_DEVICE_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <cst/abort.h>
#include <cst/attr.h>
#include <cst/handler.h>
#include <cst/range.h>
#include <cst/reservation.h>
#include <cst/sense.h>
#include <cst/wait.h>

#define CST_MAX_XFER_BYTES	(8U << 20)	/* of one command */
#define CST_LATENCY_BUCKETS	24		/* limits are powers of two microseconds */

/* Counters of one device on one CPU.  Written by this_cpu operations, read racily. */
struct cst_dev_stats {
	u64	read_commands;
	u64	write_commands;
	u64	other_commands;
	u64	read_bytes;
	u64	write_bytes;
	u64	errors;			/* answered with CHECK CONDITION */
	u64	aborted;
	/* of the errors: those of the medium, by what failed, and those that are not */
	u64	read_errors;
	u64	write_errors;
	u64	verify_errors;
	u64	other_errors;
	u64	latency[CST_LATENCY_BUCKETS];
};

/**
 * struct cst_order - the task set's order of execution (SAM-5 8.6), order.c
 * @simple: reference that commands hold while the fast way is open, that is, while
 *	@slow is false.  The first ORDERED command kills it; then every command takes the
 *	lock of @blocked
 * @blocked: commands that wait for their turn, in order of arrival.  Its lock protects
 *	the members that follow
 * @running: number of commands that are in the task set by @slow and do not wait
 * @ordered: one of the @running commands is ORDERED
 * @slow: the fast way is closed: @simple is not in use
 * @draining: @simple has been killed and is not yet zero
 * @relax: opens the fast way again some time after the last ORDERED command
 */
struct cst_order {
	struct percpu_ref	simple;
	struct cst_waitq	blocked;
	unsigned int		running;
	bool			ordered;
	bool			slow;
	bool			draining;
	struct delayed_work	relax;
};

#define CST_IDENT_INFO_MAX	64
#define CST_IDENT_TEXT_MAX	256

/**
 * struct cst_ident - identifying information, scsi/spc/identify.c; obj.lock
 * @name: t10_dev_id of the unit whose record has been read; empty: none has
 * @info_len: bytes of @info
 * @text_len: bytes of @text, with the NUL at its end
 * @info: peripheral device identifying information
 * @text: peripheral device text identifying information
 */
struct cst_ident {
	char	name[65];
	u16	info_len;
	u16	text_len;
	u8	info[CST_IDENT_INFO_MAX];
	u8	text[CST_IDENT_TEXT_MAX];
};

#define CST_MODE_SAVED_MAX	128
#define CST_MODE_SAVED_HEADER	3	/* page code, subpage code, bytes of the page */

/**
 * struct cst_mode - mode parameters that belong to no other part of a device; scsi/spc/mode.c
 * @d_sense: sense data has descriptor format, mode page 0Ah
 * @tas: commands that another initiator aborts end with TASK ABORTED, mode page 0Ah
 * @lbpere_off: no nexus is told that a threshold has been reached, mode page 01h
 * @situa: one nexus is told that a threshold has been reached, not all; mode page 1Ch/02h
 * @loaded: the saved values have been looked for under the device's t10_dev_id; obj.lock
 * @lock: protects @saved and @saved_len; held while a reset or enabling writes current values
 * @saved_len: bytes of @saved; 0: nothing is saved
 * @saved: the saved pages, each with a header of CST_MODE_SAVED_HEADER bytes
 *
 * The current values are written by MODE SELECT, which is alone in the task set, by a reset,
 * and when the device is enabled.
 */
struct cst_mode {
	bool			d_sense;
	bool			tas;
	bool			lbpere_off;
	bool			situa;
	bool			loaded;
	spinlock_t		lock;
	u16			saved_len;
	u8			saved[CST_MODE_SAVED_MAX];
};

/* What log pages count */
enum cst_log_count {
	CST_LOG_READ_COMMANDS,
	CST_LOG_WRITE_COMMANDS,
	CST_LOG_READ_BYTES,
	CST_LOG_WRITE_BYTES,
	CST_LOG_READ_ERRORS,
	CST_LOG_WRITE_ERRORS,
	CST_LOG_VERIFY_ERRORS,
	CST_LOG_OTHER_ERRORS,
	CST_NR_LOG_COUNTS
};

struct cst_log_counts {
	u64	n[CST_NR_LOG_COUNTS];
};

/* cst_device.stopped */
#define CST_STOPPED	BIT(0)	/* by START STOP UNIT */
#define CST_UNFIT	BIT(1)	/* the type refuses most commands: cst_dev_type.unfit */

#define CST_SELF_TESTS	20	/* results that log page 10h shows */

/**
 * struct cst_self_test - the result of a self-test; scsi/spc/diagnostic.c
 * @lba: the block that could not be read; all ones: none
 * @hours: age of the device when the test ended
 * @result: SELF-TEST CODE and SELF-TEST RESULTS, as in the log page
 * @segment: number of the part of the test that failed; 0: none
 * @sense: why it failed; CST_OK: it did not
 */
struct cst_self_test {
	u64		lba;
	u16		hours;
	u8		result;
	u8		segment;
	cst_sense_t	sense;
};

/* Kinds of identifiers; no two devices of a host share an identifier.  cfs/device.c */
enum cst_device_id {
	CST_ID_T10,
	CST_ID_USN,
	CST_ID_NAA,
	CST_NR_IDS
};

/**
 * struct cst_device - a logical unit
 *
 * Attribute fields are protected by obj.lock.  The data path reads attributes that
 * cannot change while the device is enabled without the lock.
 */
struct cst_device {
	struct cst_object	obj;
	const struct cst_handler_ops *ops;
	const struct cst_dev_type *type;	/* ops->type */
	struct cst_object	stats_obj;
	struct cst_object	resv_obj;		/* cfs/reservation.c */
	struct hlist_node	ids_node[CST_NR_IDS];	/* cfs/device.c */

	/* attributes of every device */
	bool			removable;
	char			t10_vend_id[9];
	char			prod_id[17];
	char			prod_rev_lvl[5];
	char			t10_dev_id[65];
	char			usn[65];
	char			naa_id[33];	/* 16 or 32 hex digits */
	u32			restart_time;	/* seconds */
	bool			active;		/* an attribute of some handlers; else true */

	bool			handler_init;	/* ops->init has succeeded, or there is none */

	/* set when the device is disabled; read without a lock */
	u64			back_until;	/* jiffies: enabled again by then, perhaps; 0: no */

	/* what the gates look at without a lock, together */
	atomic_long_t		gate_seq;	/* counts changes; long: initiators cause some */
	unsigned long		enabled_seq;	/* gate_seq of the last enabling */
	bool			read_only;	/* an attribute of every device */
	bool			swp;		/* software write protection, mode page 0Ah */
	bool			ejected;	/* medium.c */
	u8			stopped;	/* medium.c: CST_STOPPED, CST_UNFIT */
	bool			let_go;		/* enabled, but active is 0: not open */
	struct percpu_ref	io_ref;		/* held by commands that execute; live = open */

	/* the data path */
	struct cst_lanes	*lanes;		/* worker.c, while open; NULL: never blocks */
	struct completion	io_drained;	/* io_ref is zero */
	bool			own_io;		/* the type has done I/O of its own since opened */
	struct cst_order	order;
	struct cst_ranges	ranges;
	struct cst_aborts	aborts;		/* aborts of commands of every nexus */
	struct cst_pr		pr;		/* scsi/pr/ */
	struct cst_dev_stats __percpu *stats;

	struct cst_ident	ident;
	struct cst_mode		mode;
	struct cst_log_counts	log_base;	/* counts that LOG SELECT has set back */
	u64			made;		/* jiffies */
	unsigned long		starts;		/* how often the unit was started when stopped */

	struct list_head	all_node;	/* events.c */

	/* nexuses and LUNs of the device */
	spinlock_t		itl_lock;	/* protects itls, luns, ejected, stopped, below */
	struct list_head	itls;		/* struct cst_itl.dev_node */
	struct list_head	luns;		/* struct cst_lun.dev_node, grouped by target */
	u8			*data_buffer;	/* spc/buffer.c; NULL: has not been written */
	s64			clock_ms;	/* timestamp.c: its clock less that of the boot */
	bool			clock_set;	/* clock_ms is valid */
	unsigned int		nr_self_tests;	/* that have ended */
	struct cst_self_test	self_tests[CST_SELF_TESTS]; /* by number, modulo CST_SELF_TESTS */
};

static inline struct cst_device *to_cst_device(struct config_item *item)
{
	return container_of(to_cst_object(item), struct cst_device, obj);
}

static inline const char *cst_device_name(struct cst_device *dev)
{
	return config_item_name(&dev->obj.group.cg_item);
}

/**
 * cst_device_data_lost() - data that was answered GOOD cannot become durable
 * @dev: the device
 *
 * Sends the event.  The handler writes the log, and calls this once until the device is
 * enabled anew.
 *
 * Context: any up to softirq.
 */
void cst_device_data_lost(struct cst_device *dev);

/**
 * cst_device_changed() - tell fabrics that a logical unit is ready or has another size
 * @dev: obj.lock held
 *
 * Context: may sleep.
 */
void cst_device_changed(struct cst_device *dev);

/* Is the backing open?  Without obj.lock the answer may be out of date. */
static inline bool cst_device_is_open(const struct cst_device *dev)
{
	return READ_ONCE(dev->obj.enabled) && !READ_ONCE(dev->let_go);
}

/**
 * cst_device_set_active() - let go of the backing, or open it again
 * @dev: obj.lock held
 * @active: false: commands that need the medium are answered NOT READY, LOGICAL UNIT NOT
 *	ACCESSIBLE, TARGET PORT IN UNAVAILABLE STATE, and the backing is closed when the last
 *	of those under way has ended; LUNs and sessions stay.  true: the backing is opened
 *	as by enabling, and initiators are told what has changed
 *
 * A unit that is unfit (CST_UNFIT) keeps its backing, -EBUSY: whoever takes the backing next
 * would not know.
 *
 * For apply of an attribute with the field active.  While the device is disabled this does
 * nothing: enabling looks at the field.
 *
 * Context: may sleep.  Return: 0, or an errno with last_error said, and nothing has changed.
 */
int cst_device_set_active(struct cst_device *dev, bool active);

/* The number of blocks; 0 for a type that has no blocks. */
static inline u64 cst_device_capacity(const struct cst_device *dev)
{
	return dev->type->capacity ? dev->type->capacity(dev) : 0;
}

#endif /* _CST_DEVICE_H */
