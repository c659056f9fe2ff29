// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection: its work, its socket's callbacks, its end.
 *
 * io_work receives, lets core execute, and sends, in one go and one context.  It
 * is queued by cit_conn_kick(): from the socket's callbacks (softirq), from core
 * when a command ends elsewhere, from timers.  Everything in struct cit_conn
 * that is not marked otherwise belongs to it and needs no lock.  The bit OWNED says
 * that io_work is queued or running, so a kick while it runs costs two bit
 * operations and no wake-up; WANT tells it to go round again.
 *
 * A run has a budget of bytes, received, read and sent: then it queues itself
 * behind the other connections of its CPU.  It runs where TCP processes the
 * connection's packets, whichever CPU that is by now, unless another io_work is queued
 * or running there and fewer are on the CPU that this connection has in reserve: so
 * connections whose packets all come in on one CPU share the others.
 *
 * The end, after cit_conn_close() from any context; close_work does 1 to 4:
 *  1. the socket's callbacks are taken away under sk_callback_lock: TCP does not
 *     know us any more; the peer is told by a FIN;
 *  2. its state is DEAD, and io_work is flushed: whatever runs of it from here on submits
 *     nothing and sends nothing, it only gives back what comes back;
 *  3. the timers are stopped;
 *  4. core aborts every command, and the state is DRAINING; io_work fails those that wait
 *     for data, releases those that were to be answered, and queues end_work when
 *     the last command and the last task management function have come back.  That
 *     may be hours later, in a backing that hangs: nobody sleeps meanwhile, or one
 *     such backing would take all workers, and no other session could end;
 *  5. who pushed the last event may still be about to kick us, as close_work itself:
 *     each does that in one RCU read section, and end_work comes a grace period
 *     later; then io_work is cancelled for good and nothing refers to the connection;
 *  6. the session and the socket go.
 */
#include <linux/sched/mm.h>
#include <linux/sched/isolation.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "cit.h"

/* After so many rounds, or bytes, others on this CPU get their turn. */
#define CIT_IO_ROUNDS	32
#define CIT_IO_BUDGET	(2 << 20)
#define CIT_DRAIN_NOTICE	(30 * HZ)
/* Who has been answered finds his session in the tree, but for one that holds it up. */
#define CIT_SHOW_TIMEOUT	HZ

/* Connections whose io_work is queued or running there. */
static DEFINE_PER_CPU(atomic_t, cit_io_load);

static int cit_io_load_of(int cpu)
{
	return atomic_read(per_cpu_ptr(&cit_io_load, cpu));
}

static bool cit_cpu_usable(int cpu)
{
	bool usable;

	/* The mask may be replaced at any time, since 7.0. */
	rcu_read_lock();
	usable = cpu_online(cpu) && housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN);
	rcu_read_unlock();
	return usable;
}

/* Another CPU near this one, a different one for each connection; or this. */
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

/* Somebody else runs, or will run, where the packets of this connection come in. */
static noinline int cit_io_cpu_busy(struct cit_conn *conn, int cpu)
{
	int spare = conn->spare_cpu;

	if (spare < 0 || spare == cpu || !cit_cpu_usable(spare)) {
		spare = cit_cpu_near(cpu);
		conn->spare_cpu = spare;
	}
	return cit_io_load_of(spare) < cit_io_load_of(cpu) ? spare : cpu;
}

/* Where io_work is to run.  Context: whoever has set OWNED. */
static int cit_io_cpu(struct cit_conn *conn)
{
	int cpu = READ_ONCE(conn->sock->sk->sk_incoming_cpu);

	if (unlikely(cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu)))
		cpu = raw_smp_processor_id();
	return cit_io_load_of(cpu) ? cit_io_cpu_busy(conn, cpu) : cpu;
}

/* io_work is neither queued nor running any more, or about to end. */
static void cit_io_done(struct cit_conn *conn)
{
	atomic_dec(per_cpu_ptr(&cit_io_load, conn->cpu));
}

void cit_conn_kick(struct cit_conn *conn)
{
	int cpu;

	set_bit(CIT_CONN_WANT, &conn->flags);
	/* io_work clears OWNED, then tests WANT.  The next is no barrier when it fails. */
	smp_mb__after_atomic();
	if (test_and_set_bit(CIT_CONN_OWNED, &conn->flags))
		return;
	cpu = cit_io_cpu(conn);
	WRITE_ONCE(conn->cpu, cpu);
	atomic_inc(per_cpu_ptr(&cit_io_load, cpu));
	/* Not so when it kicks itself while it is cancelled. */
	if (!queue_work_on(cpu, cit_io_wq, &conn->io_work))
		cit_io_done(conn);
}

/**
 * cit_conn_event() - tell io_work that something has come back
 * @conn: connection
 * @event: in the object that came back, which is io_work's again
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
 * cit_conn_again() - have io_work look again by itself
 * @conn: connection
 * @delay: jiffies; replaces an earlier one, so who waits longer asks again
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

	/* In order of arrival: a TMF response follows what it has aborted. */
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

/* Receive and send.  Other than 0: the connection must be closed. */
static int cit_conn_io(struct cit_conn *conn)
{
	struct sock *sk = conn->sock->sk;
	bool lost;
	int ret;

	lock_sock(sk);
	/*
	 * Now all that came before the end of the stream is in the receive queue.
	 * An end that release_sock() finds comes with a kick of its own.
	 */
	lost = test_bit(CIT_CONN_LOST, &conn->flags);
	ret = cit_rx(conn);
	/* Not all has been received; there will be another round. */
	if (unlikely(lost) && conn->budget <= 0)
		lost = false;
	if (likely(!ret))
		ret = cit_tx(conn);
	release_sock(sk);
	return unlikely(!ret && lost) ? -ECONNRESET : ret;
}

/* What io_work does for a dead connection. */
static void cit_conn_reap(struct cit_conn *conn)
{
	cit_tx_flush(conn);
	/* A request whose data segment will not be complete any more. */
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
	/* Before TCP may ask to be tried again sooner. */
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
	/* Reclaim must not come back to a target that serves this host's swap. */
	unsigned int noio = memalloc_noio_save();
	unsigned int rounds = CIT_IO_ROUNDS;

	WRITE_ONCE(conn->io_task, current);
	conn->budget = CIT_IO_BUDGET;
	do {
		clear_bit(CIT_CONN_WANT, &conn->flags);
		/* Before we look: what was there when WANT was set is seen now. */
		smp_mb__after_atomic();
		cit_conn_round(conn);
	} while (test_bit(CIT_CONN_WANT, &conn->flags) && --rounds &&
		 conn->budget > 0);
	WRITE_ONCE(conn->io_task, NULL);
	memalloc_noio_restore(noio);

	cit_io_done(conn);
	clear_bit_unlock(CIT_CONN_OWNED, &conn->flags);
	/* A kick sets WANT, then tests OWNED: one of us sees the other. */
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
	/* Called by our own attempt to send: cit_tx() knows better when to try again. */
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
 * The socket is locked: TCP's own changes of state wait until it is not, and meet
 * our callbacks then.  So no end of the stream falls between the look at the state
 * and their being set.
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
 * An initiator on this host may write for want of memory, to swap on a disk of ours.  All
 * that could be reclaimed waits for its session then, which therefore may use the
 * system's reserve: TCP drops what has come in such memory for anybody else.  What it
 * takes is bounded by the socket's buffers, and by what a session may have under way.
 * The socket is locked.
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
	/* Whoever may wait does so in the allocator, for ever, before the reserve is asked. */
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
	/* The end may come as soon as it may: it waits for this section. */
	rcu_read_lock();
	atomic_set(&conn->state, CIT_CONN_DRAINING);
	cit_conn_kick(conn);
	rcu_read_unlock();
}

/* A session that does not end has a reason, which somebody may look for. */
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
 * @conn: of a registered session
 *
 * Context: any; any number of times.
 */
void cit_conn_close(struct cit_conn *conn)
{
	/* cit_conn_start() closes one that it finds unwanted. */
	if (atomic_cmpxchg(&conn->state, CIT_CONN_NEW, CIT_CONN_UNWANTED) ==
	    CIT_CONN_LIVE &&
	    atomic_cmpxchg(&conn->state, CIT_CONN_LIVE, CIT_CONN_CLOSING) ==
	    CIT_CONN_LIVE)
		queue_work(cit_close_wq, &conn->close_work);
}

/**
 * cit_conn_dismiss() - close a connection, and tell the initiator before
 * @conn: of a registered session
 *
 * An Async Message is sent if TCP takes it at once; nobody waits for that.
 *
 * Context: any; any number of times.
 */
void cit_conn_dismiss(struct cit_conn *conn)
{
	/* end_work waits for us before it cancels io_work for good. */
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
 * @conn: of a session that is registered, and may be at its end
 *
 * Context: process.
 */
void cit_conn_shown(struct cit_conn *conn)
{
	/* end_work waits for us before it cancels io_work for good. */
	rcu_read_lock();
	set_bit(CIT_CONN_SHOWN, &conn->flags);
	/* cit_conn_start() lets it live, then kicks. */
	smp_mb__after_atomic();
	if (cit_conn_state(conn) >= CIT_CONN_LIVE && !cit_conn_dead(conn))
		cit_conn_kick(conn);
	rcu_read_unlock();
}

/* Somebody holds the directory: the initiator need not wait for that. */
static void cit_show_work(struct work_struct *work)
{
	cit_conn_shown(container_of(to_delayed_work(work), struct cit_conn,
				    show_work));
}

static int cit_conn_alloc_cmds(struct cit_conn *conn, unsigned int queued)
{
	/* The login is refused and logged; a peer is worth no stack trace. */
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
 * @sock: referenced by the caller; the connection's when this has succeeded
 * @queued: non-immediate commands at once
 *
 * Return: 0 or -ENOMEM; cit_conn_destroy() in either case.
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

/* Free what cit_conn_init() made; the socket stays with the caller. */
void cit_conn_destroy(struct cit_conn *conn)
{
	cit_tx_destroy(&conn->tx);
	kvfree(conn->cmds);
	kvfree(conn->itts);
}

/**
 * cit_conn_start() - let a connection live
 * @conn: initialised; its session is registered, its first PDU is queued.  Once started
 *	it may end at any moment, and be gone when this returns
 *
 * Return: 0; or errno when the peer has gone, and then nothing has happened.
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
	 * A peer may have sent a logout behind its login, and io_work may be through
	 * with both before we are: end_work waits for us.
	 */
	rcu_read_lock();
	/* Somebody may have wanted to close it while it could not be. */
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
