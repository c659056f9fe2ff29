// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection from accept(2) to the hand-over to the kernel, or to the end of
 * its discovery session.  listen.c brings new connections.  This file gives PDUs to
 * login.c and discovery.c, which decide what happens, and carries out what they decide.
 *
 * Memory: struct conn, an output buffer once the first header has come, and the
 * text that login.c holds, 16 KiB at most together.  This file never reads beyond the
 * current PDU: what an initiator sends behind its last login request stays in the socket,
 * for the kernel.
 */
#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"

#define CONN_OUT_SIZE	(PDU_BHS_LEN + LOGIN_TEXT_OUT_MAX)
/* Steps of one connection before other connections have their turn. */
#define CONN_BATCH	16
#define CONN_IDLE_MS	60000
#define CONN_CLOSE_MS	2000
#define CONN_DRAIN_MAX	65536

_Static_assert(LOGIN_TEXT_OUT_MAX % 4 == 0, "padding must fit the output buffer");

enum conn_state {
	CONN_LOGIN,
	CONN_DISCOVERY,
	CONN_CLOSING,	/* the last response is sent, the peer has time to read it */
};

enum conn_link {
	LINK_ALL,
	LINK_PORTAL,
	LINK_SOURCE,
	LINK_COUNT,
};

/**
 * struct conn - a connection
 *
 * @watch: for the event loop
 * @srv: the daemon
 * @queue: in srv->queue[] by @state, or in srv->dead
 * @since: when the deadline of its queue began to run
 * @link: its places in the scopes
 * @source: the source that @link[LINK_SOURCE] belongs to
 * @fd: the socket, -1 once closed
 * @state: which protocol handles PDUs
 * @close_after: the pending output is the last
 * @writing: waiting for the socket to take more
 * @in_data: @data is being read, else @bhs
 * @bhs: header being read
 * @data: data segment being read, in a buffer of login.c or discovery.c
 * @data_len: length of @data, with padding
 * @got: how many bytes of @bhs or @data have been read
 * @drained: bytes thrown away while closing
 * @out: the PDU being sent
 * @sent: how many bytes of it have been sent, padding included
 * @link_local: @local is a link-local address; the peer knows it with another zone
 * @local, @remote: addresses of the two ends
 * @login, @discovery: protocol state
 */
struct conn {
	struct watch watch;
	struct server *srv;
	struct list queue;
	uint64_t since;
	struct scope_link link[LINK_COUNT];
	struct source *source;
	int fd;
	enum conn_state state;
	bool close_after;
	bool writing;
	bool in_data;
	uint8_t bhs[PDU_BHS_LEN];
	uint8_t *data;
	size_t data_len;
	size_t got;
	size_t drained;
	struct pdu_out out;
	size_t sent;
	bool link_local;
	char local[ADDR_TEXT_SIZE];
	char remote[ADDR_TEXT_SIZE];
	struct login login;
	struct discovery discovery;
};

_Static_assert(sizeof(struct conn) + CONN_OUT_SIZE + TEXT_IN_MAX <= 16384,
	       "memory of an unauthenticated connection");

static int conn_find_target(void *ctx, const char *target, const char *initiator,
			    struct target_info *info)
{
	struct conn *c = ctx;
	struct kernel *k = c->srv->kernel;

	return k->ops->find_target(k, target, initiator, c->local, info);
}

static const struct login_ops conn_login_ops = {
	.find_target = conn_find_target,
};

static int conn_list_targets(void *ctx, const char *initiator, const char *target,
			     discovery_target_fn fn, void *arg)
{
	struct conn *c = ctx;
	struct kernel *k = c->srv->kernel;

	return k->ops->list_targets(k, initiator, c->local, target, fn, arg);
}

static const struct discovery_ops conn_discovery_ops = {
	.list_targets = conn_list_targets,
};

static void conn_deadline(struct conn *c, enum deadline deadline)
{
	c->since = c->srv->now;
	list_move_tail(&c->srv->queue[deadline], &c->queue);
}

/* Closes the socket now.  conn_reap() frees the memory when no event refers to it. */
static void conn_close(struct conn *c)
{
	size_t i;

	server_unwatch(c->srv, c->fd);
	close(c->fd);
	c->fd = -1;
	for (i = 0; i < LINK_COUNT; i++)
		scope_leave(&c->link[i]);
	source_put(&c->srv->sources, c->source);
	login_free(&c->login);
	discovery_free(&c->discovery);
	list_move_tail(&c->srv->dead, &c->queue);
}

void conn_reap(struct server *srv)
{
	while (!list_empty(&srv->dead)) {
		struct conn *c = list_entry(srv->dead.next, struct conn, queue);

		list_del(&c->queue);
		free(c->out.buf);
		free(c);
	}
}

static const char *conn_initiator(const struct conn *c)
{
	return c->login.initiator[0] ? c->login.initiator : "(unnamed)";
}

/* Logs one line for each login that fails: which initiator, which target, and why. */
static void conn_log_refused(const struct conn *c, const char *why)
{
	log_peer(LOG_NOTICE, "%s: login of %s to %s refused: %s", c->remote,
		 conn_initiator(c),
		 c->login.asked[0] ? c->login.asked : "(no target)", why);
}

static struct conn *conn_victim(const struct server *srv, const struct scope *scope)
{
	return scope_victim(scope, srv->now > srv->grace_ms ? srv->now - srv->grace_ms : 0);
}

/* Drops the connection that @scope can best do without.  False if @scope is empty. */
bool conn_drop_one(struct server *srv, struct scope *scope)
{
	struct conn *c = conn_victim(srv, scope);

	if (c)
		conn_close(c);
	return c;
}

/*
 * Makes room for one more connection in @scope, which may have @limit of them.  The scope
 * of a source may have been freed afterwards: it is freed with its last connection.
 */
static void conn_make_room(struct server *srv, struct scope *scope, unsigned int limit,
			   const char *whose)
{
	unsigned int excess = limit && scope->count >= limit ? scope->count - limit + 1 : 0;
	struct conn *c;

	while (excess--) {
		c = conn_victim(srv, scope);
		log_peer(LOG_NOTICE, "%s: connection of %s dropped for a new one: there are %u %s",
			 c->remote, conn_initiator(c), scope->count, whose);
		conn_close(c);
	}
}

static void conn_interest(struct conn *c, bool writing)
{
	if (c->writing == writing)
		return;
	c->writing = writing;
	server_rewatch(c->srv, c->fd, writing ? EPOLLOUT : EPOLLIN, &c->watch);
}

static size_t iov_skip(struct iovec *iov, size_t len, size_t *skip)
{
	size_t n = *skip < len ? *skip : len;

	iov->iov_base = (char *)iov->iov_base + n;
	iov->iov_len = len - n;
	*skip -= n;
	return iov->iov_len;
}

/* Sends what is pending.  1 when all of it has been sent, 0 to wait, -1 on failure. */
static int conn_send(struct conn *c)
{
	static const uint8_t zero[4];
	size_t skip = c->sent, left;
	struct iovec iov[3] = {
		{ .iov_base = c->out.buf },
		{ .iov_base = (void *)(uintptr_t)c->out.tail },
		{ .iov_base = (void *)(uintptr_t)zero },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	ssize_t n;

	left = iov_skip(&iov[0], c->out.len, &skip);
	left += iov_skip(&iov[1], c->out.tail_len, &skip);
	left += iov_skip(&iov[2], pdu_pad(c->out.tail_len), &skip);
	while (left) {
		n = sendmsg(c->fd, &msg, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->sent += (size_t)n;
		if ((size_t)n < left)
			return 0;
		left = 0;
	}
	c->out.len = 0;
	c->sent = 0;
	if (c->state == CONN_DISCOVERY)
		discovery_sent(&c->discovery);
	return 1;
}

/*
 * Reads until c->got is @len.  1 when complete, 0 to wait, -1 at the end or on failure.
 */
static int conn_fill(struct conn *c, uint8_t *buf, size_t len)
{
	ssize_t n;

	while (c->got < len) {
		n = recv(c->fd, buf + c->got, len - c->got, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		if (n == 0)
			return -1;
		c->got += (size_t)n;
	}
	c->got = 0;
	return 1;
}

/* The last response has been sent: let the peer read it before the socket is closed. */
static void conn_shutdown(struct conn *c)
{
	c->close_after = false;
	c->state = CONN_CLOSING;
	shutdown(c->fd, SHUT_WR);
	conn_deadline(c, DEADLINE_CLOSE);
}

/*
 * Throws a bounded amount of input away.  Closing a socket with unread input makes TCP
 * send a reset, which may destroy the response on its way.
 */
static int conn_drain(struct conn *c)
{
	uint8_t buf[4096];
	ssize_t n;

	do {
		n = recv(c->fd, buf, sizeof(buf), 0);
		if (n > 0)
			c->drained += (size_t)n;
	} while (n > 0 && c->drained < CONN_DRAIN_MAX);
	return n < 0 && errno == EAGAIN ? 0 : -1;
}

static void conn_start_discovery(struct conn *c)
{
	const struct discovery_start start = {
		.initiator = c->login.initiator,
		.local = c->link_local ? NULL : c->local,
		.cid = c->login.req.cid,
		.statsn = c->login.statsn + 1,
		.cmdsn = c->login.req.cmdsn,
		.peer_dsl = negotiation_xmit_dsl(&c->login.keys),
	};

	log_peer(LOG_INFO, "%s: %s starts discovery", c->remote, c->login.initiator);
	discovery_init(&c->discovery, &conn_discovery_ops, c, &start);
	c->state = CONN_DISCOVERY;
}

/*
 * Gives the connection to the kernel.  True when the daemon is done with it: the kernel
 * has taken it, or nobody is left to be answered.
 */
static bool conn_handover(struct conn *c)
{
	const struct login *l = &c->login;
	const struct kernel_conn kc = {
		.fd = c->fd,
		.target = l->target.name,
		.initiator = l->initiator,
		.local = c->local,
		.remote = c->remote,
		.isid = l->req.isid,
		.tsih = l->req.tsih,
		.cid = l->req.cid,
		.cmdsn = l->req.cmdsn,
		.statsn = l->statsn,
		.login_rsp = c->out.buf,
		.login_rsp_len = c->out.len,
		.value = l->keys.value,
		.xmit_dsl = negotiation_xmit_dsl(&l->keys),
	};
	struct kernel *k = c->srv->kernel;
	int err;

	/*
	 * Take the socket out of the event loop first.  The kernel's reference keeps the
	 * socket alive beyond close(2), and would keep it registered with epoll.
	 */
	server_unwatch(c->srv, c->fd);
	err = k->ops->new_conn(k, &kc);
	if (!err) {
		log_peer(LOG_INFO, "%s: %s logged in to %s", c->remote, l->initiator,
			 l->target.name);
		return true;
	}
	if (err == -ENOTCONN) {
		conn_log_refused(c, "the initiator has gone");
		return true;
	}
	if (server_watch(c->srv, c->fd, EPOLLIN, &c->watch) < 0) {
		conn_log_refused(c, "out of memory");
		return true;
	}
	login_refuse_handover(&c->login, err, &c->out);
	return false;
}

static void conn_log_end(const struct conn *c)
{
	const char *why = c->state == CONN_LOGIN ? c->login.why : c->discovery.why;

	if (!why)
		return;
	if (c->state == CONN_LOGIN)
		conn_log_refused(c, why);
	else
		log_peer(LOG_NOTICE, "%s: discovery by %s ended: %s", c->remote,
			 c->login.initiator, why);
}

static void conn_progress(struct conn *c)
{
	size_t i;

	for (i = 0; i < LINK_COUNT; i++)
		scope_progress(&c->link[i], c->srv->now);
	if (c->state == CONN_DISCOVERY)
		conn_deadline(c, DEADLINE_IDLE);
}

/* Carries out what the protocol has decided.  False: close the connection. */
static bool conn_act(struct conn *c, enum pdu_verdict verdict)
{
	switch (verdict) {
	case PDU_DISCOVERY:
		conn_start_discovery(c);
		conn_progress(c);
		return true;
	case PDU_REPLY:
	case PDU_SILENT:
		conn_progress(c);
		return true;
	case PDU_HANDOVER:
		if (conn_handover(c))
			return false;
		conn_log_end(c);
		c->close_after = true;
		return true;
	case PDU_REPLY_CLOSE:
		conn_log_end(c);
		c->close_after = true;
		return true;
	case PDU_DROP:
	case PDU_READ:
		break;
	}
	conn_log_end(c);
	return false;
}

static bool conn_out_alloc(struct conn *c)
{
	if (c->out.buf)
		return true;
	c->out.buf = malloc(CONN_OUT_SIZE);
	c->out.size = CONN_OUT_SIZE;
	return c->out.buf;
}

static enum pdu_verdict conn_header(struct conn *c)
{
	if (c->state == CONN_DISCOVERY)
		return discovery_header(&c->discovery, c->bhs, &c->data, &c->data_len,
					&c->out);
	return login_header(&c->login, c->bhs, &c->data, &c->data_len, &c->out);
}

static enum pdu_verdict conn_payload(struct conn *c)
{
	if (c->state == CONN_DISCOVERY)
		return discovery_payload(&c->discovery, &c->out);
	return login_payload(&c->login, &c->out);
}

/*
 * Reads one step: a header or a data segment.  Returns what conn_fill() does.  Whatever
 * needs no more input is handled before this returns, because the event loop only reports
 * bytes that wait in the socket.
 */
static int conn_receive(struct conn *c)
{
	enum pdu_verdict verdict;
	int ret;

	if (!c->in_data) {
		ret = conn_fill(c, c->bhs, sizeof(c->bhs));
		if (ret <= 0)
			return ret;
		if (!conn_out_alloc(c))
			return -1;
		verdict = conn_header(c);
		if (verdict != PDU_READ)
			return conn_act(c, verdict) ? 1 : -1;
		c->in_data = true;
	}
	ret = conn_fill(c, c->data, c->data_len);
	if (ret <= 0)
		return ret;
	c->in_data = false;
	return conn_act(c, conn_payload(c)) ? 1 : -1;
}

static int conn_step(struct conn *c)
{
	int ret;

	if (c->state == CONN_CLOSING)
		return conn_drain(c);
	if (c->out.len) {
		ret = conn_send(c);
		conn_interest(c, ret == 0);
		if (ret > 0 && c->close_after)
			conn_shutdown(c);
		return ret;
	}
	return conn_receive(c);
}

static void conn_run(struct conn *c)
{
	int i, ret = 1;

	/* The event loop is level-triggered: it reports input or output that is left. */
	for (i = 0; i < CONN_BATCH && ret > 0; i++)
		ret = conn_step(c);
	if (ret < 0)
		conn_close(c);
	else if (c->out.len)
		conn_interest(c, true);
}

static void conn_ready(struct watch *watch, uint32_t events)
{
	struct conn *c = list_entry(watch, struct conn, watch);

	(void)events;
	/* In this round the connection may have been dropped for another one. */
	if (c->fd >= 0)
		conn_run(c);
}

static void conn_keepalive(int fd)
{
	static const struct {
		int level;
		int option;
		int value;
	} options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 10 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 6 },
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
	};
	size_t i;

	/* A failure means that the peer has gone, and reading will find that out. */
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, options[i].level, options[i].option, &options[i].value,
			   sizeof(options[i].value));
}

static bool conn_set_addresses(struct conn *c, const struct sockaddr_storage *peer)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);

	if (getsockname(c->fd, (struct sockaddr *)&local, &len) < 0)
		return false;
	addr_format(&local, c->local);
	c->link_local = addr_is_link_local(&local);
	addr_format(peer, c->remote);
	return true;
}

static uint16_t conn_discovery_tsih(struct server *srv)
{
	if (!++srv->next_tsih)
		srv->next_tsih = 1;
	return srv->next_tsih;
}

/* Begins a new connection on @portal.  @fd belongs to the connection, or is closed. */
void conn_open(struct server *srv, struct scope *portal, int fd,
	       const struct sockaddr_storage *peer)
{
	char remote[ADDR_TEXT_SIZE];
	struct addr_source key;
	struct source *source;
	struct conn *c;

	addr_source(peer, &key);
	source = source_find(&srv->sources, &key);
	if (source)
		conn_make_room(srv, &source->scope, srv->settings.max_per_source,
			       "from its address");
	conn_make_room(srv, portal, srv->settings.max_per_portal, "at its portal");
	conn_make_room(srv, &srv->all, srv->max_conns, "in all");

	source = source_get(&srv->sources, &key);
	c = calloc(1, sizeof(*c));
	if (!c || !source)
		goto fail;
	c->watch.ready = conn_ready;
	c->srv = srv;
	c->fd = fd;
	c->source = source;
	if (!conn_set_addresses(c, peer))
		goto fail;
	conn_keepalive(fd);
	if (server_watch(srv, fd, EPOLLIN, &c->watch) < 0)
		goto fail;
	login_init(&c->login, &conn_login_ops, c, conn_discovery_tsih(srv));
	list_init(&c->queue);
	conn_deadline(c, DEADLINE_LOGIN);
	scope_join(&srv->all, &c->link[LINK_ALL], c, source, srv->now);
	scope_join(portal, &c->link[LINK_PORTAL], c, source, srv->now);
	scope_join(&source->scope, &c->link[LINK_SOURCE], c, source, srv->now);
	/* The first request has often arrived already. */
	conn_run(c);
	return;

fail:
	addr_format(peer, remote);
	log_peer(LOG_ERROR, "%s: cannot serve a connection: %s", remote, strerror(errno));
	if (source)
		source_put(&srv->sources, source);
	free(c);
	close(fd);
}

static uint64_t conn_time_to_live(const struct server *srv, enum deadline deadline)
{
	switch (deadline) {
	case DEADLINE_LOGIN:
		return (uint64_t)srv->settings.login_timeout * 1000;
	case DEADLINE_IDLE:
		return CONN_IDLE_MS;
	default:
		return CONN_CLOSE_MS;
	}
}

/* When the first connection of a queue must be closed; UINT64_MAX for never. */
static uint64_t conn_queue_deadline(const struct server *srv, enum deadline deadline)
{
	const struct list *queue = &srv->queue[deadline];

	if (list_empty(queue))
		return UINT64_MAX;
	return list_entry(queue->next, struct conn, queue)->since +
		conn_time_to_live(srv, deadline);
}

uint64_t conn_next_deadline(const struct server *srv)
{
	uint64_t at, first = UINT64_MAX;
	size_t i;

	for (i = 0; i < DEADLINE_COUNT; i++) {
		at = conn_queue_deadline(srv, (enum deadline)i);
		if (at < first)
			first = at;
	}
	return first;
}

/* Closes connections whose deadline has passed. */
void conn_expire(struct server *srv)
{
	size_t i;

	for (i = 0; i < DEADLINE_COUNT; i++) {
		while (conn_queue_deadline(srv, (enum deadline)i) <= srv->now) {
			struct conn *c = list_entry(srv->queue[i].next, struct conn, queue);

			if (i == DEADLINE_LOGIN)
				conn_log_refused(c, "not complete in login_timeout");
			conn_close(c);
		}
	}
}
