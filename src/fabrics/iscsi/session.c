// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: from the daemon's hand-over of a logged-in socket to the session's
 * end, and reinstatement (RFC 7143 6.3.5).
 *
 * genl.c calls cit_session_login().  A login with the initiator name and ISID of
 * a session that exists ends that one: the new session starts, and its login is
 * answered, only when nothing of the older can touch a medium any more.  Nobody
 * sleeps for that: the older session's end queues start_work, and so does a still
 * newer login, which gives this one up at once.  So of one initiator port there is at most
 * one session that has started and one login that waits for its end.
 *
 * target->sessions_lock protects the list of sessions; it is taken inside no other
 * lock of ours, and outside none but rcu and a work queue's.  Nobody who holds it
 * allocates: io_work waits for it, and the allocation might wait for I/O that needs
 * that io_work.
 *
 * The end, called by conn.c when the connection is drained:
 *  1. core forgets the session; its directory goes when it can;
 *  2. off the list: whoever waits may start;
 *  3. the socket is closed, memory is given back with the last reference.
 */
#include <linux/ctype.h>
#include <linux/hashtable.h>
#include <linux/idr.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <net/sock.h>
#include <linux/unaligned.h>

#include "cit.h"

/* How long a login waits for the sessions that it replaces. */
#define CIT_REINSTATE_TIMEOUT	(30 * HZ)

/* Offsets in the login response of what the daemon leaves to us. */
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

/* The directory's last reference is gone. */
void cit_session_free(struct cst_session *sess)
{
	cit_session_put(to_cit_session(sess));
}

/* Core wants it gone: the target is disabled, or an administrator says so. */
void cit_session_close(struct cst_session *sess)
{
	cit_conn_dismiss(&to_cit_session(sess)->conn);
}

void cit_session_shown(struct cst_session *sess)
{
	cit_conn_shown(&to_cit_session(sess)->conn);
}

/* Have start_work look, if there is a login that waits.  sessions_lock held. */
static void cit_session_wake(struct cit_session *cs)
{
	lockdep_assert_held(&cs->target->sessions_lock);
	if (cs->waiting)
		mod_delayed_work(cit_close_wq, &cs->start_work, 0);
}

/* Every session of the target but this one: a cold reset. */
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

/* Of an initiator port; names are compared without regard to case. */
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

/* The session that a login would replace.  sessions_lock held. */
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

/* Is there still one that @cs replaces?  sessions_lock held. */
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
 * A login that was to reinstate the connection of a session, and came to nothing, gives
 * the TSIH back to the session, which shows it until its end.  sessions_lock held.
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

/* The end of one that has been on the list; the socket is the caller's. */
static void cit_session_leave(struct cit_session *cs)
{
	struct cit_target *target = cs->target;

	cit_session_unlist(cs);
	cit_session_put(cs);
	cst_target_put(&target->tgt);
}

/**
 * cit_session_end() - the end of a session that has started
 * @cs: its connection is drained and nothing refers to it
 *
 * Context: close_work.
 */
void cit_session_end(struct cit_session *cs)
{
	struct socket *sock = cs->conn.sock;

	cst_session_unregister(&cs->sess);
	/*
	 * After a logout TCP delivers what was sent; else nothing that is still
	 * queued may appear at the initiator later.
	 */
	if (!test_bit(CIT_CONN_GRACEFUL, &cs->conn.flags))
		sock_no_linger(sock->sk);
	cit_session_leave(cs);
	sockfd_put(sock);
}

/*
 * Let a session live.  On error nothing has happened, and its socket is as it was.
 */
static int cit_session_start(struct cit_session *cs)
{
	struct cit_conn *conn = &cs->conn;
	int ret;

	ret = cst_session_register(&cs->sess, &cs->target->tgt, cs->initiator,
				   true, cst_fabric_session_type(&cit_ops));
	if (ret)
		return ret;
	kref_get(&cs->refs);	/* the directory's */

	cit_tx_queue(conn, &cs->login_rsp->tx);
	ret = cit_conn_start(conn);
	if (ret) {
		list_del_init(&cs->login_rsp->tx.node);
		cst_session_unregister(&cs->sess);
	}
	return ret;
}

/* May a login that waits go on?  -EAGAIN: not yet; other errno: it is given up. */
static int cit_session_may_start(struct cit_session *cs)
{
	lockdep_assert_held(&cs->target->sessions_lock);
	/* It has been replaced itself. */
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
		/* Only if nobody has queued it again just now. */
		queue_delayed_work(cit_close_wq, &cs->start_work,
				   cs->start_by - jiffies);
	} else {
		/* Nobody queues it from here on, and it may have been once more. */
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

/* What the target's parameters say about a session; they may change under it. */
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

/* A TSIH of its own for a new session. */
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
 * What is negotiated on the leading connection holds for the session (RFC 7143 6.3.4,
 * 13): the login of another one has agreed on nothing but its own digests and data
 * segments.
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
 * Put the session on the target's list, and close the one that it replaces, whose
 * peer is told if it is another host.  sessions_lock held.
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
	/* RFC 7143 6.3.1: another connection for the session, which has one. */
	if (tsih && old->conn.cid != cs->conn.cid)
		return -EMLINK;
	/* One that takes another's place waits beside it until that has gone. */
	if (max && target->nr_sessions >= (old ? 2 * max : max))
		return -EMLINK;
	if (tsih) {
		/* Its connection is reinstated; the session goes on. */
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
 * A host that reconnects has its address still.  Two that share a name and ISID end
 * each other's sessions for ever, and somebody has to hear of it.
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

/* Would core take this session?  It is asked again when it is registered. */
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
 * @target: referenced; the reference is the session's when this has succeeded
 * @sock: likewise
 * @login: checked
 * @tsih: of the session
 *
 * Context: process, may sleep, waits for nothing long.  Return: 0, or what
 * CST_ISCSI_CMD_NEW_CONN may answer.
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
	/* A session that waits may end, and drop its target, as soon as it is listed. */
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
