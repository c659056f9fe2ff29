/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Targets, LUN maps, sessions (I_T nexuses), and a session's view of a logical unit
 * (I_T_L nexus).
 */
#ifndef _CST_SESSION_H
#define _CST_SESSION_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/percpu-refcount.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <cst/abort.h>
#include <cst/attr.h>
#include <cst/op.h>
#include <cst/port.h>
#include <cst/sense.h>

struct cst_device;
struct cst_fabric;
struct cst_fabric_ops;
struct cst_registrant;

#define CST_MAX_LUN		16383
#define CST_UA_MAX		8	/* pending unit attentions per I_T_L nexus */

/**
 * struct cst_lun_map - a map from LUNs to devices
 * @luns: struct cst_lun by number; written under target->obj.lock
 * @obj: the directory `luns`
 * @target: target whose LUNs these are
 */
struct cst_lun_map {
	struct xarray		luns;
	struct cst_object	obj;
	struct cst_target	*target;
};

/* One directory luns/<n>. */
struct cst_lun {
	struct cst_object	obj;
	struct cst_lun_map	*map;
	struct cst_device	*dev;		/* NULL: no link; target->obj.lock */
	struct list_head	dev_node;	/* dev->luns, dev->itl_lock */
	u32			lun;
	bool			read_only;
};

/* One directory ini_groups/<g>. */
struct cst_ini_group {
	struct cst_object	obj;
	struct cst_target	*target;
	struct cst_lun_map	map;
	struct cst_object	initiators;	/* its children are patterns */
	struct list_head	patterns;	/* struct cst_ini_pattern, target->obj.lock */
	struct list_head	target_node;	/* target->ini_groups, ascending order */
	u32			order;		/* target->obj.lock */
};

/* One directory initiators/<pattern>; its name is the pattern. */
struct cst_ini_pattern {
	struct config_item	item;
	struct cst_ini_group	*group;
	struct list_head	group_node;	/* group->patterns, target->obj.lock */
};

/**
 * struct cst_target - a SCSI target
 *
 * obj.lock protects maps, groups and the list of sessions, and is held across
 * enable and disable.  The fabric embeds this at the start of its own structure.
 */
struct cst_target {
	struct cst_object	obj;
	struct cst_fabric	*fabric;
	const struct cst_fabric_ops *ops;
	struct cst_lun_map	map;		/* luns/ */
	struct cst_object	ini_groups_obj;
	struct cst_object	sessions_obj;
	struct list_head	ini_groups;
	struct list_head	sessions;	/* struct cst_session.target_node */
	wait_queue_head_t	sessions_wait;	/* sessions has become empty */
	struct delayed_work	regroup_work;	/* for luns_missing and port_changed */
	bool			closing;	/* being disabled: no new sessions */
	bool			disabling;	/* a store waits for the sessions */
	bool			fabric_ready;	/* ops->target_init succeeded */
	struct list_head	fabric_node;	/* targets of the fabric, registry.c */
	u64			seq;		/* order of creation, registry.c */
	spinlock_t		dirs_lock;	/* dirs, and dir_state of the sessions */
	struct list_head	dirs;		/* by cst_session.dir_node: work for dirs_work */
	struct delayed_work	dirs_work;	/* makes and removes directories of sessions */
	struct rb_root		dir_names;	/* names of existing dirs; used by dirs_work only */
	u32			last_dir;	/* last number used in a name; by dirs_work only */
	u16			rel_tgt_id;
	bool			rel_tgt_id_given;	/* written, not generated; cfs/target.c */
	bool			port_changed;	/* regroup_work has to tell the sessions */
	char			comment[128];
};

static inline struct cst_target *to_cst_target(struct config_item *item)
{
	return container_of(to_cst_object(item), struct cst_target, obj);
}

static inline const char *cst_target_name(const struct cst_target *target)
{
	return target->obj.group.cg_item.ci_name;
}

/* Commands of one session that were submitted on one CPU. */
struct cst_cmd_list {
	spinlock_t		lock;
	struct list_head	cmds;		/* struct cst_cmd.sess_node */
	u64			commands;	/* number of commands ever put on this list */
	u64			active;		/* number of commands now on this list */
};

/**
 * struct cst_session - an I_T nexus
 * @target: pinned by the session
 * @ops: operations of the fabric
 * @max_xfer: most bytes of one command: core's limit or the fabric's
 * @depth: number of commands that the fabric has room for, set before
 *	cst_session_register()
 * @map: LUN map in force; target->obj.lock
 * @itls: struct cst_itl by LUN; read under RCU, written under target->obj.lock
 * @active: lists of commands, one per CPU
 * @aborts: aborts of commands of this session
 * @resetting: a TARGET RESET of this session is under way; aborts.lock
 * @luns_seq: number of changes of the list of LUNs; written under target->obj.lock
 * @initiator_name: NUL terminated
 * @obj: directory below sessions/
 * @target_node: node in target->sessions
 * @dir_node: node in target->dirs
 * @dir_name: node in target->dir_names
 * @dir_state: enum cst_dir_state of the directory that core makes; target->dirs_lock
 *
 * The fabric embeds this at the start of its own structure.
 */
struct cst_session {
	struct cst_target	*target;
	const struct cst_fabric_ops *ops;
	u32			max_xfer;
	u32			depth;
	struct xarray		itls;
	struct cst_cmd_list __percpu *active;
	struct cst_aborts	aborts;
	bool			resetting;
	u32			luns_seq;
	struct cst_lun_map	*map;
	struct list_head	target_node;
	struct cst_object	obj;
	bool			closing;	/* target->obj.lock */
	bool			own_dir;	/* core makes the directory */
	struct list_head	dir_node;
	struct rb_node		dir_name;
	u8			dir_state;
	bool			luns_missing;	/* for want of memory; target->obj.lock */
	atomic_long_t		buf_bytes;	/* bytes of its commands' buffers, buffer.c */
	atomic_t		nr_itls;	/* nexuses not yet freed, plus 1 while in use */
	struct completion	itls_gone;	/* nr_itls has become 0 */
	char			initiator_name[CST_NAME_MAX + 1];
};

static inline struct cst_session *to_cst_session(struct config_item *item)
{
	return container_of(to_cst_object(item), struct cst_session, obj);
}

/**
 * cst_session_credit() - how many commands may a session have under way?
 * @sess: its depth is set
 *
 * For protocols with a command window.  Commands that are under way count.  The number may
 * shrink and grow, so a fabric reads it again when a command ends.  A credit that has been
 * granted to the initiator stays granted.  The number is the depth, which the fabric has
 * set.
 *
 * Context: any.  Return: commands, at least 1, never more than the depth.
 */
static inline u32 cst_session_credit(const struct cst_session *sess)
{
	return READ_ONCE(sess->depth);
}

/* Which commands a reservation refuses to a nexus: BIT() of each enum cst_resv_class. */
enum cst_verdict {
	CST_RESERVED_NOTHING	= 0,
	CST_RESERVED_WRITES	= BIT(CST_RESV_WRITE),	/* write exclusive */
	CST_RESERVED_ALL	= BIT(CST_RESV_READ) | BIT(CST_RESV_WRITE),
	CST_RESERVED_UNIT	= BIT(CST_RESV_UNIT) | CST_RESERVED_ALL, /* by RESERVE */
	CST_RESERVED_LOST	= BIT(7),	/* nobody knows: cst_pr.lost */
};

/**
 * struct cst_itl - an I_T_L nexus: one session's view of one logical unit
 * @dev: referenced while the nexus exists
 * @lun: LUN as a number
 * @read_only: this initiator may not write
 * @prevents_removal: this initiator prevents removal of the medium; dev->itl_lock
 * @preempted: its commands are to be aborted by PREEMPT AND ABORT; dev->itl_lock
 * @registrant: its persistent registration, or NULL; dev->itl_lock, and written with
 *	dev->pr.lock, too
 * @verdict: enum cst_verdict: what a reservation refuses to this nexus;
 *	cst_itl_set_verdict()
 * @port_state: enum cst_port_state of the target port for this unit;
 *	cst_itl_set_port_state()
 * @knows_cache: false when the last MODE SENSE of this nexus, or of an earlier one, has
 *	told the initiator that there is no write cache
 * @ref: held by commands that use the nexus; killed when the nexus is unpublished
 * @dev_node: node in dev->itls; dev->itl_lock
 * @ua_pending: a unit attention is pending
 * @ua_lock: protects @ua and @ua_count
 * @ua: pending unit attentions, in the order in which they are reported
 * @echo_buffer: what WRITE BUFFER has written, spc/buffer.c; NULL: nothing; ua_lock
 * @echo_len: bytes of it; ua_lock
 */
struct cst_itl {
	struct cst_device	*dev;
	struct cst_session	*sess;
	u32			lun;

	/* read by the gates, one load each */
	bool			read_only;
	bool			ua_pending;
	u8			verdict;
	u8			port_state;

	bool			prevents_removal;
	bool			preempted;
	bool			knows_cache;
	struct cst_registrant	*registrant;
	struct percpu_ref	ref;
	struct list_head	dev_node;
	spinlock_t		ua_lock;
	u8			ua_count;
	cst_sense_t		ua[CST_UA_MAX];
	struct cst_copies	*copies;	/* third-party copies; scsi/copy/status.c */
	u16			echo_len;
	u8			*echo_buffer;
	struct work_struct	free_work;
	struct rcu_head		rcu;
};

/**
 * cst_session_register() - make an I_T nexus known
 * @sess: zeroed but for @depth, embedded at the start of the fabric's session; core
 *	initialises it
 * @target: must be enabled; pinned until the session is unregistered
 * @initiator_name: decides which LUN map the session gets
 * @create_dir: core makes the directory sessions/<initiator_name>[_N].  A worker makes it
 *	soon, because a process that has sessions/ open may hold that up.
 *	fabric_ops.session_shown says when the directory is there.  False when the
 *	directory exists because an administrator made it (sess->obj is then initialised
 *	already)
 * @it: type of the directory: cst_fabric_session_type()
 *
 * Each LUN starts with the unit attention POWER ON OCCURRED.
 *
 * Context: process, may sleep; no configfs callback when @create_dir.  Takes
 * target->obj.lock.  Return: 0, -ENOMEM, -EINVAL without a depth, or an errno of
 * cst_target_access().  Without @create_dir only -ESHUTDOWN of these is answered.
 */
int cst_session_register(struct cst_session *sess, struct cst_target *target,
			 const char *initiator_name, bool create_dir,
			 const struct cst_item_type *it);

/**
 * cst_session_abort_all() - I_T nexus loss: abort all commands of a session
 * @sess: registered
 *
 * Every command ends in drop instead of send_response, unless its response has been handed
 * over already or is being handed over concurrently; then send_response may still be
 * called.  Does not wait.
 *
 * Context: any up to softirq.
 */
void cst_session_abort_all(struct cst_session *sess);

/**
 * cst_session_let_go() - the initiator does not prevent removal of a medium any more
 * @sess: registered
 *
 * cst_session_abort_all() does this, too.  A fabric calls this function when it tells the
 * initiator that the session has ended before it calls cst_session_abort_all().
 *
 * Context: any up to softirq.
 */
void cst_session_let_go(struct cst_session *sess);

/**
 * cst_session_unregister() - remove an I_T nexus
 * @sess: registered.  The fabric submits nothing more, every command has been released, and
 *	every task management function is done.
 *
 * When this returns nothing in core refers to @sess but the item of its directory.  The
 * release of the last reference to that item calls fabric_ops.session_free.  A directory
 * that core made is removed later, when nobody has it locked; until then @sess is one of
 * its target's sessions.
 *
 * Context: process, may sleep; no configfs callback.
 */
void cst_session_unregister(struct cst_session *sess);

/**
 * cst_event_replaced() - send the event that a login has ended another host's session
 * @target: target of both
 * @initiator_name: initiator name of both
 * @address: address that the login comes from
 * @old_address: address of the session's initiator
 *
 * Context: process, may sleep.
 */
void cst_event_replaced(struct cst_target *target, const char *initiator_name,
			const char *address, const char *old_address);

/**
 * cst_target_access() - may an initiator log in?
 * @target: target->obj.lock held
 * @initiator_name: its name
 *
 * Return: 0; -ESHUTDOWN when the target is not enabled; -EACCES when there are groups, none
 * of them matches, and luns/ is empty; -ENODEV when there are no groups and luns/ is empty.
 * -ENODEV does not refuse the initiator: there are no LUNs yet, and it may try again.
 */
int cst_target_access(struct cst_target *target, const char *initiator_name);

/**
 * cst_pattern_match() - does a name match a pattern of an initiator group?
 * @pattern: case-insensitive; `*` matches any string, `?` any character, a leading `!`
 *	inverts the result
 * @name: an initiator's name
 *
 * Context: any; pure.
 */
bool cst_pattern_match(const char *pattern, const char *name);

/*
 * cst_session_attrs - attributes of every session directory; for cst_item_type_init()
 */
extern const struct cst_attr *const cst_session_attrs[];

#endif /* _CST_SESSION_H */
