// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listening sockets.  server.c calls listen_sync() whenever the kernel's list of
 * portals may have changed.  New connections go to conn.c.
 *
 * Each portal has a struct listener, open or not.  A listener that cannot be opened now
 * (the port is taken, the interface does not exist) is tried again by the retry timer,
 * and whenever an address or an interface comes or goes.  A portal that is covered by a
 * wildcard of the same port needs no socket of its own, and could not have one.
 *
 * The daemon tells the kernel of each portal whether initiators can reach it, or why not.
 * The kernel shows that in configfs, and tells initiators only portals that they can
 * reach.  A portal whose address is not there yet has its socket (IP_FREEBIND), but
 * cannot be reached.  With each portal the kernel returns what it has been told.  So the
 * daemon tells it only what differs, also when the kernel has forgotten everything.
 */
#include "listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "conn.h"
#include "log.h"

#define LISTEN_BACKLOG		4096
#define LISTEN_ACCEPT_BATCH	64
#define LISTEN_PORTALS_MAX	1024

/**
 * struct listener - a portal to listen on
 *
 * @watch: for the event loop: new connections
 * @srv: the daemon
 * @node: in srv->listeners
 * @scope: connections that were accepted here
 * @portal: address of the portal as the kernel wrote it
 * @addr, @addr_len: the same address, parsed
 * @fd: the socket, -1 while it is not open
 * @wanted: the kernel still lists the portal
 * @excess: the portal is beyond LISTEN_PORTALS_MAX, and never opened
 * @err: why it is not open, an errno
 * @told: what the kernel has been told last, KERNEL_UNTOLD or an errno
 * @paused: accepting has failed, and the socket is not watched until the retry timer
 *	fires
 * @complained: the failure to open it is in the log
 */
struct listener {
	struct watch watch;
	struct server *srv;
	struct list node;
	struct scope scope;
	char portal[ADDR_TEXT_SIZE];
	struct sockaddr_storage addr;
	socklen_t addr_len;
	int fd;
	int err;
	int told;
	bool wanted;
	bool excess;
	bool paused;
	bool complained;
};

static void listener_close(struct listener *l)
{
	if (l->fd < 0)
		return;
	while (conn_drop_one(l->srv, &l->scope))
		;
	server_unwatch(l->srv, l->fd);
	close(l->fd);
	l->fd = -1;
	l->paused = false;
	l->srv->listening--;
	log_notice("no longer listening on %s", l->portal);
}

static void listener_free(struct listener *l)
{
	listener_close(l);
	list_del(&l->node);
	free(l);
}

/*
 * Does a connection wait to be accepted?  accept(2) may report a lack of descriptors even
 * when none does.
 */
static bool listener_has_waiting(const struct listener *l)
{
	struct pollfd pfd = { .fd = l->fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

static void listener_accept_failed(struct listener *l)
{
	const int err = errno;

	switch (err) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
		return;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		/* Drop a connection in favour of the one that waits. */
		if (!listener_has_waiting(l) || conn_drop_one(l->srv, &l->srv->all))
			return;
		break;
	default:
		break;
	}
	log_peer(LOG_ERROR, "cannot accept on %s: %s", l->portal, strerror(err));
	l->paused = true;
	server_rewatch(l->srv, l->fd, 0, &l->watch);
	server_retry(l->srv);
}

static void listener_ready(struct watch *watch, uint32_t events)
{
	struct listener *l = list_entry(watch, struct listener, watch);
	struct sockaddr_storage peer;
	socklen_t len;
	int fd, i;

	(void)events;
	for (i = 0; i < LISTEN_ACCEPT_BATCH; i++) {
		len = sizeof(peer);
		fd = accept4(l->fd, (struct sockaddr *)&peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			listener_accept_failed(l);
			return;
		}
		conn_open(l->srv, &l->scope, fd, &peer);
	}
}

static void socket_option(int fd, int level, int option, int value)
{
	/* The options are not essential: without one of them the socket still listens. */
	if (setsockopt(fd, level, option, &value, sizeof(value)) < 0)
		log_trace("socket option %d/%d: %s", level, option, strerror(errno));
}

static int listener_socket(const struct sockaddr_storage *addr, socklen_t addr_len)
{
	int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	socket_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (addr->ss_family == AF_INET6)
		socket_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !addr_is_any(addr));
	/* The address may come up later than the daemon. */
	socket_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
	/* Accepted sockets inherit this. */
	socket_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (bind(fd, (const struct sockaddr *)addr, addr_len) < 0 ||
	    listen(fd, LISTEN_BACKLOG) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int listener_socket_any_family(const struct listener *l)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons(addr_port(&l->addr)),
	};
	struct sockaddr_storage addr = { 0 };
	int fd = listener_socket(&l->addr, l->addr_len);

	/*
	 * "[::]" means every address.  On a host without IPv6 these are the IPv4
	 * addresses.
	 */
	if (fd == -EAFNOSUPPORT && l->addr.ss_family == AF_INET6 && addr_is_any(&l->addr)) {
		memcpy(&addr, &v4, sizeof(v4));
		fd = listener_socket(&addr, sizeof(v4));
	}
	return fd;
}

static void listener_open(struct listener *l)
{
	int err;

	if (l->excess) {
		l->err = ENFILE;
		return;
	}
	l->fd = addr_find_zone(l->portal, &l->addr) ? listener_socket_any_family(l) : -ENODEV;
	err = l->fd < 0 ? l->fd : server_watch(l->srv, l->fd, EPOLLIN, &l->watch);
	if (!err) {
		l->complained = false;
		l->err = 0;
		l->srv->listening++;
		log_notice("listening on %s", l->portal);
		return;
	}
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->err = -err;
	if (!l->complained)
		log_error("cannot listen on %s, trying again: %s", l->portal, strerror(-err));
	l->complained = true;
	server_retry(l->srv);
}

static struct listener *listener_find(struct server *srv, const char *portal)
{
	struct list *node;

	for (node = srv->listeners.next; node != &srv->listeners; node = node->next) {
		struct listener *l = list_entry(node, struct listener, node);

		if (!strcmp(l->portal, portal))
			return l;
	}
	return NULL;
}

struct listen_request {
	struct server *srv;
	unsigned int count;
};

static int listen_portal(void *arg, const char *portal, int told)
{
	struct listen_request *request = arg;
	struct server *srv = request->srv;
	struct listener *l = listener_find(srv, portal);

	if (l) {
		l->told = told;
		/* A dump that has started again names the same portal twice. */
		request->count += !l->wanted;
		l->excess = !l->wanted ? request->count > LISTEN_PORTALS_MAX : l->excess;
		l->wanted = true;
		return 0;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	if (strlen(portal) >= sizeof(l->portal) ||
	    !addr_parse(portal, &l->addr, &l->addr_len)) {
		log_error("not an address: %s", portal);
		free(l);
		return 0;
	}
	strcpy(l->portal, portal);
	l->watch.ready = listener_ready;
	l->srv = srv;
	l->fd = -1;
	l->told = told;
	l->wanted = true;
	l->excess = ++request->count > LISTEN_PORTALS_MAX;
	if (l->excess)
		log_error("too many portals, not listening on %s", portal);
	scope_init(&l->scope);
	list_add_tail(&srv->listeners, &l->node);
	return 0;
}

/* The listener with a wildcard address that accepts what @l would accept, or NULL. */
static const struct listener *listener_covered(struct server *srv, const struct listener *l)
{
	const struct listener *found = NULL;
	struct list *node;

	for (node = srv->listeners.next; node != &srv->listeners; node = node->next) {
		const struct listener *w = list_entry(node, struct listener, node);

		if (w == l || !addr_is_any(&w->addr) ||
		    addr_port(&w->addr) != addr_port(&l->addr))
			continue;
		if (w->addr.ss_family == AF_INET6 ||
		    (l->addr.ss_family == AF_INET && !addr_is_any(&l->addr)))
			/* [::] covers 0.0.0.0, which then has no socket of its own. */
			found = !found || w->addr.ss_family == AF_INET6 ? w : found;
	}
	return found;
}

/*
 * Does this host have the address of @l?  Returns 0 or -errno.  The listening socket
 * cannot tell, because it has IP_FREEBIND.  So this binds another socket without that
 * option, which takes no TCP port.
 */
static int listener_probe(const struct listener *l)
{
	struct sockaddr_storage addr = l->addr;
	int fd, err = 0;

	if (addr_is_any(&addr))
		return 0;
	if (!addr_find_zone(l->portal, &addr))
		return -ENODEV;
	addr_set_port(&addr, 0);
	fd = socket(addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno == EAFNOSUPPORT ? -errno : 0;
	if (bind(fd, (const struct sockaddr *)&addr, l->addr_len) < 0 &&
	    (errno == EADDRNOTAVAIL || errno == ENODEV))
		err = -errno;
	close(fd);
	return err;
}

/* Returns 0 if initiators can reach @l, else an errno. */
static int listener_state(struct server *srv, const struct listener *l)
{
	const struct listener *by = l->fd < 0 ? listener_covered(srv, l) : l;

	if (!by)
		return l->err ? l->err : EADDRNOTAVAIL;
	return by->fd < 0 ? by->err : -listener_probe(l);
}

static void listen_tell(struct server *srv, struct listener *l, int state)
{
	struct kernel *k = srv->kernel;
	int err;

	if (l->told == state)
		return;
	if (state > 0 && !l->complained && l->fd >= 0)
		log_warn("%s cannot be reached: %s", l->portal, strerror(state));
	err = k->ops->tell_portal(k, l->portal, state);
	if (!err) {
		l->told = state;
		srv->unheard = false;
		return;
	}
	if (err != -EBUSY)
		log_warn("cannot tell the kernel of %s: %s", l->portal, strerror(-err));
	else if (!srv->unheard)
		log_error("another cst-iscsid is running");
	srv->unheard = err == -EBUSY;
	server_retry(srv);
}

/*
 * Is the socket bound to an interface that has gone?  An interface that comes again has
 * another number.
 */
static bool listener_is_stale(const struct listener *l)
{
	struct sockaddr_storage addr = l->addr;

	return !addr_find_zone(l->portal, &addr) || memcmp(&addr, &l->addr, sizeof(addr));
}

/* Opens the listeners that can be opened, and tells the kernel what differs. */
void listen_check(struct server *srv)
{
	struct list *node;

	for (node = srv->listeners.next; node != &srv->listeners; node = node->next) {
		struct listener *l = list_entry(node, struct listener, node);

		if (l->fd >= 0 && (l->excess || listener_is_stale(l)))
			listener_close(l);
		if (l->fd < 0 && !listener_covered(srv, l))
			listener_open(l);
	}
	for (node = srv->listeners.next; node != &srv->listeners; node = node->next) {
		struct listener *l = list_entry(node, struct listener, node);
		int state = listener_state(srv, l);

		listen_tell(srv, l, state);
		if (state && srv->netif_fd < 0)
			server_retry(srv);
	}
}

/* Reads the list of portals, and opens and closes sockets accordingly. */
int listen_sync(struct server *srv)
{
	struct listen_request request = { .srv = srv };
	struct list *node, *next;
	int err;

	for (node = srv->listeners.next; node != &srv->listeners; node = node->next)
		list_entry(node, struct listener, node)->wanted = false;
	err = srv->kernel->ops->get_portals(srv->kernel, listen_portal, &request);
	if (err)
		return err;

	/* Close sockets before opening others: a wildcard needs the port for itself. */
	for (node = srv->listeners.next; node != &srv->listeners; node = next) {
		struct listener *l = list_entry(node, struct listener, node);

		next = node->next;
		if (l->wanted)
			continue;
		listen_tell(srv, l, KERNEL_UNTOLD);
		listener_free(l);
	}
	for (node = srv->listeners.next; node != &srv->listeners; node = node->next)
		if (listener_covered(srv, list_entry(node, struct listener, node)))
			listener_close(list_entry(node, struct listener, node));
	listen_check(srv);
	return 0;
}

/* The retry timer has fired: accept again where accepting has failed. */
void listen_retry(struct server *srv)
{
	struct list *node;

	for (node = srv->listeners.next; node != &srv->listeners; node = node->next) {
		struct listener *l = list_entry(node, struct listener, node);

		if (l->paused)
			l->paused = server_rewatch(srv, l->fd, EPOLLIN, &l->watch) < 0;
	}
}

void listen_close_all(struct server *srv)
{
	while (!list_empty(&srv->listeners))
		listener_free(list_entry(srv->listeners.next, struct listener, node));
}
