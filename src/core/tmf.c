// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task management (SAM-5 7): mark what a function affects, wait until none of it
 * can touch the medium or the initiator any more, then answer.
 *
 * Marking is done in the caller's context, so that a command submitted later is
 * not hit; the rest by a work of the session.  A marked command ends by itself:
 * blocked ones are let go, the fabric is told not to wait for data, and whatever
 * executes is waited for, because a backend's write cannot be called back.  The
 * wait is bounded: after CST_TMF_TIMEOUT the answer is REJECTED, which is the
 * truth, and the initiator escalates.
 *
 * Nobody sleeps for that: the work looks at all functions of its session whenever
 * a marked command has gone, and each CST_TMF_LOOK.  So no initiator, with whatever
 * number of functions, takes a worker that another's would need.
 *
 * A command of the function's own nexus is waited for until the fabric has
 * released it, because its response must not come after that of the function.
 * One of another nexus has left the task set when it is answered: whether that
 * initiator reads its responses is nothing that others have to wait for.
 *
 * Locks: dev->itl_lock, then a session's list lock, then order.lock.  Owns
 * cst_tmf_lock, inside which nothing is taken but what a work queue takes.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/sched/mm.h>

#include "core.h"

#define CST_TMF_TIMEOUT		(30 * HZ)
#define CST_TMF_LOOK		HZ

/* Sessions with functions that have not been answered. */
static LIST_HEAD(cst_tmf_sessions);
static DEFINE_SPINLOCK(cst_tmf_lock);

/**
 * cst_tmf_cmd_gone() - a marked command has been released
 * @sess: its nexus
 *
 * Context: any.
 */
void cst_tmf_cmd_gone(const struct cst_session *sess)
{
	struct cst_session *waiting;
	unsigned long flags;

	spin_lock_irqsave(&cst_tmf_lock, flags);
	list_for_each_entry(waiting, &cst_tmf_sessions, tmf_node)
		if (waiting == sess || waiting->tmfs_foreign)
			mod_delayed_work(cst_tmf_wq, &waiting->tmf_work, 0);
	spin_unlock_irqrestore(&cst_tmf_lock, flags);
}

/* Which commands of one session a function is about. */
struct cst_tmf_scope {
	const struct cst_device	*dev;	/* NULL: of every logical unit */
	const u64		*tag;	/* NULL: whatever their tag */
	bool			foreign; /* of another nexus: unanswered ones only */
};

/* A command that does not know its device yet arrives after the function. */
static bool cst_tmf_match(const struct cst_cmd *cmd,
			  const struct cst_tmf_scope *scope)
{
	return (!scope->dev || READ_ONCE(cmd->dev) == scope->dev) &&
	       (!scope->tag || cmd->tag == *scope->tag) &&
	       !(scope->foreign && READ_ONCE(cmd->answered));
}

/* Mark a session's commands; how many were marked. */
static unsigned int cst_tmf_mark(struct cst_session *sess,
				 const struct cst_tmf_scope *scope)
{
	unsigned int marked = 0;
	struct cst_cmd *cmd;
	unsigned long flags;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cst_cmd_list *list = per_cpu_ptr(sess->active, cpu);

		spin_lock_irqsave(&list->lock, flags);
		list_for_each_entry(cmd, &list->cmds, sess_node) {
			if (!cst_tmf_match(cmd, scope))
				continue;
			marked++;
			if (test_and_set_bit(CST_ABORTED, &cmd->aborted))
				continue;
			cst_order_abort(cmd);
			if (sess->ops->abort_data)
				sess->ops->abort_data(cmd);
		}
		spin_unlock_irqrestore(&list->lock, flags);
	}
	return marked;
}

/* Is a marked command of the session left? */
static bool cst_tmf_left(struct cst_session *sess,
			 const struct cst_tmf_scope *scope)
{
	struct cst_cmd *cmd;
	unsigned long flags;
	bool left = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cst_cmd_list *list = per_cpu_ptr(sess->active, cpu);

		spin_lock_irqsave(&list->lock, flags);
		list_for_each_entry(cmd, &list->cmds, sess_node) {
			if (cst_cmd_aborted(cmd) && cst_tmf_match(cmd, scope)) {
				left = true;
				break;
			}
		}
		spin_unlock_irqrestore(&list->lock, flags);
		if (left)
			break;
	}
	return left;
}

/*
 * Mark the commands of every nexus of a device for a function of @sess; tell the
 * others when @ua says so.
 */
static void cst_tmf_mark_device(struct cst_device *dev,
				const struct cst_session *sess, cst_sense_t ua)
{
	struct cst_tmf_scope scope = { .dev = dev };
	struct cst_itl *itl;
	unsigned long flags;

	spin_lock_irqsave(&dev->itl_lock, flags);
	list_for_each_entry(itl, &dev->itls, dev_node) {
		scope.foreign = itl->sess != sess;
		if (cst_tmf_mark(itl->sess, &scope) && ua && scope.foreign)
			cst_ua_add(itl, ua);
	}
	spin_unlock_irqrestore(&dev->itl_lock, flags);
}

static bool cst_tmf_left_device(struct cst_device *dev,
				const struct cst_session *sess)
{
	struct cst_tmf_scope scope = { .dev = dev };
	struct cst_itl *itl;
	unsigned long flags;
	bool left = false;

	spin_lock_irqsave(&dev->itl_lock, flags);
	list_for_each_entry(itl, &dev->itls, dev_node) {
		scope.foreign = itl->sess != sess;
		left = cst_tmf_left(itl->sess, &scope);
		if (left)
			break;
	}
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return left;
}

/* Every logical unit of the session, for TARGET RESET. */
static bool cst_tmf_for_each_dev(struct cst_session *sess,
				 bool (*fn)(struct cst_device *dev,
					    const struct cst_session *sess))
{
	struct cst_itl *itl;
	unsigned long lun;
	bool any = false;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl) {
		if (!percpu_ref_tryget_live(&itl->ref))
			continue;
		any |= fn(itl->dev, sess);
		percpu_ref_put(&itl->ref);
	}
	rcu_read_unlock();
	return any;
}

static bool cst_tmf_mark_one(struct cst_device *dev,
			     const struct cst_session *sess)
{
	cst_tmf_mark_device(dev, sess, CST_OK);
	return true;
}

static bool cst_tmf_reset_one(struct cst_device *dev,
			      const struct cst_session *sess)
{
	cst_medium_allow_all(dev);
	cst_ua_add_device(dev, NULL, CST_SENSE(BUS_DEVICE_RESET));
	return true;
}

static bool cst_tmf_pending(struct cst_tmf *tmf)
{
	struct cst_tmf_scope scope = { .dev = tmf->dev };

	switch (tmf->function) {
	case CST_TMF_ABORT_TASK:
		scope.tag = &tmf->tag;
		fallthrough;
	case CST_TMF_ABORT_TASK_SET:
	case CST_TMF_NEXUS_LOSS:
		return cst_tmf_left(tmf->sess, &scope);
	case CST_TMF_CLEAR_TASK_SET:
	case CST_TMF_LUN_RESET:
		return cst_tmf_left_device(tmf->dev, tmf->sess);
	default:
		/* Of this nexus, also on what has been taken from its map meanwhile. */
		return cst_tmf_left(tmf->sess, &scope) ||
		       cst_tmf_for_each_dev(tmf->sess, cst_tmf_left_device);
	}
}

static void cst_tmf_nexus_lost(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl)
		cst_ua_add(itl, CST_SENSE(I_T_NEXUS_LOSS));
	rcu_read_unlock();
}

void cst_session_let_go(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl)
		cst_medium_allow(itl);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(cst_session_let_go);

/* SAM-5 6.3: the unit attentions that follow a function. */
static void cst_tmf_conditions(struct cst_tmf *tmf)
{
	switch (tmf->function) {
	case CST_TMF_LUN_RESET:
		cst_tmf_reset_one(tmf->dev, NULL);
		break;
	case CST_TMF_TARGET_RESET:
		cst_tmf_for_each_dev(tmf->sess, cst_tmf_reset_one);
		break;
	case CST_TMF_NEXUS_LOSS:
		cst_session_let_go(tmf->sess);
		cst_tmf_nexus_lost(tmf->sess);
		break;
	default:
		break;
	}
}

/* Can it be answered now? Then its response says what. */
static bool cst_tmf_over(struct cst_tmf *tmf)
{
	if (tmf->response != CST_TMF_COMPLETE)
		return true;
	if (!cst_tmf_pending(tmf)) {
		cst_tmf_conditions(tmf);
		return true;
	}
	if (time_before(jiffies, tmf->end))
		return false;
	tmf->response = CST_TMF_REJECTED;
	return true;
}

static void cst_tmf_answer(struct cst_tmf *tmf)
{
	struct cst_device *dev = tmf->dev;

	cst_event_tmf(tmf);
	tmf->sess->ops->tmf_done(tmf);
	if (dev)
		config_item_put(&dev->obj.group.cg_item);
}

static void cst_tmf_work(struct work_struct *work)
{
	struct cst_session *sess = container_of(to_delayed_work(work),
						struct cst_session, tmf_work);
	unsigned int noio = memalloc_noio_save();
	struct cst_tmf *tmf, *next;
	LIST_HEAD(over);

	spin_lock_irq(&cst_tmf_lock);
	list_splice_tail_init(&sess->tmfs, &sess->tmfs_waiting);
	spin_unlock_irq(&cst_tmf_lock);

	list_for_each_entry_safe(tmf, next, &sess->tmfs_waiting, node)
		if (cst_tmf_over(tmf))
			list_move_tail(&tmf->node, &over);

	/* The session may go with its last answer: nobody finds it any more then. */
	spin_lock_irq(&cst_tmf_lock);
	if (list_empty(&sess->tmfs) && list_empty(&sess->tmfs_waiting)) {
		list_del_init(&sess->tmf_node);
		sess->tmfs_foreign = false;
	} else {
		/* Nobody calls us for one that is answered just as it is marked. */
		queue_delayed_work(cst_tmf_wq, &sess->tmf_work, CST_TMF_LOOK);
	}
	spin_unlock_irq(&cst_tmf_lock);

	list_for_each_entry_safe(tmf, next, &over, node)
		cst_tmf_answer(tmf);
	memalloc_noio_restore(noio);
}

void cst_tmf_session_init(struct cst_session *sess)
{
	INIT_LIST_HEAD(&sess->tmfs);
	INIT_LIST_HEAD(&sess->tmfs_waiting);
	INIT_LIST_HEAD(&sess->tmf_node);
	sess->tmfs_foreign = false;
	INIT_DELAYED_WORK(&sess->tmf_work, cst_tmf_work);
}

void cst_tmf_session_exit(struct cst_session *sess)
{
	cancel_delayed_work_sync(&sess->tmf_work);
}

/* The logical unit that a function names, referenced until its answer. */
static struct cst_device *cst_tmf_dev_get(struct cst_tmf *tmf)
{
	struct cst_device *dev = NULL;
	struct cst_itl *itl;
	u32 lun;

	if (cst_lun_decode(tmf->lun, &lun))
		return NULL;
	rcu_read_lock();
	itl = xa_load(&tmf->sess->itls, lun);
	if (itl && percpu_ref_tryget_live(&itl->ref)) {
		dev = itl->dev;
		config_item_get(&dev->obj.group.cg_item);
		percpu_ref_put(&itl->ref);
	}
	rcu_read_unlock();
	return dev;
}

static u8 cst_tmf_start(struct cst_tmf *tmf)
{
	struct cst_tmf_scope scope = { .dev = tmf->dev };

	switch (tmf->function) {
	case CST_TMF_ABORT_TASK:
		scope.tag = &tmf->tag;
		return cst_tmf_mark(tmf->sess, &scope) ?
			CST_TMF_COMPLETE : CST_TMF_TASK_DOES_NOT_EXIST;
	case CST_TMF_ABORT_TASK_SET:
	case CST_TMF_NEXUS_LOSS:
		cst_tmf_mark(tmf->sess, &scope);
		return CST_TMF_COMPLETE;
	case CST_TMF_CLEAR_TASK_SET:
		cst_tmf_mark_device(tmf->dev, tmf->sess,
				    CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
		return CST_TMF_COMPLETE;
	case CST_TMF_LUN_RESET:
		cst_tmf_mark_device(tmf->dev, tmf->sess, CST_OK);
		return CST_TMF_COMPLETE;
	case CST_TMF_TARGET_RESET:
		cst_tmf_mark(tmf->sess, &scope);
		cst_tmf_for_each_dev(tmf->sess, cst_tmf_mark_one);
		return CST_TMF_COMPLETE;
	default:
		return CST_TMF_NOT_SUPPORTED;
	}
}

void cst_tmf_submit(struct cst_tmf *tmf)
{
	bool whole_nexus = tmf->function == CST_TMF_TARGET_RESET ||
			   tmf->function == CST_TMF_NEXUS_LOSS;
	struct cst_session *sess = tmf->sess;
	unsigned long flags;

	tmf->dev = whole_nexus ? NULL : cst_tmf_dev_get(tmf);
	if (!tmf->dev && !whole_nexus)
		tmf->response = CST_TMF_LUN_DOES_NOT_EXIST;
	else
		tmf->response = cst_tmf_start(tmf);
	tmf->end = jiffies + CST_TMF_TIMEOUT;

	spin_lock_irqsave(&cst_tmf_lock, flags);
	list_add_tail(&tmf->node, &sess->tmfs);
	if (list_empty(&sess->tmf_node))
		list_add_tail(&sess->tmf_node, &cst_tmf_sessions);
	if (tmf->function == CST_TMF_CLEAR_TASK_SET ||
	    tmf->function == CST_TMF_LUN_RESET ||
	    tmf->function == CST_TMF_TARGET_RESET)
		sess->tmfs_foreign = true;
	mod_delayed_work(cst_tmf_wq, &sess->tmf_work, 0);
	spin_unlock_irqrestore(&cst_tmf_lock, flags);
}
EXPORT_SYMBOL_GPL(cst_tmf_submit);

void cst_session_abort_all(struct cst_session *sess)
{
	static const struct cst_tmf_scope everything;

	cst_tmf_mark(sess, &everything);
	/* The next session may come before this one is taken apart. */
	cst_session_let_go(sess);
}
EXPORT_SYMBOL_GPL(cst_session_abort_all);
