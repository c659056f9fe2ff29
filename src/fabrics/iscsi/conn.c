// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection: its work, the callbacks of its socket, its end.
 *
 * io_work receives, lets core execute, and sends, in one go and in one context.
 * cit_conn_kick() queues io_work.  The callers of cit_conn_kick() are the socket's
 * callbacks (softirq), core when a command ends outside of io_work, and timers.
 * Everything in struct cit_conn that is not marked otherwise belongs to io_work and needs
 * no lock.  The bit OWNED says that io_work is queued or running.  The bit WANT tells
 * io_work to go round again.  So a kick while io_work runs costs two bit operations and
 * no wake-up.
 *
 * A run of io_work has a budget of bytes that it may receive, read and send.  When the
 * budget is used up, io_work queues itself behind the other connections of its CPU.
 * io_work runs on the CPU where TCP processes the packets of the connection at present.
 * There is one exception: another io_work is queued or running on that CPU, and fewer are
 * on spare_cpu, the CPU that this connection has in reserve.  Then io_work runs on
 * spare_cpu, so that connections whose packets all come in on one CPU use the others,
 * too.
 *
 * The end of a connection begins with cit_conn_close(), in any context.  close_work does
 * steps 1 to 4, end_work does steps 5 and 6:
 *  1. The socket's callbacks are restored under sk_callback_lock: from here on TCP does
 *     not call this file.  A FIN tells the peer.
 *  2. The state becomes DEAD, and io_work is flushed.  An io_work that runs later neither
 *     submits nor sends anything.  It only frees what comes back from core.
 *  3. The timers are stopped.
 *  4. Core aborts every command, and the state becomes DRAINING.  io_work fails the
 *     commands that wait for data, and releases those that were to be answered.  It
 *     queues end_work when the last command and the last task management function have
 *     come back.  That may take hours when a backing hangs.  No worker sleeps meanwhile:
 *     one such backing would occupy all workers, and no other session could end.
 *  5. The context that has pushed the last event may still be about to kick io_work, and
 *     so may close_work.  Each of them kicks within one RCU read-side section, and
 *     end_work runs a grace period later.  It cancels io_work for good.  Then nothing
 *     refers to the connection any more.
 *  6. The session ends, and the socket is closed.
 */
#include <linux/sched/mm.h>
#include <linux/sched/isolation.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "cit.h"

/* After so many rounds or bytes, other connections on this CPU get their turn. */
#define CIT_IO_ROUNDS	32
#define CIT_IO_BUDGET	(2 << 20)
/* How often the log names a session that cannot end. */
#define CIT_DRAIN_NOTICE	(30 * HZ)
/*
 * An initiator whose login is answered should find its session in the configfs tree.  The
 * answer waits no longer than this for the directory.
 */
#define CIT_SHOW_TIMEOUT	HZ

/* The number of connections whose io_work is queued or running on a CPU. */
static DEFINE_PER_CPU(atomic_t, cit_io_load);

static int cit_io_load_of(int cpu)
{
	return atomic_read(per_cpu_ptr(&cit_io_load, cpu));
}

static bool cit_cpu_usable(int cpu)
{
	bool usable;

	/* Since Linux 7.0 the mask may be replaced at any time: RCU protects it. */
	rcu_read_lock();
	usable = cpu_online(cpu) && housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN);
	rcu_read_unlock();
	return usable;
}

/* Choose another CPU of the same node, in turn for each call.  @cpu if there is none. */
static noinline int cit_cpu_near(int cpu)
{
	static atomic_t turn = ATOMIC_INIT(0);
	const struct cpumask *node = cpumask_of_node(cpu_to_node(cpu));
	unsigned int n = (unsigned int)atomic_inc_return(&turn) %
			 max(cpumask_weight(node), 1U);
	int near = cpu;
	int i;

	for_each_cpu(i, node) {
		if (i == cpu || !cit_cpu_usable(i))
			continue;
		near = i;
		if (!n--)
			break;
	}
	return near;
}

/* Another io_work is queued or running on @cpu: choose between @cpu and the spare CPU. */
static noinline int cit_io_cpu_busy(struct cit_conn *conn, int cpu)
{
	int spare = conn->spare_cpu;

	if (spare < 0 || spare == cpu || !cit_cpu_usable(spare)) {
		spare = cit_cpu_near(cpu);
		conn->spare_cpu = spare;
	}
	return cit_io_load_of(spare) < cit_io_load_of(cpu) ? spare : cpu;
}

/* The CPU that io_work is to run on.  Context: the caller has set OWNED. */
static int cit_io_cpu(struct cit_conn *conn)
{
	int cpu = READ_ONCE(conn->sock->sk->sk_incoming_cpu);

	if (unlikely(cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu)))
		cpu = raw_smp_processor_id();
	return cit_io_load_of(cpu) ? cit_io_cpu_busy(conn, cpu) : cpu;
}

/* io_work is not queued any more, and not running or about to end. */
static void cit_io_done(struct cit_conn *conn)
{
	atomic_dec(per_cpu_ptr(&cit_io_load, conn->cpu));
}

void cit_conn_kick(struct cit_conn *conn)
{
	int cpu;

	set_bit(CIT_CONN_WANT, &conn->flags);
	/*
	 * WANT must be set before OWNED is tested, because io_work clears OWNED and then
	 * tests WANT.  test_and_set_bit() is no barrier when the bit is set already.
	 */
	smp_mb__after_atomic();
	if (test_and_set_bit(CIT_CONN_OWNED, &conn->flags))
		return;
	cpu = cit_io_cpu(conn);
	WRITE_ONCE(conn->cpu, cpu);
	atomic_inc(per_cpu_ptr(&cit_io_load, cpu));
	/* This fails when io_work kicks itself while cancel_work_sync() waits for it. */
	if (!queue_work_on(cpu, cit_io_wq, &conn->io_work))
		cit_io_done(conn);
}

/**
 * cit_conn_event() - tell io_work that core has called an operation for an object
 * @conn: connection
 * @event: embedded in the object, which belongs to io_work from here on
 *
 * Context: any.
 */
void cit_conn_event(struct cit_conn *conn, struct cit_event *event)
{
	rcu_read_lock();
	if (llist_add(&event->node, &conn->events))
		cit_conn_kick(conn);
	rcu_read_unlock();
}

static void cit_again_work(struct work_struct *work)
{
	cit_conn_kick(container_of(to_delayed_work(work), struct cit_conn,
				   again_work));
}

/**
 * cit_conn_again() - have io_work run again after a delay
 * @conn: connection
 * @delay: jiffies; replaces the delay of an earlier call.  A caller that waits for a
 *	later time must call again when io_work runs
 *
 * Context: io_work.
 */
void cit_conn_again(struct cit_conn *conn, unsigned long delay)
{
	/* The timer of a dead connection has been stopped for good. */
	if (!cit_conn_dead(conn))
		mod_delayed_work(system_percpu_wq, &conn->again_work, delay);
}

static noinline void cit_conn_take_events(struct cit_conn *conn)
{
	struct llist_node *list = llist_del_all(&conn->events);
	struct cit_event *event, *next;

	/*
	 * Take the events in order of arrival, so that the response of a task management
	 * function follows those of the commands that it was about.
	 */
	list = llist_reverse_order(list);
	llist_for_each_entry_safe(event, next, list, node) {
		switch (event->type) {
		case CIT_EV_TMF:
			cit_tmf_finish(container_of(event, struct cit_tmf,
						    event));
			break;
		default:
			cit_cmd_event(container_of(event, struct cit_cmd,
						   event), event->type);
		}
	}
}

/* Receive and send.  Return: 0, or errno when the connection must be closed. */
static int cit_conn_io(struct cit_conn *conn)
{
	struct sock *sk = conn->sock->sk;
	bool lost;
	int ret;

	lock_sock(sk);
	/*
	 * If LOST is set now, all that came before the end of the stream is in the
	 * receive queue.  If release_sock() finds the end of the stream, the callback
	 * kicks io_work.
	 */
	lost = test_bit(CIT_CONN_LOST, &conn->flags);
	ret = cit_rx(conn);
	/*
	 * The budget is used up and data may be left: another round looks at LOST again.
	 */
	if (unlikely(lost) && conn->budget <= 0)
		lost = false;
	if (likely(!ret))
		ret = cit_tx(conn);
	release_sock(sk);
	return unlikely(!ret && lost) ? -ECONNRESET : ret;
}

/*
 * What io_work does for a dead connection: free everything, and queue end_work at last.
 */
static void cit_conn_reap(struct cit_conn *conn)
{
	cit_tx_flush(conn);
	/* The answer to a request whose data segment will never be complete. */
	if (conn->rx.pdu) {
		cit_pdu_free(conn, conn->rx.pdu);
		conn->rx.pdu = NULL;
	}
	cit_scsi_reap(conn);
	if (!conn->active &&
	    atomic_cmpxchg(&conn->state, CIT_CONN_DRAINING, CIT_CONN_DRAINED) ==
	    CIT_CONN_DRAINING)
		queue_rcu_work(cit_close_wq, &conn->end_work);
}

static void cit_conn_round(struct cit_conn *conn)
{
	if (!llist_empty(&conn->events))
		cit_conn_take_events(conn);

	if (unlikely(cit_conn_dead(conn))) {
		cit_conn_reap(conn);
		return;
	}
	if (unlikely(cit_conn_closing(conn)))
		return;
	if (unlikely(!test_bit(CIT_CONN_SHOWN, &conn->flags)))
		return;
	if (unlikely(test_and_clear_bit(CIT_CONN_ABORTS, &conn->flags)))
		cit_scsi_reap(conn);
	if (unlikely(test_and_clear_bit(CIT_CONN_NOP_DUE, &conn->flags)) &&
	    cit_nop_due(conn)) {
		cit_conn_close(conn);
		return;
	}
	if (unlikely(test_and_clear_bit(CIT_CONN_DATA_DUE, &conn->flags)) &&
	    cit_data_due(conn)) {
		cit_conn_close(conn);
		return;
	}
	if (unlikely(test_bit(CIT_CONN_TX_DUE, &conn->flags)) &&
	    cit_tx_due(conn)) {
		cit_conn_close(conn);
		return;
	}
	if (unlikely(test_bit(CIT_CONN_GOODBYE, &conn->flags))) {
		cit_goodbye(conn);
		cit_conn_io(conn);
		cit_conn_close(conn);
		return;
	}
	/*
	 * This comes before cit_conn_io(), where cit_tx() may ask for a shorter delay:
	 * cit_conn_again() knows only the latest delay.
	 */
	if (unlikely(conn->gap) && cit_cmdsn_due(conn)) {
		cit_conn_close(conn);
		return;
	}
	if (unlikely(cit_conn_io(conn)))
		cit_conn_close(conn);
}

static void cit_io_work(struct work_struct *work)
{
	struct cit_conn *conn = container_of(work, struct cit_conn, io_work);
	/* The target may serve this host's swap: reclaim must not wait for this work. */
	unsigned int noio = memalloc_noio_save();
	unsigned int rounds = CIT_IO_ROUNDS;

	WRITE_ONCE(conn->io_task, current);
	conn->budget = CIT_IO_BUDGET;
	do {
		clear_bit(CIT_CONN_WANT, &conn->flags);
		/* Clear WANT before looking: a kick during the round sets WANT again. */
		smp_mb__after_atomic();
		cit_conn_round(conn);
	} while (test_bit(CIT_CONN_WANT, &conn->flags) && --rounds &&
		 conn->budget > 0);
	WRITE_ONCE(conn->io_task, NULL);
	memalloc_noio_restore(noio);

	cit_io_done(conn);
	clear_bit_unlock(CIT_CONN_OWNED, &conn->flags);
	/*
	 * A kick sets WANT and then tests OWNED.  This clears OWNED and then tests WANT.
	 * So at least one of the two sees what the other has done.
	 */
	smp_mb__after_atomic();
	if (test_bit(CIT_CONN_WANT, &conn->flags))
		cit_conn_kick(conn);
}

static void cit_data_ready(struct sock *sk)
{
	struct cit_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (likely(conn))
		cit_conn_kick(conn);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void cit_write_space(struct sock *sk)
{
	struct cit_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	/*
	 * TCP calls this also from within cit_tx(), when tx.giving is set.  cit_tx()
	 * itself decides then when to try again.
	 */
	if (likely(conn) && sk_stream_is_writeable(sk) &&
	    likely(!READ_ONCE(conn->tx.giving))) {
		clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		cit_conn_kick(conn);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void cit_state_change(struct sock *sk)
{
	struct cit_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (likely(conn) && sk->sk_state != TCP_ESTABLISHED) {
		set_bit(CIT_CONN_LOST, &conn->flags);
		cit_conn_kick(conn);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

/*
 * The caller has locked the socket: TCP delays its changes of state until the socket is
 * released, and then calls the new callbacks.  So an end of the stream cannot be missed
 * between the test of sk_state and the setting of the callbacks.
 */
static int cit_callbacks_set(struct cit_conn *conn)
{
	struct sock *sk = conn->sock->sk;
	int ret = 0;

	sock_owned_by_me(sk);
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_user_data) {
		ret = -EINVAL;
	} else if (sk->sk_state != TCP_ESTABLISHED) {
		ret = -ENOTCONN;
	} else {
		conn->old_data_ready = sk->sk_data_ready;
		conn->old_write_space = sk->sk_write_space;
		conn->old_state_change = sk->sk_state_change;
		sk->sk_user_data = conn;
		sk->sk_data_ready = cit_data_ready;
		sk->sk_write_space = cit_write_space;
		sk->sk_state_change = cit_state_change;
	}
	write_unlock_bh(&sk->sk_callback_lock);
	return ret;
}

static void cit_callbacks_restore(struct cit_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = conn->old_data_ready;
	sk->sk_write_space = conn->old_write_space;
	sk->sk_state_change = conn->old_state_change;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

/*
 * Let the session of an initiator on this host use the system's reserve of memory.
 *
 * Such an initiator may swap to a disk of ours.  When memory is short, reclaim waits for
 * that session.  Without the reserve the session would wait for reclaim.  The socket has
 * to be marked, too: TCP drops packets in memory of the reserve for all other sockets.
 * The socket's buffers, and the limits of what a session may have under way, bound what
 * the session takes from the reserve.  The caller has locked the socket.
 */
static void cit_reserve_set(struct cit_conn *conn)
{
	struct sock *sk = conn->sock->sk;
	const struct dst_entry *dst;
	bool here;

	rcu_read_lock();
	dst = __sk_dst_get(sk);
	here = dst && (dst->dev->flags & IFF_LOOPBACK);
	rcu_read_unlock();
	if (!here)
		return;
	/*
	 * GFP_ATOMIC: an allocation that may sleep would wait in the allocator, perhaps
	 * for ever, and would not get to the reserve.
	 */
	conn->gfp = GFP_ATOMIC | __GFP_MEMALLOC;
	sk->sk_allocation = GFP_ATOMIC;
	sk_set_memalloc(sk);
}

static void cit_reserve_clear(struct cit_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	if (!(conn->gfp & __GFP_MEMALLOC))
		return;
	lock_sock(sk);
	sk_clear_memalloc(sk);
	release_sock(sk);
}

static void cit_close_work(struct work_struct *work)
{
	struct cit_conn *conn = container_of(work, struct cit_conn, close_work);

	/* 1. */
	cit_callbacks_restore(conn);
	cit_reserve_clear(conn);
	kernel_sock_shutdown(conn->sock, SHUT_RDWR);
	/* 2. */
	atomic_set(&conn->state, CIT_CONN_DEAD);
	flush_work(&conn->io_work);
	/* 3. */
	cancel_delayed_work_sync(&conn->show_work);
	cancel_delayed_work_sync(&conn->nop_work);
	cancel_delayed_work_sync(&conn->data_work);
	cancel_delayed_work_sync(&conn->tx_work);
	cancel_delayed_work_sync(&conn->again_work);
	/* 4. */
	cst_session_abort_all(&conn->sess->sess);
	queue_delayed_work(cit_close_wq, &conn->notice_work, CIT_DRAIN_NOTICE);
	/*
	 * As soon as the state is DRAINING, io_work may queue end_work.  end_work waits
	 * for this RCU read-side section, so that the connection is there for the kick.
	 */
	rcu_read_lock();
	atomic_set(&conn->state, CIT_CONN_DRAINING);
	cit_conn_kick(conn);
	rcu_read_unlock();
}

/* Tell an administrator why a session does not end. */
static void cit_notice_work(struct work_struct *work)
{
	struct cit_conn *conn = container_of(to_delayed_work(work),
					     struct cit_conn, notice_work);

	pr_warn_ratelimited("%s: the session of %s ends when its commands in the backing do\n",
			    cst_target_name(&conn->sess->target->tgt),
			    conn->sess->initiator);
	queue_delayed_work(cit_close_wq, &conn->notice_work, CIT_DRAIN_NOTICE);
}

static void cit_end_work(struct work_struct *work)
{
	struct cit_conn *conn = container_of(to_rcu_work(work), struct cit_conn,
					     end_work);

	cancel_delayed_work_sync(&conn->notice_work);
	/* 5. */
	if (cancel_work_sync(&conn->io_work))
		cit_io_done(conn);
	/* 6. */
	cit_session_end(conn->sess);
}

/**
 * cit_conn_close() - start the end of a connection
 * @conn: connection of a registered session
 *
 * Context: any; any number of times.
 */
void cit_conn_close(struct cit_conn *conn)
{
	/* cit_conn_start() closes a connection that it finds UNWANTED. */
	if (atomic_cmpxchg(&conn->state, CIT_CONN_NEW, CIT_CONN_UNWANTED) ==
	    CIT_CONN_LIVE &&
	    atomic_cmpxchg(&conn->state, CIT_CONN_LIVE, CIT_CONN_CLOSING) ==
	    CIT_CONN_LIVE)
		queue_work(cit_close_wq, &conn->close_work);
}

/**
 * cit_conn_dismiss() - tell the initiator that the session ends, then close
 * @conn: connection of a registered session
 *
 * The Async Message is sent only if TCP takes it at once.  Nothing waits for TCP.
 *
 * Context: any; any number of times.
 */
void cit_conn_dismiss(struct cit_conn *conn)
{
	/* end_work waits for this section before it cancels io_work for good. */
	rcu_read_lock();
	if (cit_conn_state(conn) < CIT_CONN_LIVE) {
		cit_conn_close(conn);
	} else if (!cit_conn_closing(conn)) {
		set_bit(CIT_CONN_GOODBYE, &conn->flags);
		cit_conn_kick(conn);
	}
	rcu_read_unlock();
}

/**
 * cit_conn_shown() - the login may be answered
 * @conn: of a session that is registered; the session may be ending already
 *
 * Context: process.
 */
void cit_conn_shown(struct cit_conn *conn)
{
	/* end_work waits for this section before it cancels io_work for good. */
	rcu_read_lock();
	set_bit(CIT_CONN_SHOWN, &conn->flags);
	/*
	 * Set SHOWN before the state is read: cit_conn_start() sets the state, then
	 * kicks.
	 */
	smp_mb__after_atomic();
	if (cit_conn_state(conn) >= CIT_CONN_LIVE && !cit_conn_dead(conn))
		cit_conn_kick(conn);
	rcu_read_unlock();
}

/* The directory has not appeared in time: do not let the initiator wait longer. */
static void cit_show_work(struct work_struct *work)
{
	cit_conn_shown(container_of(to_delayed_work(work), struct cit_conn,
				    show_work));
}

static int cit_conn_alloc_cmds(struct cit_conn *conn, unsigned int queued)
{
	/*
	 * __GFP_NOWARN: a login that is refused is logged.  It is worth no stack trace.
	 */
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	unsigned int i;

	conn->nr_cmds = queued + CIT_IMMEDIATE_CMDS;
	conn->itt_bits = order_base_2(conn->nr_cmds) + 1;
	conn->cmds = kvcalloc(conn->nr_cmds, sizeof(*conn->cmds), gfp);
	conn->itts = kvcalloc(1UL << conn->itt_bits, sizeof(*conn->itts), gfp);
	if (!conn->cmds || !conn->itts)
		return -ENOMEM;
	for (i = 0; i < conn->nr_cmds; i++) {
		struct cit_cmd *cc = &conn->cmds[i];

		cc->conn = conn;
		cc->index = i;
		list_add_tail(&cc->tx.node, &conn->free);
	}
	return 0;
}

/**
 * cit_conn_init() - prepare the connection of a new session
 * @conn: zeroed but for keys, window, statsn, cid, local and peer
 * @sess: its session
 * @sock: referenced by the caller; nothing here takes or drops a reference
 * @queued: non-immediate commands that may be under way at once
 *
 * Return: 0 or -ENOMEM.  The caller must call cit_conn_destroy() in either case.
 */
int cit_conn_init(struct cit_conn *conn, struct cit_session *sess,
		  struct socket *sock, unsigned int queued)
{
	int ret;

	conn->sess = sess;
	conn->sock = sock;
	conn->spare_cpu = -1;
	conn->gfp = GFP_NOIO;
	INIT_WORK(&conn->io_work, cit_io_work);
	INIT_WORK(&conn->close_work, cit_close_work);
	INIT_RCU_WORK(&conn->end_work, cit_end_work);
	INIT_DELAYED_WORK(&conn->notice_work, cit_notice_work);
	INIT_DELAYED_WORK(&conn->show_work, cit_show_work);
	INIT_DELAYED_WORK(&conn->nop_work, cit_nop_work);
	INIT_DELAYED_WORK(&conn->data_work, cit_data_work);
	INIT_DELAYED_WORK(&conn->tx_work, cit_tx_work);
	INIT_DELAYED_WORK(&conn->again_work, cit_again_work);
	init_llist_head(&conn->events);
	INIT_LIST_HEAD(&conn->free);
	cit_rx_init(&conn->rx);
	ret = cit_tx_init(&conn->tx);
	if (!ret)
		ret = cit_conn_alloc_cmds(conn, queued);
	return ret;
}

/* Free what cit_conn_init() has made.  The socket stays with the caller. */
void cit_conn_destroy(struct cit_conn *conn)
{
	cit_tx_destroy(&conn->tx);
	kvfree(conn->cmds);
	kvfree(conn->itts);
}

/**
 * cit_conn_start() - make a connection work
 * @conn: initialised; its session is registered, and its first PDU is queued.  A
 *	connection that has been started may end at any moment, and may have been freed
 *	when this returns
 *
 * Return: 0; or errno when the peer has gone.  Then nothing has been started.
 */
int cit_conn_start(struct cit_conn *conn)
{
	struct sock *sk = conn->sock->sk;
	int ret;

	tcp_sock_set_nodelay(sk);
	conn->last_rx = jiffies;
	conn->data_moved = jiffies;
	conn->tx_moved = jiffies;

	lock_sock(sk);
	sk->sk_allocation = GFP_NOIO;
	ret = cit_callbacks_set(conn);
	if (!ret)
		cit_reserve_set(conn);
	release_sock(sk);
	if (ret)
		return ret;
	cit_nop_start(conn);
	if (!test_bit(CIT_CONN_SHOWN, &conn->flags))
		queue_delayed_work(cit_close_wq, &conn->show_work,
				   CIT_SHOW_TIMEOUT);

	/*
	 * The peer may have sent a logout behind its login, and io_work may have dealt
	 * with both before this function ends.  end_work waits for this section, so that
	 * the connection is there until its end.
	 */
	rcu_read_lock();
	/* cit_conn_close() may have been called when close_work must not run yet. */
	if (atomic_cmpxchg(&conn->state, CIT_CONN_NEW, CIT_CONN_LIVE) ==
	    CIT_CONN_UNWANTED) {
		atomic_set(&conn->state, CIT_CONN_CLOSING);
		queue_work(cit_close_wq, &conn->close_work);
	}
	/* The first requests may be here already. */
	cit_conn_kick(conn);
	rcu_read_unlock();
	return 0;
}
