// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event loop, and the configuration of the kernel: settings and portals are read at
 * the start, and again whenever the kernel says that they have changed.  main.c
 * runs the loop.  listen.c and conn.c register their descriptors with it.
 *
 * There is one thread, and there are no locks.  Requests to the kernel are synchronous:
 * each is a short question about configuration in memory.  The set of listeners changes
 * only between two rounds of events, so that no event of a round is for a freed object.
 */
#include "server.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "listen.h"
#include "log.h"
#include "netif.h"
#include "notify.h"

#define SERVER_RETRY_MS		2000
#define SERVER_EVENTS		64
/* This bounds the memory for connections, 16 KiB each, see conn.c. */
#define SERVER_CONNS_MAX	4096
/* Descriptors that are not connections: listeners, netlink, epoll, stderr. */
#define SERVER_FDS_RESERVED	128
#define SERVER_LOGIN_TIMEOUT	15
/* Enough for a round trip around the world and one lost segment. */
#define SERVER_GRACE_MS		1000

static uint64_t server_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int server_ctl(struct server *srv, int op, int fd, uint32_t events,
		      struct watch *watch)
{
	struct epoll_event ev = { .events = events, .data.ptr = watch };

	return epoll_ctl(srv->epoll_fd, op, fd, &ev) < 0 ? -errno : 0;
}

int server_watch(struct server *srv, int fd, uint32_t events, struct watch *watch)
{
	return server_ctl(srv, EPOLL_CTL_ADD, fd, events, watch);
}

int server_rewatch(struct server *srv, int fd, uint32_t events, struct watch *watch)
{
	return server_ctl(srv, EPOLL_CTL_MOD, fd, events, watch);
}

void server_unwatch(struct server *srv, int fd)
{
	server_ctl(srv, EPOLL_CTL_DEL, fd, 0, NULL);
}

/* Something has failed that may work later: has the retry timer fire. */
void server_retry(struct server *srv)
{
	if (!srv->retry_at)
		srv->retry_at = srv->now + SERVER_RETRY_MS;
}

static void server_disconnect(struct server *srv)
{
	if (!srv->connected)
		return;
	log_notice("kernel module is gone");
	srv->connected = false;
	srv->kernel->ops->close(srv->kernel);
	listen_close_all(srv);
	notify_send("STATUS=Waiting for the kernel module");
}

static int server_connect(struct server *srv)
{
	int err;

	if (srv->connected)
		return 0;
	err = srv->kernel->ops->open(srv->kernel);
	if (err)
		return err;
	log_notice("connected to the kernel module");
	srv->connected = true;
	return 0;
}

static int server_read_config(struct server *srv)
{
	struct kernel_settings settings = { 0 };
	int err;

	err = srv->kernel->ops->get_settings(srv->kernel, &settings);
	if (err)
		return err;
	if (!settings.login_timeout)
		settings.login_timeout = SERVER_LOGIN_TIMEOUT;
	srv->settings = settings;
	return listen_sync(srv);
}

/* Connects to the kernel if need be, and reads its configuration. */
static void server_sync(struct server *srv)
{
	unsigned int listening = srv->listening;
	int err;

	err = server_connect(srv);
	if (!err)
		err = server_read_config(srv);
	if (err) {
		if (err == -ENOENT)
			server_disconnect(srv);
		else
			log_warn("cannot read the configuration: %s", strerror(-err));
		server_retry(srv);
	} else if (srv->listening != listening) {
		notify_send("STATUS=Listening on %u portals", srv->listening);
	}
}

static void server_kernel_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	list_entry(watch, struct server, kernel_watch)->kernel_ready = true;
}

static void server_kernel_events(struct server *srv)
{
	int flags;

	if (!srv->kernel_ready)
		return;
	srv->kernel_ready = false;
	flags = srv->kernel->ops->read_events(srv->kernel);
	if (flags & KERNEL_GONE)
		server_disconnect(srv);
	if (flags)
		server_sync(srv);
}

static void server_netif_ready(struct watch *watch, uint32_t events)
{
	struct server *srv = list_entry(watch, struct server, netif_watch);

	(void)events;
	netif_drain(srv->netif_fd);
	srv->netif_changed = true;
}

static void server_netif_events(struct server *srv)
{
	if (!srv->netif_changed)
		return;
	srv->netif_changed = false;
	if (srv->connected)
		listen_check(srv);
}

/* If this fails, the retry timer tries portals again that wait for an address. */
static void server_netif_open(struct server *srv)
{
	int err;

	srv->netif_watch.ready = server_netif_ready;
	srv->netif_fd = netif_open();
	err = srv->netif_fd < 0 ? srv->netif_fd :
		server_watch(srv, srv->netif_fd, EPOLLIN, &srv->netif_watch);
	if (!err)
		return;
	log_warn("cannot watch the addresses of this host: %s", strerror(-err));
	if (srv->netif_fd >= 0)
		close(srv->netif_fd);
	srv->netif_fd = -1;
}

static void server_stop_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	list_entry(watch, struct server, stop_watch)->stopping = true;
}

/* Ends server_run().  May be called from a signal handler or another thread. */
void server_stop(struct server *srv)
{
	const uint64_t one = 1;

	if (write(srv->stop_fd, &one, sizeof(one)) < 0)
		return;
}

static unsigned int server_conn_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return SERVER_FDS_RESERVED;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) < 0)
			return SERVER_FDS_RESERVED;
	}
	if (limit.rlim_cur >= SERVER_CONNS_MAX + SERVER_FDS_RESERVED)
		return SERVER_CONNS_MAX;
	if (limit.rlim_cur <= 2 * SERVER_FDS_RESERVED)
		return SERVER_FDS_RESERVED;
	return (unsigned int)limit.rlim_cur - SERVER_FDS_RESERVED;
}

int server_init(struct server *srv, struct kernel *kernel)
{
	int err = -EMFILE;
	size_t i;

	memset(srv, 0, sizeof(*srv));
	srv->kernel = kernel;
	srv->kernel_watch.ready = server_kernel_ready;
	srv->stop_watch.ready = server_stop_ready;
	srv->max_conns = server_conn_limit();
	srv->grace_ms = SERVER_GRACE_MS;
	srv->now = server_clock();
	srv->settings.login_timeout = SERVER_LOGIN_TIMEOUT;
	list_init(&srv->listeners);
	list_init(&srv->dead);
	for (i = 0; i < DEADLINE_COUNT; i++)
		list_init(&srv->queue[i]);
	scope_init(&srv->all);
	source_table_init(&srv->sources);

	srv->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	srv->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (srv->epoll_fd >= 0 && srv->stop_fd >= 0)
		err = server_watch(srv, srv->stop_fd, EPOLLIN, &srv->stop_watch);
	if (!err)
		err = server_watch(srv, kernel->ops->event_fd(kernel), EPOLLIN,
				   &srv->kernel_watch);
	if (err) {
		close(srv->stop_fd);
		close(srv->epoll_fd);
		return err;
	}
	server_netif_open(srv);
	server_sync(srv);
	if (!srv->connected) {
		log_notice("waiting for the kernel module");
		notify_send("STATUS=Waiting for the kernel module");
	}
	return 0;
}

static int server_timeout(const struct server *srv, uint64_t watchdog_at)
{
	uint64_t at = conn_next_deadline(srv);

	if (srv->retry_at && srv->retry_at < at)
		at = srv->retry_at;
	if (watchdog_at && watchdog_at < at)
		at = watchdog_at;
	if (at == UINT64_MAX)
		return -1;
	if (at <= srv->now)
		return 0;
	return at - srv->now > 60000 ? 60000 : (int)(at - srv->now);
}

static void server_timers(struct server *srv)
{
	conn_expire(srv);
	if (!srv->retry_at || srv->now < srv->retry_at)
		return;
	srv->retry_at = 0;
	if (srv->connected)
		listen_retry(srv);
	server_sync(srv);
}

void server_run(struct server *srv)
{
	uint64_t watchdog_ms = notify_watchdog_ms() / 2, watchdog_at = 0;
	struct epoll_event events[SERVER_EVENTS];
	int i, n;

	while (!srv->stopping) {
		if (watchdog_ms && srv->now >= watchdog_at) {
			notify_send("WATCHDOG=1");
			watchdog_at = srv->now + watchdog_ms;
		}
		n = epoll_wait(srv->epoll_fd, events, SERVER_EVENTS,
			       server_timeout(srv, watchdog_at));
		srv->now = server_clock();
		for (i = 0; i < n; i++) {
			struct watch *watch = events[i].data.ptr;

			watch->ready(watch, events[i].events);
		}
		server_kernel_events(srv);
		server_netif_events(srv);
		server_timers(srv);
		conn_reap(srv);
	}
}

void server_free(struct server *srv)
{
	listen_close_all(srv);
	conn_reap(srv);
	if (srv->connected)
		srv->kernel->ops->close(srv->kernel);
	if (srv->netif_fd >= 0)
		close(srv->netif_fd);
	close(srv->stop_fd);
	close(srv->epoll_fd);
}
