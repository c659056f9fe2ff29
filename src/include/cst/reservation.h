/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who has reserved a logical unit: the part of struct cst_device that scsi/pr/ owns.
 */
#ifndef _CST_RESERVATION_H
#define _CST_RESERVATION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/siphash.h>
#include <linux/types.h>

#include <cst/sense.h>
#include <cst/wait.h>

struct cst_cmd;
struct cst_itl;
struct cst_registrant;

/**
 * struct cst_pr_held - a persistent reservation
 * @type: TYPE; 0: there is no reservation
 * @holder: NULL when there is none, or when each registrant holds it
 */
struct cst_pr_held {
	u8			type;
	struct cst_registrant	*holder;
};

/**
 * struct cst_pr - registrations and reservations of a logical unit
 * @lock: protects the members that follow, down to @loaded
 * @registrants: struct cst_registrant.node, in the order of registration
 * @table: the same by nexus; NULL: there has been none
 * @table_bits: @table has 1 << @table_bits heads
 * @nr: number of registrants on the list
 * @hash_key: secret, because initiators choose their names
 * @generation: PRGENERATION
 * @aptpl: the state is kept in the store
 * @recorded: the store has a record that says more than that there is nothing
 * @loaded: the record of the unit's present t10_dev_id has been read
 * @lost: the record could not be used (SPC-5 5.14.5.3); written with dev->itl_lock, too
 * @now: the reservation; written with dev->itl_lock, too
 * @nr_registered: number of registrants that are registered; written with dev->itl_lock, too
 * @reserved_by: the nexus that has reserved the unit by RESERVE; dev->itl_lock
 * @waiting: PERSISTENT RESERVE OUT commands that wait for their turn; its lock protects @owner
 * @owner: the one such command that may change the state, and may wait for the store in
 *	between.  What follows belongs to it; it is what will be when the command succeeds
 * @changed: struct cst_registrant.change
 * @next: reservation
 * @next_aptpl: as @aptpl
 * @next_counts: PRGENERATION goes up
 * @next_others: nexuses of other sessions may be registered
 * @next_removed: unit attention of nexuses that lose their registration, or CST_OK
 * @next_kept: unit attention of other registered nexuses, or CST_OK
 */
struct cst_pr {
	struct mutex		lock;
	struct list_head	registrants;
	struct hlist_head	*table;
	unsigned int		table_bits;
	u32			nr;
	siphash_key_t		hash_key;
	u32			generation;
	bool			aptpl;
	bool			recorded;
	bool			loaded;
	bool			lost;

	struct cst_pr_held	now;
	u32			nr_registered;
	struct cst_itl		*reserved_by;

	struct cst_waitq	waiting;
	struct cst_cmd		*owner;
	struct list_head	changed;
	struct cst_pr_held	next;
	bool			next_aptpl;
	bool			next_counts;
	bool			next_others;
	cst_sense_t		next_removed;
	cst_sense_t		next_kept;
};

#endif /* _CST_RESERVATION_H */
