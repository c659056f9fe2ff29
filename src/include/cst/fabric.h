/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface between core and fabric drivers: the operations that a fabric implements, and
 * the functions of core that it calls.
 */
#ifndef _CST_FABRIC_H
#define _CST_FABRIC_H

#include <linux/module.h>
#include <linux/types.h>

#include <cst/attr.h>
#include <cst/cmd.h>
#include <cst/port.h>
#include <cst/session.h>

/* Reasons for which core calls fabric_ops.notify */
enum cst_notice {
	CST_NOTICE_LUNS,	/* the list of the session's LUNs has changed */
	CST_NOTICE_LUN_STATE,	/* one of the LUNs has another size, or is ready now */
};

/**
 * struct cst_fabric_limits - limits of a fabric for one command
 * @max_xfer: bytes of data.  The smaller of this and of core's CST_MAX_XFER_BYTES is
 *	VPD B0h MAXIMUM TRANSFER LENGTH, and a longer command is refused.  0: core's
 * @max_segs: entries of a cst_cmd.bvec that core has made; CST_INLINE_BVECS at least.
 *	When memory is in too many pieces for this limit, the command is refused as if
 *	there were no memory.  0: any number
 * @seg_align: in bytes, a power of two, at most PAGE_SIZE.  The beginning of each entry,
 *	and the end of each but the last, is a multiple of it.  0: any
 * @max_cdb: bytes of the longest CDB, CST_CDB_INLINE at least
 * @prot: kinds of protection information that go with the data.  Core supports none, so
 *	this is 0
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
 * @limits: limits of every session.  cst_fabric_register() refuses limits that core cannot
 *	keep to
 * @target_size: bytes of the fabric's target structure, which begins with a
 *	struct cst_target; core allocates it zeroed
 * @session_size: bytes of the fabric's session structure, which begins with a
 *	struct cst_session, when an administrator makes sessions by mkdir; 0 when
 *	the fabric makes them itself
 * @fabric_attrs: attributes of the directory targets/<name>/, or NULL.  Their fields are
 *	given relative to @fabric_obj.
 * @fabric_obj: the object that holds these attributes, part of the fabric's static data;
 *	required
 * @target_attrs: attributes besides those of every target, or NULL;
 *	CST_FIELD(my_target, tgt.obj, field)
 * @session_attrs: attributes besides those of every session, or NULL
 *
 * Identity.  Any context, spinlocks of core held: these functions only copy what is stored:
 * @target_port: fills in *@port, which is zeroed but for protocol_id, with the port by
 *	which @target is reached.  The answer is the same from target_init to target_free
 * @initiator_port: fills in *@port likewise with the initiator port of @sess, with its
 *	ISID where the protocol has one.  The answer is the same while @sess is registered,
 *	and for every session of the same port, because persistent reservations outlive
 *	sessions
 *
 * Configuration.  Process context, may sleep, a configfs callback:
 * @target_check_name: optional; answers 0, or an errno with cst_config_error() said
 * @target_init: optional; called when core has initialised the target.  May add default
 *	groups with cst_object_embed() (params, portals).  When it fails it leaves
 *	nothing behind.
 * @target_free: optional; called when the last reference is gone.  Frees what target_init
 *	has made, but not the structure itself
 * @target_enable: optional; target->obj.lock held; starts to accept sessions
 * @target_disable: target->obj.lock NOT held; target is marked as closing, so that
 *	cst_session_register() refuses.  Starts closing every session.  Core then waits,
 *	for a limited time, until all sessions have been unregistered.
 * @session_dir_init: optional; called before the directory of @sess is made.  May add
 *	default groups with cst_object_embed().  A configfs callback only when mkdir makes
 *	the directory
 * @session_enable: for mkdir sessions: called from mkdir, when obj is initialised and the
 *	session's directory is not yet visible.  The fabric schedules its registration
 *	(cst_session_register(..., false, ...)) outside of the callback.  The fabric holds
 *	a reference to the item (config_item_get()) while anything scheduled refers to the
 *	session.  When this function answers an errno, session_free follows.
 * @session_disable: for mkdir sessions: called from rmdir; starts closing.  Core then
 *	drops its reference to the item
 *
 * @session_close: starts to close one session (force_close, target disable) and returns.
 *	Any process context, may not wait for the session.
 * @session_shown: optional; called when the directory that core makes for @sess is there,
 *	or when making it has failed and will be tried again later.  Not called when @sess
 *	is unregistered before that.  May be called more than once, and while @sess is being
 *	unregistered.  Called in a worker, may not wait
 * @session_free: the last reference to the session's directory item is gone: frees the
 *	structure.  Process context.
 * @notify: optional; something has happened that the initiator may want to know without
 *	asking.  A unit attention is raised as well, so nothing is lost when the notice does
 *	not reach the initiator.  May be called while @sess is being registered, and until
 *	it has been unregistered.  Atomic context, spinlocks of core held: only takes note
 *	and schedules work
 *
 * The data path:
 * @get_data: fetches cmd->data_len bytes of data-out into cmd->bvec, then calls
 *	cst_cmd_data_received() or cst_cmd_data_failed(), before it returns or later.  Not
 *	called for CST_CMD_FABRIC_BUF commands, whose data is in place.  Called within
 *	cst_cmd_submit(), or later in another context when @cmd had to wait for its buffer.
 *	A CST_CMD_DATA_FOLLOWS command never waits for its buffer: get_data has been called
 *	or the command has been answered when cst_cmd_submit() returns.  A command that
 *	waits may be aborted, and then ends in drop without get_data.  When abort_data was
 *	called before get_data, get_data has to check cst_cmd_aborted() itself.  Any context
 *	up to softirq.
 * @abort_data: optional; @cmd was aborted between get_data and its end.  The fabric makes
 *	sure that cst_cmd_data_failed() is called soon, as long as cst_cmd_aborted() is
 *	true, even if the initiator sends nothing more.  May race with get_data and with the
 *	end of the command, and must be harmless then.  Atomic context, spinlocks of core
 *	held: only takes note and schedules work.
 * @send_response: sends data-in (cmd->data_len bytes of cmd->bvec when cmd->dir is
 *	DMA_FROM_DEVICE) and status, then calls cst_cmd_release().  Core calls exactly one
 *	of send_response and drop, once.  Any context, also hard interrupt, because a
 *	handler may end its I/O there.  So a lock that it takes must be taken with irqs
 *	disabled everywhere, it must not call cst_cmd_submit(), and it leaves to a work
 *	whatever takes long.  Called in an RCU read-side section.
 * @drop: the command was aborted and nothing may be sent; calls cst_cmd_release().
 *	Context as send_response.
 * @tmf_done: tmf->response is set, and the fabric owns @tmf again.  The responses of
 *	affected commands have been handed over before, unless tmf->response is REJECTED.
 *	Called in a worker, in an RCU read-side section: may not sleep.
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
 * Context: module init, may sleep.  Return: 0 or errno; -EINVAL for limits that core
 * cannot keep to.
 */
int cst_fabric_register(const struct cst_fabric_ops *ops);

/**
 * cst_fabric_unregister() - take targets/<name> away
 * @ops: as registered; no target of the fabric exists (each pins the fabric's module)
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
 * @fn: called with the target referenced and no lock held; a non-zero answer ends the walk
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
 * Context: process, may sleep.  Return: the target, to be given back by cst_target_put(),
 * or NULL.
 */
struct cst_target *cst_fabric_find_target(const struct cst_fabric_ops *ops,
					  const char *name);
void cst_target_put(struct cst_target *target);

/**
 * cst_target_port() - get the port by which a target is reached
 * @target: initialised
 * @port: filled in
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
 * cst_session_initiator_port() - get the initiator port of a nexus
 * @sess: registered, or its directory exists
 * @port: filled in
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
 * cst_local_address() - make an address for a port that has none of its own
 * @owner: owner of the port: ports of different owners get different addresses even if
 *	they have the same name
 * @name: name of the port
 *
 * The address is NAA locally assigned.  It is always the same for these names on this host
 * with the same setup_id, and different from those of other hosts.
 *
 * Context: process.
 */
u64 cst_local_address(const char *owner, const char *name);

#endif /* _CST_FABRIC_H */
