/* SPDX-License-Identifier: GPL-2.0-only */
/* The event loop and what all connections share. */
#ifndef ISCSID_SERVER_H
#define ISCSID_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"
#include "limits.h"
#include "list.h"

/* Something with a descriptor in the event loop. */
struct watch {
	void (*ready)(struct watch *watch, uint32_t events);
};

/*
 * Connections wait for a deadline on one of these queues.  All on one queue have
 * the same time to live, so that each is in order by itself.
 */
enum deadline {
	DEADLINE_LOGIN,		/* the whole login phase */
	DEADLINE_IDLE,		/* discovery: since the last request */
	DEADLINE_CLOSE,		/* for the peer to take the last response */
	DEADLINE_COUNT,
};

/**
 * struct server - the daemon
 *
 * @kernel: the other side
 * @kernel_watch: its events
 * @stop_watch: server_stop()
 * @netif_watch: addresses and interfaces
 * @settings: as the kernel gave them last
 * @connected: the kernel module is there
 * @kernel_ready: it has something to say, which is read between two rounds
 * @netif_changed: addresses have come or gone; looked at between two rounds
 * @unheard: the kernel listens to another daemon, which is in the log
 * @listeners: see listen.c
 * @all: every connection
 * @sources: every connection by peer
 * @queue: every connection by deadline
 * @dead: connections to be freed after the current round of events
 * @max_conns: what the limit on descriptors allows
 * @grace_ms: how long a connection may rest before it is the first to go at a limit
 * @now: monotonic milliseconds at the start of the current round
 * @retry_at: when to try again what failed, 0 for nothing
 * @listening: how many portals are open
 * @next_tsih: for discovery sessions
 * @stopping: leave the loop
 */
struct server {
	struct kernel *kernel;
	struct watch kernel_watch;
	struct watch stop_watch;
	struct watch netif_watch;
	struct kernel_settings settings;
	bool connected;
	bool kernel_ready;
	bool netif_changed;
	bool unheard;
	struct list listeners;
	struct scope all;
	struct source_table sources;
	struct list queue[DEADLINE_COUNT];
	struct list dead;
	unsigned int max_conns;
	unsigned int grace_ms;
	uint64_t now;
	uint64_t retry_at;
	unsigned int listening;
	uint16_t next_tsih;
	bool stopping;
	int epoll_fd;
	int stop_fd;
	int netif_fd;
};

int server_init(struct server *srv, struct kernel *kernel);
void server_run(struct server *srv);
void server_stop(struct server *srv);
void server_free(struct server *srv);

int server_watch(struct server *srv, int fd, uint32_t events, struct watch *watch);
int server_rewatch(struct server *srv, int fd, uint32_t events, struct watch *watch);
void server_unwatch(struct server *srv, int fd);
void server_retry(struct server *srv);

#endif /* ISCSID_SERVER_H */
