// SPDX-License-Identifier: GPL-2.0-only
/*
 * PERSISTENT RESERVE OUT (SPC-4 5.13, 6.16).
 *
 * exec.c calls in, in a worker.  The commands of a unit take turns (cst_pr.owner).  The one
 * whose turn it is
 *  1. checks its parameter list, and plans: it sets what each registrant's key and the
 *     reservation will be.  Nobody else sees that;
 *  2. if the state is to persist through power loss, saves what will be, in a queue of its
 *     own, because files may be slow.  A failure takes the plan back, and changes nothing;
 *  3. lets what was planned be so, under dev->itl_lock: keys, reservation, verdicts and unit
 *     attentions of all nexuses change at once;
 *  4. gives the turn to the next.  PREEMPT AND ABORT then waits for the commands of those that
 *     have lost their registration.
 * pr->lock is not held while the command waits for anything but memory.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include <cst/events.h>
#include <cst/fabric.h>

#include "pr.h"

#define CST_PR_SCOPE_LU		0x0

/* --- turns --- */

/* An aborted command has left the queue: it ends. */
static void cst_pr_waiter_leaves(struct cst_waitq *q, struct cst_cmd *cmd)
{
	cst_cmd_queue(cmd);
}

const struct cst_waitq_ops cst_pr_waitq_ops = {
	.leave = cst_pr_waiter_leaves,
};

/* Return: CST_OK: it is the command's turn.  CST_PENDING: it waits, and resumes at its turn. */
static cst_sense_t cst_pr_enter(struct cst_cmd *cmd, cst_sense_t (*resume)(struct cst_cmd *cmd))
{
	struct cst_pr *pr = &cmd->dev->pr;
	cst_sense_t reason = CST_OK;
	unsigned long flags;

	spin_lock_irqsave(&pr->waiting.lock, flags);
	cmd->resume = resume;
	if (!pr->owner)
		WRITE_ONCE(pr->owner, cmd);
	else
		reason = cst_wait_park(&pr->waiting, cmd) ? CST_PENDING :
							   CST_SENSE(COMMAND_ABORTED);
	spin_unlock_irqrestore(&pr->waiting.lock, flags);
	return reason;
}

static void cst_pr_leave(struct cst_pr *pr)
{
	struct cst_cmd *next = NULL;
	unsigned long flags;

	spin_lock_irqsave(&pr->waiting.lock, flags);
	if (!list_empty(&pr->waiting.waiters)) {
		next = list_first_entry(&pr->waiting.waiters, struct cst_cmd, wait.node);
		cst_wait_remove(next);
	}
	WRITE_ONCE(pr->owner, next);
	spin_unlock_irqrestore(&pr->waiting.lock, flags);
	if (next)
		cst_cmd_queue(next);
}

/* --- planning; pr->lock held --- */

/**
 * struct cst_pr_plan - a command that plans
 * @cmd: the command
 * @pr: of its unit
 * @action: service action
 * @list: its parameter list
 * @own: registrant of its nexus, or NULL
 * @id: TransportID of its nexus
 * @id_len: bytes of @id
 * @ports: target ports that are registered; the first is that of its nexus
 * @nr_ports: number of them
 * @nothing: there is nothing to be done
 */
struct cst_pr_plan {
	struct cst_cmd		*cmd;
	struct cst_pr		*pr;
	enum cst_pr_action	action;
	struct cst_pr_list	list;
	struct cst_registrant	*own;
	u8			id[CST_TRANSPORT_ID_MAX];
	u16			id_len;
	u16			*ports;
	u32			nr_ports;
	bool			nothing;
};

static void cst_pr_set_next(struct cst_pr *pr, struct cst_registrant *reg, u64 key)
{
	if (list_empty(&reg->change))
		list_add_tail(&reg->change, &pr->changed);
	reg->next_key = key;
}

static cst_sense_t cst_pr_plan_key(struct cst_pr_plan *plan, const u8 *id, u16 id_len, u16 port)
{
	struct cst_registrant *reg = cst_pr_find(plan->pr, id, id_len, port) ?:
				     cst_pr_add(plan->pr, id, id_len, port);

	if (!reg)
		return CST_SENSE(INSUFFICIENT_REGISTRATION_RESOURCES);
	cst_pr_set_next(plan->pr, reg, plan->list.action_key);
	return CST_OK;
}

/* The scope and the type of a reservation to be made. */
static cst_sense_t cst_pr_check_type(const struct cst_pr_plan *plan)
{
	struct cst_cmd *cmd = plan->cmd;

	if (cmd->cdb[2] >> 4 != CST_PR_SCOPE_LU)
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	if (!cst_pr_type_exists(cmd->cdb[2] & 0x0f))
		return cst_cdb_invalid(&cmd->detail, 2, 3);
	return CST_OK;
}

static void cst_pr_plan_hold(struct cst_pr_plan *plan, struct cst_registrant *reg)
{
	u8 type = plan->cmd->cdb[2] & 0x0f;

	plan->pr->next.type = type;
	plan->pr->next.holder = cst_pr_type_all(type) ? NULL : reg;
}

/* One pass over the ports by which the unit can be reached.  Return: number of ports. */
static u32 cst_pr_list_ports(const struct cst_pr_plan *plan, u16 *ports, u32 max)
{
	const struct cst_target *own = plan->cmd->sess->target, *last = own;
	struct cst_device *dev = plan->cmd->dev;
	struct cst_lun *lun;
	u32 nr = 1;

	ports[0] = READ_ONCE(own->rel_tgt_id);
	spin_lock_irq(&dev->itl_lock);
	list_for_each_entry(lun, &dev->luns, dev_node) {
		const struct cst_target *target = lun->map->target;

		/* The LUNs of one target are adjacent in the list. */
		if (target != last && target != own &&
		    target->ops->protocol_id == own->ops->protocol_id) {
			if (nr < max)
				ports[nr] = READ_ONCE(target->rel_tgt_id);
			nr++;
		}
		last = target;
	}
	spin_unlock_irq(&dev->itl_lock);
	return nr;
}

/* ALL_TG_PT: the target ports that are there now. */
static cst_sense_t cst_pr_get_ports(struct cst_pr_plan *plan)
{
	u16 own;
	u32 max = 1;

	if (plan->list.all_ports)
		max = cst_pr_list_ports(plan, &own, 1);
	plan->ports = kvmalloc_array(max, sizeof(*plan->ports), GFP_KERNEL);
	if (!plan->ports)
		return CST_TASK_SET_FULL;
	plan->ports[0] = READ_ONCE(plan->cmd->sess->target->rel_tgt_id);
	plan->nr_ports = 1;
	/* A port that is added in between is one that comes later. */
	if (plan->list.all_ports)
		plan->nr_ports = min(cst_pr_list_ports(plan, plan->ports, max), max);
	return CST_OK;
}

/* A nexus that SPEC_I_PT names must not be registered (SPC-4 table 67). */
static cst_sense_t cst_pr_plan_other(struct cst_pr_plan *plan, const struct cst_port *port,
				     u32 at, bool again)
{
	u8 id[CST_TRANSPORT_ID_MAX];
	u16 len = cst_pr_port_id(port, id);
	struct cst_registrant *reg;
	cst_sense_t reason;
	u32 i;

	for (i = 0; i < plan->nr_ports; i++) {
		reg = cst_pr_find(plan->pr, id, len, plan->ports[i]);
		if (reg && again && !reg->key)
			continue;
		if (reg)
			return cst_list_invalid(&plan->cmd->detail, at, 7);
		reason = cst_pr_plan_key(plan, id, len, plan->ports[i]);
		if (reason)
			return reason;
	}
	return CST_OK;
}

/**
 * struct cst_pr_named - the search for the initiator ports that a TransportID names
 * @plan: the command
 * @named: initiator device
 * @at: where its TransportID is in the list
 * @found: number of nexuses
 * @reason: the first reason to refuse the command
 */
struct cst_pr_named {
	struct cst_pr_plan	*plan;
	struct cst_port		named;
	u32			at;
	u32			found;
	cst_sense_t		reason;
};

static void cst_pr_plan_named(struct cst_itl *itl, void *arg)
{
	struct cst_pr_named *n = arg;
	struct cst_port port;

	cst_session_initiator_port(itl->sess, &port);
	if (n->reason || !cst_port_is(&n->named, &port))
		return;
	n->found++;
	n->reason = cst_pr_plan_other(n->plan, &port, n->at, true);
}

/* SPC-4 7.6.4.5: the name of an iSCSI node stands for all its ports that are known. */
static cst_sense_t cst_pr_plan_node(struct cst_pr_plan *plan, const struct cst_port *port, u32 at)
{
	struct cst_pr_named n = { .plan = plan, .named = *port, .at = at };

	cst_device_for_each_itl(plan->cmd->dev, cst_pr_plan_named, &n);
	if (!n.found)
		return cst_list_invalid(&plan->cmd->detail, at, 7);
	return n.reason;
}

static bool cst_port_is_node(const struct cst_port *port)
{
	return port->protocol_id == CST_PROTOCOL_ISCSI && !port->has_isid;
}

static cst_sense_t cst_pr_plan_ids(struct cst_pr_plan *plan)
{
	const struct cst_pr_list *list = &plan->list;
	struct cst_port port;
	cst_sense_t reason;
	u32 at, n, nodes = 0;

	for (at = 0; at < list->ids_len; at += n) {
		n = cst_transport_id_parse(list->ids + at, list->ids_len - at, &port);
		if (port.protocol_id != plan->cmd->sess->ops->protocol_id)
			return cst_list_invalid(&plan->cmd->detail, list->ids_at + at, 3);
		if (cst_port_is_node(&port) && nodes++ == CST_PR_NODES_MAX)
			reason = CST_SENSE(INSUFFICIENT_REGISTRATION_RESOURCES);
		else if (cst_port_is_node(&port))
			reason = cst_pr_plan_node(plan, &port, list->ids_at + at);
		else
			reason = cst_pr_plan_other(plan, &port, list->ids_at + at, false);
		if (reason)
			return reason;
	}
	return CST_OK;
}

/*
 * Register, or unregister, the own initiator port at each of the ports.  With ALL_TG_PT this is
 * as if each port had received the command, except that a port at which a registration is
 * missing is no conflict.
 */
static cst_sense_t cst_pr_plan_own(struct cst_pr_plan *plan)
{
	bool ignore = plan->action == CST_PR_REGISTER_AND_IGNORE;
	const struct cst_pr_list *list = &plan->list;
	cst_sense_t reason;
	u32 i;

	for (i = 0; i < plan->nr_ports; i++) {
		struct cst_registrant *reg = cst_pr_find(plan->pr, plan->id, plan->id_len,
							 plan->ports[i]);

		if (!ignore && reg && reg->key != list->key)
			return CST_RESERVATION_CONFLICT;
		if (!list->action_key && !reg)
			continue;
		reason = cst_pr_plan_key(plan, plan->id, plan->id_len, plan->ports[i]);
		if (reason)
			return reason;
	}
	return CST_OK;
}

/* SPC-4 tables 67 and 68 */
static cst_sense_t cst_pr_plan_register(struct cst_pr_plan *plan)
{
	bool ignore = plan->action == CST_PR_REGISTER_AND_IGNORE;
	const struct cst_pr_list *list = &plan->list;
	cst_sense_t reason;

	if (!ignore && list->key != (plan->own ? plan->own->key : 0))
		return CST_RESERVATION_CONFLICT;
	if (!plan->own && !list->action_key) {
		plan->nothing = true;
		return CST_OK;
	}
	if (plan->own && list->ids)
		return cst_list_invalid(&plan->cmd->detail, 20, 3);
	plan->pr->next_aptpl = list->aptpl;
	plan->pr->next_counts = true;
	plan->pr->next_others = list->all_ports || list->ids_len;
	reason = cst_pr_get_ports(plan) ?: cst_pr_plan_own(plan) ?: cst_pr_plan_ids(plan);
	kvfree(plan->ports);
	return reason;
}

/* SPC-4 5.13.9 */
static cst_sense_t cst_pr_plan_reserve(struct cst_pr_plan *plan)
{
	const struct cst_pr_held *now = &plan->pr->now;
	cst_sense_t reason = cst_pr_check_type(plan);

	if (reason)
		return reason;
	if (!now->type) {
		cst_pr_plan_hold(plan, plan->own);
		return CST_OK;
	}
	plan->nothing = true;
	return cst_pr_holds(now, plan->own) && now->type == (plan->cmd->cdb[2] & 0x0f) ?
	       CST_OK : CST_RESERVATION_CONFLICT;
}

/* SPC-4 5.13.11.2.2 */
static cst_sense_t cst_pr_plan_release(struct cst_pr_plan *plan)
{
	struct cst_pr *pr = plan->pr;

	if (!cst_pr_holds(&pr->now, plan->own)) {
		plan->nothing = true;
		return cst_pr_check_type(plan);
	}
	if (plan->cmd->cdb[2] != pr->now.type)
		return CST_SENSE(INVALID_RELEASE_OF_PERSISTENT_RESERVATION);
	pr->next = (struct cst_pr_held){};
	if (cst_pr_type_shared(pr->now.type))
		pr->next_kept = CST_SENSE(RESERVATIONS_RELEASED);
	return CST_OK;
}

/* SPC-4 5.13.11.2.7 */
static cst_sense_t cst_pr_plan_clear(struct cst_pr_plan *plan)
{
	struct cst_pr *pr = plan->pr;
	struct cst_registrant *reg;

	list_for_each_entry(reg, &pr->registrants, node)
		cst_pr_set_next(pr, reg, 0);
	pr->next = (struct cst_pr_held){};
	pr->next_removed = CST_SENSE(RESERVATIONS_PREEMPTED);
	pr->next_counts = true;
	return CST_OK;
}

/* SPC-4 5.13.11.2.4, table 72 */
static cst_sense_t cst_pr_plan_preempt(struct cst_pr_plan *plan)
{
	u64 key = plan->list.action_key;
	struct cst_pr *pr = plan->pr;
	struct cst_registrant *reg;
	bool everybody, replaces;
	cst_sense_t reason;
	u32 found = 0;

	everybody = !key && cst_pr_type_all(pr->now.type);
	if (!key && !everybody)
		return cst_list_invalid(&plan->cmd->detail, 8, 7);
	replaces = everybody || (pr->now.holder && pr->now.holder->key == key);
	if (replaces) {
		reason = cst_pr_check_type(plan);
		if (reason)
			return reason;
	}
	list_for_each_entry(reg, &pr->registrants, node) {
		if (!everybody && reg->key != key)
			continue;
		found++;
		/* The nexus that takes the reservation stays registered. */
		if (!replaces || reg != plan->own)
			cst_pr_set_next(pr, reg, 0);
	}
	if (!found)
		return CST_RESERVATION_CONFLICT;
	pr->next_removed = CST_SENSE(REGISTRATIONS_PREEMPTED);
	pr->next_counts = true;
	if (replaces) {
		cst_pr_plan_hold(plan, plan->own);
		if (pr->next.type != pr->now.type)
			pr->next_kept = CST_SENSE(RESERVATIONS_RELEASED);
	}
	return CST_OK;
}

/* The one nexus that the name of an iSCSI node stands for; its port becomes n->named. */
static void cst_pr_find_named(struct cst_itl *itl, void *arg)
{
	struct cst_pr_named *n = arg;
	struct cst_port port;

	if (READ_ONCE(itl->sess->target->rel_tgt_id) != n->plan->list.port)
		return;
	cst_session_initiator_port(itl->sess, &port);
	/* Once the port has its ISID, the same port is no other one. */
	if (cst_port_is(&n->named, &port)) {
		n->named = port;
		n->found = max(n->found, 1U);
	} else if (n->found && !strcasecmp(n->named.name, port.name)) {
		n->found = 2;
	}
}

static bool cst_pr_has_port(const struct cst_pr_plan *plan, u16 port)
{
	struct cst_device *dev = plan->cmd->dev;
	struct cst_lun *lun;
	bool found = false;

	spin_lock_irq(&dev->itl_lock);
	list_for_each_entry(lun, &dev->luns, dev_node)
		found |= READ_ONCE(lun->map->target->rel_tgt_id) == port;
	spin_unlock_irq(&dev->itl_lock);
	return found;
}

/* The nexus that the reservation moves to. */
static cst_sense_t cst_pr_plan_move_to(struct cst_pr_plan *plan, u8 *id, u16 *len)
{
	const struct cst_pr_list *list = &plan->list;
	struct cst_pr_named n = { .plan = plan };
	struct cst_cmd *cmd = plan->cmd;

	cst_transport_id_parse(list->ids, list->ids_len, &n.named);
	if (n.named.protocol_id != cmd->sess->ops->protocol_id)
		return cst_list_invalid(&cmd->detail, list->ids_at, 3);
	if (!cst_pr_has_port(plan, list->port))
		return cst_list_invalid(&cmd->detail, 18, 7);
	if (cst_port_is_node(&n.named)) {
		cst_device_for_each_itl(cmd->dev, cst_pr_find_named, &n);
		if (n.found != 1)
			return cst_list_invalid(&cmd->detail, list->ids_at, 7);
	}
	*len = cst_pr_port_id(&n.named, id);
	if (*len == plan->id_len && !memcmp(id, plan->id, *len))
		return cst_list_invalid(&cmd->detail, list->ids_at, 7);
	return CST_OK;
}

/* SPC-4 5.13.8, table 70 */
static cst_sense_t cst_pr_plan_move(struct cst_pr_plan *plan)
{
	const struct cst_pr_list *list = &plan->list;
	struct cst_pr *pr = plan->pr;
	u8 id[CST_TRANSPORT_ID_MAX];
	cst_sense_t reason;
	u16 len;

	if (!pr->now.type)
		return cst_cdb_invalid(&plan->cmd->detail, 1, 4);
	if (pr->now.holder != plan->own)
		return CST_RESERVATION_CONFLICT;	/* also where all registrants hold it */
	if (!list->action_key)
		return cst_list_invalid(&plan->cmd->detail, 8, 7);
	reason = cst_pr_plan_move_to(plan, id, &len) ?:
		 cst_pr_plan_key(plan, id, len, list->port);
	if (reason)
		return reason;
	pr->next.holder = cst_pr_find(pr, id, len, list->port);
	pr->next_aptpl = list->aptpl;
	pr->next_counts = true;
	pr->next_others = true;
	if (list->unregister)
		cst_pr_set_next(pr, plan->own, 0);
	return CST_OK;
}

/* SPC-4 5.13.11.3 */
static cst_sense_t cst_pr_plan_replace(struct cst_pr_plan *plan)
{
	const struct cst_pr_list *list = &plan->list;
	struct cst_pr *pr = plan->pr;
	cst_sense_t reason;

	if (!pr->lost)
		return CST_SENSE(INVALID_RELEASE_OF_PERSISTENT_RESERVATION);
	if (list->key)
		return cst_list_invalid(&plan->cmd->detail, 0, 7);
	if (!list->action_key)
		return cst_list_invalid(&plan->cmd->detail, 8, 7);
	reason = cst_pr_check_type(plan) ?:
		 cst_pr_plan_key(plan, plan->id, plan->id_len,
				 READ_ONCE(plan->cmd->sess->target->rel_tgt_id));
	if (reason)
		return reason;
	cst_pr_plan_hold(plan, cst_pr_find_session(pr, plan->cmd->sess));
	pr->next_aptpl = list->aptpl;
	return CST_OK;
}

/* SPC-4 table 71: a reservation ends when nobody is left who holds it. */
static void cst_pr_settle(struct cst_pr *pr)
{
	u32 left = pr->nr_registered;
	struct cst_registrant *reg;

	list_for_each_entry(reg, &pr->changed, change)
		left += !!reg->next_key - !!reg->key;
	if (pr->next.holder ? cst_pr_next_key(pr->next.holder) : left)
		return;
	if (pr->next.type && cst_pr_type_shared(pr->next.type))
		pr->next_kept = CST_SENSE(RESERVATIONS_RELEASED);
	pr->next = (struct cst_pr_held){};
}

/* SPC-2 5.5.1: a unit that is reserved by RESERVE has no persistent reservations. */
static bool cst_pr_reserved_otherwise(struct cst_device *dev)
{
	bool reserved;

	spin_lock_irq(&dev->itl_lock);
	reserved = dev->pr.reserved_by;
	spin_unlock_irq(&dev->itl_lock);
	return reserved;
}

static cst_sense_t cst_pr_plan_action(struct cst_pr_plan *plan)
{
	bool registered = plan->own && plan->own->key == plan->list.key;

	switch (plan->action) {
	case CST_PR_REGISTER:
	case CST_PR_REGISTER_AND_IGNORE:
		return cst_pr_plan_register(plan);
	case CST_PR_REPLACE_LOST:
		return cst_pr_plan_replace(plan);
	default:
		if (!registered)
			return CST_RESERVATION_CONFLICT;
	}
	switch (plan->action) {
	case CST_PR_RESERVE:
		return cst_pr_plan_reserve(plan);
	case CST_PR_RELEASE:
		return cst_pr_plan_release(plan);
	case CST_PR_CLEAR:
		return cst_pr_plan_clear(plan);
	case CST_PR_REGISTER_AND_MOVE:
		return cst_pr_plan_move(plan);
	default:
		return cst_pr_plan_preempt(plan);
	}
}

/* Plan the command whose parameter list is @data. */
static cst_sense_t cst_pr_plan(struct cst_cmd *cmd, const u8 *data, bool *nothing)
{
	struct cst_pr *pr = &cmd->dev->pr;
	struct cst_pr_plan *plan;
	cst_sense_t reason;

	plan = kzalloc(sizeof(*plan), GFP_KERNEL);
	if (!plan)
		return CST_TASK_SET_FULL;
	plan->cmd = cmd;
	plan->pr = pr;
	plan->action = cmd->cdb[1] & 0x1f;
	reason = cst_pr_list_parse(plan->action, data, cmd->data_len, &plan->list, &cmd->detail);
	if (reason)
		goto free;
	if (cst_pr_reserved_otherwise(cmd->dev)) {
		reason = CST_RESERVATION_CONFLICT;
		goto free;
	}
	plan->id_len = cst_pr_session_id(cmd->sess, plan->id);
	mutex_lock(&pr->lock);
	plan->own = cst_pr_find_session(pr, cmd->sess);
	pr->next = pr->now;
	pr->next_aptpl = pr->aptpl;
	pr->next_counts = false;
	pr->next_others = false;
	pr->next_removed = CST_OK;
	pr->next_kept = CST_OK;
	reason = cst_pr_plan_action(plan);
	if (!reason)
		cst_pr_settle(pr);
	mutex_unlock(&pr->lock);
	*nothing = plan->nothing;
free:
	kfree(plan);
	return reason;
}

/* Take the plan back. */
static void cst_pr_undo(struct cst_device *dev)
{
	struct cst_registrant *reg, *next;
	struct cst_pr *pr = &dev->pr;
	struct cst_itl *itl;

	if (list_empty(&pr->changed))
		return;
	mutex_lock(&pr->lock);
	/* A nexus that has come meanwhile may have found a registrant that is not to be. */
	spin_lock_irq(&dev->itl_lock);
	list_for_each_entry(itl, &dev->itls, dev_node)
		if (itl->registrant && !itl->registrant->key)
			itl->registrant = NULL;
	spin_unlock_irq(&dev->itl_lock);
	list_for_each_entry_safe(reg, next, &pr->changed, change) {
		list_del_init(&reg->change);
		if (!reg->key)
			cst_pr_remove(pr, reg);
	}
	mutex_unlock(&pr->lock);
}

/* --- the change --- */

/* What the change means for one nexus.  dev->itl_lock held. */
static void cst_pr_change_nexus(const struct cst_cmd *cmd, struct cst_itl *itl)
{
	struct cst_registrant *reg = itl->registrant;
	const struct cst_pr *pr = &itl->dev->pr;
	bool kept;

	if (!reg)
		return;
	kept = cst_pr_next_key(reg);
	if (reg->key && itl->sess != cmd->sess) {
		cst_sense_t ua = kept ? pr->next_kept : pr->next_removed;

		if (ua)
			cst_ua_add(itl, ua);
		itl->preempted = !kept && (cmd->cdb[1] & 0x1f) == CST_PR_PREEMPT_AND_ABORT;
	}
	if (!kept)
		itl->registrant = NULL;
}

static void cst_pr_change_keys(struct cst_pr *pr)
{
	struct cst_registrant *reg;

	list_for_each_entry(reg, &pr->changed, change) {
		pr->nr_registered += !!reg->next_key - !!reg->key;
		reg->key = reg->next_key;
	}
}

/* Let what was planned be so. */
static void cst_pr_change(struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;
	struct cst_registrant *reg, *next;
	struct cst_pr *pr = &dev->pr;
	struct cst_itl *itl;

	mutex_lock(&pr->lock);
	if (pr->next_others)
		cst_pr_find_nexuses(dev);
	reg = cst_pr_find_session(pr, cmd->sess);
	spin_lock_irq(&dev->itl_lock);
	list_for_each_entry(itl, &dev->itls, dev_node) {
		if (itl->sess == cmd->sess)
			itl->registrant = reg;
		cst_pr_change_nexus(cmd, itl);
	}
	cst_pr_change_keys(pr);
	pr->now = pr->next;
	pr->lost = false;
	cst_pr_set_verdicts(dev);
	spin_unlock_irq(&dev->itl_lock);
	list_for_each_entry_safe(reg, next, &pr->changed, change) {
		list_del_init(&reg->change);
		if (!reg->key)
			cst_pr_remove(pr, reg);
	}
	pr->generation += pr->next_counts;
	if ((cmd->cdb[1] & 0x1f) == CST_PR_REPLACE_LOST)
		pr->generation = 0;
	pr->recorded = pr->next_aptpl;
	pr->aptpl = pr->next_aptpl;
	mutex_unlock(&pr->lock);
	cst_event_reservation(cmd->sess, dev, cmd->op->name);
}

/* --- PREEMPT AND ABORT --- */

/* A command that waits for aborts; @left counts them, and the one who starts them. */
struct cst_pr_wait {
	struct cst_cmd	*cmd;
	atomic_t	left;
};

struct cst_pr_abort {
	struct cst_abort	abort;
	struct cst_itl		*itl;	/* referenced */
	struct cst_pr_wait	*wait;
};

static void cst_pr_wait_put(struct cst_pr_wait *wait)
{
	if (!atomic_dec_and_test(&wait->left))
		return;
	cst_cmd_finish(wait->cmd, CST_OK);
	kfree(wait);
}

static void cst_pr_abort_done(struct cst_abort *abort)
{
	struct cst_pr_abort *a = container_of(abort, struct cst_pr_abort, abort);
	struct cst_pr_wait *wait = a->wait;

	percpu_ref_put(&a->itl->ref);
	kfree(a);
	cst_pr_wait_put(wait);
}

/*
 * The allocation cannot fail: the nexus is preempted already, and its commands must end before
 * the command that says so.  There is no time limit, because the initiator concludes from GOOD
 * that nothing of the other one is under way any more.
 */
static void cst_pr_abort_nexus(struct cst_itl *itl, void *arg)
{
	struct cst_device *dev = itl->dev;
	struct cst_pr_abort *a;
	bool preempted;

	spin_lock_irq(&dev->itl_lock);
	preempted = itl->preempted;
	itl->preempted = false;
	spin_unlock_irq(&dev->itl_lock);
	if (!preempted)
		return;
	/* SPC-4 5.13.11.2.6 h) */
	cst_medium_allow(itl);
	a = kmalloc(sizeof(*a), GFP_KERNEL | __GFP_NOFAIL);
	*a = (struct cst_pr_abort){
		.abort = {
			.sess = itl->sess,
			.dev = dev,
			.end = jiffies + MAX_JIFFY_OFFSET,
			.done = cst_pr_abort_done,
		},
		.itl = itl,
		.wait = arg,
	};
	percpu_ref_get(&itl->ref);
	atomic_inc(&a->wait->left);
	cst_abort_start(&a->abort);
}

static cst_sense_t cst_pr_abort(struct cst_cmd *cmd)
{
	struct cst_pr_wait *wait = kmalloc(sizeof(*wait), GFP_KERNEL | __GFP_NOFAIL);
	struct cst_pr *pr = &cmd->dev->pr;

	wait->cmd = cmd;
	atomic_set(&wait->left, 1);
	cst_device_for_each_itl(cmd->dev, cst_pr_abort_nexus, wait);
	cst_pr_leave(pr);
	cst_pr_wait_put(wait);
	return CST_PENDING;
}

/* --- the command --- */

/* Answer a command without a change. */
static cst_sense_t cst_pr_answer(struct cst_cmd *cmd, cst_sense_t reason)
{
	cst_pr_undo(cmd->dev);
	cst_pr_leave(&cmd->dev->pr);
	return reason;
}

static cst_sense_t cst_pr_finish(struct cst_cmd *cmd)
{
	cst_pr_change(cmd);
	if ((cmd->cdb[1] & 0x1f) == CST_PR_PREEMPT_AND_ABORT)
		return cst_pr_abort(cmd);
	cst_pr_leave(&cmd->dev->pr);
	return CST_OK;
}

static cst_sense_t cst_pr_save_then(struct cst_cmd *cmd)
{
	if (cst_pr_save(cmd->dev))
		return cst_pr_answer(cmd, CST_SENSE(INTERNAL_TARGET_FAILURE));
	return cst_pr_finish(cmd);
}

/* It is the command's turn. */
static cst_sense_t cst_pr_turn(struct cst_cmd *cmd)
{
	struct cst_pr *pr = &cmd->dev->pr;
	bool nothing = false;
	cst_sense_t reason;
	u8 *data;

	/* It may have waited for long. */
	reason = cst_gate_again(cmd);
	if (reason)
		return cst_pr_answer(cmd, reason);
	data = kvmalloc(cmd->data_len, GFP_KERNEL);
	if (!data)
		return cst_pr_answer(cmd, CST_TASK_SET_FULL);
	/* A copy, because a list in the fabric's memory may change. */
	cst_bvec_read(data, cmd->bvec, 0, cmd->data_len);
	reason = cst_pr_plan(cmd, data, &nothing);
	kvfree(data);
	if (reason || nothing)
		return cst_pr_answer(cmd, reason);
	if (!cst_pr_needs_save(pr))
		return cst_pr_finish(cmd);
	cst_cmd_continue_slowly(cmd, cst_pr_save_then);
	return CST_PENDING;
}

/* Aborted while it waited for its turn, or before its plan was saved. */
static void cst_pr_give_up(struct cst_cmd *cmd)
{
	if (READ_ONCE(cmd->dev->pr.owner) == cmd)
		cst_pr_answer(cmd, CST_OK);
}

static cst_sense_t cst_pr_out(struct cst_cmd *cmd)
{
	cst_sense_t reason;

	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	reason = cst_pr_enter(cmd, cst_pr_turn);
	return reason ?: cst_pr_turn(cmd);
}

/* SPC-4 6.16.1 */
static cst_sense_t cst_pr_parse_out(struct cst_cmd *cmd)
{
	return cmd->cdb_xfer_len < CST_PR_LIST || cmd->cdb_xfer_len > CST_PR_LIST_MAX ?
	       CST_SENSE(PARAMETER_LIST_LENGTH_ERROR) : CST_OK;
}

#define CST_PR_OUT(_action, _name, _flags)				\
	{								\
		CST_CDB_SA(10, PERSISTENT_RESERVE_OUT, _action,		\
			   0xff, 0, 0, 0xff, 0xff, 0xff, 0xff),		\
		.name		= "PERSISTENT RESERVE OUT, " _name,	\
		.dir		= DMA_TO_DEVICE,			\
		.format		= CST_CDB_ALLOC32_5,			\
		.flags		= CST_OP_MEDIUM | CST_OP_UNREADY |	\
				  CST_OP_ACTION | CST_OP_SLEEPS | (_flags), \
		.resv		= CST_RESV_UNIT,			\
		.ports		= CST_PORTS_STANDBY,			\
		.parse		= cst_pr_parse_out,			\
		.execute	= cst_pr_out,				\
		.give_up	= cst_pr_give_up,			\
	}

const struct cst_op cst_pr_out_ops[] = {
	CST_PR_OUT(CST_PR_REGISTER, "REGISTER", 0),
	CST_PR_OUT(CST_PR_RESERVE, "RESERVE", 0),
	CST_PR_OUT(CST_PR_RELEASE, "RELEASE", 0),
	CST_PR_OUT(CST_PR_CLEAR, "CLEAR", 0),
	CST_PR_OUT(CST_PR_PREEMPT, "PREEMPT", 0),
	CST_PR_OUT(CST_PR_PREEMPT_AND_ABORT, "PREEMPT AND ABORT", 0),
	CST_PR_OUT(CST_PR_REGISTER_AND_IGNORE, "REGISTER AND IGNORE EXISTING KEY", 0),
	CST_PR_OUT(CST_PR_REGISTER_AND_MOVE, "REGISTER AND MOVE", 0),
	CST_PR_OUT(CST_PR_REPLACE_LOST, "REPLACE LOST RESERVATION", CST_OP_LOST),
	{}
};
EXPORT_SYMBOL_GPL(cst_pr_out_ops);
