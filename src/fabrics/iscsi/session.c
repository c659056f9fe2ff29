// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: from the daemon's hand-over of a logged-in socket to the session's
 * end, and reinstatement (RFC 7143 6.3.5).
 *
 * genl.c calls cit_session_login().  A login with the initiator name and ISID of an
 * existing session replaces that session.  The new session starts, and its login is
 * answered, only when nothing of the older session can touch a medium any more.  Nothing
 * sleeps for that: the end of the older session queues start_work of the login that
 * waits.  A still newer login of the same port queues it, too, and then the login that
 * has waited is given up at once.  So an initiator port has at most one session that has
 * started, and one login that waits for the end of that session.
 *
 * target->sessions_lock protects the list of sessions.  It is taken inside no other lock
 * of this module.  Inside it only RCU and the lock of a work queue are taken.  Nothing is
 * allocated under it: io_work takes this lock, and an allocation might wait for I/O that
 * needs io_work.
 *
 * The end, called by conn.c when the connection is drained:
 *  1. Core forgets the session.  The directory goes when nothing holds it any more.
 *  2. The session leaves the target's list.  A login that waits for it may start.
 *  3. The socket is closed.  The last reference frees the session's memory.
 */
#include <linux/ctype.h>
#include <linux/hashtable.h>
#include <linux/idr.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <net/sock.h>
#include <linux/unaligned.h>

#include "cit.h"

/* How long a login waits for the session that it replaces. */
#define CIT_REINSTATE_TIMEOUT	(30 * HZ)

/* Offsets of what the kernel fills into the login response of the daemon. */
#define CIT_LOGIN_TSIH		14
#define CIT_LOGIN_EXPCMDSN	28
#define CIT_LOGIN_MAXCMDSN	32

static DEFINE_IDA(cit_tsihs);

static void cit_session_release(struct kref *refs)
{
	struct cit_session *cs = container_of(refs, struct cit_session, refs);

	if (cs->own_tsih)
		ida_free(&cit_tsihs, cs->tsih);
	cit_conn_destroy(&cs->conn);
	kfree(cs);
}

static void cit_session_put(struct cit_session *cs)
{
	kref_put(&cs->refs, cit_session_release);
}

/* The last reference to the directory is gone. */
void cit_session_free(struct cst_session *sess)
{
	cit_session_put(to_cit_session(sess));
}

/* The session is to end: the target is disabled, or an administrator wants it. */
void cit_session_close(struct cst_session *sess)
{
	cit_conn_dismiss(&to_cit_session(sess)->conn);
}

void cit_session_shown(struct cst_session *sess)
{
	cit_conn_shown(&to_cit_session(sess)->conn);
}

/* If @cs is a login that waits, queue its start_work.  The caller holds sessions_lock. */
static void cit_session_wake(struct cit_session *cs)
{
	lockdep_assert_held(&cs->target->sessions_lock);
	if (cs->waiting)
		mod_delayed_work(cit_close_wq, &cs->start_work, 0);
}

/* A cold reset: close every session of the target but @cs. */
void cit_session_close_others(struct cit_session *cs)
{
	struct cit_session *other;

	mutex_lock(&cs->target->sessions_lock);
	list_for_each_entry(other, &cs->target->sessions, node) {
		if (other == cs)
			continue;
		cit_conn_dismiss(&other->conn);
		cit_session_wake(other);
	}
	mutex_unlock(&cs->target->sessions_lock);
}

/**
 * cit_session_cancel_logins() - give up the logins that wait for older sessions
 * @target: closing; core closes the sessions that have started
 *
 * Context: process.
 */
void cit_session_cancel_logins(struct cit_target *target)
{
	struct cit_session *cs;

	mutex_lock(&target->sessions_lock);
	list_for_each_entry(cs, &target->sessions, node) {
		if (!cs->waiting)
			continue;
		cit_conn_close(&cs->conn);
		cit_session_wake(cs);
	}
	mutex_unlock(&target->sessions_lock);
}

/* The hash of an initiator port.  Names are compared without regard to case. */
static u32 cit_port_hash(const char *initiator, const u8 *isid)
{
	u32 hash = jhash(isid, 6, 0);

	for (; *initiator; initiator++)
		hash = hash * 31 + tolower(*initiator);
	return hash;
}

static bool cit_session_is(const struct cit_session *cs, const char *initiator,
			   const u8 *isid)
{
	return !strcasecmp(cs->initiator, initiator) &&
	       !memcmp(cs->isid, isid, sizeof(cs->isid));
}

/*
 * The latest session or login of an initiator port, or NULL.  The caller holds
 * sessions_lock.
 */
static struct cit_session *cit_session_same(struct cit_target *target,
					    const char *initiator,
					    const u8 *isid)
{
	struct cit_session *cs;

	lockdep_assert_held(&target->sessions_lock);
	hash_for_each_possible(target->ports, cs, port_node,
			       cit_port_hash(initiator, isid))
		if (cit_session_is(cs, initiator, isid))
			return cs;
	return NULL;
}

/* Is there an older session of the same port as @cs?  The caller holds sessions_lock. */
static bool cit_session_has_older(struct cit_session *cs)
{
	struct cit_session *old = cs;

	lockdep_assert_held(&cs->target->sessions_lock);
	hlist_for_each_entry_continue(old, port_node)
		if (cit_session_is(old, cs->initiator, cs->isid))
			return true;
	return false;
}

/*
 * @cs was to reinstate the connection of a session, and so has taken over its TSIH.  If
 * that session is still listed, @cs gives it back: the session shows the TSIH until its
 * end, and frees it then.  The caller holds sessions_lock.
 */
static void cit_session_give_tsih(struct cit_session *cs)
{
	struct cit_session *old;

	lockdep_assert_held(&cs->target->sessions_lock);
	hash_for_each_possible(cs->target->ports, old, port_node,
			       cit_port_hash(cs->initiator, cs->isid))
		if (cit_session_is(old, cs->initiator, cs->isid) &&
		    old->tsih == cs->tsih) {
			swap(old->own_tsih, cs->own_tsih);
			return;
		}
}

static void cit_session_unlist(struct cit_session *cs)
{
	struct cit_session *next;

	mutex_lock(&cs->target->sessions_lock);
	list_del(&cs->node);
	hash_del(&cs->port_node);
	cs->target->nr_sessions--;
	next = cit_session_same(cs->target, cs->initiator, cs->isid);
	if (cs->own_tsih)
		cit_session_give_tsih(cs);
	if (next)
		cit_session_wake(next);
	mutex_unlock(&cs->target->sessions_lock);
}

/*
 * Take a session off the list, and drop its references to itself and to the target.  The
 * caller closes the socket.
 */
static void cit_session_leave(struct cit_session *cs)
{
	struct cit_target *target = cs->target;

	cit_session_unlist(cs);
	cit_session_put(cs);
	cst_target_put(&target->tgt);
}

/**
 * cit_session_end() - end a session that has started
 * @cs: session; its connection is drained, and nothing refers to the connection
 *
 * Context: conn->end_work.
 */
void cit_session_end(struct cit_session *cs)
{
	struct socket *sock = cs->conn.sock;

	cst_session_unregister(&cs->sess);
	/*
	 * After a logout TCP delivers what was sent.  In all other cases nothing that TCP
	 * still has queued may reach the initiator later.
	 */
	if (!test_bit(CIT_CONN_GRACEFUL, &cs->conn.flags))
		sock_no_linger(sock->sk);
	cit_session_leave(cs);
	sockfd_put(sock);
}

/*
 * Register a session with core, and start its connection.  On error neither has happened,
 * and the socket is as it was.
 */
static int cit_session_start(struct cit_session *cs)
{
	struct cit_conn *conn = &cs->conn;
	int ret;

	ret = cst_session_register(&cs->sess, &cs->target->tgt, cs->initiator,
				   true, cst_fabric_session_type(&cit_ops));
	if (ret)
		return ret;
	kref_get(&cs->refs);	/* cit_session_free() drops it */

	cit_tx_queue(conn, &cs->login_rsp->tx);
	ret = cit_conn_start(conn);
	if (ret) {
		list_del_init(&cs->login_rsp->tx.node);
		cst_session_unregister(&cs->sess);
	}
	return ret;
}

/* May a login that waits go on?  -EAGAIN: not yet.  Any other errno: it is given up. */
static int cit_session_may_start(struct cit_session *cs)
{
	lockdep_assert_held(&cs->target->sessions_lock);
	/* A newer login, a cold reset or the end of the target has ended this login. */
	if (cit_conn_closing(&cs->conn))
		return -ECANCELED;
	if (!cit_session_has_older(cs))
		return 0;
	return time_before(jiffies, cs->start_by) ? -EAGAIN : -ETIMEDOUT;
}

static void cit_session_start_work(struct work_struct *work)
{
	struct cit_session *cs = container_of(to_delayed_work(work),
					      struct cit_session, start_work);
	struct socket *sock = cs->conn.sock;
	int ret;

	mutex_lock(&cs->target->sessions_lock);
	ret = cit_session_may_start(cs);
	if (ret == -EAGAIN) {
		/* This does nothing if start_work has been queued again just now. */
		queue_delayed_work(cit_close_wq, &cs->start_work,
				   cs->start_by - jiffies);
	} else {
		/*
		 * From here on nothing queues start_work again.  It may have been queued
		 * again since it began to run: cancel that.
		 */
		cs->waiting = false;
		cancel_delayed_work(&cs->start_work);
	}
	mutex_unlock(&cs->target->sessions_lock);
	if (ret == -EAGAIN)
		return;

	if (!ret)
		ret = cit_session_start(cs);
	if (!ret)
		return;

	pr_notice_ratelimited("%s: login to %s not completed: %d\n",
			      cs->initiator, cst_target_name(&cs->target->tgt),
			      ret);
	cit_pdu_free(&cs->conn, cs->login_rsp);
	kernel_sock_shutdown(sock, SHUT_RDWR);
	cit_session_leave(cs);
	sockfd_put(sock);
}

static void cit_login_rsp_fill(struct cit_session *cs, const void *rsp, u32 len)
{
	struct cit_pdu *pdu = cs->login_rsp;
	u8 *bhs = page_address(pdu->bvec[0].bv_page);

	cit_pdu_fill(pdu, rsp, len);
	put_unaligned_be16(cs->tsih, bhs + CIT_LOGIN_TSIH);
	put_unaligned_be32(cs->conn.window.exp, bhs + CIT_LOGIN_EXPCMDSN);
	put_unaligned_be32(cs->conn.window.max, bhs + CIT_LOGIN_MAXCMDSN);
	pdu->raw = true;
}

/*
 * Copy the target's parameters to a session.  A later change of a parameter does not
 * affect the session.  Return: QueuedCommands.
 */
static unsigned int cit_session_params(struct cit_session *cs)
{
	struct cit_params *params = &cs->target->params;
	unsigned int queued;

	mutex_lock(&cs->target->tgt.obj.lock);
	queued = params->queued_commands;
	cs->conn.nop_interval = params->nop_interval;
	cs->conn.nop_timeout = params->nop_timeout;
	cs->conn.dataout_timeout = params->dataout_timeout;
	cs->conn.datain_timeout = params->datain_timeout;
	cs->conn.cmdsn_timeout = params->cmdsn_timeout;
	mutex_unlock(&cs->target->tgt.obj.lock);
	return queued;
}

static struct cit_session *cit_session_alloc(struct cit_target *target,
					     struct socket *sock,
					     const struct cit_login *login)
{
	struct cit_session *cs = kzalloc(sizeof(*cs), GFP_KERNEL);
	unsigned int queued;

	if (!cs)
		return NULL;
	kref_init(&cs->refs);
	INIT_DELAYED_WORK(&cs->start_work, cit_session_start_work);
	cs->target = target;
	memcpy(cs->isid, login->isid, sizeof(cs->isid));
	strscpy(cs->initiator, login->initiator, sizeof(cs->initiator));
	cs->conn.keys = login->keys;
	cs->conn.statsn = login->statsn + 1;
	cs->conn.cid = login->cid;
	cs->conn.local = login->local;
	cs->conn.peer = login->peer;
	queued = cit_session_params(cs);
	cs->sess.depth = queued;
	cit_window_init(&cs->conn.window, login->cmdsn,
			cst_session_credit(&cs->sess));
	if (cit_conn_init(&cs->conn, cs, sock, queued))
		goto put;
	cs->login_rsp = cit_pdu_alloc(&cs->conn, login->rsp_len);
	if (!cs->login_rsp)
		goto put;
	return cs;

put:
	cit_session_put(cs);
	return NULL;
}

/* Allocate a TSIH for a new session. */
static int cit_session_tsih(struct cit_session *cs)
{
	int ret = ida_alloc_range(&cit_tsihs, 1, U16_MAX, GFP_KERNEL);

	if (ret < 0)
		return ret == -ENOSPC ? -EMLINK : ret;
	cs->tsih = ret;
	cs->own_tsih = true;
	return 0;
}

/*
 * Keys that were negotiated on the leading connection hold for the whole session (RFC
 * 7143 6.3.4, 13).  The login of a later connection has negotiated only digests and the
 * lengths of data segments.
 */
static void cit_keys_inherit(struct cit_keys *keys, const struct cit_keys *session)
{
	struct cit_keys own = *keys;

	*keys = *session;
	keys->header_digest = own.header_digest;
	keys->data_digest = own.data_digest;
	keys->max_recv_dsl = own.max_recv_dsl;
	keys->max_xmit_dsl = own.max_xmit_dsl;
}

/*
 * Put a session on the target's list, and close the session that it replaces.  @old_peer
 * is set to the peer of the latter if that is another host.  The caller holds
 * sessions_lock.
 *
 * Return: 0; -ESRCH: there is no session with that TSIH; -EMLINK: too many sessions, or
 * connections of the session.
 */
static int cit_session_enlist(struct cit_session *cs, u16 tsih,
			      struct sockaddr_storage *old_peer)
{
	struct cit_target *target = cs->target;
	struct cit_session *old = cit_session_same(target, cs->initiator,
						   cs->isid);
	u32 max = READ_ONCE(target->params.max_sessions);

	lockdep_assert_held(&target->sessions_lock);

	if (tsih && (!old || old->tsih != tsih))
		return -ESRCH;
	/* RFC 7143 6.3.1: a second connection for a session.  Only one is supported. */
	if (tsih && old->conn.cid != cs->conn.cid)
		return -EMLINK;
	/*
	 * A login that replaces a session waits on the list beside that session.  So
	 * there may be twice as many for some time.
	 */
	if (max && target->nr_sessions >= (old ? 2 * max : max))
		return -EMLINK;
	if (tsih) {
		/* The login reinstates the connection of the session, which goes on. */
		cit_keys_inherit(&cs->conn.keys, &old->conn.keys);
		cs->tsih = tsih;
		cs->own_tsih = old->own_tsih;
		old->own_tsih = false;
	}
	list_add_tail(&cs->node, &target->sessions);
	hash_add(target->ports, &cs->port_node,
		 cit_port_hash(cs->initiator, cs->isid));
	target->nr_sessions++;
	if (!old)
		return 0;
	if (!cit_addr_same_host(&old->conn.peer, &cs->conn.peer))
		*old_peer = old->conn.peer;
	cit_conn_close(&old->conn);
	cit_session_wake(old);
	cs->waiting = true;
	cs->start_by = jiffies + CIT_REINSTATE_TIMEOUT;
	queue_delayed_work(cit_close_wq, &cs->start_work, CIT_REINSTATE_TIMEOUT);
	return 0;
}

/*
 * Log that a session has been replaced by a login from another address, and send an
 * event.  A host that reconnects usually has the same address.  Two hosts that share an
 * initiator name and ISID end each other's sessions for ever, and an administrator must
 * hear of it.
 */
static void cit_session_tell_replaced(struct cit_target *target,
				      const struct cit_login *login,
				      const struct sockaddr_storage *old_peer)
{
	char addr[CIT_ADDR_LEN], old_addr[CIT_ADDR_LEN];

	cit_addr_print(&login->peer, addr);
	cit_addr_print(old_peer, old_addr);
	pr_notice_ratelimited("%s: the login of %s from %s ends the session that it has from %s: have two hosts one name?\n",
			      cst_target_name(&target->tgt), login->initiator,
			      addr, old_addr);
	cst_event_replaced(&target->tgt, login->initiator, addr, old_addr);
}

/* Would core accept this session?  Core checks again when the session is registered. */
static int cit_session_access(struct cit_target *target, const char *initiator)
{
	struct cst_target *tgt = &target->tgt;
	int ret;

	mutex_lock(&tgt->obj.lock);
	ret = cst_target_access(tgt, initiator);
	mutex_unlock(&tgt->obj.lock);
	return ret;
}

/**
 * cit_session_login() - make a session of a socket that has logged in
 * @target: referenced; the session takes over the reference if this succeeds
 * @sock: referenced; the session takes over the reference if this succeeds
 * @login: what the daemon says of the login; checked
 * @tsih: the TSIH of the session, if this succeeds
 *
 * Context: process, may sleep, waits for nothing that takes long.
 *
 * Return: 0, or an errno that CST_ISCSI_CMD_NEW_CONN may answer.
 */
int cit_session_login(struct cit_target *target, struct socket *sock,
		      const struct cit_login *login, u16 *tsih)
{
	struct sockaddr_storage old_peer = {};
	struct cit_session *cs;
	bool waiting;
	int ret;

	ret = cit_session_access(target, login->initiator);
	if (ret)
		return ret;
	cs = cit_session_alloc(target, sock, login);
	if (!cs)
		return -ENOMEM;

	if (!login->tsih) {
		ret = cit_session_tsih(cs);
		if (ret)
			goto free;
	}
	/*
	 * A listed login that waits may end at any time, and drop its target reference.
	 */
	config_item_get(&target->tgt.obj.group.cg_item);
	mutex_lock(&target->sessions_lock);
	ret = cit_session_enlist(cs, login->tsih, &old_peer);
	waiting = cs->waiting;
	if (!ret) {
		cit_login_rsp_fill(cs, login->rsp, login->rsp_len);
		*tsih = cs->tsih;
	}
	mutex_unlock(&target->sessions_lock);
	if (!ret && old_peer.ss_family)
		cit_session_tell_replaced(target, login, &old_peer);
	cst_target_put(&target->tgt);
	if (ret)
		goto free;
	if (waiting)
		return 0;
	ret = cit_session_start(cs);
	if (!ret)
		return 0;
	cit_session_unlist(cs);
free:
	cit_pdu_free(&cs->conn, cs->login_rsp);
	cit_session_put(cs);
	return ret;
}
