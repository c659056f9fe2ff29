/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fabric driver offers to core, and what it may call.
 */
#ifndef _CST_FABRIC_H
#define _CST_FABRIC_H

#include <linux/module.h>
#include <linux/types.h>

#include <cst/attr.h>
#include <cst/cmd.h>
#include <cst/port.h>
#include <cst/session.h>

/* What core tells a fabric of by itself, fabric_ops.notify */
enum cst_notice {
	CST_NOTICE_LUNS,	/* the session's LUNs are others */
	CST_NOTICE_LUN_STATE,	/* one of them has another size, or is ready now */
};

/**
 * struct cst_fabric_limits - what a fabric can carry of one command
 * @max_xfer: bytes of data.  The smaller one of this and of core's CST_MAX_XFER_BYTES is
 *	VPD B0h MAXIMUM TRANSFER LENGTH, and a longer command is refused.  0: core's
 * @max_segs: entries of a cst_cmd.bvec that core has made, CST_INLINE_BVECS at least; a
 *	command for which memory is in too many pieces is refused for want of it.  0: any
 * @seg_align: bytes: what begins and, but for the end of the data, ends each of them is a
 *	multiple of this power of two, PAGE_SIZE at most.  0: any
 * @max_cdb: bytes of the longest CDB, CST_CDB_INLINE at least
 * @prot: kinds of protection information that go with the data; core knows none: 0
 */
struct cst_fabric_limits {
	u32	max_xfer;
	u16	max_segs;
	u16	max_cdb;
	u32	seg_align;
	u8	prot;
};

/**
 * struct cst_fabric_ops - a fabric driver
 * @owner: THIS_MODULE
 * @name: directory under targets/
 * @protocol_id: PROTOCOL IDENTIFIER (SPC-5 table 490), CST_PROTOCOL_*
 * @limits: for every session; cst_fabric_register() refuses what core cannot keep
 * @target_size: bytes of the fabric's target structure, which begins with a
 *	struct cst_target; core allocates it zeroed
 * @session_size: bytes of the fabric's session structure, which begins with a
 *	struct cst_session, when an administrator makes sessions by mkdir; 0 when
 *	the fabric makes them itself
 * @fabric_attrs: of targets/<name>/ itself, or NULL.  Their fields are given
 *	relative to @fabric_obj.
 * @fabric_obj: the object that holds them, embedded by the fabric's own static
 *	data; required
 * @target_attrs: besides those of every target, or NULL; CST_FIELD(my_target,
 *	tgt.obj, field)
 * @session_attrs: besides those of every session, or NULL
 *
 * Identity; any context, spinlocks of core held: only copy what stands there:
 * @target_port: fill in *@port, zeroed but for protocol_id: the port by which @target is
 *	reached.  The same from target_init to target_free
 * @initiator_port: likewise the other end of @sess, with its ISID where the protocol has
 *	one.  The same while @sess is registered, and for every session of the same
 *	port: persistent reservations outlive sessions
 *
 * Configuration; process context, may sleep, a configfs callback:
 * @target_check_name: optional; 0 or errno with cst_config_error() said
 * @target_init: optional; core has initialised the target.  May add default
 *	groups with cst_object_embed() (params, portals).  When it fails it leaves
 *	nothing behind.
 * @target_free: optional; the last reference is gone, free what target_init made (not the
 *	structure itself)
 * @target_enable: optional; target->obj.lock held; start to accept sessions
 * @target_disable: target->obj.lock NOT held; target is marked disabled, so that
 *	cst_session_register() refuses.  Start closing every session; core then
 *	waits, bounded, until all have been unregistered.
 * @session_dir_init: optional; @sess's directory is about to be made: may add default
 *	groups with cst_object_embed().  Not a configfs callback unless for mkdir
 * @session_enable: for mkdir sessions: called from mkdir with the session's directory
 *	not yet visible and obj initialised; the fabric schedules its
 *	registration (cst_session_register(..., false, ...)) out of the callback.
 *	The fabric holds a reference to the item (config_item_get()) while
 *	anything scheduled refers to the session.  After an errno session_free
 *	follows.
 * @session_disable: for mkdir sessions: called from rmdir; starts closing.  Core then
 *	drops its reference to the item
 *
 * @session_close: close one session (force_close, target disable).  Starts it
 *	and returns.  Any process context, may not wait for the session.
 * @session_shown: optional; the directory that core makes for @sess is there, or will not
 *	be soon for want of memory.  Not called when @sess is unregistered before; may
 *	be called twice, and while @sess is being unregistered.  From a worker, may
 *	not wait
 * @session_free: the last reference to the session's directory item is gone: free the
 *	structure.  Process context.
 * @notify: optional; something has happened that the initiator may want to hear of
 *	without asking.  Besides there is a unit attention, so what does not get through
 *	is not lost.  May come while @sess is being registered, and until it has been
 *	unregistered.  Atomic context, spinlocks of core held: take note, schedule work
 *
 * The data path:
 * @get_data: fetch cmd->data_len bytes of data-out into cmd->bvec, then call
 *	cst_cmd_data_received() or cst_cmd_data_failed(), from within or later.  Not
 *	called for CST_CMD_FABRIC_BUF commands, whose data is in place.  Called from
 *	within cst_cmd_submit(); or later and from anywhere, when @cmd had to wait for
 *	its buffer - but for CST_CMD_DATA_FOLLOWS commands, whose data has a place when
 *	cst_cmd_submit() returns, or they are answered by then.  A command that waits may
 *	be aborted, and ends in drop without get_data; one whose abort_data was called
 *	before get_data is looked at there.  Any context up to softirq.
 * @abort_data: optional; @cmd was aborted between get_data and its end: make sure
 *	that cst_cmd_data_failed() is called soon even if the initiator sends
 *	nothing more, as long as cst_cmd_aborted() says so.  May race with get_data and
 *	with the end: harmless then.  Atomic context, spinlocks of core held: only take
 *	note and schedule work.
 * @send_response: send data-in (cmd->data_len bytes of cmd->bvec when cmd->dir
 *	is DMA_FROM_DEVICE) and status; then cst_cmd_release().  Exactly one of
 *	send_response and drop is called, once.  Any context, also hard interrupt: a
 *	handler may end its I/O there.  So no lock that is not taken with irqs disabled
 *	everywhere, no cst_cmd_submit(), and what takes long is left to a work.  Within
 *	an RCU read-side section.
 * @drop: the command was aborted, nothing may be sent; then cst_cmd_release().  Context
 *	as send_response.
 * @tmf_done: tmf->response is set; the fabric owns @tmf again.  Responses of
 *	affected commands were handed over before, unless it is REJECTED.  From a worker,
 *	in an RCU read-side section: may not sleep.
 */
struct cst_fabric_ops {
	struct module			*owner;
	const char			*name;
	u8				protocol_id;
	struct cst_fabric_limits	limits;
	size_t				target_size;
	size_t				session_size;
	const struct cst_attr *const	*fabric_attrs;
	struct cst_object		*fabric_obj;
	const struct cst_attr *const	*target_attrs;
	const struct cst_attr *const	*session_attrs;

	void (*target_port)(const struct cst_target *target,
			    struct cst_port *port);
	void (*initiator_port)(const struct cst_session *sess,
			       struct cst_port *port);

	int (*target_check_name)(struct config_item *parent, const char *name);
	int (*target_init)(struct cst_target *target);
	void (*target_free)(struct cst_target *target);
	int (*target_enable)(struct cst_target *target);
	void (*target_disable)(struct cst_target *target);

	int (*session_dir_init)(struct cst_session *sess);
	int (*session_enable)(struct cst_session *sess);
	void (*session_disable)(struct cst_session *sess);
	void (*session_close)(struct cst_session *sess);
	void (*session_shown)(struct cst_session *sess);
	void (*session_free)(struct cst_session *sess);
	void (*notify)(struct cst_session *sess, enum cst_notice notice);

	void (*get_data)(struct cst_cmd *cmd);
	void (*abort_data)(struct cst_cmd *cmd);
	void (*send_response)(struct cst_cmd *cmd);
	void (*drop)(struct cst_cmd *cmd);
	void (*tmf_done)(struct cst_tmf *tmf);
};

/**
 * cst_fabric_register() - make a fabric known and show targets/<name>
 * @ops: static
 *
 * Context: module init, may sleep.  Return: 0 or errno; -EINVAL for limits that core cannot
 * keep.
 */
int cst_fabric_register(const struct cst_fabric_ops *ops);

/**
 * cst_fabric_unregister() - take targets/<name> away
 * @ops: as registered; no target of it exists (each pins its module)
 */
void cst_fabric_unregister(const struct cst_fabric_ops *ops);

/**
 * cst_fabric_session_type() - type of this fabric's session directories
 * @ops: registered
 *
 * For cst_session_register().
 */
const struct cst_item_type *
cst_fabric_session_type(const struct cst_fabric_ops *ops);

/**
 * cst_fabric_for_each_target() - visit the targets of a fabric
 * @ops: registered
 * @fn: called with the target referenced and nothing locked; a non-zero answer ends the walk
 * @arg: for @fn
 *
 * Targets that come and go meanwhile may or may not be visited.
 *
 * Context: process, may sleep.  Return: what @fn answered last, or 0.
 */
int cst_fabric_for_each_target(const struct cst_fabric_ops *ops,
			       int (*fn)(struct cst_target *target, void *arg),
			       void *arg);

/**
 * cst_fabric_find_target() - look a target up by name
 * @ops: registered
 * @name: exact
 *
 * Context: process, may sleep.  Return: referenced (cst_target_put()), or NULL.
 */
struct cst_target *cst_fabric_find_target(const struct cst_fabric_ops *ops,
					  const char *name);
void cst_target_put(struct cst_target *target);

/**
 * cst_target_port() - the port by which a target is reached
 * @target: initialised
 * @port: where it goes
 *
 * Context: any.
 */
static inline void cst_target_port(const struct cst_target *target,
				   struct cst_port *port)
{
	*port = (struct cst_port){ .protocol_id = target->ops->protocol_id };
	target->ops->target_port(target, port);
}

/**
 * cst_session_initiator_port() - the initiator port of a nexus
 * @sess: registered
 * @port: where it goes
 *
 * Context: any.
 */
static inline void cst_session_initiator_port(const struct cst_session *sess,
					      struct cst_port *port)
{
	*port = (struct cst_port){ .protocol_id = sess->ops->protocol_id };
	sess->ops->initiator_port(sess, port);
}

/**
 * cst_local_address() - an address for a port that nobody has given one
 * @owner: what has the port: two owners' ports of the same name differ
 * @name: of the port
 *
 * NAA locally assigned: the same for these names on this host whenever it is asked for
 * with the same setup_id, and different from those of other hosts.
 *
 * Context: process.
 */
u64 cst_local_address(const char *owner, const char *name);

#endif /* _CST_FABRIC_H */
